"""What can be measured, and what became of one measurement."""

from __future__ import annotations

import enum

from drivers.readings import Kind


class MeasurementKind(enum.Enum):
    """What a nurse can ask for and a patient can choose; the values are those of ``drivers.readings.Kind``."""

    BLOOD_PRESSURE = "blood-pressure"
    PULSE_OXIMETRY = "pulse-oximetry"
    WEIGHT = "weight"
    TEMPERATURE = "temperature"
    GLUCOSE = "glucose"


SHOWN_AS = {
    Kind.BLOOD_PRESSURE: MeasurementKind.BLOOD_PRESSURE,
    Kind.CUFF_PRESSURE: MeasurementKind.BLOOD_PRESSURE,
    Kind.PULSE_OXIMETRY: MeasurementKind.PULSE_OXIMETRY,
    Kind.WEIGHT: MeasurementKind.WEIGHT,
    Kind.BODY_COMPOSITION: MeasurementKind.WEIGHT,
    Kind.TEMPERATURE: MeasurementKind.TEMPERATURE,
    Kind.GLUCOSE: MeasurementKind.GLUCOSE,
}
"""What a patient calls what a packet measured; a kind that is not here is no result by itself."""


class MeasurementFault(enum.Enum):
    """Why a measurement gave nothing, or nothing good; each has a sentence and an action for the patient."""

    # The device spoke, but the measurement is not good: try again.
    NO_VALUE = "no-value"
    CUFF_TOO_LOOSE = "cuff-too-loose"
    BODY_MOVED = "body-moved"
    IMPROPER_POSITION = "improper-position"
    NO_FINGER = "no-finger"
    NOT_STABLE = "not-stable"
    IMPLAUSIBLE = "implausible"
    NOT_A_PATIENT = "not-a-patient"  # control solution, demonstration, test
    TIME_UNKNOWN = "time-unknown"
    OWNER_UNKNOWN = "owner-unknown"
    ABOVE_RANGE = "above-range"  # more than the device can measure; sent, without a number
    BELOW_RANGE = "below-range"
    # The device did not speak, or not so that we understood.
    DEVICE_NOT_FOUND = "device-not-found"
    LINK_LOST = "link-lost"
    NOT_UNDERSTOOD = "not-understood"
    PAIR_AGAIN = "pair-again"
    BLUETOOTH_OFF = "bluetooth-off"
    # Our own side.
    NOT_SAVED = "not-saved"


NO_REPEAT = frozenset(
    {
        MeasurementFault.TIME_UNKNOWN,
        MeasurementFault.ABOVE_RANGE,
        MeasurementFault.BELOW_RANGE,
        MeasurementFault.PAIR_AGAIN,
        MeasurementFault.BLUETOOTH_OFF,
        MeasurementFault.NOT_SAVED,
    }
)
"""What another try does not mend: nothing invites to it."""


NOT_THE_DESKS = frozenset(
    {MeasurementFault.NOT_A_PATIENT, MeasurementFault.TIME_UNKNOWN, MeasurementFault.OWNER_UNKNOWN}
)
"""What the desk is not told of as a failure: nothing is wrong, or it is told of the reading that is kept."""


class DeskNews(enum.Enum):
    """What has become of a message to the desk. KEPT: durable here; DELIVERED only when the server has said so.
    NOT_KEPT: there is none, or the server will not take it; the patient must tell it."""

    KEPT = "kept"
    DELIVERED = "delivered"
    NOT_KEPT = "not-kept"


class Delivery(enum.Enum):
    """How far a saved reading has come. DELIVERED only when the server has said so."""

    SAVED = "saved"
    DELIVERED = "delivered"
    HELD = "held"
