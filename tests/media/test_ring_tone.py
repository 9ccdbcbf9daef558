"""The ring tone has the spectrum and growth that old ears need."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.media.ring_tone import PAUSE_S, RATE_HZ, SOUND_S, RingTone


def _loudness(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-20))


def test_energy_lies_where_old_ears_hear() -> None:
    sound = RingTone().block(0, int(SOUND_S * RATE_HZ))
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    assert power[(frequency >= 400) & (frequency <= 2500)].sum() / power.sum() >= 0.8
    assert power[frequency > 3000].sum() / power.sum() <= 0.1
    assert 400 <= frequency[power.argmax()] <= 521
    assert power[frequency > 1000].sum() / power.sum() > 0.02, "harmonics, not a pure tone"


def test_two_seconds_on_two_seconds_off() -> None:
    tone = RingTone()
    period = int((SOUND_S + PAUSE_S) * RATE_HZ)
    for cycle in range(3):
        assert _loudness(tone.block(cycle * period, int(SOUND_S * RATE_HZ))) > -40
        assert not tone.block(cycle * period + int(SOUND_S * RATE_HZ), int(PAUSE_S * RATE_HZ)).any()


def test_it_grows_ten_decibels_in_ten_seconds_and_then_stays() -> None:
    tone = RingTone()

    def level(second: float) -> float:
        blocks = [tone.block(int(second * RATE_HZ) + n * 480, 480) for n in range(48)]  # one note pair
        return _loudness(np.concatenate(blocks))

    assert level(12.0) - level(0.0) == pytest.approx(10, abs=0.6)
    assert level(16.0) == pytest.approx(level(12.0), abs=0.01)
    assert level(4.0) > level(0.0) + 3


def test_blocks_join_without_a_gap_and_never_overload() -> None:
    tone = RingTone()
    whole = np.concatenate([tone.block(n * 480, 480) for n in range(1500)])
    assert np.abs(whole).max() <= 0.41
    assert np.abs(np.diff(whole)).max() < 0.12
