"""The catalogue's wired devices over pseudo-terminals: who is it, by its bytes; and from a byte to a reading."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from drivers.catalog import CATALOG, by_model
from drivers.device import Clock, Link
from drivers.dialogues.dialogue import End
from drivers.errors import LinkReason
from drivers.fakes.script import DeviceScript
from drivers.fakes.serial_device import SerialPlayer
from drivers.fakes.wired import VirtualHealthOMeter, VirtualNoninWired, VirtualRiceLake
from drivers.readings import Kind, QuantityName, Unit
from drivers.serial.finding import Finding, Verdict, identify, identify_all, opening_of, wired_ports
from drivers.serial.peripheral import wired_peripheral
from drivers.session import Collected, Limits, hold
from drivers.supported_device import Enrolment, Transport
from tests.drivers.hand_clock import OSLO_SUMMER
from tests.drivers.serial.cable import Cable, Player
from tests.drivers.serial.streams import (
    CONTEC_KEEP_ALIVE,
    CONTEC_START,
    HEALTH_O_METER_READING,
    RICE_LAKE_LINE,
    SELECT_DATA_FORMAT_8,
    WIRES,
    Wire,
    bci,
    contec9,
    data_format_8,
)
from tests.drivers.talking import MemoryJournal

NOW = datetime(2026, 7, 31, 9, 30, tzinfo=OSLO_SUMMER)
LISTEN_S = 0.25
SOON_S = 15.0


class QuickClock:
    """A :class:`drivers.device.Clock` on which a second is over in a twentieth of one: steadiness takes 0.4 s."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> datetime:
        return NOW + timedelta(seconds=20 * (time.monotonic() - self._began))


def port_name(wire: Wire) -> str:
    return f"usb-{wire.model.replace(' ', '_')}-if00-port0"


Play = Callable[[Wire], tuple[Cable, Player]]


@pytest.fixture
def play(folder: Path) -> Iterator[Play]:
    """Plugs in a cable with that device at its end."""
    cables: list[Cable] = []
    players: list[Player] = []

    def plugged(wire: Wire) -> tuple[Cable, Player]:
        cable = Cable(folder, port_name(wire))
        cable.plug_in()
        cables.append(cable)
        players.append(wire.play(cable))
        return cable, players[-1]

    yield plugged
    for player in players:
        player.stop()
    for cable in cables:
        cable.pull_out()


async def heard(folder: Path, listen_s: float = LISTEN_S) -> Finding:
    (port,) = wired_ports(folder)
    return await identify(port, CATALOG, NOW, listen_s=listen_s)


async def conversation(model: str, link: Link, name: str, clock: Clock, journal: MemoryJournal) -> Collected:
    entry = by_model(model)
    identity = wired_peripheral(entry, name, NOW).identity
    dialogue = entry.dialogue(Enrolment())
    async with asyncio.timeout(SOON_S):
        return await hold(dialogue, link, identity, clock, journal, show=lambda _: None, limits=Limits())


# -- who is it ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wire",
    [
        Wire("Nonin DF8", b"", data_format_8(97, 72), SELECT_DATA_FORMAT_8),
        Wire("Nonin DF8", b"\x48\x61", data_format_8(98, 57, smartpoint=False)),
        Wire("Nonin DF8", b"", bytes.fromhex("837F7F08"), SELECT_DATA_FORMAT_8),
        Wire("CMS50D", b"\x06\x48\x61", bci(97, 72)),
        Wire("CMS50D", b"", bci(127, 255, finger=False)),
        Wire("CMS50E", b"", contec9(97, 72), CONTEC_START),
        Wire("CMS50E", b"\xc1\xe1\xff\xff", contec9(99, 140)),
        Wire("Rice Lake 140", b"", RICE_LAKE_LINE),
        Wire("Rice Lake 140", b"", b"    159.6 lb Net  \r\n"),
        Wire("Health o meter", b"", HEALTH_O_METER_READING),
    ],
    ids=lambda wire: wire.model,
)
async def test_each_is_told_by_its_bytes(folder: Path, play: Play, wire: Wire) -> None:
    play(wire)
    finding = await heard(folder)
    assert finding.verdict is Verdict.RECOGNISED
    assert finding.device is by_model(wire.model)


async def test_five_cables_at_once_whatever_the_catalogue_s_order(folder: Path, play: Play) -> None:
    for wire in WIRES:
        play(wire if wire.rest else msgspec.structs.replace(wire, rest=wire.body))  # a scale says it once; here again
    shuffled = list(CATALOG)
    random.Random(4).shuffle(shuffled)
    findings = await identify_all(shuffled, NOW, folder=folder, listen_s=LISTEN_S)
    assert {finding.port.name: finding.device and finding.device.model for finding in findings} == {
        port_name(wire): wire.model for wire in WIRES
    }


async def test_a_scale_that_speaks_once_is_waited_for_when_only_scales_are_asked_for(
    folder: Path, cable: Cable
) -> None:
    scales = [by_model("Rice Lake 140"), by_model("Health o meter")]
    (port,) = wired_ports(folder)
    identifying = asyncio.create_task(identify(port, scales, NOW, listen_s=SOON_S))
    await asyncio.sleep(0.2)
    cable.says(RICE_LAKE_LINE)
    finding = await asyncio.wait_for(identifying, 2.0)
    assert finding.device is scales[0]


@pytest.mark.parametrize("seed", range(2))
async def test_noise_is_nobody(folder: Path, play: Play, seed: int) -> None:
    play(Wire("noise", random.Random(seed).randbytes(200_000), piece=40))
    assert (await heard(folder, 0.1)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "said",
    [
        b"$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,*76\r\n",
        b"AT\r\r\nOK\r\n",
        b"\x00",
        b"\xff",
        b"\x80",
        b"\x01",
        b"SPO2=097 HR=072\r\n",
    ],
)
async def test_other_things_that_speak_are_nobody(folder: Path, play: Play, said: bytes) -> None:
    play(Wire("other", b"", said, piece=16))
    assert (await heard(folder, 0.05)).verdict is Verdict.UNKNOWN


def test_nothing_but_harmless_openings_is_ever_written() -> None:
    openings = {device.model: opening_of(device, NOW) for device in CATALOG if device.transport is Transport.SERIAL}
    assert openings == {
        "Nonin DF8": (SELECT_DATA_FORMAT_8,),
        "CMS50D": (),
        "CMS50E": (CONTEC_START,),
        "Rice Lake 140": (),
        "Health o meter": (),
    }


# -- from a byte to a reading ------------------------------------------------------------------------------------------


async def test_each_device_gives_one_reading_from_its_wire(folder: Path, play: Play) -> None:
    clock = QuickClock()

    async def measured(wire: Wire) -> tuple[Collected, MemoryJournal, Player]:
        cable, player = play(wire)
        journal = MemoryJournal()
        device = wired_peripheral(by_model(wire.model), cable.path.name, NOW, folder=folder)
        link = await asyncio.wait_for(device.connect(), SOON_S)
        return await conversation(wire.model, link, cable.path.name, clock, journal), journal, player

    results = await asyncio.gather(*(measured(wire) for wire in WIRES))
    for wire, (collected, journal, _) in zip(WIRES, results, strict=True):
        assert (wire.model, collected.end, collected.lost) == (wire.model, End.COMPLETE, None)
        (reading,) = collected.kept
        assert [packet.data for packet in journal.packets] == [reading.value.raw]
        assert reading.device.address == port_name(wire)
        assert reading.value.final
        if reading.value.kind is Kind.PULSE_OXIMETRY:
            assert reading.value.value(QuantityName.SPO2) == 97
            assert reading.value.value(QuantityName.PULSE_RATE) == 72
        else:
            weight = reading.value.quantities[QuantityName.WEIGHT]
            assert (str(weight.value), weight.unit) in (("72.4", Unit.KILOGRAM), ("72.40", Unit.KILOGRAM))
    told = {wire.model: player.told for wire, (_, _, player) in zip(WIRES, results, strict=True)}
    assert told["CMS50E"].startswith(CONTEC_START)
    assert CONTEC_KEEP_ALIVE in told["CMS50E"]
    assert told["CMS50E"].replace(CONTEC_START, b"").replace(CONTEC_KEEP_ALIVE, b"") == b""
    assert told["Nonin DF8"].replace(SELECT_DATA_FORMAT_8, b"") == b""
    assert told["CMS50D"] == told["Rice Lake 140"] == told["Health o meter"] == b""


@pytest.mark.parametrize(
    ("make", "script", "name", "value"),
    [
        (VirtualRiceLake, DeviceScript(duration_s=0.1), QuantityName.WEIGHT, Decimal("72.4")),
        (VirtualHealthOMeter, DeviceScript(duration_s=0.1), QuantityName.WEIGHT, Decimal("72.4")),
        (VirtualNoninWired, DeviceScript(packets=("80486120" * 2,), duration_s=0.1), QuantityName.SPO2, Decimal(97)),
    ],
)
async def test_a_shipped_fake_on_a_cable_that_is_pulled_and_plugged_in_again(
    folder: Path, make: type[VirtualRiceLake], script: DeviceScript, name: QuantityName, value: Decimal
) -> None:
    fake = make(QuickClock(), script)
    player = SerialPlayer(fake, folder)
    entry = by_model(fake.model)
    journal = MemoryJournal()
    kept: list[Decimal | None] = []
    device = wired_peripheral(entry, player.path.name, NOW, folder=folder)
    for _ in range(2):
        connecting = asyncio.create_task(device.connect())
        player.plug_in()
        fake.expect()
        link = await asyncio.wait_for(connecting, SOON_S)
        held = asyncio.create_task(conversation(fake.model, link, player.path.name, QuickClock(), journal))
        async with asyncio.timeout(SOON_S):
            while sum(journal.times.values()) == len(kept):
                await asyncio.sleep(0.01)
        await player.unplug()
        collected = await held
        assert (collected.end, collected.lost) in (
            (End.COMPLETE, LinkReason.LINK_LOST),
            (End.LINK_LOST, LinkReason.LINK_LOST),
        )
        kept += [reading.value.value(name) for reading in collected.kept]
    assert kept == [value, value]


async def test_a_device_off_at_the_end_of_its_cable_is_no_conversation(folder: Path) -> None:
    cable = Cable(folder, "usb-Contec-if00-port0")
    cable.plug_in()
    entry = by_model("CMS50D")
    device = wired_peripheral(entry, cable.path.name, NOW, folder=folder)
    connecting = asyncio.create_task(device.connect())
    await asyncio.sleep(0.2)
    assert not connecting.done()
    cable.says(bci(97, 72))
    link = await asyncio.wait_for(connecting, SOON_S)
    await link.close()
    cable.pull_out()
