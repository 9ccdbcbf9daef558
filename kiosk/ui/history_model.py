"""The values of one's own readings over time that QML binds to. What they say is presentation's."""

from __future__ import annotations

from PySide6.QtCore import Property, QObject, Signal
from PySide6.QtQml import QmlElement

from kiosk.ui.history_card import Chart, HistoryCard

QML_IMPORT_NAME = "Svar.Screen"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class HistoryModel(QObject):
    """A HistoryCard, or none."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._card: HistoryCard | None = None

    @property
    def chart(self) -> Chart | None:
        """The drawing as a value."""
        return self._card.chart if self._card else None

    def take(self, card: HistoryCard | None) -> None:
        """Show this from now on."""
        if card != self._card:
            self._card = card
            self.changed.emit()

    @Property(bool, notify=changed)
    def shown(self) -> bool:
        """Whether there is one."""
        return self._card is not None

    @Property(str, notify=changed)
    def title(self) -> str:
        """What was measured."""
        return self._card.title if self._card else ""

    @Property(str, notify=changed)
    def value(self) -> str:
        """The newest, 125 over 80"""
        return self._card.value if self._card else ""

    @Property(str, notify=changed)
    def when(self) -> str:
        """When the newest was measured."""
        return self._card.when if self._card else ""

    @Property(str, notify=changed)
    def sentence(self) -> str:
        """Why there is no drawing."""
        return self._card.sentence if self._card else ""

    @Property(str, notify=changed)
    def action(self) -> str:
        """What to do about it."""
        return self._card.action if self._card else ""

    @Property(bool, notify=changed)
    def drawn(self) -> bool:
        """Whether there is a drawing."""
        return self.chart is not None

    @Property(str, notify=changed)
    def description(self) -> str:
        """The drawing in words, for screen readers."""
        return self.chart.description if self.chart else ""

    @Property(bool, notify=changed)
    def hasTarget(self) -> bool:
        """Whether a target band is drawn."""
        return self.chart is not None and self.chart.band is not None

    @Property(float, notify=changed)
    def targetMiddle(self) -> float:
        """The middle of the band, from the bottom up."""
        band = self.chart.band if self.chart else None
        return (band[0] + band[1]) / 2 if band else 0.0

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # a name of Qt
    def levels(self) -> list[dict[str, object]]:
        """Numbers beside the drawing: ``at`` from the bottom up, ``text``."""
        return _places(self.chart.levels if self.chart else ())

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # a name of Qt
    def marks(self) -> list[dict[str, object]]:
        """Words below the drawing: ``at`` from the left, ``text``."""
        return _places(self.chart.marks if self.chart else ())

    @Property(str, notify=changed)
    def nextSpanText(self) -> str:
        """Button to the next span."""
        return self._card.next_span[1] if self._card else ""

    @Property(str, notify=changed)
    def otherText(self) -> str:
        """Button to the next kind; empty when there is no other."""
        return self._card.other[1] if self._card and self._card.other else ""


def _places(places: tuple[tuple[float, str], ...]) -> list[dict[str, object]]:
    return [{"at": at, "text": text} for at, text in places]
