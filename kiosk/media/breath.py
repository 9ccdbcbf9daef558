"""The breath in the ring tone, from which the echo canceller learns the room before anyone speaks; plays nothing.

A pure tone tells a canceller nothing about the delay of its echo, for it looks the same a period later: after 5 s of
ring tone alone the echo of the first words came back nearly whole in two rooms of five (12 and 14 dB taken away after
1 s), worse than with no learning at all (26 to 32 dB). With this noise, 26 dB below the tone, it is 33 to 69 dB.
It swells and fades with each note, as that of a blown flute.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiosk.media.ring_tone import GROWTH_DB, GROWTH_S, RATE_HZ, Pattern

LEVEL = 0.016
"""RMS while it sounds, full scale is 1.0, when the tone has grown to its full level: 26 dB below the tone."""
_SWELL_S, _FADE_S = 0.005, 0.08
_FROM_HZ, _TO_HZ = 300.0, 3000.0
_SEED = 3

Samples = npt.NDArray[np.float32]


class Breath:
    """From the beginning of the ring tone of that pattern; ``block`` gives any stretch of it."""

    def __init__(self, pattern: Pattern) -> None:
        self._cycle = _cycle(pattern)

    def block(self, start: int, count: int) -> Samples:
        """``count`` samples that belong to the ring tone from its sample ``start`` (48 kHz), full scale is 1.0."""
        places = np.arange(start, start + count) % len(self._cycle)
        growth = min(0.0, GROWTH_DB * (start / RATE_HZ / GROWTH_S - 1.0))
        grown: Samples = self._cycle[places] * np.float32(10 ** (growth / 20))
        return grown


def _cycle(pattern: Pattern) -> Samples:
    """One period of sound and pause. Every note's noise is another, so that no delay looks like a later one."""
    lengths = [int(note.seconds * RATE_HZ) for note in pattern.notes]
    sounding = sum(lengths)
    noise = np.random.default_rng(_SEED).standard_normal(sounding)
    spectrum = np.fft.rfft(noise)
    frequency = np.fft.rfftfreq(sounding, 1 / RATE_HZ)
    rise = (frequency / _FROM_HZ) ** 2
    spectrum *= rise / (1 + rise) / (1 + (frequency / _TO_HZ) ** 2)
    at = np.concatenate([np.arange(length) for length in lengths]) / RATE_HZ
    breath = np.fft.irfft(spectrum, sounding) * np.minimum(1.0, at / _SWELL_S) * np.exp(-at / _FADE_S)
    breath *= LEVEL / np.sqrt(np.mean(breath**2))
    cycle: Samples = np.concatenate([breath, np.zeros(pattern.period - sounding)]).astype(np.float32)
    return cycle
