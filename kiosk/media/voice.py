"""The voice of a call: the cleaned microphone as an Opus track, the remote track into playout; knows no sound card."""

from __future__ import annotations

import asyncio
import fractions
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler

from kiosk.media.playout import Samples
from kiosk.media.ring_tone import RATE_HZ

PACKET = RATE_HZ // 50
"""Samples in a packet of 20 ms."""

_MOST_WAITING = 10  # blocks of 10 ms; more would be delay for the rest of the call
_MICROPHONE_LIMIT_S = 0.06
_BITRATE = 32_000
_TIME_BASE = fractions.Fraction(1, RATE_HZ)


class Microphone:
    """Hands blocks from the sound thread to one reader on the event loop; the newest 100 ms wait, older are dropped."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._blocks: deque[Samples] = deque(maxlen=_MOST_WAITING)
        self._lock = threading.Lock()
        self._ready = asyncio.Event()
        self._open = False

    def open(self) -> None:
        """From now on blocks are kept."""
        with self._lock:
            self._blocks.clear()
            self._open = True

    def close(self) -> None:
        """Blocks are forgotten as they come: nobody hears the room outside calls."""
        with self._lock:
            self._open = False
            self._blocks.clear()

    def put(self, block: Samples) -> None:
        """A block from the sound thread."""
        with self._lock:
            if not self._open:
                return
            self._blocks.append(block)
            enough = len(self._blocks) >= 2
        if enough:
            self._loop.call_soon_threadsafe(self._ready.set)

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
            try:
                async with asyncio.timeout(left):
                    await self._ready.wait()
            except TimeoutError:
                return None


class VoiceTrack(MediaStreamTrack):
    """The microphone as Opus packets (mono, 32 kbit/s). Without a sound card it carries silence: the line lives on."""

    kind = "audio"

    def __init__(self, microphone: Microphone) -> None:
        super().__init__()
        self._microphone = microphone
        self._encoder = _opus_encoder()
        self._pts = 0
        self._due = 0.0

    async def recv(self) -> av.Packet[Any]:
        """The next packet; its time is the number of samples since the first."""
        while True:
            if self.readyState != "live":
                raise MediaStreamError
            if self._due == 0.0:
                self._due = time.monotonic() + _MICROPHONE_LIMIT_S
            samples = await self._microphone.take(self._due)
            if samples is None:
                samples = np.zeros(PACKET, dtype=np.int16)
                self._due += PACKET / RATE_HZ
            else:
                self._due = time.monotonic() + _MICROPHONE_LIMIT_S
            packets = self._encode(samples)
            if packets:
                return packets[0]

    def _encode(self, samples: Samples) -> list[av.Packet[Any]]:
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        frame.pts = None
        packets = self._encoder.encode(frame)
        for packet in packets:
            packet.pts = self._pts
            packet.time_base = _TIME_BASE
            self._pts += PACKET
        return packets


def _opus_encoder() -> AudioCodecContext:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.bit_rate = _BITRATE
    encoder.format = "s16"
    encoder.layout = "mono"
    encoder.sample_rate = RATE_HZ
    encoder.time_base = _TIME_BASE
    encoder.options = {"application": "voip", "frame_duration": "20"}
    return encoder


async def hear(track: MediaStreamTrack, on_samples: Callable[[Samples], None]) -> None:
    """Drain a remote audio track until it ends: every frame becomes 48 kHz mono samples."""
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        if not isinstance(frame, av.AudioFrame):
            continue
        if (frame.sample_rate, frame.format.name, frame.layout.name) == (RATE_HZ, "s16", "stereo"):
            # What the Opus decoder gives. Not by the resampler: it lowers a voice that is alike on both sides by 3 dB.
            sides = frame.to_ndarray().reshape(-1, 2)
            on_samples((sides.sum(axis=1, dtype=np.int32) // 2).astype(np.int16))
            continue
        for mono in resampler.resample(frame):
            on_samples(mono.to_ndarray().reshape(-1).astype(np.int16, copy=False))


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
