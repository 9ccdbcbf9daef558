"""The limiter: nothing above -1 dBFS, nothing changed below, no jumps, open again soon."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kiosk.media.limiter import CEILING, Limiter

RATE = 48_000


def _limited(samples: np.ndarray) -> np.ndarray:
    limiter = Limiter()
    blocks = samples.astype(np.float32).reshape(-1, 480)
    return np.concatenate([limiter.limited(block) for block in blocks])


def _sine(hz: float, amplitude: float, seconds: float = 1.0) -> np.ndarray:
    return np.asarray(amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE))


def test_what_is_soft_enough_is_not_touched() -> None:
    samples = _sine(440, 29_000 * 0.98)
    assert np.array_equal(_limited(samples), samples.astype(np.float32))


@given(arrays(np.float32, 480 * 4, elements=st.floats(-200_000, 200_000, width=32)))
def test_nothing_is_ever_above_the_ceiling(samples: np.ndarray) -> None:
    assert np.abs(_limited(samples)).max() <= CEILING + 0.5


@pytest.mark.parametrize("hz", [120, 440, 3000])
def test_a_loud_tone_keeps_its_shape(hz: float) -> None:
    """Clipping 12 dB off would leave 40 % of other frequencies; a limiter leaves next to none."""
    limited = _limited(_sine(hz, 4 * CEILING))[RATE // 2 :]
    spectrum = np.abs(np.fft.rfft(limited * np.hanning(len(limited)))) ** 2
    at = round(hz * len(limited) / RATE)
    tone = spectrum[at - 4 : at + 5].sum()
    assert 10 * np.log10((spectrum.sum() - tone) / tone) < -30
    assert np.abs(limited).max() > 0.9 * CEILING


def test_it_opens_again_after_a_peak() -> None:
    loud, soft = _sine(440, 4 * CEILING, 0.2), _sine(440, 0.2 * CEILING, 1.0)
    after = _limited(np.concatenate([loud, soft]))[len(loud) :]
    assert np.abs(after[:480]).max() < 0.1 * CEILING
    assert np.abs(after[-4800:]).max() == pytest.approx(0.2 * CEILING, rel=0.01)


def test_a_sudden_peak_makes_no_jump_in_the_wave() -> None:
    quiet, loud = _sine(440, 0.3 * CEILING, 0.1), _sine(440, 2 * CEILING, 0.1)
    steepest = np.abs(np.diff(loud)).max()
    assert np.abs(np.diff(_limited(np.concatenate([quiet, loud])))).max() <= steepest
