"""Core's end of a button on a serial line: every press goes to the screen, and a button that has gone is said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from drivers.errors import LinkError
from drivers.serial.button import byte_presses, contact_presses
from drivers.serial.finding import SERIAL_BY_ID
from drivers.serial.port import HandshakeWire
from drivers.supported_device import SerialLine
from kiosk.controller import Controller
from kiosk.facts.faults import Fault
from kiosk.flow import events as on
from kiosk.settings import ButtonSettings

_log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
"""Before a port that is not there is looked for again."""


class ButtonEnd:
    """``pressed`` is called at every press. ``run`` until cancelled; without settings there is nothing to run."""

    def __init__(
        self,
        settings: ButtonSettings | None,
        controller: Controller,
        pressed: Callable[[], None],
        *,
        serial_ports: Path = SERIAL_BY_ID,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._settings = settings
        self._controller = controller
        self._pressed = pressed
        self._folder = serial_ports
        self._retry_seconds = retry_seconds
        self._faults: dict[Fault, bool] = {}

    async def run(self) -> None:
        """Listen, and wait for a button that has been pulled out."""
        settings = self._settings
        while settings is not None:
            try:
                async for _ in self._presses(settings):
                    self._pressed()
            except LinkError as error:
                # Not the port's name, which holds somebody's serial number.
                _log.warning("the button cannot be heard: %s", error.reason.value)
            self._fault(Fault.BUTTON_STUCK, False)
            self._fault(Fault.BUTTON_UNPLUGGED, True)
            await asyncio.sleep(self._retry_seconds)

    async def _presses(self, settings: ButtonSettings) -> AsyncIterator[float]:
        path = self._folder / settings.port
        if settings.kind == "byte":
            presses = byte_presses(path, SerialLine(settings.baud), settings.press, opened=self._opened)
        else:
            presses = contact_presses(path, HandshakeWire(settings.wire), self._stuck, opened=self._opened)
        async for press in presses:
            yield press

    def _opened(self) -> None:
        self._fault(Fault.BUTTON_UNPLUGGED, False)

    def _stuck(self, stuck: bool) -> None:
        self._fault(Fault.BUTTON_STUCK, stuck)

    def _fault(self, fault: Fault, raised: bool) -> None:
        if self._faults.get(fault, False) is not raised:
            self._faults[fault] = raised
            self._controller.handle(on.FaultRaised(fault) if raised else on.FaultCleared(fault))
