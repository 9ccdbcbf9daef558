"""The sound profile: the right gains, loud and soft evened out, no delay, no clicks when it is changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.profile import Audiogram, Hearing, SoundProfile
from kiosk.media.sound_profile import (
    FREQUENCIES_HZ,
    LEAST_GAIN_DB,
    MOST_GAIN_DB,
    PRESETS,
    SoundShaping,
    gains_of,
    impulse_response,
    insertion_gains_db,
)

RATE = 48_000
N4 = Audiogram((55, 55, 55, 65, 70, 75, 80, 80))


def _shaped(samples: np.ndarray, gains: tuple[float, ...] | None, shaping: SoundShaping | None = None) -> np.ndarray:
    shaping = shaping or SoundShaping()
    shaping.follow(gains)
    blocks = samples.astype(np.float32).reshape(-1, 480)
    return np.concatenate([shaping.shaped(block) for block in blocks])


def _sine(hz: float, dbfs: float, seconds: float = 1.0) -> np.ndarray:
    amplitude = 32768 * 10 ** (dbfs / 20) * np.sqrt(2)
    return np.asarray(amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE))


def _dbfs(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples.astype(np.float64) ** 2)) / 32768 + 1e-9))


def test_gains_by_the_published_rule() -> None:
    """Worked by hand for N3: 0.15 x 41.7 + 0.31 x 35 - 17 at 250 Hz is 0.1; at 3 kHz it is more than the cap."""
    gains = insertion_gains_db(Audiogram((35, 35, 40, 50, 55, 60, 65, 70)))
    assert gains[0] == pytest.approx(0.1, abs=0.05)
    assert gains[1] == pytest.approx(9.1, abs=0.05)
    assert gains[4] == MOST_GAIN_DB


@given(st.lists(st.integers(-10, 120), min_size=8, max_size=8))
def test_no_audiogram_gives_more_than_the_cap(levels: list[int]) -> None:
    a, b, c, d, e, f, g, h = levels
    gains = insertion_gains_db(Audiogram((a, b, c, d, e, f, g, h)))
    assert all(LEAST_GAIN_DB <= gain <= MOST_GAIN_DB for gain in gains)
    response = np.abs(np.fft.rfft(impulse_response(gains), 8192))
    assert 20 * np.log10(response.max()) < MOST_GAIN_DB + 0.5


def test_each_profile_is_more_than_the_one_before() -> None:
    light, medium, strong = (gains_of(Hearing(sound_profile=profile)) for profile in PRESETS)
    assert light is not None and medium is not None and strong is not None
    assert sum(light) + 10 < sum(medium) and sum(medium) + 10 < sum(strong)
    assert gains_of(Hearing()) is None
    assert gains_of(Hearing(sound_profile=SoundProfile.AUDIOGRAM)) is None, "none was entered"
    assert gains_of(Hearing(sound_profile=SoundProfile.AUDIOGRAM, audiogram=N4)) == insertion_gains_db(N4)


@pytest.mark.parametrize("hz", FREQUENCIES_HZ)
def test_soft_tones_get_their_gain(hz: int) -> None:
    gains = insertion_gains_db(N4)
    soft = _sine(hz, -50)
    raised = _dbfs(_shaped(soft, gains)[RATE // 2 :]) - _dbfs(soft)
    assert raised == pytest.approx(gains[FREQUENCIES_HZ.index(hz)], abs=1.0)


def test_above_its_knee_ten_decibels_become_five() -> None:
    gains = insertion_gains_db(N4)
    softer, louder = (_dbfs(_shaped(_sine(1000, level), gains)[RATE // 2 :]) for level in (-20, -10))
    assert louder - softer == pytest.approx(5, abs=0.5)


def test_what_is_off_is_given_on_untouched() -> None:
    samples = _sine(700, -20)
    assert np.array_equal(_shaped(samples, None), samples.astype(np.float32))


def test_a_click_comes_out_at_once() -> None:
    """Minimum phase: the most of it within two milliseconds, nothing before it."""
    samples = np.zeros(4800)
    samples[1000] = 300
    shaped = _shaped(samples, insertion_gains_db(N4))
    assert np.abs(shaped[:1000]).max() < 1
    assert int(np.abs(shaped).argmax()) - 1000 < 0.002 * RATE


def test_blocks_join_as_one_sound() -> None:
    gains = insertion_gains_db(N4)
    noise = np.random.default_rng(2).standard_normal(4800) * 20
    whole = np.convolve(noise, impulse_response(gains))[: len(noise)]
    shaped = _shaped(np.concatenate([np.zeros(480), noise]), gains)[480:]
    # The first block is faded in, and the filter's memory of it is whole from the second on.
    assert np.abs(shaped[960:] - whole[960:]).max() < 0.02 * np.abs(whole).max()


def test_a_change_in_the_middle_of_a_word_does_not_click() -> None:
    tone = _sine(500, -20, 0.5)
    shaping = SoundShaping()
    before = _shaped(tone[:9600], None, shaping)
    during = _shaped(tone[9600:19200], insertion_gains_db(N4), shaping)
    after = _shaped(tone[19200:], None, shaping)
    loudest = max(np.abs(np.diff(part)).max() for part in (before, during[4800:], after))
    assert np.abs(np.diff(np.concatenate([before, during, after]))).max() < 1.3 * loudest


def test_silence_costs_and_sounds_nothing() -> None:
    shaping = SoundShaping()
    _shaped(_sine(500, -20), insertion_gains_db(N4), shaping)
    silence = np.zeros(480, dtype=np.float32)
    rung = [shaping.shaped(silence) for _ in range(4)]
    assert rung[0].any()
    assert rung[3] is silence


def test_what_was_stopped_does_not_ring_on() -> None:
    shaping = SoundShaping()
    _shaped(_sine(500, -20), insertion_gains_db(N4), shaping)
    shaping.forget()
    assert not shaping.shaped(np.zeros(480, dtype=np.float32)).any()
