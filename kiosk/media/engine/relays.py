"""TURN allocations (RFC 8656) over UDP, TCP and TLS for ICE to send through; which pairs are used is ICE's business.

aioice's client does the protocol. Ours repeats faster, opens channels before they are needed and keeps them in the
background, makes no task per packet, and drops rather than queues where a stream does not drain.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import socket
import ssl
import struct
from collections import deque
from typing import Any

import msgspec
from aioice import stun, turn
from aioice.candidate import Candidate, candidate_foundation, candidate_priority

from kiosk.media.engine.transactions import (
    FAREWELL,
    NONSENSE,
    OVER_STREAM,
    SERVER,
    Address,
    IceSocket,
    Repeat,
    Transaction,
)

ALLOCATE_LIMIT_S = 10.0
MOST_UNSENT_BYTES = 32_768
"""What may wait in front of a TCP or TLS relay before media is dropped: some 250 ms at 1 Mbit/s."""

_PERMISSIONS_LAST_S = 300.0  # RFC 8656 section 9; a channel lasts 600 s, but its permission no longer than this
_TRY_AGAIN_S = 5.0
_MOST_WAITING = 30  # packets for a peer whose channel is being opened
_MOST_REFUSALS = 3  # ICMP "port unreachable" before a relay counts as not there
_NOT_SENT_LOW_WATER_BYTES = 16_384


class Carrier(enum.Enum):
    """How a relay is reached; what it forwards is always UDP. In the order of preference."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class StunServer(msgspec.Struct, frozen=True):
    """A server that tells our public address (RFC 8489), over UDP."""

    host: str
    port: int


class RelayServer(msgspec.Struct, frozen=True):
    """A TURN server; with time-limited credentials they are made by whoever configures us."""

    host: str
    port: int
    carrier: Carrier
    username: str | None = None
    credential: str | None = None

    def __repr__(self) -> str:
        return f"RelayServer({self.host}:{self.port}/{self.carrier.value})"


class Outcome(enum.Enum):
    """What became of asking a STUN or TURN server."""

    ASKED = "asked"
    READY = "ready"
    UNREACHABLE = "unreachable"
    CREDENTIALS_REFUSED = "credentials-refused"
    CERTIFICATE_REFUSED = "certificate-refused"
    REFUSED = "refused"


def outcome_of(error: BaseException) -> Outcome:
    """The outcome that an error of ``allocate`` or of a STUN request stands for."""
    if isinstance(error, stun.TransactionFailed):
        credentials = error.response.error_code in (401, 403, 438, 441)
        return Outcome.CREDENTIALS_REFUSED if credentials else Outcome.REFUSED
    if isinstance(error, ssl.SSLError):
        return Outcome.CERTIFICATE_REFUSED
    return Outcome.UNREACHABLE


class _Client(turn.TurnClientMixin):
    """What both carriers share. ``send_to`` replaces aioice's ``send_data``."""

    transport: Any
    repeat: Repeat = SERVER

    def __init__(self, server: Address, username: str | None, credential: str | None) -> None:
        super().__init__(
            server,
            username=username,
            password=credential,
            lifetime=turn.DEFAULT_ALLOCATION_LIFETIME,
            channel_refresh_time=turn.DEFAULT_CHANNEL_REFRESH_TIME,
        )
        self._waiting: dict[Address, deque[bytes]] = {}
        self._not_before: dict[Address, float] = {}
        self._binding: set[asyncio.Task[None]] = set()
        self._refusals = 0
        self.leaving = False

    def send_to(self, data: bytes, address: Address) -> None:
        """Through the peer's channel; while that is being opened the newest packets wait."""
        channel = self.peer_to_channel.get(address)
        if channel is not None:
            self._send(struct.pack("!HH", channel, len(data)) + data)
        elif self.open_channel(address):
            self._waiting[address].append(data)

    def open_channel(self, address: Address) -> bool:
        """Begin to open a channel unless there is one; False when the relay has refused that peer."""
        if address in self._waiting or address in self.peer_to_channel:
            return True
        now = asyncio.get_running_loop().time()
        if self.leaving or now < self._not_before.get(address, 0.0) or self.channel_number > turn.CHANNEL_NUMBER_MAX:
            return False
        channel = self.peer_to_failed_channel.pop(address, None)
        if channel is None:
            channel = self.channel_number
            self.channel_number += 1
        self._waiting[address] = deque(maxlen=_MOST_WAITING)
        task = asyncio.create_task(self._open(channel, address))
        self._binding.add(task)
        task.add_done_callback(self._binding.discard)
        return True

    async def _open(self, channel: int, address: Address) -> None:
        try:
            await self.channel_bind(channel, address)
        except (stun.TransactionError, OSError) as error:
            # A relay that will not forward to a private address says so with every request: do not ask all the time.
            refused = isinstance(error, stun.TransactionFailed)
            self._not_before[address] = asyncio.get_running_loop().time() + (60.0 if refused else 1.0)
            self.peer_to_failed_channel[address] = channel
            del self._waiting[address]
            return
        self.channel_to_peer[channel] = address
        self.peer_to_channel[address] = channel
        for data in self._waiting.pop(address):
            self.send_to(data, address)

    async def request(self, request: stun.Message) -> tuple[stun.Message, Address]:
        if self.integrity_key is not None:
            request.attributes["USERNAME"] = self.username
            request.attributes["NONCE"] = self.nonce
            request.attributes["REALM"] = self.realm
            request.add_message_integrity(self.integrity_key)
        transaction = Transaction(
            lambda: self.send_stun(request, self.server),
            self.repeat,
            integrity_key=self.integrity_key,
            long_term=True,
        )
        self.transactions[request.transaction_id] = transaction  # type: ignore[assignment]
        try:
            return await transaction.run()
        finally:
            del self.transactions[request.transaction_id]

    def datagram_received(self, data: bytes | str, addr: Address) -> None:
        with contextlib.suppress(*NONSENSE):
            super().datagram_received(data, addr)

    async def refresh(self, time_to_expiry: int) -> None:
        """Keep the allocation and every channel's permission; asked again until the allocation has run out."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + time_to_expiry
        pause = min(_PERMISSIONS_LAST_S * 0.8, time_to_expiry * 5 / 6)
        while True:
            await asyncio.sleep(pause)
            request = stun.Message(message_method=stun.Method.REFRESH, message_class=stun.Class.REQUEST)
            request.attributes["LIFETIME"] = self.lifetime
            try:
                response, _ = await self.request_with_retry(request)
                for address, channel in list(self.peer_to_channel.items()):
                    await self.channel_bind(channel, address)
            except stun.TransactionTimeout:
                if loop.time() < ends_at:
                    pause = _TRY_AGAIN_S
                    continue
                self.transport.abort()
                return
            except (stun.TransactionError, OSError):
                self.transport.abort()
                return
            lifetime = response.attributes.get("LIFETIME", self.lifetime)
            ends_at = loop.time() + lifetime
            pause = min(_PERMISSIONS_LAST_S * 0.8, lifetime * 5 / 6)

    async def delete(self) -> None:
        """Give the allocation back without waiting long for a server that may be gone."""
        self.leaving = True
        for task in [*self._binding, *([self.refresh_task] if self.refresh_task else [])]:
            task.cancel()
        self.refresh_task = None
        try:
            if not self.transport.is_closing():
                self.repeat = FAREWELL
                request = stun.Message(message_method=stun.Method.REFRESH, message_class=stun.Class.REQUEST)
                request.attributes["LIFETIME"] = 0
                with contextlib.suppress(stun.TransactionError, OSError):
                    await self.request_with_retry(request)
        finally:
            self.transport.abort()  # not close: a TLS stream would wait for the other side

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail_all(ConnectionError("the relay closed the connection"))
        super().connection_lost(exc)

    def error_received(self, exc: Exception) -> None:
        self._refusals += 1
        if self._refusals >= _MOST_REFUSALS and self.relayed_address is None:
            self._fail_all(ConnectionRefusedError("nothing listens at the relay's port"))

    def _fail_all(self, error: Exception) -> None:
        for transaction in self.transactions.values():
            transaction.fail(error)  # type: ignore[attr-defined]


class _UdpClient(_Client, turn.TurnClientUdpProtocol):
    pass


class _StreamClient(_Client, turn.TurnClientTcpProtocol):
    repeat = OVER_STREAM

    def send_to(self, data: bytes, address: Address) -> None:
        # A stream that does not drain would hand over old packets later: lose new ones instead, as UDP does.
        if self.transport.get_write_buffer_size() <= MOST_UNSENT_BYTES:
            super().send_to(data, address)


class RelayTransport:
    """The datagram transport of an IceSocket that is an allocation."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._closing: asyncio.Task[None] | None = None

    def sendto(self, data: bytes, address: Address) -> None:
        if self._closing is None and not self._client.transport.is_closing():
            self._client.send_to(data, address)

    def open_channel(self, address: Address) -> None:
        """Have the way to that peer ready before the first packet."""
        if self._closing is None and not self._client.transport.is_closing():
            self._client.open_channel(address)

    def is_closing(self) -> bool:
        return self._closing is not None

    def close(self) -> None:
        """The IceSocket's ``connection_lost`` follows, at the latest after 0.7 s."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._client.delete())

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


async def allocate(
    server: RelayServer, connection: Any, *, tls: ssl.SSLContext | None, hide_related: bool
) -> tuple[Candidate, IceSocket]:
    """A relayed candidate and its socket. ``tls`` for Carrier.TLS; None trusts the system's authorities.

    Raises OSError (ssl.SSLError, TimeoutError among them), ValueError or stun.TransactionError: see ``outcome_of``.
    """
    async with asyncio.timeout(ALLOCATE_LIMIT_S):
        client = await _reach(server, tls)
        try:
            host, port = await client.connect()
            ice_socket = IceSocket(connection)
            client.receiver = ice_socket
        except BaseException:
            client.transport.abort()
            raise
    related = ("0.0.0.0" if ":" not in host else "::", 9) if hide_related else client.mapped_address
    ice_socket.connection_made(RelayTransport(client))  # type: ignore[arg-type]
    preference = 65_535 - list(Carrier).index(server.carrier)
    ice_socket.local_candidate = Candidate(
        foundation=candidate_foundation("relay", server.carrier.value, host),
        component=1,
        transport="udp",
        priority=candidate_priority(1, "relay", preference),
        host=host,
        port=port,
        type="relay",
        related_address=related[0] if related else None,
        related_port=related[1] if related else None,
    )
    return ice_socket.local_candidate, ice_socket


async def _reach(server: RelayServer, tls: ssl.SSLContext | None) -> _Client:
    loop = asyncio.get_running_loop()
    address = (server.host, server.port)
    if server.carrier is Carrier.UDP:
        _, datagrams = await loop.create_datagram_endpoint(
            lambda: _UdpClient(address, server.username, server.credential), remote_addr=address
        )
        _option(datagrams, socket.SOL_SOCKET, socket.SO_RCVBUF, turn.UDP_SOCKET_BUFFER_SIZE)
        return datagrams
    if server.carrier is Carrier.TLS and tls is None:
        tls = await asyncio.to_thread(ssl.create_default_context)  # reads some hundred certificates
    _, stream = await loop.create_connection(
        lambda: _StreamClient(address, server.username, server.credential),
        host=server.host,
        port=server.port,
        ssl=tls if server.carrier is Carrier.TLS else None,
    )
    _option(stream, socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _NOT_SENT_LOW_WATER_BYTES)
    return stream


def _option(client: _Client, level: int, option: int, value: int) -> None:
    endpoint = client.transport.get_extra_info("socket")
    if endpoint is not None:
        endpoint.setsockopt(level, option, value)
