"""The characteristic Blood Pressure Measurement (0x2A35): bytes of one inflation become a BloodPressure.

    ┌───────┬──────────┬───────────┬────────┬────────────┬───────────────┬───────────┬──────────────┐
    │ flags │ systolic │ diastolic │  mean  │ [ time   ] │ [ pulse rate ]│ [ user  ] │ [ status   ] │
    │  u8   │  SFLOAT  │  SFLOAT   │ SFLOAT │ [ 7 bytes] │ [   SFLOAT   ]│ [  u8   ] │ [ u16, LE  ] │
    └───────┴──────────┴───────────┴────────┴────────────┴───────────────┴───────────┴──────────────┘
    flags    0  1 = kPa, 0 = mmHg        1  time present     2  pulse rate present
             3  user present             4  status present   5-7 reserved, ignored
    status   0  body moved    1  cuff too loose    2  irregular pulse    5  improper position
             3-4  pulse range: 0 inside, 1 above, 2 below, 3 reserved   6-15 reserved

Source: Bluetooth SIG, Blood Pressure Service 1.1 and GATT Specification Supplement.
"""

from __future__ import annotations

from datetime import datetime

from drivers.decoders.date_time import DATE_TIME_BYTES, decode_date_time
from drivers.decoders.ieee11073 import SFLOAT_BYTES, decode_sfloat
from drivers.errors import DecodeError
from drivers.readings import BloodPressure, BloodPressureStatus, Quantity, Unit

_KILOPASCAL = 0x01
_TIME_PRESENT = 0x02
_PULSE_RATE_PRESENT = 0x04
_USER_PRESENT = 0x08
_STATUS_PRESENT = 0x10

_UNKNOWN_USER = 0xFF

_STATUS_BITS = {
    0x0001: BloodPressureStatus.BODY_MOVED,
    0x0002: BloodPressureStatus.CUFF_TOO_LOOSE,
    0x0004: BloodPressureStatus.IRREGULAR_PULSE,
    0x0020: BloodPressureStatus.IMPROPER_POSITION,
}
_PULSE_RANGE_MASK = 0x0018
_PULSE_RANGE = {
    0x0008: BloodPressureStatus.PULSE_ABOVE_RANGE,
    0x0010: BloodPressureStatus.PULSE_BELOW_RANGE,
}
_KNOWN_BITS = 0x0027


class _Packet:
    """Takes fields off the front of a packet, and refuses to take what is not there."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, length: int, name: str) -> bytes:
        """The next ``length`` bytes."""
        field = self._data[self._at : self._at + length]
        if len(field) != length:
            raise DecodeError(f"truncated: {name} needs {length} bytes at {self._at}, the packet has {len(self._data)}")
        self._at += length
        return field

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != len(self._data):
            raise DecodeError(f"{len(self._data) - self._at} bytes too many after {self._at}")


def decode_blood_pressure(packet: bytes) -> BloodPressure:
    """Decode one value of 0x2A35. Raises DecodeError when bytes are missing or left over.

    A time that the device does not know or that no calendar has costs the time (``time_fault``), not the pressure.
    """
    rest = _Packet(packet)
    flags = rest.take(1, "flags")[0]
    unit = Unit.KILOPASCAL if flags & _KILOPASCAL else Unit.MILLIMETRE_OF_MERCURY
    systolic = _quantity(rest.take(SFLOAT_BYTES, "systolic"), unit)
    diastolic = _quantity(rest.take(SFLOAT_BYTES, "diastolic"), unit)
    mean_arterial = _quantity(rest.take(SFLOAT_BYTES, "mean arterial pressure"), unit)
    device_time: datetime | None = None
    time_fault = False
    if flags & _TIME_PRESENT:
        device_time = _time(rest.take(DATE_TIME_BYTES, "time"))
        time_fault = device_time is None
    pulse_rate: Quantity | None = None
    if flags & _PULSE_RATE_PRESENT:
        pulse_rate = _quantity(rest.take(SFLOAT_BYTES, "pulse rate"), Unit.PER_MINUTE)
    user: int | None = None
    if flags & _USER_PRESENT:
        slot = rest.take(1, "user")[0]
        user = None if slot == _UNKNOWN_USER else slot
    bits = int.from_bytes(rest.take(2, "status"), "little") if flags & _STATUS_PRESENT else 0
    rest.end()
    status, unknown_bits = _status(bits)
    return BloodPressure(
        systolic=systolic,
        diastolic=diastolic,
        mean_arterial=mean_arterial,
        pulse_rate=pulse_rate,
        device_time=device_time,
        user=user,
        status=status,
        unknown_bits=unknown_bits,
        raw=bytes(packet),
        time_fault=time_fault,
    )


def _quantity(data: bytes, unit: Unit) -> Quantity:
    value, special = decode_sfloat(data)
    return Quantity(value=value, unit=unit, special=special)


def _time(data: bytes) -> datetime | None:
    try:
        return decode_date_time(data)
    except DecodeError:
        return None


def _status(bits: int) -> tuple[tuple[BloodPressureStatus, ...], int]:
    status = [meaning for bit, meaning in _STATUS_BITS.items() if bits & bit]
    unknown = bits & ~(_KNOWN_BITS | _PULSE_RANGE_MASK)
    pulse_range = bits & _PULSE_RANGE_MASK
    if pulse_range in _PULSE_RANGE:
        status.append(_PULSE_RANGE[pulse_range])
    else:
        unknown |= pulse_range
    return tuple(status), unknown
