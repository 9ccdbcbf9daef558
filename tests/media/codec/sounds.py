"""A made-up voice for the tests of codecs: harmonics of a wandering pitch in syllables."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE = 48_000


def voice(seconds: float) -> npt.NDArray[np.int16]:
    """int16 mono at 48 kHz; the same samples each time."""
    random = np.random.default_rng(4)
    at = np.arange(int(seconds * RATE)) / RATE
    pitch = 150 + 30 * np.sin(2 * np.pi * 0.7 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = sum(np.sin(number * phase) / number for number in range(1, 20))
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 3 * at)
    noise = random.normal(0, 0.02, len(at))
    result: npt.NDArray[np.int16] = (6000 * (sound * syllables + noise)).clip(-32768, 32767).astype(np.int16)
    return result
