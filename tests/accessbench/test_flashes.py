"""The counter of flashes, on pictures that were made for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kiosk.accessbench.flashes import changing, changing_to_red, most_flashes
from kiosk.accessbench.iris import PASS, iris_verdict

RATE = 30


def _blinking(hertz: float, low: int, high: int, seconds: int = 4) -> np.ndarray:
    """A square wave of grey on the right half; the left stays."""
    at = np.arange(seconds * RATE) / RATE
    pictures = np.full((len(at), 96, 128, 3), low, dtype=np.uint8)
    pictures[at * hertz % 1 < 0.5, :, 64:] = high
    return pictures


@pytest.mark.parametrize(("hertz", "flashes"), [(1, 4), (2, 8), (3, 12)])
def test_flashes_are_counted_where_they_are(hertz: int, flashes: int) -> None:
    blinking = _blinking(hertz, 0, 255)
    assert most_flashes(blinking) in (flashes - 1, flashes), "the first has no change before it"
    assert most_flashes(blinking[:, :, :64]) == 0
    assert changing(blinking).mean() == 0.5


def test_what_changes_by_less_than_a_tenth_is_no_flash() -> None:
    assert most_flashes(_blinking(3, 100, 120)) == 0
    assert most_flashes(_blinking(3, 232, 255)) == 0, "both brighter than 0.80"


def test_a_slow_swell_is_counted_too() -> None:
    level = (127 * (1 - np.cos(2 * np.pi * np.arange(4 * RATE) / RATE))).astype(np.uint8)
    pictures = np.broadcast_to(level[:, np.newaxis, np.newaxis, np.newaxis], (len(level), 4, 4, 3)).copy()
    assert most_flashes(pictures) == 4
    assert most_flashes(pictures // 8) == 0


def test_only_red_that_comes_and_goes_is_told() -> None:
    pictures = np.zeros((4, 4, 4, 3), dtype=np.uint8)
    pictures[:, 0, 0] = (255, 0, 0)
    pictures[1::2, 1, 1] = (255, 30, 30)
    pictures[1::2, 2, 2] = (255, 200, 200)
    assert np.argwhere(changing_to_red(pictures)).tolist() == [[1, 1]]


def test_iris_fails_what_flashes_fast_and_passes_what_does_not(tmp_path: Path) -> None:
    fast = iris_verdict(_blinking(4, 0, 255), RATE, tmp_path)
    if fast is None:
        pytest.skip("iris-pse-detection is not installed")
    assert fast != PASS
    assert iris_verdict(_blinking(0.5, 0, 255), RATE, tmp_path) == PASS
