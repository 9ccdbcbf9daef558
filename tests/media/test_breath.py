"""The ring tone's breath: there with each note, silent in the pause, growing with the tone, never the same twice."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.facts.profile import RingTone
from kiosk.media.breath import LEVEL, Breath
from kiosk.media.ring_tone import PATTERNS, RATE_HZ

NOTE = RATE_HZ // 4
STANDARD = PATTERNS[RingTone.STANDARD]
SOUND_S, PAUSE_S = STANDARD.sound_s, STANDARD.pause_s


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def test_it_sounds_with_the_tone_and_pauses_with_it() -> None:
    breath = Breath(STANDARD)
    period = int((SOUND_S + PAUSE_S) * RATE_HZ)
    sounding, pause = int(SOUND_S * RATE_HZ), int(PAUSE_S * RATE_HZ)
    for cycle in range(3):
        assert breath.block(cycle * period, sounding).any()
        assert not breath.block(cycle * period + sounding, pause).any()


def test_it_grows_ten_decibels_to_its_level() -> None:
    breath = Breath(STANDARD)
    assert _rms(breath.block(12 * RATE_HZ, int(SOUND_S * RATE_HZ))) == pytest.approx(LEVEL, rel=0.01)
    first = np.concatenate([breath.block(n * 480, 480) for n in range(25)])
    later = np.concatenate([breath.block(12 * RATE_HZ + n * 480, 480) for n in range(25)])
    assert 20 * np.log10(_rms(later) / _rms(first)) == pytest.approx(10, abs=0.5)


def test_no_note_breathes_like_another() -> None:
    breath = Breath(STANDARD).block(12 * RATE_HZ, int(SOUND_S * RATE_HZ)).astype(np.float64)
    notes = breath.reshape(-1, NOTE)
    assert len(notes) == 8
    alike = np.abs(np.corrcoef(notes) - np.eye(len(notes)))
    assert alike.max() < 0.2


@pytest.mark.parametrize("tone", list(RingTone))
def test_every_tone_breathes_as_loud_while_it_sounds_and_only_then(tone: RingTone) -> None:
    pattern = PATTERNS[tone]
    breath, sounding = Breath(pattern), pattern.period - int(pattern.pause_s * RATE_HZ)
    late = 6 * pattern.period
    assert _rms(breath.block(late, sounding)) == pytest.approx(LEVEL, rel=0.01)
    assert not breath.block(late + sounding, pattern.period - sounding).any()
