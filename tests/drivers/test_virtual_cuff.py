"""The virtual cuff keeps the real one's rules, and its script is read strictly and anew each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.catalog import UA_651BLE, Advertisement, recognise
from drivers.errors import LinkError, LinkReason
from drivers.fakes import cuff as cuff_module
from drivers.fakes.cuff import VirtualCuff
from drivers.fakes.cuff_script import CuffFault, CuffScript, ScriptError, load_script
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT, BLOOD_PRESSURE_SERVICE, DATE_TIME
from tests.drivers.hand_clock import HandClock


async def test_it_hangs_up_when_its_clock_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuff_module, "CLOCK_GRACE_S", 0.05)
    cuff = VirtualCuff(HandClock(), CuffScript(inflation_s=0.0))
    link = await cuff.connect()
    packets = await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    assert [packet async for packet in packets] == []
    assert len(cuff.memory) == 1
    with pytest.raises(LinkError) as caught:
        await link.read(DATE_TIME)
    assert caught.value.reason is LinkReason.LINK_LOST


async def test_it_refuses() -> None:
    with pytest.raises(LinkError) as caught:
        await VirtualCuff(HandClock(), CuffScript(inflation_s=0.0, fault=CuffFault.REFUSES)).connect()
    assert caught.value.reason is LinkReason.REFUSED


async def test_only_what_the_real_one_has_can_be_read_and_written() -> None:
    link = await VirtualCuff(HandClock(), CuffScript(inflation_s=0.0)).connect()
    for attempt in (link.read(BLOOD_PRESSURE_MEASUREMENT), link.write(DATE_TIME, b"\x00")):
        with pytest.raises(LinkError) as caught:
            await attempt
        assert caught.value.reason is LinkReason.PROTOCOL


async def test_the_script_is_read_again_at_every_measurement(tmp_path: Path) -> None:
    path = tmp_path / "cuff.json"
    cuff = VirtualCuff(HandClock(), path)
    path.write_text('{"packets": ["normal"], "inflation_s": 0}', encoding="utf-8")
    await cuff.connect()
    path.write_text('{"packets": ["nan", "irregular"], "inflation_s": 0}', encoding="utf-8")
    await cuff.connect()
    assert [record[0] for record in cuff.memory] == [0x16, 0x16, 0x14]
    path.unlink()
    with pytest.raises(LinkError, match=r"cuff\.json"):
        await cuff.connect()


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


def test_the_catalogue_recognises_by_name_and_service() -> None:
    services = (BLOOD_PRESSURE_SERVICE,)
    assert recognise(Advertisement("A&D_UA-651BLE_1A2B3C", services)) is UA_651BLE
    assert recognise(Advertisement("A&D_UA-651BLE_1A2B3C\x00\x00", services)) is UA_651BLE
    assert recognise(Advertisement("A&D_UA-651BLE_1A2B3C", ())) is None
    assert recognise(Advertisement("BLESmart_0000011F", services)) is None
    assert recognise(Advertisement(None, services)) is None
