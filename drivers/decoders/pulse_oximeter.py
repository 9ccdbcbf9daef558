"""PLX Spot-Check (0x2A5E, indicated) and PLX Continuous Measurement (0x2A5F, notified): saturation and pulse.

    0x2A5E
    ┌───────┬────────┬────────┬────────────┬────────────┬────────────────┬──────────────────┐
    │ flags │  SpO2  │ pulse  │ [ time   ] │ [ status ] │ [ device and   │ [ pulse ampli-   │
    │  u8   │ SFLOAT │ SFLOAT │ [ 7 bytes] │ [  u16   ] │ [ sensor  u24 ]│ [ tude   SFLOAT ]│
    └───────┴────────┴────────┴────────────┴────────────┴────────────────┴──────────────────┘
    flags    0  time   1  status   2  device and sensor   3  pulse amplitude   4  device clock is not set

    0x2A5F
    ┌───────┬────────┬────────┬──────────────────┬──────────────────┬────────┬────────┬────────┐
    │ flags │  SpO2  │ pulse  │ [ fast SpO2,     │ [ slow SpO2,     │ status, device and sensor, │
    │  u8   │ SFLOAT │ SFLOAT │ [ pulse  2 x SF ]│ [ pulse  2 x SF ]│ pulse amplitude as above   │
    └───────┴────────┴────────┴──────────────────┴──────────────────┴────────┴────────┴────────┘
    flags    0  fast   1  slow   2  status   3  device and sensor   4  pulse amplitude

The bits of the two status fields stand in the tables below. ``unknown_bits``: reserved bits of the status, and those of
device and sensor from bit 16 on.

Source: Bluetooth SIG, Pulse Oximeter Service 1.0.1 and GATT Specification Supplement.
"""

from __future__ import annotations

from drivers.decoders.date_time import time_of_measurement
from drivers.decoders.ieee11073 import sfloat_quantity
from drivers.decoders.layout import FlaggedLayout, names_of
from drivers.readings import Detail, Kind, Measurement, Quantity, QuantityName, Status, Unit

_SPOT_TIME = 0x01
_SPOT_STATUS = 0x02
_SPOT_SENSOR = 0x04
_SPOT_AMPLITUDE = 0x08
_SPOT_CLOCK_NOT_SET = 0x10
_SPOT = FlaggedLayout(
    "B",
    ("H", "H"),
    ((_SPOT_TIME, ("7s",)), (_SPOT_STATUS, ("H",)), (_SPOT_SENSOR, ("3s",)), (_SPOT_AMPLITUDE, ("H",))),
)

_FAST = 0x01
_SLOW = 0x02
_STATUS = 0x04
_SENSOR = 0x08
_AMPLITUDE = 0x10
_CONTINUOUS = FlaggedLayout(
    "B",
    ("H", "H"),
    ((_FAST, ("H", "H")), (_SLOW, ("H", "H")), (_STATUS, ("H",)), (_SENSOR, ("3s",)), (_AMPLITUDE, ("H",))),
)

MEASUREMENT_STATUS = (
    (0x0020, Status.MEASUREMENT_ONGOING),
    (0x0040, Status.EARLY_ESTIMATE),
    (0x0080, Status.VALIDATED_DATA),
    (0x0100, Status.FULLY_QUALIFIED_DATA),
    (0x0200, Status.FROM_STORAGE),
    (0x0400, Status.DEMONSTRATION),
    (0x0800, Status.TESTING),
    (0x1000, Status.CALIBRATION_ONGOING),
    (0x2000, Status.UNAVAILABLE),
    (0x4000, Status.QUESTIONABLE),
    (0x8000, Status.INVALID),
)
_MEASUREMENT_RESERVED = 0x001F
SENSOR_STATUS = (
    (0x0001, Status.EXTENDED_DISPLAY_UPDATE),
    (0x0002, Status.EQUIPMENT_MALFUNCTION),
    (0x0004, Status.SIGNAL_PROCESSING_IRREGULARITY),
    (0x0008, Status.INADEQUATE_SIGNAL),
    (0x0010, Status.POOR_SIGNAL),
    (0x0020, Status.LOW_PERFUSION),
    (0x0040, Status.ERRATIC_SIGNAL),
    (0x0080, Status.NON_PULSATILE),
    (0x0100, Status.QUESTIONABLE_PULSE),
    (0x0200, Status.SIGNAL_ANALYSIS_ONGOING),
    (0x0400, Status.SENSOR_INTERFERENCE),
    (0x0800, Status.SENSOR_UNCONNECTED),
    (0x1000, Status.UNKNOWN_SENSOR),
    (0x2000, Status.SENSOR_DISPLACED),
    (0x4000, Status.SENSOR_MALFUNCTIONING),
    (0x8000, Status.SENSOR_DISCONNECTED),
)
_SENSOR_RESERVED = 0xFF0000

# While one of these is set the number is on its way, or nobody's finger is in.
_PROVISIONAL_MEASUREMENT = 0x0020 | 0x0040 | 0x2000
_PROVISIONAL_SENSOR = 0x0800 | 0x8000


def decode_plx_spot_check(packet: bytes) -> Measurement:
    """Decode one value of 0x2A5E. Raises DecodeError when bytes are missing or left over.

    A device that says its clock is not set keeps the time it sent, marked ``time_fault``.
    """
    flags, spo2, pulse_rate, time, bits, sensor, amplitude = _SPOT.unpack(packet)
    device_time = time_of_measurement(time)
    clock_not_set = bool(flags & _SPOT_CLOCK_NOT_SET)
    quantities = _first_two(spo2, pulse_rate)
    if flags & _SPOT_AMPLITUDE:
        quantities[QuantityName.PULSE_AMPLITUDE] = sfloat_quantity(amplitude, Unit.PERCENT)
    status, unknown_bits, final = _status(
        bits if flags & _SPOT_STATUS else 0, int.from_bytes(sensor, "little") if flags & _SPOT_SENSOR else 0
    )
    return Measurement(
        kind=Kind.PULSE_OXIMETRY,
        quantities=quantities,
        raw=bytes(packet),
        device_time=device_time,
        raw_time=time,
        time_fault=bool(time) and (device_time is None or clock_not_set),
        status=(Status.CLOCK_NOT_SET, *status) if clock_not_set else status,
        details={Detail.MODALITY: "spot"},
        unknown_bits=unknown_bits,
        final=final,
    )


def decode_plx_continuous(packet: bytes) -> Measurement:
    """Decode one value of 0x2A5F: no time stamp, so it holds for when it is received. Raises DecodeError as above."""
    flags, spo2, pulse_rate, fast_spo2, fast_pulse, slow_spo2, slow_pulse, bits, sensor, amplitude = _CONTINUOUS.unpack(
        packet
    )
    quantities = _first_two(spo2, pulse_rate)
    if flags & _FAST:
        quantities[QuantityName.SPO2_FAST] = sfloat_quantity(fast_spo2, Unit.PERCENT)
        quantities[QuantityName.PULSE_RATE_FAST] = sfloat_quantity(fast_pulse, Unit.PER_MINUTE)
    if flags & _SLOW:
        quantities[QuantityName.SPO2_SLOW] = sfloat_quantity(slow_spo2, Unit.PERCENT)
        quantities[QuantityName.PULSE_RATE_SLOW] = sfloat_quantity(slow_pulse, Unit.PER_MINUTE)
    if flags & _AMPLITUDE:
        quantities[QuantityName.PULSE_AMPLITUDE] = sfloat_quantity(amplitude, Unit.PERCENT)
    status, unknown_bits, final = _status(
        bits if flags & _STATUS else 0, int.from_bytes(sensor, "little") if flags & _SENSOR else 0
    )
    return Measurement(
        kind=Kind.PULSE_OXIMETRY,
        quantities=quantities,
        raw=bytes(packet),
        status=status,
        details={Detail.MODALITY: "continuous"},
        unknown_bits=unknown_bits,
        final=final,
    )


def _first_two(spo2: int, pulse_rate: int) -> dict[QuantityName, Quantity]:
    return {
        QuantityName.SPO2: sfloat_quantity(spo2, Unit.PERCENT),
        QuantityName.PULSE_RATE: sfloat_quantity(pulse_rate, Unit.PER_MINUTE),
    }


def _status(bits: int, sensor: int) -> tuple[tuple[Status, ...], int, bool]:
    status = names_of(bits, MEASUREMENT_STATUS) + names_of(sensor, SENSOR_STATUS)
    unknown_bits = bits & _MEASUREMENT_RESERVED | (sensor & _SENSOR_RESERVED) << 16
    return status, unknown_bits, not (bits & _PROVISIONAL_MEASUREMENT or sensor & _PROVISIONAL_SENSOR)
