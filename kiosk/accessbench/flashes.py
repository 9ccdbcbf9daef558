"""Counts flashes in recorded pictures by WCAG 2.3.1's own terms, for every place of the screen; pure.

A general flash is a pair of opposing changes of relative luminance by a tenth or more, the darker below 0.80. WCAG lets
a small area flash; here no area is small enough, so what passes here passes there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[np.uint8]
"""(frames, rows, columns, red green blue), sRGB."""

_CHANGE = 0.1
_DARK = 0.80
_RED_SHARE = 0.8


def luminances(pictures: Pictures) -> npt.NDArray[np.float32]:
    """WCAG's relative luminance, 0 to 1, of every place of every frame."""
    return np.asarray(_linear(pictures) @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32))


def most_flashes(pictures: Pictures) -> int:
    """Pairs of opposing changes at the place that has the most."""
    levels = luminances(pictures)
    lowest, highest = levels[0], levels[0]
    direction = np.zeros(levels[0].shape, dtype=np.int8)
    changes = np.zeros(levels[0].shape, dtype=np.int32)
    for level in levels[1:]:
        lowest, highest = np.minimum(lowest, level), np.maximum(highest, level)
        up = (level - lowest >= _CHANGE) & (lowest < _DARK) & (direction != 1)
        down = (highest - level >= _CHANGE) & (level < _DARK) & (direction != -1) & ~up
        changes += up | down
        direction = np.where(up, 1, np.where(down, -1, direction)).astype(np.int8)
        # From a turn on the way is measured anew.
        lowest, highest = np.where(up | down, level, lowest), np.where(up | down, level, highest)
    return int(changes.max()) // 2


def changing(pictures: Pictures) -> npt.NDArray[np.bool_]:
    """The places that are not the same in every frame."""
    return np.asarray((pictures != pictures[0]).any(axis=(0, 3)))


def changing_to_red(pictures: Pictures) -> npt.NDArray[np.bool_]:
    """The places that change and are a saturated red in some frame."""
    linear = _linear(pictures)
    red = linear[..., 0] >= _RED_SHARE * np.maximum(linear.sum(axis=-1), 1e-6)
    lit = linear[..., 0] > 0.01
    return np.asarray((red & lit).any(axis=0) & changing(pictures))


def _linear(pictures: Pictures) -> npt.NDArray[np.float32]:
    values = np.arange(256) / 255
    table = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4).astype(np.float32)
    return table[pictures]
