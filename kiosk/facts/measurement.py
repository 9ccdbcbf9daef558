"""What can be measured, and what became of one measurement."""

from __future__ import annotations

import enum


class MeasurementKind(enum.Enum):
    """What a nurse can ask for."""

    BLOOD_PRESSURE = "blood-pressure"


class MeasurementFault(enum.Enum):
    """Why a measurement gave nothing; each has a sentence and an action for the patient."""

    NO_VALUE = "no-value"
    DEVICE_NOT_FOUND = "device-not-found"
    LINK_LOST = "link-lost"
    NOT_UNDERSTOOD = "not-understood"
    NOT_SAVED = "not-saved"


class Delivery(enum.Enum):
    """How far a saved reading has come. DELIVERED only when the server has said so."""

    SAVED = "saved"
    DELIVERED = "delivered"
    HELD = "held"
