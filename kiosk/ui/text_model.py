"""The lines of what is written and said in a call, for QML: as wide as their box, the newest last; and the keys."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from PySide6.QtCore import Property, QObject, QTimer, Signal
from PySide6.QtGui import QFont
from PySide6.QtQml import QmlElement

from kiosk.text import captions
from kiosk.text.captions import LINES, Captions
from kiosk.text.lines import last, wrapped
from kiosk.ui.text_card import TextCard, WritingCard
from kiosk.ui.text_room import RECENT_S, Wanted, named, shares
from kiosk.ui.texts import TextingTexts

QML_IMPORT_NAME = "Svar.Screen"
QML_IMPORT_MAJOR_VERSION = 1

_NORMAL, _BOLD = int(QFont.Weight.Normal), int(QFont.Weight.DemiBold)

_COLUMN = 0.24
"""Of the width, at most, for a column of names; where they need more they stand in the line."""


class _Shown(msgspec.Struct, frozen=True):
    """All lines that stand in the boxes; ``column`` is the width of the names', 0 where they stand in the lines."""

    note: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    speaker: str = ""
    theirs: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    column: float = 0.0
    speaker_column: float = 0.0


_PASS_MS = 200
"""While somebody speaks: how often captions may go on."""


@QmlElement
class TextModel(QObject):
    """A TextCard, or none. ``width_of(words, weight)``: pixels, at the size of text; ``monotonic``: seconds.

    Captions pass by themselves.

    QML sets ``boxWidth``; ``room``, the lines that may be covered; ``ceiling``, the lines that there are; and
    ``brief`` where only what has just been written is to stand.
    """

    changed = Signal()
    rekeyed = Signal()

    def __init__(
        self,
        width_of: Callable[[str, int], float],
        monotonic: Callable[[], float],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._width_of = width_of
        self._monotonic = monotonic
        self._passing = QTimer(self)
        self._passing.setInterval(_PASS_MS)
        self._passing.timeout.connect(self._pass)
        self._card: TextCard | None = None
        self._captions = Captions()
        self._said_since = 0.0
        self._said_before = False
        self._heard = 0
        self._call_id = ""
        self._now = 0.0
        self._written_at = -1e9
        self._ours_newest = False
        self._box_width = 1000.0
        self._room = LINES
        self._ceiling = LINES
        self._brief = False
        self._texts: TextingTexts | None = None
        self._shown = _Shown()
        self._told: tuple[object, ...] = ()
        self._keys_told: tuple[object, ...] = ()

    def take(self, card: TextCard | None, texts: TextingTexts) -> None:
        """Show this from now on."""
        before, now = self._card, self._monotonic()
        call_id = card.call_id if card is not None else ""
        if call_id != self._call_id:
            self._captions, self._heard, self._call_id, before = Captions(), 0, call_id, None
        self._card, self._texts = card, texts
        if card is not None:
            theirs, ours = (before.theirs, before.ours) if before is not None else ("", "")
            if card.theirs != theirs or card.ours != ours:
                self._written_at, self._ours_newest = now, card.ours != ours
            self._hear(card, now)
        self._pass()

    def _pass(self) -> None:
        self._now = self._monotonic()
        if not self._said_before:
            self._said_since = self._now
        self._captions = captions.passed(self._captions, self._now)
        self._said_before = bool(self._captions.lines)
        going_on = bool(self._captions.lines or self._captions.waiting)
        if going_on != self._passing.isActive():
            self._passing.start() if going_on else self._passing.stop()
        self._tell()

    def _hear(self, card: TextCard, now: float) -> None:
        fresh = min(card.captions_heard - self._heard, len(card.captions))
        self._heard = card.captions_heard
        for message in card.captions[len(card.captions) - fresh :] if fresh > 0 else ():
            fits = self._narrow_enough(self._column(_first(message.speaker)))
            self._captions = captions.heard(self._captions, message, now, fits)

    def restyle(self) -> None:
        """The letters are of another size."""
        self._tell()

    def _tell(self) -> None:
        keys = (self._writing, self._texts)
        if keys != self._keys_told:
            self._keys_told = keys
            self.rekeyed.emit()
        self._shown = self._lay_out()
        card = self._card
        told = (self._shown, card and (card.readable, card.read_aloud), self.any, self._box_width)
        if told != self._told:
            self._told = told
            self.changed.emit()

    # which lines

    def _lay_out(self) -> _Shown:
        card, texts = self._card, self._texts
        if card is None or texts is None:
            return _Shown()
        column = self._column(card.who, card.we)
        speaker = _first(self._captions.speaker)
        speaker_column = self._column(speaker)
        note = self._note(texts) if self._captions.automatic else []
        share = shares(
            Wanted(
                said=len(self._said(card, speaker_column, LINES)),
                theirs=len(self._lines(card.theirs, card.who, column, LINES)),
                ours=len(self._lines(card.ours, card.we, column, 1)),
                note=len(note),
                since_written=self._now - self._written_at,
                since_said=self._now - self._said_since,
                ours_newest=self._ours_newest,
            ),
            0 if self._brief and self._now - self._written_at >= RECENT_S else self._room,
            self._ceiling,
        )
        return _Shown(
            note=tuple(note) if share.note else (),
            said=tuple(self._said(card, speaker_column, share.said)),
            speaker=f"{speaker}:" if speaker_column else "",
            theirs=tuple(self._lines(card.theirs, card.who, column, share.theirs)),
            ours=tuple(self._lines(card.ours, card.we, column, share.ours)),
            column=column,
            speaker_column=speaker_column,
        )

    def _lines(self, text: str, name: str, column: float, most: int) -> list[str]:
        """The newest lines; without a column the name stands before the first that is shown."""
        if not text.strip() or most < 1:
            return []
        fits = self._narrow_enough(column)
        return named(text.rstrip(), name, fits, most) if name and not column else last(wrapped(text, fits), most)

    def _said(self, card: TextCard, column: float, most: int) -> list[str]:
        """The newest lines, as they were broken when they came: what has been read stays. In a box that has become
        narrower they are broken anew. Where a column has no room, only another than the caller is named."""
        lines = [] if card.lost else list(self._captions.lines)
        speaker = _first(self._captions.speaker)
        fits = self._narrow_enough(column)
        if speaker != card.who and not column:
            return self._lines(" ".join(lines), speaker, column, most)
        if not all(fits(line) for line in lines):
            lines = wrapped(" ".join(lines), fits)
        return last(lines, most)

    def _note(self, texts: TextingTexts) -> list[str]:
        """In as many words as have room in one line."""
        fits = self._narrow_enough(0.0)
        return [texts.automatic] if fits(texts.automatic) else wrapped(texts.automatic_short, fits)

    def _column(self, *names: str) -> float:
        """Width of a column for these names; 0 where they stand in the line instead."""
        width = max([self._width_of(f"{name}:  ", _BOLD) if name else 0.0 for name in names])
        return width if width <= _COLUMN * self._box_width else 0.0

    def _narrow_enough(self, column: float) -> Callable[[str], bool]:
        return lambda line: self._width_of(line, _NORMAL) <= self._box_width - column

    # what QML sets

    def _get_box_width(self) -> float:
        return self._box_width

    def _set_box_width(self, width: float) -> None:
        self._box_width = max(50.0, width)
        self._tell()

    boxWidth = Property(float, _get_box_width, _set_box_width, notify=changed)

    def _get_room(self) -> int:
        return self._room

    def _set_room(self, lines: int) -> None:
        self._room = max(0, lines)
        self._tell()

    room = Property(int, _get_room, _set_room, notify=changed)

    def _get_ceiling(self) -> int:
        return self._ceiling

    def _set_ceiling(self, lines: int) -> None:
        self._ceiling = max(0, lines)
        self._tell()

    ceiling = Property(int, _get_ceiling, _set_ceiling, notify=changed)

    def _get_brief(self) -> bool:
        return self._brief

    def _set_brief(self, brief: bool) -> None:
        self._brief = brief
        self._tell()

    brief = Property(bool, _get_brief, _set_brief, notify=changed)

    # what QML shows

    @Property(bool, notify=changed)
    def any(self) -> bool:
        """Whether there is anything to show, were there room for it."""
        card = self._card
        return card is not None and bool(card.theirs.strip() or card.ours.strip() or self._captions.lines)

    @Property(float, notify=changed)
    def nameWidth(self) -> float:
        """Of the column for both names; 0 where they stand in the lines."""
        return self._shown.column

    @Property("QStringList", notify=changed)  # type: ignore[arg-type]  # a name of Qt, which the stubs do not foresee
    def theirs(self) -> list[str]:
        """The newest lines of the other end's."""
        return list(self._shown.theirs)

    @Property("QStringList", notify=changed)  # type: ignore[arg-type]  # a name of Qt
    def ours(self) -> list[str]:
        """The newest line of the patient's own."""
        return list(self._shown.ours)

    @Property(str, notify=changed)
    def theirName(self) -> str:
        return f"{self._card.who}:" if self._card is not None and self._shown.column else ""

    @Property(str, notify=changed)
    def ourName(self) -> str:
        return f"{self._card.we}:" if self._card is not None and self._shown.column else ""

    @Property("QStringList", notify=changed)  # type: ignore[arg-type]  # a name of Qt
    def captions(self) -> list[str]:
        """The lines that can be read now of what is said."""
        return list(self._shown.said)

    @Property(str, notify=changed)
    def speaker(self) -> str:
        """Beside the lines, where there is room."""
        return self._shown.speaker

    @Property(float, notify=changed)
    def speakerWidth(self) -> float:
        return self._shown.speaker_column

    @Property("QStringList", notify=changed)  # type: ignore[arg-type]  # a name of Qt
    def captionNote(self) -> list[str]:
        """That a machine writes the captions, where one does."""
        return list(self._shown.note)

    @Property(bool, notify=changed)
    def readable(self) -> bool:
        """Whether the patient can write."""
        return self._card is not None and self._card.readable

    @property
    def _writing(self) -> WritingCard:
        card = self._card
        return WritingCard() if card is None or card.writing is None else card.writing

    @Property("QStringList", notify=rekeyed)  # type: ignore[arg-type]  # a name of Qt
    def phrases(self) -> list[str]:
        """Ready answers, the most needed first."""
        return list(self._writing.phrases)

    @Property(bool, notify=rekeyed)
    def byKeys(self) -> bool:
        return self._writing.keyboard

    @Property(int, notify=rekeyed)
    def keyColumns(self) -> int:
        return self._writing.columns

    @Property("QVariantList", notify=rekeyed)  # type: ignore[arg-type]  # a name of Qt
    def keys(self) -> list[dict[str, str | int]]:
        """Every key with its place: the fields of Key, ``row`` and ``column``."""
        found: list[dict[str, str | int]] = []
        column = row = 0
        for key in self._writing.keys:
            if column + key.span > self._writing.columns:
                column, row = 0, row + 1
            found.append({**msgspec.structs.asdict(key), "row": row, "column": column})
            column += key.span
        return found

    @Property(int, notify=rekeyed)
    def keyRows(self) -> int:
        """0 where there are none."""
        keys: list[dict[str, str | int]] = self.keys  # type: ignore[assignment]  # a Property of Qt
        return 1 + max((int(key["row"]) for key in keys), default=-1)

    @Property(str, notify=rekeyed)
    def writeText(self) -> str:
        return self._texts.write if self._texts is not None else ""

    @Property(str, notify=rekeyed)
    def keyboardText(self) -> str:
        return self._texts.keyboard if self._texts is not None else ""

    @Property(str, notify=rekeyed)
    def doneText(self) -> str:
        return self._texts.done if self._texts is not None else ""

    @Property(str, notify=changed)
    def readAloudText(self) -> str:
        """«Les teksten høyt», or empty."""
        return self._card.read_aloud if self._card is not None else ""


def _first(name: str) -> str:
    return name.split(" ")[0]
