"""A quiet voice is raised, its echo's remains and a loud one are not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.voice_level import GOAL_DBFS, MOST_GAIN_DB, VoiceLevel


def _power(dbfs: float) -> float:
    return float(32768.0**2 * 10 ** (dbfs / 10))


def _talk(level: VoiceLevel, dbfs: float, seconds: float, *, echo_possible: bool = False) -> float:
    """Half a second of voice, half a second of a quiet room, again and again."""
    gain = 0.0
    for block in range(int(seconds * 100)):
        speaks = block % 100 < 50
        gain = level.gain_db(
            mean_square=_power(dbfs if speaks else -70),
            peak=_power(dbfs) ** 0.5 * 4,
            speech=0.9 if speaks else 0.05,
            echo_possible=echo_possible,
        )
    return gain


def test_a_quiet_voice_is_raised_to_the_goal() -> None:
    gain = _talk(VoiceLevel(), -32, 15)
    assert abs(-32 + gain - GOAL_DBFS) < 1.5


def test_never_by_more_than_the_most() -> None:
    assert _talk(VoiceLevel(), -48, 30) == MOST_GAIN_DB


def test_a_loud_voice_stays_as_it_is() -> None:
    assert _talk(VoiceLevel(), -18, 10) == 0


def test_nothing_is_learned_while_an_echo_is_possible() -> None:
    level = VoiceLevel()
    assert _talk(level, -40, 10, echo_possible=True) == 0
    gain = _talk(level, -32, 15)
    assert abs(_talk(level, -45, 5, echo_possible=True) - gain) < 1e-6


def test_a_noisy_room_is_not_raised() -> None:
    level = VoiceLevel()
    for block in range(3000):
        speaks = block % 100 < 50
        gain = level.gain_db(
            mean_square=_power(-34 if speaks else -50), peak=2000, speech=0.9 * speaks, echo_possible=False
        )
    assert gain == 0


def test_a_shout_is_not_clipped() -> None:
    level = VoiceLevel()
    _talk(level, -40, 20)
    assert level.gain_db(mean_square=_power(-12), peak=29_000, speech=1, echo_possible=False) == 0


@given(st.lists(st.tuples(st.floats(0, 32768.0**2), st.floats(0, 32768), st.floats(0, 1), st.booleans()), max_size=100))
def test_the_gain_stays_in_its_bounds(blocks: list[tuple[float, float, float, bool]]) -> None:
    level = VoiceLevel()
    for power, peak, speech, echo in blocks:
        assert 0 <= level.gain_db(mean_square=power, peak=peak, speech=speech, echo_possible=echo) <= MOST_GAIN_DB
