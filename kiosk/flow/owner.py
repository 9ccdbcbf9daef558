"""Whose reading is it? A person is asked, one reading at a time; nobody is ever guessed. Pure."""

from __future__ import annotations

import msgspec

from drivers.readings import Reading
from kiosk.facts.measurement import SHOWN_AS, MeasurementFault, MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import effects as do
from kiosk.flow import measuring, spoken_readings
from kiosk.flow.state import KioskState, NotMeasured, OwnerQuestion, waits_for

MOST_QUESTIONS = 10
"""More stand in no line: they are asked about at the next measurement."""

SETTLE_SECONDS = 1.0
"""An answer so soon after the question came was meant for the one before."""

Step = tuple[KioskState, tuple[do.Effect, ...]]


def asked(state: KioskState, reading_id: str, reading: Reading, now: Moment) -> Step:
    """Ask, or stand in line. The nurse who waits for it hears that the patient is being asked."""
    if any(one.reading_id == reading_id for one in state.questions) or len(state.questions) >= MOST_QUESTIONS:
        return state, ()
    kind = SHOWN_AS.get(reading.value.kind)
    if kind is None:
        return state, ()
    first = not state.questions
    questions = (*state.questions, OwnerQuestion(reading_id, reading, now.monotonic))
    state = msgspec.structs.replace(state, questions=questions)
    effects: tuple[do.Effect, ...] = ()
    if first:
        state, effects = measuring.uncovered(state, spoken_readings.question(reading.value, aloud=state.aloud))
    waited = waits_for(state.measurement)
    if waited is not None and waited.kind is kind:
        effects = (do.TellNurse(do.TaskNews.WAITING, reason="owner-asked", kind=kind), *effects)
    return state, effects


def answered(state: KioskState, reading_id: str, mine: bool, now: Moment) -> Step:
    """The answer to the question that is asked. Mine: the reading comes back as one that is kept for me."""
    if measuring.hidden(state) or not state.questions:
        return state, ()
    question = state.questions[0]
    if question.reading_id != reading_id or now.monotonic - question.since < SETTLE_SECONDS:
        return state, ()
    answer = do.AnswerOwner(reading_id, mine)
    if mine:
        state, effects = _next(state, now)
        return state, (answer, *effects)
    state, effects = _without_owner(state, question, "owner-denied", now)
    denied = do.Say(Utterance(Spoken.OWNER_DENIED))
    state, asks = _next(state, now)
    return state, (answer, *effects, *(asks or (denied,)))


def seen_again(state: KioskState, now: Moment) -> Step:
    """The page that covered the question has gone: it is asked aloud, and cannot be answered in the same breath."""
    if not state.questions:
        return state, ()
    return _ask_first(state, state.questions, now)


def _next(state: KioskState, now: Moment) -> Step:
    questions = state.questions[1:]
    if not questions:
        return msgspec.structs.replace(state, questions=()), ()
    return _ask_first(state, questions, now)


def _ask_first(state: KioskState, questions: tuple[OwnerQuestion, ...], now: Moment) -> Step:
    first = msgspec.structs.replace(questions[0], since=now.monotonic)
    state = msgspec.structs.replace(state, questions=(first, *questions[1:]))
    return state, (do.Say(spoken_readings.question(first.reading.value, aloud=state.aloud)),)


def _without_owner(state: KioskState, question: OwnerQuestion, reason: str, now: Moment) -> Step:
    """Whoever waited for this reading waits no longer: what came was not the patient's, or nobody says so."""
    kind: MeasurementKind | None = SHOWN_AS.get(question.reading.value.kind)
    waited = waits_for(state.measurement)
    if waited is None or waited.kind is not kind:
        return state, ()
    nothing = NotMeasured(waited.kind, MeasurementFault.OWNER_UNKNOWN, now.monotonic)
    return msgspec.structs.replace(state, measurement=nothing), (
        do.StopMeasuring(),
        do.TellNurse(do.TaskNews.FAILED, reason=reason, kind=kind),
    )
