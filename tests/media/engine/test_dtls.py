"""DTLS handshakes over wires that lose chosen datagrams, and how flights are cut into datagrams."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport
from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.engine.dtls import LARGEST_DATAGRAM, LAST_FLIGHT_AGAIN_AFTER_S, DtlsTransport, datagrams

LIMIT_S = 15.0
Lose = Callable[[bytes], bool]


class Wire:
    """One end of a wire in memory, with what aiortc's DTLS asks of an ICE transport."""

    def __init__(self, role: str, lose: Lose) -> None:
        self.role = role
        self.sent: list[bytes] = []
        self._lose = lose
        self._came: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.other: Wire | None = None

    async def _send(self, data: bytes) -> None:
        self.sent.append(data)
        if self.other is not None and not self._lose(data):
            self.other.put(data)

    async def _recv(self) -> bytes:
        data = await self._came.get()
        if data is None:
            raise ConnectionError
        return data

    def put(self, data: bytes | None) -> None:
        self._came.put_nowait(data)


def _never(_: bytes) -> bool:
    return False


def _first(count: int, fits: Lose = lambda _: True) -> Lose:
    """Lose the first ``count`` datagrams that fit."""
    left = count

    def lose(data: bytes) -> bool:
        nonlocal left
        if left and fits(data):
            left -= 1
            return True
        return False

    return lose


def _ends_handshake(data: bytes) -> bool:
    """The server's last flight: it begins with ChangeCipherSpec."""
    return data[0] == 20


@asynccontextmanager
async def _ends(
    from_server: Lose = _never, from_client: Lose = _never, client_class: type[RTCDtlsTransport] = DtlsTransport
) -> AsyncIterator[tuple[Any, Any]]:
    """Server and client, not yet started."""
    wires = Wire("controlled", from_server), Wire("controlling", from_client)
    wires[0].other, wires[1].other = wires[1], wires[0]
    server: Any = DtlsTransport(wires[0], [RTCCertificate.generateCertificate()])  # type: ignore[arg-type]
    client: Any = client_class(wires[1], [RTCCertificate.generateCertificate()])  # type: ignore[arg-type]
    server._set_role("server")
    client._set_role("client")
    yield server, client
    for end in (server, client):
        await end.stop()
    for wire in wires:
        wire.put(None)
    await asyncio.sleep(0)


async def _handshake(server: Any, client: Any) -> None:
    async with asyncio.timeout(LIMIT_S):
        await asyncio.gather(server.start(client.getLocalParameters()), client.start(server.getLocalParameters()))
    assert (server.state, client.state) == ("connected", "connected")


def _distinct(end: Any) -> int:
    return len(set(end.transport.sent))


async def test_nothing_is_sent_again_before_its_time() -> None:
    async with _ends() as (server, client):
        await _handshake(server, client)
        assert _distinct(client) == 2 and _distinct(server) == 2, "two flights each"


@pytest.mark.parametrize("client_class", [DtlsTransport, RTCDtlsTransport], ids=["ours", "stock"])
async def test_a_server_repeats_what_was_lost(client_class: type[RTCDtlsTransport]) -> None:
    async with _ends(from_server=_first(3), client_class=client_class) as (server, client):
        await _handshake(server, client)
        assert server.flights_repeated >= 3
        assert _distinct(server) == 2, "copies, not flights that OpenSSL made anew after its second"


async def test_a_client_repeats_what_was_lost() -> None:
    async with _ends(from_client=_first(3)) as (server, client):
        await _handshake(server, client)
        assert _distinct(client) == 2


async def test_the_flight_that_ended_the_handshake_is_repeated_unasked() -> None:
    async with _ends(from_server=_first(3, _ends_handshake)) as (server, client):
        await _handshake(server, client)
        assert _distinct(client) == 2, "the client had no need to ask"
    assert server._repeating is None and client._repeating is None


async def test_the_flight_that_ended_the_handshake_is_repeated_when_it_is_asked_for() -> None:
    lost_by_us = 1 + len(LAST_FLIGHT_AGAIN_AFTER_S)
    async with _ends(from_server=_first(lost_by_us, _ends_handshake), client_class=RTCDtlsTransport) as (
        server,
        client,
    ):
        await _handshake(server, client)
        assert _distinct(client) == 3, "OpenSSL's timer, after a second"


async def test_nonsense_does_not_disturb_a_handshake() -> None:
    async with _ends() as (server, client):
        for first in (20, 21, 22, 23, 40, 63, 0, 128):
            for end in (server, client):
                end.transport.put(bytes([first]) + os.urandom(40))
                end.transport.put(bytes([first, 0xFE, 0xFD, 0, 1]) + bytes(6) + b"\0\x05hello")
        await _handshake(server, client)


async def test_a_handshake_with_nobody_is_given_up_when_it_is_stopped() -> None:
    async with _ends(from_client=lambda _: True) as (server, client):
        starting = asyncio.create_task(client.start(server.getLocalParameters()))
        async with asyncio.timeout(LIMIT_S):
            while client.flights_repeated < 3:
                await asyncio.sleep(0.01)
        client.transport.put(None)
        await starting
        assert client.state == "failed" and client._repeating is None


async def test_data_after_the_handshake_goes_once() -> None:
    class Receiver:
        def __init__(self) -> None:
            self.came: asyncio.Queue[bytes] = asyncio.Queue()

        async def _handle_data(self, data: bytes) -> None:
            self.came.put_nowait(data)

    async with _ends() as (server, client):
        receiver = Receiver()
        client._register_data_receiver(receiver)
        await _handshake(server, client)
        await server._send_data(b"hello")
        async with asyncio.timeout(LIMIT_S):
            assert await receiver.came.get() == b"hello"
            while not server._repeating.done():
                await asyncio.sleep(0.01)
        assert receiver.came.empty()
        assert sum(data[0] == 23 for data in server.transport.sent) == 1


_records = st.lists(
    st.tuples(st.integers(20, 23), st.binary(min_size=0, max_size=1500)).map(
        lambda record: bytes([record[0], 0xFE, 0xFD]) + bytes(8) + len(record[1]).to_bytes(2, "big") + record[1]
    ),
    max_size=12,
)


@given(_records)
def test_records_are_kept_whole(records: list[bytes]) -> None:
    cut = list(datagrams(b"".join(records)))
    assert b"".join(cut) == b"".join(records)
    waiting = list(records)
    for datagram in cut:
        assert len(datagram) <= LARGEST_DATAGRAM or datagram == waiting[0], "one record that is larger by itself"
        while datagram:
            assert datagram.startswith(waiting[0])
            datagram = datagram[len(waiting.pop(0)) :]
    assert not waiting


@given(st.binary(max_size=4000))
def test_bytes_of_any_kind_all_go_out_in_order(anything: bytes) -> None:
    cut = list(datagrams(anything))
    assert b"".join(cut) == anything and all(cut)
