"""A patient's own readings over time, as the screen draws them: one line, its target band. Values only."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal

import msgspec

from drivers.readings import Unit
from kiosk.facts.measurement import MeasurementKind


class Span(enum.Enum):
    """How far back a curve goes."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Band(msgspec.Struct, frozen=True):
    """The clinician's target, both ends included."""

    low: Decimal
    high: Decimal


class Point(msgspec.Struct, frozen=True):
    """One reading. ``value`` is the line's quantity (systolic, SpO2, weight, temperature, glucose); ``second`` is what
    is said beside it (diastolic) or None."""

    at: datetime
    value: Decimal
    second: Decimal | None = None


class Curve(msgspec.Struct, frozen=True):
    """Oldest first; for a year, one point a day (the day's median). ``until``: the right end of the axis.

    ``latest`` is the newest reading of all, also when it lies before the span; None: there is none yet.
    """

    kind: MeasurementKind
    span: Span
    unit: Unit
    points: tuple[Point, ...]
    latest: Point | None
    until: datetime
    band: Band | None = None
