"""Small things about pictures: which size fits, and the bytes of an I420 frame; no camera, no call."""

from __future__ import annotations

import numpy as np
from av.video.frame import VideoFrame


def fitted(width: int, height: int, most_width: int, most_height: int) -> tuple[int, int]:
    """The largest even size with the same shape that is no larger than the picture and the box; at least 2x2."""
    scale = min(1.0, most_width / max(1, width), most_height / max(1, height))
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def planes_of(frame: VideoFrame) -> bytes:
    """The Y, U and V planes of a yuv420p frame, one after the other, without padding. Raises ValueError otherwise."""
    if frame.format.name != "yuv420p":
        raise ValueError(f"{frame.format.name} is not yuv420p")
    parts: list[bytes] = []
    for number, plane in enumerate(frame.planes):
        width = frame.width if number == 0 else (frame.width + 1) // 2
        height = frame.height if number == 0 else (frame.height + 1) // 2
        rows = np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
        parts.append(rows[:height, :width].tobytes())
    return b"".join(parts)
