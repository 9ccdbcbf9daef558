"""What a device says it can do: the feature characteristics 2A49, 2A60, 2A9E, 2A9B and 2A51. Information only.

    2A49  blood pressure      ┌ features u16 ┐
    2A51  glucose             ┌ features u16 ┐
    2A60  pulse oximeter      ┌ features u16 ┬ [ supported status u16 ] ┬ [ supported device and sensor status u24 ] ┐
    2A9E  weight scale        ┌ features u32: 0-2 bits, 3-6 weight resolution, 7-9 height resolution ┐
    2A9B  body composition    ┌ features u32: 0-10 bits, 11-14 mass resolution, 15-17 height resolution ┐

A resolution is how finely the scale measures; the steps on the wire are fixed and never change with it.

Source: Bluetooth SIG, GATT Specification Supplement.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from drivers.decoders.layout import FlaggedLayout, exactly, names_of
from drivers.decoders.pulse_oximeter import MEASUREMENT_STATUS, SENSOR_STATUS
from drivers.readings import Status


class Features(msgspec.Struct, frozen=True):
    """``names`` in the order of the bits. ``supported_status``: what the status of a measurement may say, if it tells.

    Resolutions in kilograms and metres, None when not stated. ``unknown_bits``: those without a name.
    """

    names: tuple[str, ...]
    supported_status: tuple[Status, ...] = ()
    mass_resolution: Decimal | None = None
    height_resolution: Decimal | None = None
    unknown_bits: int = 0


def _numbered(names: Sequence[str]) -> tuple[tuple[int, str], ...]:
    return tuple((1 << bit, name) for bit, name in enumerate(names))


_BLOOD_PRESSURE = _numbered(
    (
        "body-movement-detection",
        "cuff-fit-detection",
        "irregular-pulse-detection",
        "pulse-range-detection",
        "position-detection",
        "multiple-bonds",
        "end-to-end-check",
        "user-data-service",
        "user-facing-time",
    )
)
_GLUCOSE = _numbered(
    (
        "low-battery-detection",
        "malfunction-detection",
        "sample-size-detection",
        "strip-insertion-detection",
        "strip-type-detection",
        "result-range-detection",
        "temperature-range-detection",
        "read-interrupt-detection",
        "general-fault",
        "time-fault",
        "multiple-bonds",
    )
)
_PULSE_OXIMETER = _numbered(
    (
        "measurement-status",
        "device-and-sensor-status",
        "storage",
        "time-stamp",
        "fast-modality",
        "slow-modality",
        "pulse-amplitude-index",
        "multiple-bonds",
    )
)
_WEIGHT_SCALE = _numbered(("time-stamp", "multiple-users", "body-mass-index"))
_BODY_COMPOSITION = _numbered(
    (
        "time-stamp",
        "multiple-users",
        "basal-metabolism",
        "muscle-percentage",
        "muscle-mass",
        "fat-free-mass",
        "soft-lean-mass",
        "water-mass",
        "impedance",
        "weight",
        "height",
    )
)
_MASS_RESOLUTIONS = {
    number: Decimal(text) for number, text in enumerate(("0.5", "0.2", "0.1", "0.05", "0.02", "0.01", "0.005"), start=1)
}
_HEIGHT_RESOLUTIONS = {1: Decimal("0.01"), 2: Decimal("0.005"), 3: Decimal("0.001")}

_STATUS_SUPPORT = 0x0001
_SENSOR_SUPPORT = 0x0002
_PULSE_OXIMETER_LAYOUT = FlaggedLayout("H", (), ((_STATUS_SUPPORT, ("H",)), (_SENSOR_SUPPORT, ("3s",))))


def decode_blood_pressure_features(data: bytes) -> Features:
    """Decode one value of 2A49. Raises DecodeError unless it has two bytes."""
    return _two_bytes(data, _BLOOD_PRESSURE, "a Blood Pressure Feature")


def decode_glucose_features(data: bytes) -> Features:
    """Decode one value of 2A51. Raises DecodeError unless it has two bytes."""
    return _two_bytes(data, _GLUCOSE, "a Glucose Feature")


def decode_pulse_oximeter_features(data: bytes) -> Features:
    """Decode one value of 2A60. Raises DecodeError when bytes are missing or left over."""
    bits, status, sensor = _PULSE_OXIMETER_LAYOUT.unpack(data)
    return Features(
        names=names_of(bits, _PULSE_OXIMETER),
        supported_status=names_of(status if bits & _STATUS_SUPPORT else 0, MEASUREMENT_STATUS)
        + names_of(int.from_bytes(sensor, "little"), SENSOR_STATUS),
        unknown_bits=_unnamed(bits, _PULSE_OXIMETER),
    )


def decode_weight_scale_features(data: bytes) -> Features:
    """Decode one value of 2A9E. Raises DecodeError unless it has four bytes."""
    return _scale(data, _WEIGHT_SCALE, 3, "a Weight Scale Feature")


def decode_body_composition_features(data: bytes) -> Features:
    """Decode one value of 2A9B. Raises DecodeError unless it has four bytes."""
    return _scale(data, _BODY_COMPOSITION, 11, "a Body Composition Feature")


def _two_bytes(data: bytes, names: Sequence[tuple[int, str]], what: str) -> Features:
    exactly(data, 2, what)
    bits = int.from_bytes(data, "little")
    return Features(names=names_of(bits, names), unknown_bits=_unnamed(bits, names))


def _scale(data: bytes, names: Sequence[tuple[int, str]], resolutions_at: int, what: str) -> Features:
    exactly(data, 4, what)
    bits = int.from_bytes(data, "little")
    beyond = resolutions_at + 7
    return Features(
        names=names_of(bits, names),
        mass_resolution=_MASS_RESOLUTIONS.get(bits >> resolutions_at & 0x0F),
        height_resolution=_HEIGHT_RESOLUTIONS.get(bits >> resolutions_at + 4 & 0x07),
        unknown_bits=bits >> beyond << beyond,
    )


def _unnamed(bits: int, names: Sequence[tuple[int, str]]) -> int:
    return bits & ~sum(bit for bit, _ in names)
