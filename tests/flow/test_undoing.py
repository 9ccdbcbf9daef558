"""«Ikke nå» and «Angre»: silence at once, the caller told after five seconds, and every way out in between."""

from __future__ import annotations

from kiosk.facts.calls import CallOutcome
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.state import Connecting, Ended, Idle, Ringing
from kiosk.flow.transitions import FlowSettings, step
from kiosk.flow.undoing import UNDO_SECONDS
from tests.flow.test_transitions import KARI, moment, play

DECLINED, _ = play(on.CallArrived("1", KARI), on.RingPainted("1"), on.RingSounding(), on.DeclinePressed())
REFUSED = [do.Refuse("1", do.Refusal.DECLINE), do.DropMedia("1")]


def test_angre_brings_the_ring_back_for_as_long_as_it_would_have_rung() -> None:
    state, effects = play(on.UndoPressed(), state=DECLINED, at=4.0)
    assert isinstance(state.phase, Ringing) and effects == [do.WakeScreen(), do.StartRing()]
    assert play(on.Tick(), state=state, at=59.9)[1] == []
    assert do.Refuse("1", do.Refusal.RANG_OUT) in play(on.Tick(), state=state, at=60.0)[1]
    answered, effects = play(on.AnswerPressed(), state=state, at=6.0)
    assert isinstance(answered.phase, Connecting) and do.Accept("1") in effects


def test_after_five_seconds_the_caller_is_told_and_nothing_can_be_taken_back() -> None:
    state, effects = play(on.Tick(), state=DECLINED, at=UNDO_SECONDS)
    assert effects == REFUSED
    assert isinstance(state.phase, Ended) and state.phase.outcome is CallOutcome.DECLINED
    assert play(on.UndoPressed(), state=state) == (state, [])
    assert play(on.CallOver("1", CallOutcome.CANCELLED), state=state) == (state, [])


def test_closing_the_card_tells_the_caller_at_once() -> None:
    state, effects = play(on.CardClosed(), state=DECLINED, at=1.0)
    assert isinstance(state.phase, Idle) and effects[:2] == REFUSED


def test_a_caller_who_gives_up_meanwhile_leaves_nothing_to_take_back() -> None:
    state, effects = play(on.CallOver("1", CallOutcome.CANCELLED), state=DECLINED, at=2.0)
    assert effects == [do.DropMedia("1")]
    assert isinstance(state.phase, Ended) and state.phase.outcome is CallOutcome.DECLINED
    assert play(on.UndoPressed(), on.Tick(), state=state, at=6.0) == (state, [])


def test_a_second_call_meanwhile_meets_busy() -> None:
    assert play(on.CallArrived("2", KARI), state=DECLINED, at=2.0) == (DECLINED, [do.Refuse("2", do.Refusal.BUSY)])


def test_the_card_stays_until_it_is_closed_or_another_calls() -> None:
    settings = FlowSettings()
    state, _ = step(DECLINED, on.Tick(), moment(5.0), settings)
    assert step(state, on.Tick(), moment(20 * 3600.0), settings) == (state, ())
    assert isinstance(step(state, on.CallArrived("2", KARI), moment(30.0), settings)[0].phase, Ringing)
