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
    MEASURE_BLOOD_PRESSURE = "measure-blood-pressure"
    BLOOD_PRESSURE_SAVED = "blood-pressure-saved"  # systolic, diastolic
    BLOOD_PRESSURE_SAVED_WITH_PULSE = "blood-pressure-saved-with-pulse"  # systolic, diastolic, pulse
    NO_VALUE = "no-value"
    DEVICE_NOT_FOUND = "device-not-found"
    LINK_LOST = "link-lost"
    NOT_UNDERSTOOD = "not-understood"
    NOT_SAVED = "not-saved"


class Utterance(msgspec.Struct, frozen=True):
    """One thing to say: which, and what fills its fields."""

    spoken: Spoken
    fields: tuple[tuple[str, str], ...] = ()
