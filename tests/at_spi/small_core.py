"""Core without devices and network: flow's real decisions between the real ui and the test."""

from __future__ import annotations

from kiosk.facts.moment import Moment
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.state import KioskState
from kiosk.flow.transitions import FlowSettings, step
from kiosk.ipc.ui_messages import Press, Pressed
from kiosk.presses import event_of
from tests.ui import states
from tests.ui.harness import RunningUi


class SmallCore:
    """Shows what flow decides; takes presses from the screen only. ``done`` keeps the effects."""

    def __init__(self, ui: RunningUi, state: KioskState) -> None:
        self.ui = ui
        self.state = state
        self.now = 100.0
        self.done: list[do.Effect] = []
        ui.show(state)

    def handle(self, event: on.Event) -> None:
        """Something happens outside the screen, or has been pressed."""
        self.now += 1
        self.state, effects = step(self.state, event, Moment(states.NOW, self.now), FlowSettings(8.0))
        self.done += effects
        self.ui.show(self.state)

    def take_press(self, press: Press) -> Pressed:
        """The next press that comes from the screen must be this one; it is followed."""
        pressed = self.ui.wait_for(Pressed)
        assert pressed.press is press
        assert pressed.revision == self.ui.revision
        event = event_of(pressed)
        assert event is not None
        self.handle(event)
        return pressed
