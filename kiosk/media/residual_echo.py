"""How far to turn down what the echo canceller leaves while only the other end speaks; pure, changes no sound itself.

The canceller takes away 25 to 45 dB of echo, but an even-level control behind it raises the rest again with the voice
(measured: by its whole 12 dB). Where nearly everything was taken away, nobody spoke here: only there this turns down.
A voice in the room leaves too much over for that, and opens it within one block.
"""

from __future__ import annotations

import math

_PLAYED_FLOOR = 30.0**2
"""Mean square of a played block (int16) that can be heard at all: about -61 dBFS."""
_MEMORY_BLOCKS = 50
"""How long after the last played block its echo may still arrive and ring."""
_SMOOTHING = 0.4
_BEGINS_DB, _WHOLE_DB = 9.0, 15.0
"""Removed from the microphone: below the first somebody may have spoken here; at the second it was echo alone."""
_EXTRA_DB = 16.0
_CLOSING_DB = 3.0
"""In one block; a gate that shuts at once eats the ends of words."""
_QUIET = 1.0


class ResidueGate:
    """One per echo path; ``attenuation_db`` once for every block of 10 ms."""

    def __init__(self) -> None:
        self._since_played = _MEMORY_BLOCKS
        self._recorded = self._left = _QUIET
        self._attenuation_db = 0.0

    @property
    def hears_far_end(self) -> bool:
        """Whether the echo of something may be in the microphone now."""
        return self._since_played < _MEMORY_BLOCKS

    def attenuation_db(self, *, played: float, recorded: float, left: float, gain_db: float) -> float:
        """How far to turn this block down, in dB, 0 or more; ``gain_db`` is undone too where there is only echo.

        ``played``, ``recorded``, ``left``: mean squares (int16) of the block for the loudspeaker, of the microphone,
        and of the canceller's output.
        """
        self._since_played = 0 if played > _PLAYED_FLOOR else min(self._since_played + 1, _MEMORY_BLOCKS)
        self._recorded += _SMOOTHING * (recorded - self._recorded)
        self._left = max(left, self._left + _SMOOTHING * (left - self._left), _QUIET)
        goal = 0.0
        if self.hears_far_end and self._recorded > self._left:
            removed_db = 10 * math.log10(self._recorded / self._left)
            share = (removed_db - _BEGINS_DB) / (_WHOLE_DB - _BEGINS_DB)
            goal = (max(gain_db, 0.0) + _EXTRA_DB) * min(max(share, 0.0), 1.0)
        self._attenuation_db = min(goal, self._attenuation_db + _CLOSING_DB)
        return self._attenuation_db
