"""Speech made shorter and longer: same pitch, same loudness, no clicks, and nothing where it would be heard."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.media.rtp.time_stretch import SHORTEST_PIECE, Samples, accelerate, expand, level

RATE = 48_000
BOTH = pytest.mark.parametrize("change", [accelerate, expand])


def voiced(pitch_hz: float, seconds: float, glide: float = 0.0) -> Samples:
    """A vowel: harmonics under three formants; ``glide`` is how many Hz the pitch rises in a second."""
    at = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * (pitch_hz * at + glide * at * at / 2)
    sound = np.zeros(len(at))
    for harmonic in range(1, 30):
        centre = harmonic * pitch_hz
        weight = sum(np.exp(-(((centre - formant) / 150) ** 2)) for formant in (600, 1200, 2600)) + 0.05
        sound += weight * np.sin(harmonic * phase + harmonic)
    return np.asarray(sound * 6000 / np.abs(sound).max(), dtype=np.int16)


def pitch_of(samples: Samples) -> float:
    """The strongest repetition between 60 and 450 Hz."""
    piece = samples[:4800].astype(np.float64)
    likeness = np.correlate(piece, piece, mode="full")[len(piece) :]
    least, most = RATE // 450, RATE // 60
    return RATE / (least + 1 + int(np.argmax(likeness[least:most])))


def over_and_over(samples: Samples, change: Callable[[Samples], Samples]) -> tuple[Samples, int]:
    """Every second piece of 40 ms changed; the result and how many pieces gave way."""
    parts: list[npt.NDArray[np.int16]] = []
    changed = 0
    for index, start in enumerate(range(0, len(samples), 1920)):
        piece = samples[start : start + 1920]
        if index % 2:
            new = change(piece)
            changed += new is not piece
            piece = new
        parts.append(piece)
    return np.concatenate(parts), changed


@BOTH
@pytest.mark.parametrize("pitch_hz", [85, 120, 180, 240, 330])
def test_a_voice_changes_its_length_and_keeps_pitch_loudness_and_smoothness(
    change: Callable[[Samples], Samples], pitch_hz: float
) -> None:
    voice = voiced(pitch_hz, 1.0)
    result, changed = over_and_over(voice, change)
    assert changed == 12
    longer = len(result) > len(voice)
    assert longer == (change is expand)
    assert pitch_of(result[9600:]) == pytest.approx(pitch_of(voice[9600:]), rel=0.02)
    assert level(result) == pytest.approx(level(voice), rel=0.05)
    step = np.abs(np.diff(voice.astype(np.int32))).max()
    assert np.abs(np.diff(result.astype(np.int32))).max() <= 1.25 * step


@BOTH
def test_a_gliding_voice_has_no_clicks(change: Callable[[Samples], Samples]) -> None:
    voice = voiced(130, 1.0, glide=60)
    result, changed = over_and_over(voice, change)
    assert changed >= 10
    step = np.abs(np.diff(voice.astype(np.int32))).max()
    assert np.abs(np.diff(result.astype(np.int32))).max() <= 1.25 * step


@BOTH
def test_it_is_one_period_within_bounds_and_the_ends_stay(change: Callable[[Samples], Samples]) -> None:
    voice = voiced(120, 0.04)
    result = change(voice)
    period = RATE / 120
    difference = abs(len(result) - len(voice))
    assert 120 <= difference <= 720
    assert difference / period == pytest.approx(round(difference / period), abs=0.02)
    assert np.array_equal(result[-200:], voice[-200:])
    assert abs(int(result[0]) - int(voice[0])) <= 200


@BOTH
def test_loud_noise_stays_and_quiet_noise_gives_way(change: Callable[[Samples], Samples]) -> None:
    noise = np.random.default_rng(4).normal(0, 1, 1920)
    loud = (noise * 5000).astype(np.int16)
    assert change(loud) is loud
    quiet = (noise * 20).astype(np.int16)
    assert abs(len(change(quiet)) - len(quiet)) == 480


@BOTH
def test_digital_silence_gives_way(change: Callable[[Samples], Samples]) -> None:
    silence = np.zeros(1920, dtype=np.int16)
    result = change(silence)
    assert abs(len(result) - 1920) == 480
    assert not result.any()


@BOTH
def test_a_piece_that_is_too_short_stays(change: Callable[[Samples], Samples]) -> None:
    short = voiced(120, 0.02)[: SHORTEST_PIECE - 1]
    assert change(short) is short


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(min_value=0, max_value=2**32 - 1),
    count=st.integers(min_value=0, max_value=4000),
    peak=st.integers(min_value=0, max_value=32767),
    hold=st.integers(min_value=1, max_value=900),
)
def test_any_sound_stays_in_bounds(seed: int, count: int, peak: int, hold: int) -> None:
    steps = np.random.default_rng(seed).integers(-peak, peak + 1, count // hold + 1)
    sound = np.repeat(steps, hold)[:count].astype(np.int16)
    for change, sign in ((accelerate, -1), (expand, 1)):
        result = change(sound)
        assert result.dtype == np.int16
        assert result is sound or 120 <= sign * (len(result) - count) <= 720
        assert level(result) <= peak
