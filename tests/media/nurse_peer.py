"""A plain aiortc peer that stands in for the nurse: sends a pulsed tone and the clock picture, keeps what comes."""

from __future__ import annotations

import asyncio
import fractions
import time

import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack, VideoStreamTrack

from kiosk.facts.clock_strip import read_clock
from kiosk.media.generated_picture import GeneratedPicture

RATE = 48_000


class PulsedTone(AudioStreamTrack):
    """300 ms of every second a sine of -20 dBFS."""

    def __init__(self, frequency: float) -> None:
        super().__init__()
        self._frequency = frequency
        self._at = 0
        self._began = 0.0

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        self._began = self._began or time.monotonic()
        await asyncio.sleep(max(0.0, self._began + self._at / RATE - time.monotonic()))
        at = (self._at + np.arange(960)) / RATE
        sine = 3276 * np.sin(2 * np.pi * self._frequency * at) * (at % 1.0 < 0.3)
        frame = av.AudioFrame.from_ndarray(sine.astype(np.int16).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = self._at
        frame.time_base = fractions.Fraction(1, RATE)
        self._at += 960
        return frame


class ClockPicture(VideoStreamTrack):
    """The generated picture, 30 times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = GeneratedPicture(640, 480)

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame.from_ndarray(self._picture.draw(int(time.time() * 1000)), format="yuv420p")
        frame.pts, frame.time_base = pts, time_base
        return frame


class NursePeer:
    """``await offer()``, ``await take(answer)``, look at ``frames``, ``clocks`` and ``samples``, ``await close()``."""

    def __init__(self, frequency: float = 700.0, *, video: bool = True, data: bool = False) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.addTrack(PulsedTone(frequency))
        if video:
            self.connection.addTrack(ClockPicture())
        if data:
            self.connection.createDataChannel("t140")
        self.connection.on("track", self._on_track)
        self.frames = 0
        self.clocks: list[int] = []
        self.parts: list[np.ndarray] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def samples(self) -> np.ndarray:
        """All that was heard, int16 mono 48 kHz."""
        return np.concatenate(self.parts) if self.parts else np.zeros(0, dtype=np.int16)

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def take(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))

    async def close(self) -> None:
        await self.connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._drain(track)))

    async def _drain(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, av.VideoFrame):
                self.frames += 1
                clock = read_clock(frame.to_ndarray()[: frame.height].astype(np.uint8))
                if clock is not None:
                    self.clocks.append(clock)
            elif isinstance(frame, av.AudioFrame):
                self.parts.append(frame.to_ndarray().reshape(-1)[::2].astype(np.int16))
