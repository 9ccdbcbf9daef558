"""Carries sound from the clock of one sound card to that of another by resampling it a little; pure, knows no card.

Two cards that both say 48 kHz differ by up to some hundred parts in a million: in an hour at 100 ppm one has played 17
blocks of 10 ms more. How much waits between them tells the difference, and the reading speed follows it.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from kiosk.media.playout import BLOCK, Samples

MOST_PPM = 500.0
"""The reading speed differs from the writing speed by no more; a change of pitch that nobody hears (0.9 cent)."""
WAITING = 4 * BLOCK
"""Samples that wait when the clocks agree: the two threads come up to 30 ms late."""
_PPM_PER_SAMPLE = 1.0
"""Half of a deviation is made good in 15 s; 500 ppm hold with 500 samples (10 ms) more or less waiting."""
_SMOOTHING = 0.01
"""Of what waits, in each block: a second."""
_MOST_WAITING = WAITING + 8 * BLOCK
_BEFORE, _AFTER = 1, 2
"""Neighbours that the interpolation looks at."""

Floats = npt.NDArray[np.float32]


class DriftCorrection:
    """``put`` on the one clock, ``pull`` on the other; each may be called by one thread of its own."""

    def __init__(self) -> None:
        self._arrived: deque[Samples] = deque(maxlen=_MOST_WAITING // BLOCK)
        self._waiting: Floats = np.zeros(_BEFORE, dtype=np.float32)
        self._place = 0.0
        self._average = float(WAITING)
        self._filling = True
        self.starved = 0
        """Blocks of silence that were given since too little had come, the first filling included."""

    @property
    def ppm(self) -> float:
        """By how much reading is faster than writing now, in parts per million; -500 to 500."""
        return min(max((self._average - WAITING) * _PPM_PER_SAMPLE, -MOST_PPM), MOST_PPM)

    @property
    def waiting(self) -> int:
        """Samples (of the writing clock) that have not been given."""
        return len(self._waiting) - _BEFORE - int(self._place) + BLOCK * len(self._arrived)

    def put(self, block: Samples) -> None:
        """480 samples more. What nobody pulls for 120 ms is dropped, the oldest first."""
        self._arrived.append(block)

    def pull(self) -> Samples:
        """The next 480 samples; silence until enough waits, and again after it has run dry."""
        waiting = self.waiting
        if self._filling and waiting < WAITING:
            self.starved += 1
            return np.zeros(BLOCK, dtype=np.int16)
        if self._filling or waiting > _MOST_WAITING:
            self._begin()
            waiting = self.waiting
        self._average += _SMOOTHING * (waiting - self._average)
        step = 1 + self.ppm * 1e-6
        last = self._place + (BLOCK - 1) * step
        needed = _BEFORE + int(last) + _AFTER + 1
        self._take(needed)
        if len(self._waiting) < needed:
            self._filling = True
            self.starved += 1
            return np.zeros(BLOCK, dtype=np.int16)
        block = _between(self._waiting, self._place + np.arange(BLOCK) * step)
        self._place += BLOCK * step
        done = int(self._place)
        self._place -= done
        self._waiting = self._waiting[done:]
        return block

    def _begin(self) -> None:
        """From what came last, with exactly as much waiting as is wanted; nearest to that in whole blocks."""
        self._take(len(self._waiting) + BLOCK * len(self._arrived))
        keep = min(len(self._waiting), _BEFORE + WAITING)
        self._waiting = self._waiting[-keep:]
        self._place = 0.0
        self._average = float(self.waiting)
        self._filling = False

    def _take(self, needed: int) -> None:
        parts: list[Floats] = [self._waiting]
        have = len(self._waiting)
        while have < needed and self._arrived:
            parts.append(self._arrived.popleft().astype(np.float32))
            have += BLOCK
        if len(parts) > 1:
            self._waiting = np.concatenate(parts)


def _between(samples: Floats, places: npt.NDArray[np.floating]) -> Samples:
    """Cubic (Catmull-Rom) interpolation; place 0 is the sample after the first."""
    whole = places.astype(np.intp)
    part = (places - whole).astype(np.float32)
    before, here, after, beyond = (samples[whole + number] for number in range(4))
    slope = (after - before) * np.float32(0.5)
    bend = before - 2.5 * here + 2 * after - 0.5 * beyond
    twist = 1.5 * (here - after) + 0.5 * (beyond - before)
    found = ((twist * part + bend) * part + slope) * part + here
    block: Samples = np.clip(np.rint(found), -32768, 32767).astype(np.int16)
    return block
