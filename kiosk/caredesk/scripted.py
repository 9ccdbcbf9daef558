"""The whole visit, unattended: a real press on the real button, headless Chromium as the nurse, everything measured.

What is missing at the end is a failure: the report says so and the caller exits with 1.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from kiosk.caredesk.chromium_nurse import ChromiumError, ChromiumNurse
from kiosk.caredesk.demo import KIOSK_TONE_HZ, DemoError, Stage, next_visit, on_stage
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.listening import pulsed_tone_levels
from kiosk.caredesk.screen import Onlooker, ScreenError
from kiosk.caredesk.scripted_report import Report, judge
from kiosk.caredesk.servers import PATIENT
from kiosk.caredesk.sound_card import KIOSK_LOUDSPEAKER, NURSE_LOUDSPEAKER, RATE_HZ, SoundCardError
from kiosk.caredesk.timeline_reader import Entry, TimelineReader
from kiosk.facts.clock_strip import read_clock

_log = logging.getLogger(__name__)

WIDTH, HEIGHT = 1280, 800
NURSE_TONE_HZ = 1000.0
"""What kiosk/caredesk/page/generated_media.js plays for the nurse's voice."""

RING_SECONDS = 12.0

BREATH_SECONDS = 0.7
"""Longer than a second press is ignored for (profile: 0.5 s)."""

# Middle of each button on the 1280x800 screen, as a finger would find it.
ANSWER = (640, 430)
DECLINE = (1090, 725)
HANG_UP = (1100, 725)
CLOSE = (1140, 725)
MEASURE = (330, 580)
MY_READINGS = (948, 725)
CLOSE_RESULT = (1140, 725)
SPAN = (860, 725)


class Visit:
    """One run: the stage, the nurse, the eyes on the screen, and the report that grows."""

    def __init__(self, stage: Stage, nurse: ChromiumNurse, timeline: TimelineReader, folder: Path) -> None:
        if stage.display is None:
            raise DemoError("the scripted visit needs its own screen")
        self.stage = stage
        self.nurse = nurse
        self.timeline = timeline
        self._pressed_at = 0.0
        self.folder = folder
        self.eyes = Onlooker(stage.display)
        self.report = Report()

    def fail(self, what: str) -> None:
        """Note what did not happen."""
        _log.error("did not happen: %s", what)
        self.report.failures.append(what)

    @asynccontextmanager
    async def part(self, name: str) -> AsyncIterator[None]:
        """A part of the visit; when it fails the others are still tried."""
        _log.info("%s", name)
        try:
            yield
        except (TimeoutError, DemoError, ScreenError, SoundCardError, ChromiumError, aiohttp.ClientError) as error:
            self.fail(f"{name}: {error}")
            with contextlib.suppress(ScreenError):
                await self.photograph(f"failed-{name}")

    async def photograph(self, name: str) -> Path:
        """A PNG of the kiosk's screen."""
        path = self.folder / f"{name.replace(' ', '-')}.png"
        await self.eyes.photograph(path)
        self.report.screens[name] = str(path)
        return path

    async def press(self, place: tuple[int, int], press: str) -> float:
        """Press a button until the kiosk has felt it; when that was. As a person does, not twice in one breath: what is
        struck so soon after another press is ignored."""
        await asyncio.sleep(max(0.0, self._pressed_at + BREATH_SECONDS - time.monotonic()))
        began = time.monotonic()
        await self.eyes.press(*place)
        entry = await self.timeline.wait(
            "pressed", after=began, limit=5.0, where=lambda details: details["press"] == press
        )
        self._pressed_at = entry.at
        return entry.at

    async def ring(self, nurse: ChromiumNurse | None = None) -> float:
        """The nurse rings until 180 has come and the ring page is painted; when she pressed."""
        began = time.monotonic()
        await (nurse or self.nurse).ring()
        await self.timeline.wait("ringing-sent", after=began, limit=10.0)
        await (nurse or self.nurse).wait_state("ringing", 5.0)
        return began

    async def talk(self) -> tuple[float, float]:
        """Ring, answer, see each other; when it was pressed and when the first remote frame was painted."""
        began = await self.ring()
        pressed = await self.press(ANSWER, "answer")
        await self.nurse.wait_state("talking", 10.0)
        painted = await self.timeline.wait("remote-frame-painted", after=began, limit=10.0)
        return pressed, painted.at

    async def home(self) -> None:
        """Wait until the screen is back at home."""
        await self.until(lambda: self.timeline.phase() == "idle", 15.0, "the home screen")

    async def until(self, condition: Callable[[], bool], limit: float, what: str) -> None:
        """Poll a condition. Raises TimeoutError."""
        try:
            async with asyncio.timeout(limit):
                while not condition():
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise TimeoutError(f"{what} did not come within {limit:g} s") from error


async def play_scripted(report_file: Path) -> bool:
    """Play it all; writes the report and the PNGs beside it. True when everything happened. Raises DemoError."""
    folder = report_file.absolute().parent / f"{report_file.stem}-screens"
    folder.mkdir(parents=True, exist_ok=True)
    timeline_file = folder / "timeline.jsonl"
    timeline_file.unlink(missing_ok=True)
    options = KioskOptions(
        ring_seconds=RING_SECONDS,
        ended_card_seconds=2.5,
        next_visit=next_visit(),
        width=WIDTH,
        height=HEIGHT,
        timeline_file=timeline_file,
    )
    nurse = ChromiumNurse()
    async with on_stage(options, virtual_screen=True) as stage:
        await stage.desk.sound_card.play_pulsed_tone(KIOSK_TONE_HZ)
        visit = Visit(stage, nurse, TimelineReader(timeline_file), folder)
        began = time.monotonic()
        await stage.start_kiosk(folder / "kiosk.log")
        try:
            try:
                painted = await visit.timeline.wait("painted", after=began, limit=30.0)
            except TimeoutError as error:
                raise DemoError(f"The kiosk shows nothing ({error}). Look at {folder / 'kiosk.log'}.") from error
            visit.report.timings_ms["start_to_home_painted"] = _ms(painted.at - began)
            await visit.timeline.wait(
                "registration", after=began, limit=20.0, where=lambda details: details["state"] == "registered"
            )
            await visit.timeline.wait("media-ready", after=began, limit=20.0)
            await nurse.start(stage.desk.address, stage.desk.nurse_environment())
            await _play(visit)
        except (TimeoutError, ChromiumError) as error:
            visit.fail(str(error))
        finally:
            await nurse.stop()
    judge(visit.report)
    report_file.write_bytes(msgspec.json.format(msgspec.json.encode(visit.report), indent=2) + b"\n")
    for failure in visit.report.failures:
        _log.error("missing: %s", failure)
    return not visit.report.failures


async def _play(visit: Visit) -> None:
    parts: list[tuple[str, Callable[[Visit], Awaitable[None]]]] = [
        ("home", _home),
        ("visit", _visit),
        ("own measurement", _own_measurement),
        ("hang-up by nurse", _hang_up_by_nurse),
        ("decline", _decline),
        ("cancel", _cancel),
        ("time-out", _time_out),
        ("busy", _busy),
        ("unknown caller", _unknown),
        ("ui killed", _ui_killed),
        ("media killed", _media_killed),
    ]
    for name, play in parts:
        async with visit.part(name):
            await play(visit)
        with contextlib.suppress(TimeoutError, ChromiumError):
            await _back_to_ready(visit)


async def _back_to_ready(visit: Visit) -> None:
    """Whatever a part left behind, the next begins at home."""
    state = await visit.nurse.state()
    if state.state in ("calling", "ringing", "connecting", "talking"):
        await visit.nurse.hang_up()
    await visit.home()


async def _home(visit: Visit) -> None:
    await asyncio.sleep(1.0)  # the calm home screen, after everything has been reached
    await visit.photograph("home")


async def _own_measurement(visit: Visit) -> None:
    """The patient presses «Mål blodtrykk» alone: first the cuff fails, then it succeeds; then «Mine målinger»."""
    timeline, script = visit.timeline, visit.stage.desk.cuff_script
    kept = script.read_text(encoding="utf-8")
    try:
        script.write_text('packets = ["nan"]\ninflation_s = 0.5\n', encoding="utf-8")
        began = await visit.press(MEASURE, "measure")
        await timeline.wait(
            "measurement", after=began, limit=20.0, where=lambda details: details["measurement"] == "notmeasured"
        )
        await asyncio.sleep(0.5)
        await visit.photograph("own-measurement-failed")
        await visit.press(CLOSE_RESULT, "close-card")
        script.write_text('packets = ["normal"]\ninflation_s = 3.0\nprogress = true\n', encoding="utf-8")
        began = await visit.press(MEASURE, "measure")
        await asyncio.sleep(2.0)
        await visit.photograph("own-measurement-cuff-works")
        await reading_shown(timeline, began)
        await timeline.wait("reading-delivered", after=began, limit=20.0)
        await asyncio.sleep(0.5)
        await visit.photograph("own-measurement")
        await visit.press(CLOSE_RESULT, "close-card")
        pressed = await visit.press(MY_READINGS, "history")
        await timeline.wait("history-read", after=pressed, limit=10.0)
        for _ in ("month", "year"):
            await visit.press(SPAN, "curve")
            await asyncio.sleep(0.6)
        await asyncio.sleep(0.5)
        await visit.photograph("my-readings")
        await visit.press(CLOSE_RESULT, "back")
    finally:
        script.write_text(kept, encoding="utf-8")


async def _visit(visit: Visit) -> None:
    """The visit itself: ring, answer, see and hear, measure, hang up here."""
    report, timeline, nurse = visit.report, visit.timeline, visit.nurse
    began = await visit.ring()
    await visit.photograph("ring")
    pressed = await visit.press(ANSWER, "answer")
    await nurse.wait_state("talking", 10.0)
    painted = await timeline.wait("remote-frame-painted", after=began, limit=10.0)
    heard = await timeline.wait("first-remote-sound", after=began, limit=10.0)
    report.timings_ms["press_to_first_remote_frame_painted"] = _ms(painted.at - pressed)
    report.timings_ms["press_to_first_remote_sound"] = _ms(heard.at - pressed)
    await asyncio.sleep(1.0)
    await _look_at_each_other(visit)
    await _listen_to_each_other(visit)
    await _measure(visit)
    report.nurse_frames_decoded = await nurse.frames_decoded()
    await nurse.screenshot(visit.folder / "nurse-talk.png")
    report.screens["nurse-talk"] = str(visit.folder / "nurse-talk.png")
    await visit.press(HANG_UP, "hang-up")
    await _ending(visit, "hang-up-by-patient")
    reports = timeline.all("paint-report", after=began)
    report.kiosk_frames_painted = sum(int(one.details["remote_frames"]) for one in reports)
    report.scene_graph = str(reports[-1].details["scene_graph"]) if reports else ""


async def _look_at_each_other(visit: Visit) -> None:
    """Two pictures of the talk: in each, the other side's clock, read back out of the pixels."""
    for number in (1, 2):
        path = await visit.photograph(f"talk-{number}")
        luma = await visit.eyes.luma(path, WIDTH, HEIGHT)
        # The nurse's 4:3 picture stands in the middle of the screen, as high as the screen.
        side = (WIDTH - HEIGHT * 4 // 3) // 2
        picture = {
            "screen": str(path),
            "nurse_clock_on_kiosk": read_clock(luma[:, side : WIDTH - side]),
            "kiosk_clock_at_nurse": await visit.nurse.remote_clock(),
        }
        visit.report.talk_pictures.append(picture)
        await asyncio.sleep(0.7)


async def _listen_to_each_other(visit: Visit) -> None:
    card = visit.stage.desk.sound_card
    loudspeaker, nurse = await asyncio.gather(card.listen(KIOSK_LOUDSPEAKER, 5.0), card.listen(NURSE_LOUDSPEAKER, 5.0))
    for name, samples, frequency in (
        ("kiosk_heard_dbfs", loudspeaker, NURSE_TONE_HZ),
        ("nurse_heard_dbfs", nurse, KIOSK_TONE_HZ),
    ):
        tone, silence = pulsed_tone_levels(samples, RATE_HZ, frequency)
        setattr(visit.report, name, {"tone": round(tone, 1), "silence": round(silence, 1)})


async def _measure(visit: Visit) -> None:
    """The nurse asks; the cuff delivers; both screens show it; the server holds one Observation."""
    timeline, nurse = visit.timeline, visit.nurse
    asked = time.monotonic()
    await nurse.ask_blood_pressure()
    await nurse.wait_task("accepted", 5.0)
    await asyncio.sleep(0.5)
    await visit.photograph("measuring")
    shown = await reading_shown(timeline, asked)
    delivered = await timeline.wait("reading-delivered", after=asked, limit=20.0)
    await nurse.wait_task("completed", 10.0)
    await nurse.wait_reading(10.0)
    await asyncio.sleep(0.5)
    await visit.photograph("measured")
    visit.report.timings_ms["request_to_reading_shown"] = _ms(shown.at - asked)
    visit.report.timings_ms["reading_shown_to_on_the_server"] = _ms(delivered.at - shown.at)
    visit.report.observations = await read_observations(visit.stage.desk.fhir.base_url)


async def reading_shown(timeline: TimelineReader, asked: float) -> Entry:
    """The paint that first showed the reading which was asked for at ``asked``. Raises TimeoutError."""
    kept = await timeline.wait("reading-shown", after=asked, limit=40.0)
    revision = int(kept.details["revision"])
    return await timeline.wait(
        "painted", after=asked, limit=5.0, where=lambda details: int(details["revision"]) >= revision
    )


async def read_observations(base_url: str) -> list[dict[str, Any]]:
    """All Observations of the patient, as the FHIR server tells them now."""
    timeout = aiohttp.ClientTimeout(total=10.0)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"{base_url}/Observation", params={"subject": f"Patient/{PATIENT}"}) as answer,
    ):
        bundle = await answer.json(content_type=None)
    return [entry["resource"] for entry in bundle.get("entry", [])]


async def _ending(visit: Visit, name: str, nurse: ChromiumNurse | None = None) -> None:
    """Note how a call ended: the SIP status at the caller, and the screen at the kiosk."""
    state = await (nurse or visit.nurse).wait_status(10.0)
    await asyncio.sleep(0.4)  # the kiosk may know a moment after the caller
    screen = visit.timeline.phase()
    entered = visit.timeline.all("phase")
    if entered:
        revision = int(entered[-1].details["revision"])
        await visit.timeline.wait(
            "painted",
            after=entered[-1].at - 1.0,
            limit=5.0,
            where=lambda details: int(details["revision"]) >= revision,
        )
    await visit.photograph(f"ending-{name}")
    visit.report.endings[name] = {"status": state.status, "screen": screen, "ended_by": state.ended_by}


async def _hang_up_by_nurse(visit: Visit) -> None:
    await visit.talk()
    await asyncio.sleep(0.5)
    began = time.monotonic()
    await visit.nurse.hang_up()
    ended = await visit.timeline.wait_phase("ended", after=began, limit=5.0)
    visit.report.timings_ms["nurse_hangs_up_to_kiosk_knows"] = _ms(ended.at - began)
    await _ending(visit, "hang-up-by-nurse")


async def _decline(visit: Visit) -> None:
    await visit.ring()
    await visit.press(DECLINE, "decline")
    await _ending(visit, "decline")


async def _cancel(visit: Visit) -> None:
    await visit.ring()
    began = time.monotonic()
    await visit.nurse.hang_up()
    await visit.timeline.wait_phase("ended", after=began, limit=5.0)
    await _ending(visit, "cancel")


async def _time_out(visit: Visit) -> None:
    began = await visit.ring()
    await visit.timeline.wait_phase("ended", after=began, limit=RING_SECONDS + 10.0)
    await _ending(visit, "time-out")


async def _busy(visit: Visit) -> None:
    await visit.talk()
    ola = await visit.nurse.another(visit.stage.desk.address_of("ola"))
    try:
        await ola.ring()
        await _ending(visit, "busy", ola)
    finally:
        await ola.stop()


async def _unknown(visit: Visit) -> None:
    stranger = await visit.nurse.another(visit.stage.desk.address_of("ukjent"))
    try:
        await stranger.ring()
        await _ending(visit, "unknown-caller", stranger)
    finally:
        await stranger.stop()


async def _killed(visit: Visit, name: str) -> None:
    """kill -9 a process of the kiosk in the middle of a talk; the talk must go on."""
    await visit.talk()
    await asyncio.sleep(1.5)
    started = [entry for entry in visit.timeline.all("child-started") if entry.details["name"] == name]
    if not started:
        raise DemoError(f"the kiosk never started {name}")
    killed = time.monotonic()
    os.kill(int(started[-1].details["pid"]), signal.SIGKILL)
    again = await visit.timeline.wait(
        "child-started", after=killed, limit=10.0, where=lambda details: details["name"] == name
    )
    picture = await visit.timeline.wait("remote-frame-painted", after=killed, limit=15.0)
    clocks, at_nurse = await _kiosk_moves_at_nurse(visit, limit=10.0)
    await visit.photograph(f"{name}-killed")
    visit.report.recoveries[name] = {
        "process_again_ms": _ms(again.at - killed),
        "remote_picture_again_ms": _ms(picture.at - killed),
        "kiosk_picture_again_at_nurse_ms": _ms(at_nurse - killed),
        "kiosk_clocks_at_nurse_afterwards": clocks,
        "phase": visit.timeline.phase(),
    }
    await visit.nurse.hang_up()


async def _kiosk_moves_at_nurse(visit: Visit, limit: float) -> tuple[list[int | None], float]:
    """Two clocks that differ in the kiosk's picture at the nurse, and when the second was seen.

    Her element shows the old connection's last frame, and then nothing, until the new one's first is decoded: that is
    its own matter, and may be later than the picture at the kiosk. What is there when the time is up tells the rest.
    """
    clocks: list[int | None] = [await visit.nurse.remote_clock()]
    try:
        async with asyncio.timeout(limit):
            while None in clocks or len(set(clocks)) < 2:
                await asyncio.sleep(0.1)
                clocks = [*clocks[-1:], await visit.nurse.remote_clock()]
    except TimeoutError:
        pass
    return clocks, time.monotonic()


async def _ui_killed(visit: Visit) -> None:
    await _killed(visit, "ui")


async def _media_killed(visit: Visit) -> None:
    await _killed(visit, "media")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
