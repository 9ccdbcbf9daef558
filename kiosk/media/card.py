"""The sound card through PortAudio: one stream that plays and one that records, 10 ms blocks; knows nothing of sounds.

Two streams, not one full-duplex stream: through ALSA's pulse plugin (PulseAudio and PipeWire alike) PortAudio's polling
of both directions at once runs wild for ever after a callback was late by 50-100 ms (measured: 60-90 % of a core, with
two streams 5 %). Both run on the clock of the card, and the echo canceller finds the delay between them by itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from kiosk.ipc.media_messages import MediaTrouble
from kiosk.media.denormals import flush_denormals
from kiosk.media.playout import BLOCK, Samples
from kiosk.media.ring_tone import RATE_HZ

_log = logging.getLogger(__name__)

STREAM_LATENCY_S = 0.03
"""Wished of PortAudio. Tried through ALSA's pulse plugin: 20 ms starves under load, 40 ms comes in pairs of blocks."""


_HARDWARE = "(hw:"
"""In PortAudio's names of what no sound server stands before."""

Sides = tuple[float, float]
"""Factors of the left and the right channel, 0 to 1."""


class SoundTroubleError(Exception):
    """The sound card cannot be used."""

    def __init__(self, trouble: MediaTrouble, detail: str) -> None:
        super().__init__(f"{trouble.value}: {detail}")
        self.trouble = trouble
        self.detail = detail


class Card:
    """Open from the moment it is made until ``close``. Making and closing it block: not for the event loop's thread.

    ``next_block()`` and ``on_recorded(block)`` are called every 10 ms, each in a PortAudio thread of its own.
    ``sides``: None plays one channel, as the sound server spreads it; else two, where the device has them, with
    ``sides()`` asked for their factors. Raises SoundTroubleError.
    """

    def __init__(
        self,
        device: str,
        *,
        next_block: Callable[[], Samples],
        on_recorded: Callable[[Samples], None],
        sides: Callable[[], Sides] | None = None,
    ) -> None:
        self._sides = sides
        self._next_block = next_block
        self._on_recorded = on_recorded
        self._closed = False
        self._flushing: set[str] = set()
        self.played = 0
        self.recorded = 0
        self.underruns = 0
        self.failures = 0
        self.played_at = self.recorded_at = time.monotonic()
        sounddevice = _sounddevice()
        self._streams: list[Any] = []
        try:
            # PortAudio lists the devices once; a card that was plugged in later needs a new list.
            sounddevice._terminate()
            sounddevice._initialize()
            index = _device_index(sounddevice, device, records=True)
            wish = _wish(index)
            if sides is not None and sounddevice.query_devices(index, "output")["max_output_channels"] < 2:
                _log.warning("the sound card has one channel only: no balance")
                self._sides = None
            channels = 1 if self._sides is None else 2
            self._streams.append(sounddevice.RawOutputStream(callback=self._play, **{**wish, "channels": channels}))
            self._streams.append(sounddevice.RawInputStream(callback=self._record, **wish))
            for stream in self._streams:
                stream.start()
        except (sounddevice.PortAudioError, ValueError, OSError) as error:
            self.close()
            raise SoundTroubleError(_trouble_of(str(error)), str(error)[:200]) from error

    @property
    def active(self) -> bool:
        """Whether PortAudio still runs both streams."""
        return all(stream.active for stream in self._streams)

    def close(self) -> None:
        """Stop both streams; nobody is called any more."""
        self._closed = True
        for stream in self._streams:
            stream.close(ignore_errors=True)

    def _play(self, loudspeaker: Any, _frames: int, _time: Any, status: Any) -> None:
        self.played += 1
        self.played_at = time.monotonic()
        self.underruns += bool(status.output_underflow)
        block: Samples | None = None
        if not self._closed:
            try:
                block = self._next_block()
            except Exception:  # the documented boundary of this thread: PortAudio would end the stream
                self._failed()
        loudspeaker[:] = bytes(len(loudspeaker)) if block is None else as_played(block, self._sides)

    def _record(self, microphone: Any, _frames: int, _time: Any, status: Any) -> None:
        if self.recorded == 0:
            flush_denormals()
        self.recorded += 1
        self.recorded_at = time.monotonic()
        self.underruns += bool(status.input_overflow)
        if self._closed:
            return
        try:
            self._on_recorded(np.frombuffer(microphone, dtype=np.int16))
        except Exception:  # as above
            self._failed()

    def _failed(self) -> None:
        self.failures += 1
        if self.failures in (1, 100, 10_000):
            _log.exception("a sound block failed (%d so far)", self.failures)


def spread(block: Samples, sides: Sides) -> Samples:
    """The block in both channels, interleaved."""
    both: Samples = np.rint(np.multiply.outer(block, sides)).astype(np.int16)
    return both


def as_played(block: Samples, sides: Callable[[], Sides] | None) -> bytes:
    """The bytes for one channel, or for two."""
    return block.tobytes() if sides is None else spread(block, sides()).tobytes()


def open_output(device: str, callback: Callable[[Any, int, Any, Any], None], *, channels: int) -> Any:
    """One more stream that plays, started, of so many channels if the device has them: sounddevice's RawOutputStream.
    Raises SoundTroubleError."""
    sounddevice = _sounddevice()
    try:
        index = _device_index(sounddevice, device, records=False)
        channels = min(channels, sounddevice.query_devices(index, "output")["max_output_channels"])
        stream = sounddevice.RawOutputStream(callback=callback, **{**_wish(index), "channels": channels})
        try:
            stream.start()
        except sounddevice.PortAudioError:
            stream.close(ignore_errors=True)
            raise
    except (sounddevice.PortAudioError, ValueError, OSError) as error:
        raise SoundTroubleError(_trouble_of(str(error)), str(error)[:200]) from error
    return stream


def exists(device: str) -> bool:
    """Whether a device that plays already could be opened once more, or is too busy for that.

    A piece of hardware has one player only: of that its own stream tells enough, and it is not tried.
    """
    sounddevice = _sounddevice()
    try:
        index = _device_index(sounddevice, device, records=False)
        if _HARDWARE in device:
            return True
        sounddevice.RawOutputStream(**_wish(index)).close()
    except SoundTroubleError:
        return False
    except (sounddevice.PortAudioError, ValueError, OSError) as error:
        return _trouble_of(str(error)) is MediaTrouble.BUSY
    return True


def _wish(index: int | None) -> dict[str, Any]:
    return {
        "samplerate": RATE_HZ,
        "blocksize": BLOCK,
        "device": index,
        "channels": 1,
        "dtype": "int16",
        "latency": STREAM_LATENCY_S,
    }


def _sounddevice() -> ModuleType:
    """The module, if its library is there. Raises SoundTroubleError."""
    try:
        import sounddevice
    except OSError as error:
        trouble = MediaTrouble.NOT_FOUND
        raise SoundTroubleError(trouble, "the PortAudio library is missing (package libportaudio2)") from error
    module: ModuleType = sounddevice
    return module


def _device_index(sounddevice: ModuleType, name: str, *, records: bool) -> int | None:
    """PortAudio's number for a device with that exact name that plays (and ``records``); None: its own default.

    Raises SoundTroubleError(NOT_FOUND).
    """
    devices = list(sounddevice.query_devices())
    for device in devices:
        able = device["max_output_channels"] > 0 and (device["max_input_channels"] > 0 or not records)
        if able and device["name"] == name:
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
