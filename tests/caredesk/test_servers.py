"""The whole care desk with its real servers: what a kiosk is given, and that nothing is left running."""

from __future__ import annotations

import os
import socket
import stat
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest

from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.servers import DEVICE, PATIENT, CareDesk, CareDeskError, Ports
from kiosk.facts.caller import CallerClass
from kiosk.settings import PlannedVisit, load_settings
from tests.caredesk.care_platform import blood_pressure

pytestmark = pytest.mark.timeout(120)


def children() -> set[int]:
    """Processes that this one has started and that still run (their own children are theirs to end)."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == os.getpid() and fields[0] != "Z":
                found.add(int(entry.name))
    return found


async def test_a_kiosk_gets_all_it_needs(tmp_path: Path) -> None:
    before = children()
    visit = PlannedVisit(datetime.fromisoformat("2026-11-21T12:00:00+01:00"), "Kari Nordmann", "sykepleier")
    options = KioskOptions(ring_seconds=5.0, fullscreen=False, next_visit=visit)
    async with CareDesk(tmp_path / "desk", kiosk=options) as desk:
        settings = load_settings(desk.settings_file)
        assert settings.sip.servers == (desk.kamailio.wss_address,)
        assert settings.sip.servers[0].startswith("wss://127.0.0.1:")
        assert stat.S_IMODE(settings.sip.password_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(settings.runtime_directory.stat().st_mode) == 0o700
        assert len(settings.sip.password_file.read_text().strip()) >= 24
        assert settings.sip.certificate_authority is not None and settings.sip.certificate_authority.is_file()
        assert not settings.sip.allow_md5
        assert (settings.fhir.patient, settings.fhir.device) == (PATIENT, DEVICE)
        assert (settings.media.camera, settings.media.sound_device) == ("generated", "pulse")
        assert [(one.model, one.source, one.script) for one in settings.devices] == [
            ("UA-651BLE", "fake", desk.cuff_script)
        ]
        assert desk.cuff_script.is_file()
        assert (settings.call.ring_seconds, settings.screen.fullscreen, settings.next_visit) == (5.0, False, visit)
        assert settings.contacts[0].uri == "sip:kari@svar.example"
        assert settings.contacts[0].name == "Kari Nordmann"
        assert {contact.caller_class for contact in settings.contacts} == {CallerClass.CARE}
        assert "ukjent" not in " ".join(contact.uri for contact in settings.contacts)
        assert desk.kiosk_environment()["PULSE_SINK"] != desk.nurse_environment()["PULSE_SINK"]

        async with aiohttp.ClientSession() as client:
            async with client.get(f"{desk.address}fhir/Device/{DEVICE}") as answer:
                device = await answer.json(content_type=None)
            assert device["patient"] == {"reference": f"Patient/{PATIENT}"}
            async with client.get(f"{desk.address}config.json?caller=ukjent") as answer:
                assert (await answer.json())["callee"] == settings.sip.address
        assert len(children() - before) >= 3
    assert children() == before


async def test_the_page_shows_the_readings_of_the_real_server(tmp_path: Path) -> None:
    async with CareDesk(tmp_path / "desk", virtual_sound=False) as desk, ChromiumNurse() as nurse:
        for identity, systolic, day in (("older", 118, "20"), ("newer", 125, "21")):
            reading = blood_pressure(identity, systolic, 80, 64, f"2026-11-{day}T10:15:00+01:00")
            await desk.fhir.put({**reading, "subject": {"reference": f"Patient/{PATIENT}"}})
        other = blood_pressure("other", 199, 99, 99, "2026-11-21T11:00:00+01:00")
        await desk.fhir.put({**other, "subject": {"reference": "Patient/someone-else"}})
        await nurse.start(desk.address)
        await nurse.page.wait_for_function("() => document.querySelectorAll('#readings tr').length > 0")
        rows = (await nurse.text("readings")).splitlines()
        assert ["125/80" in rows[0], "118/80" in rows[1], len(rows)] == [True, True, 2]


async def test_what_was_started_is_ended_when_a_part_fails(tmp_path: Path) -> None:
    before = children()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        desk = CareDesk(tmp_path / "desk", ports=Ports(desk=port))
        with pytest.raises(CareDeskError, match=f"Port {port}"):
            await desk.start()
    assert children() == before
    with pytest.raises(RuntimeError):
        _ = desk.address


@pytest.mark.parametrize("virtual_sound", [True, False])
async def test_a_missing_program_names_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, virtual_sound: bool
) -> None:
    before = children()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("kiosk.caredesk.kamailio.shutil.which", lambda program, path=None: None)
    desk = CareDesk(tmp_path / "desk", virtual_sound=virtual_sound)
    package = "pulseaudio" if virtual_sound else "kamailio-websocket-modules"
    with pytest.raises(CareDeskError, match=f"[Ii]nstall .*{package}"):
        await desk.start()
    assert children() == before
