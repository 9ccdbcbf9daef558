"""Calls through a real coturn: every carrier, a browser at the other end, relays that refuse, are dead, say nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiortc import RTCIceServer
from playwright.async_api import async_playwright

from kiosk.ipc.media_messages import LineState, Negotiated, SdpTrouble
from kiosk.media.engine.connection import PeerConnection
from kiosk.media.engine.ice import IceConnection, NoRelayError, settings_for
from kiosk.media.engine.relays import Carrier, Outcome, RelayServer, RelayTransport
from kiosk.media.engine.session import MediaSession
from kiosk.media.negotiation import SdpRefusedError
from kiosk.media.peer import Peer
from kiosk.media.voice import Microphone
from tests.media.engine.connect_times import FLAGS, NURSE, Browser
from tests.media.engine.coturn import CARRIERS, HOST, Coturn, coturn, free_port, relayed_host
from tests.media.engine.lossy_sockets import LossyLine, over
from tests.media.engine.near_end import NearEnd
from tests.media.nurse_peer import NursePeer

LIMIT_S = 15.0


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Coturn]:
    async with coturn(tmp_path) as running:
        yield running


@pytest.fixture
async def nurse() -> AsyncIterator[NursePeer]:
    nurse = NursePeer(video=False)
    yield nurse
    await nurse.close()


def _candidates(sdp: str) -> list[str]:
    return [line for line in sdp.splitlines() if line.startswith("a=candidate:")]


def _ice(near: NearEnd) -> IceConnection:
    assert isinstance(near.connection, PeerConnection)
    connection = near.connection.getTransceivers()[0].receiver.transport.transport._connection
    assert isinstance(connection, IceConnection)
    return connection


class _Kiosk:
    """A Peer and what it says of its line."""

    def __init__(self, servers: list[RTCIceServer], relay: Coturn | None = None) -> None:
        self.session = MediaSession(Microphone().reader(), on_picture=lambda _: None, on_voice=lambda _: None)
        self.connected = asyncio.Event()
        tls = relay.tls if relay is not None else None
        self.peer = Peer(servers, self.session, on_line=self._line_changed, relay_only=True, tls=tls)

    def _line_changed(self, line: LineState) -> None:
        if line is LineState.CONNECTED:
            self.connected.set()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_kiosk_that_is_reached_through_its_relay_only(relay: Coturn, nurse: NursePeer, carrier: str) -> None:
    kiosk = _Kiosk([relay.server(carrier)], relay)
    await kiosk.peer.prepare(await nurse.offer())
    answer = await kiosk.peer.answer()
    (candidate,) = _candidates(answer)
    assert f" {relayed_host()} " in candidate and candidate.endswith("typ relay raddr 0.0.0.0 rport 9")
    await nurse.take(answer)
    async with asyncio.timeout(LIMIT_S):
        await kiosk.connected.wait()
    await _until(lambda: kiosk.session.bytes_received > 0 and len(nurse.samples) > 4800)
    await kiosk.peer.close()


async def test_a_browser_hears_a_relayed_kiosk(relay: Coturn) -> None:
    kiosk = _Kiosk([relay.server("tls", "udp")], relay)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=FLAGS)
        page = await chromium.new_page()
        await page.add_script_tag(content=NURSE)
        browser = Browser(page)
        await kiosk.peer.prepare(await browser.offer())
        answer = await kiosk.peer.answer()
        assert all(" typ relay " in candidate for candidate in _candidates(answer))
        await browser.take(answer)
        await browser.connected_at()
        await _until(lambda: kiosk.session.bytes_received > 0)
        await kiosk.peer.close()
        await chromium.close()


async def test_a_fresh_relayed_connection_takes_over_a_call_with_a_browser(relay: Coturn) -> None:
    first, second = _Kiosk([relay.server("udp")], relay), _Kiosk([relay.server("udp")], relay)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=FLAGS)
        page = await chromium.new_page()
        await page.add_script_tag(content=NURSE)
        browser = Browser(page)
        offer = await browser.offer()
        await first.peer.prepare(offer)
        answer = await first.peer.answer()
        await browser.take(answer)
        await _until(lambda: first.session.bytes_received > 0)

        taking_over = await second.peer.offer(Negotiated(remote_sdp=offer, local_sdp=answer))
        assert all(" typ relay " in candidate for candidate in _candidates(taking_over))
        await second.peer.take_answer(await browser.answer(taking_over))
        await _until(lambda: second.session.bytes_received > 0)
        await first.peer.close(silently=True)
        heard = second.session.bytes_received
        await _until(lambda: second.session.bytes_received > heard + 5000)
        await second.peer.close()
        await chromium.close()


async def test_credentials_that_are_wrong_or_have_expired(relay: Coturn, nurse: NursePeer) -> None:
    offer = await nurse.offer()
    for server in (relay.server("udp", "tcp", "tls", credential="guessed"), relay.server("udp", valid_s=-60)):
        near = NearEnd(settings_for([server], relay_only=True, tls=relay.tls))
        await near.prepare(offer)
        with pytest.raises(NoRelayError, match="credentials-refused") as refused:
            await near.answer()
        assert set(refused.value.outcomes.values()) == {Outcome.CREDENTIALS_REFUSED}
        await near.close()


async def test_a_relay_whose_certificate_is_not_trusted(relay: Coturn, nurse: NursePeer) -> None:
    near = NearEnd(settings_for([relay.server("tls")], relay_only=True))
    await near.prepare(await nurse.offer())
    with pytest.raises(NoRelayError, match="certificate-refused"):
        await near.answer()
    await near.close()


async def test_relays_where_nothing_listens_refuse_the_call_with_a_reason(nurse: NursePeer) -> None:
    port = free_port()
    nobody = [f"turn:{HOST}:{port}", f"turn:{HOST}:{port}?transport=tcp", f"turns:{HOST}:{port}"]
    kiosk = _Kiosk([RTCIceServer(nobody, "kiosk", "secret")])
    await kiosk.peer.prepare(await nurse.offer())
    with pytest.raises(SdpRefusedError, match="unreachable") as refused:
        await kiosk.peer.answer()
    assert refused.value.trouble is SdpTrouble.FAILED
    await kiosk.peer.close()


async def test_no_relay_configured_where_only_relays_may_be_used(nurse: NursePeer) -> None:
    kiosk = _Kiosk([])
    await kiosk.peer.prepare(await nurse.offer())
    with pytest.raises(SdpRefusedError, match="no relay is configured"):
        await kiosk.peer.answer()
    await kiosk.peer.close()


async def test_servers_that_say_nothing_are_not_waited_for(nurse: NursePeer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole, socket.socket() as slow:
        hole.bind((HOST, 0))
        slow.bind((HOST, 0))
        slow.listen()
        silent = [f"stun:{HOST}:{hole.getsockname()[1]}", f"turn:{HOST}:{hole.getsockname()[1]}"]
        silent.append(f"turns:{HOST}:{slow.getsockname()[1]}")
        near = NearEnd(settings_for([RTCIceServer(silent, "kiosk", "secret")]))
        await near.prepare(await nurse.offer())
        answer = await near.answer()
        assert set(_ice(near).outcomes.values()) <= {Outcome.ASKED}, "nobody has answered, nobody was given up"
        assert _candidates(answer) and "a=end-of-candidates" not in answer
        await nurse.take(answer)
        async with asyncio.timeout(LIMIT_S):
            await near.heard
        assert set(_ice(near).outcomes.values()) == {Outcome.ASKED}
        await near.close()


async def test_one_relay_of_several_that_works_is_enough(relay: Coturn, nurse: NursePeer) -> None:
    wrong = relay.server("udp", credential="guessed")
    nobody = RTCIceServer(f"turn:{HOST}:{free_port()}?transport=tcp", "kiosk", "secret")
    near = NearEnd(settings_for([wrong, nobody, relay.server("tls")], relay_only=True, tls=relay.tls))
    await near.prepare(await nurse.offer())
    await nurse.take(await near.answer())
    async with asyncio.timeout(LIMIT_S):
        await near.heard
    carriers = {
        server.carrier: outcome for server, outcome in _ice(near).outcomes.items() if isinstance(server, RelayServer)
    }
    assert carriers[Carrier.TLS] is Outcome.READY
    await near.close()


async def test_a_relay_that_comes_after_the_answer_still_carries_the_call(relay: Coturn, nurse: NursePeer) -> None:
    """Our own sockets reach nobody; the nurse was told of them only, and meets the relay by its checks."""
    near = NearEnd(settings_for([relay.server("udp")]))
    offer = await nurse.offer()
    with over(LossyLine(1.0, 0.0, seed=1)):
        await near.prepare(offer)
        answer = await near.answer()
    assert not any(" typ relay " in candidate for candidate in _candidates(answer))
    await nurse.take(answer)
    async with asyncio.timeout(LIMIT_S):
        await near.heard
    assert isinstance(_ice(near)._nominated[1].protocol.transport, RelayTransport)
    await near.close()


async def test_a_relay_that_goes_away_ends_the_connection_not_the_process(tmp_path: Path, nurse: NursePeer) -> None:
    async with coturn(tmp_path) as relay:
        near = NearEnd(settings_for([relay.server("tcp")], relay_only=True))
        await near.prepare(await nurse.offer())
        await nurse.take(await near.answer())
        async with asyncio.timeout(LIMIT_S):
            await near.heard
    await _until(lambda: near.connection.connectionState in ("failed", "closed"))
    await near.close()


async def test_relays_only_cannot_be_decided_when_addresses_were_gathered() -> None:
    near = IceConnection(settings_for([]))
    near.set_relay_only(True)
    await near.gather_candidates()
    assert near.local_candidates == []
    with pytest.raises(RuntimeError):
        near.set_relay_only(False)
    await near.close()
