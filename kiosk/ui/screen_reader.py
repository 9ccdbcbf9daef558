"""Screen readers: whether one speaks in this session, and what it is told unasked. What that says is pure elsewhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import SLOT, QObject, Signal, Slot
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher, QDBusVariant
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from kiosk.ui.announcements import announcement
from kiosk.ui.presentation import Screen

_log = logging.getLogger(__name__)

_SERVICE = "org.a11y.Bus"
_PATH = "/org/a11y/bus"
_STATUS = "org.a11y.Status"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_RUNNING = "ScreenReaderEnabled"
_PATIENCE_MS = 5000


def has_session_bus(environment: Mapping[str, str]) -> bool:
    """Whether there is a session bus to ask; without one the library would try to start one."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    return bool(environment.get("DBUS_SESSION_BUS_ADDRESS")) or (
        runtime is not None and (Path(runtime) / "bus").exists()
    )


class ScreenReaderWatch(QObject):
    """Emits ``changed(running)`` once it is known whether a screen reader runs, and at every change.

    The session says so by org.a11y.Status.ScreenReaderEnabled, which the desktop, or Orca's start, sets. Without a bus
    nothing is ever emitted.
    """

    changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: bool | None = None
        self._asked: QDBusPendingCallWatcher | None = None

    def start(self) -> None:
        """Ask, and listen from now on; never waits."""
        if not has_session_bus(os.environ):
            return
        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            _log.info("no session bus: %s", bus.lastError().message())
            return
        slot = SLOT("_status_changed(QDBusMessage)")
        if not bus.connect(_SERVICE, _PATH, _PROPERTIES, "PropertiesChanged", self, slot):  # type: ignore[call-overload]
            _log.warning("cannot listen for a screen reader")
        self._ask()

    @Slot(QDBusMessage)
    def _status_changed(self, message: QDBusMessage) -> None:
        if message.arguments()[:1] == [_STATUS]:
            self._ask()

    def _ask(self) -> None:
        question = QDBusMessage.createMethodCall(_SERVICE, _PATH, _PROPERTIES, "Get")
        question.setArguments([_STATUS, _RUNNING])
        # A later question replaces an earlier one.
        self._asked = QDBusPendingCallWatcher(QDBusConnection.sessionBus().asyncCall(question, _PATIENCE_MS), self)
        self._asked.finished.connect(self._answered)

    def _answered(self, watcher: QDBusPendingCallWatcher) -> None:
        watcher.deleteLater()
        if watcher is not self._asked:
            return
        self._asked = None
        reply = watcher.reply()
        if reply.type() is not QDBusMessage.MessageType.ReplyMessage:
            _log.info("no word about a screen reader: %s", reply.errorName())
            return
        value = reply.arguments()[0]
        running = bool(value.variant() if isinstance(value, QDBusVariant) else value)
        if running != self._running:
            self._running = running
            self.changed.emit(running)


class Announcer(QObject):
    """Tells screen readers of every change of the screen, on behalf of ``of`` (the window)."""

    announced = Signal(object)

    def __init__(self, of: QObject) -> None:
        super().__init__(of)
        self._of = of

    def turned(self, before: Screen, after: Screen, readings_aloud: bool) -> None:
        """The screen has become another."""
        said = announcement(before, after, readings_aloud=readings_aloud)
        if said is None:
            return
        self.announced.emit(said)
        if not QAccessible.isActive():
            return
        politeness = QAccessible.AnnouncementPoliteness
        event = QAccessibleAnnouncementEvent(self._of, said.text)
        event.setPoliteness(politeness.Assertive if said.urgent else politeness.Polite)
        QAccessible.updateAccessibility(event)
