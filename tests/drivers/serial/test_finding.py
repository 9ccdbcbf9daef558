"""Finding wired devices: stable names, and bytes before names."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from drivers.errors import LinkReason
from drivers.serial.finding import Verdict, WiredPort, identify, identify_all, opening_of, wired_ports
from drivers.serial.port import SerialPort
from drivers.supported_device import SerialLine, SupportedDevice
from tests.drivers.hand_clock import OSLO_SUMMER
from tests.drivers.serial.cable import NAME, Cable, Player
from tests.drivers.serial.pretended import entry

NOW = datetime(2026, 7, 31, 9, 30, tzinfo=OSLO_SUMMER)
SLOW, MIDDLE, FAST = SerialLine(9600), SerialLine(19200, "O"), SerialLine(115200)
LISTENER = entry("listener", SLOW, b"aa")
WOKEN = entry("woken", SLOW, b"bb", b"wake", b"up")
OTHER = entry("other", MIDDLE, b"cc")
QUICK = entry("quick", FAST, b"dd", b"start")
EVERY = (LISTENER, WOKEN, OTHER, QUICK)
LISTEN_S = 0.15


@pytest.fixture
def players() -> Iterator[list[Player]]:
    playing: list[Player] = []
    yield playing
    for player in playing:
        player.stop()


def only_port(folder: Path) -> WiredPort:
    (port,) = wired_ports(folder)
    return port


def test_ports_are_listed_by_name_with_what_they_point_to(folder: Path) -> None:
    second, first = Cable(folder, "usb-b-if00"), Cable(folder, "usb-a-if00")
    second.plug_in()
    first.plug_in()
    (folder / "usb-c-if00").symlink_to(folder / "nowhere")
    (folder / "not-a-link").write_bytes(b"")
    assert wired_ports(folder) == (
        WiredPort("usb-a-if00", first.path, first.path.resolve()),
        WiredPort("usb-b-if00", second.path, second.path.resolve()),
    )
    first.pull_out()
    second.pull_out()
    assert wired_ports(folder) == ()


def test_without_any_cable_there_is_no_folder(tmp_path: Path) -> None:
    assert wired_ports(tmp_path / "by-id") == ()


def test_the_opening_is_what_the_dialogue_writes_unasked() -> None:
    assert [opening_of(device, NOW) for device in EVERY] == [(), (b"wake", b"up"), (), (b"start",)]


@pytest.mark.parametrize(
    "order", list(itertools.permutations(EVERY))[::5], ids=lambda order: "-".join(d.model for d in order)
)
async def test_one_that_speaks_is_recognised_in_whatever_order(
    folder: Path, cable: Cable, players: list[Player], order: tuple[SupportedDevice, ...]
) -> None:
    players.append(Player(cable, lambda _: b"cc", 0.005))
    finding = await identify(only_port(folder), order, NOW, listen_s=LISTEN_S)
    assert (finding.verdict, finding.device) == (Verdict.RECOGNISED, OTHER)


async def test_one_that_must_be_woken_is_woken_only_after_listening(
    folder: Path, cable: Cable, players: list[Player]
) -> None:
    players.append(Player(cable, lambda _: b"bb", 0.005, opening=b"wakeup"))
    finding = await identify(only_port(folder), EVERY, NOW, listen_s=LISTEN_S)
    assert (finding.verdict, finding.device, finding.score) == (Verdict.RECOGNISED, WOKEN, 1.0)
    assert players[0].told == b"wakeup"


async def test_to_one_that_speaks_nothing_is_written(folder: Path, cable: Cable, players: list[Player]) -> None:
    players.append(Player(cable, lambda _: b"aa", 0.005))
    finding = await identify(only_port(folder), EVERY, NOW, listen_s=LISTEN_S)
    assert finding.device is LISTENER
    assert players[0].told == b""


async def test_silence_is_bounded_and_said(folder: Path, cable: Cable) -> None:
    began = time.monotonic()
    finding = await identify(only_port(folder), EVERY, NOW, listen_s=LISTEN_S)
    assert (finding.verdict, finding.device, finding.heard) == (Verdict.SILENT, None, 0)
    assert time.monotonic() - began < 5 * LISTEN_S + 1.5


async def test_noise_is_nobody(folder: Path, cable: Cable, players: list[Player]) -> None:
    noise = random.Random(8)
    players.append(Player(cable, lambda _: noise.randbytes(40), 0.005))
    finding = await identify(only_port(folder), [entry("one", SLOW, b"a sign that is long")], NOW, listen_s=LISTEN_S)
    assert (finding.verdict, finding.device) == (Verdict.UNKNOWN, None)
    assert finding.heard > 0


async def test_what_speaks_like_two_is_neither(folder: Path, cable: Cable, players: list[Player]) -> None:
    players.append(Player(cable, lambda _: b"aa", 0.005))
    twins = (LISTENER, entry("twin", SLOW, b"aa"))
    finding = await identify(only_port(folder), twins, NOW, listen_s=LISTEN_S)
    assert (finding.verdict, finding.device) == (Verdict.AMBIGUOUS, None)


async def test_the_surer_one_wins(folder: Path, cable: Cable, players: list[Player]) -> None:
    players.append(Player(cable, lambda _: b"aa", 0.005))
    both = (entry("half", SLOW, b"aa", score=0.8), LISTENER)
    finding = await identify(only_port(folder), both, NOW, listen_s=LISTEN_S)
    assert finding.device is LISTENER


async def test_a_weak_likeness_is_not_believed(folder: Path, cable: Cable, players: list[Player]) -> None:
    players.append(Player(cable, lambda _: b"aa", 0.005))
    finding = await identify(only_port(folder), [entry("weak", SLOW, b"aa", score=0.6)], NOW, listen_s=LISTEN_S)
    assert finding.verdict is Verdict.UNKNOWN


async def test_a_port_in_use_and_a_pulled_cable_are_trouble(folder: Path, cable: Cable) -> None:
    somebody = SerialPort.open(cable.path, SLOW)
    finding = await identify(only_port(folder), EVERY, NOW, listen_s=LISTEN_S)
    assert (finding.verdict, finding.trouble) == (Verdict.TROUBLE, LinkReason.PORT_IN_USE)
    somebody.close()
    port = only_port(folder)
    cable.pull_out()
    finding = await identify(port, EVERY, NOW, listen_s=LISTEN_S)
    assert (finding.verdict, finding.trouble) == (Verdict.TROUBLE, LinkReason.PORT_MISSING)


async def test_the_port_is_free_again_afterwards(folder: Path, cable: Cable) -> None:
    await identify(only_port(folder), EVERY, NOW, listen_s=0.01)
    SerialPort.open(cable.path, SLOW).close()


async def test_all_cables_at_once(folder: Path, cable: Cable, players: list[Player]) -> None:
    second = Cable(folder, "usb-second-if00")
    second.plug_in()
    players += [Player(cable, lambda _: b"aa", 0.005), Player(second, lambda _: b"dd", 0.005, opening=b"start")]
    findings = await identify_all(EVERY, NOW, folder=folder, listen_s=LISTEN_S)
    assert [(finding.port.name, finding.device) for finding in findings] == [
        (NAME, LISTENER),
        ("usb-second-if00", QUICK),
    ]
    players.pop().stop()
    second.pull_out()


async def test_without_candidates_nothing_is_opened(folder: Path, cable: Cable) -> None:
    somebody = SerialPort.open(cable.path, SLOW)
    assert (await identify(only_port(folder), (), NOW)).verdict is Verdict.SILENT
    somebody.close()
