"""What the kiosk can say aloud: names only. The words stand in the phrase files, under [say], by these names."""

from __future__ import annotations

import enum

import msgspec


class Spoken(enum.Enum):
    """Each has a template in every phrase file; the comment names the template's fields."""

    CALLER_RINGS = "caller-rings"  # name, role
    CALL_HUNG_UP_HERE = "call-hung-up-here"
    CALL_HUNG_UP_THERE = "call-hung-up-there"  # name
    CALL_DECLINED = "call-declined"
    CALL_CANCELLED = "call-cancelled"  # name
    CALL_RANG_OUT = "call-rang-out"  # name
    CALL_ANSWERED_ELSEWHERE = "call-answered-elsewhere"
    CALL_CONNECTION_LOST = "call-connection-lost"
    CALL_FAILED = "call-failed"
    RECOVERING = "recovering"
    LINE_WEAK = "line-weak"
    MEASURE_BLOOD_PRESSURE = "measure-blood-pressure"
    MEASURE_PULSE_OXIMETRY = "measure-pulse-oximetry"
    MEASURE_WEIGHT = "measure-weight"
    MEASURE_TEMPERATURE = "measure-temperature"
    MEASURE_GLUCOSE = "measure-glucose"
    MEASURING_STOPPED = "measuring-stopped"
    # What was written in the call, read aloud afterwards.
    THEY_WROTE = "they-wrote"  # name, text
    YOU_WROTE = "you-wrote"  # text
    # A result, put together: the value, the pulse where there is one, and that it is saved or what speaks against it.
    BLOOD_PRESSURE_IS = "blood-pressure-is"  # value, second
    PULSE_OXIMETRY_IS = "pulse-oximetry-is"  # value
    WEIGHT_IS = "weight-is"  # value
    TEMPERATURE_IS = "temperature-is"  # value
    GLUCOSE_IS = "glucose-is"  # value
    PULSE_IS = "pulse-is"  # pulse
    READING_SAVED = "reading-saved"
    # One's own readings over time.
    BLOOD_PRESSURE_WAS = "blood-pressure-was"  # value, second
    PULSE_OXIMETRY_WAS = "pulse-oximetry-was"  # value
    WEIGHT_WAS = "weight-was"  # value
    TEMPERATURE_WAS = "temperature-was"  # value
    GLUCOSE_WAS = "glucose-was"  # value
    HISTORY_EMPTY = "history-empty"
    HISTORY_FAILED = "history-failed"
    # Whose reading it is.
    OWNER_ASKED = "owner-asked"
    OWNER_DENIED = "owner-denied"
    # Every MeasurementFault, by the same name.
    NO_VALUE = "no-value"
    CUFF_TOO_LOOSE = "cuff-too-loose"
    BODY_MOVED = "body-moved"
    IMPROPER_POSITION = "improper-position"
    NO_FINGER = "no-finger"
    NOT_STABLE = "not-stable"
    IMPLAUSIBLE = "implausible"
    NOT_A_PATIENT = "not-a-patient"
    TIME_UNKNOWN = "time-unknown"
    OWNER_UNKNOWN = "owner-unknown"
    ABOVE_RANGE = "above-range"
    BELOW_RANGE = "below-range"
    DEVICE_NOT_FOUND = "device-not-found"
    LINK_LOST = "link-lost"
    NOT_UNDERSTOOD = "not-understood"
    PAIR_AGAIN = "pair-again"
    BLUETOOTH_OFF = "bluetooth-off"
    NOT_SAVED = "not-saved"


class Utterance(msgspec.Struct, frozen=True):
    """One thing to say: which, what fills its fields, and what is said after it in the same breath."""

    spoken: Spoken
    fields: tuple[tuple[str, str], ...] = ()
    then: tuple[Utterance, ...] = ()
