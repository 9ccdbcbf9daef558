"""A nurse's request during the call: a FHIR R4 Task in a SIP MESSAGE, and the news of it in the same form. Pure."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from kiosk.facts.measurement import MeasurementKind

CONTENT_TYPE = "application/fhir+json"
MAXIMUM_BYTES = 16_384

_KIND_BY_LOINC = {
    "85354-9": MeasurementKind.BLOOD_PRESSURE,
    "59408-5": MeasurementKind.PULSE_OXIMETRY,
    "2708-6": MeasurementKind.PULSE_OXIMETRY,
    "29463-7": MeasurementKind.WEIGHT,
    "8310-5": MeasurementKind.TEMPERATURE,
    "2339-0": MeasurementKind.GLUCOSE,
    "15074-8": MeasurementKind.GLUCOSE,
    "41653-7": MeasurementKind.GLUCOSE,
}


class TaskError(ValueError):
    """The body is not a request that this kiosk understands; the text says why."""


class TaskStatus(enum.Enum):
    """FHIR R4 task-status codes that are used here."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ON_HOLD = "on-hold"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"


class _Coding(msgspec.Struct, frozen=True):
    system: str = ""
    code: str = ""


class _Concept(msgspec.Struct, frozen=True):
    coding: tuple[_Coding, ...] = ()


class _Identifier(msgspec.Struct, frozen=True, omit_defaults=True):
    system: str = ""
    value: str = ""


class _Reference(msgspec.Struct, frozen=True):
    reference: str = ""


class _Task(msgspec.Struct, frozen=True, rename={"subject": "for"}):
    resourceType: str
    status: str
    code: _Concept
    identifier: tuple[_Identifier, ...] = ()
    intent: str = "order"
    subject: _Reference = _Reference()


class Request(msgspec.Struct, frozen=True):
    """What the nurse asks. ``task`` is what was understood of her resource, to be sent back with its news."""

    kind: MeasurementKind
    task: dict[str, Any]


_decoder = msgspec.json.Decoder(_Task)


def parse_request(body: bytes, patient: str) -> Request:
    """Read a Task with status ``requested`` for our patient and a LOINC code we can measure. Raises TaskError."""
    if len(body) > MAXIMUM_BYTES:
        raise TaskError(f"{len(body)} bytes are too many for a request")
    try:
        task = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # RecursionError: brackets nested by the thousand, in few bytes.
        raise TaskError(f"not a FHIR Task: {error}") from error
    if task.resourceType != "Task" or task.status != "requested":
        raise TaskError("not a requested Task")
    if task.subject.reference != f"Patient/{patient}":
        raise TaskError("a Task for somebody else")
    for coding in task.code.coding:
        kind = _KIND_BY_LOINC.get(coding.code)
        if coding.system == "http://loinc.org" and kind is not None:
            # Only what is understood goes back: nothing of unknown shape or depth is kept.
            return Request(kind=kind, task=msgspec.to_builtins(task))
    raise TaskError("a Task for something that cannot be measured here")


def news(request: Request, status: TaskStatus, *, observation: str | None, reason: str | None) -> bytes:
    """The same Task with its new status; ``observation`` (``Observation/…``) becomes its output."""
    task = {**request.task, "status": status.value}
    if status is TaskStatus.IN_PROGRESS:
        task["businessStatus"] = {"text": "saved"}
    if observation is not None:
        task["output"] = [{"type": {"text": "Observation"}, "valueReference": {"reference": observation}}]
    if reason is not None:
        task["statusReason"] = {"text": reason}
    return msgspec.json.encode(task)
