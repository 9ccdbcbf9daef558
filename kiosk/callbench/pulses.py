"""Finds the pulses of the bench's speech (kiosk/callbench/material.py) in what was heard of it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from kiosk.callbench.material import PULSE_HZ, PULSE_PERIOD_S, PULSE_SECONDS

_STEP_S = 0.001
_SHARE_OF_USUAL = 0.4
_FAINTEST = 0.01  # of full scale
_EDGE = 0.1  # periods; a pulse so near to the window's edge may have been cut off


def heard_pulses(samples: npt.NDArray[np.int16], rate_hz: int) -> list[float]:
    """Seconds from the first sample to the beginning of each pulse, to about 1 ms; mono samples.

    A pulse is a peak at 1 kHz that stands 0.4 times as high as is usual here, at most one in half a period.
    """
    length = int(PULSE_SECONDS * rate_hz)
    if len(samples) < length:
        return []
    times = np.arange(length) / rate_hz
    window = np.hanning(length)
    # A quadrature pair sees a pulse whatever its phase; only every millisecond is asked.
    pair = np.stack([np.cos(2 * np.pi * PULSE_HZ * times), np.sin(2 * np.pi * PULSE_HZ * times)]) * window
    views = np.lib.stride_tricks.sliding_window_view(samples, length)[:: int(_STEP_S * rate_hz)]
    # float32 keeps a minute of sound small enough; piece by piece keeps the copy small.
    levels = np.concatenate(
        [
            np.hypot(*(piece.astype(np.float32) @ pair.T.astype(np.float32)).T)
            for piece in np.array_split(views, max(1, len(views) // 2000))
        ]
    )
    levels *= 2 / (32768 * float((window**2).sum()))
    half = int(PULSE_PERIOD_S / 2 / _STEP_S)
    peaks = [float(levels[place : place + half].max()) for place in range(0, len(levels), half)]
    usual = float(np.percentile(peaks, 75))
    least = max(_FAINTEST, _SHARE_OF_USUAL * usual)
    found: list[float] = []
    place = 0
    while place < len(levels):
        if levels[place] < least:
            place += 1
            continue
        top = place + int(np.argmax(levels[place : place + int(PULSE_SECONDS / _STEP_S)]))
        found.append(top * _STEP_S)
        place = top + half
    return found


def missing_share(pulses: Sequence[float], began: float, ended: float) -> float | None:
    """Share 0..1 of the pulses that were not heard in a window, by the holes in their period; None for a window in
    which none need have sounded. All in seconds of one clock."""
    if not pulses:
        return 1.0 if ended - began >= PULSE_PERIOD_S else None
    missing = sum(max(0, round((later - earlier) / PULSE_PERIOD_S) - 1) for earlier, later in pairwise(pulses))
    for edge in (pulses[0] - began, ended - pulses[-1]):
        missing += max(0, int(edge / PULSE_PERIOD_S - _EDGE))
    return missing / (missing + len(pulses))
