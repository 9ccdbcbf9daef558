"""Which wired devices are there: ports by their stable names, and what speaks on each, told by its bytes alone.

    /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0 -> ../../ttyUSB0

The name says which adapter it is, never which device hangs on it: FTDI 0403:6001 is any cable (devices.md, trap 12).
"""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from drivers.dialogues.dialogue import Action, Subscribe, Subscribed, Write, Written
from drivers.errors import LinkError, LinkReason
from drivers.gatt import SERIAL_RECEIVE, SERIAL_SEND
from drivers.serial.link import SerialLink, open_port
from drivers.supported_device import Enrolment, SerialLine, SupportedDevice, Transport

SERIAL_BY_ID: Final = Path("/dev/serial/by-id")
"""Where udev keeps the stable names. Two cables of one make without serial numbers share a name: then use by-path."""

BELIEVED: Final = 0.7
"""Below this a score is not believed: a single short frame (0.6) may be an accident of noise, two are not."""

SURE: Final = 1.0
"""Then nothing more need be heard. Less is judged when the time is over: noise may begin well."""

_ENOUGH_BYTES: Final = 4096
_OPENING_STEPS: Final = 8


class WiredPort(msgspec.Struct, frozen=True):
    """``name``: stable, holds the adapter's serial number. ``path``: the link by that name. ``tty``: its target."""

    name: str
    path: Path
    tty: Path


class Verdict(enum.Enum):
    """What listening to a port has shown."""

    RECOGNISED = "recognised"
    SILENT = "silent"  # nothing came: switched off, or it only speaks when somebody measures
    UNKNOWN = "unknown"  # something speaks that no device of ours does
    AMBIGUOUS = "ambiguous"  # two devices of ours speak so
    TROUBLE = "trouble"  # the port could not be opened or went away


class Finding(msgspec.Struct, frozen=True):
    """``device`` and its ``score`` only when RECOGNISED; ``trouble`` only when TROUBLE; ``heard``: bytes in all."""

    port: WiredPort
    verdict: Verdict
    device: SupportedDevice | None = None
    score: float = 0.0
    heard: int = 0
    trouble: LinkReason | None = None


def wired_ports(folder: Path = SERIAL_BY_ID) -> tuple[WiredPort, ...]:
    """The ports that are plugged in, by name. A link that points nowhere is none, a missing folder is empty: udev
    removes it with the last cable."""
    try:
        paths = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return ()
    return tuple(WiredPort(path.name, path, path.resolve()) for path in paths if path.is_symlink() and path.exists())


def opening_of(device: SupportedDevice, now: datetime) -> tuple[bytes, ...]:
    """What the device's own dialogue writes before it has heard anything; empty when it only listens."""
    dialogue = device.dialogue(Enrolment())
    actions: deque[Action] = deque(dialogue.start(now))
    writes: list[bytes] = []
    for _ in range(_OPENING_STEPS):
        if not actions:
            break
        action = actions.popleft()
        if isinstance(action, Subscribe):
            actions.extend(dialogue.received(Subscribed(action.characteristic), now))
        elif isinstance(action, Write) and action.characteristic == SERIAL_SEND:
            writes.append(action.data)
            actions.extend(dialogue.received(Written(action.characteristic), now))
    return tuple(writes)


async def identify(
    port: WiredPort, candidates: Sequence[SupportedDevice], now: datetime, *, listen_s: float = 2.5
) -> Finding:
    """Which of the candidates speaks on the port; their order makes no difference.

    First only listens, at each line setting in turn; then says each opening, as the device's dialogue would, and
    listens again. A candidate is judged only by what came at its own setting. Takes at most ``listen_s`` for each
    setting and each opening (the default lets a device that speaks once a second be heard twice), and writes nothing
    but openings. A scale speaks only when somebody steps on it: ask for scales alone, which share a setting, and listen
    for long.
    """
    wired = [device for device in candidates if device.transport is Transport.SERIAL and device.probe is not None]
    attempts = _attempts(wired, now)
    if not attempts:
        return Finding(port, Verdict.SILENT)
    heard = 0
    try:
        opened = await open_port(port.path, attempts[0].line)
        link = SerialLink(opened)
        try:
            chunks = await link.subscribe(SERIAL_RECEIVE)
            for attempt in attempts:
                asked = [device for device in wired if device.line == attempt.line]
                await asyncio.to_thread(opened.set_line, attempt.line)
                link.discard()
                said = await _listen(link, chunks, attempt.opening, asked, listen_s)
                heard += len(said)
                score, best = _best(asked, said)
                if len(best) == 1:
                    return Finding(port, Verdict.RECOGNISED, best[0], score, heard)
                if best:
                    return Finding(port, Verdict.AMBIGUOUS, heard=heard)
        finally:
            await link.close()
    except LinkError as error:
        return Finding(port, Verdict.TROUBLE, heard=heard, trouble=error.reason)
    return Finding(port, Verdict.UNKNOWN if heard else Verdict.SILENT, heard=heard)


async def identify_all(
    candidates: Sequence[SupportedDevice], now: datetime, *, folder: Path = SERIAL_BY_ID, listen_s: float = 2.5
) -> tuple[Finding, ...]:
    """:func:`identify` for every port that is plugged in, all at once, in the order of their names."""
    ports = wired_ports(folder)
    return tuple(await asyncio.gather(*(identify(port, candidates, now, listen_s=listen_s) for port in ports)))


class _Attempt(msgspec.Struct, frozen=True):
    line: SerialLine
    opening: tuple[bytes, ...] = ()


def _attempts(wired: Sequence[SupportedDevice], now: datetime) -> list[_Attempt]:
    """Each line setting without a word, then each opening; in an order of their own, not the catalogue's."""
    silent = {_Attempt(device.line) for device in wired if device.line is not None}
    spoken = {_Attempt(device.line, opening_of(device, now)) for device in wired if device.line is not None} - silent
    return [
        attempt
        for kind in (silent, spoken)
        for attempt in sorted(kind, key=lambda each: (each.line.baud, each.line.parity, each.opening))
    ]


async def _listen(
    link: SerialLink,
    chunks: AsyncIterator[bytes],
    opening: Sequence[bytes],
    asked: Sequence[SupportedDevice],
    listen_s: float,
) -> bytes:
    """What comes until one of those asked is sure, or enough has come, or the time is over."""
    said = b""
    try:
        async with asyncio.timeout(listen_s):
            for data in opening:
                await link.write(SERIAL_SEND, data)
            while len(said) < _ENOUGH_BYTES and _best(asked, said)[0] < SURE:
                said += await anext(chunks)
    except TimeoutError:
        pass
    return said


def _best(asked: Sequence[SupportedDevice], said: bytes) -> tuple[float, list[SupportedDevice]]:
    """The best score that is believed, and who has it."""
    scores = [(device.probe(said), device) for device in asked if device.probe is not None]
    best = max((score for score, _ in scores), default=0.0)
    return (best, [device for score, device in scores if score == best]) if best >= BELIEVED else (0.0, [])
