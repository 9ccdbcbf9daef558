"""Processes to be killed. No test itself: ``python -m tests.measurements.victim WHAT DATABASE [BASE_URL]``.

measure: keeps one reading of a virtual cuff, prints its identity, then waits for ever (nothing is sent)
flood:   keeps readings as fast as it can, and prints each identity when the outbox says that it is kept
send:    sends what waits, then ends
fill:    keeps readings on a disk of its own until that is full, makes room, goes on; prints what it saw (JSON)

``visit`` is an evening in a home; test_torture.py starts it in a process of its own and lets the power go.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from drivers.device import RawPacket
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT
from kiosk.measurements import retry
from kiosk.measurements.capture import Sender, capture_of
from kiosk.measurements.fhir import DeskWording
from kiosk.measurements.gate import Ownership
from kiosk.measurements.outbox import Kept, Outbox, OutboxError, OutboxReason
from kiosk.measurements.sealing import SealingKey
from kiosk.measurements.uploader import Uploader
from kiosk.measurements.wall_clock import WallClock
from tests.measurements.samples import CUFF, RECEIVED, Heard, capture, reading, stamped, until

_SENDER = Sender("kiosk-1", DeskWording(sentences={}, kinds={}, not_measured="", faults={}))
FAKE_CUFF = msgspec.structs.replace(CUFF, fake=True)


async def measure(database: Path) -> None:
    outbox = Outbox.open(database)
    one = reading(stamped(RECEIVED.replace(tzinfo=None)), device=FAKE_CUFF)
    _say(outbox.keep(capture(one)).reading_id)
    await asyncio.Event().wait()


async def flood(database: Path) -> None:
    outbox = Outbox.open(database)
    while True:
        _say(outbox.keep(capture()).reading_id)


async def send(database: Path, base_url: str) -> None:
    outbox = Outbox.open(database)
    await _send_all(outbox, base_url)
    outbox.close()


def fill(directory: Path) -> dict[str, object]:
    """``directory`` is the root of a small file system."""
    ballast = directory / "ballast"
    ballast.write_bytes(bytes(200_000))
    outbox = Outbox.open(directory / "outbox.sqlite")
    kept: list[str] = []
    reasons: list[OutboxReason] = []
    while len(reasons) < 5 and len(kept) < 2000:
        try:
            kept.append(outbox.keep(capture()).reading_id)
        except OutboxError as error:
            reasons.append(error.reason)
    there = [entry.reading_id for entry in outbox.entries()]
    ballast.unlink()
    after = outbox.keep(capture()).new
    outbox.close()
    outbox = Outbox.open(directory / "outbox.sqlite")
    waiting = len(outbox.waiting(None, limit=5000))
    outbox.close()
    return {
        "kept": len(kept),
        "reasons": sorted({reason.value for reason in reasons}),
        "nothing half kept": there == kept,
        "kept when there was room": after,
        "waiting after opening again": waiting,
    }


async def _send_all(outbox: Outbox, base_url: str) -> None:
    uploader = asyncio.create_task(Uploader(outbox, base_url, Heard(), WallClock(), chance=lambda: 0.0).run())
    await until(lambda: not outbox.waiting(None), limit_s=40)
    uploader.cancel()
    await asyncio.gather(uploader, return_exceptions=True)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


# -- a home, of which the power may go at any moment -----------------------------------------------------------------


class Cuff:
    """A cuff with a memory, in a file: it forgets a record when it is confirmed, and not before."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def remember(self, records: list[bytes]) -> None:
        part = self._path.with_suffix(".part")
        part.write_text("\n".join(record.hex() for record in records), encoding="ascii")
        part.replace(self._path)

    def records(self) -> list[bytes]:
        return [bytes.fromhex(line) for line in self._path.read_text(encoding="ascii").split()]

    def confirm(self) -> None:
        self.remember(self.records()[1:])


class Death(msgspec.Struct, frozen=True):
    """When the power goes: at the ``nth`` time of ``step``, ``before`` it, during (at its commit) or ``after`` it."""

    step: str
    moment: str
    nth: int = 1


class _Power:
    def __init__(self, death: Death | None, outbox: Outbox) -> None:
        self._death = death
        self._times: dict[str, int] = {}
        self._connection = outbox._database._connection

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self._times[name] = self._times.get(name, 0) + 1
        ends = self._death is not None and (self._death.step, self._death.nth) == (name, self._times[name])
        moment = self._death.moment if ends and self._death is not None else None
        if moment == "before":
            _die()
        if moment == "during":
            self._connection.set_trace_callback(lambda sql: _die() if sql.startswith("COMMIT") else None)
        yield
        if moment is not None:
            _die()


class _Marking(Outbox):
    """The outbox of an uploader of which the power goes while it writes down what the server said."""

    power: _Power

    def mark_delivered(self, identifier: str, server_id: str, at: datetime) -> None:
        with self.power.step("mark"):
            super().mark_delivered(identifier, server_id, at)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


TURNED_AWAY = 23


def second(database: Path) -> None:
    """Try to open what another process has open."""
    try:
        Outbox.open(database)
    except OutboxError as error:
        sys.exit(TURNED_AWAY if error.reason is OutboxReason.IN_USE else 1)


class DyingKey(SealingKey):
    """The power goes while something is sealed for the ``left``-th time."""

    left = 7

    def seal(self, data: bytes, *bound_to: str) -> bytes:
        self.left -= 1
        if self.left == 0:
            _die()
        return super().seal(data, *bound_to)


def migrate(database: Path) -> None:
    """Die in the midst of a migration."""
    Outbox.open(database, DyingKey(bytes(32)))


def visit(database: Path, memory: Path, base_url: str, death: Death | None, life: int) -> None:
    """Play what was cut short, take what the cuff remembers, send all; or die on the way. Each ``life`` is later."""
    retry.SHORTEST_DELAY_S = 0.01
    outbox = _Marking.open(database)
    outbox.power = power = _Power(death, outbox)
    cuff = Cuff(memory)
    for cut_short in outbox.journal.unsettled_sessions():
        for packet in cut_short.packets:
            _keep(outbox, packet, power)
        outbox.journal.settle(cut_short.session)
    session, now = os.urandom(16).hex(), RECEIVED + timedelta(seconds=life)
    while records := cuff.records():
        packet = RawPacket(CUFF, session, BLOOD_PRESSURE_MEASUREMENT, records[0], now)
        with power.step("record"):
            outbox.journal.record(packet)
        with power.step("confirm"):
            cuff.confirm()
        _keep(outbox, packet, power)
    with power.step("settle"):
        outbox.journal.settle(session)
    with power.step("send"):
        asyncio.run(_send_all(outbox, base_url))
    outbox.close()


def _keep(outbox: Outbox, packet: RawPacket, power: _Power) -> Kept:
    one = reading(packet.data, received=packet.received)
    with power.step("keep"):
        return outbox.keep(capture_of(one, Ownership("p17"), _SENDER, information=None).capture)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measure", database]:
            asyncio.run(measure(Path(database)))
        case ["flood", database]:
            asyncio.run(flood(Path(database)))
        case ["send", database, base_url]:
            asyncio.run(send(Path(database), base_url))
        case ["fill", directory]:
            _say(msgspec.json.encode(fill(Path(directory))).decode())
        case _:
            sys.exit(__doc__)
