"""The patient's own curves: sealed on disk, quick to open, and drawn from the right points."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.readings import Kind, Measurement, Quantity, QuantityName, SpecialValue, Unit
from kiosk.facts.history import Band, Point, Span
from kiosk.facts.measurement import MeasurementKind
from kiosk.measurements.curves import LENGTHS, UNITS, curve, point_of
from kiosk.measurements.outbox import Outbox, Traced
from kiosk.measurements.sealed_rows import add_point
from kiosk.measurements.storage import Database
from tests.measurements.samples import OSLO_SUMMER, RECEIVED, capture

OSLO_WINTER = timezone(timedelta(hours=1))
PRESSURE, WEIGHT = MeasurementKind.BLOOD_PRESSURE, MeasurementKind.WEIGHT


def at(days: float, value: str = "125", second: str | None = None) -> Point:
    return Point(RECEIVED - timedelta(days=days), Decimal(value), None if second is None else Decimal(second))


def keep(outbox: Outbox, point: Point, kind: MeasurementKind = PRESSURE, patient: str = "p17") -> None:
    outbox.keep(msgspec.structs.replace(capture(patient=patient), traced=Traced(kind, point)))


# -- on disk ----------------------------------------------------------------------------------------------------------
def test_points_come_back_oldest_first_and_digit_for_digit(outbox: Outbox) -> None:
    order = [at(40, "36.40"), at(3, "125.0", "80"), at(2), at(1)]
    for place in (2, 0, 3, 1):
        keep(outbox, order[place])
    found = outbox.history("p17", PRESSURE)
    assert found == tuple(order)
    assert str(found[0].value) == "36.40"
    assert outbox.history("p17", PRESSURE, RECEIVED - timedelta(days=3)) == tuple(order[1:])
    assert outbox.history("p17", PRESSURE, RECEIVED) == ()


def test_each_patient_and_kind_has_an_own_curve(outbox: Outbox) -> None:
    keep(outbox, at(1))
    keep(outbox, at(2), WEIGHT)
    keep(outbox, at(3), patient="p18")
    assert outbox.history("p17", PRESSURE) == (at(1),)
    assert outbox.history("p17", WEIGHT) == (at(2),)
    assert outbox.history("p18", PRESSURE) == (at(3),)
    assert outbox.history("p17", MeasurementKind.GLUCOSE) == ()


def test_since_in_another_zone_at_the_turn_of_a_month(outbox: Outbox) -> None:
    just_after_midnight = Point(datetime(2026, 8, 1, 0, 30, tzinfo=OSLO_SUMMER), Decimal(120))
    keep(outbox, just_after_midnight)
    assert outbox.history("p17", PRESSURE, just_after_midnight.at) == (just_after_midnight,)
    assert outbox.history("p17", PRESSURE, just_after_midnight.at + timedelta(seconds=1)) == ()


def test_the_same_reading_again_is_one_point(outbox: Outbox) -> None:
    one = capture()
    for _ in range(3):
        outbox.keep(one)
    assert len(outbox.history("p17", PRESSURE)) == 1


def test_a_damaged_point_costs_only_itself(outbox: Outbox) -> None:
    for days in (3, 2, 1):
        keep(outbox, at(days))
    outbox._database.write("UPDATE history SET sealed = x'01' WHERE reading = ?", (2,))
    outbox._database.write("UPDATE history SET patient = 'p18' WHERE reading = ?", (1,))
    assert outbox.history("p17", PRESSURE) == (at(1),)
    assert outbox.history("p18", PRESSURE) == ()


def test_ten_thousand_readings_become_one_year(tmp_path: Path) -> None:
    """How quickly is measured by ``kiosk bench readings``: a clock here also counts the rubbish of other tests."""
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path)
    _fill(outbox._database, 10_000)
    outbox.close()
    outbox = Outbox.open(path)
    points = outbox.history("p17", PRESSURE)
    drawn = curve(PRESSURE, Span.YEAR, points, RECEIVED)
    outbox.close()
    assert len(points) == 10_000
    assert len(drawn.points) in (366, 367)


def _fill(database: Database, number: int) -> None:
    """As ``keep`` leaves it, in one transaction: 10 000 commits take a minute on a slow disk."""
    key, one = database.key, capture()
    with database.transaction() as connection:
        for row in range(1, number + 1):
            name = f"urn:uuid:{row}"
            connection.execute(
                "INSERT INTO reading (number, reading_id, patient, captured_at, state, digest, sealed)"
                " VALUES (?, ?, 'p17', ?, 'waiting', ?, ?)",
                (
                    *(row, name, RECEIVED.isoformat(), key.digest(one.reading)),
                    key.seal(one.reading, "reading", name, "p17"),
                ),
            )
            connection.execute(
                "INSERT INTO item (identifier, reading, resource_type, patient, digest, sealed)"
                " VALUES (?, ?, 'Observation', 'p17', ?, ?)",
                (name, row, b"", key.seal(one.resources[0].body, "item", name, "p17")),
            )
            add_point(connection, key, row, "p17", Traced(PRESSURE, at(row / 20)))


# -- what a measurement leaves ----------------------------------------------------------------------------------------
def measured(kind: Kind, final: bool = True, **values: tuple[str, Unit]) -> Measurement:
    quantities = {QuantityName(name): Quantity(Decimal(value), unit) for name, (value, unit) in values.items()}
    return Measurement(kind=kind, quantities=quantities, raw=b"", final=final)


MMHG, KPA = Unit.MILLIMETRE_OF_MERCURY, Unit.KILOPASCAL


@pytest.mark.parametrize(
    ("measurement", "kind", "value", "second"),
    [
        (measured(Kind.BLOOD_PRESSURE, systolic=("125", MMHG), diastolic=("80", MMHG)), PRESSURE, "125", "80"),
        (measured(Kind.BLOOD_PRESSURE, systolic=("16.7", KPA), diastolic=("10.7", KPA)), PRESSURE, "125", "80"),
        (measured(Kind.BLOOD_PRESSURE, systolic=("125", MMHG)), PRESSURE, "125", None),
        (measured(Kind.WEIGHT, weight=("72.40", Unit.KILOGRAM)), WEIGHT, "72.40", None),
        (measured(Kind.WEIGHT, weight=("176.05", Unit.POUND)), WEIGHT, "79.9", None),
        (measured(Kind.BODY_COMPOSITION, weight=("72.4", Unit.KILOGRAM)), WEIGHT, "72.4", None),
        (measured(Kind.PULSE_OXIMETRY, spo2=("97", Unit.PERCENT)), MeasurementKind.PULSE_OXIMETRY, "97", None),
        (measured(Kind.TEMPERATURE, temperature=("36.8", Unit.CELSIUS)), MeasurementKind.TEMPERATURE, "36.8", None),
        (measured(Kind.TEMPERATURE, temperature=("98.6", Unit.FAHRENHEIT)), MeasurementKind.TEMPERATURE, "37.0", None),
        (
            measured(Kind.GLUCOSE, glucose=("99", Unit.MILLIGRAM_PER_DECILITRE)),
            *(MeasurementKind.GLUCOSE, "5.5", None),
        ),
        (measured(Kind.GLUCOSE, glucose=("5.40", Unit.MILLIMOLE_PER_LITRE)), MeasurementKind.GLUCOSE, "5.40", None),
    ],
)
def test_one_number_in_one_unit(
    measurement: Measurement, kind: MeasurementKind, value: str, second: str | None
) -> None:
    traced = point_of(measurement, RECEIVED)
    assert traced is not None
    assert (traced.kind, traced.point.at, str(traced.point.value)) == (kind, RECEIVED, value)
    assert traced.point.second == (None if second is None else Decimal(second))


@pytest.mark.parametrize(
    "measurement",
    [
        measured(Kind.BLOOD_PRESSURE, final=False, systolic=("125", MMHG)),
        measured(Kind.BLOOD_PRESSURE, pulse_rate=("64", Unit.PER_MINUTE)),
        measured(Kind.CUFF_PRESSURE, cuff_pressure=("125", MMHG)),
        measured(Kind.URIC_ACID, uric_acid=("5", Unit.MILLIGRAM_PER_DECILITRE)),
        measured(Kind.TEMPERATURE, temperature=("36.8", Unit.KILOGRAM)),
        measured(Kind.WEIGHT, weight=("1E+99", Unit.POUND)),
        Measurement(
            kind=Kind.GLUCOSE,
            quantities={QuantityName.GLUCOSE: Quantity(None, Unit.MILLIMOLE_PER_LITRE, SpecialValue.POSITIVE_INFINITY)},
            raw=b"",
        ),
    ],
)
def test_nothing_to_draw(measurement: Measurement) -> None:
    assert point_of(measurement, RECEIVED) is None


@given(
    kind=st.sampled_from(list(Kind)),
    name=st.sampled_from(list(QuantityName)),
    unit=st.sampled_from(list(Unit)),
    mantissa=st.integers(-(2**23), 2**23),
    exponent=st.integers(-128, 127),
)
def test_no_number_is_too_strange(kind: Kind, name: QuantityName, unit: Unit, mantissa: int, exponent: int) -> None:
    value = Decimal(mantissa).scaleb(exponent)
    traced = point_of(Measurement(kind=kind, quantities={name: Quantity(value, unit)}, raw=b""), RECEIVED)
    assert traced is None or UNITS[traced.kind] in Unit


# -- what is drawn ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("span", list(Span))
def test_nothing_yet(span: Span) -> None:
    drawn = curve(WEIGHT, span, (), RECEIVED)
    assert (drawn.points, drawn.latest, drawn.until, drawn.band) == ((), None, RECEIVED, None)
    assert (drawn.kind, drawn.span, drawn.unit) == (WEIGHT, span, Unit.KILOGRAM)


def test_a_week_and_a_month_show_every_reading(outbox: Outbox) -> None:
    points = [at(days) for days in (300, 31.5, 30, 7.5, 6.9, 6.8, 1, 0)]
    band = Band(Decimal(100), Decimal(140))
    week = curve(PRESSURE, Span.WEEK, reversed(points), RECEIVED, band)
    assert week.points == tuple(points[4:])
    assert week.band == band
    assert curve(PRESSURE, Span.MONTH, points, RECEIVED).points == tuple(points[2:])


def test_the_latest_is_told_also_when_it_lies_before_the_span() -> None:
    drawn = curve(PRESSURE, Span.WEEK, [at(30, "130"), at(20, "120")], RECEIVED)
    assert (drawn.points, drawn.latest) == ((), at(20, "120"))


def test_nothing_lies_in_the_future() -> None:
    drawn = curve(PRESSURE, Span.WEEK, [at(1), at(-1)], RECEIVED)
    assert (drawn.points, drawn.latest) == ((at(1),), at(1))


def test_a_year_has_one_point_a_day_the_median() -> None:
    morning = RECEIVED.replace(hour=7)
    day = [
        Point(morning + timedelta(hours=hour), Decimal(value), Decimal(second))
        for hour, value, second in ((0, "150", "70"), (1, "120", "90"), (2, "130", "80"))
    ]
    before = Point(morning - timedelta(days=1), Decimal("110"), None)
    drawn = curve(PRESSURE, Span.YEAR, [*day, before], RECEIVED.replace(hour=20))
    assert drawn.points == (before, Point(day[1].at, Decimal(130), Decimal(80)))
    assert drawn.latest == day[2]


@pytest.mark.parametrize(
    ("values", "median"), [(("125", "126"), "126"), (("72.4", "72.5"), "72.5"), (("36.4", "36.45"), "36.43")]
)
def test_two_in_the_middle_invent_no_digits(values: tuple[str, str], median: str) -> None:
    drawn = curve(WEIGHT, Span.YEAR, [at(0.2, values[0]), at(0.1, values[1])], RECEIVED)
    (point,) = drawn.points
    assert str(point.value) == median


def test_a_day_is_that_of_the_wall_clock_then() -> None:
    """Half past midnight in summer is the evening before in winter time: it belongs to the day it was."""
    summer = Point(datetime(2026, 7, 2, 0, 30, tzinfo=OSLO_SUMMER), Decimal(120))
    later = Point(datetime(2026, 7, 2, 22, 0, tzinfo=OSLO_SUMMER), Decimal(140))
    evening = Point(datetime(2026, 7, 1, 22, 0, tzinfo=OSLO_SUMMER), Decimal(100))
    drawn = curve(PRESSURE, Span.YEAR, [summer, later, evening], datetime(2026, 12, 1, 12, tzinfo=OSLO_WINTER))
    assert [point.value for point in drawn.points] == [Decimal(100), Decimal(130)]


@given(st.lists(st.tuples(st.floats(-10, 500), st.integers(0, 300)), max_size=60), st.sampled_from(list(Span)))
def test_whatever_there_is(values: list[tuple[float, int]], span: Span) -> None:
    points = [at(days, str(value)) for days, value in values]
    drawn = curve(PRESSURE, span, points, RECEIVED)
    times = [point.at for point in drawn.points]
    assert times == sorted(times)
    assert all(RECEIVED - LENGTHS[span] < time <= RECEIVED for time in times)
    assert {point.value for point in drawn.points} <= {point.value for point in points} or span is Span.YEAR
    past = [point.at for point in points if point.at <= RECEIVED]
    assert (drawn.latest is None) == (not past)
    assert drawn.latest is None or drawn.latest.at == max(past)
