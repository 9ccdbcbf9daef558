"""A bug of one PySide6 release, PySide6 6.12.0 on Python 3.11, that ends the interpreter after some thousand calls."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot


def test_void_calls_leave_the_reference_count_of_none_alone(qtbot: QtBot) -> None:
    item = QObject()
    before = sys.getrefcount(None)
    for _ in range(1000):
        item.killTimer(item.startTimer(60_000))
    assert abs(sys.getrefcount(None) - before) < 200
