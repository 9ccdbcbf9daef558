"""The characteristic Battery Level (0x2A19): one byte, per cent; above 100 is reserved.

Source: Bluetooth SIG, Battery Service 1.0.
"""

from __future__ import annotations

from drivers.decoders.ieee11073 import fixed_quantity
from drivers.decoders.layout import exactly
from drivers.errors import DecodeError
from drivers.readings import Kind, Measurement, QuantityName, Unit

_FULL = 100


def decode_battery(data: bytes) -> Measurement:
    """Decode one value of 0x2A19. Raises DecodeError for another length or more than 100."""
    exactly(data, 1, "a Battery Level")
    if data[0] > _FULL:
        raise DecodeError(f"a Battery Level of {data[0]} %: above {_FULL} is reserved")
    return Measurement(
        kind=Kind.BATTERY, quantities={QuantityName.BATTERY: fixed_quantity(data[0], 0, Unit.PERCENT)}, raw=bytes(data)
    )
