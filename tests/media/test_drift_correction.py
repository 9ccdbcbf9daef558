"""Sound between two clocks: what waits stays bounded, no block is lost or doubled, the pitch changes unheard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.drift_correction import MOST_PPM, WAITING, DriftCorrection
from kiosk.media.playout import BLOCK

RATE = 48_000


def _sine(block: int, frequency: float = 440.0) -> np.ndarray:
    at = np.arange(block * BLOCK, (block + 1) * BLOCK) / RATE
    return np.asarray(8000 * np.sin(2 * np.pi * frequency * at), dtype=np.int16)


def _between_clocks(ppm: float, seconds: float, late_ms: float = 0.0) -> tuple[DriftCorrection, np.ndarray]:
    """The reader's clock is faster by ``ppm``; either thread comes up to ``late_ms`` late."""
    random = np.random.default_rng(1)
    count = int(seconds * 100)
    late = random.random((2, count)) * late_ms / 1000
    puts = np.sort(np.arange(count) * 0.01 + late[0])
    pulls = np.sort(np.arange(count) * 0.01 / (1 + ppm * 1e-6) + 0.005 + late[1])
    correction = DriftCorrection()
    put, out = 0, []
    for at in pulls:
        while put < count and puts[put] <= at:
            correction.put(_sine(put))
            put += 1
        out.append(correction.pull())
    return correction, np.concatenate(out)


@pytest.mark.parametrize("ppm", [-480.0, -100.0, 0.0, 100.0, 480.0])
def test_the_clocks_drift_and_nothing_is_lost(ppm: float) -> None:
    correction, out = _between_clocks(ppm, 60.0, late_ms=15)
    assert correction.starved <= WAITING // BLOCK + 1, "only while it filled"
    # A faster reader must read slower; where in a block the threads meet (240 samples) is not known.
    assert correction.ppm == pytest.approx(-ppm, abs=260)
    assert abs(correction.waiting - WAITING) < 4 * BLOCK
    late = out[10 * RATE :].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(late * np.hanning(len(late)))) ** 2
    frequency = np.fft.rfftfreq(len(late), 1 / RATE)
    tone = np.abs(frequency - 440) < 3
    assert spectrum[tone].sum() / spectrum[~tone].sum() > 1e5, "no click, no hole"


def test_it_is_silent_until_enough_waits_and_after_running_dry() -> None:
    correction = DriftCorrection()
    assert not correction.pull().any()
    for number in range(5):
        correction.put(_sine(number))
    heard = [correction.pull().any() for _ in range(6)]
    assert heard == [True] * 3 + [False] * 3 or heard == [True] * 4 + [False] * 2
    assert correction.starved >= 3
    for number in range(5):
        correction.put(_sine(number))
    assert correction.pull().any()


def test_what_nobody_pulls_is_dropped_and_the_newest_sounds() -> None:
    correction = DriftCorrection()
    for number in range(1000):
        correction.put(np.full(BLOCK, number, dtype=np.int16))
    first = correction.pull()
    assert first[-1] >= 1000 - WAITING // BLOCK - 1
    assert correction.waiting <= WAITING


def test_full_scale_is_not_wrapped() -> None:
    square = np.where(np.arange(BLOCK) % 20 < 10, 32767, -32768).astype(np.int16)
    correction = DriftCorrection()
    out = []
    for number in range(40):
        correction.put(square)
        if number % 16:  # so slow a reader that it reads between the samples
            out.append(correction.pull())
    sounding = np.concatenate(out[8:])
    assert correction.ppm > 0
    flat = np.abs(np.diff(sounding.astype(np.int32))) < 20_000
    assert flat.mean() > 0.75, "two steps in twenty samples, none of them by wrapping"


@given(st.lists(st.booleans(), max_size=300))
def test_no_order_of_threads_breaks_it(order: list[bool]) -> None:
    correction = DriftCorrection()
    for number, puts in enumerate(order):
        if puts:
            correction.put(_sine(number))
        else:
            assert len(correction.pull()) == BLOCK
        assert abs(correction.ppm) <= MOST_PPM
        assert 0 <= correction.waiting <= WAITING + 10 * BLOCK
