"""Trims what a synthesizer leaves before and after a sentence, so that pauses are ours: pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_QUIET_SHARE = 0.01
"""Of the loudest sample: below it nothing is heard beside speech."""

_BEFORE_SECONDS = 0.01
_AFTER_SECONDS = 0.03
"""What is left so that no consonant loses its beginning or end."""


def trimmed(samples: npt.NDArray[np.int16], sample_rate: int) -> npt.NDArray[np.int16]:
    """The same speech (mono) without its quiet edges; all of it when nothing in it is loud."""
    level = np.abs(samples.astype(np.int32))
    peak = int(level.max(initial=0))
    loud = np.flatnonzero(level > max(1, peak * _QUIET_SHARE))
    if len(loud) == 0:
        return samples
    first = max(0, int(loud[0]) - int(_BEFORE_SECONDS * sample_rate))
    last = int(loud[-1]) + 1 + int(_AFTER_SECONDS * sample_rate)
    return samples[first:last]
