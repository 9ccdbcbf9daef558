"""What a screen reader is told unasked when the screen becomes another: pure. Who sends it is the announcer's."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from kiosk.ui.history_card import HistoryCard
from kiosk.ui.measurement_card import MeasurementCard, OwnerCard
from kiosk.ui.presentation import Screen, Tone
from kiosk.ui.screens import Page
from kiosk.ui.text_card import TAIL, TextCard


class Announcement(msgspec.Struct, frozen=True):
    """Words, and whether they may interrupt (Assertive: a ring, an error) or wait their turn (Polite)."""

    text: str
    urgent: bool = False


class _Line(msgspec.Struct, frozen=True):
    text: str
    urgent: bool = False


def announcement(before: Screen, after: Screen, *, readings_aloud: bool) -> Announcement | None:
    """One announcement for all that is new, or None. Numbers of readings only where the patient has agreed to hear them
    (EN 301 549 5.1.3.9); whoever asks the screen reader for them gets them all the same.

    A new page is told from its title on; on the same page only the lines that were not there before.
    """
    lines = [line for line in _news(after, readings_aloud) if line.text]
    if _place(before) != _place(after):
        lines = [*_opening(after), *(line for line in lines if line.text != after.title)]
    else:
        known = {before.title, *(line.text for line in _news(before, readings_aloud))}
        lines = [line for line in lines if line.text not in known]
    if not lines:
        return None
    return Announcement(_joined(line.text for line in lines), any(line.urgent for line in lines))


def _place(screen: Screen) -> tuple[Page, str | None, str | None]:
    """What a person would call another screen: another page, another caller's ring, another reading's question."""
    return screen.page, screen.call_id, None if screen.owner is None else screen.owner.reading_id


def _opening(screen: Screen) -> list[_Line]:
    lines = [_Line(screen.title, urgent=screen.page is Page.RING)]
    if screen.page is Page.HOME and screen.visit is not None:
        lines += [_Line(text) for text in screen.visit]
    return lines


def _news(screen: Screen, readings_aloud: bool) -> list[_Line]:
    """What may change while the page stays. The clock and the day are not news, nor a value that is not final."""
    match screen.page:
        case Page.RING:
            return []
        case Page.HOME:
            grave = screen.status.tone is Tone.GRAVE
            return [_Line(screen.status.text, grave), _Line(screen.status.detail, grave)]
        case Page.ENDED:
            return [] if screen.ended is None else [_Line(screen.ended.action)]
        case _:
            lines = [_Line(screen.notice, screen.line_lost)]
            if screen.measurement is not None:
                lines += _measurement(screen.measurement, readings_aloud)
            if screen.owner is not None:
                lines += _owner(screen.owner, readings_aloud)
            if screen.choosing is not None:
                lines += [_Line(screen.choosing.title), _Line(screen.choosing.sample)]
            if screen.history is not None:
                lines += _history(screen.history, readings_aloud)
            if screen.text is not None:
                lines += _written(screen.text)
            return lines


def _written(card: TextCard) -> list[_Line]:
    """What the other end has written, sentence by sentence: not letter by letter, as it is shown."""
    parts = re.split(r"(?<=[.!?])\s+|\n", card.theirs)
    begun = 1 if len(card.theirs) == TAIL else 0  # the first is not whole
    whole = parts[begun:] if card.theirs.endswith((".", "!", "?")) else parts[begun:-1]
    return [_Line(f"{card.who}: {part.strip()}") for part in whole if part.strip()]


def _measurement(card: MeasurementCard, readings_aloud: bool) -> list[_Line]:
    lines = [_Line(card.title), *(_Line(step) for step in card.steps)]
    if readings_aloud and not card.provisional and card.value:
        lines += [_Line(f"{card.value} {card.unit}".strip()), _Line(card.pulse)]
    lines += [_Line(card.sentence, urgent=True), _Line(card.action, urgent=True), _Line(card.mark)]
    return [line for line in lines if line.text]


def _owner(card: OwnerCard, readings_aloud: bool) -> list[_Line]:
    value = [_Line(card.value)] if readings_aloud else []
    return [_Line(card.question), *value, _Line(f"{card.title} {card.when}".strip())]


def _history(card: HistoryCard, readings_aloud: bool) -> list[_Line]:
    lines = [_Line(card.title)]
    if readings_aloud and card.value:
        lines += [_Line(f"{card.value}, {card.when}")]
    lines += [_Line(card.sentence), _Line(card.action)]
    if readings_aloud and card.chart is not None:
        lines.append(_Line(card.chart.description))
    return lines


def _joined(texts: Iterable[str]) -> str:
    """Sentences one after the other, each closed."""
    return " ".join(text if text[-1] in ".!?…:" else f"{text}." for text in texts)
