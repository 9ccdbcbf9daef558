"""The words of one language that the screen shows, read from its phrase file; no decision about when they show."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from kiosk.facts.calls import CallOutcome
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.measurement import MeasurementFault, MeasurementKind


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened, and what to do about it (absent when there is nothing to do)."""

    sentence: str
    action: str = ""


class Guidance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to measure, one step a line; ``result`` heads the numbers."""

    title: str
    result: str
    steps: tuple[str, ...]


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
    conjunction: str = msgspec.field(name="and")

    def of(self, part: FakePart) -> str:
        """The word for one part."""
        return {FakePart.CAMERA: self.camera, FakePart.CUFF: self.cuff}[part]


class ScreenTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table ``[screen]`` of a phrase file. Names in braces are filled in by presentation.

    ``weekdays`` begins on Monday; ``faults`` stands in order of importance.
    """

    weekdays: tuple[str, str, str, str, str, str, str]
    months: tuple[str, str, str, str, str, str, str, str, str, str, str, str]
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
    recovering: str
    hang_up: str
    close: str
    saved: str
    held: str
    delivered: str
    pulse: str
    blood_pressure: str
    blood_pressure_unit: str
    own_picture: str
    caller_picture: str
    dayparts: Dayparts
    measuring: dict[MeasurementKind, Guidance]
    not_measured: dict[MeasurementFault, Notice]
    faults: dict[Fault, Notice]
    ended: dict[CallOutcome, Notice]
    fakes: FakeTexts


class _PhraseFile(msgspec.Struct, frozen=True):
    screen: ScreenTexts


class TextsError(Exception):
    """The phrase file cannot be used; the text says which and why."""


def load_texts(path: Path) -> ScreenTexts:
    """Read the screen's words from a phrase file. Raises TextsError."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _PhraseFile).screen
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TextsError(f"{path}: {error}") from error
