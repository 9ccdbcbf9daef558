"""Makes a piece of speech one pitch period shorter or longer without changing its pitch; knows no packets and no clock.

Waveform similarity overlap-add (Verhelst and Roelands, ICASSP 1993), one period at a time: the piece is compared with
itself at lags of 2.5-15 ms, and where it repeats, a period is cross-faded away or in. Sound is 48 kHz mono int16.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

SHORTEST_PIECE = 960
"""Samples (20 ms) that a piece must have to be stretched. Periods up to half its length, at most 15 ms, are found."""

QUIET = 60.0
"""Mean magnitude (about -55 dB below full scale) under which a change is not heard, whatever repeats or not."""

_LEAST_LAG = 120  # 2.5 ms, 400 Hz
_MOST_LAG = 720  # 15 ms, 67 Hz
_COARSE = 12  # the first search runs at 4 kHz
_COARSE_LEAST = _LEAST_LAG // _COARSE
_ALIKE = 0.9
"""Normalised correlation of a period with the next from which cross-fading them is not heard in speech."""

_QUIET_LAG = 480  # without a pitch, 10 ms at a time


def accelerate(samples: Samples, *, quiet: float = QUIET, alike: float = _ALIKE) -> Samples:
    """The piece without one pitch period (2.5-15 ms), or the same array when it is too short or it would be heard.

    ``quiet``: mean magnitude below which anything may be cut. ``alike``: least correlation (0-1) of what is merged.
    The beginning and the end of the piece stay as they are, so that it fits what is before and after.
    """
    lag = _period(samples, quiet, alike)
    if lag == 0:
        return samples
    first = samples[:lag]
    merged = _cross_fade(first, samples[lag : 2 * lag])
    return np.concatenate((merged, samples[2 * lag :]))


def expand(samples: Samples, *, quiet: float = QUIET, alike: float = _ALIKE) -> Samples:
    """The piece with one pitch period (2.5-15 ms) twice, or the same array when it is too short or it would be heard.

    Arguments as for ``accelerate``.
    """
    lag = _period(samples, quiet, alike)
    if lag == 0:
        return samples
    merged = _cross_fade(samples[lag : 2 * lag], samples[:lag])
    return np.concatenate((samples[:lag], merged, samples[lag:]))


def level(samples: Samples) -> float:
    """Mean magnitude, 0-32768; 0 for nothing. Looks at every fourth sample: enough to tell speech from a pause."""
    if len(samples) == 0:
        return 0.0
    return float(np.abs(samples[::4].astype(np.float32)).mean())


def _cross_fade(old: Samples, new: Samples) -> Samples:
    rise = np.arange(1, len(old) + 1, dtype=np.float32)
    rise /= np.float32(len(old) + 1)
    faded = new.astype(np.float32)
    faded -= old
    faded *= rise
    faded += old
    return np.rint(faded, out=faded).astype(np.int16)


def _period(samples: Samples, quiet: float, alike: float) -> int:
    """The lag at which the beginning of the piece repeats, in samples; 0 when it does not."""
    if len(samples) < SHORTEST_PIECE:
        return 0
    coarse_most = min(len(samples) // 2, _MOST_LAG) // _COARSE
    most_lag = coarse_most * _COARSE
    head = samples[: 2 * most_lag]
    if level(head) <= quiet:
        return _QUIET_LAG
    piece = head.astype(np.float32)
    coarse = piece.reshape(-1, _COARSE).mean(axis=1)
    # x[0:n] against x[lag:lag+n] for every lag, weighed by the energy of the latter.
    products = np.correlate(coarse, coarse[:coarse_most], mode="valid")[_COARSE_LEAST:]
    sums = np.concatenate((np.zeros(1, dtype=np.float32), np.cumsum(coarse * coarse)))
    energies = (sums[coarse_most:] - sums[:-coarse_most])[_COARSE_LEAST:]
    likeness = products / np.sqrt(np.maximum(energies, 1.0))
    rough = (int(np.argmax(likeness)) + _COARSE_LEAST) * _COARSE
    # Around it, sample by sample, over what would be merged.
    least = max(_LEAST_LAG, rough - _COARSE)
    most = min(most_lag, rough + _COARSE)
    fine = np.correlate(piece[least : most + rough], piece[:rough], mode="valid")
    lag = least + int(np.argmax(fine))
    old = piece[:lag]
    new = piece[lag : 2 * lag]
    both = math.sqrt(float(old @ old) * float(new @ new))
    if both <= 0.0 or float(old @ new) < alike * both:
        return 0
    return lag
