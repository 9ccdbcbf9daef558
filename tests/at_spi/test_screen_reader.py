"""A screen reader runs: the ui learns it from the session and core's own voice is silent (EN 301 549 11.6.2)."""

from __future__ import annotations

import os

from kiosk.flow.state import KioskState
from kiosk.ipc.ui_messages import ScreenReader
from tests.at_spi.session import Session
from tests.ui.harness import RunningUi


def test_core_hears_when_a_screen_reader_comes_and_goes(ui: RunningUi, session: Session) -> None:
    assert ui.wait_for(ScreenReader) == ScreenReader(False)
    session.set_screen_reader(True)
    assert ui.wait_for(ScreenReader) == ScreenReader(True)
    session.set_screen_reader(False)
    assert ui.wait_for(ScreenReader) == ScreenReader(False)


def test_it_is_known_from_the_start(session: Session) -> None:
    session.set_screen_reader(True)
    try:
        ui = RunningUi(session.display, environment=session.environment)
        assert ui.wait_for(ScreenReader) == ScreenReader(True)
        ui.end()
    finally:
        session.set_screen_reader(False)


def test_without_a_session_bus_nothing_is_said(session: Session) -> None:
    lonely = {**session.environment, "XDG_RUNTIME_DIR": os.devnull, "DBUS_SESSION_BUS_ADDRESS": ""}
    ui = RunningUi(session.display, environment=lonely)
    ui.show(KioskState())
    assert ui.read(1.0) is None
    assert not any(isinstance(message, ScreenReader) for message in ui.seen)
    ui.end()
