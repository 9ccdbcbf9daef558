"""What is left of an echo is turned down where nobody speaks here, and opened at once when somebody does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.residual_echo import ResidueGate

LOUD = 3000.0**2


def _gate_over_echo(blocks: int = 40, *, gain_db: float = 0.0) -> tuple[ResidueGate, float]:
    """Far speech whose echo the canceller has taken away by 25 dB."""
    gate = ResidueGate()
    attenuation = 0.0
    for _ in range(blocks):
        attenuation = gate.attenuation_db(played=LOUD, recorded=LOUD / 10, left=LOUD / 10 / 316, gain_db=gain_db)
    return gate, attenuation


def test_echo_alone_is_turned_down_and_the_gain_taken_back() -> None:
    assert _gate_over_echo()[1] == 16
    assert _gate_over_echo(gain_db=12)[1] == 28


def test_a_voice_opens_the_gate_within_one_block() -> None:
    gate, _ = _gate_over_echo()
    voice = LOUD / 20
    assert gate.attenuation_db(played=LOUD, recorded=LOUD / 10 + voice, left=voice, gain_db=6) == 0


def test_it_closes_in_steps() -> None:
    gate = ResidueGate()
    steps = [gate.attenuation_db(played=LOUD, recorded=LOUD, left=1, gain_db=0) for _ in range(6)]
    assert steps == [3, 6, 9, 12, 15, 16]


def test_nothing_is_turned_down_when_nothing_was_played() -> None:
    gate = ResidueGate()
    assert not gate.hears_far_end
    for _ in range(20):
        assert gate.attenuation_db(played=0, recorded=LOUD, left=10, gain_db=6) == 0


def test_the_echo_may_still_ring_for_half_a_second() -> None:
    gate, _ = _gate_over_echo()
    heard = []
    for _ in range(60):
        gate.attenuation_db(played=0, recorded=10, left=10, gain_db=0)
        heard.append(gate.hears_far_end)
    assert heard == [True] * 49 + [False] * 11


powers = st.floats(0, 32768.0**2, allow_nan=False)


@given(st.lists(st.tuples(powers, powers, powers, st.floats(0, 12)), max_size=50))
def test_no_sound_brings_it_out_of_its_bounds(blocks: list[tuple[float, float, float, float]]) -> None:
    gate = ResidueGate()
    for played, recorded, left, gain in blocks:
        assert 0 <= gate.attenuation_db(played=played, recorded=recorded, left=left, gain_db=gain) <= 28
