"""What the virtual devices insist on, as the real ones do: each would catch a conversation that does it wrongly."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import drivers.fakes
from drivers.catalog import CATALOG, by_model
from drivers.dialogues.dialogue import End
from drivers.dialogues.glucose_meter import GlucoseMeter
from drivers.errors import LinkError, LinkReason
from drivers.fakes.beurer_scale import CONSENT, USER_INDEX, VirtualBeurerScale
from drivers.fakes.cuff import VirtualCuff
from drivers.fakes.cuff_script import CuffScript
from drivers.fakes.encoding import current_time, u16
from drivers.fakes.glucose_meter import VirtualGlucoseMeter
from drivers.fakes.omron import VirtualOmronCuff
from drivers.fakes.peripheral import VirtualPeripheral
from drivers.fakes.script import DeviceScript, Fault, RecordFault, ScriptError, load
from drivers.fakes.virtual_time import VirtualClock
from drivers.fakes.wired import VirtualContecE
from drivers.gatt import (
    BLOOD_PRESSURE_MEASUREMENT,
    BODY_COMPOSITION_MEASUREMENT,
    CURRENT_TIME,
    GLUCOSE_CONTEXT,
    GLUCOSE_MEASUREMENT,
    RECORD_ACCESS,
    SERIAL_RECEIVE,
    SERIAL_SEND,
    USER_CONTROL_POINT,
    WEIGHT_MEASUREMENT,
)
from drivers.readings import Kind, QuantityName
from drivers.supported_device import Enrolment
from tests.drivers.talking import MemoryJournal, converse

pytestmark = pytest.mark.virtual_time

QUICK = DeviceScript(duration_s=0.0)


async def soon(packets: AsyncIterator[bytes], seconds: float = 1.0) -> bytes:
    async with asyncio.timeout(seconds):
        return await anext(packets)


async def test_an_omron_aborts_when_its_clock_is_written_unasked(virtual_clock: VirtualClock) -> None:
    cuff = VirtualOmronCuff(virtual_clock, QUICK)
    cuff.expect()
    link = await cuff.connect()
    records = await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    await link.subscribe(CURRENT_TIME)
    with pytest.raises(LinkError) as caught:
        await link.write(CURRENT_TIME, current_time(virtual_clock.now()))
    assert caught.value.reason is LinkReason.PROTOCOL
    assert [packet async for packet in records] == []
    assert (cuff.aborted, len(cuff.memory)) == (1, 1)
    await link.close()


async def test_an_omron_aborts_when_its_clock_is_written_twice(virtual_clock: VirtualClock) -> None:
    cuff = VirtualOmronCuff(virtual_clock, QUICK)
    cuff.expect()
    link = await cuff.connect()
    await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    times = await link.subscribe(CURRENT_TIME)
    await soon(times)
    await link.write(CURRENT_TIME, current_time(virtual_clock.now()))
    with pytest.raises(LinkError):
        await link.write(CURRENT_TIME, current_time(virtual_clock.now()))
    assert cuff.aborted == 1
    await link.close()


async def test_a_scale_with_users_gives_nothing_to_a_stranger(virtual_clock: VirtualClock) -> None:
    scale = VirtualBeurerScale(virtual_clock, QUICK)
    scale.expect()
    link = await scale.connect()
    weights = await link.subscribe(WEIGHT_MEASUREMENT)
    await link.subscribe(BODY_COMPOSITION_MEASUREMENT)
    answers = await link.subscribe(USER_CONTROL_POINT)
    await link.write(USER_CONTROL_POINT, bytes((2, USER_INDEX)) + u16(CONSENT + 1))
    assert await soon(answers) == bytes.fromhex("200205")
    with pytest.raises(TimeoutError):
        await soon(weights, 5)
    await link.write(USER_CONTROL_POINT, bytes((2, USER_INDEX)) + u16(CONSENT))
    assert await soon(answers) == bytes.fromhex("200201")
    await link.write(USER_CONTROL_POINT, b"\x03")
    assert scale.forbidden == [b"\x03"]
    await link.close()


@pytest.mark.parametrize("enrolment", [Enrolment(), Enrolment(user_index=1, consent=1)])
async def test_without_the_right_consent_the_end_is_refused(virtual_clock: VirtualClock, enrolment: Enrolment) -> None:
    scale = VirtualBeurerScale(virtual_clock, QUICK)
    scale.expect()
    held = await converse(scale, by_model("BF720").dialogue(enrolment), virtual_clock, MemoryJournal())
    assert (held.collected.end, held.collected.kept) == (End.REFUSED, ())


async def test_a_meter_notes_an_attempt_to_delete_and_does_not_do_it(virtual_clock: VirtualClock) -> None:
    meter = VirtualGlucoseMeter(virtual_clock, QUICK)
    meter.expect()
    link = await meter.connect()
    with pytest.raises(LinkError):
        await link.write(RECORD_ACCESS, b"\x04\x01")  # nobody would hear the answer
    answers = await link.subscribe(RECORD_ACCESS)
    await link.write(RECORD_ACCESS, b"\x02\x01")
    assert await soon(answers) == bytes.fromhex("06000202")
    assert meter.forbidden == [b"\x02\x01"]
    assert len(meter.memory) == 1
    await link.close()


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("0401", "05000300"),
        ("0403010300", "05000100"),
        ("0403020300", "06000405"),
        ("0402010300", "06000404"),
        ("0106", "06000101"),
        ("0103010900", "06000106"),
        ("0300", "06000301"),
    ],
)
async def test_a_meter_answers_as_record_access_says(virtual_clock: VirtualClock, asked: str, answer: str) -> None:
    meter = VirtualGlucoseMeter(virtual_clock, DeviceScript(packets=("normal", "mmol", "strip"), duration_s=0.0))
    meter.expect()
    link = await meter.connect()
    await link.subscribe(GLUCOSE_MEASUREMENT)
    await link.subscribe(GLUCOSE_CONTEXT)
    answers = await link.subscribe(RECORD_ACCESS)
    await link.write(RECORD_ACCESS, bytes.fromhex(asked))
    assert (await soon(answers)).hex() == answer
    await link.close()


async def test_only_what_is_new_is_asked_of_a_meter(virtual_clock: VirtualClock) -> None:
    names = ("normal", "mmol", "meal", "offset", "control", "high", "strip")
    meter = VirtualGlucoseMeter(virtual_clock, DeviceScript(packets=names, duration_s=0.0))
    journal = MemoryJournal()
    meter.expect()
    await converse(meter, GlucoseMeter(None), virtual_clock, journal)
    assert [one.value.sequence for one in journal.kept] == [1, 2, 3, 4, 5, 6, 7]
    meter.script = QUICK
    meter.expect()
    held = await converse(meter, GlucoseMeter(7), virtual_clock, journal)
    assert [one.value.sequence for one in held.collected.kept] == [8]
    assert held.collected.end is End.COMPLETE


async def test_a_contec_falls_silent_when_nobody_reminds_it(virtual_clock: VirtualClock) -> None:
    oximeter = VirtualContecE(virtual_clock, QUICK)
    oximeter.expect()
    link = await oximeter.connect()
    said = await link.subscribe(SERIAL_RECEIVE)
    await link.write(SERIAL_SEND, bytes.fromhex("7D81A1808080808080"))
    begun = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        while True:
            await soon(said)
    assert 5.0 <= asyncio.get_running_loop().time() - begun <= 7.0
    await link.close()


async def test_the_cuff_s_pressure_is_shown_and_never_kept(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, CuffScript(inflation_s=20.0, progress=True))
    journal = MemoryJournal()
    cuff.expect()
    held = await converse(cuff, by_model("UA-651BLE").dialogue(Enrolment()), virtual_clock, journal)
    assert held.collected.end is End.COMPLETE
    assert [one.value.kind for one in journal.kept] == [Kind.BLOOD_PRESSURE]
    pressures = [one.value(QuantityName.CUFF_PRESSURE) for one in held.shown]
    assert len(pressures) > 50
    assert max(one for one in pressures if one is not None) > 150


async def test_every_virtual_device_says_that_it_is_one(virtual_clock: VirtualClock) -> None:
    addresses = set()
    for entry in CATALOG:
        if entry.fake is not None:
            identity = entry.fake(virtual_clock, None).identity
            assert identity.fake
            assert identity.model == entry.model
            addresses.add(identity.address)
    assert len(addresses) == sum(entry.fake is not None for entry in CATALOG)


@pytest.mark.parametrize("model", [one.model for one in CATALOG if one.fake is not None])
async def test_a_script_file_works_for_each_and_nonsense_is_refused(
    virtual_clock: VirtualClock, tmp_path: Path, model: str
) -> None:
    path = tmp_path / "device.toml"
    path.write_text('packets = ["what"]\n', encoding="utf-8")
    fake = by_model(model).fake
    assert fake is not None
    device = fake(virtual_clock, path)
    assert isinstance(device, VirtualPeripheral)
    device.expect()
    with pytest.raises(LinkError) as caught:
        await device.connect()
    assert caught.value.reason is LinkReason.PROTOCOL
    path.write_text("clock_error_s = 5.0\n", encoding="utf-8")
    device.expect()
    await (await device.connect()).close()


def test_scripts_of_other_devices_are_as_strict(tmp_path: Path) -> None:
    path = tmp_path / "scale.toml"
    path.write_text('record_fault = "other-user"\nfault = "hangs"\nfault_at = 2\nduration_s = 1.5\n', encoding="utf-8")
    script = load(path, DeviceScript)
    assert (script.record_fault, script.fault, script.fault_at) == (RecordFault.OTHER_USER, Fault.HANGS, 2)
    for text in ("inflation_s = 1\n", "duration_s = -1\n", 'record_fault = "bad"\n'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ScriptError, match=r"scale\.toml"):
            load(path, DeviceScript)


def test_the_fakes_write_their_bytes_without_the_decoders() -> None:
    folder = Path(drivers.fakes.__path__[0])
    for source in folder.glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith(("drivers.decoders", "drivers.dialogues")), source.name
