"""A patient's own curve: which number of a measurement it shows, in which unit, which points of which span. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from statistics import median

from drivers.readings import Kind, Measurement, Quantity, QuantityName, Unit
from kiosk.facts.history import Band, Curve, Point, Span
from kiosk.facts.measurement import MeasurementKind
from kiosk.facts.shown import for_people
from kiosk.measurements.outbox_values import Traced

UNITS = {
    MeasurementKind.BLOOD_PRESSURE: Unit.MILLIMETRE_OF_MERCURY,
    MeasurementKind.PULSE_OXIMETRY: Unit.PERCENT,
    MeasurementKind.WEIGHT: Unit.KILOGRAM,
    MeasurementKind.TEMPERATURE: Unit.CELSIUS,
    MeasurementKind.GLUCOSE: Unit.MILLIMOLE_PER_LITRE,
}
"""One unit for each curve, for a line cannot change its unit when a device does."""

LENGTHS = {Span.WEEK: timedelta(days=7), Span.MONTH: timedelta(days=31), Span.YEAR: timedelta(days=366)}

_LINES = {
    Kind.BLOOD_PRESSURE: (MeasurementKind.BLOOD_PRESSURE, QuantityName.SYSTOLIC, QuantityName.DIASTOLIC),
    Kind.PULSE_OXIMETRY: (MeasurementKind.PULSE_OXIMETRY, QuantityName.SPO2, None),
    Kind.WEIGHT: (MeasurementKind.WEIGHT, QuantityName.WEIGHT, None),
    Kind.BODY_COMPOSITION: (MeasurementKind.WEIGHT, QuantityName.WEIGHT, None),
    Kind.TEMPERATURE: (MeasurementKind.TEMPERATURE, QuantityName.TEMPERATURE, None),
    Kind.GLUCOSE: (MeasurementKind.GLUCOSE, QuantityName.GLUCOSE, None),
}

_LARGEST_POWER = 6  # of ten; what lies beyond is no measurement of a person


def point_of(measurement: Measurement, at: datetime) -> Traced | None:
    """What a measurement that was taken ``at`` (with an offset) leaves on a curve; None: nothing.

    A special value, a provisional one and a kind without a curve leave nothing.
    """
    line = _LINES.get(measurement.kind)
    if line is None or not measurement.final:
        return None
    kind, main, beside = line
    value = _in_unit(measurement.quantities.get(main), UNITS[kind])
    if value is None:
        return None
    second = None if beside is None else _in_unit(measurement.quantities.get(beside), UNITS[kind])
    return Traced(kind, Point(at, value, second))


def curve(kind: MeasurementKind, span: Span, points: Iterable[Point], now: datetime, band: Band | None = None) -> Curve:
    """The curve that ends ``now``. ``points``: all that are known of the kind, in any order, far enough back.

    What lies after ``now`` is left out: the host's clock has been put back, and a line does not go into the future.
    """
    known = sorted((point for point in points if point.at <= now), key=lambda point: point.at)
    shown = [point for point in known if point.at > now - LENGTHS[span]]
    if span is Span.YEAR:
        shown = [_of_day(list(day)) for _, day in groupby(sorted(shown, key=_day), key=_day)]
    return Curve(
        kind=kind,
        span=span,
        unit=UNITS[kind],
        points=tuple(shown),
        latest=known[-1] if known else None,
        until=now,
        band=band,
    )


def _day(point: Point) -> date:
    return point.at.date()  # on the wall clock of the day it was taken, whatever the offset is now


def _of_day(points: list[Point]) -> Point:
    """The medians of one day, at the time of its middle reading."""
    seconds = [point.second for point in points if point.second is not None]
    return Point(
        at=points[(len(points) - 1) // 2].at,
        value=_median([point.value for point in points]),
        second=_median(seconds) if seconds else None,
    )


def _median(values: list[Decimal]) -> Decimal:
    """No more digits than the readings have, though two of them may have to share the middle."""
    finest = min(values, key=lambda value: value.as_tuple().exponent)
    return median(values).quantize(finest, rounding=ROUND_HALF_UP)


def _in_unit(quantity: Quantity | None, unit: Unit) -> Decimal | None:
    if quantity is None or quantity.value is None:
        return None
    value = quantity.value
    if value and value.adjusted() > _LARGEST_POWER:
        return None
    if quantity.unit is unit:
        return value
    converted, into = for_people(value, quantity.unit)
    return converted if into is unit else None
