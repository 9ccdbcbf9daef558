"""The program that is stock aiortc at one end of a measured call, as its examples use it: for comparison only.

    python -m kiosk.callbench.stock_aiortc --camera FILE --speech FILE

Each line on stdin is a ``Command``, each on stdout a ``Told``. It imports nothing of the kiosk's own media engine, and
looks at aiortc without changing what it does: the only thing it hooks is the arrival of sound packets, to time them.
"""

from __future__ import annotations

import argparse
import asyncio
import fractions
import logging
import sys
import time
import wave
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import av
import msgspec
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack, VideoStreamTrack

from kiosk.callbench.end import EndReport, Frame, Sample, Sent
from kiosk.callbench.pulses import heard_pulses, missing_share
from kiosk.facts.clock_strip import read_clock
from kiosk.media.generated_picture import GeneratedPicture

RATE_HZ = 48_000
GENERATED = "generated"
_PACKET = RATE_HZ // 50
_LOOK_S = 0.2
_HEARD = 30  # of 32767: louder than the silence before anyone speaks


class Offer(msgspec.Struct, frozen=True, tag="offer"):
    """→ Description."""


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """An offer; → Description of the answer."""

    sdp: str


class Take(msgspec.Struct, frozen=True, tag="take"):
    """The answer to the offer; → Description, empty."""

    sdp: str


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """The measured window begins."""

    now: float


class Report(msgspec.Struct, frozen=True, tag="report"):
    """→ Reported."""


Command = Offer | Answer | Take | Begin | Report


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Camera and speech are open."""


class Description(msgspec.Struct, frozen=True, tag="description"):
    """An offer or answer with its candidates."""

    sdp: str


class Noted(msgspec.Struct, frozen=True, tag="noted"):
    """The first time of ``accepted``, ``connected``, ``picture`` or ``sound``: CLOCK_MONOTONIC seconds."""

    what: str
    at: float


class Reported(msgspec.Struct, frozen=True, tag="reported"):
    """What this end saw."""

    report: EndReport


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """A command could not be done."""

    why: str


Told = Ready | Description | Noted | Reported | Failed


class CameraTrack(VideoStreamTrack):
    """The file's frames, 30 a second, from the beginning again at its end; or the generated picture."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self._frames = _generated() if source == GENERATED else _frames_of(source)
        first = next(self._frames)  # also shows whether the source can be read
        self.width, self.height = first.width, first.height
        self.taken = 0

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = next(self._frames)
        frame.pts, frame.time_base = pts, time_base
        self.taken += 1
        return frame


class SpeechTrack(MediaStreamTrack):
    """A WAV (48 kHz, mono, 16 bit) in a loop, 20 ms at a time."""

    kind = "audio"

    def __init__(self, path: str) -> None:
        super().__init__()
        with wave.open(path, "rb") as file:
            self._samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
        self._at = 0
        self._began = 0.0

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        self._began = self._began or time.monotonic()
        await asyncio.sleep(max(0.0, self._began + self._at / RATE_HZ - time.monotonic()))
        samples = self._samples.take(range(self._at, self._at + _PACKET), mode="wrap")
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._at, fractions.Fraction(1, RATE_HZ)
        self._at += _PACKET
        return frame


class Heard:
    """The remote sound: every decoded frame with when it was played, which is when aiortc gave it out."""

    def __init__(self) -> None:
        self._arrived: dict[int, float] = {}
        self._first_timestamp: int | None = None
        self._frames: list[tuple[float, int, np.ndarray[Any, np.dtype[np.int16]]]] = []
        self._delays: list[Sample] = []

    def watch(self, receiver: RTCRtpReceiver) -> None:
        """Note when each sound packet arrives, then let aiortc have it."""
        handle: Callable[..., Coroutine[Any, Any, None]] = receiver._handle_rtp_packet

        async def noting(packet: Any, *others: Any, **named: Any) -> None:
            if self._first_timestamp is None:
                self._first_timestamp = packet.timestamp
            self._arrived[packet.timestamp] = time.monotonic()
            await handle(packet, *others, **named)

        receiver._handle_rtp_packet = noting  # type: ignore[method-assign]

    def take(self, frame: av.AudioFrame, at: float) -> bool:
        """A decoded frame; whether anything can be heard in it."""
        samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0].astype(np.int16)
        pts = frame.pts or 0
        self._frames.append((at, pts, samples))
        arrived = self._arrived.pop(((self._first_timestamp or 0) + pts) % 2**32, None)
        if arrived is not None:
            self._delays.append(Sample(at, 1000 * (at - arrived)))
        return int(np.abs(samples.astype(np.int32)).max()) > _HEARD

    def clear(self) -> None:
        """Forget what was heard so far."""
        self._frames.clear()
        self._delays.clear()

    def delays(self) -> tuple[Sample, ...]:
        """The mean over each 200 ms."""
        pieces: dict[int, list[Sample]] = {}
        for delay in self._delays:
            pieces.setdefault(int(delay.at / _LOOK_S), []).append(delay)
        return tuple(Sample(all_[-1].at, sum(one.value for one in all_) / len(all_)) for all_ in pieces.values())

    def missing(self, seconds: float) -> float | None:
        """Share of the sound that never came: aiortc invents nothing for it."""
        if seconds <= 0:
            return None
        came = sum(len(samples) for _, _, samples in self._frames)
        return min(1.0, max(0.0, 1 - came / (seconds * RATE_HZ)))

    def pulses(self) -> tuple[float, ...]:
        """When the pulses were played, CLOCK_MONOTONIC seconds."""
        if not self._frames:
            return ()
        first = min(pts for _, pts, _ in self._frames)
        length = max(pts + len(samples) for _, pts, samples in self._frames) - first
        if length > 3600 * RATE_HZ:
            return ()
        sound = np.zeros(length, dtype=np.int16)
        played = {}
        for at, pts, samples in self._frames:
            sound[pts - first : pts - first + len(samples)] = samples
            played[(pts - first) // _PACKET] = (at, pts - first)
        times = []
        for second in heard_pulses(sound, RATE_HZ):
            place = int(second * RATE_HZ)
            if place // _PACKET in played:
                at, begin = played[place // _PACKET]
                times.append(at + (place - begin) / RATE_HZ)
        return tuple(times)


class StockEnd:
    """One peer connection with what it sends and sees."""

    def __init__(self, camera: CameraTrack, speech: SpeechTrack, tell: Callable[[Told], None]) -> None:
        self._camera = camera
        self._tell = tell
        self._noted: set[str] = set()
        self._frames: list[Frame] = []
        self._heard = Heard()
        self._sent: list[Sent] = []
        self._round_trip: list[Sample] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._began = self._processor_began = 0.0
        # Explicit: aiortc's default is a public STUN server. Everything else stays as it comes.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.addTrack(speech)
        self._connection.addTrack(camera)
        self._connection.on("track", self._on_track)
        self._connection.on("connectionstatechange", self._connection_changed)

    async def obey(self, command: Command) -> Told | None:
        """Do it; the answer, if it has one."""
        connection = self._connection
        match command:
            case Offer():
                await connection.setLocalDescription(await connection.createOffer())
                return Description(str(connection.localDescription.sdp))
            case Answer():
                self._note("accepted")
                await connection.setRemoteDescription(RTCSessionDescription(sdp=command.sdp, type="offer"))
                await connection.setLocalDescription(await connection.createAnswer())
                return Description(str(connection.localDescription.sdp))
            case Take():
                self._note("accepted")
                await connection.setRemoteDescription(RTCSessionDescription(sdp=command.sdp, type="answer"))
                return Description("")
            case Begin():
                self._begin(command.now)
                return None
            case Report():
                return Reported(self._report())

    async def close(self) -> None:
        """End it."""
        for task in self._tasks:
            task.cancel()
        await self._connection.close()

    def _note(self, what: str) -> None:
        if what not in self._noted:
            self._noted.add(what)
            self._tell(Noted(what, time.monotonic()))

    def _connection_changed(self) -> None:
        if self._connection.connectionState == "connected":
            self._note("connected")
            self._tasks.append(asyncio.create_task(self._look()))

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            for transceiver in self._connection.getTransceivers():
                if transceiver.receiver.track is track:
                    self._heard.watch(transceiver.receiver)
        self._tasks.append(asyncio.create_task(self._drain(track)))

    async def _drain(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            at = time.monotonic()
            if isinstance(frame, av.VideoFrame):
                self._note("picture")
                luma = np.frombuffer(frame.planes[0], dtype=np.uint8)  # type: ignore[call-overload]
                clock = read_clock(luma.reshape(frame.height, -1)[:, : frame.width])
                self._frames.append(Frame(at, frame.width, frame.height, clock))
            elif isinstance(frame, av.AudioFrame) and self._heard.take(frame, at):
                self._note("sound")

    async def _look(self) -> None:
        taken, sent, before = self._camera.taken, 0, time.monotonic()
        while True:
            await asyncio.sleep(_LOOK_S)
            statistics = await self._connection.getStats()
            now = time.monotonic()
            bytes_sent = 0
            for entry in statistics.values():
                if entry.type == "outbound-rtp" and entry.kind == "video":
                    bytes_sent = entry.bytesSent
                elif entry.type == "remote-inbound-rtp" and getattr(entry, "roundTripTime", None):
                    self._round_trip.append(Sample(now, 1000 * entry.roundTripTime))
            fps, rate = (self._camera.taken - taken) / (now - before), 8 * (bytes_sent - sent) / (now - before)
            self._sent.append(Sent(now, self._camera.width, self._camera.height, round(fps, 1), round(rate)))
            taken, sent, before = self._camera.taken, bytes_sent, now

    def _begin(self, now: float) -> None:
        self._began, self._processor_began = now, time.process_time()
        self._frames.clear()
        self._sent.clear()
        self._round_trip.clear()
        self._heard.clear()

    def _report(self) -> EndReport:
        ended = time.monotonic()
        processor = time.process_time() - self._processor_began
        seconds = ended - self._began
        missing = self._heard.missing(seconds)
        pulses = self._heard.pulses()
        return EndReport(
            seconds=seconds,
            began=self._began,
            frames=tuple(self._frames),
            frames_decoded=len(self._frames),
            concealed_share=missing,
            silent_share=missing,
            sound_delay=self._heard.delays(),
            sound_missing=missing_share(pulses, self._began, ended),
            pulses=pulses,
            sent=tuple(self._sent),
            processor_s=processor,
            round_trip=tuple(self._round_trip),
        )


def _generated() -> Iterator[av.VideoFrame]:
    picture = GeneratedPicture(640, 480)
    while True:
        yield av.VideoFrame.from_ndarray(picture.draw(int(time.time() * 1000)), format="yuv420p")


def _frames_of(path: str) -> Iterator[av.VideoFrame]:
    with av.open(path) as container:
        while True:
            yield from container.decode(video=0)
            container.seek(0)


def _write(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


async def _serve(camera: str, speech: str) -> int:
    try:
        end = StockEnd(CameraTrack(camera), SpeechTrack(speech), _write)
    except (av.FFmpegError, OSError, EOFError, wave.Error, StopIteration) as error:
        _write(Failed(f"{type(error).__name__}: {error}"))
        return 1
    reader = asyncio.StreamReader(limit=1_000_000)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    commands = msgspec.json.Decoder(Command)
    _write(Ready())
    while line := await reader.readline():
        try:
            told = await end.obey(commands.decode(line))
        except Exception as error:  # stock aiortc raises whatever it likes: said to the bench, which ends us
            told = Failed(f"{type(error).__name__}: {error}")
        if told is not None:
            _write(told)
    await end.close()
    return 0


def main() -> int:
    """Run until stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.callbench.stock_aiortc")
    parser.add_argument("--camera", required=True)
    parser.add_argument("--speech", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    return asyncio.run(_serve(arguments.camera, arguments.speech))


if __name__ == "__main__":
    sys.exit(main())
