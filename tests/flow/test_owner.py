"""Whose reading it is: asked one at a time, never guessed."""

from __future__ import annotations

from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.facts.spoken import Spoken
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.owner import MOST_QUESTIONS, SETTLE_SECONDS
from kiosk.flow.state import Ended, Idle, KioskState, Measured, Measuring, NotMeasured
from tests.flow.readings import reading, weight
from tests.flow.test_measuring import ASK, HOME, said
from tests.flow.test_transitions import KARI, TALK, play

PRESSURE = MeasurementKind.BLOOD_PRESSURE
FIRST, SECOND = on.OwnerAsked("r1", reading()), on.OwnerAsked("r2", weight())
ANSWER = 5.0


def ids(state: KioskState) -> list[str]:
    return [one.reading_id for one in state.questions]


def test_it_is_asked_aloud_and_the_answer_goes_to_the_keeper() -> None:
    state, effects = play(FIRST, state=HOME)
    assert do.WakeScreen() in effects
    assert said(effects) == [Spoken.BLOOD_PRESSURE_IS, Spoken.OWNER_ASKED]
    state, effects = play(on.OwnerAnswered("r1", True), state=state, at=ANSWER)
    assert (state, effects) == (HOME, [do.AnswerOwner("r1", True)])
    state, effects = play(on.ReadingKept("r1", reading()), state=state, at=ANSWER)
    assert isinstance(state.measurement, Measured)


def test_not_mine_is_thanked_for() -> None:
    state, _ = play(FIRST, state=HOME)
    state, effects = play(on.OwnerAnswered("r1", False), state=state, at=ANSWER)
    assert state == HOME
    assert effects[0] == do.AnswerOwner("r1", False)
    assert said(effects) == [Spoken.OWNER_DENIED]


def test_several_stand_in_line_and_a_hasty_second_press_answers_nothing() -> None:
    state, effects = play(FIRST, SECOND, FIRST, state=HOME)
    assert ids(state) == ["r1", "r2"]
    assert len([one for one in effects if isinstance(one, do.Say)]) == 1
    assert play(on.OwnerAnswered("r1", True), state=state, at=SETTLE_SECONDS - 0.1)[0] == state
    state, effects = play(on.OwnerAnswered("r1", True), state=state, at=ANSWER)
    assert ids(state) == ["r2"]
    assert said(effects) == [Spoken.WEIGHT_IS, Spoken.OWNER_ASKED]
    assert play(on.OwnerAnswered("r1", True), state=state, at=ANSWER + 2) == (state, [])
    assert play(on.OwnerAnswered("r2", True), state=state, at=ANSWER + 0.5) == (state, [])
    assert play(on.OwnerAnswered("r2", False), state=state, at=ANSWER + 2)[0] == HOME


def test_unanswered_it_stays() -> None:
    state, _ = play(FIRST, SECOND, state=HOME)
    assert play(on.Tick(), state=state, at=20 * 3600.0) == (state, [])


def test_a_ring_covers_it_and_it_is_asked_again_when_it_is_seen_again() -> None:
    state, _ = play(FIRST, on.CallArrived("1", KARI), state=HOME)
    assert play(on.OwnerAnswered("r1", True), state=state, at=ANSWER) == (state, [])
    state, effects = play(on.DeclinePressed(), state=state, at=59.0)
    assert isinstance(state.phase, Ended) and ids(state) == ["r1"]
    state, effects = play(on.CardClosed(), state=state, at=70.0)
    assert isinstance(state.phase, Idle)
    assert said(effects)[-1] is Spoken.OWNER_ASKED
    assert play(on.OwnerAnswered("r1", True), state=state, at=70.0 + SETTLE_SECONDS - 0.1)[0] == state


def test_in_a_call_the_nurse_hears_that_it_is_asked_and_gets_the_reading() -> None:
    state, effects = play(*TALK, ASK, FIRST)
    assert do.TellNurse(do.TaskNews.WAITING, reason="owner-asked", kind=PRESSURE) in effects
    state, effects = play(on.OwnerAnswered("r1", True), state=state, at=ANSWER)
    assert effects == [do.AnswerOwner("r1", True)]
    assert isinstance(state.measurement, Measuring), "it comes in a moment"
    state, effects = play(on.ReadingKept("r1", reading()), state=state, at=ANSWER)
    assert do.TellNurse(do.TaskNews.SAVED, reading_id="r1", kind=PRESSURE) in effects


def test_not_mine_ends_the_waiting_for_it() -> None:
    state, _ = play(*TALK, ASK, FIRST)
    state, effects = play(on.OwnerAnswered("r1", False), state=state, at=ANSWER)
    assert state.measurement == NotMeasured(PRESSURE, MeasurementFault.OWNER_UNKNOWN, ANSWER)
    assert effects[:3] == [
        do.AnswerOwner("r1", False),
        do.StopMeasuring(),
        do.TellNurse(do.TaskNews.FAILED, reason="owner-denied", kind=PRESSURE),
    ]


def test_the_waiting_that_ends_while_it_is_asked_blames_no_device() -> None:
    state, _ = play(*TALK, ASK, FIRST)
    state, effects = play(on.MeasurementFailed(MeasurementFault.DEVICE_NOT_FOUND), state=state, at=ANSWER)
    assert state.measurement is None and ids(state) == ["r1"]
    assert effects == [do.TellNurse(do.TaskNews.FAILED, reason="owner-unknown", kind=PRESSURE)]


def test_a_question_lies_over_a_measurement_whose_buttons_are_not_there() -> None:
    state, _ = play(on.MeasurePressed(PRESSURE), FIRST, state=HOME)
    assert play(on.StopPressed(), state=state) == (state, [])
    state, _ = play(on.ReadingKept("other", reading()), FIRST, state=HOME)
    assert play(on.CardClosed(), state=state, at=ANSWER)[0] == state


def test_the_line_of_questions_has_an_end() -> None:
    state, _ = play(*(on.OwnerAsked(str(n), reading()) for n in range(100)), state=HOME)
    assert len(state.questions) == MOST_QUESTIONS
