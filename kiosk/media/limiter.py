"""Keeps what goes to the loudspeaker below -1 dBFS without breaking its waves; pure, and without delay.

Within a block of 10 ms the gain goes down before a peak comes. A peak in the first two thirds of a millisecond of a
block could not be foreseen: there, and only there, the wave's top is flat until the gain is down.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CEILING_DBFS = -1.2
"""Of the samples: between them the wave is some tenths of a decibel higher (measured: less than 0.1 for speech)."""
CEILING = 32768 * 10 ** (CEILING_DBFS / 20)

_SEGMENT = 32
_RELEASE = 0.0066
"""Of the way back, in one segment: 63 % of it in 0.1 s."""
_OPEN = 0.999
_RISE = (np.arange(_SEGMENT, dtype=np.float32) + 1) / np.float32(_SEGMENT)

Samples = npt.NDArray[np.float32]


class Limiter:
    """One for each loudspeaker."""

    def __init__(self) -> None:
        self._gain = 1.0

    def limited(self, block: Samples) -> Samples:
        """The block, its peaks at most ``CEILING``; 32768 is full scale, the length a multiple of 32."""
        peaks = np.abs(block).reshape(-1, _SEGMENT).max(axis=1)
        if self._gain == 1.0 and peaks.max() <= CEILING:
            return block
        allowed = np.minimum(1.0, CEILING / np.maximum(peaks, 1.0)).tolist()
        nodes = [self._gain]
        for here, following in zip(allowed, [*allowed[1:], allowed[-1]], strict=True):
            risen = nodes[-1] + _RELEASE * (1.0 - nodes[-1])
            nodes.append(min(here, following, 1.0 if risen > _OPEN else risen))
        self._gain = nodes[-1]
        ends = np.array(nodes, dtype=np.float32)
        gains = ends[:-1, np.newaxis] + np.diff(ends)[:, np.newaxis] * _RISE
        limited: Samples = np.clip(block * gains.ravel(), -CEILING, CEILING)
        return limited
