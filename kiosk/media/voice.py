"""The microphone of a call and speech at the card's rate; knows no sound card and no network."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque

import av
import numpy as np
from av.audio.resampler import AudioResampler

from kiosk.media.playout import Samples
from kiosk.media.ring_tone import RATE_HZ

PACKET = RATE_HZ // 50
"""Samples in a packet of 20 ms."""

_MOST_WAITING = 10  # blocks of 10 ms; more would be delay for the rest of the call


class MicrophoneReader:
    """One listener to the microphone, on the event loop; the newest 100 ms wait for it, older blocks are dropped."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lock: threading.Lock) -> None:
        self._loop = loop
        self._lock = lock
        self._blocks: deque[Samples] = deque(maxlen=_MOST_WAITING)
        self._ready = asyncio.Event()

    def put(self, block: Samples) -> bool:
        """From the microphone, under its lock; whether there is enough to take."""
        self._blocks.append(block)
        return len(self._blocks) >= 2

    def wake(self) -> None:
        """There is enough to take."""
        self._ready.set()

    def forget(self) -> None:
        """From the microphone, under its lock."""
        self._blocks.clear()

    @property
    def has_more(self) -> bool:
        """Whether blocks wait: what was taken last came late."""
        return len(self._blocks) >= 2

    async def take(self, deadline: float) -> Samples | None:
        """20 ms of sound, or None when the sound card gave none until ``deadline`` (CLOCK_MONOTONIC seconds)."""
        while True:
            with self._lock:
                if len(self._blocks) >= 2:
                    return np.concatenate([self._blocks.popleft(), self._blocks.popleft()])
            self._ready.clear()
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            timer = self._loop.call_later(left, self._ready.set)
            try:
                await self._ready.wait()
            finally:
                timer.cancel()


class Microphone:
    """Hands blocks from the sound thread to its readers; two connections of one call may listen at the same time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._readers: list[MicrophoneReader] = []
        self._open = False

    def reader(self) -> MicrophoneReader:
        """A new listener; ``leave`` when done."""
        reader = MicrophoneReader(self._loop, self._lock)
        with self._lock:
            self._readers.append(reader)
        return reader

    def leave(self, reader: MicrophoneReader) -> None:
        """This one listens no more."""
        with self._lock:
            if reader in self._readers:
                self._readers.remove(reader)

    def open(self) -> None:
        """From now on blocks are kept."""
        with self._lock:
            for reader in self._readers:
                reader.forget()
            self._open = True

    def close(self) -> None:
        """Blocks are forgotten as they come: nobody hears the room outside calls."""
        with self._lock:
            self._open = False
            for reader in self._readers:
                reader.forget()

    def put(self, block: Samples) -> None:
        """A block from the sound thread."""
        with self._lock:
            if not self._open:
                return
            ready = [reader for reader in self._readers if reader.put(block)]
        for reader in ready:
            self._loop.call_soon_threadsafe(reader.wake)


def to_card_rate(samples: Samples, rate: int) -> Samples:
    """Speech samples at ``rate`` as samples at 48 kHz. Raises ValueError for a rate outside 4-192 kHz."""
    if not 4_000 <= rate <= 192_000:
        raise ValueError(f"{rate} samples a second are not a sample rate of speech")
    if rate == RATE_HZ or len(samples) == 0:
        return samples
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    frame.pts = None
    parts = [part.to_ndarray().reshape(-1) for part in [*resampler.resample(frame), *resampler.resample(None)]]
    return np.concatenate(parts).astype(np.int16) if parts else np.zeros(0, dtype=np.int16)
