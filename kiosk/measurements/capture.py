"""One reading as the outbox keeps it: identity, verdict, and all FHIR resources that will be sent of it. Pure."""

from __future__ import annotations

import tomllib
from datetime import UTC

import msgspec

from drivers.readings import DeviceInformation, Reading
from kiosk.measurements import fhir
from kiosk.measurements.curves import point_of
from kiosk.measurements.fhir import DeskWording, Withheld
from kiosk.measurements.fhir_elements import derived_identifier
from kiosk.measurements.gate import Gate, Judged, Ownership, judge
from kiosk.measurements.outbox_values import Capture, State
from kiosk.measurements.resource import Resource

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

_WITHHELD = {
    Gate.IMPLAUSIBLE: Withheld.IMPLAUSIBLE,
    Gate.TIME_UNKNOWN: Withheld.TIME_UNKNOWN,
    Gate.OWNER_UNKNOWN: Withheld.OWNER_UNKNOWN,
}


class Sender(msgspec.Struct, frozen=True):
    """Who sends: ``gateway``, this kiosk's logical Device id at the care platform, and its words for the desk."""

    gateway: str
    wording: DeskWording


class _Desk(msgspec.Struct, frozen=True):
    desk: DeskWording


def desk_wording(phrases: str) -> DeskWording:
    """The table ``[desk]`` of a phrase file. Raises ValueError: a fault of the package."""
    return msgspec.convert(tomllib.loads(phrases), _Desk).desk


class Captured(msgspec.Struct, frozen=True):
    """A reading, what was decided about it, and what goes on disk."""

    reading: Reading
    judged: Judged
    capture: Capture
    information: DeviceInformation | None = None


def capture_of(
    reading: Reading,
    ownership: Ownership,
    sender: Sender,
    *,
    information: DeviceInformation | None,
    repeated: Captured | None = None,
    conflict: bool = False,
) -> Captured:
    """Judge a reading and make what is kept of it.

    ``conflict``: another value of the same device, slot, kind and time is here already; both are sent, this one marked.
    ``repeated``: the device's latest reading, just before: a record without time and sequence that comes again byte
    for byte is the same one, whose confirmation went with the line.
    """
    judged = judge(reading, ownership)
    identifier = fhir.identity_of(reading)
    if identifier is None and repeated is not None and repeated.reading.value.raw == reading.value.raw:
        identifier = repeated.capture.reading_id
    if identifier is None:
        # Not random: played again out of the journal after a crash, it is the same reading, received at the same time.
        arrival = reading.received.astimezone(UTC).isoformat()
        identifier = derived_identifier(reading.device.address.upper(), arrival, reading.value.raw.hex())
    return _captured(reading, judged, identifier, sender, information, conflict)


def recaptured(
    reading: Reading,
    reading_id: str,
    patient: str,
    ownership: Ownership,
    sender: Sender,
    information: DeviceInformation | None,
) -> Captured:
    """A reading that is kept already and waits for somebody to say whether it is this patient's.

    What has been agreed about its device since does not answer that: it was agreed later.
    """
    asked = msgspec.structs.replace(judge(reading, ownership), gate=Gate.OWNER_UNKNOWN, patient=patient)
    return _captured(reading, asked, reading_id, sender, information)


def released(captured: Captured, sender: Sender, *, conflict: bool = False) -> Captured:
    """The same reading after a person has said that it is the patient's. ``conflict`` as in :func:`capture_of`."""
    judged = captured.judged
    gate = Gate.PASS if judged.effective is not None else Gate.TIME_UNKNOWN
    confirmed = msgspec.structs.replace(judged, gate=gate)
    identifier = captured.capture.reading_id
    return _captured(captured.reading, confirmed, identifier, sender, captured.information, conflict)


def _captured(
    reading: Reading,
    judged: Judged,
    identifier: str,
    sender: Sender,
    information: DeviceInformation | None,
    conflict: bool = False,
) -> Captured:
    passed = judged.gate is Gate.PASS and judged.effective is not None
    capture = Capture(
        reading_id=identifier,
        patient=judged.patient,
        captured_at=reading.received,
        reading=msgspec.json.encode(reading),
        state=_STATES[judged.gate],
        resources=_resources(reading, judged, identifier, sender, information, conflict),
        reason=None if passed else judged.gate.value,
        same_time=same_time(reading),
        traced=point_of(reading.value, judged.effective) if passed and judged.effective is not None else None,
    )
    return Captured(reading, judged, capture, information)


def _resources(
    reading: Reading,
    judged: Judged,
    identifier: str,
    sender: Sender,
    information: DeviceInformation | None,
    conflict: bool,
) -> tuple[Resource, ...]:
    if judged.gate is Gate.PASS and judged.effective is not None:
        return fhir.resources_of(
            *(reading, identifier, judged.patient, sender.gateway, judged.effective, information),
            questionable=conflict,
        )
    withheld = _WITHHELD.get(judged.gate)
    if withheld is None or reading.value.kind not in sender.wording.kinds:
        return ()
    told = fhir.communication_of(
        reading,
        withheld,
        identifier=identifier,
        patient=judged.patient,
        gateway_device=sender.gateway,
        sent=reading.received,
        wording=sender.wording,
    )
    return (told,)


def same_time(reading: Reading) -> str | None:
    """Two records of one device, slot and kind with one time stamp are one measurement, or a fault to be looked at."""
    value = reading.value
    if value.device_time is None:
        return None
    user = "" if value.user is None else str(value.user)
    return "|".join((reading.device.address.upper(), user, value.kind.value, value.device_time.isoformat()))
