"""One's own readings as a drawing with few big numbers: where the line, the band and the words lie. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from drivers.readings import Unit
from kiosk.facts.history import Curve, Point, Span
from kiosk.facts.measurement import MeasurementKind
from kiosk.facts.shown import Shown, for_people, number
from kiosk.flow.state import History
from kiosk.ui.measurement_card import value_text
from kiosk.ui.texts import ScreenTexts
from kiosk.ui.wording import when

DAYS = {Span.WEEK: 7, Span.MONTH: 30, Span.YEAR: 365}

DOTTED_POINTS = 31
"""Up to so many readings each get a dot of its own."""


class Chart(msgspec.Struct, frozen=True):
    """Fractions of the drawing: x from the left, y from the bottom up. ``marks`` stand below it, ``levels`` beside it.

    ``description`` says it in words.
    """

    line: tuple[tuple[float, float], ...]
    dotted: bool
    band: tuple[float, float] | None
    levels: tuple[tuple[float, str], ...]
    marks: tuple[tuple[float, str], ...]
    description: str


class HistoryCard(msgspec.Struct, frozen=True):
    """The page. Without a chart ``sentence`` and ``action`` say why. ``next_span`` and ``other``: the span and the kind
    that come next in turn, and the words of their buttons."""

    kind: MeasurementKind
    span: Span
    title: str
    value: str
    when: str
    chart: Chart | None
    sentence: str
    action: str
    next_span: tuple[Span, str]
    other: tuple[MeasurementKind, str] | None


def history_card(
    history: History, can_measure: tuple[MeasurementKind, ...], now: datetime, texts: ScreenTexts
) -> HistoryCard:
    """What is shown of one's own readings at ``now`` (with the home's offset)."""
    guidance = texts.measuring[history.kind]
    curve = history.curve
    chart = None if curve is None else _chart(curve, now, texts)
    latest = None if curve is None else curve.latest
    sentence, action = "", ""
    if history.failed:
        sentence, action = texts.history.failed.sentence, texts.history.failed.action
    elif curve is None:
        sentence = texts.loading
    elif latest is None:
        sentence, action = texts.history.empty.sentence, texts.history.empty.action
    elif chart is None:
        sentence = texts.history.spans[history.span].empty
    return HistoryCard(
        kind=history.kind,
        span=history.span,
        title=f"{guidance.result} {texts.history.spans[history.span].name}",
        value="" if latest is None or curve is None else _latest(latest, curve, texts),
        when="" if latest is None else when(latest.at, now, texts),
        chart=chart,
        sentence=sentence,
        action=action,
        next_span=_next_span(history.span, texts),
        other=_other(history.kind, can_measure, texts),
    )


def _next_span(span: Span, texts: ScreenTexts) -> tuple[Span, str]:
    spans = list(Span)
    following = spans[(spans.index(span) + 1) % len(spans)]
    return following, texts.history.spans[following].button


def _latest(point: Point, curve: Curve, texts: ScreenTexts) -> str:
    value, unit = for_people(point.value, curve.unit)
    if curve.kind is MeasurementKind.BLOOD_PRESSURE and point.second is None:
        return number(value, texts.decimal_mark)
    second = None if point.second is None else for_people(point.second, curve.unit)[0]
    return value_text(Shown(curve.kind, value, unit, second), texts)


def _other(
    kind: MeasurementKind, can_measure: tuple[MeasurementKind, ...], texts: ScreenTexts
) -> tuple[MeasurementKind, str] | None:
    """The next kind in turn; None when there is no other."""
    if len(can_measure) < 2:
        return None
    place = can_measure.index(kind) if kind in can_measure else -1
    following = can_measure[(place + 1) % len(can_measure)]
    return following, texts.measuring[following].show


def _chart(curve: Curve, now: datetime, texts: ScreenTexts) -> Chart | None:
    """None when nothing was measured in the span. The axis holds whole days, today is the last of them."""
    zone = now.tzinfo
    last_day = curve.until.astimezone(zone).date()
    first_day = last_day - timedelta(days=DAYS[curve.span] - 1)
    points = [(point.at.astimezone(zone), for_people(point.value, curve.unit)[0]) for point in curve.points]
    points = [(at, value) for at, value in points if first_day <= at.date() <= last_day]
    if not points:
        return None
    values = [value for _, value in points]
    low, high = min(values), max(values)
    band = None if curve.band is None else [for_people(one, curve.unit)[0] for one in (curve.band.low, curve.band.high)]
    edges = (low, high) if band is None else (min(low, *band), max(high, *band))
    bottom, top = axis(*edges, least=_LEAST_RANGE[curve.unit] if curve.unit in _LEAST_RANGE else Decimal(2))

    def height(value: Decimal) -> float:
        return float((value - bottom) / (top - bottom))

    return Chart(
        line=tuple((_place(at, first_day, DAYS[curve.span]), height(value)) for at, value in points),
        dotted=len(points) <= DOTTED_POINTS,
        band=None if band is None else (height(band[0]), height(band[1])),
        levels=((0.0, number(bottom, texts.decimal_mark)), (1.0, number(top, texts.decimal_mark))),
        marks=_marks(curve.span, first_day, last_day, texts),
        description=texts.history.curve.format(
            result=texts.measuring[curve.kind].result,
            span=texts.history.spans[curve.span].name,
            low=number(low, texts.decimal_mark),
            high=number(high, texts.decimal_mark),
        ),
    )


_LEAST_RANGE = {
    Unit.MILLIMETRE_OF_MERCURY: Decimal(40),
    Unit.PERCENT: Decimal(10),
    Unit.KILOGRAM: Decimal(4),
    Unit.CELSIUS: Decimal(2),
    Unit.MILLIMOLE_PER_LITRE: Decimal(4),
}
"""A smaller range would make a mountain of nothing."""

_STEPS = (Decimal(1), Decimal(2), Decimal(5))


def axis(low: Decimal, high: Decimal, least: Decimal) -> tuple[Decimal, Decimal]:
    """Round ends of an axis that holds both values and spans at least ``least``."""
    middle = (low + high) / 2
    low, high = min(low, middle - least / 2), max(high, middle + least / 2)
    wanted = (high - low) / 4
    scale = Decimal(1).scaleb(wanted.adjusted())
    step = next((scale * one for one in _STEPS if scale * one >= wanted), scale * 10)
    bottom = (low / step).to_integral_value(ROUND_FLOOR) * step
    top = (high / step).to_integral_value(ROUND_CEILING) * step
    if low >= 0 > bottom:
        bottom = Decimal(0)
    return _short(bottom), _short(top)


def _short(value: Decimal) -> Decimal:
    """Without needless zeros: 36, not 36.00, and 40, not 4E+1."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short


def _place(at: datetime, first_day: date, days: int) -> float:
    """Where a moment lies among the days, by their local clock: every day is as wide as the others."""
    begun = (at.date() - first_day).days
    return (begun + (at.hour * 60 + at.minute) / 1440) / days


def _marks(span: Span, first_day: date, last_day: date, texts: ScreenTexts) -> tuple[tuple[float, str], ...]:
    """Words below the axis: the days of a week, else two dates and today."""
    days = DAYS[span]
    if span is Span.WEEK:
        weekdays = [(first_day + timedelta(days=day)).weekday() for day in range(days)]
        return tuple(((day + 0.5) / days, texts.weekdays_short[weekday]) for day, weekday in enumerate(weekdays))
    middle_day = first_day + timedelta(days=days // 2)
    if span is Span.MONTH:
        words = [texts.on_day.format(day=day.day, month=_month(day, texts)) for day in (first_day, middle_day)]
    else:
        words = [_month(day, texts) for day in (first_day, middle_day)]
    return (0.0, words[0]), ((days // 2 + 0.5) / days, words[1]), (1.0, texts.history.now)


def _month(day: date, texts: ScreenTexts) -> str:
    return texts.months_short[day.month - 1]
