"""A button on a serial port: opens the port, and tells of every press until the line is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from drivers.errors import LinkError, LinkReason
from drivers.gatt import SERIAL_RECEIVE
from drivers.serial.link import SerialLink, open_port
from drivers.serial.port import HandshakeWire, SerialPort
from drivers.supported_device import SerialLine
from drivers.switch.byte_button import ByteButton
from drivers.switch.contact import Contact

LOOK_S: Final = 0.01
"""How often a contact is looked at; the shortest presses last 50 ms."""


async def contact_presses(
    path: Path,
    wire: HandshakeWire,
    stuck: Callable[[bool], None],
    *,
    opened: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[float]:
    """The time of every press of a plain button on a handshake wire. Raises LinkError: of opening, or LINK_LOST.

    ``opened`` is told when the port is ours; ``stuck`` when the button has been closed for longer than anybody presses,
    and when it opens again.
    """
    port: SerialPort = await open_port(path, SerialLine(9600))
    try:
        contact = Contact(port.wire(wire), clock())
        opened()
        was_stuck = False
        while True:
            await asyncio.sleep(LOOK_S)
            now = clock()
            if contact.take(port.wire(wire), now):
                yield now
            if contact.stuck(now) is not was_stuck:
                was_stuck = not was_stuck
                stuck(was_stuck)
    finally:
        port.close()


async def byte_presses(
    path: Path,
    line: SerialLine,
    press: int,
    *,
    opened: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[float]:
    """The time of every press of a button that sends a byte. Raises LinkError: of opening, or LINK_LOST.

    ``opened`` is told when the port is ours.
    """
    button = ByteButton(press)
    link = SerialLink(await open_port(path, line))
    try:
        opened()
        async for chunk in await link.subscribe(SERIAL_RECEIVE):
            now = clock()
            if button.take(chunk, now):
                yield now
    finally:
        await link.close()
    raise LinkError(LinkReason.LINK_LOST, "closed")
