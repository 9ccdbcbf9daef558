"""The FHIR Device resources: the health device that measured (PhdDevice) and the kiosk (PhgDevice); and the coincident
time stamp, which says what the device's clock showed at our time. After HL7's PHD guide, STU 2. Pure.
"""

from __future__ import annotations

import re

from drivers.readings import DeviceIdentity, DeviceInformation, Reading
from kiosk.measurements.fhir_codes import ABSOLUTE_TIME, DATA_ABSENT, DEVICE_PROFILES, MDC, Code
from kiosk.measurements.fhir_elements import (
    Json,
    codes,
    concept,
    derived_identifier,
    identifiers,
    logical_reference,
    marked_as_test,
    to_json,
)
from kiosk.measurements.resource import Reference, Resource

_IDENTIFIER_TYPES = "http://hl7.org/fhir/uv/phd/CodeSystem/ContinuaDeviceIdentifiers"
_EUI_64 = "urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680"
_BLUETOOTH = "http://hl7.org/fhir/sid/eui-48/bluetooth"
_NO_SYSTEM_ID = bytes(8)
_SIMPLE_DEVICE = Code("65573", (), "MDC_MOC_VMS_MDS_SIMP")
_GATEWAY = Code("531981", (), "MDC_MOC_VMS_MDS_AHD")
_HARDWARE = Code("531974", (), "MDC_ID_PROD_SPEC_HW")
_SOFTWARE = Code("531975", (), "MDC_ID_PROD_SPEC_SW")
_FIRMWARE = Code("531976", (), "MDC_ID_PROD_SPEC_FW")
_TIME_SYNCHRONISATION = Code("68220", (), "MDC_TIME_SYNC_PROTOCOL")
_NO_TIME_SYNCHRONISATION = "532224"

_ADDRESS = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")
_PLACEHOLDERS = frozenset({"serial number", "model number", "0", "n/a", "none", "unknown"})
"""What some meters answer instead of a serial number."""


def phd_device(reading: Reading, information: DeviceInformation | None) -> Resource:
    """The device as it was at the reading.

    Its identity covers what it said of itself, so that new firmware makes a new Device with the same address, and each
    reading names the firmware that took it. What it knew of its battery is not part of it.
    """
    identity = reading.device
    known = information if information is not None else DeviceInformation()
    system_id = known.system_id if known.system_id is not None and len(known.system_id) == 8 else _NO_SYSTEM_ID
    address = identity.address.upper()
    body: Json = {
        "resourceType": "Device",
        "identifier": [_system_id(system_id), _transport(identity)],
        "status": "active",
        "manufacturer": known.manufacturer or identity.manufacturer,
        "modelNumber": known.model or identity.model,
        "deviceName": [{"name": f"{identity.manufacturer} {identity.model}", "type": "user-friendly-name"}],
        "type": codes(_SIMPLE_DEVICE),
        "property": [
            {"type": codes(_TIME_SYNCHRONISATION), "valueCode": [concept(MDC, _NO_TIME_SYNCHRONISATION)]},
        ],
    }
    profile = DEVICE_PROFILES.get(reading.value.kind)
    if profile is not None:
        body["specialization"] = [{"systemType": codes(profile), "version": "1"}]
    if known.serial_number is not None and known.serial_number.strip().lower() not in _PLACEHOLDERS | {""}:
        body["serialNumber"] = known.serial_number.strip()
    versions = [
        {"type": codes(code), "value": text}
        for code, text in ((_HARDWARE, known.hardware), (_SOFTWARE, known.software), (_FIRMWARE, known.firmware))
        if text
    ]
    if versions:
        body["version"] = versions
    if identity.fake:
        body = marked_as_test(body)
    identifier = derived_identifier("device", address, to_json(body).decode())
    named = body["identifier"]
    body["identifier"] = [*identifiers(identifier), *(named if isinstance(named, list) else [])]
    return Resource("Device", identifier, to_json(body))


def phg_device(logical_id: str, software: str) -> Json:
    """The kiosk, which the care platform knows as ``Device/<logical_id>``; registered once, by whoever enrols it."""
    return {
        "resourceType": "Device",
        "id": logical_id,
        "status": "active",
        "manufacturer": "Svar",
        "deviceName": [{"name": "Svar", "type": "user-friendly-name"}],
        "type": codes(_GATEWAY),
        "version": [{"type": codes(_SOFTWARE), "value": software}],
    }


def coincident_time(reading: Reading, device: str, gateway_device: str) -> Resource | None:
    """At our time T (effective) the device's clock showed V (value); without V, and why, when it showed nonsense.

    ``device``: the identifier of the device's own resource. None when the reading carries no time of the device, or its
    clock was never looked at. All readings of one connection share one.
    """
    clock = reading.clock
    if clock is None or not (reading.value.device_time is not None or reading.value.time_fault):
        return None
    shown = clock.device_time if not reading.value.time_fault else None
    identifier = derived_identifier(
        "coincident-time",
        reading.device.address.upper(),
        clock.host_time.isoformat(),
        "" if shown is None else shown.isoformat(),
    )
    body: Json = {
        "resourceType": "Observation",
        "identifier": identifiers(identifier),
        "status": "final",
        "code": codes(ABSOLUTE_TIME),
        "subject": logical_reference("Device", device),
        "effectiveDateTime": clock.host_time.isoformat(timespec="seconds"),
        "device": {"reference": f"Device/{gateway_device}"},
    }
    if shown is None:
        body["dataAbsentReason"] = concept(DATA_ABSENT, "unknown")
    else:
        # The device knows no zone; it is taken to be ours, as the guide says.
        body["valueDateTime"] = shown.replace(tzinfo=clock.host_time.tzinfo).isoformat(timespec="seconds")
    if reading.device.fake:
        body = marked_as_test(body)
    return Resource("Observation", identifier, to_json(body), (Reference("/subject", device),))


def _system_id(system_id: bytes) -> Json:
    return {
        "type": concept(_IDENTIFIER_TYPES, "SYSID"),
        "system": _EUI_64,
        # In the order in which it was sent, as the guide's own example of a Bluetooth device has it.
        "value": "-".join(f"{byte:02X}" for byte in system_id),
    }


def _transport(identity: DeviceIdentity) -> Json:
    """The Bluetooth address; of a wired device the stable name of its port, which belongs to no system."""
    address = identity.address.upper()
    if _ADDRESS.fullmatch(address) is None:
        return {"type": {"text": "serial port by-id"}, "value": identity.address}
    return {
        "type": concept(_IDENTIFIER_TYPES, "BTMAC"),
        "system": _BLUETOOTH,
        "value": address.replace(":", "-"),
    }
