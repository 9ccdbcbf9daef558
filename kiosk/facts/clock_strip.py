"""The clock that generated pictures carry, readable by machines out of the pixels of any screen. Pure.

Geometry of the clock strip, in fractions so that it survives scaling (the nurse's page draws and reads the same one):

    height   the top 1/8 of the picture
    width    the whole width in one row of 36 equal blocks; block k covers k/36 .. (k+1)/36 of the width
    colours  black (Y 16, #000000) is 0, white (Y 235, #ffffff) is 1
    blocks   0..3    sync: 0 1 0 1
             4..31   the clock, highest bit first: Unix time in milliseconds modulo 2**28 (three days)
             32..35  the check: exclusive or of the clock's seven groups of four bits, highest bit first

A reader looks at the middle of each block. A picture that was letterboxed must be cut out of its black bars first.
The check is there because a coder that is short of bits may keep a block of the picture before: whole, and wrong.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BLOCKS = 36
SYNC = (0, 1, 0, 1)
CHECK_BITS = 4
CLOCK_BITS = BLOCKS - len(SYNC) - CHECK_BITS
CLOCK_PERIOD = 2**CLOCK_BITS
"""The clock is Unix time in milliseconds modulo this."""
STRIP_SHARE = 8
"""The strip takes one part in this many of the height."""

_LEAST_CONTRAST = 60
_DOUBTFUL_SHARE = 0.2


def strip(clock: int) -> tuple[int, ...]:
    """The blocks of a strip, 1 for white, that holds ``clock`` modulo CLOCK_PERIOD."""
    value = clock % CLOCK_PERIOD
    return (*SYNC, *_bits(value, CLOCK_BITS), *_bits(_check(value), CHECK_BITS))


def _bits(value: int, count: int) -> tuple[int, ...]:
    return tuple(value >> (count - 1 - bit) & 1 for bit in range(count))


def _check(clock: int) -> int:
    check = 0
    while clock:
        check ^= clock % 2**CHECK_BITS
        clock >>= CHECK_BITS
    return check


def read_clock(luma: npt.NDArray[np.uint8]) -> int | None:
    """The clock in the strip of a picture's Y plane (height, width), at any size; None when none can be read.

    Refuses a strip whose sync blocks have little contrast, of which a block is neither dark nor bright, or whose check
    is not that of its clock.
    """
    if luma.ndim != 2 or luma.shape[0] < STRIP_SHARE or luma.shape[1] < 2 * BLOCKS:
        return None
    height, width = luma.shape
    strip = luma[height // (STRIP_SHARE * 4) : max(1, height // (STRIP_SHARE * 4) * 3)]
    if strip.size == 0:
        return None
    middles = (np.arange(BLOCKS) + 0.5) * width / BLOCKS
    reach = max(0.5, width / BLOCKS / 5)
    levels = np.array([strip[:, int(m - reach) : int(m + reach) + 1].mean() for m in middles])
    dark, bright = float(levels[[0, 2]].max()), float(levels[[1, 3]].min())
    contrast = bright - dark
    if contrast < _LEAST_CONTRAST:
        return None
    middle = (dark + bright) / 2
    if np.abs(levels - middle).min() < _DOUBTFUL_SHARE * contrast / 2:
        return None
    value = 0
    for level in levels[len(SYNC) :]:
        value = value * 2 + int(level > middle)
    clock, check = divmod(value, 2**CHECK_BITS)
    return clock if check == _check(clock) else None
