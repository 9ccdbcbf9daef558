"""In place of the ui process: keeps the state that core shows, and presses what a test wants pressed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from kiosk.controller import Controller
from kiosk.ends import Rings
from kiosk.flow.state import KioskState
from kiosk.ipc.ui_messages import Choice, Pressed
from kiosk.settings import ScreenSettings
from kiosk.timeline import Timeline


class UnseenScreen:
    """Has what a UiEnd has. ``state`` is what would be drawn."""

    def __init__(self, settings: ScreenSettings, timeline: Timeline) -> None:
        self.state = KioskState()
        self._revision = 0
        self._controller: Controller | None = None

    def attach(self, controller: Controller) -> None:
        self._controller = controller
        controller.show_again()

    async def run(self) -> None:
        await asyncio.Event().wait()

    def show(self, revision: int, state: KioskState) -> None:
        self._revision, self.state = revision, state
        if self._controller is not None:
            # Not at once: the controller is in the middle of a step.
            asyncio.get_running_loop().call_soon(self._controller.painted, revision)

    def wake(self) -> None:
        return

    def press_button(self) -> None:
        return

    def take_rings(self, rings: Rings) -> None:
        return

    def press(self, choice: Choice) -> None:
        """As somebody would who sees what is shown now."""
        if self._controller is None:
            raise RuntimeError("no controller yet")
        self._controller.pressed(
            Pressed(
                choice.press,
                self._revision,
                kind=choice.kind,
                span=choice.span,
                reading_id=choice.reading_id,
                writing=choice.writing,
                text=choice.text,
            )
        )

    async def until(self, condition: Callable[[KioskState], bool], limit_s: float = 15.0) -> float:
        """Seconds until the state is like that."""
        began = time.monotonic()
        async with asyncio.timeout(limit_s):
            while not condition(self.state):
                await asyncio.sleep(0.005)
        return time.monotonic() - began
