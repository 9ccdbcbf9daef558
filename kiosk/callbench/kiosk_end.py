"""The kiosk's own media process as one end of a measured call, driven as core drives it; judges nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from kiosk.callbench.end import EndError, EndReport, Frame
from kiosk.callbench.kiosk_figures import figures_of
from kiosk.callbench.processor import processor_seconds
from kiosk.callbench.pulses import heard_pulses, missing_share
from kiosk.callbench.room import Room, write
from kiosk.caredesk.children import end
from kiosk.facts.call_statistics import CallStatistics
from kiosk.facts.clock_strip import read_clock
from kiosk.ipc.frame_ring import FrameRingReader, RingError
from kiosk.ipc.link import Link
from kiosk.ipc.media_messages import (
    AcceptCall,
    CallAnswered,
    CallCounted,
    CallPrepared,
    CallRefused,
    Configure,
    DropCall,
    FirstRemoteFrame,
    FirstRemoteSound,
    FromMedia,
    IceServer,
    LineChanged,
    LineState,
    MediaPart,
    MediaReady,
    Negotiated,
    OfferReady,
    PartState,
    PrepareCall,
    ReofferCall,
    ReportStatistics,
    Statistics,
    TakeAnswer,
    ToMedia,
)

SOUND_DEVICE = "pulse"
_NICENESS = -10
"""As core starts it (kiosk/ends.py)."""
_LIMIT_S = 30.0
_STATISTICS_EVERY_S = 0.2
_END_LIMIT_S = 5.0

_Said = TypeVar("_Said", bound=msgspec.Struct)


class KioskEnd:
    """An ``End`` (kiosk/callbench/end.py) that answers first; once a call runs, ``offer`` is core's re-INVITE: a fresh
    peer connection that takes over.

    ``folder`` must exist and be private to this end: PulseAudio's socket and the recording are put there. ``camera``:
    ``generated`` or a file, sent no larger than ``size``; ``speech``: WAV (48 kHz, mono); ``prefix``: what runs a
    command in the wanted network namespace. Without ``speech`` there is no sound card.
    """

    def __init__(
        self,
        folder: Path,
        camera: str | Path,
        speech: Path | None,
        prefix: Sequence[str] = (),
        *,
        size: tuple[int, int] = (640, 480),
        echo_cancelling: bool = True,
        ice_servers: tuple[IceServer, ...] = (),
    ) -> None:
        self._folder = folder
        self._configure = Configure(
            camera=str(camera),
            sound_device=SOUND_DEVICE,
            echo_cancelling=echo_cancelling,
            ice_servers=ice_servers,
            camera_width=size[0],
            camera_height=size[1],
        )
        self._prefix = tuple(prefix)
        self._room = Room(folder, speech) if speech is not None else None
        self._link: Link[FromMedia] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: FrameWatcher | None = None
        self._poll: asyncio.Task[None] | None = None
        self._said: list[FromMedia] = []
        self._news = asyncio.Event()
        self._gone = False
        self._call_number = 1
        self._negotiated: Negotiated | None = None
        self._counted: list[CallStatistics] = []
        self._sound: list[Statistics] = []
        self._began = self._processor_began = 0.0
        self.accepted_at: float | None = None
        self.connected_at: float | None = None
        self.first_picture_at: float | None = None
        self.first_sound_at: float | None = None
        self.lines: list[LineChanged] = []
        """What media said of the line, since the end was made."""

    @property
    def _call_id(self) -> str:
        """A number of its own for each call: what is still said of the last one is not of this one."""
        return f"bench-{self._call_number}"

    @property
    def process_id(self) -> int:
        """Of the media process; 0 before it has started."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """See End. (The kiosk's camera goes on when the call is accepted: the switching on is part of its set-up.)"""
        if self._room is not None:
            await self._room.start()
        await self._start_media()
        if self._room is not None:
            part = await self._hear(PartState, lambda state: state.part is MediaPart.SOUND)
            if part.trouble is not None:
                raise EndError(f"The kiosk's sound does not work: {part.trouble.value} {part.detail}".rstrip() + ".")

    async def restart(self) -> None:
        """kill -9 of the media process, and a new one, as core does it; then ``offer`` and ``take_answer``."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):  # it may just have crashed by itself
                self._process.send_signal(signal.SIGKILL)
        await self._stop_media()
        await self._start_media()

    async def _start_media(self) -> None:
        silent = {"PULSE_SERVER": f"unix:{self._folder}/no-sound-here"}
        sound = self._room.environment if self._room else silent
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._gone = False
        self._link = Link(ours, msgspec.json.Decoder(FromMedia), self._received, self._closed)
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *self._prefix,
                *(sys.executable, "-m", "kiosk.media", "--fd", str(theirs.fileno())),
                pass_fds=(theirs.fileno(),),
                # A codec library that crashes then says in which of our lines.
                env={**os.environ, **sound, "PYTHONFAULTHANDLER": "1"},
                stdin=asyncio.subprocess.DEVNULL,
            )
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICENESS)
        self._tell(self._configure)
        await self._hear(MediaReady)
        self._poll = asyncio.create_task(self._ask_statistics(), name="statistics")

    async def answer(self, offer: str) -> str:
        """See End: it rings, candidates are gathered, then the patient presses at ``accepted_at``."""
        self._tell(PrepareCall(call_id=self._call_id, offer=offer))
        await self._hear(CallPrepared)
        self.accepted_at = time.monotonic()
        self._tell(AcceptCall(call_id=self._call_id))
        answer = (await self._hear(CallAnswered)).sdp
        self._negotiated = Negotiated(remote_sdp=offer, local_sdp=answer)
        return answer

    async def offer(self) -> str:
        """See End; only after a call has been answered. Forgets the first times, so that those of the new one show."""
        if self._negotiated is None:
            raise EndError("The kiosk is called and never calls: let the other end offer first.")
        self.connected_at = self.first_picture_at = self.first_sound_at = None
        self._tell(ReofferCall(call_id=self._call_id, negotiated=self._negotiated))
        return (await self._hear(OfferReady)).sdp

    async def take_answer(self, answer: str) -> None:
        """See End."""
        self.accepted_at = time.monotonic()
        self._tell(TakeAnswer(call_id=self._call_id, answer=answer))

    async def drop(self) -> None:
        """End the call, not the process: another one can be answered."""
        self._tell(DropCall(call_id=self._call_id))
        self._call_number += 1
        self._negotiated = None
        self._counted.clear()
        self.accepted_at = self.connected_at = self.first_picture_at = self.first_sound_at = None
        self._said.clear()

    async def begin(self, now: float) -> None:
        """See End."""
        self._began = now
        del self._counted[:-1]  # the newest stands at the window's beginning
        self._sound.clear()
        if self._watcher is not None:
            self._watcher.clear()
        self._processor_began = processor_seconds(self.process_id)

    async def report(self) -> EndReport:
        """See End. ``raw``: ``series`` the CallStatistics of the window, ``sound`` the last Statistics,
        ``frames_overtaken`` see FrameWatcher."""
        if self._gone:
            raise EndError(f"The kiosk's media process ended during the call {await self._how_it_ended()}.")
        ended = time.monotonic()
        processor = processor_seconds(self.process_id) - self._processor_began
        frames = self._watcher.frames_between(self._began, ended) if self._watcher else ()
        recording: str | None = None
        pulses: tuple[float, ...] = ()
        missing: float | None = None
        if self._room is not None:
            first_at, samples = self._room.recorded(self._began, ended)
            path = self._folder / "loudspeaker.wav"
            write(path, samples)
            recording = str(path)
            pulses = tuple(first_at + at for at in await asyncio.to_thread(heard_pulses, samples, 48_000))
            missing = missing_share(pulses, first_at, first_at + len(samples) / 48_000)
        figures = figures_of(self._counted)
        return EndReport(
            seconds=ended - self._began,
            began=self._began,
            frames=frames,
            sound_missing=missing,
            pulses=pulses,
            processor_s=processor,
            recording=recording,
            raw={
                "series": [msgspec.to_builtins(one) for one in self._counted],
                "sound": msgspec.to_builtins(self._sound[-1]) if self._sound else None,
                "frames_overtaken": self._watcher.overtaken if self._watcher else None,
            },
            **msgspec.structs.asdict(figures),
        )

    async def stop(self) -> None:
        """See End."""
        await self._stop_media()
        if self._room is not None:
            await self._room.stop()

    async def _stop_media(self) -> None:
        if self._poll is not None:
            self._poll.cancel()
            await asyncio.gather(self._poll, return_exceptions=True)
            self._poll = None
        if self._link is not None:
            self._link.close()
        if self._watcher is not None:
            await asyncio.to_thread(self._watcher.stop)
            self._watcher = None
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _END_LIMIT_S)
            await end(process)

    # the link

    def _tell(self, message: ToMedia) -> None:
        if self._link is None or self._gone:
            raise EndError("The kiosk's media process is not there.")
        self._link.send(message)

    def _received(self, message: FromMedia, descriptors: list[int]) -> None:
        match message:
            case MediaReady():
                try:
                    self._watcher = FrameWatcher(FrameRingReader(descriptors[0], descriptors[1]))
                except (IndexError, RingError) as error:
                    raise EndError("The kiosk's media process sent no frame ring.") from error
                for descriptor in descriptors[2:]:
                    os.close(descriptor)
                self._watcher.start()
            case LineChanged(call_id=self._call_id):
                self.lines.append(message)
                if message.line is LineState.CONNECTED and self.connected_at is None:
                    self.connected_at = message.at
            case FirstRemoteFrame(call_id=self._call_id):
                self.first_picture_at = self.first_picture_at or message.at
            case FirstRemoteSound(call_id=self._call_id):
                self.first_sound_at = self.first_sound_at or message.at
            case CallCounted(call_id=self._call_id):
                self._counted.append(message.statistics)
                return
            case Statistics():
                self._sound.append(message)
                return
            case _:
                pass
        self._said.append(message)
        self._news.set()

    def _closed(self) -> None:
        self._gone = True
        self._news.set()

    async def _hear(self, kind: type[_Said], fits: Callable[[_Said], bool] = lambda _: True) -> _Said:
        """The next message of that kind that fits; it is taken off the list. Raises EndError."""
        try:
            async with asyncio.timeout(_LIMIT_S):
                while True:
                    for number, message in enumerate(self._said):
                        if isinstance(message, CallRefused):
                            del self._said[number]
                            raise EndError(f"The kiosk refused the call: {message.trouble.value} {message.detail}.")
                        if isinstance(message, kind) and fits(message):
                            del self._said[number]
                            return message
                    if self._gone:
                        raise EndError(f"The kiosk's media process ended {await self._how_it_ended()}.")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as error:
            raise EndError(f"The kiosk's media process said no {kind.__name__} in {_LIMIT_S:.0f} s.") from error

    async def _how_it_ended(self) -> str:
        if self._process is None:
            return "before it began"
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _END_LIMIT_S)
        status = self._process.returncode
        if status is None:
            return "its link, but not itself"
        return f"by signal {signal.Signals(-status).name}" if status < 0 else f"with status {status}; its log says why"

    async def _ask_statistics(self) -> None:
        while not self._gone:
            self._tell(ReportStatistics())
            await asyncio.sleep(_STATISTICS_EVERY_S)


class FrameWatcher(threading.Thread):
    """Notes the frames of a ring as the screen would see them: the newest wins, in a thread that waits for the bell.

    A frame that another one followed before anyone could look was never presented: ``overtaken`` counts those. (After
    a hole in the stream a decoder gives several in a millisecond.) Owns the ring's reader.
    """

    def __init__(self, ring: FrameRingReader) -> None:
        super().__init__(name="frames", daemon=True)
        self._ring = ring
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._frames: list[Frame] = []
        self._last = 0
        self.overtaken = 0

    def run(self) -> None:
        bell = select.poll()
        bell.register(self._ring.bell, select.POLLIN)
        while not self._over.is_set():
            if bell.poll(100):
                self._ring.hush()
                self._look()

    def stop(self) -> None:
        """Blocks for up to 0.1 s."""
        self._over.set()
        self.join()
        self._ring.close()

    def clear(self) -> None:
        """Forget the frames so far."""
        with self._lock:
            self._frames.clear()
            self.overtaken = 0

    def frames_between(self, since: float, until: float) -> tuple[Frame, ...]:
        """What was presented in that time, CLOCK_MONOTONIC seconds."""
        with self._lock:
            return tuple(frame for frame in self._frames if since <= frame.at <= until)

    def _look(self) -> None:
        frame = self._ring.read()
        if frame is None or frame.number <= self._last:
            return
        luma = np.frombuffer(frame.planes, dtype=np.uint8, count=frame.width * frame.height)
        clock = read_clock(luma.reshape(frame.height, frame.width))
        with self._lock:
            self._frames.append(Frame(frame.at, frame.width, frame.height, clock))
            self.overtaken += frame.number - self._last - 1 if self._last else 0
        self._last = frame.number
