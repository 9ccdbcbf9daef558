"""Whole connections: ours with ours, ours with stock aiortc, and with ends that can do less or change their minds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiortc import RTCSessionDescription

from kiosk.ipc.media_messages import (
    AcceptCall,
    CallAnswered,
    CallPrepared,
    CallRefused,
    FirstRemoteFrame,
    FromMedia,
    LineChanged,
    LineState,
    Negotiated,
    OfferReady,
    ReofferCall,
    SdpTrouble,
    TakeAnswer,
    TakeOffer,
)
from kiosk.media.call import Call, CallDevices
from kiosk.media.engine.session import MediaSession
from kiosk.media.peer import Peer
from kiosk.media.relaying import Relaying
from kiosk.media.voice import Microphone
from tests.media.core_end import CoreEnd, until
from tests.media.descriptions import AUDIO, DATA, SESSION, VIDEO
from tests.media.engine.session_door import frame
from tests.media.nurse_peer import NursePeer

WIDE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"


def full_offer() -> str:
    """As Chromium offers, with everything that is spoken here."""
    audio = AUDIO.replace(
        "a=rtpmap:63 red/48000/2\r\n",
        f"a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtcp-fb:111 nack\r\na=extmap:5 {WIDE}\r\n",
    )
    video = VIDEO.replace(
        "a=rtcp-fb:96 nack\r\n", f"a=rtcp-fb:96 nack\r\na=rtcp-fb:96 transport-cc\r\na=extmap:5 {WIDE}\r\n"
    )
    return SESSION + audio + video + DATA


class _Ours:
    """One end of ours, without devices: silence, and pictures that ``show`` draws."""

    def __init__(self) -> None:
        self.pictures = 0
        self.lines: list[LineState] = []
        self.session = MediaSession(Microphone().reader(), on_picture=self._seen, on_voice=lambda _: None)
        self.peer = Peer([], self.session, on_line=self.lines.append)
        self._shown = 0

    def show(self) -> None:
        self._shown += 1
        self.session.show(frame(self._shown, (320, 240)))

    def _seen(self, _: object) -> None:
        self.pictures += 1


class _Pair:
    """``caller`` has offered, ``kiosk`` has answered; ``offer`` is what was offered."""

    def __init__(self, caller: _Ours, kiosk: _Ours, offer: str, answer: str) -> None:
        self.caller, self.kiosk, self.offer, self.answer = caller, kiosk, offer, answer

    async def until(self, condition: Callable[[], bool], limit_s: float = 10.0) -> None:
        """With both cameras running."""
        async with asyncio.timeout(limit_s):
            while not condition():
                self.caller.show()
                self.kiosk.show()
                await asyncio.sleep(0.03)

    async def both_see_and_hear(self) -> None:
        ends = (self.caller, self.kiosk)
        before = [(end.pictures, end.session.receiving.voice_packets) for end in ends]
        await self.until(
            lambda: all(
                end.pictures >= pictures + 5 and end.session.receiving.voice_packets >= packets + 10
                for end, (pictures, packets) in zip(ends, before, strict=True)
            )
        )


@pytest.fixture
async def pair() -> AsyncIterator[_Pair]:
    scout, caller, kiosk = _Ours(), _Ours(), _Ours()
    await scout.peer.prepare(full_offer())
    answered = await scout.peer.answer()
    await scout.peer.close(silently=True)
    offer = await caller.peer.offer(Negotiated(local_sdp=full_offer(), remote_sdp=answered))
    await kiosk.peer.prepare(offer)
    answer = await kiosk.peer.answer()
    await caller.peer.take_answer(answer)
    yield _Pair(caller, kiosk, offer, answer)
    await asyncio.gather(caller.peer.close(), kiosk.peer.close())


async def test_ours_with_ours(pair: _Pair) -> None:
    await pair.both_see_and_hear()
    for end in (pair.caller, pair.kiosk):
        assert LineState.CONNECTED in end.lines
        for kind, stream in end.session.sending.streams.items():
            assert stream.agreement.transport_extension is not None and stream.agreement.asks_again, kind
        assert end.session.sending.streams["audio"].agreement.redundant_type == 63
        assert end.session.sending.streams["video"].agreement.retransmission_type == 97
    await pair.until(
        lambda: all(end.session.sending.estimate.round_trip_s is not None for end in (pair.caller, pair.kiosk))
    )
    assert pair.kiosk.session.refused == pair.kiosk.session.datagrams.unsent == 0


def _expects(end: _Ours) -> bool:
    return end.session.expects_media


async def test_hold_and_back(pair: _Pair) -> None:
    await pair.both_see_and_hear()
    held = pair.offer.replace("a=sendrecv", "a=inactive")
    assert (await pair.kiosk.peer.renegotiate(held)).count("a=inactive") == 2
    await asyncio.sleep(0.15)  # what was on its way
    sent = {kind: stream.packets for kind, stream in pair.kiosk.session.sending.streams.items()}
    for _ in range(10):
        pair.kiosk.show()
        await asyncio.sleep(0.03)
    assert {kind: stream.packets for kind, stream in pair.kiosk.session.sending.streams.items()} == sent
    assert _expects(pair.kiosk) is False
    await pair.kiosk.peer.renegotiate(pair.offer)
    assert _expects(pair.kiosk) is True
    await pair.both_see_and_hear()


async def test_a_second_picture_is_agreed_to_and_not_looked_at(pair: _Pair) -> None:
    await pair.both_see_and_hear()
    lines = pair.offer.splitlines()
    transport = [line for line in lines if line.startswith(("a=ice-", "a=fingerprint", "a=setup"))]
    transport = list(dict.fromkeys(transport))
    screen = [
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97", "c=IN IP4 0.0.0.0", *transport, "a=mid:9", "a=sendonly", "a=rtcp-mux",
        "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
        "a=ssrc:7001 cname:x",
    ]  # fmt: skip
    more = "\r\n".join(lines).replace("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1 2 9")
    answer = await pair.kiosk.peer.renegotiate(more + "\r\n" + "\r\n".join(screen) + "\r\n")
    assert answer.count("\r\nm=") == 4
    await pair.both_see_and_hear()
    # and now the screen itself: same payload type, another source
    picture_source = pair.kiosk.session.receiving.streams["video"].ssrc
    packets = pair.kiosk.session.receiving.streams["video"].reception.packets
    outgoing = pair.caller.session.sending.streams["video"]
    known, outgoing.ssrc = outgoing.ssrc, 7001
    section, outgoing._section = outgoing._section, b"9"
    outgoing.packets = 0
    for _ in range(15):
        pair.caller.show()
        await asyncio.sleep(0.03)
    assert pair.kiosk.session.receiving.streams["video"].ssrc == picture_source
    assert pair.kiosk.session.receiving.streams["video"].reception.packets <= packets + 5
    outgoing.ssrc, outgoing._section = known, section
    await pair.both_see_and_hear()


async def test_sources_that_change_without_a_word(pair: _Pair) -> None:
    await pair.both_see_and_hear()
    for kind, number in (("video", 30_000), ("audio", 60_000)):
        stream = pair.caller.session.sending.streams[kind]
        stream.ssrc += 1
        stream._number = stream._number + number & 0xFFFF
        stream.shift = stream.shift + 0x70000000 & 0xFFFFFFFF
    before = pair.kiosk.session.receiving.voice_packets
    await pair.both_see_and_hear()
    assert pair.kiosk.session.receiving.streams["video"].ssrc == pair.caller.session.sending.streams["video"].ssrc
    assert pair.kiosk.session.receiving.streams["audio"].ssrc == pair.caller.session.sending.streams["audio"].ssrc
    assert pair.kiosk.session.receiving.voice_packets > before
    assert len(pair.kiosk.session.receiving._sources.by_ssrc) <= 4


# stock aiortc


@pytest.fixture
async def core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[CoreEnd]:
    """Media without any sound card."""
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nothing-here")
    core = await CoreEnd.inside()
    await core.configure()
    yield core
    await core.stop()


async def _answered(core: CoreEnd, nurse: NursePeer, change: Callable[[str], str] = lambda sdp: sdp) -> Negotiated:
    offer = change(await nurse.offer())
    core.prepare("c", offer)
    await core.hear(CallPrepared)
    core.send(AcceptCall(call_id="c"))
    answer = (await core.hear(CallAnswered)).sdp
    await nurse.take(answer)
    await core.hear(FirstRemoteFrame)
    await until(lambda: nurse.frames >= 3 and bool(nurse.parts))
    return Negotiated(remote_sdp=offer, local_sdp=answer)


@pytest.fixture
async def nurses() -> AsyncIterator[Callable[[], NursePeer]]:
    made: list[NursePeer] = []

    def make() -> NursePeer:
        made.append(NursePeer(data=True))
        return made[-1]

    yield make
    closing: list[Awaitable[None]] = [nurse.close() for nurse in made]
    await asyncio.gather(*closing)


async def test_an_offer_that_crosses_ours_takes_the_call_over(core: CoreEnd, nurses: Callable[[], NursePeer]) -> None:
    negotiated = await _answered(core, nurses())
    core.send(ReofferCall(call_id="c", negotiated=negotiated))
    await core.hear(OfferReady)
    again = nurses()
    core.send(TakeOffer(call_id="c", offer=await again.offer()))
    await again.take((await core.hear(CallAnswered)).sdp)
    await core.hear(FirstRemoteFrame)
    await until(lambda: again.frames >= 3 and bool(again.parts))
    assert not any(isinstance(message, CallRefused) for message in core.said)


async def test_stock_aiortc_answers_ours(core: CoreEnd, nurses: Callable[[], NursePeer]) -> None:
    negotiated = await _answered(core, nurses())
    core.send(ReofferCall(call_id="c", negotiated=negotiated))
    offer = (await core.hear(OfferReady)).sdp
    again = nurses()
    await again.connection.setRemoteDescription(_description(offer, "offer"))
    await again.connection.setLocalDescription(await again.connection.createAnswer())
    core.send(TakeAnswer(call_id="c", answer=again.connection.localDescription.sdp))
    await core.hear(FirstRemoteFrame)
    await until(lambda: again.frames >= 3 and bool(again.parts))


def _description(sdp: str, kind: str) -> RTCSessionDescription:
    return RTCSessionDescription(sdp=sdp, type=kind)


def _plain(sdp: str) -> str:
    """A phone's: Opus and VP8 without feedback, retransmission and extensions."""
    gone = ("a=rtcp-fb:", "a=extmap:", "a=ssrc")
    return "\r\n".join(line for line in sdp.splitlines() if not line.startswith(gone)) + "\r\n"


async def test_an_end_that_only_does_the_least(core: CoreEnd, nurses: Callable[[], NursePeer]) -> None:
    negotiated = await _answered(core, nurses(), _plain)
    assert "rtcp-fb" not in negotiated.local_sdp and "extmap" not in negotiated.local_sdp


async def test_a_phone_without_opus_is_refused(core: CoreEnd) -> None:
    lines = AUDIO.replace(" 111 63 9 0 8 126", " 0").splitlines(keepends=True)
    others = ("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:")
    audio = "".join(line for line in lines if line.startswith("a=rtpmap:0 ") or not line.startswith(others))
    core.prepare("c", SESSION.replace("BUNDLE 0 1 2", "BUNDLE 0") + audio)
    refused = await core.hear(CallRefused)
    assert refused.trouble is SdpTrouble.NO_USABLE_CODEC


# who speaks for the call


async def test_until_a_fresh_connection_is_answered_the_old_one_may_say_that_it_works(
    nurses: Callable[[], NursePeer],
) -> None:
    told: list[FromMedia] = []
    devices = CallDevices(
        microphone=Microphone(),
        paint=lambda *_: None,
        listen_to=lambda _: None,
        on=lambda: None,
        off=lambda: None,
    )
    call = Call("c", Relaying(), devices, told.append)
    nurse = nurses()
    offer = await nurse.offer()
    call.prepare(offer)
    call.accept()
    await until(lambda: any(isinstance(message, CallAnswered) for message in told))
    answer = next(message.sdp for message in told if isinstance(message, CallAnswered))
    await nurse.take(answer)
    await until(lambda: any(isinstance(message, FirstRemoteFrame) for message in told))
    call.reoffer(Negotiated(remote_sdp=offer, local_sdp=answer))
    await until(lambda: any(isinstance(message, OfferReady) for message in told))
    old, fresh = call._leaving, call._leg
    assert old is not None and fresh is not None
    told.clear()
    call.line_changed(old, LineState.SILENT)
    assert told == []
    call.line_changed(old, LineState.CONNECTED)
    assert [message.line for message in told if isinstance(message, LineChanged)] == [LineState.CONNECTED]
    fresh.answered = True
    call.line_changed(old, LineState.CONNECTED)
    assert len(told) == 1
    await call.drop()
    assert not call._closings and not call._tasks
