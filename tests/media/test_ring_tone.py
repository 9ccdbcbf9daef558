"""The ring tone has the spectrum and growth that old ears need."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.facts.profile import RingTone
from kiosk.media.ring_tone import PATTERNS, RATE_HZ, RingSound

TONES = pytest.mark.parametrize("tone", list(RingTone))


def _loudness(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-20))


def _sounding(tone: RingTone) -> int:
    return PATTERNS[tone].period - int(PATTERNS[tone].pause_s * RATE_HZ)


@TONES
def test_energy_lies_where_old_ears_hear(tone: RingTone) -> None:
    sound = RingSound(tone).block(0, _sounding(tone))
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    assert power[(frequency >= 400) & (frequency <= 2500)].sum() / power.sum() >= 0.8
    assert power[frequency > 3000].sum() / power.sum() <= 0.1
    assert 399 <= frequency[power.argmax()] <= 521
    assert power[frequency > 1000].sum() / power.sum() > 0.02, "harmonics, not a pure tone"
    assert all(400 <= note.hz <= 520 for note in PATTERNS[tone].notes)


@TONES
def test_sound_and_pause_alternate(tone: RingTone) -> None:
    ring, period, sounding = RingSound(tone), PATTERNS[tone].period, _sounding(tone)
    for cycle in range(3):
        assert _loudness(ring.block(cycle * period, sounding)) > -40
        assert not ring.block(cycle * period + sounding, period - sounding).any()


def test_the_ordinary_one_is_two_seconds_on_and_two_off() -> None:
    assert (_sounding(RingTone.STANDARD), PATTERNS[RingTone.STANDARD].period) == (2 * RATE_HZ, 4 * RATE_HZ)


def test_no_two_can_be_mistaken_for_one_another() -> None:
    rhythms = {tuple(note.seconds for note in pattern.notes) for pattern in PATTERNS.values()}
    assert len(rhythms) == len(RingTone) == len(PATTERNS)


@TONES
def test_it_grows_ten_decibels_in_ten_seconds_and_then_stays(tone: RingTone) -> None:
    ring, period = RingSound(tone), PATTERNS[tone].period

    def level(cycle: int) -> float:
        first = PATTERNS[tone].notes[0].seconds
        blocks = [ring.block(cycle * period + n * 480, 480) for n in range(int(first * 100))]
        return _loudness(np.concatenate(blocks))

    assert level(3) - level(0) == pytest.approx(10, abs=0.6)
    assert level(4) == pytest.approx(level(3), abs=0.01)
    assert level(1) > level(0) + 3


@TONES
def test_blocks_join_without_a_gap_and_never_overload(tone: RingTone) -> None:
    ring = RingSound(tone)
    whole = np.concatenate([ring.block(n * 480, 480) for n in range(1500)])
    assert np.abs(whole).max() <= 0.41
    assert np.abs(np.diff(whole)).max() < 0.12
