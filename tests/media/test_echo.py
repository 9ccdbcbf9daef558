"""The echo path takes out what was played and lets the near voice through."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.media.echo import EchoPath
from kiosk.media.playout import BLOCK

RATE = 48_000
SECONDS = 8


def _voice(seed: int) -> np.ndarray:
    """Noise with the envelope of syllables."""
    random = np.random.default_rng(seed)
    at = np.arange(SECONDS * RATE) / RATE
    noise = np.convolve(random.standard_normal(len(at)), np.ones(12) / 12, mode="same")
    return np.asarray(noise * np.clip(np.sin(2 * np.pi * 3.1 * at), 0, 1) * 9000)


def _through(near: np.ndarray, far: np.ndarray) -> tuple[np.ndarray, float]:
    """What comes out, and the gain at the end."""
    path = EchoPath(echo_cancelling=True, stream_delay_ms=60)
    out: list[np.ndarray] = []
    for start in range(0, len(near), BLOCK):
        path.played(far[start : start + BLOCK].astype(np.int16))
        cleaned = path.clean(near[start : start + BLOCK].astype(np.int16), wanted=True)
        assert cleaned is not None
        out.append(cleaned)
    return np.concatenate(out).astype(np.float64), path.gain_db


def _level(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1))


def _room(far: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(5)
    response = random.standard_normal(2400) * np.exp(-np.arange(2400) / 500) * 0.05
    delayed = np.concatenate([np.zeros(int(0.08 * RATE)), far])[: len(far)]
    return np.convolve(delayed, response)[: len(far)]


def test_the_echo_is_taken_out() -> None:
    far = _voice(1)
    echo = _room(far)
    left, gain = _through(echo, far)
    late = slice(4 * RATE, None)
    assert gain <= 12.1
    assert _level(echo[late]) - _level(left[late]) + gain > 20


def test_a_near_voice_alone_passes() -> None:
    near = _voice(2) * 0.3
    out, _ = _through(near, np.zeros_like(near))
    late = slice(4 * RATE, None)
    assert _level(out[late]) > _level(near[late]) - 3


def test_nothing_is_worked_on_when_nobody_listens_and_nothing_plays() -> None:
    path = EchoPath(echo_cancelling=True, stream_delay_ms=60)
    silence = np.zeros(BLOCK, dtype=np.int16)
    assert path.clean(silence, wanted=False) is None
    path.played(np.full(BLOCK, 1000, dtype=np.int16))
    assert path.clean(silence, wanted=False) is None
    cleaned = path.clean(silence, wanted=True)
    assert cleaned is not None and len(cleaned) == BLOCK


def test_played_blocks_do_not_pile_up_while_recording_stands_still() -> None:
    path = EchoPath(echo_cancelling=True, stream_delay_ms=60)
    for _ in range(1000):
        path.played(np.ones(BLOCK, dtype=np.int16))
    taken = 0
    while path._played:
        path.clean(np.zeros(BLOCK, dtype=np.int16), wanted=True)
        taken += 1
    assert taken == pytest.approx(6)


def test_the_canceller_learns_on_while_the_last_sound_still_rings() -> None:
    """Nobody listens yet: a pause in the ring tone must not look like a jump of the echo's delay."""
    path = EchoPath(echo_cancelling=True, stream_delay_ms=60)
    learned: list[int] = []
    learn = path._front.learn

    def counted(near: np.ndarray, far: np.ndarray) -> None:
        learned.append(1)
        learn(near, far)

    path._front.learn = counted  # type: ignore[method-assign]
    path.played(np.full(BLOCK, 1000, dtype=np.int16))
    for _ in range(200):
        path.clean(np.zeros(BLOCK, dtype=np.int16), wanted=False)
    assert len(learned) == 100


def test_a_headset_turns_the_canceller_off_and_its_end_on_again() -> None:
    far = _voice(1)
    echo = _room(far) * 3
    path = EchoPath(echo_cancelling=True, stream_delay_ms=60)

    def level(begin: int, end: int) -> float:
        out = []
        for start in range(begin * RATE, end * RATE, BLOCK):
            path.played(far[start : start + BLOCK].astype(np.int16))
            cleaned = path.clean(echo[start : start + BLOCK].astype(np.int16), wanted=True)
            assert cleaned is not None
            out.append(cleaned)
        return _level(np.concatenate(out[100:]).astype(np.float64))

    loudspeaker = level(0, 3)
    path.echo_cancelling = False
    headset = level(3, 5)
    path.echo_cancelling = True
    again = level(5, 8)
    assert headset > loudspeaker + 15
    assert headset > again + 15
