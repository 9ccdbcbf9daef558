"""Draws the test picture that stands in for a camera, with a clock that machines can read back; no device, no call.

The geometry of its clock strip stands in kiosk/facts/clock_strip.py.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiosk.facts.clock_strip import BLOCKS, STRIP_SHARE, strip

_BLACK = 16
_WHITE = 235
_SEGMENTS = {
    0: "abcdef",
    1: "bc",
    2: "abdeg",
    3: "abcdg",
    4: "bcfg",
    5: "acdfg",
    6: "acdefg",
    7: "abc",
    8: "abcdefg",
    9: "abcdfg",
}

Picture = npt.NDArray[np.uint8]


class GeneratedPicture:
    """A test picture of one size. ``width`` and ``height`` must be even. Raises ValueError."""

    def __init__(self, width: int, height: int) -> None:
        if width % 2 or height % 2 or width < 2 * BLOCKS or height < 2 * STRIP_SHARE:
            raise ValueError(f"{width}x{height} is too small or odd for a generated picture")
        self.width, self.height = width, height
        down = np.linspace(0, 1, height)[:, None]
        across = np.linspace(0, 1, width)[None, :]
        luma = 70 + 60 * down + 25 * across
        stripes = ((np.arange(width)[None, :] + np.arange(height)[:, None]) // max(2, height // 24)) % 2
        foot = height - height // 12
        luma[foot:] = np.where(stripes[foot:], 200, 40)  # the striped foot says: not a real camera
        self._ground: Picture = np.empty((height * 3 // 2, width), dtype=np.uint8)
        self._ground[:height] = luma.astype(np.uint8)
        quarter = width * height // 4
        self._chroma(self._ground)[:quarter] = 150  # U: bluish
        self._chroma(self._ground)[quarter:] = 105  # V
        colourless = width // 2 * (height // STRIP_SHARE // 2)
        for plane in (0, quarter):
            self._chroma(self._ground)[plane : plane + colourless] = 128  # the strip is black and white
        edges = (np.arange(BLOCKS + 1) * width + BLOCKS // 2) // BLOCKS
        self._block_of_column = np.repeat(np.arange(BLOCKS), np.diff(edges))

    def draw(self, clock_ms: int) -> Picture:
        """The picture at ``clock_ms`` (Unix milliseconds): I420 as one array of (height * 3 / 2, width)."""
        picture = self._ground.copy()
        row = np.where(np.array(strip(clock_ms)) == 1, _WHITE, _BLACK).astype(np.uint8)[self._block_of_column]
        picture[: self.height // STRIP_SHARE] = row
        self._draw_hand(picture, clock_ms)
        self._draw_seconds(picture, clock_ms)
        return picture

    def _chroma(self, picture: Picture) -> Picture:
        return picture.reshape(-1)[self.width * self.height :]

    def _draw_hand(self, picture: Picture, clock_ms: int) -> None:
        """A bright square that goes round once in two seconds: a still picture is seen at once."""
        angle = 2 * np.pi * (clock_ms % 2000) / 2000
        half = self.height // 24
        x = int(self.width * (0.5 + 0.36 * np.sin(angle)))
        y = int(self.height * (0.55 - 0.30 * np.cos(angle)))
        picture[y - half : y + half, x - half : x + half] = 225

    def _draw_seconds(self, picture: Picture, clock_ms: int) -> None:
        """Seconds and tenths in seven-segment figures in the middle."""
        tenths = clock_ms // 100 % 600
        tall = self.height // 4
        wide, stroke = tall // 2, max(2, tall // 10)
        top = int(self.height * 0.55) - tall // 2
        left = self.width // 2 - int(2.25 * wide)
        for place, figure in enumerate((tenths // 100, tenths // 10 % 10, tenths % 10)):
            x = left + int(place * 1.5 * wide)
            areas = {
                "a": (top, top + stroke, x, x + wide),
                "b": (top, top + tall // 2, x + wide - stroke, x + wide),
                "c": (top + tall // 2, top + tall, x + wide - stroke, x + wide),
                "d": (top + tall - stroke, top + tall, x, x + wide),
                "e": (top + tall // 2, top + tall, x, x + stroke),
                "f": (top, top + tall // 2, x, x + stroke),
                "g": (top + tall // 2 - stroke // 2, top + tall // 2 + stroke // 2 + 1, x, x + wide),
            }
            for segment in _SEGMENTS[figure]:
                y1, y2, x1, x2 = areas[segment]
                picture[y1:y2, x1:x2] = _WHITE
        point = left + int(2.72 * wide)
        picture[top + tall - stroke : top + tall, point : point + stroke] = _WHITE
