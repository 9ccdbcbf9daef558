"""The watch over a silent radio, by virtual times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.ble.recovery import Patience, Step, Watch, due_at, heard, next_step, resumed

_PATIENCE = Patience(silence=600, step=60, usual=3)


def _steps(watch: Watch, until: float, every: float = 5) -> tuple[Watch, list[tuple[float, Step]]]:
    """What happens if nothing is heard until then."""
    taken = []
    now = watch.heard_at or 0.0
    while now < until:
        now += every
        watch, step = next_step(watch, now, _PATIENCE)
        if step is not None:
            taken.append((now, step))
    return watch, taken


def test_before_anything_was_heard_silence_is_no_fault() -> None:
    assert due_at(Watch(), _PATIENCE) is None
    assert _steps(Watch(), 100_000, 1_000)[1] == []
    assert resumed(Watch(), 50.0) == Watch()


def test_step_by_step_and_then_said() -> None:
    _, taken = _steps(heard(Watch(), 0.0), 1_000)
    assert taken == [(600, Step.RESTART_DISCOVERY), (660, Step.POWER_CYCLE), (720, Step.TELL)]


def test_after_the_last_step_it_begins_again_in_its_own_time() -> None:
    _, taken = _steps(heard(Watch(), 0.0), 2_000)
    assert taken[3:] == [
        (1320, Step.RESTART_DISCOVERY),
        (1380, Step.POWER_CYCLE),
        (1440, Step.TELL),
    ]


def test_an_advertisement_ends_the_matter() -> None:
    watch, _ = _steps(heard(Watch(), 0.0), 605)
    watch = heard(watch, 610.0)
    assert next_step(watch, 700.0, _PATIENCE)[1] is None
    assert watch.tried == 0


def test_what_a_step_mended_was_a_fault_and_teaches_nothing() -> None:
    watch, _ = _steps(heard(Watch(), 0.0), 605)
    assert heard(watch, 610.0).longest == 0.0


def test_a_quiet_house_is_learnt() -> None:
    watch, taken = _steps(heard(Watch(), 0.0), 800)
    assert taken[-1][1] is Step.TELL
    watch = heard(watch, 7_200.0)
    assert watch.longest == 7_200.0
    _, taken = _steps(watch, 7_200.0 + 3 * 7_200.0 - 5)
    assert taken == []


def test_a_connection_counts_as_sound() -> None:
    watch = resumed(heard(Watch(), 0.0), 599.0)
    assert next_step(watch, 700.0, _PATIENCE)[1] is None
    assert due_at(watch, _PATIENCE) == 599.0 + 600.0


@given(st.lists(st.floats(0.1, 5_000), max_size=60))
def test_never_two_steps_at_once_and_none_right_after_a_sound(gaps: list[float]) -> None:
    watch, now, latest = heard(Watch(), 0.0), 0.0, -1_000.0
    for number, gap in enumerate(gaps):
        now += gap
        if number % 5 == 4:
            watch = heard(watch, now)
            assert next_step(watch, now, _PATIENCE)[1] is None
            latest = -1_000.0
        watch, step = next_step(watch, now, _PATIENCE)
        if step is not None:
            assert now - latest >= _PATIENCE.step or latest < 0
            latest = now
