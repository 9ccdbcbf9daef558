"""The remote picture in the shape of the frame ring; opens no camera and no connection."""

from __future__ import annotations

from av.video.frame import VideoFrame

from kiosk.ipc.frame_ring import MAXIMUM_HEIGHT, MAXIMUM_WIDTH
from kiosk.media.picture import fitted, planes_of


def for_ring(frame: VideoFrame) -> tuple[int, int, bytes]:
    """(width, height, I420 planes) of a remote frame, made smaller where it would not fit the frame ring."""
    if frame.width > MAXIMUM_WIDTH or frame.height > MAXIMUM_HEIGHT or frame.format.name != "yuv420p":
        width, height = fitted(frame.width, frame.height, MAXIMUM_WIDTH, MAXIMUM_HEIGHT)
        frame = frame.reformat(width=width, height=height, format="yuv420p", threads=1)
    return frame.width, frame.height, planes_of(frame)
