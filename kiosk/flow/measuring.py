"""What becomes of a measurement, asked for by the nurse, the patient or nobody: waited for, saved, delivered. Pure."""

from __future__ import annotations

import msgspec

from drivers.readings import Measurement, Reading
from kiosk.facts.caller import CallerClass
from kiosk.facts.measurement import SHOWN_AS, Delivery, DeskNews, MeasurementFault, MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import effects as do
from kiosk.flow import prompts, spoken_faults, spoken_readings, telling_desk
from kiosk.flow.state import (
    Connecting,
    Ended,
    Idle,
    KioskState,
    Measured,
    Measuring,
    NotMeasured,
    OldReadings,
    Ringing,
    Talking,
    waits_for,
)

SETTLE_SECONDS = 0.5
"""A press on «Lukk» so soon after a result came was meant for what stood there before."""

Step = tuple[KioskState, tuple[do.Effect, ...]]


def hidden(state: KioskState) -> bool:
    """Whether a call's page covers results and questions: they wait, and are told when it has gone."""
    return isinstance(state.phase, Ringing | Connecting | Ended)


def asked(state: KioskState, call_id: str, kind: MeasurementKind, now: Moment) -> Step:
    """Only a caller from care, and only in the call, may ask. What she asks for takes the place of another kind."""
    phase = state.phase
    if not isinstance(phase, Talking) or phase.call_id != call_id or phase.caller.caller_class is not CallerClass.CARE:
        return state, (do.TellNurse(do.TaskNews.REJECTED, kind=kind),)
    if kind not in state.can_measure:
        # The patient is not sent looking for a device that is not his.
        return state, (do.TellNurse(do.TaskNews.FAILED, reason=MeasurementFault.DEVICE_NOT_FOUND.value, kind=kind),)
    accepted = do.TellNurse(do.TaskNews.ACCEPTED, kind=kind)
    waited = waits_for(state.measurement)
    if waited is None:
        state, effects = _begin(state, kind, now)
        return state, (accepted, *effects)
    if waited.kind is kind:
        asked_whose = any(SHOWN_AS.get(one.reading.value.kind) is kind for one in state.questions)
        on_hold = do.TellNurse(do.TaskNews.WAITING, reason="owner-asked", kind=kind)
        return state, ((accepted, on_hold) if asked_whose else (accepted,))
    state, effects = _begin(state, kind, now)
    replaced = do.TellNurse(do.TaskNews.FAILED, reason="replaced", kind=waited.kind)
    return state, (replaced, do.StopMeasuring(), accepted, *effects)


def pressed(state: KioskState, kind: MeasurementKind, now: Moment) -> Step:
    """The patient begins one, from the home page, or tries again after a result; not in a call, not over a question."""
    if not isinstance(state.phase, Idle) or state.questions or kind not in state.can_measure:
        return state, ()
    if waits_for(state.measurement) is not None:
        return state, ()
    return _begin(msgspec.structs.replace(state, history=None, old_readings=None), kind, now)


def _begin(state: KioskState, kind: MeasurementKind, now: Moment) -> Step:
    return msgspec.structs.replace(state, measurement=Measuring(kind, now.monotonic)), (
        do.Say(Utterance(spoken_readings.GUIDANCE[kind])),
        do.Measure(kind),
    )


def stopped(state: KioskState) -> Step:
    """«Avbryt»: no harm done. A reading that comes all the same is shown as one that nobody asked for."""
    waited = state.measurement
    if not isinstance(waited, Measuring) or hidden(state) or state.questions:
        return state, ()
    return msgspec.structs.replace(state, measurement=None), (
        do.StopMeasuring(),
        do.TellNurse(do.TaskNews.FAILED, reason="stopped", kind=waited.kind),
        do.Say(Utterance(Spoken.MEASURING_STOPPED)),
    )


def closed(state: KioskState, now: Moment) -> KioskState:
    """«Lukk» on a result."""
    stage = state.measurement
    if not isinstance(stage, Measured | NotMeasured) or hidden(state) or state.questions:
        return state
    if now.monotonic - stage.since < SETTLE_SECONDS:
        return state
    return msgspec.structs.replace(state, measurement=stage.resume)


def progressed(state: KioskState, measurement: Measurement) -> KioskState:
    """What the device shows while it works; without anybody waiting it is nothing to show."""
    stage = state.measurement
    if not isinstance(stage, Measuring) or SHOWN_AS.get(measurement.kind) is not stage.kind:
        return state
    return msgspec.structs.replace(state, measurement=msgspec.structs.replace(stage, progress=measurement))


def kept(state: KioskState, reading_id: str, reading: Reading, doubt: MeasurementFault | None, now: Moment) -> Step:
    """A reading is on disk: now, and not before, the screen may say so."""
    kind = SHOWN_AS.get(reading.value.kind)
    if kind is None:
        return state, ()
    state = telling_desk.works(state, kind)
    measured = Measured(reading_id, reading, Delivery.SAVED, now.monotonic, doubt, _others(state, kind))
    state = msgspec.structs.replace(state, measurement=measured, history=None)
    state, effects = uncovered(state, spoken_readings.result(reading.value, doubt, aloud=state.aloud))
    return state, (do.TellNurse(do.TaskNews.SAVED, reading_id=reading_id, kind=kind), *effects)


def failed(state: KioskState, fault: MeasurementFault, kind: MeasurementKind | None, now: Moment) -> Step:
    """Nothing came of it; the nurse is told why, the patient what to do."""
    if kind is None:
        waited = waits_for(state.measurement)
        if waited is None:
            return state, ()
        kind = waited.kind
    if any(SHOWN_AS.get(one.reading.value.kind) is kind for one in state.questions):
        # It did give something: whose it is will be answered, or not.
        told = do.TellNurse(do.TaskNews.FAILED, reason=MeasurementFault.OWNER_UNKNOWN.value, kind=kind)
        return msgspec.structs.replace(state, measurement=_others(state, kind)), (told,)
    nothing = NotMeasured(kind, fault, now.monotonic, _others(state, kind))
    state = msgspec.structs.replace(state, measurement=nothing, history=None)
    state, telling = telling_desk.failed(state, kind, fault)
    news: tuple[do.Effect, ...] = (do.TellNurse(do.TaskNews.FAILED, reason=fault.value, kind=kind), *telling)
    if telling_desk.waits(state, kind):
        return state, news  # said when it is known whether the desk will be told
    state, effects = uncovered(state, telling_desk.words(state, nothing))
    return state, (*news, *effects)


def desk_told(state: KioskState, kind: MeasurementKind, news: DeskNews) -> Step:
    """What has become of the message to the desk: told when it was waited for, shown in any case."""
    waited = telling_desk.waits(state, kind)
    state = telling_desk.news(state, kind, news)
    stage = state.measurement
    if not waited or not isinstance(stage, NotMeasured) or stage.kind is not kind:
        return state, ()
    return uncovered(state, telling_desk.words(state, stage))


def _others(state: KioskState, kind: MeasurementKind) -> Measuring | None:
    """What goes on being waited for when a result of ``kind`` comes."""
    waited = waits_for(state.measurement)
    return waited if waited is not None and waited.kind is not kind else None


def uncovered(state: KioskState, utterance: Utterance) -> Step:
    """News that the patient should see: the card after a call makes way, a dark screen wakes; a call does neither."""
    if isinstance(state.phase, Ended) and state.phase.undo_to is None:
        state = msgspec.structs.replace(state, phase=Idle())
    if hidden(state):
        return state, ()
    if isinstance(state.phase, Idle):
        return state, (do.WakeScreen(), do.Say(utterance))
    return state, (do.Say(utterance),)


def seen_again(state: KioskState, now: Moment) -> Step:
    """The page that covered a result has gone: now it is told."""
    stage = state.measurement
    match stage:
        case Measured():
            utterance = spoken_readings.result(stage.reading.value, stage.doubt, aloud=state.aloud)
        case NotMeasured():
            utterance = telling_desk.words(state, stage)
        case _:
            return state, ()
    stage = msgspec.structs.replace(stage, since=now.monotonic)
    return msgspec.structs.replace(state, measurement=stage), (do.Say(utterance),)


def delivered(state: KioskState, reading_id: str) -> Step:
    """The server holds it; said on the screen only for the reading that is shown."""
    return _delivery(state, reading_id, Delivery.DELIVERED), (
        do.TellNurse(do.TaskNews.DELIVERED, reading_id=reading_id),
    )


def held(state: KioskState, reading_id: str) -> Step:
    """The server refused it for good; it stays here and operations must look."""
    return _delivery(state, reading_id, Delivery.HELD), (
        do.TellNurse(do.TaskNews.FAILED, reading_id=reading_id, reason="held"),
    )


def _delivery(state: KioskState, reading_id: str, delivery: Delivery) -> KioskState:
    stage = state.measurement
    if not isinstance(stage, Measured) or stage.reading_id != reading_id:
        return state
    return msgspec.structs.replace(state, measurement=msgspec.structs.replace(stage, delivery=delivery))


def old_readings(state: KioskState, count: int, now: Moment) -> Step:
    """A calm line until the patient begins something or a call comes, and a word about it by day; what comes meanwhile
    is counted with it."""
    if count <= 0:
        return state, ()
    before = state.old_readings.count if state.old_readings is not None else 0
    count += before
    state = msgspec.structs.replace(state, old_readings=OldReadings(count, now.monotonic))
    calm = isinstance(state.phase, Idle) and state.measurement is None and not state.questions and state.history is None
    if not calm or state.spoken is not None or spoken_faults.is_night(now):
        return state, ()
    return state, (do.Say(prompts.old_readings(count)),)
