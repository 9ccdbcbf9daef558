"""Servers that are down, devices that are not there, processes that die: a clear state, never a lost reading."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.caredesk.demo import Stage, on_stage
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.scripted import ANSWER, HEIGHT, WIDTH, Visit, read_observations
from kiosk.caredesk.timeline_reader import Entry, TimelineReader

pytestmark = pytest.mark.timeout(180)


@asynccontextmanager
async def visiting(tmp_path: Path, options: KioskOptions | None = None, *, start: bool = True) -> AsyncIterator[Visit]:
    """A stage with its nurse at the page; the kiosk is started and registered unless ``start`` is False."""
    timeline_file = tmp_path / "timeline.jsonl"
    chosen = msgspec.structs.replace(
        options or KioskOptions(), timeline_file=timeline_file, width=WIDTH, height=HEIGHT, ended_card_seconds=1.0
    )
    nurse = ChromiumNurse()
    async with on_stage(chosen, virtual_screen=True) as stage:
        visit = Visit(stage, nurse, TimelineReader(timeline_file), tmp_path)
        try:
            if start:
                await stage.start_kiosk(tmp_path / "kiosk.log")
                await registered(visit, 0.0)
                await visit.timeline.wait("media-ready", after=0.0, limit=30)
                await nurse.start(stage.desk.address, stage.desk.nurse_environment())
            yield visit
        finally:
            await nurse.stop()


async def registered(visit: Visit, after: float) -> None:
    await visit.timeline.wait(
        "registration", after=after, limit=40, where=lambda details: details["state"] == "registered"
    )


async def fault(visit: Visit, name: str, raised: bool, after: float = 0.0) -> Entry:
    return await visit.timeline.wait(
        "faults", after=after, limit=40, where=lambda details: (name in details["faults"].split()) is raised
    )


def cuff(stage: Stage, script: str) -> None:
    stage.desk.cuff_script.write_text(script)


async def test_the_sip_server_is_down_at_start_and_comes_later(tmp_path: Path) -> None:
    async with visiting(tmp_path, start=False) as visit:
        await visit.stage.desk.kamailio.stop()
        await visit.stage.start_kiosk(tmp_path / "kiosk.log")
        await visit.timeline.wait("painted", after=0.0, limit=30)
        await fault(visit, "call-server-unreachable", True)
        await asyncio.sleep(0.5)
        await visit.photograph("call server down")
        back = time.monotonic()
        await visit.stage.desk.kamailio.start()
        await registered(visit, back)
        await fault(visit, "call-server-unreachable", False, back)


async def test_no_value_then_the_platform_down_then_core_killed_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visit:
        stage, nurse, timeline = visit.stage, visit.nurse, visit.timeline
        cuff(stage, 'packets = ["nan"]\ninflation_s = 0.2\n')
        await visit.talk()
        await nurse.ask_blood_pressure()
        await nurse.wait_task("failed", 20)
        await asyncio.sleep(0.3)
        await visit.photograph("no value")

        cuff(stage, 'packets = ["normal"]\ninflation_s = 0.2\n')
        address = stage.desk.fhir.base_url
        await stage.desk.fhir.stop()
        asked = time.monotonic()
        await nurse.ask_blood_pressure()
        await nurse.wait_task("in-progress", 20, business_status="saved")
        await timeline.wait("reading-kept", after=asked, limit=10)
        await fault(visit, "care-platform-unreachable", True, asked)
        assert timeline.all("reading-delivered") == []
        await visit.photograph("platform down")

        assert stage.kiosk is not None
        os.killpg(stage.kiosk.pid, signal.SIGKILL)
        await stage.kiosk.wait()
        await stage.desk.fhir.start()
        assert await read_observations(address) == []
        again = time.monotonic()
        await stage.start_kiosk(tmp_path / "kiosk.log")
        await timeline.wait("reading-delivered", after=again, limit=60)
        observations = await read_observations(address)
        assert len(observations) == 1
        assert observations[0]["component"][0]["valueQuantity"]["value"] == 125


async def test_media_is_killed_while_it_rings_and_the_answer_is_pressed_before_it_is_back(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visit:
        began = await visit.ring()
        started = [one for one in visit.timeline.all("child-started") if one.details["name"] == "media"]
        os.kill(int(started[-1].details["pid"]), signal.SIGKILL)
        await visit.press(ANSWER, "answer")
        await visit.nurse.wait_state("talking", 15)
        await visit.timeline.wait("remote-frame-painted", after=began, limit=15)
        assert visit.timeline.phase() == "talking"
        await visit.nurse.hang_up()
        await visit.timeline.wait_phase("ended", after=began, limit=10)


async def test_no_camera_is_said_and_the_call_goes_on_without_it(tmp_path: Path) -> None:
    async with visiting(tmp_path, KioskOptions(camera=str(tmp_path / "no-such-camera"))) as visit:
        await fault(visit, "no-camera", True)
        await visit.photograph("no camera")
        await visit.talk()
        await visit.photograph("talk without a camera")
        await visit.nurse.hang_up()
        await visit.timeline.wait_phase("ended", after=0.0, limit=10)


async def test_no_sound_card_is_said_and_180_is_not_sent(tmp_path: Path) -> None:
    async with visiting(tmp_path, KioskOptions(sound_device="no such card")) as visit:
        await fault(visit, "no-sound", True)
        await visit.photograph("no sound card")
        await visit.nurse.ring()
        await visit.timeline.wait_phase("ringing", after=0.0, limit=10)
        await asyncio.sleep(1.5)
        assert visit.timeline.all("ringing-sent") == []
        assert (await visit.nurse.state()).state == "calling"
        await visit.nurse.hang_up()
        await visit.timeline.wait_phase("ended", after=0.0, limit=10)


async def kiosk_command(*arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "kiosk",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode()


async def test_an_unusable_settings_file_ends_with_its_line_and_key(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('data_directory = "/tmp/x"\nruntime_directory = 7\n')
    status, output = await kiosk_command("run", "--settings", str(file))
    assert status == 2
    assert "line 2: runtime_directory" in output
    assert "Traceback" not in output
    status, output = await kiosk_command("doctor", "--settings", str(file), "--json")
    assert status == 1
    assert "line 2: runtime_directory" in msgspec.json.decode(output)["findings"][0]["wrong"]


async def test_what_only_a_part_can_judge_is_a_sentence_too(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    text = (
        f'data_directory = "{tmp_path}/data"\nruntime_directory = "{tmp_path}/run"\n'
        '[sip]\nservers = ["wss://localhost:1/"]\naddress = "no SIP address"\nusername = "u"\n'
        f'password_file = "{tmp_path}/password"\ninstance_id = "urn:uuid:6f1c2b60-0f6e-4a3e-9d1a-2f7a6c1d0b17"\n'
        '[fhir]\nbase_url = "http://localhost:1/"\npatient = "p"\ndevice = "d"\n'
    )
    file = tmp_path / "settings.toml"
    file.write_text(text)
    status, output = await kiosk_command("run", "--settings", str(file))
    assert (status, "Traceback" in output, str(file) in output) == (2, False, True), output


async def test_the_doctor_finds_what_works_and_what_does_not(tmp_path: Path) -> None:
    async with visiting(tmp_path, start=False) as visit:
        stage = visit.stage
        await stage.desk.fhir.stop()
        with stage.desk.settings_file.open("a", encoding="utf-8") as file:
            file.write('\n[media.outputs]\nheadset = "pulse"\nloop = "pulled out"\n')
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kiosk",
            "doctor",
            "--settings",
            str(stage.desk.settings_file),
            "--json",
            env=stage.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 90)
        findings = {one["part"]: one for one in msgspec.json.decode(output)["findings"]}
        wrong = [name for name, one in findings.items() if not one["ok"]]
        assert wrong == ["loop", "care platform"]
        assert findings["headset"]["detail"] == "pulse"
        assert findings["care platform"]["action"]
        assert {"settings", "storage", "media", "camera", "sound", "voice", "screen"} < findings.keys()
        assert process.returncode == 1
