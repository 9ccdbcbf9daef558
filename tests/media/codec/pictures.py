"""A made-up speaker before a patterned wall, for the tests of codecs."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame


@functools.cache
def _wall(width: int, height: int) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(7)
    coarse = random.normal(0, 18, (height // 8 + 1, width // 8 + 1))
    wall: npt.NDArray[np.float32] = np.kron(coarse, np.ones((8, 8)))[:height, :width].astype(np.float32)
    slope = np.linspace(70, 150, width, dtype=np.float32)
    return wall + slope


def picture(number: int, width: int, height: int) -> VideoFrame:
    """The yuv420p picture ``number`` (30 a second): a bright oval that nods, and the noise of a camera."""
    wall = _wall(width, height)
    rows, columns = np.ogrid[:height, :width]
    x = width / 2 + width * 0.05 * math.sin(number / 20)
    y = height / 2 + height * 0.04 * math.sin(number / 7)
    inside = ((columns - x) / (width / 6)) ** 2 + ((rows - y) / (height / 3)) ** 2 < 1
    face = 170 + 30 * np.sin((columns - x) / 9) * np.cos((rows - y) / 7)
    noise = np.random.default_rng(number).integers(-2, 3, (height, width))
    luma = np.where(inside, face, wall) + noise
    planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    planes[:height] = luma.clip(16, 235)
    return VideoFrame.from_ndarray(planes, format="yuv420p")


def difference(one: VideoFrame, other: VideoFrame) -> float:
    """Peak signal-to-noise ratio of the luma, dB."""
    error = float(np.mean((_luma(one) - _luma(other)) ** 2))
    return 99.0 if error == 0 else 10 * math.log10(255**2 / error)


def _luma(frame: VideoFrame) -> npt.NDArray[np.float64]:
    plane = frame.planes[0]
    rows = np.frombuffer(bytes(plane), dtype=np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width].astype(np.float64)
