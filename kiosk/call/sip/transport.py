"""SIP over secure WebSocket (RFC 7118): the only file of the SIP layers that touches a socket. Knows no SIP.

wss: is verified against the system's authorities or the given one; plain ws: is refused except to loopback addresses.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from kiosk.call.sip.messages import MAXIMUM_MESSAGE
from kiosk.facts.loopback import is_loopback

CONNECT_LIMIT_S = 5.0
PING_S = 20.0
"""WebSocket pings (RFC 7118 6): below what mobile carriers allow an idle connection; no answer within half: dead."""
_SEND_LIMIT_S = 10.0

log = logging.getLogger(__name__)


class ConnectionFailed(Exception):
    """No server could be reached, or the connection was lost; the text is for the log."""


def check_server(address: str) -> str:
    """The address, if it may be used. Raises ValueError."""
    parts = urlsplit(address)
    if parts.scheme not in ("wss", "ws") or not parts.hostname or parts.username or parts.fragment:
        raise ValueError(f"{address!r} is not of the form wss://host:port/path")
    if parts.scheme == "ws" and not is_loopback(parts.hostname):
        raise ValueError(f"{address!r}: plain ws: is allowed to this machine only; use wss:")
    return address


class Connection:
    """An open WebSocket. One reader; ``send`` from one task at a time."""

    def __init__(self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._session = session
        self._socket = socket
        name = socket.get_extra_info("sockname")
        self.local_address: str | None = str(name[0]) if isinstance(name, tuple) else None
        """Ours, at this end; None when it is not known."""

    async def send(self, data: bytes) -> None:
        """One message, one frame. Raises ConnectionFailed."""
        try:
            async with asyncio.timeout(_SEND_LIMIT_S):
                try:
                    text = data.decode()
                except UnicodeDecodeError:
                    await self._socket.send_bytes(data)
                else:
                    await self._socket.send_str(text)
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            raise ConnectionFailed(f"sending: {error or type(error).__name__}") from error

    async def receive(self) -> bytes:
        """The next frame. Raises ConnectionFailed at the end, also when pings stay unanswered."""
        while True:
            frame = await self._socket.receive()
            if frame.type is aiohttp.WSMsgType.TEXT:
                text: str = frame.data
                return text.encode(errors="surrogatepass")
            if frame.type is aiohttp.WSMsgType.BINARY:
                return bytes(frame.data)
            if frame.type in (aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG, aiohttp.WSMsgType.CONTINUATION):
                continue
            detail = self._socket.exception() or f"close code {self._socket.close_code}"
            raise ConnectionFailed(f"closed: {detail}")

    async def close(self) -> None:
        """Bounded; never raises for a connection that is already gone."""
        try:
            async with asyncio.timeout(0.5):
                await self._socket.close()
        except (OSError, TimeoutError, aiohttp.ClientError):
            log.debug("the connection did not close cleanly")
        finally:
            # Also when we are cancelled, as which Python before 3.11.3 shows a time limit inside a cancelled task.
            await self._session.close()


class _Names(AbstractResolver):
    """Looks names up, or answers with what they were last: where lookups hang, threads that wait for them pile up."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, socket.AddressFamily], list[ResolveResult]] = {}
        self.ask = True

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError."""
        key = host, port, family
        known = self._known.get(key)
        if known is not None and not self.ask:
            return known
        found = await aiohttp.ThreadedResolver().resolve(host, port, family)
        self._known[key] = found
        return found

    async def close(self) -> None:
        """Nothing is held open."""


class Transport:
    """The servers in their order. Raises ValueError for an address that may not be used, OSError for an unreadable
    authority file, ssl.SSLError for one without certificates."""

    def __init__(self, servers: Sequence[str], authority: Path | None) -> None:
        if not servers:
            raise ValueError("no SIP server is named")
        self._servers = tuple(check_server(one) for one in servers)
        self._context = ssl.create_default_context(cafile=str(authority) if authority is not None else None)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._names = _Names()

    async def connect(self, *, remembered: bool = False) -> Connection:
        """The first server that answers. ``remembered``: by the addresses that its name had last, where they are known.

        Raises ConnectionFailed with what each one said.
        """
        self._names.ask = not remembered
        said: list[str] = []
        for server in self._servers:
            try:
                return await self._connect(server)
            except (OSError, TimeoutError, aiohttp.ClientError, ConnectionFailed) as error:
                said.append(f"{server}: {error or type(error).__name__}")
        raise ConnectionFailed("; ".join(said))

    async def _connect(self, server: str) -> Connection:
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=self._names))
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                socket = await session.ws_connect(
                    server,
                    protocols=("sip",),
                    heartbeat=PING_S,
                    max_msg_size=MAXIMUM_MESSAGE,
                    ssl=self._context,
                )
        except BaseException:
            await session.close()
            raise
        connection = Connection(session, socket)
        trouble = _trouble(server, socket)
        if trouble is not None:
            await connection.close()
            raise ConnectionFailed(trouble)
        return connection


def _trouble(server: str, socket: aiohttp.ClientWebSocketResponse) -> str | None:
    """Why an open connection is not the one that was asked for: names and redirects can lead elsewhere."""
    if socket.protocol != "sip":
        return "the server does not speak SIP here"
    if server.startswith("wss:") and socket.get_extra_info("ssl_object") is None:
        return "redirected to a connection without TLS"
    peer = socket.get_extra_info("peername")
    if server.startswith("ws:") and not (isinstance(peer, tuple) and is_loopback(str(peer[0]))):
        return "a loopback name that leads elsewhere"
    return None
