"""The virtual cuff keeps the real one's rules, and its script is read strictly and anew each time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from drivers.errors import LinkError, LinkReason
from drivers.fakes.cuff import VirtualCuff
from drivers.fakes.cuff_script import CuffFault, CuffScript, ScriptError, load_script
from drivers.fakes.encoding import date_time
from drivers.fakes.script import RecordFault
from drivers.fakes.virtual_time import VirtualClock
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT, DATE_TIME, INTERMEDIATE_CUFF_PRESSURE

pytestmark = pytest.mark.virtual_time

QUICK = CuffScript(inflation_s=0.0)


async def test_it_is_silent_until_it_is_used(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, CuffScript(inflation_s=30.0))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3600):
            await cuff.connect()
    begun = asyncio.get_running_loop().time()
    cuff.expect()
    await cuff.connect()
    assert asyncio.get_running_loop().time() - begun == pytest.approx(30.0)


async def test_used_before_anybody_listens_is_used(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, QUICK)
    cuff.expect()
    await asyncio.sleep(100)
    await cuff.connect()
    assert len(cuff.memory) == 1


async def test_a_listener_that_gives_up_does_not_lose_the_measurement(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, CuffScript(inflation_s=30.0))
    cuff.expect()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10):
            await cuff.connect()
    await cuff.connect()
    assert len(cuff.memory) == 1


async def test_what_it_still_has_it_shows_for_a_minute(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, QUICK)
    cuff.expect()
    await (await cuff.connect()).close()
    await (await cuff.connect()).close()
    assert len(cuff.memory) == 1
    await asyncio.sleep(61)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(600):
            await cuff.connect()
    cuff.show()
    await cuff.connect()


async def test_it_hangs_up_when_its_clock_is_not_written(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, QUICK)
    cuff.expect()
    link = await cuff.connect()
    packets = await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    assert [packet async for packet in packets] == []
    assert len(cuff.memory) == 1
    with pytest.raises(LinkError) as caught:
        await link.read(DATE_TIME)
    assert caught.value.reason is LinkReason.LINK_LOST


async def test_it_sends_oldest_first_and_forgets_only_what_is_confirmed(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, CuffScript(packets=("normal", "nan", "irregular"), inflation_s=0.0))
    cuff.expect()
    link = await cuff.connect()
    packets = await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    await link.write(DATE_TIME, date_time(virtual_clock.now()))
    left = [len(cuff.memory) async for _ in packets]
    assert left == [3, 2, 1]
    assert cuff.memory == []
    with pytest.raises(LinkError):
        await link.read(DATE_TIME)  # it has hung up
    await link.close()


async def test_it_tells_its_pressure_while_it_inflates(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, CuffScript(inflation_s=20.0, progress=True))
    cuff.expect()
    link = await cuff.connect()
    assert asyncio.get_running_loop().time() < 0.1
    records = await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    pressures = await link.subscribe(INTERMEDIATE_CUFF_PRESSURE)
    await link.write(DATE_TIME, date_time(virtual_clock.now()))
    await anext(records)
    assert asyncio.get_running_loop().time() == pytest.approx(20.0, abs=0.1)
    await link.close()
    levels = [packet[1] | packet[2] << 8 async for packet in pressures]
    assert levels == []  # what nobody took before the end is not kept for later
    cuff.expect()
    link = await cuff.connect()
    pressures = await link.subscribe(INTERMEDIATE_CUFF_PRESSURE)
    await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    await link.write(DATE_TIME, date_time(virtual_clock.now()))
    async with asyncio.timeout(19):
        levels = [(await anext(pressures))[1] for _ in range(70)]
    peak = levels.index(max(levels))
    assert levels[:peak] == sorted(levels[:peak])
    assert levels[peak:] == sorted(levels[peak:], reverse=True)
    await link.close()


async def test_a_cuff_without_progress_has_no_2a36(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, QUICK)
    cuff.expect()
    link = await cuff.connect()
    with pytest.raises(LinkError) as caught:
        await link.subscribe(INTERMEDIATE_CUFF_PRESSURE)
    assert caught.value.reason is LinkReason.PROTOCOL
    await link.close()


@pytest.mark.parametrize(
    ("fault", "reason"), [(CuffFault.REFUSES, LinkReason.REFUSED), (CuffFault.STALE_BOND, LinkReason.STALE_BOND)]
)
async def test_it_takes_no_connection(virtual_clock: VirtualClock, fault: CuffFault, reason: LinkReason) -> None:
    cuff = VirtualCuff(virtual_clock, CuffScript(inflation_s=0.0, fault=fault))
    cuff.expect()
    with pytest.raises(LinkError) as caught:
        await cuff.connect()
    assert caught.value.reason is reason
    with pytest.raises(TimeoutError):  # it has turned itself off
        async with asyncio.timeout(600):
            await cuff.connect()


async def test_only_what_the_real_one_has_can_be_read_and_written(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, QUICK)
    cuff.expect()
    link = await cuff.connect()
    month_13 = date_time(virtual_clock.now())[:2] + b"\x0d\x01\x00\x00\x00"
    attempts = (
        link.read(BLOOD_PRESSURE_MEASUREMENT),
        link.write(DATE_TIME, b"\x00"),
        link.write(DATE_TIME, month_13),
        link.write(BLOOD_PRESSURE_MEASUREMENT, bytes(7)),
        link.subscribe(DATE_TIME),
    )
    for attempt in attempts:
        with pytest.raises(LinkError) as caught:
            await attempt
        assert caught.value.reason is LinkReason.PROTOCOL
    await link.close()


async def test_the_script_is_read_again_at_every_measurement(virtual_clock: VirtualClock, tmp_path: Path) -> None:
    path = tmp_path / "cuff.json"
    path.write_text('{"packets": ["normal"], "inflation_s": 0}', encoding="utf-8")
    cuff = VirtualCuff(virtual_clock, path)
    cuff.expect()
    await cuff.connect()
    path.write_text('{"packets": ["nan", "irregular"], "inflation_s": 0}', encoding="utf-8")
    cuff.expect()
    await cuff.connect()
    assert [record[0] for record in cuff.memory] == [0x16, 0x16, 0x14]
    path.unlink()
    cuff.expect()
    with pytest.raises(LinkError, match=r"cuff\.json"):
        await cuff.connect()


async def test_the_script_can_say_that_somebody_used_it(virtual_clock: VirtualClock, tmp_path: Path) -> None:
    path = tmp_path / "cuff.toml"
    path.write_text("inflation_s = 0\nused = 3\n", encoding="utf-8")
    cuff = VirtualCuff(virtual_clock, path)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(60):
            await cuff.connect()
    path.write_text("inflation_s = 0\nused = 4\n", encoding="utf-8")
    await cuff.connect()
    assert len(cuff.memory) == 1


async def test_batteries_that_were_out_begin_its_clock_again(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, CuffScript(inflation_s=0.0, record_fault=RecordFault.CLOCK_RESET))
    cuff.expect()
    await cuff.connect()
    assert cuff.shows().year == 2000
    cuff.script = CuffScript(inflation_s=0.0, clock_error_s=-60.0)
    cuff.expect()
    await cuff.connect()
    assert virtual_clock.now().replace(tzinfo=None) - cuff.shows() == timedelta(minutes=1)


async def test_a_fault_that_its_format_cannot_express_is_refused(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, CuffScript(inflation_s=0.0, record_fault=RecordFault.CONTROL_SOLUTION))
    cuff.expect()
    with pytest.raises(LinkError, match="control-solution"):
        await cuff.connect()


async def test_a_fault_may_strike_only_at_first(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, CuffScript(inflation_s=0.0, fault=CuffFault.DROP_LINK, fault_times=1))
    cuff.expect()
    link = await cuff.connect()
    packets = await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    with pytest.raises(LinkError):
        await anext(packets)
    link = await cuff.connect()
    packets = await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    await link.write(DATE_TIME, date_time(virtual_clock.now()))
    assert len([packet async for packet in packets]) == 1
    await link.close()


def test_scripts_in_toml_and_json(tmp_path: Path) -> None:
    toml = tmp_path / "cuff.toml"
    toml.write_text('packets = ["normal", "1478 0050 005A00 4000 0000"]\nfault = "drop-link"\nfault_at = 1\n', "utf-8")
    assert load_script(toml).fault is CuffFault.DROP_LINK
    assert load_script(toml).fault_at == 1


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"packet": []}', '{"packets": ["zz"]}', '{"inflation_s": -1}', '{"fault": "sometimes"}']
)
def test_a_bad_script_is_refused_with_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cuff.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScriptError, match=r"cuff\.json"):
        load_script(path)
