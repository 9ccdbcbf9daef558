"""Checks that repeat fast, data before nomination, consent, servers that are not waited for, and nonsense."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aioice import stun
from aioice.candidate import Candidate
from aioice.ice import CandidatePair, Connection, ConnectionClosed
from aiortc import RTCIceServer
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.media.engine.ice import (
    MOST_REMOTE_CANDIDATES,
    Consent,
    IceConnection,
    IceGatherer,
    IceSettings,
    settings_for,
)
from kiosk.media.engine.relays import Carrier, RelayServer, StunServer
from kiosk.media.engine.transactions import IceSocket, Repeat, Transaction
from tests.media.engine.lossy_sockets import LossyLine, over

LIMIT_S = 15.0
FAST = Repeat(first_s=0.005, growth=1.0, longest_s=0.005, limit_s=5.0)
SOON_OVER = Repeat(first_s=0.02, growth=1.0, longest_s=0.02, limit_s=0.2)
NEVER = Repeat(first_s=60.0, growth=1.0, longest_s=60.0, limit_s=60.0)


@asynccontextmanager
async def _two(
    a: Connection, b: Connection, line: LossyLine | None = None, *, later: bool = False
) -> AsyncIterator[tuple[Connection, Connection]]:
    """Both gathered (``a`` over the line), introduced and, unless ``later``, connected."""
    with over(line or LossyLine(0.0, 0.0, seed=1)):
        await a.gather_candidates()
    await b.gather_candidates()
    for one, other in ((a, b), (b, a)):
        one.remote_username, one.remote_password = other.local_username, other.local_password
        for candidate in other.local_candidates:
            await one.add_remote_candidate(candidate)
        await one.add_remote_candidate(None)
    try:
        if not later:
            async with asyncio.timeout(LIMIT_S):
                await asyncio.gather(a.connect(), b.connect())
        yield a, b
    finally:
        await asyncio.gather(a.close(), b.close())


async def _passes(a: Connection, b: Connection) -> None:
    async with asyncio.timeout(LIMIT_S):
        await a.send(b"\x80there")
        assert await b.recv() == b"\x80there"


@pytest.mark.parametrize("controlling", [True, False], ids=["controlling", "controlled"])
@pytest.mark.parametrize("other", [IceConnection, Connection], ids=["ours", "stock"])
async def test_two_ends_find_each_other(controlling: bool, other: type[Connection]) -> None:
    far = (
        Connection(not controlling)
        if other is Connection
        else IceConnection(IceSettings(), ice_controlling=not controlling)
    )
    async with _two(IceConnection(IceSettings(), ice_controlling=controlling), far) as (a, b):
        await _passes(a, b)
        await _passes(b, a)


@pytest.mark.parametrize("seed", range(4))
async def test_two_ends_find_each_other_where_every_third_datagram_is_lost(seed: int) -> None:
    line = LossyLine(0.33, 0.002, seed=seed)
    ends = IceConnection(IceSettings()), IceConnection(IceSettings(), ice_controlling=True)
    async with _two(*ends, line):
        assert line.lost or line.carried


async def test_the_controlled_end_sends_before_anything_is_nominated() -> None:
    class Hesitating(IceConnection):
        def build_request(self, pair: CandidatePair, nominate: bool) -> stun.Message:
            return super().build_request(pair, False)

    ends = IceConnection(IceSettings()), Hesitating(IceSettings(), ice_controlling=True)
    async with _two(*ends) as (a, b):
        assert not any(pair.nominated for pair in a._check_list)
        await _passes(a, b)
        await _passes(b, a)


async def test_a_nomination_moves_the_controlled_end_to_that_pair() -> None:
    """Its own check of that pair had been cancelled when another one was taken."""
    async with _two(IceConnection(IceSettings()), IceConnection(IceSettings(), ice_controlling=True)) as (a, b):
        pair = a._nominated[1]
        pair.nominated = pair.remote_nominated = False
        pair.state = CandidatePair.State.IN_PROGRESS
        pair.task = asyncio.create_task(asyncio.sleep(60))
        pair.task.cancel()
        a._nominated.clear()
        far = b._nominated[1]
        assert b.remote_password is not None
        request = b.build_request(far, nominate=True)
        await far.protocol.request(request, far.remote_addr, integrity_key=b.remote_password.encode())
        async with asyncio.timeout(LIMIT_S):
            while not a._nominated:
                await asyncio.sleep(0.005)
        assert a._nominated[1] is pair and pair.nominated


async def test_a_later_connection_nominates_with_a_higher_number() -> None:
    """0xC001: a browser in a call that is taken over goes by it."""
    first = IceConnection(IceSettings(), ice_controlling=True)
    await asyncio.sleep(0.11)
    numbers = []
    for controlling in (first, IceConnection(IceSettings(), ice_controlling=True)):
        async with _two(controlling, IceConnection(IceSettings())) as (a, b):
            request = a.build_request(a._nominated[1], nominate=True)
            numbers.append(request.attributes["NOMINATION"])
            assert b"\xc0\x01\x00\x04" + numbers[-1].to_bytes(4, "big") in bytes(request)
            for pair, connection, nominate in ((a._nominated[1], a, False), (b._nominated[1], b, True)):
                assert "NOMINATION" not in connection.build_request(pair, nominate=nominate).attributes
    assert numbers[0] < numbers[1]


async def test_what_strangers_send_is_not_taken_for_media() -> None:
    async with _two(IceConnection(IceSettings()), IceConnection(IceSettings(), ice_controlling=True)) as (a, b):
        nominated = a._nominated[1]
        assert isinstance(nominated.protocol, IceSocket)
        loop = asyncio.get_running_loop()
        stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=nominated.local_addr)
        stranger.sendto(b"\x16forged")
        async with asyncio.timeout(LIMIT_S):
            while not nominated.protocol.refused:
                await asyncio.sleep(0.005)
        stranger.close()
        await _passes(b, a)


async def test_consent_that_is_not_answered_ends_the_connection() -> None:
    line = LossyLine(0.0, 0.0, seed=1)
    quick = IceSettings(consent=Consent(interval_s=0.05, expires_s=0.2))
    async with _two(IceConnection(quick), IceConnection(IceSettings(), ice_controlling=True), line) as (a, _):
        line.loss = 1.0
        async with asyncio.timeout(LIMIT_S):
            assert isinstance(await a.get_event(), ConnectionClosed)


async def test_an_end_that_nobody_answers_fails_when_its_checks_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.media.engine.transactions.IceSocket.request.__defaults__", (None, None, SOON_OVER))
    async with _two(
        IceConnection(IceSettings()),
        IceConnection(IceSettings(), ice_controlling=True),
        LossyLine(1.0, 0.0, 1),
        later=True,
    ) as (a, _):
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(LIMIT_S):
                await a.connect()


async def test_candidates_beyond_what_is_useful_are_ignored() -> None:
    connection = IceConnection(IceSettings())
    for number in range(MOST_REMOTE_CANDIDATES + 20):
        await connection.add_remote_candidate(Candidate("1", 1, "udp", 1, "192.0.2.1", 1000 + number, "host"))
    await connection.add_remote_candidate(Candidate("1", 2, "udp", 1, "192.0.2.1", 999, "host"))
    assert len(connection.remote_candidates) == MOST_REMOTE_CANDIDATES
    assert {candidate.component for candidate in connection.remote_candidates} == {1}
    await connection.close()


async def test_gathering_is_complete_when_the_last_server_is() -> None:
    gatherer = IceGatherer(IceSettings())
    await gatherer.gather()
    assert gatherer.state == "completed" and gatherer.getLocalCandidates()
    await gatherer.connection.close()


def test_servers_as_configured() -> None:
    servers = [
        RTCIceServer(["stun:one.example", "stun:one.example:3478", "stuns:two.example"]),
        RTCIceServer("turn:three.example?transport=udp", "u", "p"),
        RTCIceServer(["turn:three.example:80?transport=tcp", "turns:three.example:443"], "u", "p"),
        RTCIceServer("turns:three.example:443?transport=udp", "u", "p"),
    ]
    found = settings_for(servers, relay_only=True)
    assert found.stun_servers == (StunServer("one.example", 3478),)
    assert found.relays == (
        RelayServer("three.example", 3478, Carrier.UDP, "u", "p"),
        RelayServer("three.example", 80, Carrier.TCP, "u", "p"),
        RelayServer("three.example", 443, Carrier.TLS, "u", "p"),
    )
    assert "p" not in repr(found.relays[0]).replace("three.example", "").replace("udp", "").replace("RelayServer", "")
    with pytest.raises(ValueError, match="malformed"):
        settings_for([RTCIceServer("http://four.example")])


def _response(request: stun.Message, key: bytes | None) -> stun.Message:
    response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
    if key is not None:
        response.add_message_integrity(key)
    return stun.parse_message(bytes(response))


async def test_a_request_is_repeated_until_it_is_answered() -> None:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    sent = 0

    def send() -> None:
        nonlocal sent
        sent += 1
        if sent == 3:
            transaction.response_received(_response(request, None), ("192.0.2.1", 1))
            transaction.response_received(_response(request, b"forged"), ("192.0.2.1", 1))
        if sent == 5:
            transaction.response_received(_response(request, b"key"), ("192.0.2.2", 2))

    transaction = Transaction(send, FAST, integrity_key=b"key")
    async with asyncio.timeout(LIMIT_S):
        _, address = await transaction.run()
    assert address == ("192.0.2.2", 2) and sent == 5, "unsigned and forged answers do not count"


async def test_a_request_is_given_up() -> None:
    sent: list[None] = []
    transaction = Transaction(lambda: sent.append(None), Repeat(0.005, 1.5, 0.01, 0.05), integrity_key=None)
    with pytest.raises(stun.TransactionTimeout):
        await transaction.run()
    assert len(sent) > 2


async def test_a_request_is_repeated_at_once_when_the_other_end_is_heard() -> None:
    sent = asyncio.Queue[None]()
    transaction = Transaction(lambda: sent.put_nowait(None), NEVER, integrity_key=None)
    running = asyncio.create_task(transaction.run())
    async with asyncio.timeout(LIMIT_S):
        await sent.get()
        transaction.repeat_now()
        assert sent.empty(), "not twice within 10 ms"
        while sent.empty():
            transaction.repeat_now()
            await asyncio.sleep(0.005)
    transaction.fail(ConnectionError())
    with pytest.raises(ConnectionError):
        await running


class _Nowhere(asyncio.DatagramTransport):
    """A transport that sends nothing."""

    def sendto(self, data: Any, addr: Any = None) -> None:
        return None

    def is_closing(self) -> bool:
        return False


_stun_like = st.binary(max_size=120).map(
    lambda body: b"\0\x01" + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12) + body
)
_attributes = st.lists(
    st.tuples(st.sampled_from([1, 6, 8, 9, 0x20, 0x24, 0x25, 0x8028, 0x8029, 0x802A]), st.binary(max_size=24)),
    max_size=5,
).map(
    lambda attributes: b"".join(
        kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value + bytes(-len(value) % 4)
        for kind, value in attributes
    )
)
_stun_with_attributes = _attributes.map(
    lambda body: b"\0\x01" + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + os.urandom(12) + body
)


@settings(max_examples=60)
@given(st.lists(st.one_of(st.binary(max_size=200), _stun_like, _stun_with_attributes), max_size=10))
def test_nonsense_is_refused_and_survived(datagrams: list[bytes]) -> None:
    async def receive() -> None:
        connection = IceConnection(IceSettings())
        one = IceSocket(connection)
        one.connection_made(_Nowhere())
        one.local_candidate = Candidate("1", 1, "udp", 1, "192.0.2.1", 1, "host")
        for datagram in datagrams:
            one.datagram_received(datagram, ("192.0.2.9", 9))
        assert connection._queue.empty() and not connection._early_checks

    asyncio.run(receive())
