"""A reading in words for the ear: its value, the pulse, and that it is saved or what speaks against it. Pure.

Numbers are said only ``aloud``: where the patient has consented to hear them in the room (EN 301 549 5.1.3.9).
"""

from __future__ import annotations

from drivers.readings import Measurement
from kiosk.facts.history import Curve
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.facts.shown import Shown, for_people, number, shown
from kiosk.facts.spoken import Spoken, Utterance, chain

GUIDANCE = {
    MeasurementKind.BLOOD_PRESSURE: Spoken.MEASURE_BLOOD_PRESSURE,
    MeasurementKind.PULSE_OXIMETRY: Spoken.MEASURE_PULSE_OXIMETRY,
    MeasurementKind.WEIGHT: Spoken.MEASURE_WEIGHT,
    MeasurementKind.TEMPERATURE: Spoken.MEASURE_TEMPERATURE,
    MeasurementKind.GLUCOSE: Spoken.MEASURE_GLUCOSE,
}

_VALUE = {
    MeasurementKind.BLOOD_PRESSURE: Spoken.BLOOD_PRESSURE_IS,
    MeasurementKind.PULSE_OXIMETRY: Spoken.PULSE_OXIMETRY_IS,
    MeasurementKind.WEIGHT: Spoken.WEIGHT_IS,
    MeasurementKind.TEMPERATURE: Spoken.TEMPERATURE_IS,
    MeasurementKind.GLUCOSE: Spoken.GLUCOSE_IS,
}

_LATEST = {
    MeasurementKind.BLOOD_PRESSURE: Spoken.BLOOD_PRESSURE_WAS,
    MeasurementKind.PULSE_OXIMETRY: Spoken.PULSE_OXIMETRY_WAS,
    MeasurementKind.WEIGHT: Spoken.WEIGHT_WAS,
    MeasurementKind.TEMPERATURE: Spoken.TEMPERATURE_WAS,
    MeasurementKind.GLUCOSE: Spoken.GLUCOSE_WAS,
}


_HERE = {
    MeasurementKind.BLOOD_PRESSURE: Spoken.BLOOD_PRESSURE_HERE,
    MeasurementKind.PULSE_OXIMETRY: Spoken.PULSE_OXIMETRY_HERE,
    MeasurementKind.WEIGHT: Spoken.WEIGHT_HERE,
    MeasurementKind.TEMPERATURE: Spoken.TEMPERATURE_HERE,
    MeasurementKind.GLUCOSE: Spoken.GLUCOSE_HERE,
}


def result(measurement: Measurement, doubt: MeasurementFault | None, *, aloud: bool) -> Utterance:
    """What was measured, and «lagret»; in doubt, the kind advice instead. Without numbers only what is to be said."""
    last = Utterance(Spoken.READING_SAVED if doubt is None else Spoken(doubt.value))
    numbers = shown(measurement)
    if numbers is None:
        return Utterance(Spoken(MeasurementFault.NO_VALUE.value)) if doubt is None else last
    if not aloud:
        return chain(last, Utterance(Spoken.NUMBER_ON_SCREEN))
    return _value(numbers, (*_pulse(numbers), last))


def question(measurement: Measurement, *, aloud: bool) -> Utterance:
    """Whose it is; the value comes first, so that the person knows which one is meant."""
    asked = Utterance(Spoken.OWNER_ASKED)
    numbers = shown(measurement)
    if numbers is None:
        return asked
    if not aloud:
        return chain(Utterance(Spoken.READING_CAME), Utterance(Spoken.NUMBER_ON_SCREEN), asked)
    return _value(numbers, (asked,))


def latest(curve: Curve, *, aloud: bool) -> Utterance:
    """The newest of one's own readings, or that there is none."""
    if curve.latest is None:
        return Utterance(Spoken.HISTORY_EMPTY)
    if not aloud:
        return chain(Utterance(_HERE[curve.kind]), Utterance(Spoken.NUMBERS_ON_SCREEN))
    fields = [("value", number(for_people(curve.latest.value, curve.unit)[0]))]
    if curve.kind is MeasurementKind.BLOOD_PRESSURE:
        if curve.latest.second is None:
            return Utterance(Spoken.HISTORY_EMPTY)
        fields.append(("second", number(for_people(curve.latest.second, curve.unit)[0])))
    return Utterance(_LATEST[curve.kind], tuple(fields))


def _value(numbers: Shown, then: tuple[Utterance, ...]) -> Utterance:
    fields = [("value", number(numbers.value))]
    if numbers.second is not None:
        fields.append(("second", number(numbers.second)))
    return Utterance(_VALUE[numbers.kind], tuple(fields), then)


def _pulse(numbers: Shown) -> tuple[Utterance, ...]:
    return () if numbers.pulse is None else (Utterance(Spoken.PULSE_IS, (("pulse", number(numbers.pulse)),)),)
