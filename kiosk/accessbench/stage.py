"""The real window without a link: shows any state for any profile, language and size, to be looked at and measured."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import shiboken6
from PySide6.QtCore import QPointF, QRectF, QUrl
from PySide6.QtGui import QFont, QFontMetricsF, QGuiApplication, QImage
from PySide6.QtQml import QQmlApplicationEngine
from PySide6.QtQuick import QQuickItem, QQuickWindow

from kiosk.accessbench import examples
from kiosk.facts.profile import Profile
from kiosk.flow.state import KioskState
from kiosk.ipc.ui_messages import Choice
from kiosk.resources import assets
from kiosk.ui import screens
from kiosk.ui.fonts import wanted_font
from kiosk.ui.pseudo import every_language
from kiosk.ui.view_model import ScreenModel

_MULTIPLIER = 3.0
"""QML's line height is a factor up to here, else pixels."""
_CENTRED = 4
_LETTERS = 0.88
"""Of a line of 1.16 times the font's size: what its letters take, from Å to g."""

QML = Path(screens.__file__).parent / "qml"
"""Where the pages lie."""


def application() -> QGuiApplication:
    """The one there is, or a new one."""
    there = QGuiApplication.instance()
    return there if isinstance(there, QGuiApplication) else QGuiApplication(["stage"])


class Stage:
    """The window with its model, no link behind it. ``at`` and ``now`` are its clocks. Close it when done."""

    def __init__(self, size: tuple[int, int], profile: Profile | None = None) -> None:
        family, cap_ratio = wanted_font()
        self.at = 100.0
        self.now: datetime = examples.NOW + timedelta(hours=1)
        self.profile = Profile() if profile is None else profile
        self.model = ScreenModel(
            every_language(assets() / "phrases"), lambda: self.now, lambda: self.at, family, cap_ratio
        )
        self.pressed: list[Choice] = []
        self.model.pressed.connect(self._pressed)
        self.engine = QQmlApplicationEngine()
        self.engine.setInitialProperties({"model": self.model})
        self.engine.load(QUrl.fromLocalFile(str(QML / "Main.qml")))
        root = self.engine.rootObjects()[0]
        if not isinstance(root, QQuickWindow):
            raise RuntimeError("Main.qml did not load")
        self.window = root
        self.window.show()
        self.resize(size)

    @property
    def millimetre(self) -> float:
        """Pixels of a millimetre."""
        millimetre = self.model.sizes["millimetre"]  # type: ignore[index]  # a Property of Qt
        return float(millimetre)

    def _pressed(self, choice: Choice) -> None:
        self.pressed.append(choice)

    def close(self) -> None:
        """Before the model that its bindings read."""
        self.window.hide()
        shiboken6.delete(self.engine)

    def resize(self, size: tuple[int, int]) -> None:
        """Another screen."""
        self.window.resize(*size)
        application().processEvents()

    def lay_out(self, state: KioskState | None) -> None:
        """Show a state with this stage's profile, without drawing it."""
        if state is not None:
            state = msgspec.structs.replace(state, profile=self.profile)
        self.model.show(state)

    def show(self, state: KioskState | None) -> None:
        """Show a state and draw it."""
        self.lay_out(state)
        self.grab()

    def grab(self) -> QImage:
        """What is drawn."""
        return self.window.grabWindow()

    def sub_pages(self) -> int:
        """How many the page has."""
        board = self._board()
        return 1 if board is None else int(board.property("subPages"))

    def place(self) -> tuple[str, int]:
        """Which screen, and which of its sub-pages."""
        board = self._board()
        return self.model.screen.place, 0 if board is None else int(board.property("subPage"))

    def turn(self) -> None:
        """«Mer»."""
        board = self._board()
        if board is not None:
            board.metaObject().invokeMethod(board, "more")

    def _board(self) -> QQuickItem | None:
        boards = [item for item in self.items() if item.property("subPages") is not None]
        return boards[0] if boards else None

    def items(self, kind: str = "") -> list[QQuickItem]:
        """What is visible of a kind (the beginning of the class name)."""

        def walk(item: QQuickItem) -> Iterator[QQuickItem]:
            if not item.isVisible():
                return
            yield item
            for child in item.childItems():
                yield from walk(child)

        return [item for item in walk(self.window.contentItem()) if item.metaObject().className().startswith(kind)]

    def item(self, name: str) -> QQuickItem:
        """The one visible item of this name. Raises LookupError."""
        found = [item for item in self.items() if item.objectName() == name]
        if len(found) != 1:
            raise LookupError(f"{name}: {len(found)}")
        return found[0]

    def texts(self) -> list[QQuickItem]:
        """Everything visible that draws words."""
        return [item for item in self.items() if item.property("text") and item.property("contentWidth") is not None]

    def drawn_font(self, item: QQuickItem) -> QFont:
        """The font after fitting."""
        font = QFont(item.property("font"))
        info = item.property("fontInfo")
        font.setPixelSize(max(1, round(info.property("pixelSize").toNumber())))
        return font

    def ink(self, item: QQuickItem) -> QRectF:
        """Where a text's letters are, without the air that a line has above and below."""
        metrics = QFontMetricsF(self.drawn_font(item))
        rectangle, width = self.rectangle(item), float(item.property("contentWidth"))
        count, line = int(item.property("lineCount")), float(item.property("lineHeight"))
        if line <= _MULTIPLIER:  # lines of the font's own height have their capitals in the middle
            own = float(item.property("contentHeight")) / max(1, count)
            height = (count - 1) * own + metrics.tightBoundingRect("H").height()
        else:
            height = (count - 1 + _LETTERS) * line
        return QRectF(_left(item, rectangle, width), rectangle.center().y() - height / 2, width, height)

    def rectangle(self, item: QQuickItem) -> QRectF:
        """Where an item is."""
        return QRectF(item.mapToScene(QPointF(0, 0)), item.size())


def _left(item: QQuickItem, rectangle: QRectF, width: float) -> float:
    alignment = int(item.property("aligned") or _CENTRED)
    if alignment & 1:
        return rectangle.left()
    if alignment & 2:
        return rectangle.right() - width
    return rectangle.center().x() - width / 2
