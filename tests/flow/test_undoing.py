"""«Ikke nå» and «Angre»: silence at once, the caller told after five seconds, and every way out in between."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.facts.calls import CallOutcome
from kiosk.facts.profile import Pressing, Profile
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow import prompts
from kiosk.flow.state import Connecting, Ended, Idle, KioskState, Ringing, Talking
from kiosk.flow.transitions import FlowSettings, call_id_of, step
from kiosk.flow.undoing import UNDO_SECONDS
from tests.flow.test_transitions import KARI, TALK, moment, play

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


# -- «Legg på» ---------------------------------------------------------------------------------------------------------


def test_hanging_up_ends_everything_at_once_and_can_be_taken_back_for_five_seconds() -> None:
    state, effects = play(*TALK, on.HangUpPressed())
    assert do.HangUp("1") in effects and do.DropMedia("1") in effects
    assert isinstance(state.phase, Ended) and state.phase.can_undo
    state, effects = play(on.UndoPressed(), state=state, at=4.9)
    assert state.phase == Connecting("1-back", KARI, 4.9, calling=True)
    assert do.CallBack("1", "1-back", KARI.uri) in effects
    assert do.Say(Utterance(Spoken.CALLING_BACK, (("name", KARI.name),))) in effects


def called_back() -> KioskState:
    return play(on.UndoPressed(), state=play(*TALK, on.HangUpPressed())[0], at=1.0)[0]


def test_a_press_that_trembles_does_not_call_back() -> None:
    ended, _ = play(*TALK, on.HangUpPressed())
    assert play(on.UndoPressed(), state=ended, at=0.4) == (ended, [])
    slow = msgspec.structs.replace(ended, profile=Profile(pressing=Pressing(repeat_seconds=2.0)))
    assert play(on.UndoPressed(), state=slow, at=1.9) == (slow, [])
    assert isinstance(play(on.UndoPressed(), state=slow, at=2.0)[0].phase, Connecting)


def test_after_five_seconds_nobody_is_called() -> None:
    ended, _ = play(*TALK, on.HangUpPressed())
    state, effects = play(on.Tick(), state=ended, at=5.0)
    assert isinstance(state.phase, Ended) and not state.phase.can_undo
    assert effects == []
    assert play(on.UndoPressed(), state=state, at=5.1) == (state, [])


@pytest.mark.parametrize(
    "events",
    [
        (on.CallOver("1", CallOutcome.HUNG_UP_THERE),),
        (on.CallOver("1", CallOutcome.CONNECTION_LOST),),
        (on.HangUpPressed(), on.CardClosed()),
        (on.HangUpPressed(), on.CallArrived("2", KARI)),
    ],
)
def test_only_what_the_patient_ended_and_still_stands_there_is_taken_back(events: tuple[on.Event, ...]) -> None:
    state, _ = play(*TALK, *events)
    after, effects = play(on.UndoPressed(), state=state, at=1.0)
    assert not any(isinstance(one, do.CallBack) for one in effects)
    assert after.phase == state.phase


def test_calling_back_becomes_a_call_like_any_other() -> None:
    state = called_back()
    assert call_id_of(state) == "1-back"
    assert play(on.CallAnswered("1"), state=state)[0] == state, "the one that is over"
    assert play(on.Tick(), state=state, at=30.0)[0].phase == state.phase, "it may ring for a while"
    state, _ = play(on.CallAnswered("1-back"), state=state, at=30.0)
    assert state.phase == Connecting("1-back", KARI, 30.0)
    state, _ = play(on.PeerSeenOrHeard("1-back"), state=state, at=31.0)
    assert isinstance(state.phase, Talking) and state.phase.call_id == "1-back"
    state, effects = play(on.HangUpPressed(), state=state, at=40.0)
    assert do.HangUp("1-back") in effects
    assert isinstance(state.phase, Ended) and state.phase.can_undo


def test_calling_back_can_be_stopped_and_can_come_to_nothing() -> None:
    calling = called_back()
    state, effects = play(on.HangUpPressed(), state=calling)
    assert do.HangUp("1-back") in effects and do.DropMedia("1-back") in effects
    assert isinstance(state.phase, Ended) and not state.phase.can_undo
    state, effects = play(on.CallOver("1-back", CallOutcome.NOT_REACHED), state=calling)
    assert do.DropMedia("1-back") in effects
    assert isinstance(state.phase, Ended) and state.phase.outcome is CallOutcome.NOT_REACHED
    assert do.Say(Utterance(Spoken.CALL_NOT_REACHED, (("name", KARI.name),))) in effects
    assert isinstance(play(on.Tick(), state=calling, at=61.0)[0].phase, Ended)


def test_the_card_that_can_be_taken_back_says_so() -> None:
    ended, _ = play(*TALK, on.HangUpPressed())
    told = prompts.prompt(ended, moment(1)).all()
    assert any(("first", "undo") in one.words for one in told)


def test_two_who_call_each_other_are_connected() -> None:
    state, effects = play(on.CallArrived("2", KARI), state=called_back(), at=2.0)
    assert state.phase == Connecting("2", KARI, 2.0)
    assert effects == [do.DropMedia("1-back"), do.HangUp("1-back"), do.PrepareCall("2"), do.Accept("2")]
    # That she found us busy meanwhile changes nothing.
    assert play(on.CallOver("1-back", CallOutcome.NOT_REACHED), state=state, at=2.1) == (state, [])
    other = msgspec.structs.replace(KARI, uri="sip:other@example.org")
    assert play(on.CallArrived("3", other), state=called_back(), at=2.0)[1] == [do.Refuse("3", do.Refusal.BUSY)]
    assert play(on.CallArrived("3", KARI), state=state, at=2.2)[1] == [do.Refuse("3", do.Refusal.BUSY)]


@pytest.mark.parametrize("ended", [DECLINED, play(*TALK, on.HangUpPressed())[0]])
def test_a_card_that_goes_by_itself_stays_while_it_can_be_taken_back(ended: KioskState) -> None:
    settings = FlowSettings(ended_card_seconds=2.5)
    waiting, effects = step(ended, on.Tick(), moment(3.0), settings)
    assert waiting.phase == ended.phase and effects == ()
    over, _ = step(waiting, on.Tick(), moment(UNDO_SECONDS), settings)
    assert not isinstance(over.phase, Ended) or not over.phase.can_undo
    assert isinstance(step(over, on.Tick(), moment(UNDO_SECONDS + 2.5), settings)[0].phase, Idle)
