"""The nurse's voice between the network and the loudspeaker: filled on the event loop, emptied by the sound thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from kiosk.media.codec.libopus import OpusDecoder
from kiosk.media.playout import Samples
from kiosk.media.rtp import opus_red
from kiosk.media.rtp.audio_jitter import AudioJitterBuffer, SoundFigures


class RemoteVoice:
    """``on_first`` is called on the event loop with the first packet of voice."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        self._on_first = on_first
        self._lock = threading.Lock()
        self._buffer = AudioJitterBuffer(OpusDecoder())
        self._begun = False
        self.playing: tuple[int, float] | None = None
        """(unwrapped ticks, CLOCK_MONOTONIC seconds) of the block that was pulled last."""

    def put(self, timestamp: int, payload: bytes, now: float, *, redundancy: bool, again: bool = False) -> None:
        """A packet of Opus, or of Opus with copies (RFC 2198). Nonsense is dropped."""
        if redundancy:
            try:
                blocks = opus_red.unpack(payload)
            except ValueError:
                return
        else:
            blocks = [(0, 0, payload)]
        with self._lock:
            for number, (offset, _, data) in enumerate(blocks):
                if data:
                    self._buffer.put(
                        timestamp - offset & 0xFFFFFFFF,
                        data,
                        now,
                        redundant=number < len(blocks) - 1,
                        retransmitted=again,
                    )
        if not self._begun:
            self._begun = True
            self._on_first()

    def begin_anew(self) -> None:
        """The voice comes from another source now: its timestamps have nothing to do with those before."""
        with self._lock:
            self._buffer.reset()

    def pull(self) -> Samples:
        """The next 10 ms for the loudspeaker; called in the sound thread."""
        now = time.monotonic()
        with self._lock:
            block = self._buffer.pull(now)
            self.playing = self._buffer.playing
        return block

    def wait_at_least(self, seconds: float) -> None:
        """For lip synchronisation."""
        with self._lock:
            self._buffer.set_least_delay(seconds)

    @property
    def delay_s(self) -> float:
        """How long the voice waits in the buffer now."""
        with self._lock:
            return self._buffer.delay_s

    def figures(self) -> SoundFigures:
        """What has been counted."""
        with self._lock:
            return self._buffer.figures()
