"""The sound card: one full-duplex stream, its echo canceller, and the watch that opens it again; decides no sound.

In the PortAudio thread every 10 ms: take the next block of playout, clean the microphone's block of what was played
(WebRTC AEC3, noise suppression, gain control: some 0.12 ms), hand it on. The event loop only hears of events.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
from pywebrtc_audio import AudioProcessor

from kiosk.ipc.media_messages import MediaTrouble
from kiosk.media.playout import BLOCK, Playout, PlayoutEvent, Samples
from kiosk.media.ring_tone import RATE_HZ
from kiosk.media.threads import in_daemon_thread

_log = logging.getLogger(__name__)

STREAM_LATENCY_S = 0.03
"""Wished of PortAudio. Tried through ALSA's pulse plugin: 20 ms starves under load, 40 ms comes in pairs of blocks."""
STALLED_AFTER_S = 2.0
RETRY_S = 3.0
_WATCH_S = 0.2
_PROOF_BLOCKS = 5
_OPEN_LIMIT_S = 10.0
_CLOSE_LIMIT_S = 3.0
_MOST_GAIN_DB = 18.0


class SoundTroubleError(Exception):
    """The sound card cannot be used."""

    def __init__(self, trouble: MediaTrouble, detail: str) -> None:
        super().__init__(f"{trouble.value}: {detail}")
        self.trouble = trouble
        self.detail = detail


class Sound:
    """Owns the stream from ``start`` to ``stop``. All but ``_callback`` runs on the event loop.

    ``on_state(trouble, detail)`` and ``on_event(event)`` are called on the loop; ``on_microphone(block)`` with each
    cleaned block of 480 samples in the PortAudio thread.
    """

    def __init__(
        self,
        device: str,
        *,
        echo_cancelling: bool,
        on_state: Callable[[MediaTrouble | None, str], None],
        on_event: Callable[[PlayoutEvent], None],
        on_microphone: Callable[[Samples], None],
    ) -> None:
        self._device = device
        self._echo_cancelling = echo_cancelling
        self._on_state = on_state
        self._on_event = on_event
        self._on_microphone = on_microphone
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._playout = Playout()
        self._processor: AudioProcessor | None = None
        self._task: asyncio.Task[None] | None = None
        self._running = False
        self._called_at = 0.0
        self.blocks = 0
        self.underruns = 0
        self.failures = 0

    @property
    def works(self) -> bool:
        """Whether the card is taking blocks now."""
        return self._running

    @contextmanager
    def playout(self) -> Iterator[Playout]:
        """The playout, for a moment (the PortAudio thread waits meanwhile)."""
        with self._lock:
            yield self._playout

    def start(self) -> None:
        """Open the card, and again whenever it is lost, until ``stop``."""
        self._task = asyncio.create_task(self._keep_open(), name="sound")

    async def stop(self) -> None:
        """Close the card; bounded by some seconds even when the sound server hangs."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _keep_open(self) -> None:
        told: MediaTrouble | str | None = "nothing yet"
        while True:
            try:
                stream = await in_daemon_thread(self._open, limit_s=_OPEN_LIMIT_S)
            except SoundTroubleError as error:
                trouble, detail = error.trouble, error.detail
            except TimeoutError:
                trouble, detail = MediaTrouble.STALLED, "opening takes too long"
            else:
                try:
                    await self._prove()
                    self._running = True
                    told = None
                    self._on_state(None, "")
                    await self._watch(stream)
                except SoundTroubleError as error:
                    trouble, detail = error.trouble, error.detail
                finally:
                    self._running = False
                    await self._close(stream)
            if trouble is not told:
                told = trouble
                self._on_state(trouble, detail)
            self._drop_speech()
            await asyncio.sleep(RETRY_S)

    def _open(self) -> Any:
        """A running stream. Raises SoundTroubleError."""
        sounddevice = _sounddevice()
        delay_ms = int(STREAM_LATENCY_S * 2000)
        self._processor = AudioProcessor(
            sample_rate=RATE_HZ,
            num_channels=1,
            echo_cancellation=self._echo_cancelling,
            noise_suppression=True,
            high_pass_filter=True,
            auto_gain_control=True,
            agc_max_gain_db=_MOST_GAIN_DB,
            stream_delay_ms=delay_ms,
        )
        try:
            # PortAudio lists the devices once; a card that was plugged in later needs a new list.
            sounddevice._terminate()
            sounddevice._initialize()
            stream = sounddevice.RawStream(
                samplerate=RATE_HZ,
                blocksize=BLOCK,
                device=_device_index(sounddevice, self._device),
                channels=1,
                dtype="int16",
                latency=STREAM_LATENCY_S,
                callback=self._callback,
            )
            self._called_at = time.monotonic()
            stream.start()
        except (sounddevice.PortAudioError, ValueError, OSError) as error:
            raise SoundTroubleError(_trouble_of(str(error)), str(error)[:200]) from error
        return stream

    async def _close(self, stream: Any) -> None:
        try:
            await in_daemon_thread(lambda: stream.close(ignore_errors=True), limit_s=_CLOSE_LIMIT_S)
        except TimeoutError:
            _log.warning("the sound card does not close; left behind")

    async def _prove(self) -> None:
        """Wait until blocks flow: an open stream is not yet a running one."""
        wanted = self.blocks + _PROOF_BLOCKS
        opened = time.monotonic()
        while self.blocks < wanted:
            if time.monotonic() - opened > STALLED_AFTER_S:
                raise SoundTroubleError(MediaTrouble.STALLED, "no block asked for after opening")
            await asyncio.sleep(0.02)

    async def _watch(self, stream: Any) -> None:
        while True:
            await asyncio.sleep(_WATCH_S)
            if time.monotonic() - self._called_at > STALLED_AFTER_S:
                raise SoundTroubleError(MediaTrouble.STALLED, f"no block asked for in {STALLED_AFTER_S:.0f} s")
            if not stream.active:
                raise SoundTroubleError(MediaTrouble.FAILED, "the stream ended by itself")

    def _drop_speech(self) -> None:
        with self._lock:
            ended = self._playout.stop_speaking()
        for event in ended:
            self._on_event(event)

    def _callback(self, microphone: Any, loudspeaker: Any, frames: int, _time: Any, status: Any) -> None:
        """In the PortAudio thread. An error must not end the stream: silence, counted, logged now and then."""
        self._called_at = time.monotonic()
        self.blocks += 1
        if status.output_underflow or status.input_overflow:
            self.underruns += 1
        try:
            with self._lock:
                far, events = self._playout.next_block()
            loudspeaker[:] = far.tobytes()
            near = np.frombuffer(microphone, dtype=np.int16)
            if self._processor is not None and len(near) == BLOCK:
                self._on_microphone(self._processor.process(near, far))
            for event in events:
                self._loop.call_soon_threadsafe(self._on_event, event)
        except Exception:  # the documented boundary of this thread: PortAudio would stop the stream
            self.failures += 1
            loudspeaker[:] = bytes(len(loudspeaker))
            if self.failures in (1, 100, 10_000):
                _log.exception("sound block %d failed (%d failures)", self.blocks, self.failures)


def _sounddevice() -> ModuleType:
    """The module, if its library is there. Raises SoundTroubleError."""
    try:
        import sounddevice
    except OSError as error:
        raise SoundTroubleError(
            MediaTrouble.NOT_FOUND, "the PortAudio library is missing (package libportaudio2)"
        ) from error
    module: ModuleType = sounddevice
    return module


def _device_index(sounddevice: ModuleType, name: str) -> int | None:
    """PortAudio's number for a device with that exact name that both plays and records; None: its own default.

    Raises SoundTroubleError(NOT_FOUND).
    """
    devices = list(sounddevice.query_devices())
    duplex = [d for d in devices if d["max_input_channels"] > 0 and d["max_output_channels"] > 0]
    for device in duplex:
        if device["name"] == name:
            return int(device["index"])
    if name == "default" and devices:
        return None
    raise SoundTroubleError(MediaTrouble.NOT_FOUND, f"PortAudio knows no such device among {len(devices)}")


def _trouble_of(text: str) -> MediaTrouble:
    lowered = text.lower()
    if "unavailable" in lowered or "busy" in lowered:
        return MediaTrouble.BUSY
    if "invalid device" in lowered or "no such" in lowered or "querying device" in lowered or "no default" in lowered:
        return MediaTrouble.NOT_FOUND
    return MediaTrouble.FAILED
