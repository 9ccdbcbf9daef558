"""Which presses count: the guard by itself, and the button under a mouse, a finger that drifts and a keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtQuick import QQuickItem, QQuickView
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from kiosk.ipc.ui_messages import Choice, Press
from kiosk.ui import press
from kiosk.ui.press import RepeatGuard

_QML = Path(press.__file__).parent / "qml"
_PAGE = """
import QtQuick
import "{folder}"
Item {{
    width: 1280
    height: 800
    property int count: 0
    BigButton {{
        objectName: "button"
        x: 300; y: 300; width: 300; height: 200
        text: "Svar"
        focus: true
        onActivated: parent.count += 1
    }}
    BigButton {{
        objectName: "other"
        x: 300; y: 600; width: 300; height: 150
        text: "Nei"
        onActivated: parent.count += 100
    }}
}}
"""
TOLERANCE = 58  # 10 mm of 5.88 pixels


@pytest.mark.parametrize(
    ("presses", "counted"),
    [
        ([(Press.ANSWER, 0.0)], 1),
        ([(Press.ANSWER, 0.0), (Press.ANSWER, 0.1)], 1),
        ([(Press.ANSWER, 0.0), (Press.ANSWER, 0.49)], 1),
        ([(Press.ANSWER, 0.0), (Press.ANSWER, 0.5)], 2),
        ([(Press.ANSWER, 0.0), (Press.ANSWER, 0.3), (Press.ANSWER, 0.6)], 2),
        ([(Press.ANSWER, 0.0), (Press.HANG_UP, 0.1)], 2),
        ([(Press.ANSWER, 0.0), (Press.HANG_UP, 0.1), (Press.ANSWER, 0.2)], 3),
    ],
)
def test_an_identical_press_soon_after_does_not_count(presses: list[tuple[Press, float]], counted: int) -> None:
    guard = RepeatGuard()
    assert sum(guard.accepts(Choice(which), at) for which, at in presses) == counted


@pytest.fixture
def view(qtbot: QtBot, tmp_path: Path) -> Iterator[QQuickView]:
    page = tmp_path / "Page.qml"
    page.write_text(_PAGE.format(folder=_QML.as_uri()))
    view = QQuickView()
    view.setSource(QUrl.fromLocalFile(str(page)))
    assert view.status() is QQuickView.Status.Ready, view.errors()
    view.show()
    qtbot.waitExposed(view)
    yield view
    view.close()


def count(view: QQuickView) -> int:
    return int(view.rootObject().property("count"))


@pytest.mark.parametrize(
    ("begin", "end", "counted"),
    [
        ((450, 400), (450, 400), 1),
        ((301, 301), (301, 301), 1),
        ((310, 400), (300 - TOLERANCE + 2, 400), 1),
        ((310, 400), (300 - TOLERANCE - 3, 400), 0),
        ((590, 490), (600 + TOLERANCE - 2, 500 + TOLERANCE - 2), 1),
        ((590, 490), (600 + TOLERANCE + 3, 490), 0),
        ((450, 310), (450, 300 - TOLERANCE + 2), 1),
        ((450, 490), (450, 650), 0),
        ((290, 400), (450, 400), 0),
        ((100, 100), (450, 400), 0),
    ],
)
def test_a_touch_counts_by_where_it_began_and_ended(
    view: QQuickView, begin: tuple[int, int], end: tuple[int, int], counted: int
) -> None:
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(view, left, Qt.KeyboardModifier.NoModifier, QPoint(*begin))
    assert count(view) == 0
    QTest.mouseMove(view, QPoint(*end))
    QTest.mouseRelease(view, left, Qt.KeyboardModifier.NoModifier, QPoint(*end))
    assert count(view) == counted


def test_the_first_touch_wins(view: QQuickView) -> None:
    device = QTest.createTouchDevice()
    first, second = QPoint(450, 400), QPoint(450, 650)
    QTest.touchEvent(view, device).press(0, first, view)
    QTest.touchEvent(view, device).stationary(0).press(1, second, view)
    QTest.touchEvent(view, device).stationary(0).release(1, second, view)
    assert count(view) == 0
    QTest.touchEvent(view, device).release(0, first, view)
    assert count(view) == 1


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_keys_press_on_release(view: QQuickView, key: Qt.Key) -> None:
    button = view.rootObject().findChild(QQuickItem, "button")
    assert button is not None
    button.forceActiveFocus()
    QTest.keyPress(view, key)
    assert count(view) == 0
    QTest.keyRelease(view, key)
    assert count(view) == 1


def test_other_keys_do_nothing(view: QQuickView) -> None:
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_F4, Qt.Key.Key_A, Qt.Key.Key_Q):
        QTest.keyClick(view, key)
    assert count(view) == 0
