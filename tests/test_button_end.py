"""A button on a serial line, to the screen: over a real pseudo-terminal, and over wires that a test holds."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.errors import LinkError, LinkReason
from drivers.serial import button as serial_button
from drivers.serial.port import HandshakeWire
from drivers.supported_device import SerialLine
from kiosk.button_end import ButtonEnd
from kiosk.controller import Controller
from kiosk.facts.faults import Fault
from kiosk.facts.moment import Moment
from kiosk.flow.state import KioskState
from kiosk.flow.transitions import FlowSettings
from kiosk.measurements.wall_clock import WallClock
from kiosk.settings import ButtonSettings
from kiosk.timeline import Timeline
from tests.test_controller import FakeOutside, FakeSignalling


class Home:
    """A folder of ports, a controller, and how often the button has been pressed."""

    def __init__(self, folder: Path, settings: ButtonSettings) -> None:
        loop = asyncio.get_running_loop()
        self.controller = Controller(
            KioskState(),
            FlowSettings(8.0),
            "p-1",
            FakeSignalling(),
            FakeOutside(),
            lambda: Moment(WallClock().now(), loop.time()),
            Timeline(None),
        )
        self.presses = 0
        self.end = ButtonEnd(settings, self.controller, self._pressed, serial_ports=folder, retry_seconds=0.02)

    def _pressed(self) -> None:
        self.presses += 1

    def has(self, fault: Fault) -> bool:
        return fault in self.controller.state.faults


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def home(folder: Path, settings: ButtonSettings) -> AsyncIterator[Home]:
    found = Home(folder, settings)
    task = asyncio.create_task(found.end.run())
    try:
        yield found
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def plugged_in(path: Path) -> int:
    """A pseudo-terminal under this name; the end that the button has."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    path.unlink(missing_ok=True)
    path.symlink_to(os.ttyname(theirs))
    os.close(theirs)
    return ours


async def test_a_byte_is_a_press_and_a_pulled_plug_is_said(tmp_path: Path) -> None:
    async with home(tmp_path, ButtonSettings("usb-button", kind="byte", press=0x42)) as found:
        await until(lambda: found.has(Fault.BUTTON_UNPLUGGED))
        button = plugged_in(tmp_path / "usb-button")
        await until(lambda: not found.has(Fault.BUTTON_UNPLUGGED))
        os.write(button, b"\x41\x42\x42")
        await until(lambda: found.presses == 1)
        os.close(button)
        await until(lambda: found.has(Fault.BUTTON_UNPLUGGED))
        button = plugged_in(tmp_path / "usb-button")
        await until(lambda: not found.has(Fault.BUTTON_UNPLUGGED))
        os.write(button, b"\x42")
        await until(lambda: found.presses == 2)
        os.close(button)


async def test_a_port_without_such_wires_is_no_button(tmp_path: Path) -> None:
    button = plugged_in(tmp_path / "usb-button")
    async with home(tmp_path, ButtonSettings("usb-button")) as found:
        await until(lambda: found.has(Fault.BUTTON_UNPLUGGED))
        assert found.presses == 0
    os.close(button)


class Wires:
    """The handshake wires of a port, held by a test."""

    def __init__(self) -> None:
        self.up: set[HandshakeWire] = set()
        self.there = True
        self.closed = 0

    async def open(self, path: Path, line: SerialLine) -> Wires:
        if not self.there:
            raise LinkError(LinkReason.PORT_MISSING)
        return self

    def wire(self, wire: HandshakeWire) -> bool:
        if not self.there:
            raise LinkError(LinkReason.LINK_LOST)
        return wire in self.up

    def close(self) -> None:
        self.closed += 1


async def test_a_plain_button_on_a_handshake_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wires = Wires()
    monkeypatch.setattr(serial_button, "open_port", wires.open)
    monkeypatch.setattr("drivers.switch.contact.STUCK_S", 0.3)
    async with home(tmp_path, ButtonSettings("usb-adapter", wire="dsr")) as found:
        wires.up = {HandshakeWire.CTS}
        await asyncio.sleep(0.1)
        assert found.presses == 0, "another wire"
        wires.up = {HandshakeWire.DSR}
        await until(lambda: found.presses == 1)
        await until(lambda: found.has(Fault.BUTTON_STUCK))
        wires.up = set()
        await until(lambda: not found.has(Fault.BUTTON_STUCK))
        await asyncio.sleep(0.1)
        wires.up = {HandshakeWire.DSR}
        await until(lambda: found.presses == 2)
        wires.there = False
        await until(lambda: found.has(Fault.BUTTON_UNPLUGGED))
        assert wires.closed == 1
        wires.up, wires.there = {HandshakeWire.DSR}, True
        await until(lambda: not found.has(Fault.BUTTON_UNPLUGGED))
        await asyncio.sleep(0.1)
        assert found.presses == 2, "it was closed already when it came back"
    assert wires.closed == 2


async def test_without_settings_there_is_nothing_to_run(tmp_path: Path) -> None:
    found = Home(tmp_path, ButtonSettings("x"))
    await ButtonEnd(None, found.controller, lambda: None).run()
