"""2A5E and 2A5F: every field there and back, what is provisional, the clock that is not set."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.pulse_oximeter import decode_plx_continuous, decode_plx_spot_check
from drivers.readings import Detail, QuantityName, Status, Unit
from tests.drivers.decoders.encoders import (
    date_time_bytes,
    exact,
    flags_of,
    same,
    sfloat_bytes,
    sfloats,
    times,
    u16,
    words,
)
from tests.drivers.decoders.vectors import vector

Number = tuple[int, int]
u24s = st.integers(0, 0xFFFFFF)
PAIRS = st.tuples(sfloats, sfloats)


def test_a_clock_that_is_not_set_keeps_the_time_it_sent() -> None:
    value = decode_plx_spot_check(vector("plx-spot-clock-unset"))
    assert value.device_time == datetime(2000, 1, 1, 0, 3, 12)  # noqa: DTZ001
    assert value.time_fault
    assert value.status == (Status.CLOCK_NOT_SET,)
    assert value.details == {Detail.MODALITY: "spot"}


def test_without_a_time_there_is_no_fault_of_it() -> None:
    value = decode_plx_spot_check(bytes.fromhex("1061004800"))
    assert (value.status, value.time_fault, value.raw_time) == ((Status.CLOCK_NOT_SET,), False, b"")


def test_no_finger_is_not_final() -> None:
    value = decode_plx_continuous(vector("plx-cont-nofinger"))
    assert value.status == (Status.SENSOR_UNCONNECTED,)
    assert not value.final
    assert value.value(QuantityName.SPO2) is None


@pytest.mark.parametrize(
    ("bit", "status", "final"),
    [
        (5, Status.MEASUREMENT_ONGOING, False),
        (6, Status.EARLY_ESTIMATE, False),
        (7, Status.VALIDATED_DATA, True),
        (8, Status.FULLY_QUALIFIED_DATA, True),
        (9, Status.FROM_STORAGE, True),
        (10, Status.DEMONSTRATION, True),
        (11, Status.TESTING, True),
        (12, Status.CALIBRATION_ONGOING, True),
        (13, Status.UNAVAILABLE, False),
        (14, Status.QUESTIONABLE, True),
        (15, Status.INVALID, True),
    ],
)
def test_measurement_status(bit: int, status: Status, final: bool) -> None:
    for value in (
        decode_plx_spot_check(bytes.fromhex("0261004800") + u16(1 << bit)),
        decode_plx_continuous(bytes.fromhex("0461004800") + u16(1 << bit)),
    ):
        assert (value.status, value.final, value.unknown_bits) == ((status,), final, 0)


@pytest.mark.parametrize(
    ("bit", "status", "final"),
    [
        (0, Status.EXTENDED_DISPLAY_UPDATE, True),
        (1, Status.EQUIPMENT_MALFUNCTION, True),
        (2, Status.SIGNAL_PROCESSING_IRREGULARITY, True),
        (3, Status.INADEQUATE_SIGNAL, True),
        (4, Status.POOR_SIGNAL, True),
        (5, Status.LOW_PERFUSION, True),
        (6, Status.ERRATIC_SIGNAL, True),
        (7, Status.NON_PULSATILE, True),
        (8, Status.QUESTIONABLE_PULSE, True),
        (9, Status.SIGNAL_ANALYSIS_ONGOING, True),
        (10, Status.SENSOR_INTERFERENCE, True),
        (11, Status.SENSOR_UNCONNECTED, False),
        (12, Status.UNKNOWN_SENSOR, True),
        (13, Status.SENSOR_DISPLACED, True),
        (14, Status.SENSOR_MALFUNCTIONING, True),
        (15, Status.SENSOR_DISCONNECTED, False),
    ],
)
def test_device_and_sensor_status(bit: int, status: Status, final: bool) -> None:
    for value in (
        decode_plx_spot_check(bytes.fromhex("0461004800") + u16(1 << bit) + b"\x00"),
        decode_plx_continuous(bytes.fromhex("0861004800") + u16(1 << bit) + b"\x00"),
    ):
        assert (value.status, value.final, value.unknown_bits) == ((status,), final, 0)


def test_reserved_bits_are_kept() -> None:
    value = decode_plx_continuous(bytes.fromhex("0C61004800 1F00 0000FF"))
    assert value.unknown_bits == 0xFF0000_001F
    assert (value.status, value.final) == ((), True)


@given(PAIRS, st.none() | times, st.none() | words, st.none() | u24s, st.none() | sfloats)
def test_a_spot_check_there_and_back(
    pair: tuple[Number, Number], time: datetime | None, status: int | None, sensor: int | None, amplitude: Number | None
) -> None:
    packet = bytes([flags_of(time, status, sensor, amplitude)])
    packet += sfloat_bytes(*pair[0]) + sfloat_bytes(*pair[1])
    packet += b"" if time is None else date_time_bytes(time)
    packet += b"" if status is None else u16(status)
    packet += b"" if sensor is None else u16(sensor % 65536) + bytes([sensor // 65536])
    packet += b"" if amplitude is None else sfloat_bytes(*amplitude)
    value = decode_plx_spot_check(packet)
    assert same(value.value(QuantityName.SPO2), exact(*pair[0]))
    assert same(value.value(QuantityName.PULSE_RATE), exact(*pair[1]))
    assert value.device_time == time
    assert value.unknown_bits == (status or 0) % 32 + (sensor or 0) // 65536 * 2**32
    assert (Status.INVALID in value.status) == ((status or 0) >= 0x8000)
    if amplitude is None:
        assert QuantityName.PULSE_AMPLITUDE not in value.quantities
    else:
        assert value.quantities[QuantityName.PULSE_AMPLITUDE].unit is Unit.PERCENT
        assert same(value.value(QuantityName.PULSE_AMPLITUDE), exact(*amplitude))


@given(PAIRS, st.none() | PAIRS, st.none() | PAIRS, st.none() | words, st.none() | sfloats)
def test_a_continuous_measurement_there_and_back(
    pair: tuple[Number, Number],
    fast: tuple[Number, Number] | None,
    slow: tuple[Number, Number] | None,
    status: int | None,
    amplitude: Number | None,
) -> None:
    packet = bytes([flags_of(fast, slow, status, None, amplitude)])
    for numbers in (pair, fast, slow):
        packet += b"" if numbers is None else sfloat_bytes(*numbers[0]) + sfloat_bytes(*numbers[1])
    packet += b"" if status is None else u16(status)
    packet += b"" if amplitude is None else sfloat_bytes(*amplitude)
    value = decode_plx_continuous(packet)
    expected = {QuantityName.SPO2: pair[0], QuantityName.PULSE_RATE: pair[1]}
    if fast is not None:
        expected |= {QuantityName.SPO2_FAST: fast[0], QuantityName.PULSE_RATE_FAST: fast[1]}
    if slow is not None:
        expected |= {QuantityName.SPO2_SLOW: slow[0], QuantityName.PULSE_RATE_SLOW: slow[1]}
    if amplitude is not None:
        expected[QuantityName.PULSE_AMPLITUDE] = amplitude
    assert value.quantities.keys() == expected.keys()
    for name, number in expected.items():
        assert same(value.value(name), exact(*number))
    assert (value.device_time, value.raw_time, value.time_fault) == (None, b"", False)
