"""How far to raise a quiet voice; pure, changes no sound itself.

WebRTC's own control cannot be told that an echo is not a voice: it raised what the canceller had left by its whole
12 dB, and with it went 12 dB of echo return loss (measured). This one learns only from blocks in which nothing is
played, and holds its gain otherwise.
"""

from __future__ import annotations

import math

GOAL_DBFS = -24.0
"""Of the voice while it speaks, as RMS."""
MOST_GAIN_DB = 12.0
_LOUDEST_NOISE_DBFS = -52.0
"""The room's noise is not raised above this."""
_SURE = 0.6
"""Probability of speech from which a block counts as voice."""
_QUIETEST_VOICE_DBFS = -50.0
_LEARNING = 0.03
_FIRST_BLOCKS = 30
"""Blocks of voice before anything is raised."""
_RISE_DB, _FALL_DB = 0.04, 0.1
"""In one block: 4 and 10 dB in a second."""
_NOISE_RISE_DB = 0.02
_PEAK_LIMIT = 29_000.0
_FULL_SCALE = 32768.0
_SILENCE = 1.0


class VoiceLevel:
    """One per echo path; ``gain_db`` once for every block of 10 ms."""

    def __init__(self) -> None:
        self._voice_dbfs = GOAL_DBFS
        self._noise_dbfs = -90.0
        self._voice_blocks = 0
        self._gain_db = 0.0

    def gain_db(self, *, mean_square: float, peak: float, speech: float, echo_possible: bool) -> float:
        """The gain for this block in dB, 0 to 12.

        ``mean_square`` and ``peak`` of the block (int16), ``speech``: probability, ``echo_possible``: something has
        been played within the last half second.
        """
        if not echo_possible:
            self._learn(20 * math.log10(max(math.sqrt(mean_square), _SILENCE) / _FULL_SCALE), speech)
        goal = 0.0
        if self._voice_blocks >= _FIRST_BLOCKS:
            goal = min(GOAL_DBFS - self._voice_dbfs, MOST_GAIN_DB, _LOUDEST_NOISE_DBFS - self._noise_dbfs)
        goal = max(goal, 0.0)
        before = self._gain_db
        self._gain_db = min(goal, before + _RISE_DB) if goal > before else max(goal, before - _FALL_DB)
        room_db = 20 * math.log10(_PEAK_LIMIT / max(peak, _SILENCE))
        return max(0.0, min(self._gain_db, room_db))

    def _learn(self, dbfs: float, speech: float) -> None:
        self._noise_dbfs = min(dbfs, self._noise_dbfs + _NOISE_RISE_DB)
        if speech > _SURE and dbfs > _QUIETEST_VOICE_DBFS and dbfs > self._noise_dbfs + 6:
            self._voice_blocks += 1
            # The level of speech is that of its loud parts: up at once, down slowly.
            weight = _LEARNING if dbfs > self._voice_dbfs else _LEARNING / 4
            self._voice_dbfs += weight * (dbfs - self._voice_dbfs)
