"""Which time a reading is from, whose it is, and whether it may leave as a vital sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from drivers.readings import (
    ClockCheck,
    Detail,
    DeviceIdentity,
    Kind,
    Measurement,
    Quantity,
    QuantityName,
    Reading,
    SpecialValue,
    Status,
    Unit,
)
from kiosk.facts.measurement import MeasurementFault
from kiosk.measurements.gate import Gate, Ownership, effective_time, is_live, judge

OSLO_SUMMER = timezone(timedelta(hours=2))
RECEIVED = datetime(2026, 7, 31, 9, 30, 0, tzinfo=OSLO_SUMMER)
LOCAL = RECEIVED.replace(tzinfo=None)
MINUTE = timedelta(minutes=1)
CUFF = DeviceIdentity("UA-651BLE", "A&D Medical", "00:11:22:33:44:55")
MINE = Ownership("p17")
NAN = SpecialValue.NOT_A_NUMBER

Number = str | SpecialValue


def quantity(value: Number, unit: Unit) -> Quantity:
    return Quantity(None, unit, value) if isinstance(value, SpecialValue) else Quantity(Decimal(value), unit)


def pressure(
    systolic: Number = "125",
    diastolic: Number = "80",
    *,
    unit: Unit = Unit.MILLIMETRE_OF_MERCURY,
    shown: datetime | None = None,
    time_fault: bool = False,
    user: int | None = None,
    unknown_user: bool = False,
    status: tuple[Status, ...] = (),
) -> Measurement:
    return Measurement(
        kind=Kind.BLOOD_PRESSURE,
        quantities={
            QuantityName.SYSTOLIC: quantity(systolic, unit),
            QuantityName.DIASTOLIC: quantity(diastolic, unit),
            QuantityName.MEAN_ARTERIAL: quantity(NAN, unit),
        },
        raw=b"raw",
        device_time=shown,
        time_fault=time_fault,
        user=user,
        unknown_user=unknown_user,
        status=status,
    )


def single(
    kind: Kind, name: QuantityName, value: Number, unit: Unit, *status: Status, final: bool = True
) -> Measurement:
    return Measurement(kind=kind, quantities={name: quantity(value, unit)}, raw=b"raw", status=status, final=final)


def reading(value: Measurement, clock: ClockCheck | None = None, received: datetime = RECEIVED) -> Reading:
    return Reading(value=value, device=CUFF, received=received, clock=clock)


def check(shown: datetime | None, host: datetime = RECEIVED) -> ClockCheck:
    return ClockCheck(device_time=shown, host_time=host)


def test_without_a_device_time_the_reception_counts() -> None:
    assert effective_time(reading(pressure())) == RECEIVED


def test_but_not_for_what_comes_out_of_a_memory() -> None:
    assert effective_time(reading(pressure(status=(Status.FROM_STORAGE,)))) is None


@pytest.mark.parametrize("error", [timedelta(0), timedelta(days=-3), timedelta(days=-9000), timedelta(hours=1)])
def test_a_known_clock_error_is_taken_out(error: timedelta) -> None:
    one = reading(pressure(shown=LOCAL - MINUTE + error), check(LOCAL + error))
    assert effective_time(one) == RECEIVED - MINUTE
    judged = judge(one, MINE)
    assert judged.gate is Gate.PASS
    assert is_live(judged, one.received)


def test_an_old_record_keeps_its_own_time() -> None:
    one = reading(pressure(shown=LOCAL - timedelta(days=12)), check(LOCAL))
    judged = judge(one, MINE)
    assert judged.effective == RECEIVED - timedelta(days=12)
    assert (judged.gate, is_live(judged, one.received)) == (Gate.PASS, False)


def test_a_time_is_never_later_than_its_reception() -> None:
    assert effective_time(reading(pressure(shown=LOCAL + MINUTE), check(LOCAL))) == RECEIVED


@pytest.mark.parametrize(
    ("shown", "clock"),
    [
        (LOCAL, datetime(2000, 1, 1, 0, 5)),  # noqa: DTZ001 - the batteries were out since
        (datetime(2000, 1, 1, 0, 5), LOCAL),  # noqa: DTZ001 - taken before the clock was set
        (datetime(2044, 6, 1), LOCAL),  # noqa: DTZ001
    ],
)
def test_a_clock_that_jumped_makes_the_time_unknown(shown: datetime, clock: datetime) -> None:
    assert judge(reading(pressure(shown=shown), check(clock)), MINE).gate is Gate.TIME_UNKNOWN


@pytest.mark.parametrize("clock", [None, check(None)])
def test_without_a_clock_check_a_time_that_fits_the_reception_is_believed(clock: ClockCheck | None) -> None:
    assert effective_time(reading(pressure(shown=LOCAL - 3 * MINUTE), clock)) == RECEIVED - 3 * MINUTE
    assert effective_time(reading(pressure(shown=LOCAL - timedelta(hours=1)), clock)) is None
    assert effective_time(reading(pressure(shown=LOCAL + timedelta(hours=1)), clock)) is None


def test_an_unknown_date_is_not_replaced_by_a_guess() -> None:
    assert judge(reading(pressure(time_fault=True), check(LOCAL)), MINE).gate is Gate.TIME_UNKNOWN


def test_summer_time_between_measurement_and_reception() -> None:
    """Measured an hour before Norway's clocks go back; the cuff does not know of it."""
    winter = timezone(timedelta(hours=1))
    received = datetime(2026, 10, 25, 2, 30, tzinfo=winter)
    shown_now = datetime(2026, 10, 25, 3, 30)  # noqa: DTZ001 - still summer time on the cuff
    one = reading(pressure(shown=shown_now - timedelta(hours=1)), check(shown_now, received), received)
    effective = effective_time(one)
    assert effective is not None
    assert effective.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


KPA = Unit.KILOPASCAL
SPO2 = (Kind.PULSE_OXIMETRY, QuantityName.SPO2)
GLUCOSE = (Kind.GLUCOSE, QuantityName.GLUCOSE)
WEIGHT = (Kind.WEIGHT, QuantityName.WEIGHT)


@pytest.mark.parametrize(
    ("value", "gate"),
    [
        (pressure(NAN, NAN), Gate.NO_VALUE),
        (pressure(NAN, "80"), Gate.NO_VALUE),
        (pressure("120", NAN), Gate.NO_VALUE),
        (pressure("120", "80"), Gate.PASS),
        (pressure("80", "120"), Gate.IMPLAUSIBLE),
        (pressure("1000", "120"), Gate.IMPLAUSIBLE),
        (pressure("0", "0"), Gate.IMPLAUSIBLE),
        (pressure("16.0", "10.6", unit=KPA), Gate.PASS),
        (pressure("120", "80", unit=KPA), Gate.IMPLAUSIBLE),
        (single(*SPO2, "97", Unit.PERCENT), Gate.PASS),
        (single(*SPO2, "101", Unit.PERCENT), Gate.IMPLAUSIBLE),
        (single(*SPO2, NAN, Unit.PERCENT, Status.NO_FINGER, final=False), Gate.NO_FINGER),
        (single(*SPO2, NAN, Unit.PERCENT, Status.SENSOR_UNCONNECTED), Gate.NO_FINGER),
        (single(*SPO2, "88", Unit.PERCENT, final=False), Gate.NOT_STABLE),
        (single(*SPO2, "88", Unit.PERCENT, Status.DEMONSTRATION), Gate.NOT_A_PATIENT),
        (single(*SPO2, "88", Unit.PERCENT, Status.INVALID), Gate.NO_VALUE),
        (single(*GLUCOSE, "98", Unit.MILLIGRAM_PER_DECILITRE), Gate.PASS),
        (single(*GLUCOSE, "5.4", Unit.MILLIMOLE_PER_LITRE), Gate.PASS),
        (single(*GLUCOSE, "110", Unit.MILLIGRAM_PER_DECILITRE, Status.CONTROL_SOLUTION), Gate.NOT_A_PATIENT),
        (single(*GLUCOSE, SpecialValue.POSITIVE_INFINITY, Unit.MILLIGRAM_PER_DECILITRE), Gate.PASS),
        (single(*WEIGHT, "72.400", Unit.KILOGRAM), Gate.PASS),
        (single(*WEIGHT, "72.400", Unit.KILOGRAM, final=False), Gate.NOT_STABLE),
        (single(*WEIGHT, NAN, Unit.KILOGRAM), Gate.NO_VALUE),
        (single(*WEIGHT, "600", Unit.KILOGRAM), Gate.IMPLAUSIBLE),
        (single(*WEIGHT, "5.100", Unit.KILOGRAM), Gate.IMPLAUSIBLE),
        (single(Kind.TEMPERATURE, QuantityName.TEMPERATURE, "98.6", Unit.FAHRENHEIT), Gate.PASS),
        (single(Kind.TEMPERATURE, QuantityName.TEMPERATURE, "98.6", Unit.CELSIUS), Gate.IMPLAUSIBLE),
        (single(Kind.CUFF_PRESSURE, QuantityName.CUFF_PRESSURE, "110", Unit.MILLIMETRE_OF_MERCURY), Gate.NO_VALUE),
    ],
)
def test_what_may_leave(value: Measurement, gate: Gate) -> None:
    assert judge(reading(value), MINE).gate is gate


def test_what_the_device_says_against_its_value_is_told_but_the_value_leaves() -> None:
    judged = judge(reading(pressure(status=(Status.IRREGULAR_PULSE, Status.CUFF_TOO_LOOSE))), MINE)
    assert (judged.gate, judged.doubt) == (Gate.PASS, MeasurementFault.CUFF_TOO_LOOSE)
    assert judge(reading(pressure(status=(Status.IRREGULAR_PULSE,))), MINE).fault is None


def test_a_failed_measurement_is_explained_by_what_the_device_saw() -> None:
    judged = judge(reading(pressure(NAN, NAN, status=(Status.BODY_MOVED,))), MINE)
    assert (judged.gate, judged.fault) == (Gate.NO_VALUE, MeasurementFault.BODY_MOVED)
    assert judge(reading(pressure(NAN, NAN)), MINE).fault is MeasurementFault.NO_VALUE


def test_ketone_is_no_blood_sugar() -> None:
    ketone = msgspec.structs.replace(
        single(*GLUCOSE, "5.4", Unit.MILLIMOLE_PER_LITRE), details={Detail.MEAL: "reserved-6"}
    )
    assert judge(reading(ketone), MINE).gate is Gate.IMPLAUSIBLE


def test_a_value_beyond_the_meter_is_sent_and_said() -> None:
    high = single(*GLUCOSE, SpecialValue.POSITIVE_INFINITY, Unit.MILLIGRAM_PER_DECILITRE)
    assert judge(reading(high), MINE).fault is MeasurementFault.ABOVE_RANGE


@pytest.mark.parametrize(
    ("value", "ownership", "gate", "patient"),
    [
        (pressure(), MINE, Gate.PASS, "p17"),
        (pressure(user=1), MINE, Gate.OWNER_UNKNOWN, "p17"),
        (pressure(unknown_user=True), MINE, Gate.OWNER_UNKNOWN, "p17"),
        (pressure(), Ownership("p17", users=2), Gate.OWNER_UNKNOWN, "p17"),
        (pressure(user=1), Ownership("p17", users=2, slots={1: "p17"}), Gate.PASS, "p17"),
        (pressure(user=2), Ownership("p17", users=2, slots={1: "p17"}), Gate.OWNER_UNKNOWN, "p17"),
        (pressure(user=2), Ownership("p17", users=2, slots={1: "p17", 2: "p18"}), Gate.PASS, "p18"),
        (pressure(user=2), Ownership("p17", users=2, slots={1: "p17", 2: None}), Gate.NOT_OURS, "p17"),
        (pressure(unknown_user=True), Ownership("p17", users=2, slots={1: "p17"}), Gate.OWNER_UNKNOWN, "p17"),
    ],
)
def test_whose_it_is_is_never_guessed(value: Measurement, ownership: Ownership, gate: Gate, patient: str) -> None:
    judged = judge(reading(value), ownership)
    assert (judged.gate, judged.patient) == (gate, patient)
