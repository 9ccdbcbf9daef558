"""The pulses in the bench's speech are found again, also when faint and under speech; their holes are counted."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.callbench.material import PULSE_LEVEL, RATE_HZ, pulse_shape, with_pulses
from kiosk.callbench.pulses import heard_pulses, missing_share


def _speech_like(seconds: int) -> np.ndarray:
    """Noise whose loudness comes and goes four times a second."""
    random = np.random.default_rng(3)
    times = np.arange(seconds * RATE_HZ) / RATE_HZ
    voice = np.convolve(random.standard_normal(len(times)), np.ones(24) / 24, mode="same")
    return voice * np.abs(np.sin(2 * np.pi * 2 * times))


@pytest.mark.parametrize("gain", [1.0, 0.1])
def test_pulses_under_speech_are_found_to_two_milliseconds(gain: float) -> None:
    sound = np.roll(with_pulses(_speech_like(20)), int(0.3 * RATE_HZ)) * gain
    found = heard_pulses(np.round(sound * 32767).astype(np.int16), RATE_HZ)
    assert found == pytest.approx([0.3 + second for second in range(20)], abs=0.002)


def test_silence_and_little_sound_have_none() -> None:
    assert heard_pulses(np.zeros(RATE_HZ * 3, dtype=np.int16), RATE_HZ) == []
    assert heard_pulses(np.zeros(10, dtype=np.int16), RATE_HZ) == []


def test_a_lost_pulse_is_a_hole() -> None:
    sound = np.zeros(6 * RATE_HZ)
    pulse = pulse_shape(RATE_HZ) * PULSE_LEVEL
    for second in (0, 1, 3, 4):
        sound[(second * RATE_HZ + 4800) : (second * RATE_HZ + 4800 + len(pulse))] = pulse
    found = heard_pulses(np.round(sound * 32767).astype(np.int16), RATE_HZ)
    assert found == pytest.approx([0.1, 1.1, 3.1, 4.1], abs=0.002)
    assert missing_share(found, 0.0, 5.0) == pytest.approx(1 / 5)
    assert missing_share(found, 0.0, 6.9) == pytest.approx(3 / 7)


@pytest.mark.parametrize(
    ("pulses", "began", "ended", "share"),
    [
        ([], 10.0, 10.5, None),
        ([], 10.0, 12.0, 1.0),
        ([10.9, 11.9, 12.9], 10.0, 13.8, 0.0),
        ([11.5, 12.5], 10.0, 13.0, 1 / 3),
        ([10.2, 13.25], 10.0, 14.0, 0.5),
    ],
)
def test_the_share_that_is_missing(pulses: list[float], began: float, ended: float, share: float | None) -> None:
    assert missing_share(pulses, began, ended) == share
