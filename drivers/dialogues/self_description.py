"""What a device says of itself when it is asked: which characteristics to read, and what each answer adds."""

from __future__ import annotations

from typing import Final

import msgspec

from drivers.decoders.battery import decode_battery
from drivers.decoders.device_information import decode_system_id, decode_text
from drivers.gatt import (
    BATTERY_LEVEL,
    FIRMWARE_REVISION,
    HARDWARE_REVISION,
    MANUFACTURER_NAME,
    MODEL_NUMBER,
    SERIAL_NUMBER,
    SOFTWARE_REVISION,
    SYSTEM_ID,
)
from drivers.readings import DeviceInformation, QuantityName

_TEXTS: Final = {
    MANUFACTURER_NAME: "manufacturer",
    MODEL_NUMBER: "model",
    SERIAL_NUMBER: "serial_number",
    FIRMWARE_REVISION: "firmware",
    HARDWARE_REVISION: "hardware",
    SOFTWARE_REVISION: "software",
}

SELF_DESCRIPTION: Final = (*_TEXTS, SYSTEM_ID, BATTERY_LEVEL)
"""In the order in which they are read."""

# What FORA meters answer instead of an answer.
_NO_ANSWERS: Final = frozenset({"", "Serial Number", "Model Number"})


def learned(information: DeviceInformation, characteristic: str, data: bytes) -> DeviceInformation:
    """``information`` with one answer more. Raises DecodeError for nonsense in it."""
    if characteristic == SYSTEM_ID:
        return msgspec.structs.replace(information, system_id=decode_system_id(data).raw)
    if characteristic == BATTERY_LEVEL:
        level = decode_battery(data).value(QuantityName.BATTERY)
        return msgspec.structs.replace(information, battery_percent=None if level is None else int(level))
    text = decode_text(data)
    field = _TEXTS.get(characteristic)
    if field is None or text in _NO_ANSWERS:
        return information
    return msgspec.structs.replace(information, **{field: text})
