"""The words of one language that the screen shows, read from its phrase file; no decision about when they show."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from kiosk.facts.calls import CallOutcome
from kiosk.facts.choosing import Question
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.history import Span
from kiosk.facts.measurement import DeskNews, MeasurementFault, MeasurementKind


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened, and what to do about it (absent when there is nothing to do)."""

    sentence: str
    action: str = ""


class Guidance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to measure, one step a line; ``result`` heads the numbers, ``show`` is the button to their curve.

    ``value`` takes ``value`` and ``second``; ``unit`` stands below it, empty when the value says it already.
    ``picture`` says what the drawing shows.
    """

    title: str
    result: str
    show: str
    value: str
    picture: str
    steps: tuple[str, ...]
    unit: str = ""


class SpanTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Its button, its name in a sentence, and what is said when nothing was measured in it."""

    button: str
    name: str
    empty: str


class HistoryTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One's own readings over time. ``curve`` takes result, span, low and high: for who cannot see it."""

    target: str
    now: str
    empty: Notice
    failed: Notice
    curve: str
    spans: dict[Span, SpanTexts]


class Dayparts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parts of the day, lower case."""

    night: str
    morning: str
    forenoon: str
    afternoon: str
    evening: str


class FakeTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mark that parts are generated. ``long`` takes ``parts``; ``conjunction`` joins two parts."""

    short: str
    long: str
    camera: str
    cuff: str
    device: str
    conjunction: str = msgspec.field(name="and")

    def of(self, part: FakePart) -> str:
        """The word for one part."""
        return {FakePart.CAMERA: self.camera, FakePart.CUFF: self.cuff, FakePart.DEVICE: self.device}[part]


class TextingTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written in a call. ``you``: before what the patient writes; ``automatic``: a machine writes captions;
    ``automatic_short``: the same where there is little room.

    ``phrases``: ready answers, the most needed first. ``erase`` and ``space`` name keys.
    """

    you: str
    read_aloud: str
    automatic: str
    automatic_short: str
    write: str
    keyboard: str
    done: str
    erase: str
    space: str
    phrases: tuple[str, ...]


class ChoosingTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Choosing the profile. ``languages``: each by its own name; ``sample``: what is read to try its size."""

    languages: tuple[str, str, str]
    first: str
    second: str
    larger: str
    louder: str
    yes: str
    no: str
    skip: str
    done: str
    sample: str
    questions: dict[Question, str]


class ScreenTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table ``[screen]`` of a phrase file. Names in braces are filled in by presentation.

    ``weekdays`` begins on Monday, ``weekdays_inside`` as they are written inside a sentence; ``faults`` stands in order
    of importance.
    """

    weekdays: tuple[str, str, str, str, str, str, str]
    weekdays_inside: tuple[str, str, str, str, str, str, str]
    months: tuple[str, str, str, str, str, str, str, str, str, str, str, str]
    weekdays_short: tuple[str, str, str, str, str, str, str]
    months_short: tuple[str, str, str, str, str, str, str, str, str, str, str, str]
    decimal_mark: str
    clock: str
    day: str
    date: str
    visit_today: str
    visit_tomorrow: str
    visit_this_week: str
    visit_later: str
    visit_who: str
    all_well: str
    starting: str
    unsent_one: str
    unsent_many: str
    rings: str
    rings_without_role: str
    answer: str
    decline: str
    connecting: str
    calling: str
    recovering: str
    line_silent: str
    line_lost: str
    line_weak: str
    line_bad: str
    undo: str
    hang_up: str
    close: str
    saved: str
    held: str
    delivered: str
    desk_kept: str
    desk_delivered: str
    pulse: str
    my_readings: str
    stop: str
    again: str
    say_again: str
    more: str
    more_of: str
    mine: str
    not_mine: str
    back: str
    measures: str
    not_final: str
    inflating: str
    keep_still: str
    old_readings_one: str
    old_readings_many: str
    owner_question: str
    today: str
    yesterday: str
    on_day: str
    loading: str
    own_picture: str
    caller_picture: str
    page_home: str
    page_call: str
    important: str
    cuff_pressure: str
    dayparts: Dayparts
    measuring: dict[MeasurementKind, Guidance]
    not_measured: dict[MeasurementFault, Notice]
    history: HistoryTexts
    faults: dict[Fault, Notice]
    ended: dict[CallOutcome, Notice]
    fakes: FakeTexts
    texting: TextingTexts
    choosing: ChoosingTexts

    def desk_news(self, news: DeskNews) -> str:
        """What the desk knows; empty where the patient must tell it."""
        match news:
            case DeskNews.KEPT:
                return self.desk_kept
            case DeskNews.DELIVERED:
                return self.desk_delivered
            case DeskNews.NOT_KEPT:
                return ""


class _PhraseFile(msgspec.Struct, frozen=True):
    screen: ScreenTexts


class TextsError(Exception):
    """The phrase file cannot be used; the text says which and why."""


def load_texts(path: Path) -> ScreenTexts:
    """Read the screen's words from a phrase file. Raises TextsError."""
    try:
        texts = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _PhraseFile).screen
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TextsError(f"{path}: {error}") from error
    missing = [
        f"{table}.{one.value}"
        for table, names, words in (
            ("measuring", MeasurementKind, texts.measuring),
            ("not_measured", MeasurementFault, texts.not_measured),
            ("history.spans", Span, texts.history.spans),
            ("faults", Fault, texts.faults),
            ("ended", CallOutcome, texts.ended),
            ("choosing.questions", Question, texts.choosing.questions),
        )
        for one in names
        if one not in words
    ]
    if missing:
        raise TextsError(f"{path}: phrases missing under [screen]: {', '.join(missing)}")
    return texts
