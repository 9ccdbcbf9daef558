"""``kiosk bench visit``: how fast and how heavy a visit is, on the whole kiosk with real servers and Chromium."""

from __future__ import annotations

import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kiosk.caredesk.chromium_nurse import ChromiumError, ChromiumNurse
from kiosk.caredesk.demo import KIOSK_TONE_HZ, on_stage
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.process_figures import ProcessFigures, cpu_shares, family
from kiosk.caredesk.screen import ScreenError
from kiosk.caredesk.scripted import HANG_UP, HEIGHT, WIDTH, Visit, reading_shown
from kiosk.caredesk.timeline_reader import TimelineReader

_log = logging.getLogger(__name__)

STARTS = 4
TALK_SECONDS = 8.0
PROCESSES = ("core", "media", "ui", "speech")
CHECKS = (
    "start_to_home_painted",
    "press_to_first_remote_frame_p50",
    "press_to_first_remote_frame_p95",
    "press_to_first_remote_sound_p50",
    "request_to_reading_shown",
    "reading_shown_to_on_the_server",
    "window_gap_p99",
    "window_gap_longest",
    "remote_frames_painted_per_second",
    *(f"{what}_{name}" for name in PROCESSES for what in ("memory", "cpu")),
    "memory_all",
)
PULSED = "the nurse's tone sounds 0.3 s of each second"
INFLATION_SECONDS = 2.0
"""What the virtual cuff takes (kiosk/caredesk/servers.py); a real one takes half a minute."""


class Check(msgspec.Struct, frozen=True):
    """One figure. ``goal`` and ``reference`` may be None; ``met`` is False for what could not be measured."""

    name: str
    value: float | None
    unit: str
    goal: float | None
    reference: float | None
    met: bool
    note: str

    def as_dict(self) -> dict[str, str | float | bool | None]:
        """For JSON."""
        return msgspec.structs.asdict(self)


def check(name: str, value: float | None, unit: str, goal: float | None, note: str) -> Check:
    """A figure for which less is better."""
    met = value is not None and (goal is None or value <= goal)
    return Check(name, None if value is None else round(value, 1), unit, goal, None, met, note)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least ``share`` of all do not exceed; None for no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


class Figures(msgspec.Struct):
    """Everything that was measured, milliseconds unless named otherwise."""

    starts: list[float] = []
    frames: list[float] = []
    sounds: list[float] = []
    readings: list[float] = []
    servers: list[float] = []
    gaps: list[float] = []
    fps: list[float] = []
    processes: list[ProcessFigures] = []
    cpu: dict[str, float] = {}
    scene_graph: str = "?"


async def measure_visits(visits: int) -> list[Check]:
    """Start the kiosk a few times, then play ``visits`` visits. Raises DemoError, TimeoutError."""
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="svar-bench-") as folder:
        timeline_file = Path(folder) / "timeline.jsonl"
        options = KioskOptions(ended_card_seconds=0.5, width=WIDTH, height=HEIGHT, timeline_file=timeline_file)
        async with on_stage(options, virtual_screen=True) as stage:
            await stage.desk.sound_card.play_pulsed_tone(KIOSK_TONE_HZ)
            timeline = TimelineReader(timeline_file)
            for start in range(STARTS):
                began = time.monotonic()
                await stage.start_kiosk(Path(folder) / "kiosk.log")
                painted = await timeline.wait("painted", after=began, limit=60.0)
                figures.starts.append((painted.at - began) * 1000)
                if start < STARTS - 1:
                    await asyncio.sleep(1.0)
                    await stage.stop_kiosk()
            nurse = ChromiumNurse()
            try:
                await timeline.wait(
                    "registration",
                    after=began,
                    limit=20.0,
                    where=lambda details: details["state"] == "registered",
                )
                await nurse.start(stage.desk.address, stage.desk.nurse_environment())
                visit = Visit(stage, nurse, timeline, Path(folder))
                for _ in range(visits):
                    await _one_visit(visit, figures)
            except (TimeoutError, ChromiumError, ScreenError) as error:
                # What was measured until then is told; what is missing counts as not met.
                _log.error("a visit came to nothing: %s", error)
            finally:
                await nurse.stop()
    return _checks(figures)


async def _one_visit(visit: Visit, figures: Figures) -> None:
    timeline, nurse, kiosk = visit.timeline, visit.nurse, visit.stage.kiosk
    if kiosk is None:
        raise RuntimeError("the kiosk has not been started")
    began = time.monotonic()
    pressed, painted = await visit.talk()
    figures.frames.append((painted - pressed) * 1000)
    heard = await timeline.wait("first-remote-sound", after=began, limit=10.0)
    figures.sounds.append((heard.at - pressed) * 1000)
    settled = time.monotonic() + 1.0
    await asyncio.sleep(1.0)
    before, looked = family(kiosk.pid), time.monotonic()
    await asyncio.sleep(TALK_SECONDS)
    figures.processes = family(kiosk.pid)
    figures.cpu = cpu_shares(before, figures.processes, time.monotonic() - looked)
    for report in timeline.all("paint-report", after=settled + 1.0):
        figures.gaps += report.details["gaps_ms"]
        figures.fps.append(float(report.details["remote_frames"]))
        figures.scene_graph = str(report.details["scene_graph"])
    asked = time.monotonic()
    await nurse.ask_blood_pressure()
    shown = await reading_shown(timeline, asked)
    delivered = await timeline.wait("reading-delivered", after=asked, limit=20.0)
    figures.readings.append((shown.at - asked) * 1000)
    figures.servers.append((delivered.at - shown.at) * 1000)
    await visit.press(HANG_UP, "hang-up")
    await visit.home()
    await nurse.wait_state("ended", 10.0)


def _checks(figures: Figures) -> list[Check]:
    warm = figures.starts[1:]
    visits = f"{len(figures.frames)} visits"
    checks = [
        check("start_to_home_painted", percentile(warm, 0.5), "ms", 2000, f"p50 of {len(warm)} warm starts"),
        check("press_to_first_remote_frame_p50", percentile(figures.frames, 0.5), "ms", 400, visits),
        check("press_to_first_remote_frame_p95", percentile(figures.frames, 0.95), "ms", None, visits),
        check("press_to_first_remote_sound_p50", percentile(figures.sounds, 0.5), "ms", None, f"{visits}; {PULSED}"),
        check(
            "request_to_reading_shown",
            percentile(figures.readings, 0.5),
            "ms",
            None,
            f"p50; {INFLATION_SECONDS:.0f} s of it are the virtual cuff's inflation",
        ),
        check("reading_shown_to_on_the_server", percentile(figures.servers, 0.5), "ms", None, "p50"),
        check(
            "window_gap_p99",
            percentile(figures.gaps, 0.99),
            "ms",
            50,
            f"{len(figures.gaps)} painted frames, scene graph {figures.scene_graph}",
        ),
        check("window_gap_longest", max(figures.gaps, default=None), "ms", None, ""),
        Check(
            "remote_frames_painted_per_second",
            round(statistics.fmean(figures.fps), 1) if figures.fps else None,
            "1/s",
            None,
            None,
            bool(figures.fps),
            "more is better",
        ),
    ]
    pss = {one.name: one.pss_kb / 1000 for one in figures.processes}
    for name in PROCESSES:
        checks.append(check(f"memory_{name}", pss.get(name), "MB", None, "PSS during the call"))
        share = figures.cpu.get(name)
        checks.append(check(f"cpu_{name}", share, "% of a core", None, f"over {TALK_SECONDS:.0f} s of talk"))
    total = sum(one.pss_kb for one in figures.processes) / 1000 if figures.processes else None
    checks.append(check("memory_all", total, "MB", 450, "PSS of core, media, ui and speech during the call"))
    return checks
