"""One reading as the outbox keeps it: identity, verdict, and all FHIR resources that will be sent of it. Pure."""

from __future__ import annotations

import uuid

import msgspec

from drivers.readings import DeviceInformation, Reading
from kiosk.measurements import fhir
from kiosk.measurements.gate import Gate, Judged, Ownership, judge
from kiosk.measurements.outbox import Capture, State

_STATES = {
    Gate.PASS: State.WAITING,
    Gate.NO_VALUE: State.FAILED,
    Gate.NO_FINGER: State.FAILED,
    Gate.NOT_STABLE: State.FAILED,
    Gate.NOT_A_PATIENT: State.FAILED,
    Gate.IMPLAUSIBLE: State.HELD,
    Gate.TIME_UNKNOWN: State.HELD,
    Gate.OWNER_UNKNOWN: State.HELD,
    Gate.NOT_OURS: State.DENIED,
}


class Captured(msgspec.Struct, frozen=True):
    """A reading, what was decided about it, and what goes on disk."""

    reading: Reading
    judged: Judged
    capture: Capture
    information: DeviceInformation | None = None


def capture_of(
    reading: Reading,
    ownership: Ownership,
    *,
    gateway: str,
    information: DeviceInformation | None,
    repeated: Captured | None = None,
) -> Captured:
    """Judge a reading and make what is kept of it.

    ``repeated``: the last reading of the connection before, if that was lost: a record without time and sequence that
    comes again byte for byte right after is the same one, whose confirmation went with the line.
    """
    judged = judge(reading, ownership)
    identifier = fhir.identity_of(reading)
    if identifier is None and repeated is not None and repeated.reading.value.raw == reading.value.raw:
        identifier = repeated.capture.reading_id
    return _captured(reading, judged, identifier if identifier is not None else uuid.uuid4().urn, gateway, information)


def released(captured: Captured, *, gateway: str) -> Captured:
    """The same reading after a person has said that it is the patient's."""
    judged = captured.judged
    gate = Gate.PASS if judged.effective is not None else Gate.TIME_UNKNOWN
    confirmed = msgspec.structs.replace(judged, gate=gate)
    return _captured(captured.reading, confirmed, captured.capture.reading_id, gateway, captured.information)


def _captured(
    reading: Reading, judged: Judged, identifier: str, gateway: str, information: DeviceInformation | None
) -> Captured:
    raise NotImplementedError
