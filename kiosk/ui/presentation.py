"""What the screen shows for a state at a moment, as values: pure. How it looks is QML's."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from kiosk.facts.caller import Caller
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.line_quality import LineVerdict
from kiosk.facts.measurement import MeasurementKind
from kiosk.facts.visit import Visit
from kiosk.flow.state import (
    Connecting,
    Ended,
    History,
    Idle,
    KioskState,
    Measured,
    Measuring,
    NotMeasured,
    Ringing,
    Talking,
)
from kiosk.ui.choosing_card import ChoosingCard, choosing_card
from kiosk.ui.history_card import HistoryCard, history_card
from kiosk.ui.measurement_card import MeasurementCard, OwnerCard, measurement_card, owner_card
from kiosk.ui.screens import Page, page_of, screen_of
from kiosk.ui.text_card import TextCard, text_card
from kiosk.ui.texts import Notice, ScreenTexts
from kiosk.ui.wording import clock, daypart

HOME_BUTTONS = 3
"""More kinds than these would be clutter; the nurse can ask for the others."""


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


class MeasureButton(msgspec.Struct, frozen=True):
    """Begins a measurement."""

    kind: MeasurementKind
    text: str


class Screen(msgspec.Struct, frozen=True):
    """All words on the screen. Empty text means: not shown. ``place``: another one is another screen.

    ``title`` is the page's name, for screen readers.
    """

    page: Page
    place: str
    title: str
    clock: str
    day: str
    date: str
    visit: tuple[str, str] | None
    status: Status
    caller: CallerCard | None
    call_id: str | None
    connecting: bool
    line_lost: bool
    notice: str
    can_undo: bool
    ended: Notice | None
    buttons: tuple[MeasureButton, ...]
    measurement: MeasurementCard | None
    owner: OwnerCard | None
    history: HistoryCard | None
    text: TextCard | None
    choosing: ChoosingCard | None
    fake_mark: str
    fake_mark_short: str


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
        weekday=texts.weekdays_inside[start.weekday()],
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
    if state.old_readings is not None:
        count = state.old_readings.count
        return Status(texts.old_readings_one if count == 1 else texts.old_readings_many.format(count=count), unsent)
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


def _fakes(fakes: tuple[FakePart, ...], texts: ScreenTexts) -> tuple[str, str]:
    """The mark in full and in short."""
    if not fakes:
        return "", ""
    # One word for the devices: a cuff among several is one of them.
    words = [texts.fakes.of(part) for part in fakes if part is not FakePart.CUFF or FakePart.DEVICE not in fakes]
    parts = words[0]
    if len(words) > 1:
        parts = texts.fakes.conjunction.format(first=", ".join(words[:-1]), last=words[-1])
    return texts.fakes.long.format(parts=parts), texts.fakes.short


def _ended(phase: Ended, texts: ScreenTexts) -> Notice:
    notice = texts.ended[phase.outcome]
    return Notice(notice.sentence.format(name=phase.caller.name), notice.action.format(name=phase.caller.name))


def _buttons(state: KioskState, texts: ScreenTexts) -> tuple[MeasureButton, ...]:
    """The first kinds that the home has devices for, always in the same order."""
    kinds = [kind for kind in MeasurementKind if kind in state.can_measure]
    return tuple(MeasureButton(kind, texts.measuring[kind].title) for kind in kinds[:HOME_BUTTONS])


def _cards(
    state: KioskState, now: datetime, texts: ScreenTexts
) -> tuple[MeasurementCard | None, OwnerCard | None, HistoryCard | None]:
    """What lies on the page, or in a call beside the picture: one of them at most. A ring shows only who rings."""
    at_home = isinstance(state.phase, Idle)
    if not at_home and not isinstance(state.phase, Talking):
        return None, None, None
    if state.questions:
        return None, owner_card(state.questions[0], now, texts), None
    if state.measurement is not None:
        desk = state.desk_of(state.measurement.kind) if isinstance(state.measurement, NotMeasured) else None
        card = measurement_card(state.measurement, texts, at_home=at_home, can_measure=state.can_measure, desk=desk)
        return card, None, None
    if state.history is not None and at_home:
        return None, None, history_card(state.history, state.can_measure, now, texts)
    return None, None, None


def _title(
    page: Page,
    caller: CallerCard | None,
    ended: Notice | None,
    measurement: MeasurementCard | None,
    owner: OwnerCard | None,
    choosing: ChoosingCard | None,
    texts: ScreenTexts,
) -> str:
    """The page in a few words."""
    name = "" if caller is None else caller.name
    match page:
        case Page.HOME:
            return texts.page_home
        case Page.RING:
            return "" if caller is None else f"{caller.name}, {caller.line}"
        case Page.CALL:
            return texts.page_call.format(name=name)
        case Page.WRITE:
            return texts.texting.write
        case Page.ENDED:
            return "" if ended is None else ended.sentence
        case Page.MEASURE:
            return "" if measurement is None else measurement.title
        case Page.OWNER:
            return "" if owner is None else owner.question
        case Page.HISTORY:
            return texts.my_readings
        case Page.CHOOSE:
            return "" if choosing is None else choosing.title


def _notice(state: KioskState, texts: ScreenTexts) -> str:
    """A word about the line, only when there is reason for one."""
    phase = state.phase
    if isinstance(phase, Connecting):
        return texts.calling.format(name=phase.caller.name) if phase.calling else texts.connecting
    if not isinstance(phase, Talking):
        return ""
    if phase.recovering:
        if Fault.MEDIA_RESTARTING in state.faults:
            return texts.recovering
        return texts.line_lost if phase.given_time else texts.line_silent
    match phase.verdict:
        case LineVerdict.GOOD:
            return ""
        case LineVerdict.WEAK:
            return texts.line_weak
        case LineVerdict.BAD:
            return texts.line_bad


def _place(state: KioskState) -> str:
    """The kind of screen, and whose call or which measurement it is about."""
    about = ""
    if state.choosing is not None and page_of(state) is Page.CHOOSE:
        return f"{Page.CHOOSE.value} {state.choosing.question.value} {len(state.choosing.picks)}"
    match state.phase, state.measurement, state.history:
        case (Ringing() | Connecting() | Talking()) as call, None, _:
            about = call.call_id
        case _, Measured() as result, _:
            about = result.reading_id
        case _, (Measuring() | NotMeasured()) as stage, _:
            about = f"{stage.kind.value} {stage.since}"
        case _, None, History() as history:
            about = history.kind.value
    return f"{screen_of(state).value} {about}"


def present(state: KioskState | None, now: datetime, texts: ScreenTexts) -> Screen:
    """What is shown for ``state`` at ``now`` (with the home's offset). None: core has said nothing yet."""
    unknown = state is None
    state = KioskState() if state is None else state
    phase = state.phase
    measurement, owner, history = _cards(state, now, texts)
    long_mark, short_mark = _fakes(state.fakes, texts)
    caller = None if isinstance(phase, Idle) else _caller(phase.caller, texts)
    ended = _ended(phase, texts) if isinstance(phase, Ended) else None
    page = page_of(state)
    choosing = choosing_card(state.choosing, texts) if page is Page.CHOOSE and state.choosing is not None else None
    return Screen(
        page=page,
        place=_place(state),
        title=_title(page, caller, ended, measurement, owner, choosing, texts),
        clock=clock(now, texts),
        day=texts.day.format(weekday=texts.weekdays[now.weekday()], daypart=daypart(now.hour, texts)),
        date=texts.date.format(day=now.day, month=texts.months[now.month - 1], year=now.year),
        visit=None if state.next_visit is None else _visit(state.next_visit, now, texts),
        status=Status(texts.starting) if unknown else _status(state, texts),
        caller=caller,
        call_id=phase.call_id if isinstance(phase, Ringing | Connecting | Talking) else None,
        connecting=isinstance(phase, Connecting),
        line_lost=isinstance(phase, Talking) and phase.recovering,
        notice=_notice(state, texts),
        can_undo=isinstance(phase, Ended) and phase.can_undo,
        ended=ended,
        buttons=_buttons(state, texts),
        measurement=measurement,
        owner=owner,
        history=history,
        text=text_card(state, texts),
        choosing=choosing,
        fake_mark=long_mark,
        fake_mark_short=short_mark,
    )
