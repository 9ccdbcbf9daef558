"""What the screen shows for a state at a moment, as values: pure. How it looks is QML's."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal

import msgspec

from drivers.readings import BloodPressure, Quantity, Unit
from kiosk.facts.caller import Caller
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.measurement import Delivery, MeasurementFault, MeasurementKind
from kiosk.facts.visit import Visit
from kiosk.flow.state import (
    Connecting,
    Ended,
    Idle,
    KioskState,
    Measured,
    Measurement,
    Measuring,
    NotMeasured,
    Phase,
    Ringing,
    Talking,
)
from kiosk.ui.texts import Notice, ScreenTexts


class Page(enum.Enum):
    """Which page is on screen."""

    HOME = "home"
    RING = "ring"
    CALL = "call"
    ENDED = "ended"


class Tone(enum.Enum):
    """How a status line looks."""

    CALM = "calm"
    GRAVE = "grave"


class Status(msgspec.Struct, frozen=True):
    """One line of status and, below it, what to do (may be empty)."""

    text: str
    detail: str = ""
    tone: Tone = Tone.CALM


class CallerCard(msgspec.Struct, frozen=True):
    """Who is on the line. ``picture`` is a file or empty: then the initials stand for it."""

    name: str
    line: str
    initials: str
    picture: str
    picture_name: str


class MeasurementCard(msgspec.Struct, frozen=True):
    """The panel of a measurement: what to do or what failed (``steps``), or a result (``value``, ``pulse``, ``mark``).

    ``arrived``: the server has the reading.
    """

    title: str
    steps: tuple[str, ...] = ()
    value: str = ""
    pulse: str = ""
    mark: str = ""
    arrived: bool = False


class Screen(msgspec.Struct, frozen=True):
    """All words on the screen. Empty text means: not shown."""

    page: Page
    clock: str
    day: str
    date: str
    visit: tuple[str, str] | None
    status: Status
    caller: CallerCard | None
    call_id: str | None
    connecting: bool
    notice: str
    ended: Notice | None
    measurement: MeasurementCard | None
    fake_mark: str
    fake_mark_short: str


_UNIT_SYMBOLS = {Unit.MILLIMETRE_OF_MERCURY: "mmHg", Unit.KILOPASCAL: "kPa", Unit.PER_MINUTE: "/min"}


def number(value: Decimal) -> str:
    """The exact number in plain notation with the decimal comma: Decimal("16.70") is 16,70."""
    return f"{value:f}".replace(".", ",")


def clock(when: datetime, texts: ScreenTexts) -> str:
    """The time of day: 10.30."""
    return texts.clock.format(hour=when.hour, minute=when.minute)


def daypart(hour: int, texts: ScreenTexts) -> str:
    """The part of the day, by the hour it began: night 0, morning 6, forenoon 9, afternoon 12, evening 18."""
    parts = texts.dayparts
    for first_hour, word in ((18, parts.evening), (12, parts.afternoon), (9, parts.forenoon), (6, parts.morning)):
        if hour >= first_hour:
            return word
    return parts.night


def _visit(visit: Visit, now: datetime, texts: ScreenTexts) -> tuple[str, str] | None:
    """When and who; None once the visit's day is over. An hour late it is still the next visit: nobody came yet."""
    start = visit.start.astimezone(now.tzinfo)
    days = (start.date() - now.date()).days
    if days < 0:
        return None
    if days == 0:
        pattern = texts.visit_today
    elif days == 1:
        pattern = texts.visit_tomorrow
    else:
        pattern = texts.visit_this_week if days < 7 else texts.visit_later
    when = pattern.format(
        clock=clock(start, texts),
        weekday=texts.weekdays[start.weekday()].lower(),
        day=start.day,
        month=texts.months[start.month - 1],
    )
    return when, texts.visit_who.format(name=visit.name, role=visit.role) if visit.role else visit.name


def _unsent(count: int, texts: ScreenTexts) -> str:
    if count <= 0:
        return ""
    return texts.unsent_one if count == 1 else texts.unsent_many.format(count=count)


_DELIVERY_FAULTS = (Fault.CARE_PLATFORM_UNREACHABLE, Fault.CARE_PLATFORM_REFUSES)


def _status(state: KioskState, texts: ScreenTexts) -> Status:
    """The most important fault, in the phrase file's order; else that all is well. Readings that wait are no alarm."""
    unsent = _unsent(state.unsent, texts)
    for fault, notice in texts.faults.items():
        if fault in state.faults:
            waits = fault in _DELIVERY_FAULTS
            detail = unsent if waits and unsent else notice.action
            return Status(notice.sentence, detail, Tone.CALM if waits else Tone.GRAVE)
    return Status(texts.all_well, unsent)


def _initials(name: str) -> str:
    """First letters of the first and last name."""
    words = name.split()
    if not words:
        return ""
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def _caller(caller: Caller, texts: ScreenTexts) -> CallerCard:
    return CallerCard(
        name=caller.name,
        line=texts.rings.format(role=caller.role) if caller.role else texts.rings_without_role,
        initials=_initials(caller.name),
        picture=caller.picture or "",
        picture_name=texts.caller_picture.format(name=caller.name),
    )


def _value(quantity: Quantity | None) -> Decimal | None:
    if quantity is None or quantity.value is None or not quantity.value.is_finite():
        return None
    return quantity.value


def _measured(reading: BloodPressure, delivery: Delivery, title: str, texts: ScreenTexts) -> MeasurementCard:
    systolic, diastolic = _value(reading.systolic), _value(reading.diastolic)
    if systolic is None or diastolic is None:
        return _failed(MeasurementFault.NO_VALUE, title, texts)
    unit = reading.systolic.unit
    usual = unit is Unit.MILLIMETRE_OF_MERCURY
    pulse = _value(reading.pulse_rate)
    return MeasurementCard(
        title=title,
        value=(texts.blood_pressure if usual else texts.blood_pressure_unit).format(
            systolic=number(systolic), diastolic=number(diastolic), unit=_UNIT_SYMBOLS[unit]
        ),
        pulse="" if pulse is None else texts.pulse.format(pulse=number(pulse)),
        mark={Delivery.SAVED: texts.saved, Delivery.DELIVERED: texts.delivered, Delivery.HELD: texts.held}[delivery],
        arrived=delivery is Delivery.DELIVERED,
    )


def _failed(fault: MeasurementFault, title: str, texts: ScreenTexts) -> MeasurementCard:
    notice = texts.not_measured[fault]
    return MeasurementCard(title=title, steps=tuple(line for line in (notice.sentence, notice.action) if line))


def _measurement(measurement: Measurement | None, texts: ScreenTexts) -> MeasurementCard | None:
    match measurement:
        case None:
            return None
        case Measuring(kind=kind):
            guidance = texts.measuring[kind]
            return MeasurementCard(title=guidance.title, steps=guidance.steps)
        case NotMeasured(kind=kind, fault=fault):
            return _failed(fault, texts.measuring[kind].title, texts)
        case Measured(reading=reading, delivery=delivery):
            match reading.value:
                case BloodPressure() as value:
                    return _measured(value, delivery, texts.measuring[MeasurementKind.BLOOD_PRESSURE].result, texts)


def _fakes(fakes: tuple[FakePart, ...], texts: ScreenTexts) -> tuple[str, str]:
    """The mark in full and in short."""
    if not fakes:
        return "", ""
    words = [texts.fakes.of(part) for part in fakes]
    parts = words[0]
    if len(words) > 1:
        parts = texts.fakes.conjunction.format(first=", ".join(words[:-1]), last=words[-1])
    return texts.fakes.long.format(parts=parts), texts.fakes.short


def _ended(phase: Ended, texts: ScreenTexts) -> Notice:
    notice = texts.ended[phase.outcome]
    return Notice(notice.sentence.format(name=phase.caller.name), notice.action.format(name=phase.caller.name))


def page_of(phase: Phase) -> Page:
    """Every phase has one page; the panel of a measurement lies on it."""
    match phase:
        case Idle():
            return Page.HOME
        case Ringing():
            return Page.RING
        case Connecting() | Talking():
            return Page.CALL
        case Ended():
            return Page.ENDED


def present(state: KioskState | None, now: datetime, texts: ScreenTexts) -> Screen:
    """What is shown for ``state`` at ``now`` (with the home's offset). None: core has said nothing yet."""
    phase = Idle() if state is None else state.phase
    page = page_of(phase)
    caller = None if isinstance(phase, Idle) else _caller(phase.caller, texts)
    notice = ""
    if isinstance(phase, Talking) and phase.recovering:
        notice = texts.recovering
    if isinstance(phase, Connecting):
        notice = texts.connecting
    long_mark, short_mark = _fakes(() if state is None else state.fakes, texts)
    return Screen(
        page=page,
        clock=clock(now, texts),
        day=texts.day.format(weekday=texts.weekdays[now.weekday()], daypart=daypart(now.hour, texts)),
        date=texts.date.format(day=now.day, month=texts.months[now.month - 1], year=now.year),
        visit=None if state is None or state.next_visit is None else _visit(state.next_visit, now, texts),
        status=Status(texts.starting) if state is None else _status(state, texts),
        caller=caller,
        call_id=phase.call_id if isinstance(phase, Ringing | Connecting | Talking) else None,
        connecting=isinstance(phase, Connecting),
        notice=notice,
        ended=_ended(phase, texts) if isinstance(phase, Ended) else None,
        measurement=None if state is None else _measurement(state.measurement, texts),
        fake_mark=long_mark,
        fake_mark_short=short_mark,
    )
