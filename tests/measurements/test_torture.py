"""The outbox under torture: whatever happens, what is on the server is what was captured, once, and in order.

Real processes are killed with SIGKILL at every step; files are cut; the disk is full; the clock jumps; the server loses
its answers. The cuff of these homes forgets a record when it is confirmed, as a real one does.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.device import Clock
from kiosk.measurements import retry
from kiosk.measurements.outbox import Counts, Outbox, OutboxError, OutboxReason, State
from kiosk.measurements.sealing import SealingKey
from kiosk.measurements.uploader import Uploader
from kiosk.measurements.wall_clock import WallClock
from tests.drivers.hand_clock import HandClock
from tests.measurements import victim
from tests.measurements.faulty_server import FaultyServer, Trick, lose_the_answer, status
from tests.measurements.samples import RECEIVED, WITHOUT_TIME, Heard, capture, reading, stamped, until
from tests.measurements.test_outbox_migration import database_1
from tests.measurements.victim import Cuff, Death

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.measurements.victim"])

SYSTOLIC = [110 + number for number in range(3)]


class Home:
    """A cuff with three records, an outbox, and what a care platform has of them."""

    def __init__(self, directory: Path, server: FaultyServer, values: list[int], *, timed: bool = True) -> None:
        self.database = directory / "outbox.sqlite"
        self.memory = directory / "cuff.txt"
        self.server = server
        self.values = values
        self.process: multiprocessing.process.BaseProcess | None = None
        self.lives = 0
        record = _record if timed else _record_without_time
        Cuff(self.memory).remember([record(value, number) for number, value in enumerate(values)])

    async def visit(self, death: Death | None = None) -> int | None:
        """One life of the kiosk; its exit code."""
        await self.begin(death)
        return await self.end()

    async def begin(self, death: Death | None = None) -> None:
        self.lives += 1
        arguments = (self.database, self.memory, self.server.base_url, death, self.lives)
        self.process = _PROCESSES.Process(target=victim.visit, args=arguments)
        await asyncio.to_thread(self.process.start)

    async def end(self) -> int | None:
        assert self.process is not None
        await asyncio.to_thread(self.process.join, 30)
        code = self.process.exitcode
        self.process.kill()
        self.process.join()
        self.process.close()
        self.process = None
        return code

    def steps(self) -> int:
        """How far it has come: records taken, and requests sent."""
        return len(self.values) - len(Cuff(self.memory).records()) + len(self.server.posts)

    def check(self) -> None:
        """Set on the server = set captured, no duplicates, order kept; and nothing is owed to anybody."""
        assert on_server(self.server) == self.values
        assert Cuff(self.memory).records() == []
        outbox = Outbox.open(self.database)
        assert outbox.journal.unsettled_sessions() == ()
        counts = outbox.counts()
        outbox.close()
        assert (counts.delivered, counts.waiting, counts.held) == (len(self.values), 0, 0)


def _record(value: int, number: int) -> bytes:
    return _with(value, stamped(RECEIVED.replace(tzinfo=None) - timedelta(minutes=5, seconds=-number)))


def _record_without_time(value: int, _: int) -> bytes:
    return _with(value, WITHOUT_TIME)


def _with(systolic: int, packet: bytes) -> bytes:
    return packet[:1] + bytes([systolic]) + packet[2:]


def on_server(server: FaultyServer) -> list[int]:
    """The systolic pressures, in the order in which the server got to know them."""
    found = [one for one in server.store.values() if one["resourceType"] == "Observation"]
    return [int(one["component"][0]["valueQuantity"]["value"]) for one in found]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FaultyServer]:
    one = FaultyServer()
    await one.start()
    yield one
    await one.stop()


# -- killed ------------------------------------------------------------------------------------------------------------

DEATHS = [
    *(Death(step, moment, 2) for step in ("record", "confirm", "keep", "mark") for moment in ("before", "after")),
    *(Death(step, "during", 2) for step in ("record", "keep", "mark")),
    *(Death("settle", moment) for moment in ("before", "during", "after")),
    *(Death("send", moment) for moment in ("before", "after")),
    Death("keep", "during", 1),
    Death("mark", "during", 4),
]
DEATHS_OF_OURS = [death for death in DEATHS if death.step not in ("record", "confirm")] + [Death("confirm", "after", 2)]


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: f"{death.moment} {death.step} {death.nth}")
async def test_kill_9_at_every_step(tmp_path: Path, server: FaultyServer, death: Death) -> None:
    home = Home(tmp_path, server, SYSTOLIC)
    assert await home.visit(death) == -signal.SIGKILL
    assert await home.visit() == 0
    home.check()


@pytest.mark.parametrize("death", DEATHS_OF_OURS, ids=lambda death: f"{death.moment} {death.step} {death.nth}")
async def test_kill_9_with_a_cuff_that_sends_no_time(tmp_path: Path, server: FaultyServer, death: Death) -> None:
    """Once confirmed it is ours alone; before, nobody can tell a repetition from another measurement."""
    home = Home(tmp_path, server, SYSTOLIC, timed=False)
    assert await home.visit(death) == -signal.SIGKILL
    assert await home.visit() == 0
    home.check()


async def test_kill_9_when_the_server_has_it_and_we_do_not_know(tmp_path: Path, server: FaultyServer) -> None:
    home = Home(tmp_path, server, SYSTOLIC)

    async def kill(_: FaultyServer, __: web.Request, resource: dict[str, Any]) -> None:
        server.commit(resource)
        assert home.process is not None and home.process.pid is not None
        os.kill(home.process.pid, signal.SIGKILL)

    for already_there in range(4):
        server.tricks = [None] * (1 if already_there else 0) + [kill]
        assert await home.visit() == -signal.SIGKILL
    assert await home.visit() == 0
    home.check()
    assert len(server.posts) > len(server.store)


async def test_kill_9_at_any_moment_again_and_again(tmp_path: Path, server: FaultyServer) -> None:
    chance = random.Random(20260731)
    home = Home(tmp_path, server, [100 + number for number in range(100)])
    killed = 0
    for steps in sorted(chance.sample(range(1, 200), 12)):
        await home.begin()
        assert home.process is not None
        while home.steps() < steps and home.process.is_alive():
            await asyncio.sleep(0.001)
        home.process.kill()
        killed += await home.end() == -signal.SIGKILL
    assert killed >= 5
    assert await home.visit() == 0
    home.check()


def test_what_was_said_to_be_kept_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    command = [sys.executable, "-m", "tests.measurements.victim", "flood", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as flood:
        assert flood.stdout is not None
        said = [flood.stdout.readline().strip() for _ in range(40)]
        flood.send_signal(signal.SIGKILL)
        said += [line.strip() for line in flood.stdout if line.endswith("\n")]
    assert flood.returncode == -signal.SIGKILL
    outbox = Outbox.open(path)
    kept = [entry.reading_id for entry in outbox.entries()]
    outbox.close()
    assert len(said) >= 40
    assert kept[: len(said)] == said
    assert len(kept) <= len(said) + 1


def test_kill_9_in_a_migration(tmp_path: Path) -> None:
    path = database_1(tmp_path / "outbox.sqlite", times=3)
    process = _PROCESSES.Process(target=victim.migrate, args=(path,))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    process.close()
    outbox = Outbox.open(path, SealingKey(bytes(32)))
    assert len(outbox.entries()) == 15
    outbox.close()


def test_two_at_once(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path)
    second = _PROCESSES.Process(target=victim.second, args=(path,))
    second.start()
    second.join(30)
    assert second.exitcode == victim.TURNED_AWAY
    second.close()
    assert outbox.keep(capture()).new
    outbox.close()


# -- torn files --------------------------------------------------------------------------------------------------------


def _written(directory: Path) -> tuple[Path, bytes, list[tuple[int, str]]]:
    """A database whose log was never folded in: the file, the log, and how long the log was when each was kept."""
    source = directory / "source.sqlite"
    outbox = Outbox.open(source, SealingKey(bytes(32)))
    log = directory / "source.sqlite-wal"
    kept: list[tuple[int, str]] = []
    for _ in range(4):
        reading_id = outbox.keep(capture(whole=True)).reading_id
        kept.append((log.stat().st_size, reading_id))
    copy = directory / "copy.sqlite"
    shutil.copy(source, copy)
    content = log.read_bytes()
    outbox.close()
    return copy, content, kept


def _opened_with(directory: Path, name: str, main: bytes, log: bytes | None) -> list[str] | OutboxReason:
    """What is found in such files: the readings whose payloads open, for keeping goes on; or why they are refused."""
    path = directory / f"{name}.sqlite"
    path.write_bytes(main)
    if log is not None:
        path.with_name(path.name + "-wal").write_bytes(log)
    try:
        outbox = Outbox.open(path, SealingKey(bytes(32)))
    except OutboxError as error:
        assert path.read_bytes() == main
        return error.reason
    waiting = [item.reading_id for item in outbox.waiting(None) if item.resource_type == "Observation"]
    entries = outbox.entries()
    assert waiting == [entry.reading_id for entry in entries if entry.state is State.WAITING]
    assert all(entry.reason == "seal broken" for entry in entries if entry.state is not State.WAITING)
    assert outbox.keep(capture()).new
    outbox.close()
    return waiting


def test_a_torn_log_keeps_all_that_was_committed_before_the_cut(tmp_path: Path) -> None:
    copy, log, kept = _written(tmp_path)
    main = copy.read_bytes()
    cuts = {0, 1, 31, 32, 33, len(log), *range(0, len(log), 2_500)}
    cuts |= {length + off for length, _ in kept for off in (-4096, -1, 0, 1) if length + off <= len(log)}
    for cut in sorted(cuts):
        found = _opened_with(tmp_path, f"cut-{cut}", main, log[:cut])
        assert found == [reading_id for length, reading_id in kept if length <= cut]


def test_a_garbled_log_keeps_all_that_was_committed_before_it(tmp_path: Path) -> None:
    copy, log, kept = _written(tmp_path)
    main = copy.read_bytes()
    chance = random.Random(20260731)
    for _ in range(25):
        place = chance.randrange(32, len(log))
        garbled = log[:place] + bytes([log[place] ^ chance.randrange(1, 256)]) + log[place + 1 :]
        found = _opened_with(tmp_path, f"garbled-{place}", main, garbled)
        assert isinstance(found, list)
        whole = [reading_id for length, reading_id in kept if length <= place]
        assert found[: len(whole)] == whole
        assert found == [reading_id for _, reading_id in kept][: len(found)]


def test_a_cut_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path, SealingKey(bytes(32)))
    order = [outbox.keep(capture(whole=True)).reading_id for _ in range(10)]
    outbox.close()
    main = path.read_bytes()
    for cut in (1, 50, 511, 512, 1000, 4095, 4096, 4097, len(main) // 2, len(main) - 4096):
        assert _opened_with(tmp_path, f"main-{cut}", main[:cut], None) is OutboxReason.DAMAGED, cut
    for cut in range(1, 4096, 512):
        # The last page is there in part: what was in it is seen to be damaged, by SQLite or by its seal.
        found = _opened_with(tmp_path, f"page-{cut}", main[:-cut], None)
        assert found is OutboxReason.DAMAGED or (isinstance(found, list) and set(found) < set(order)), cut


def test_a_log_whose_database_was_emptied_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "emptied.sqlite"
    log = path.with_name(path.name + "-wal")
    path.write_bytes(b"")
    log.write_bytes(b"the only copy of what was kept")
    with pytest.raises(OutboxError) as caught:
        Outbox.open(path)
    assert caught.value.reason is OutboxReason.DAMAGED
    assert log.read_bytes() == b"the only copy of what was kept"


# -- no room -----------------------------------------------------------------------------------------------------------


def test_a_full_disk(tmp_path: Path) -> None:
    """A real file system without room: a small one in memory, in a namespace of its own."""
    small = 'mount -t tmpfs -o size=1500k tmpfs "$1" && exec "$2" -m tests.measurements.victim fill "$1"'
    root = os.geteuid() == 0
    namespace = ["unshare", *(() if root else ("--user", "--map-root-user")), "--mount", "sh", "-c"]
    tried = subprocess.run([*namespace, 'mount -t tmpfs tmpfs "$1"', "sh", str(tmp_path)], capture_output=True)
    if tried.returncode:
        # No component that one could install: an ordinary user, or a root directory that is no mount, may not do it.
        pytest.skip("nothing can be mounted here; test_outbox.py has a limit on the size of files instead")
    command = [*namespace, small, "sh", str(tmp_path), sys.executable]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=50)
    saw = json.loads(done.stdout)
    assert saw["kept"] > 20
    assert saw == {
        "kept": saw["kept"],
        "reasons": ["full"],
        "nothing half kept": True,
        "kept when there was room": True,
        "waiting after opening again": saw["kept"] + 1,
    }


# -- time and the server -----------------------------------------------------------------------------------------------


async def _upload(outbox: Outbox, base_url: str, clock: Clock, done: Callable[[Heard], bool]) -> Heard:
    heard = Heard()
    uploader = asyncio.create_task(Uploader(outbox, base_url, heard, clock, chance=lambda: 0.0).run())
    try:
        await until(lambda: done(heard))
    finally:
        uploader.cancel()
        await asyncio.gather(uploader, return_exceptions=True)
    return heard


def _more_posts(server: FaultyServer) -> Callable[[Heard], bool]:
    enough = len(server.posts) + 3
    return lambda _: len(server.posts) >= enough


def _told_of(items: int) -> Callable[[Heard], bool]:
    return lambda heard: len(heard.arrived) + len(heard.refused) == items


def _keep_at(outbox: Outbox, clock: Clock, value: int) -> None:
    outbox.keep(capture(reading(_with(value, WITHOUT_TIME), received=clock.now()), whole=True))


async def test_thirty_days_without_a_network(
    tmp_path: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "SHORTEST_DELAY_S", 0.01)
    clock = HandClock()
    outbox = Outbox.open(tmp_path / "outbox.sqlite")
    values: list[int] = []
    server.always = status(503)
    for day in range(30):
        for _ in range(4):
            values.append(100 + len(values))
            _keep_at(outbox, clock, values[-1])
            clock.move(hours=6)
        outbox.expire(clock.now())
        if day % 10 == 5:  # now and then the kiosk is restarted, and tries in vain
            await _upload(outbox, server.base_url, clock, _more_posts(server))
            outbox.close()
            outbox = Outbox.open(tmp_path / "outbox.sqlite")
    assert server.store == {}
    assert outbox.counts() == Counts(waiting=120)
    server.always = None
    await _upload(outbox, server.base_url, clock, _told_of(len(outbox.items())))
    assert on_server(server) == values
    assert outbox.expire(clock.now() + timedelta(days=31)) == 241  # 120 readings, their Observations, one Device
    assert outbox.counts() == Counts(delivered=120)
    outbox.close()


@pytest.mark.parametrize("jump", [365, -365], ids=["a year ahead", "a year back"])
async def test_the_clock_jumps(
    outbox: Outbox, server: FaultyServer, monkeypatch: pytest.MonkeyPatch, jump: int
) -> None:
    monkeypatch.setattr(retry, "SHORTEST_DELAY_S", 0.05)
    clock = HandClock()
    for value in (110, 111):
        _keep_at(outbox, clock, value)
    server.always = status(503)
    await _upload(outbox, server.base_url, clock, _more_posts(server))
    clock.move(days=jump)
    _keep_at(outbox, clock, 112)
    assert outbox.expire(clock.now()) == 0
    server.always = None
    server.tricks = [status(500), status(503)]
    await _upload(outbox, server.base_url, clock, lambda _: outbox.counts().waiting == 0)
    assert on_server(server) == [110, 111, 112]
    clock.move(days=-jump)
    outbox.expire(clock.now())
    assert outbox.keep(capture()).new
    clock.move(days=31)
    outbox.expire(clock.now())
    assert outbox._database.read("SELECT DISTINCT sealed IS NULL FROM reading WHERE state = 'delivered'") == [(1,)]
    assert outbox.counts() == Counts(waiting=1, delivered=3)


TRICKS: dict[str, Trick | None] = {
    "takes it": None,
    "loses the answer": lose_the_answer,
    "500": status(500),
    "503": status(503),
    "429": status(429, Retry_After="0"),
    "408": status(408),
    "401": status(401),
    "403": status(403),
    "200 of a hotel": status(200, b"<html>"),
    "400": status(400),
    "412": status(412),
    "422": status(422),
}


@settings(max_examples=25, deadline=None)
@given(names=st.lists(st.sampled_from(sorted(TRICKS)), max_size=14), readings=st.integers(1, 5))
def test_set_on_the_server_is_set_captured(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], readings: int
) -> None:
    """Whatever the server does, in whatever order: each reading is there once, or is held and seen to be."""
    asyncio.run(_against(tmp_path_factory.mktemp("server"), names, readings))


async def _against(directory: Path, names: list[str], readings: int) -> None:
    server = FaultyServer()
    await server.start()
    server.tricks = [TRICKS[name] for name in names]
    outbox = Outbox.open(directory / "outbox.sqlite")
    clock = WallClock()
    values = [110 + number for number in range(readings)]
    for value in values:
        _keep_at(outbox, clock, value)
    shortest, retry.SHORTEST_DELAY_S = retry.SHORTEST_DELAY_S, 0.005
    try:
        heard = await _upload(outbox, server.base_url, clock, _told_of(len(outbox.items())))
    finally:
        retry.SHORTEST_DELAY_S = shortest
        await server.stop()
    items = outbox.items()
    states = {entry.reading_id: entry.state for entry in outbox.entries()}
    outbox.close()
    held = {item.identifier for item in items if item.state is State.HELD}
    assert len(held) == sum(name in ("400", "412", "422") for name in names[: len(server.posts)])
    delivered = [item.identifier for item in items if item.state is State.DELIVERED]
    assert set(delivered) | held == {item.identifier for item in items}
    assert set(delivered) <= set(server.store) <= set(delivered) | held
    assert sorted(name for name, _ in heard.arrived) == sorted(delivered)
    assert set(heard.refused) == held
    assert [values[place] for place, state in enumerate(states.values()) if state is State.DELIVERED] == [
        value for value in sorted(on_server(server)) if value not in _of(held, server)
    ]
    if names.count("500") < retry.OVERTAKEN_AFTER:
        assert on_server(server) == sorted(on_server(server))


def _of(held: set[str], server: FaultyServer) -> set[int]:
    """What is there although we were told otherwise: its answer was lost, and the next one was a refusal."""
    found = [server.store[name] for name in held if name in server.store]
    return {int(one["component"][0]["valueQuantity"]["value"]) for one in found if one["resourceType"] == "Observation"}
