"""The line between two namespaces, with real packets: its delay, loss and rate; nothing is left when the bench dies."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.callbench.line import CONDITIONS, Conditions, Outage
from kiosk.callbench.line_process import ADDRESSES
from kiosk.callbench.world import World, WorldError, world

ECHO = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7000))
print("ready", flush=True)
while True:
    data, who = s.recvfrom(2000)
    s.sendto(data, who)
"""
ASK = """
import json, socket, sys, time
address, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
every, patience = float(sys.argv[4]), float(sys.argv[5])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((address, 7000))
s.setblocking(False)
times, back, ends = {}, [], None
next_at, sent = time.monotonic(), 0
while len(back) < count and (ends is None or time.monotonic() < ends):
    now = time.monotonic()
    while sent < count and now >= next_at:
        times[sent] = time.monotonic()
        s.send(sent.to_bytes(4, "big") + bytes(size - 4))
        sent += 1
        next_at += every
        if sent == count:
            ends = now + patience
    try:
        data = s.recv(2000)
    except BlockingIOError:
        time.sleep(0.0005)
        continue
    back.append((int.from_bytes(data[:4], "big"), time.monotonic()))
print(json.dumps([[number, at - times[number], at] for number, at in back]))
"""


@pytest.fixture(autouse=True)
def possible() -> Iterator[None]:
    if os.geteuid() != 0 and not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        pytest.skip("no right to make a TUN device here")
    yield


async def _echo(
    line: World, count: int, size: int, every_s: float, patience_s: float = 2.0
) -> list[tuple[int, float, float]]:
    """(number, round trip in seconds, arrival) of the packets from a that came back from b."""
    program = sys.executable
    quiet = asyncio.subprocess.DEVNULL
    pipe = asyncio.subprocess.PIPE
    echo = await asyncio.create_subprocess_exec(*line.command("b", [program, "-c", ECHO]), stdin=quiet, stdout=pipe)
    try:
        assert echo.stdout is not None
        assert await echo.stdout.readline() == b"ready\n"
        words = [program, "-c", ASK, ADDRESSES["b"][0], str(count), str(size), str(every_s), str(patience_s)]
        ask = await asyncio.create_subprocess_exec(*line.command("a", words), stdin=quiet, stdout=pipe)
        out, _ = await ask.communicate()
        return [(number, trip, at) for number, trip, at in msgspec.json.decode(out)]
    finally:
        echo.kill()
        await echo.communicate()


async def test_a_clean_line_takes_forty_milliseconds_there_and_back() -> None:
    async with world(CONDITIONS["clean"]) as line:
        back = await _echo(line, 100, 200, 0.005)
        report = await line.counts()
    assert len(back) == 100
    trips = sorted(trip for _, trip, _ in back)
    assert trips[0] >= 0.04
    assert trips[50] < 0.06  # generous: other programs want the processor too
    assert report.a_to_b.sent == report.a_to_b.delivered == 100
    assert report.b_to_a.delivered_bytes == 100 * (200 + 28)  # UDP and IP headers count


async def test_packets_get_lost_each_way_and_alike_for_one_seed() -> None:
    arrived = []
    for _ in range(2):
        async with world(CONDITIONS["loss20"], CONDITIONS["clean"], seed=4) as line:
            arrived.append({number for number, _, _ in await _echo(line, 200, 60, 0.002, patience_s=0.5)})
            report = await line.counts()
        assert report.a_to_b.lost == 200 - len(arrived[-1])
        assert report.b_to_a.lost == 0
    assert arrived[0] == arrived[1]
    assert 20 <= 200 - len(arrived[0]) <= 60


async def test_a_slow_link_delivers_at_its_rate() -> None:
    async with world(CONDITIONS["rate300"], CONDITIONS["clean"]) as line:
        back = await _echo(line, 150, 1000, 0.01, patience_s=1.0)  # 800 kbit/s for 1.5 s
        report = await line.counts()
        later = await line.counts(since=report.at)
    rate = (len(back) - 1) * 8 * 1028 / (back[-1][2] - back[0][2])
    assert 200_000 < rate < 400_000
    assert 300 < report.a_to_b.queue_p95_ms <= 400
    assert report.a_to_b.queue_dropped > 20
    assert later.a_to_b.rate == ()


async def test_a_cut_line_another_address_and_a_pulled_cable() -> None:
    async with world(Conditions("cut", outages=(Outage(0.0, 3600.0),))) as line:
        assert await _echo(line, 3, 100, 0.01, patience_s=0.3) == []
        assert (await line.counts()).a_to_b.lost_in_outage == 3
        await line.change(CONDITIONS["clean"])
        assert len(await _echo(line, 3, 100, 0.01)) == 3
        assert await line.move("a", other=True) == "10.77.1.1"
        assert len(await _echo(line, 3, 100, 0.01)) == 3
        await line.plug("b", plugged=False)
        assert await _echo(line, 3, 100, 0.01, patience_s=0.3) == []
        assert (await line.counts()).b_to_a.delivered == 6
        await line.plug("b", plugged=True)
        assert len(await _echo(line, 3, 100, 0.01)) == 3


def _namespaces() -> set[str]:
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        for place in (process / "ns/net", *_open_files(process)):
            try:
                target = os.readlink(place)
            except OSError:
                continue
            if target.startswith("net:"):
                found.add(target)
    return found


def _open_files(process: Path) -> list[Path]:
    try:
        return list((process / "fd").iterdir())
    except OSError:
        return []


BENCH = """
import asyncio
from kiosk.callbench.line import CONDITIONS
from kiosk.callbench.world import world
async def main():
    async with world(CONDITIONS["clean"]) as line:
        print(line.process_id, flush=True)
        await asyncio.sleep(3600)
asyncio.run(main())
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
async def test_nothing_is_left_when_the_bench_ends(sign: signal.Signals) -> None:
    before = _namespaces()
    bench = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        BENCH,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert bench.stdout is not None
    process_id = int(await bench.stdout.readline())
    assert len(_namespaces() - before) >= 2
    bench.send_signal(sign)
    await bench.wait()
    async with asyncio.timeout(10):
        while Path(f"/proc/{process_id}/fd").exists() and _open_files(Path(f"/proc/{process_id}")):
            await asyncio.sleep(0.02)


async def test_conditions_can_be_changed_only_while_the_line_lives() -> None:
    async with world(CONDITIONS["clean"]) as line:
        os.kill(line.process_id, signal.SIGKILL)
        with pytest.raises(WorldError, match="does not answer"):
            await line.change(CONDITIONS["loss5"])


async def test_what_is_missing_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(WorldError, match="Install the package util-linux"):
        async with world(CONDITIONS["clean"]):
            pass
