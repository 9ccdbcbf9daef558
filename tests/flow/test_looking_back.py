"""One's own readings: only between calls, and never for ever."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.readings import Unit
from kiosk.facts.history import Curve, Point, Span
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.facts.spoken import Spoken, shown
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.looking_back import DRAWN_POINTS, thinned
from kiosk.flow.state import History, KioskState, Measuring
from tests.flow.readings import reading
from tests.flow.test_measuring import HOME, PRESSURE, WEIGHT, said
from tests.flow.test_transitions import KARI, TALK, moment, play


def curve(kind: MeasurementKind = PRESSURE, span: Span = Span.WEEK, count: int = 1) -> Curve:
    points = tuple(Point(moment(0.0).wall, Decimal(125), Decimal(80)) for _ in range(count))
    return Curve(kind, span, Unit.MILLIMETRE_OF_MERCURY, points, points[-1] if points else None, moment(0.0).wall)


OPEN, _ = play(on.HistoryPressed(), on.HistoryLoaded(curve()), state=HOME)


def test_it_opens_with_the_first_kind_and_a_week() -> None:
    state, effects = play(on.HistoryPressed(), state=HOME)
    assert state.history == History(PRESSURE, Span.WEEK, 0.0)
    assert effects == [do.LoadHistory(PRESSURE, Span.WEEK)]
    state, effects = play(on.HistoryLoaded(curve()), state=state)
    assert state.history is not None and state.history.curve == curve()
    assert said(effects) == [Spoken.BLOOD_PRESSURE_WAS]


@pytest.mark.parametrize(
    "state",
    [
        KioskState(),
        play(*TALK, state=HOME)[0],
        play(on.MeasurePressed(WEIGHT), state=HOME)[0],
        play(on.OwnerAsked("r", reading()), state=HOME)[0],
    ],
    ids=["no devices", "in a call", "measuring", "a question is asked"],
)
def test_it_opens_from_the_home_page_only(state: KioskState) -> None:
    assert play(on.HistoryPressed(), state=state) == (state, [])
    assert play(on.HistoryChosen(PRESSURE, Span.YEAR), state=state) == (state, [])


def test_another_span_and_another_kind_are_read_and_a_late_answer_to_the_first_is_dropped() -> None:
    state, effects = play(on.HistoryChosen(PRESSURE, Span.YEAR), state=OPEN, at=3.0)
    assert effects == [do.LoadHistory(PRESSURE, Span.YEAR)]
    assert play(on.HistoryLoaded(curve()), state=state) == (state, [])
    state, effects = play(on.HistoryLoaded(curve(span=Span.YEAR)), state=state)
    assert effects == [do.Say(shown("history.spans.year.name"))], "the newest has been said"
    state, effects = play(on.HistoryChosen(WEIGHT, Span.YEAR), state=state)
    assert effects == [do.LoadHistory(WEIGHT, Span.YEAR)]
    glucose = on.HistoryChosen(MeasurementKind.GLUCOSE, Span.WEEK)
    assert play(glucose, state=state) == (state, [])
    assert play(on.HistoryChosen(PRESSURE, Span.WEEK), state=OPEN, at=9.0)[1] == [], "it is there already"


def test_none_and_unreadable_are_told() -> None:
    state, _ = play(on.HistoryPressed(), state=HOME)
    assert said(play(on.HistoryLoaded(curve(count=0)), state=state)[1]) == [Spoken.HISTORY_EMPTY]
    state, effects = play(on.HistoryFailed(), on.HistoryFailed(), state=state)
    assert said(effects) == [Spoken.HISTORY_FAILED]
    state, effects = play(on.HistoryChosen(PRESSURE, Span.WEEK), state=state)
    assert effects == [do.LoadHistory(PRESSURE, Span.WEEK)], "a press tries again"


def test_it_closes_by_a_press_and_for_what_comes_never_by_itself() -> None:
    assert play(on.HistoryClosed(), state=OPEN)[0] == HOME
    assert play(on.Tick(), state=OPEN, at=20 * 3600.0) == (OPEN, [])
    assert play(on.CallArrived("1", KARI), state=OPEN)[0].history is None
    assert play(on.ReadingKept("r", reading()), state=OPEN)[0].history is None
    assert play(on.MeasurementFailed(MeasurementFault.NO_VALUE, PRESSURE), state=OPEN)[0].history is None
    measuring, _ = play(on.MeasurePressed(PRESSURE), state=OPEN)
    assert measuring.history is None and isinstance(measuring.measurement, Measuring)


@given(st.lists(st.integers(0, 300), max_size=3000))
def test_a_line_of_many_readings_keeps_its_peaks_and_its_end(values: list[int]) -> None:
    points = tuple(Point(moment(0.0).wall + timedelta(minutes=n), Decimal(value)) for n, value in enumerate(values))
    kept = thinned(points)
    assert len(kept) <= DRAWN_POINTS
    assert kept == points or len(points) > DRAWN_POINTS
    assert list(kept) == sorted(kept, key=lambda point: point.at)
    assert set(kept) <= set(points)
    if points:
        assert kept[-1] == points[-1]
        for extreme in (min, max):
            assert extreme(point.value for point in kept) == extreme(point.value for point in points)


def test_ten_thousand_readings_fit_into_one_message_to_the_screen() -> None:
    state, _ = play(on.HistoryPressed(), on.HistoryLoaded(curve(count=10_000)), state=HOME)
    assert len(msgspec.json.encode(state)) < 60_000
