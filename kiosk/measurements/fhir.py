"""A reading as FHIR R4 resources, after HL7's Personal Health Device guide. Pure; keeping and sending are elsewhere.

``resources_of`` gives everything that is sent of one reading, in the order of delivery: the device that measured, the
coincident time stamp when its clock was read, the Observations. ``communication_of`` tells the care desk of a reading
that stays here because nobody knows when, or of whom, it was taken; ``not_measured_message`` of one that there is not.
"""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from drivers.readings import DeviceInformation, Kind, Reading
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.measurements import fhir_codes as table
from kiosk.measurements.fhir_devices import coincident_time, phd_device
from kiosk.measurements.fhir_elements import (
    IDENTIFIER_SYSTEM,
    Json,
    concept,
    derived_identifier,
    identifiers,
    marked_as_test,
    to_json,
)
from kiosk.measurements.fhir_observations import Surroundings, observations
from kiosk.measurements.resource import Resource

__all__ = [
    "IDENTIFIER_SYSTEM",
    "DeskWording",
    "Json",
    "Withheld",
    "communication_of",
    "identity_of",
    "not_measured_message",
    "resources_of",
]

_CATEGORY = "http://terminology.hl7.org/CodeSystem/communication-category"

_TYPES = {Kind.BLOOD_PRESSURE: table.BLOOD_PRESSURE.mdc}
"""What stands for the kind in an identity; fixed for ever for blood pressures, of which homes already have some."""


class Withheld(enum.Enum):
    """Why a reading is kept in the home and the desk is told of it instead."""

    TIME_UNKNOWN = "time-unknown"
    OWNER_UNKNOWN = "owner-unknown"
    IMPLAUSIBLE = "implausible"


class DeskWording(msgspec.Struct, frozen=True):
    """Words for the staff, in their language. A sentence may name ``{kind}``, ``{device}`` and ``{received}``;
    ``not_measured`` ``{kind}``, ``{times}`` and ``{why}``, which is one of ``faults``."""

    sentences: dict[Withheld, str]
    kinds: dict[Kind, str]
    not_measured: str
    faults: dict[MeasurementFault, str]
    time_format: str = "%d.%m.%Y %H:%M"


def identity_of(reading: Reading) -> str | None:
    """The identity of a reading that its device may send again: ``urn:uuid:`` over device, slot, type and very bytes.

    The bytes hold the device's own time stamp, uncorrected, and its sequence, so the identity survives any change of
    the clock's offset. None when it sent neither: equal bytes may then be two measurements, each known only at capture.
    """
    value = reading.value
    if value.device_time is None and value.sequence is None and not any(value.raw_time):
        return None
    user = "" if value.user is None else str(value.user)
    kind = _TYPES.get(value.kind) or value.kind.value
    return derived_identifier(reading.device.address.upper(), user, kind, value.raw.hex())


def resources_of(
    reading: Reading,
    identifier: str,
    patient: str,
    gateway_device: str,
    effective: datetime,
    information: DeviceInformation | None = None,
    *,
    questionable: bool = False,
) -> tuple[Resource, ...]:
    """All that is sent of a reading, in the order of delivery; nothing for a kind that is no measurement by itself.

    ``identifier`` is that of the reading's own Observation; ``patient`` and ``gateway_device`` are logical ids at the
    care platform; ``effective`` has an offset. ``questionable`` marks a doubt of ours (another value of the same time)
    beside those that the device states. What a virtual device gives is marked as test data (HTEST) throughout.
    """
    device = phd_device(reading, information)
    coincident = coincident_time(reading, device.identifier, gateway_device)
    around = Surroundings(
        identifier=identifier,
        patient=patient,
        gateway=gateway_device,
        device=device.identifier,
        coincident_time=None if coincident is None else coincident.identifier,
        effective=effective,
        questionable=questionable,
    )
    made = observations(reading, around)
    if not made:
        return ()
    return (device, *(() if coincident is None else (coincident,)), *made)


def communication_of(
    reading: Reading,
    why: Withheld,
    *,
    identifier: str,
    patient: str,
    gateway_device: str,
    sent: datetime,
    wording: DeskWording,
) -> Resource:
    """Tells the desk that a reading is kept in this home, and why; never its value, which nobody may take for known.

    ``identifier`` is the reading's; the Communication's own derives from it, one for each reason. ``patient``: the
    home's, who may not be the one that measured. Raises KeyError when the wording lacks the reason or the kind.
    """
    own = derived_identifier(identifier, "communication", why.value)
    sentence = wording.sentences[why].format(
        kind=wording.kinds[reading.value.kind],
        device=f"{reading.device.manufacturer} {reading.device.model}",
        received=reading.received.strftime(wording.time_format),
    )
    body: Json = {
        "resourceType": "Communication",
        "identifier": identifiers(own),
        "status": "completed",
        "category": [concept(_CATEGORY, "notification")],
        "subject": {"reference": f"Patient/{patient}"},
        "sent": sent.isoformat(timespec="seconds"),
        "sender": {"reference": f"Device/{gateway_device}"},
        "reasonCode": [{"text": why.value}],
        "payload": [{"contentString": sentence}],
    }
    if reading.device.fake:
        body = marked_as_test(body)
    return Resource("Communication", own, to_json(body))


def not_measured_message(
    kind: MeasurementKind,
    fault: MeasurementFault,
    times: int,
    *,
    identifier: str,
    patient: str,
    gateway_device: str,
    sent: datetime,
    wording: DeskWording,
) -> Resource:
    """Tells the desk that a patient could not measure, so many times in a row, and why.

    ``identifier``: ``urn:uuid:``, its own: kept under it and created on it conditionally, the desk has it once.
    """
    sentence = wording.not_measured.format(kind=wording.kinds[Kind(kind.value)], times=times, why=wording.faults[fault])
    body: Json = {
        "resourceType": "Communication",
        "identifier": identifiers(identifier),
        "status": "completed",
        "category": [concept(_CATEGORY, "alert")],
        "subject": {"reference": f"Patient/{patient}"},
        "sent": sent.isoformat(timespec="seconds"),
        "sender": {"reference": f"Device/{gateway_device}"},
        "reasonCode": [{"text": fault.value}],
        "payload": [{"contentString": sentence}],
    }
    return Resource("Communication", identifier, to_json(body))
