"""What becomes of a nurse's request for a measurement: asked, waited for, saved, delivered. Pure."""

from __future__ import annotations

import msgspec

from drivers.readings import BloodPressure, Quantity, Reading
from kiosk.facts.caller import CallerClass
from kiosk.facts.measurement import Delivery, MeasurementFault, MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import effects as do
from kiosk.flow.state import KioskState, Measured, Measuring, NotMeasured, Talking

SHOW_SECONDS = 60.0
"""How long a result stays on the screen; the reading itself stays in the outbox."""

Step = tuple[KioskState, tuple[do.Effect, ...]]

_SPOKEN_FAULT = {
    MeasurementFault.NO_VALUE: Spoken.NO_VALUE,
    MeasurementFault.DEVICE_NOT_FOUND: Spoken.DEVICE_NOT_FOUND,
    MeasurementFault.LINK_LOST: Spoken.LINK_LOST,
    MeasurementFault.NOT_UNDERSTOOD: Spoken.NOT_UNDERSTOOD,
    MeasurementFault.NOT_SAVED: Spoken.NOT_SAVED,
}


def asked(state: KioskState, call_id: str, kind: MeasurementKind, now: Moment) -> Step:
    """Only a caller from care, and only in the call, may ask."""
    phase = state.phase
    if not isinstance(phase, Talking) or phase.call_id != call_id or phase.caller.caller_class is not CallerClass.CARE:
        return state, (do.TellNurse(do.TaskNews.REJECTED),)
    if isinstance(state.measurement, Measuring):
        return state, (do.TellNurse(do.TaskNews.ACCEPTED),)
    return msgspec.structs.replace(state, measurement=Measuring(kind, now.monotonic)), (
        do.TellNurse(do.TaskNews.ACCEPTED),
        do.Say(Utterance(Spoken.MEASURE_BLOOD_PRESSURE)),
        do.Measure(kind),
    )


def kept(state: KioskState, reading_id: str, reading: Reading, now: Moment) -> Step:
    """A reading is on disk: now, and not before, the screen may say so."""
    measured = Measured(reading_id, reading, Delivery.SAVED, now.monotonic)
    return msgspec.structs.replace(state, measurement=measured), (
        do.TellNurse(do.TaskNews.SAVED, reading_id=reading_id),
        do.Say(spoken_reading(reading)),
    )


def spoken_reading(reading: Reading) -> Utterance:
    """The reading in words; the pulse only when the device gave one."""
    value: BloodPressure = reading.value
    fields = (("systolic", _plain(value.systolic)), ("diastolic", _plain(value.diastolic)))
    if value.pulse_rate is None or value.pulse_rate.value is None:
        return Utterance(Spoken.BLOOD_PRESSURE_SAVED, fields)
    return Utterance(Spoken.BLOOD_PRESSURE_SAVED_WITH_PULSE, (*fields, ("pulse", _plain(value.pulse_rate))))


def _plain(quantity: Quantity) -> str:
    return format(quantity.value, "f") if quantity.value is not None else ""


def failed(state: KioskState, fault: MeasurementFault, now: Moment) -> Step:
    """Nothing came of it; the nurse is told why, the patient what to do."""
    kind = state.measurement.kind if isinstance(state.measurement, Measuring) else MeasurementKind.BLOOD_PRESSURE
    return msgspec.structs.replace(state, measurement=NotMeasured(kind, fault, now.monotonic)), (
        do.TellNurse(do.TaskNews.FAILED, reason=fault.value),
        do.Say(Utterance(_SPOKEN_FAULT[fault])),
    )


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
    shown = state.measurement
    if not isinstance(shown, Measured) or shown.reading_id != reading_id:
        return state
    return msgspec.structs.replace(state, measurement=msgspec.structs.replace(shown, delivery=delivery))


def aged(state: KioskState, now: Moment) -> KioskState:
    """A result leaves the screen by itself after a while."""
    shown = state.measurement
    if isinstance(shown, Measured | NotMeasured) and now.monotonic - shown.since >= SHOW_SECONDS:
        return msgspec.structs.replace(state, measurement=None)
    return state
