"""The picture of a call: the newest camera frame as a track, the remote track's newest frame; opens no camera."""

from __future__ import annotations

import asyncio
import fractions
import time
from collections.abc import Callable

import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.video.frame import VideoFrame

from kiosk.ipc.frame_ring import MAXIMUM_HEIGHT, MAXIMUM_WIDTH
from kiosk.media.picture import fitted, planes_of

CLOCK_RATE = 90_000
_TIME_BASE = fractions.Fraction(1, CLOCK_RATE)
_NO_CAMERA_S = 0.5
_DARK = (320, 240)


class PictureTrack(MediaStreamTrack):
    """What the camera saw last, each frame once. Without a camera it carries a dark picture twice a second."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._newest: VideoFrame | None = None
        self._ready = asyncio.Event()
        self._began = time.monotonic()
        self.taken = 0

    def show(self, frame: VideoFrame) -> None:
        """A new frame from the camera; one that was not taken yet is forgotten."""
        self._newest = frame
        self._ready.set()

    async def recv(self) -> VideoFrame:
        """The newest frame, with its time since the track was made."""
        if self.readyState != "live":
            raise MediaStreamError
        try:
            async with asyncio.timeout(_NO_CAMERA_S):
                await self._ready.wait()
        except TimeoutError:
            pass
        self._ready.clear()
        frame, self._newest = self._newest, None
        if frame is None:
            frame = _dark_frame()
        frame.pts = int((time.monotonic() - self._began) * CLOCK_RATE)
        frame.time_base = _TIME_BASE
        self.taken += 1
        return frame


def _dark_frame() -> VideoFrame:
    width, height = _DARK
    dark = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    dark[:height] = 40
    return VideoFrame.from_ndarray(dark, format="yuv420p")


async def see(track: MediaStreamTrack, on_frame: Callable[[VideoFrame], None]) -> None:
    """Drain a remote video track until it ends; the newest frame goes to ``on_frame``.

    Decoded frames queue up without limit inside aiortc, so they are taken as fast as they come and only the last of a
    burst is handed on.
    """
    newest: list[VideoFrame] = []
    ready = asyncio.Event()

    async def hand_on() -> None:
        while True:
            await ready.wait()
            ready.clear()
            if newest:
                on_frame(newest.pop())

    handing = asyncio.create_task(hand_on())
    try:
        while True:
            frame = await track.recv()
            if isinstance(frame, VideoFrame):
                newest[:] = [frame]
                ready.set()
    except MediaStreamError:
        return
    finally:
        handing.cancel()
        await asyncio.gather(handing, return_exceptions=True)


def for_ring(frame: VideoFrame) -> tuple[int, int, bytes]:
    """(width, height, I420 planes) of a remote frame, made smaller where it would not fit the frame ring."""
    if frame.width > MAXIMUM_WIDTH or frame.height > MAXIMUM_HEIGHT or frame.format.name != "yuv420p":
        width, height = fitted(frame.width, frame.height, MAXIMUM_WIDTH, MAXIMUM_HEIGHT)
        frame = frame.reformat(width=width, height=height, format="yuv420p")
    return frame.width, frame.height, planes_of(frame)
