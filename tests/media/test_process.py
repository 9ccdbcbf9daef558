"""Media over its link: configured, fed nonsense, without devices, and one call against a plain aiortc peer."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import av
import numpy as np
import pytest

from kiosk.facts.clock_strip import CLOCK_PERIOD, read_clock
from kiosk.facts.profile import RingTone
from kiosk.ipc.media_messages import (
    AcceptCall,
    CallAnswered,
    CallPrepared,
    CallRefused,
    DropCall,
    FirstRemoteFrame,
    LineChanged,
    LineState,
    MediaPart,
    MediaTrouble,
    PartState,
    ReportStatistics,
    SdpTrouble,
    SpeechFinished,
    StartRing,
    Statistics,
    StopRing,
    StopSpeaking,
    TakeOffer,
)
from kiosk.media import process
from kiosk.media.generated_picture import GeneratedPicture
from tests.media.core_end import CoreEnd, until
from tests.media.nurse_peer import NursePeer


@pytest.fixture
async def core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[CoreEnd]:
    """Media without any sound card."""
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nothing-here")
    core = await CoreEnd.inside()
    yield core
    await core.stop()


async def _answered(core: CoreEnd, nurse: NursePeer, call_id: str = "c") -> CallAnswered:
    core.prepare(call_id, await nurse.offer())
    await core.hear(CallPrepared)
    core.send(AcceptCall(call_id=call_id))
    answer = await core.hear(CallAnswered)
    await nurse.take(answer.sdp)
    await core.hear(LineChanged, lambda message: message.line is LineState.CONNECTED)
    return answer


async def test_rings_are_there_and_a_missing_sound_card_is_told(core: CoreEnd) -> None:
    await core.configure()
    assert core.remote is not None and core.remote.read() is None
    sound = await core.hear(PartState, lambda message: message.part is MediaPart.SOUND)
    assert sound.trouble in (MediaTrouble.NOT_FOUND, MediaTrouble.FAILED)
    assert (await core.hear(PartState, lambda message: message.part is MediaPart.CAMERA)).trouble is None
    core.send(StartRing(tone=RingTone.STANDARD))
    core.speak(4, bytes(4800), 48_000)
    assert (await core.hear(SpeechFinished)).dropped
    core.send(StopRing())
    core.send(StopSpeaking())


async def test_a_missing_portaudio_library_is_told(core: CoreEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoLibrary:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    import sys

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoLibrary(), *sys.meta_path])
    await core.configure()
    sound = await core.hear(PartState, lambda message: message.part is MediaPart.SOUND)
    assert sound.trouble is MediaTrouble.NOT_FOUND


@pytest.mark.parametrize(
    ("camera", "trouble"),
    [
        ("/dev/video-that-is-not-there", MediaTrouble.NOT_FOUND),
        ("no/such/film.webm", MediaTrouble.NOT_FOUND),
        ("rubbish", MediaTrouble.FAILED),
    ],
)
async def test_a_camera_that_cannot_be_used_is_told_and_the_call_goes_on(
    core: CoreEnd, camera: str, trouble: MediaTrouble, tmp_path: Path
) -> None:
    if camera == "rubbish":
        camera = str(tmp_path / "film.webm")
        Path(camera).write_bytes(os.urandom(5000))
    await core.configure(camera=camera)
    assert (await core.hear(PartState, lambda m: m.part is MediaPart.CAMERA)).trouble is trouble
    nurse = NursePeer()
    await _answered(core, nurse)
    await core.hear(FirstRemoteFrame)
    await until(lambda: nurse.frames >= 2)  # the dark picture
    assert nurse.clocks == []
    await nurse.close()


async def test_a_camera_that_is_plugged_in_later_is_told(
    core: CoreEnd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_CHECK_EVERY_S", 0.1)
    place = tmp_path / "camera"
    await core.configure(camera=str(place))
    await core.hear(PartState, lambda message: message.trouble is MediaTrouble.NOT_FOUND and _is_camera(message))
    place.symlink_to("/dev/null")  # a character device, as a camera is
    await core.hear(PartState, lambda message: message.trouble is None and _is_camera(message))
    place.unlink()
    await core.hear(PartState, lambda message: message.trouble is MediaTrouble.NOT_FOUND and _is_camera(message))


def _is_camera(message: PartState) -> bool:
    return message.part is MediaPart.CAMERA


async def test_nonsense_is_counted_and_survived(core: CoreEnd) -> None:
    await core.configure()
    for packet in [b"{", b"\xff\xfe", b'{"type":"no-such-message"}', b'{"type":"prepare-call"}', b"[1]", b" "]:
        core.connection.send(packet)
    memory = os.memfd_create("stray")
    socket.send_fds(core.connection, [b'{"type":"stop-ring"}'], [memory])
    os.close(memory)
    core.send(AcceptCall(call_id="nobody"))
    assert (await core.hear(CallRefused)).call_id == "nobody"
    core.send(DropCall(call_id="nobody"))
    core.send(ReportStatistics())
    assert (await core.hear(Statistics)).call_id is None


async def test_speech_that_makes_no_sense_is_dropped(core: CoreEnd) -> None:
    await core.configure()
    core.speak(1, b"", 22_050)
    core.speak(2, bytes(100), -5)
    assert [(await core.hear(SpeechFinished)).dropped for _ in range(2)] == [True, True]


@pytest.mark.parametrize("offer", ["", "hello", "v=0\r\nm=audio 9 RTP/AVP 0\r\n"])
async def test_an_offer_that_cannot_be_used_is_refused(core: CoreEnd, offer: str) -> None:
    await core.configure()
    core.prepare("c", offer)
    assert (await core.hear(CallRefused)).trouble in (SdpTrouble.MALFORMED, SdpTrouble.NO_USABLE_CODEC)
    nurse = NursePeer()
    await _answered(core, nurse, "after")
    await nurse.close()


async def test_nothing_is_sent_before_the_call_is_accepted(core: CoreEnd) -> None:
    await core.configure()
    nurse = NursePeer()
    offer = await nurse.offer()
    # An offer whose candidates lead to a socket of ours: whoever sends to the peer before accepting is caught.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trap:
        trap.bind(("127.0.0.1", 0))
        trap.setblocking(False)
        port = trap.getsockname()[1]
        lines = [
            f"a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host" if "a=candidate" in line else line
            for line in offer.split("\r\n")
        ]
        core.prepare("c", "\r\n".join(lines))
        await core.hear(CallPrepared)
        await asyncio.sleep(1.0)
        with pytest.raises(BlockingIOError):
            trap.recv(2000)
        assert core.self_view is not None and core.self_view.newest() == 0, "the camera is off while it rings"
        core.send(AcceptCall(call_id="c"))
        await core.hear(CallAnswered)
        await until(lambda: _arrived(trap))
    await nurse.close()


def _arrived(trap: socket.socket) -> bool:
    try:
        return bool(trap.recv(2000))
    except BlockingIOError:
        return False


async def test_a_call_both_ways_and_its_end(core: CoreEnd) -> None:
    await core.configure()
    nurse = NursePeer(data=True)
    core.prepare("c", await nurse.offer())
    await core.hear(CallPrepared)
    accepted = time.monotonic()
    core.send(AcceptCall(call_id="c"))
    answer = await core.hear(CallAnswered)
    assert time.monotonic() - accepted < 0.5
    assert "H264" not in answer.sdp and "PCMU" not in answer.sdp
    await nurse.take(answer.sdp)
    first = await core.hear(FirstRemoteFrame)
    assert first.at - accepted < 3
    assert core.remote is not None and core.self_view is not None
    remote, own = core.remote, core.self_view
    clocks: set[int] = set()

    def read_remote() -> bool:
        frame = remote.read()
        if frame is not None:
            assert (frame.width, frame.height) == (640, 480)
            luma = np.frombuffer(frame.planes, dtype=np.uint8)[: 640 * 480].reshape(480, 640)
            clock = read_clock(luma)
            if clock is not None:
                clocks.add(clock)
        return len(clocks) >= 20

    await until(read_remote)
    now = int(time.time() * 1000) % CLOCK_PERIOD
    assert 0 <= now - max(clocks) < 2000
    await until(lambda: len(nurse.clocks) >= 20)
    view = own.read()
    assert view is not None and (view.width, view.height) == (320, 240)
    assert read_clock(np.frombuffer(view.planes, dtype=np.uint8)[: 320 * 240].reshape(240, 320)) is not None
    core.send(ReportStatistics())
    counts = await core.hear(Statistics)
    assert counts.frames_received > 15 and counts.frames_sent > 15 and counts.audio_frames_received > 10
    assert len(nurse.samples) > 48_000 // 5, "silence is sent when there is no microphone"
    core.send(DropCall(call_id="c"))
    await until(lambda: remote.newest() == 0 and own.newest() == 0, 1.0)
    await until(lambda: nurse.connection.connectionState == "closed")
    await asyncio.sleep(0.3)
    assert remote.newest() == 0 and own.newest() == 0, "nothing comes after the end"
    await nurse.close()


async def test_one_call_after_another(core: CoreEnd) -> None:
    await core.configure()
    for number in range(3):
        nurse = NursePeer()
        await _answered(core, nurse, f"call {number}")
        await core.hear(FirstRemoteFrame)
        core.send(DropCall(call_id=f"call {number}"))
        await nurse.close()


async def test_dropping_while_it_rings(core: CoreEnd) -> None:
    await core.configure()
    nurse = NursePeer()
    core.prepare("c", await nurse.offer())
    core.send(DropCall(call_id="c"))
    other = NursePeer()
    await _answered(core, other, "d")
    await nurse.close()
    await other.close()


async def test_an_audio_call_without_video(core: CoreEnd) -> None:
    await core.configure()
    nurse = NursePeer(video=False)
    await _answered(core, nurse)
    await until(lambda: len(nurse.samples) > 4800)
    await nurse.close()


async def test_the_other_end_offers_again(core: CoreEnd) -> None:
    await core.configure()
    nurse = NursePeer()
    await _answered(core, nurse)
    await core.hear(FirstRemoteFrame)
    nurse.connection.getTransceivers()[1].direction = "recvonly"  # her camera off
    core.send(TakeOffer(call_id="c", offer=await nurse.offer()))
    answer = await core.hear(CallAnswered)
    await nurse.take(answer.sdp)
    before = nurse.frames
    await until(lambda: nurse.frames > before + 5)
    core.send(TakeOffer(call_id="c", offer="rubbish"))
    assert (await core.hear(CallRefused)).trouble is SdpTrouble.MALFORMED
    before = nurse.frames
    await until(lambda: nurse.frames > before + 5)
    await nurse.close()


async def test_a_line_that_goes_silent_is_told_and_a_dead_one_too(core: CoreEnd) -> None:
    await core.configure()
    nurse = NursePeer()
    await _answered(core, nurse)
    await core.hear(FirstRemoteFrame)
    transport = nurse.connection.getTransceivers()[0].receiver.transport
    silent_from = time.monotonic()

    async def swallow(data: bytes) -> None:
        return None

    sending = transport._send_rtp
    transport._send_rtp = swallow  # type: ignore[method-assign]
    silent = await core.hear(LineChanged, lambda message: message.line is LineState.SILENT)
    assert 0.6 < silent.at - silent_from < 2, "about SILENT_AFTER_S"
    transport._send_rtp = sending  # type: ignore[method-assign]
    await core.hear(LineChanged, lambda message: message.line is LineState.CONNECTED)
    transport._send_rtp = swallow  # type: ignore[method-assign]
    failed = await core.hear(LineChanged, lambda message: message.line is LineState.FAILED)
    assert failed.at - silent_from > 8
    await nurse.close()


async def test_a_film_is_a_camera_and_begins_again(core: CoreEnd, tmp_path: Path) -> None:
    film = tmp_path / "film.webm"
    generated = GeneratedPicture(640, 480)
    with av.open(str(film), "w") as container:
        stream = container.add_stream("libvpx", rate=30)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 640, 480, "yuv420p", 800_000
        stream.options = {"deadline": "realtime", "cpu-used": "-6"}
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(generated.draw(1000 + number), format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    await core.configure(camera=str(film))
    assert (await core.hear(PartState, lambda message: message.part is MediaPart.CAMERA)).trouble is None
    nurse = NursePeer()
    await _answered(core, nurse)
    await until(lambda: nurse.clocks.count(1010) >= 2)
    await nurse.close()


async def test_the_process_ends_when_core_does() -> None:
    core = await CoreEnd.as_process()
    await core.configure()
    assert core.process is not None
    began = time.monotonic()
    await core.stop()
    assert core.process.returncode == 0
    assert time.monotonic() - began < 8
