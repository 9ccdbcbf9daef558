"""All that a hand can do to the window, led through the rules: touch, keys, one switch. The rules are elsewhere, pure.

It sees every event before the pages do. Of touches it hands on what the first finger does, as a mouse; of keys it keeps
Tab and the arrows for itself, so that no page can be a trap; with one switch it moves the highlight.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import (
    Property,
    QCoreApplication,
    QEvent,
    QMetaObject,
    QObject,
    QPointF,
    QRectF,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEventPoint, QKeyEvent, QMouseEvent, QTouchEvent
from PySide6.QtQml import QmlElement
from PySide6.QtQuick import QQuickItem, QQuickWindow

from kiosk.ui.neighbours import Place, Way, neighbour
from kiosk.ui.scanning import Outcome, Scanner
from kiosk.ui.touch import Contact, Phase, Sign, TouchRules
from kiosk.ui.touch import Signal as Touch

if TYPE_CHECKING:  # it loads this module, so that QML finds the type
    from kiosk.ui.view_model import ScreenModel

QML_IMPORT_NAME = "Svar.Screen"
QML_IMPORT_MAJOR_VERSION = 1

_MILLIMETRES_PER_INCH = 25.4

_TOUCHES = (QEvent.Type.TouchBegin, QEvent.Type.TouchUpdate, QEvent.Type.TouchEnd)
_MOUSE = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick, QEvent.Type.MouseButtonRelease)
_PHASES = {
    QEventPoint.State.Pressed: Phase.BEGAN,
    QEventPoint.State.Updated: Phase.MOVED,
    QEventPoint.State.Stationary: Phase.MOVED,
    QEventPoint.State.Released: Phase.ENDED,
}
_WAYS = {
    Qt.Key.Key_Tab.value: Way.NEXT,
    Qt.Key.Key_Backtab.value: Way.BEFORE,
    Qt.Key.Key_Left.value: Way.LEFT,
    Qt.Key.Key_Right.value: Way.RIGHT,
    Qt.Key.Key_Up.value: Way.UP,
    Qt.Key.Key_Down.value: Way.DOWN,
}
_CHOOSE = frozenset({Qt.Key.Key_Space.value, Qt.Key.Key_Return.value, Qt.Key.Key_Enter.value})
BUTTON_KEYS = frozenset(
    {
        *range(Qt.Key.Key_F1.value, Qt.Key.Key_F24.value + 1),
        Qt.Key.Key_Call.value,
        Qt.Key.Key_MediaPlay.value,
        Qt.Key.Key_MediaTogglePlayPause.value,
        Qt.Key.Key_PageUp.value,
        Qt.Key.Key_PageDown.value,
    }
)
"""What physical buttons with a USB or Bluetooth keyboard inside send; on no page do these keys do anything else."""


@QmlElement
class WindowInput(QObject):
    """One for the window; made by Main.qml. ``keyboardInUse``: the ring around the chosen control is to be seen."""

    windowChanged = Signal()
    modelChanged = Signal()
    keyboardInUseChanged = Signal()
    highlightMoved = Signal(str)
    """The name of the control under the highlight of one switch."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.monotonic: Callable[[], float] = time.monotonic
        self._window: QQuickWindow | None = None
        self._model: ScreenModel | None = None
        self._keyboard_in_use = False
        self._rules = TouchRules()
        self._from_touch = False
        self._scanner = Scanner()
        self._controls: dict[Hashable, QQuickItem] = {}
        self._first: str | None = None
        self._highlighted: QQuickItem | None = None
        self._led_to: QQuickItem | None = None
        self._step = QTimer(self)
        self._step.setSingleShot(True)
        self._step.setTimerType(Qt.TimerType.PreciseTimer)
        self._step.timeout.connect(self.scan)

    # -- what QML sets and reads -------------------------------------------------------------------------------------

    def _get_window(self) -> QQuickWindow | None:
        return self._window

    def _set_window(self, window: QObject | None) -> None:
        if not isinstance(window, QQuickWindow):
            window = None
        if self._window is not None:
            self._window.removeEventFilter(self)
        self._window = window
        if window is not None:
            window.installEventFilter(self)
        self.windowChanged.emit()

    window = Property(QObject, _get_window, _set_window, notify=windowChanged)

    def _get_model(self) -> ScreenModel | None:
        return self._model

    def _set_model(self, model: QObject | None) -> None:
        self._model = cast("ScreenModel | None", model)
        if self._model is not None:
            # Queued: by then the pages have followed, and have said where they begin.
            self._model.shown.connect(self.scan, Qt.ConnectionType.QueuedConnection)
            self._model.physicalButton.connect(self.button_pressed)
        self.modelChanged.emit()

    model = Property(QObject, _get_model, _set_model, notify=modelChanged)

    @Property(bool, notify=keyboardInUseChanged)
    def keyboardInUse(self) -> bool:
        """Whether somebody moves by keys or a switch: then the ring is shown."""
        return self._keyboard_in_use

    def _use_keyboard(self, in_use: bool) -> None:
        if in_use != self._keyboard_in_use:
            self._keyboard_in_use = in_use
            self.keyboardInUseChanged.emit()

    # -- events ------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's; True: nobody else gets it."""
        kind = event.type()
        if kind in _TOUCHES and isinstance(event, QTouchEvent):
            self._touched(event)
            event.accept()
            return True
        if kind == QEvent.Type.TouchCancel:
            self._hand_on(self._rules.lost())
            return True
        if kind in _MOUSE:
            return self._clicked(kind)
        if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key_pressed(event)
        if kind == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            key = event.key()
            return key in _WAYS or key in BUTTON_KEYS or (self._one_switch and key in _CHOOSE)
        return False

    @property
    def _one_switch(self) -> bool:
        return self._model is not None and self._model.profile.pressing.one_switch

    # touch

    def _touched(self, event: QTouchEvent) -> None:
        device = event.device().systemId() if event.device() is not None else 0
        contacts = [
            Contact(
                (device, point.id()),
                _PHASES[point.state()],
                point.scenePosition().x(),
                point.scenePosition().y(),
                self._millimetres(max(point.ellipseDiameters().width(), point.ellipseDiameters().height())),
            )
            for point in event.points()
            if point.state() in _PHASES
        ]
        self._hand_on(self._rules.take(contacts, self.monotonic()))

    def _millimetres(self, pixels: float) -> float:
        window, model = self._window, self._model
        if window is None or model is None or pixels <= 0:
            return 0.0
        inches = model.profile.seeing.diagonal_inches
        return pixels * inches * _MILLIMETRES_PER_INCH / math.hypot(window.width(), window.height())

    def _hand_on(self, touches: list[Touch]) -> None:
        for touch in touches:
            window = self._window
            if window is None:
                return
            if touch.sign is Sign.PRESS and not self._one_switch:
                self._use_keyboard(False)
            if touch.sign is Sign.CANCEL:
                grabber = window.mouseGrabberItem()
                if grabber is not None:
                    grabber.ungrabMouse()
                continue
            held = Qt.MouseButton.NoButton if touch.sign is Sign.RELEASE else Qt.MouseButton.LeftButton
            changed = Qt.MouseButton.NoButton if touch.sign is Sign.MOVE else Qt.MouseButton.LeftButton
            place = QPointF(touch.x, touch.y)
            kind = {
                Sign.PRESS: QEvent.Type.MouseButtonPress,
                Sign.MOVE: QEvent.Type.MouseMove,
                Sign.RELEASE: QEvent.Type.MouseButtonRelease,
            }[touch.sign]
            mouse = QMouseEvent(
                kind, place, place, window.mapToGlobal(place), changed, held, Qt.KeyboardModifier.NoModifier
            )
            self._from_touch = True
            try:
                QCoreApplication.sendEvent(window, mouse)
            finally:
                self._from_touch = False

    # mouse

    def _clicked(self, kind: QEvent.Type) -> bool:
        """With one switch any button of a mouse is that switch."""
        if self._from_touch or not self._one_switch:
            return False
        if kind == QEvent.Type.MouseButtonPress:
            self.switch_pressed()
        return True

    # keys

    def _key_pressed(self, event: QKeyEvent) -> bool:
        """A key that is held repeats nothing (EN 301 549 5.7)."""
        key = event.key()
        if event.isAutoRepeat():
            return True
        if self._model is not None:
            self._model.touched()
        if key in BUTTON_KEYS or (self._one_switch and key in _CHOOSE):
            self._button()
            return True
        if not self._one_switch:
            self._use_keyboard(True)
        way = _WAYS.get(key)
        if way is Way.NEXT and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            way = Way.BEFORE
        if way is None or (way not in (Way.NEXT, Way.BEFORE) and self._writing()):
            return False
        self._go(way)
        return True

    def button_pressed(self) -> None:
        """A physical button, wherever it is plugged in."""
        if self._model is not None:
            self._model.touched()
        self._button()

    def _button(self) -> None:
        if self._one_switch:
            self.switch_pressed()
        elif self._model is not None:
            self._model.pressButton()

    def _writing(self) -> bool:
        """Whether the arrows belong to a text that is being written."""
        item = None if self._window is None else self._window.activeFocusItem()
        return item is not None and item.property("cursorPosition") is not None

    def _go(self, way: Way) -> None:
        window = self._window
        if window is None:
            return
        items = list(controls(window.contentItem()))
        here = next((index for index, item in enumerate(items) if item.hasActiveFocus()), None)
        there = neighbour([_place(item) for item in items], here, way)
        if there is not None:
            reason = Qt.FocusReason.BacktabFocusReason if way is Way.BEFORE else Qt.FocusReason.TabFocusReason
            items[there].forceActiveFocus(reason)

    # -- one switch --------------------------------------------------------------------------------------------------

    def switch_pressed(self) -> None:
        """The switch has been closed, wherever it is plugged in."""
        press = self._scanner.press(self.monotonic())
        if press.outcome is Outcome.CHOSEN and (item := self._controls.get(press.control)) is not None:
            QMetaObject.invokeMethod(item, "activated", Qt.ConnectionType.DirectConnection)
        self.scan()

    def scan(self) -> None:
        """Let the highlight be where it should be now."""
        window, model = self._window, self._model
        if window is None or model is None:
            return
        pressing = model.profile.pressing
        if not pressing.one_switch:
            self._scanner.show((), self.monotonic())
            if self._highlighted is not None:
                self._highlighted = None
                self._use_keyboard(False)
            self._step.stop()
            return
        now = self.monotonic()
        self._scanner.set_timing(pressing.scan_seconds, pressing.repeat_seconds, now)
        self._look(window, model, now)
        self._highlight(self._controls.get(self._scanner.highlighted(now)))
        due = self._scanner.next_step(now)
        if due is None:
            self._step.stop()
        else:
            self._step.start(max(1, math.ceil((due - now) * 1000)))

    def _look(self, window: QQuickWindow, model: ScreenModel, now: float) -> None:
        """What is there to choose from, beginning where the page says that it begins."""
        items = list(controls(window.contentItem()))
        focused = window.activeFocusItem()
        if focused is not self._led_to and focused in items:
            self._first = focused.objectName()
        first = next((index for index, item in enumerate(items) if item.objectName() == self._first), 0)
        items = items[first:] + items[:first]
        page = model.screen.page, model.screen.call_id
        self._controls = {(*page, index, item.objectName(), _name(item)): item for index, item in enumerate(items)}
        self._scanner.show(tuple(self._controls), now)

    def _highlight(self, item: QQuickItem | None) -> None:
        before, shown = self._highlighted, self._keyboard_in_use
        self._highlighted = item
        self._use_keyboard(item is not None)
        if item is None:
            return
        self._led_to = item
        if not item.hasActiveFocus():
            item.forceActiveFocus(Qt.FocusReason.OtherFocusReason)
        if item is before and shown:
            return
        name = _name(item)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(item, name))
        self.highlightMoved.emit(name)


def controls(item: QQuickItem) -> Iterator[QQuickItem]:
    """All that can be pressed below ``item`` and is to be seen, in the order in which the pages name them."""
    if not item.isVisible() or not item.isEnabled():
        return
    if item.activeFocusOnTab() and item.width() > 0 and item.height() > 0:
        yield item
    for child in item.childItems():
        yield from controls(child)


def _place(item: QQuickItem) -> Place:
    rectangle = item.mapRectToScene(QRectF(0, 0, item.width(), item.height()))
    return Place(rectangle.x(), rectangle.y(), rectangle.width(), rectangle.height())


def _name(item: QQuickItem) -> str:
    """What a screen reader calls it; a button with a drawing has no text."""
    interface = QAccessible.queryAccessibleInterface(item)
    return str(item.property("text")) if interface is None else interface.text(QAccessible.Text.Name)
