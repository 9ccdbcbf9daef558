"""The values that QML binds to while the profile is chosen."""

from __future__ import annotations

from PySide6.QtCore import Property, QObject, Signal
from PySide6.QtQml import QmlElement

from kiosk.ui.choosing_card import Answer, ChoosingCard

QML_IMPORT_NAME = "Svar.Screen"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class ChoosingModel(QObject):
    """A ChoosingCard, or none."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._card: ChoosingCard | None = None

    def take(self, card: ChoosingCard | None) -> None:
        """Ask this from now on."""
        if card != self._card:
            self._card = card
            self.changed.emit()

    @Property(str, notify=changed)
    def title(self) -> str:
        """Hvilken ser du best?"""
        return self._card.title if self._card else ""

    @Property(str, notify=changed)
    def sample(self) -> str:
        """What is read to try its size."""
        return self._card.sample if self._card else ""

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # a name of Qt
    def answers(self) -> list[dict[str, object]]:
        """choosing_card.Answer: ``text``, ``place``, ``good``, ``heard``; ``ground``, ``ink`` and ``edge`` or empty."""
        return [_of(answer) for answer in self._card.answers] if self._card else []

    @Property(bool, notify=changed)
    def back(self) -> bool:
        """Whether there is a question before."""
        return self._card is not None and self._card.back

    @Property(bool, notify=changed)
    def compares(self) -> bool:
        """Whether the answers are things of one kind, to be pressed side by side; else they are «Ja» and another."""
        answers = () if self._card is None else self._card.answers
        return len(answers) > 1 and not any(answer.good for answer in answers)

    @Property(bool, notify=changed)
    def aims(self) -> bool:
        """Whether there is a ring to press."""
        return self._card is not None and self._card.target is not None

    @Property(float, notify=changed)
    def targetX(self) -> float:
        """Its middle, a share of the room's width."""
        return self._card.target[0] if self._card and self._card.target else 0.5

    @Property(float, notify=changed)
    def targetY(self) -> float:
        """Its middle, a share of the room's height."""
        return self._card.target[1] if self._card and self._card.target else 0.5


def _of(answer: Answer) -> dict[str, object]:
    colours = answer.colours
    return {
        "text": answer.text,
        "place": answer.place,
        "good": answer.good,
        "heard": answer.heard,
        "ground": "" if colours is None else colours.background,
        "ink": "" if colours is None else colours.text,
        "edge": "" if colours is None else colours.text,
    }
