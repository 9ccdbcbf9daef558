"""aioice's connection without its waits: servers are asked beside the call, checks repeat fast, data before nomination.

What aioice does well stays as it is: check list, roles, triggered checks, peer-reflexive candidates, multicast names.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from aioice import ice, stun
from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol, TransportPolicy
from aioice.turn import UDP_SOCKET_BUFFER_SIZE
from aiortc import RTCIceGatherer, RTCIceServer
from aiortc.rtcicetransport import parse_stun_turn_uri

from kiosk.media.engine.relays import (
    Carrier,
    Outcome,
    RelayServer,
    RelayTransport,
    StunServer,
    allocate,
    outcome_of,
)
from kiosk.media.engine.transactions import CONSENT, NOMINATION, SERVER, Address, IceSocket

_log = logging.getLogger(__name__)

FIRST_RELAY_LIMIT_S = 4.0
MOST_REMOTE_CANDIDATES = 60
"""More are ignored: every one is sent to, wherever an offer says it is (RFC 8445 section 19.5.1)."""

_CHECKS_A_TICK = 2  # aioice's loop ticks every 20 ms
_BEGINNING_S = 2.0
_COMPONENT = 1  # RTP and RTCP share it (RFC 8843)
_Waiting = CandidatePair.State.WAITING
_InProgress = CandidatePair.State.IN_PROGRESS
_Succeeded = CandidatePair.State.SUCCEEDED


class Consent(msgspec.Struct, frozen=True):
    """RFC 7675, quicker than its 30 s: asked about every ``interval_s``; no answer for ``expires_s`` closes."""

    interval_s: float = 2.0
    expires_s: float = 15.0


class IceSettings(msgspec.Struct, frozen=True):
    """Which servers are asked, all at once. ``tls`` for relays behind TLS; None trusts the system's authorities."""

    stun_servers: tuple[StunServer, ...] = ()
    relays: tuple[RelayServer, ...] = ()
    relay_only: bool = False
    tls: ssl.SSLContext | None = None
    consent: Consent = Consent()


class NoRelayError(ConnectionError):
    """Only relays may be used, and none gave an allocation. ``outcomes`` says why, by server."""

    def __init__(self, outcomes: dict[RelayServer | StunServer, Outcome]) -> None:
        reasons = ", ".join(sorted({outcome.value for outcome in outcomes.values()})) or "no relay is configured"
        super().__init__(f"no relay: {reasons}")
        self.outcomes = outcomes


def settings_for(
    servers: list[RTCIceServer], *, relay_only: bool = False, tls: ssl.SSLContext | None = None
) -> IceSettings:
    """The servers that can be used; ``stuns:`` and DTLS to a relay are left out. Raises ValueError for a broken URI."""
    stun_servers: list[StunServer] = []
    relays: list[RelayServer] = []
    for server in servers:
        for uri in server.urls if isinstance(server.urls, list) else [server.urls]:
            parsed = parse_stun_turn_uri(uri)
            host, port = str(parsed["host"]), int(parsed["port"])
            carrier = _CARRIERS.get((parsed["scheme"], parsed.get("transport")))
            if parsed["scheme"] == "stun":
                stun_servers.append(StunServer(host, port))
            elif carrier is not None and server.credentialType == "password":
                relays.append(RelayServer(host, port, carrier, server.username, server.credential))
            else:
                _log.warning("an ICE server's transport is not spoken here; left out")
    return IceSettings(
        stun_servers=tuple(dict.fromkeys(stun_servers)),
        relays=tuple(dict.fromkeys(relays)),
        relay_only=relay_only,
        tls=tls,
    )


_CARRIERS: dict[tuple[str, str | None], Carrier] = {
    ("turn", "udp"): Carrier.UDP,
    ("turn", "tcp"): Carrier.TCP,
    ("turns", "tcp"): Carrier.TLS,
}


class IceConnection(ice.Connection):
    """``gather_candidates`` returns with the host candidates; what servers add joins the running checks."""

    def __init__(
        self,
        settings: IceSettings,
        *,
        ice_controlling: bool = False,
        local_username: str | None = None,
        local_password: str | None = None,
    ) -> None:
        super().__init__(ice_controlling, local_username=local_username, local_password=local_password)
        self._settings = settings
        self.set_relay_only(settings.relay_only)
        self._gathering: set[asyncio.Task[None]] = set()
        self._relay_news = asyncio.Event()
        self._when_gathered: Callable[[], None] | None = None
        self._twice_until = 0.0
        self._permitted: list[Address] = []
        # By the clock, so that it grows from connection to connection and over a crash of this process.
        self._nomination = int(asyncio.get_running_loop().time() * 10) & 0xFFFFFFFF
        self.outcomes: dict[RelayServer | StunServer, Outcome] = {}

    def set_relay_only(self, relay_only: bool) -> None:
        """Before gathering: nothing but relays. Raises RuntimeError later, when our addresses may already be known."""
        if self._local_candidates_start:
            raise RuntimeError("candidates have been gathered")
        self._transport_policy = TransportPolicy.RELAY if relay_only else TransportPolicy.ALL

    @property
    def relay_only(self) -> bool:
        return self._transport_policy is TransportPolicy.RELAY

    async def gather_candidates(self) -> None:
        """Host candidates; STUN and TURN servers are only begun to be asked."""
        if self._local_candidates_start:
            return
        self._local_candidates_start = True
        sockets = [] if self.relay_only else await self._open_sockets()
        self._local_candidates_end = True  # as far as aioice's connect() is concerned
        for stun_server in self._settings.stun_servers if sockets else ():
            self._begin(self._ask_for_address(stun_server, sockets))
        for relay in self._settings.relays:
            self._begin(self._ask_for_relay(relay))

    def when_gathered(self, then: Callable[[], None]) -> None:
        """Call ``then`` once every server has answered or been given up; at once when that is so."""
        self._when_gathered = then
        self._gathered_some()

    def permit(self, addresses: list[Address]) -> None:
        """Let relays take what comes from these hosts although the other end has signalled no candidate there (yet)."""
        self._permitted = addresses[:MOST_REMOTE_CANDIDATES]
        for protocol in self._protocols:
            self._open_relay(protocol, self._permitted)

    async def first_relay(self, limit_s: float = FIRST_RELAY_LIMIT_S) -> None:
        """Wait until there is a relayed candidate. Raises NoRelayError when all have failed or the time is up."""
        try:
            async with asyncio.timeout(limit_s):
                while not any(candidate.type == "relay" for candidate in self._local_candidates):
                    if not self._gathering or self._closing:
                        raise NoRelayError(dict(self.outcomes))
                    self._relay_news.clear()
                    await self._relay_news.wait()
        except TimeoutError:
            raise NoRelayError(dict(self.outcomes)) from None

    def build_request(self, pair: CandidatePair, nominate: bool) -> stun.Message:
        """As aioice's; a nomination also says how new it is.

        A browser whose call is taken over by a fresh connection keeps the pair of the old one, as nominated and longer
        in use, until nothing has come over it for 2.5 s: unless the other nomination's number is the higher one.
        """
        request = super().build_request(pair, nominate)
        if nominate and self.ice_controlling:
            request.attributes[NOMINATION] = self._nomination
        return request

    async def add_remote_candidate(self, remote_candidate: Candidate | None) -> None:
        """As aioice's; other components than RTP's, and more than MOST_REMOTE_CANDIDATES, are ignored."""
        if remote_candidate is not None and (
            remote_candidate.component != _COMPONENT or len(self._remote_candidates) >= MOST_REMOTE_CANDIDATES
        ):
            return
        await super().add_remote_candidate(remote_candidate)

    async def connect(self) -> None:
        self._twice_until = asyncio.get_running_loop().time() + _BEGINNING_S
        for protocol in self._protocols:
            if isinstance(protocol, IceSocket):
                protocol.twice_until = self._twice_until
        await super().connect()

    async def send(self, data: bytes) -> None:
        """As aioice's, with two coroutines less on the way. Raises ConnectionError."""
        pair = self._nominated.get(_COMPONENT)
        if pair is None:
            raise ConnectionError("Cannot send data, not connected")
        pair.protocol.transport.sendto(data, pair.remote_addr)

    def data_received(self, data: bytes, component: int) -> None:
        """From aioice, what begins like STUN and is none: nothing that DTLS or RTP could use (RFC 7983 section 7)."""

    async def close(self) -> None:
        tasks = list(self._gathering)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # All at once: aioice takes its leave of one relay after the other.
        for protocol in self._protocols:
            protocol.transport.close()
        await super().close()
        self._relay_news.set()

    def check_incoming(self, message: stun.Message, addr: Address, protocol: Any) -> None:
        """As aioice's; a check of ours on the same pair that waits for its answer is sent again at once."""
        protocol.trusted.add(addr)
        pair = next((pair for pair in self._check_list if pair.protocol is protocol and pair.remote_addr == addr), None)
        if pair is not None and pair.state is _InProgress:
            if pair.task is None or pair.task.done() or pair.task.cancelling():
                # Cancelled when another pair was taken; the other end may still want this one.
                pair.task = None
                pair.state = _Waiting
            else:
                protocol.repeat_now(addr)
        super().check_incoming(message, addr, protocol)

    def check_complete(self, pair: CandidatePair) -> None:
        """As aioice's; but the controlled side, too, sends over the first pair that works (RFC 8445 section 12.1).

        The other end's nomination may be lost and come half a second later; its DTLS hello need not wait for that.
        """
        if pair.state is _Succeeded and isinstance(pair.protocol, IceSocket):
            pair.protocol.trusted.add(pair.remote_addr)
            if not pair.nominated and not self.ice_controlling and pair.component not in self._nominated:
                self._nominated[pair.component] = pair
        super().check_complete(pair)

    def _check_periodic(self) -> bool:
        going_on = False
        for _ in range(_CHECKS_A_TICK):
            going_on = super()._check_periodic()
        return not self._check_list_done and (going_on or bool(self._gathering))

    def _check_list_maybe_fail(self) -> None:
        if not self._gathering:
            super()._check_list_maybe_fail()

    def _pair_remote_candidate(self, remote_candidate: Candidate) -> None:
        super()._pair_remote_candidate(remote_candidate)
        for pair in self._check_list:
            if pair.remote_candidate is remote_candidate:
                self._open_relay(pair.protocol, [pair.remote_addr])

    def _open_relay(self, protocol: StunProtocol, addresses: list[Address]) -> None:
        if isinstance(protocol.transport, RelayTransport):
            for address in addresses:
                protocol.transport.open_channel(address)

    async def query_consent(self) -> None:
        """Ask the other end every some seconds whether it still wants our packets (RFC 7675)."""
        consent = self._settings.consent
        loop = asyncio.get_running_loop()
        answered_at = loop.time()
        while self.remote_password is not None:
            await asyncio.sleep(consent.interval_s * random.uniform(0.8, 1.2))
            pair = self._nominated.get(_COMPONENT)
            if pair is not None and isinstance(pair.protocol, IceSocket):
                try:
                    await pair.protocol.request(
                        self.build_request(pair, nominate=False),
                        pair.remote_addr,
                        integrity_key=self.remote_password.encode(),
                        repeat=CONSENT,
                    )
                    answered_at = loop.time()
                except stun.TransactionError:
                    pass
            if loop.time() - answered_at > consent.expires_s:
                self._query_consent_task = None
                await self.close()
                return

    async def _open_sockets(self) -> list[IceSocket]:
        loop = asyncio.get_running_loop()
        sockets: list[IceSocket] = []
        for address in ice.get_host_addresses(use_ipv4=self._use_ipv4, use_ipv6=self._use_ipv6):
            try:
                transport, protocol = await loop.create_datagram_endpoint(
                    lambda: IceSocket(self), local_addr=(address, 0)
                )
            except OSError as error:
                _log.info("no socket on one of our addresses: %s", type(error).__name__)
                continue
            endpoint = transport.get_extra_info("socket")
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_SOCKET_BUFFER_SIZE)
            host, port = endpoint.getsockname()[:2]
            protocol.local_candidate = Candidate(
                foundation=candidate_foundation("host", "udp", host),
                component=_COMPONENT,
                transport="udp",
                priority=candidate_priority(_COMPONENT, "host", 65_535 - len(sockets)),
                host=host,
                port=port,
                type="host",
            )
            sockets.append(protocol)
            self._local_candidates.append(protocol.local_candidate)
        self._protocols += sockets
        return sockets

    def _begin(self, asking: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(asking)
        self._gathering.add(task)
        task.add_done_callback(self._asked)

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._gathering.discard(task)
        self._gathered_some()

    def _gathered_some(self) -> None:
        self._relay_news.set()
        if self._gathering or self._closing:
            return
        if self._early_checks_done:
            self._check_list_maybe_fail()
        if self._when_gathered is not None:
            then, self._when_gathered = self._when_gathered, None
            then()

    async def _ask_for_relay(self, server: RelayServer) -> None:
        self.outcomes[server] = Outcome.ASKED
        try:
            candidate, protocol = await allocate(server, self, tls=self._settings.tls, hide_related=self.relay_only)
        except (stun.TransactionError, OSError, ValueError) as error:
            self.outcomes[server] = outcome_of(error)
            _log.warning("a %s relay cannot be used: %s", server.carrier.value, self.outcomes[server].value)
            return
        self.outcomes[server] = Outcome.READY
        if self._check_list_done:  # too late to be of use: the other end does not know of it
            await protocol.close()
            return
        protocol.twice_until = self._twice_until
        self._local_candidates.append(candidate)
        self._protocols.append(protocol)
        self._open_relay(protocol, self._permitted)
        for remote in list(self._remote_candidates):
            self._pair_remote_candidate(remote)
        self.sort_check_list()

    async def _ask_for_address(self, server: StunServer, sockets: list[IceSocket]) -> None:
        """Server-reflexive candidates. They need no checks of their own: those of the socket behind them do."""
        self.outcomes[server] = Outcome.ASKED
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(server.host, server.port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
            asked = [one for one in sockets if ipaddress.ip_address(one.local_candidate.host).version == 4]
            await asyncio.gather(*(self._ask_from(one, found[0][4]) for one in asked))  # type: ignore[arg-type]
        except (stun.TransactionError, OSError) as error:
            self.outcomes[server] = outcome_of(error)
            _log.warning("a STUN server cannot be used: %s", self.outcomes[server].value)
            return
        self.outcomes[server] = Outcome.READY

    async def _ask_from(self, one: IceSocket, server: Address) -> None:
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        response, _ = await one.request(request, server, repeat=SERVER)
        mapped = response.attributes.get("XOR-MAPPED-ADDRESS")
        base = one.local_candidate
        if mapped is None or any((known.host, known.port) == mapped for known in self._local_candidates):
            return
        self._local_candidates.append(
            Candidate(
                foundation=candidate_foundation("srflx", "udp", base.host),
                component=_COMPONENT,
                transport="udp",
                priority=candidate_priority(_COMPONENT, "srflx"),
                host=mapped[0],
                port=mapped[1],
                type="srflx",
                related_address=base.host,
                related_port=base.port,
            )
        )


class IceGatherer(RTCIceGatherer):
    """aiortc's gatherer around an IceConnection; ``completed`` when the last server has answered or been given up."""

    def __init__(
        self, settings: IceSettings, *, local_username: str | None = None, local_password: str | None = None
    ) -> None:
        super().__init__(iceServers=[])
        self.connection = IceConnection(settings, local_username=local_username, local_password=local_password)
        self._connection = self.connection

    async def gather(self) -> None:
        if self.state != "new":
            return
        self._RTCIceGatherer__setState("gathering")  # type: ignore[attr-defined]
        await self.connection.gather_candidates()
        self.connection.when_gathered(self._completed)

    def _completed(self) -> None:
        self._RTCIceGatherer__setState("completed")  # type: ignore[attr-defined]
