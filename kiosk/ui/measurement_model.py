"""The values of a measurement and of a question about it that QML binds to. What they say is presentation's."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Property, QObject, QUrl, Signal
from PySide6.QtQml import QmlElement

from kiosk.ui.measurement_card import MeasurementCard, OwnerCard

QML_IMPORT_NAME = "Svar.Screen"
QML_IMPORT_MAJOR_VERSION = 1

_PICTURES = Path(__file__).parent / "qml/pictures"


@QmlElement
class MeasurementModel(QObject):
    """A MeasurementCard, or none."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._card: MeasurementCard | None = None

    def take(self, card: MeasurementCard | None) -> None:
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
        """What is measured."""
        return self._card.title if self._card else ""

    @Property("QStringList", notify=changed)  # type: ignore[arg-type]  # a name of Qt, which the stubs do not foresee
    def steps(self) -> list[str]:
        """Sentences, one below the other."""
        return list(self._card.steps) if self._card else []

    @Property(QUrl, notify=changed)
    def picture(self) -> QUrl:
        """The drawing of what to do; empty when there is none."""
        name = self._card.picture if self._card else ""
        return QUrl.fromLocalFile(str(_PICTURES / f"{name}.svg")) if name else QUrl()

    @Property(str, notify=changed)
    def pictureName(self) -> str:
        """For screen readers."""
        return self._card.picture_name if self._card else ""

    @Property(str, notify=changed)
    def value(self) -> str:
        """125 over 80"""
        return self._card.value if self._card else ""

    @Property(str, notify=changed)
    def unit(self) -> str:
        """mmol/L, where the value does not say it."""
        return self._card.unit if self._card else ""

    @Property(str, notify=changed)
    def pulse(self) -> str:
        """Puls 64"""
        return self._card.pulse if self._card else ""

    @Property(bool, notify=changed)
    def provisional(self) -> bool:
        """Whether the value is still on its way."""
        return self._card is not None and self._card.provisional

    @Property(bool, notify=changed)
    def filling(self) -> bool:
        """Whether the bar is shown."""
        return self._card is not None and self._card.bar is not None

    @Property(float, notify=changed)
    def bar(self) -> float:
        """How far the cuff is filled, 0 to 1."""
        return self._card.bar or 0.0 if self._card else 0.0

    @Property(str, notify=changed)
    def barName(self) -> str:
        """What the bar shows, for screen readers."""
        return self._card.bar_name if self._card else ""

    @Property(str, notify=changed)
    def sentence(self) -> str:
        """What went wrong, or speaks against the value."""
        return self._card.sentence if self._card else ""

    @Property(str, notify=changed)
    def action(self) -> str:
        """What to do about it."""
        return self._card.action if self._card else ""

    @Property(str, notify=changed)
    def mark(self) -> str:
        """Lagret, Sendt."""
        return self._card.mark if self._card else ""

    @Property(bool, notify=changed)
    def arrived(self) -> bool:
        """Whether the server has it."""
        return self._card is not None and self._card.arrived

    @Property(bool, notify=changed)
    def canStop(self) -> bool:
        """«Avbryt» is shown."""
        return self._card is not None and self._card.can_stop

    @Property(bool, notify=changed)
    def canClose(self) -> bool:
        """«Lukk» is shown."""
        return self._card is not None and self._card.can_close

    @Property(bool, notify=changed)
    def canRepeat(self) -> bool:
        """«Prøv igjen» is shown."""
        return self._card is not None and self._card.can_repeat


@QmlElement
class OwnerModel(QObject):
    """An OwnerCard, or none."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._card: OwnerCard | None = None

    def take(self, card: OwnerCard | None) -> None:
        """Ask this from now on."""
        if card != self._card:
            self._card = card
            self.changed.emit()

    @Property(bool, notify=changed)
    def shown(self) -> bool:
        """Whether there is one."""
        return self._card is not None

    @Property(str, notify=changed)
    def question(self) -> str:
        """Er dette din måling?"""
        return self._card.question if self._card else ""

    @Property(str, notify=changed)
    def title(self) -> str:
        """What was measured."""
        return self._card.title if self._card else ""

    @Property(str, notify=changed)
    def value(self) -> str:
        """125 over 80"""
        return self._card.value if self._card else ""

    @Property(str, notify=changed)
    def when(self) -> str:
        """i dag kl. 09.41"""
        return self._card.when if self._card else ""
