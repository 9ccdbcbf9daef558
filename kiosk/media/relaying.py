"""Who helps a call to find its way, as core names them: servers that aiortc can read, and whom to trust."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass, field

from aiortc import RTCIceServer
from aiortc.rtcicetransport import parse_stun_turn_uri

from kiosk.ipc.media_messages import Configure, IceServer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Relaying:
    """Who helps to find a way to the other end, and whether it must lead over a relay."""

    servers: list[RTCIceServer] = field(default_factory=list)
    only: bool = False
    tls: ssl.SSLContext | None = None


def relaying_of(wish: Configure) -> Relaying:
    """As the settings wish it, as far as it can be used."""
    return Relaying(servers=_usable_servers(wish.ice_servers), only=wish.relay_only, tls=_trust(wish.relay_authority))


def _usable_servers(servers: tuple[IceServer, ...]) -> list[RTCIceServer]:
    """The servers whose addresses aiortc can read; others are left out with a line in the log."""
    usable: list[RTCIceServer] = []
    for number, server in enumerate(servers):
        try:
            for url in server.urls:
                parse_stun_turn_uri(url)
        except ValueError:
            _log.warning("ICE server %d has an address that cannot be read; left out", number + 1)
            continue
        usable.append(RTCIceServer(urls=list(server.urls), username=server.username, credential=server.credential))
    return usable


def _trust(authority: str | None) -> ssl.SSLContext | None:
    """Whom a relay's certificate must come from; None: whom the system trusts, also where the file cannot be read."""
    if authority is None:
        return None
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        _log.warning("the relays' authority cannot be read: %s", type(error).__name__)
        return None
