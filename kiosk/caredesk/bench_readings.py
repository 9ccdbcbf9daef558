"""``kiosk bench readings``: how soon a reading is on the screen and at the platform, and what a full outbox costs."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from drivers.decoders.blood_pressure import decode_blood_pressure
from drivers.fakes.cuff import blood_pressure
from drivers.formats import FORMATS
from drivers.readings import DeviceIdentity, Reading
from kiosk.caredesk.bench_visit import Check, check, percentile
from kiosk.caredesk.demo import on_stage
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.screen import Onlooker
from kiosk.caredesk.scripted import BREATH_SECONDS, CLOSE_RESULT, HEIGHT, MY_READINGS, WIDTH
from kiosk.caredesk.servers import PATIENT
from kiosk.caredesk.timeline_reader import TimelineReader
from kiosk.facts.history import Span
from kiosk.facts.measurement import MeasurementKind
from kiosk.measurements.capture import Sender, capture_of, desk_wording
from kiosk.measurements.curves import LENGTHS, curve
from kiosk.measurements.gate import Ownership
from kiosk.measurements.outbox import Outbox
from kiosk.resources import assets

_log = logging.getLogger(__name__)

STORED = 10_000
OPENINGS = 7
DECODE_SECONDS = 1.0
CHECKS = (
    "last_byte_to_value_on_screen_p50",
    "last_byte_to_value_on_screen_p95",
    "last_byte_to_on_the_server_p95",
    "outbox_opened_with_10000",
    "history_read_with_10000",
    "history_press_to_painted_with_10000",
    "decode_2A35",
    "decode_slowest_format",
)
_HOME = ("last_byte_to_value_on_screen_p50", "last_byte_to_value_on_screen_p95", "last_byte_to_on_the_server_p95")
_STORED = ("outbox_opened_with_10000", "history_read_with_10000", "history_press_to_painted_with_10000")
_DECODE = ("decode_2A35", "decode_slowest_format")
_OSLO = ZoneInfo("Europe/Oslo")


async def measure_readings(readings: int, only: tuple[str, ...]) -> list[Check]:
    """``readings``: how many go through the whole kiosk. Raises DemoError."""
    wanted = set(only) if only else set(CHECKS)
    checks: list[Check] = []
    if wanted & set(_DECODE):
        checks += decoding()
    if wanted & set(_STORED):
        with tempfile.TemporaryDirectory(prefix="svar-bench-") as folder:
            checks += await asyncio.to_thread(stored, Path(folder))
            checks.append(await looked_at(Path(folder)))
    if wanted & set(_HOME):
        checks += await at_home(readings)
    return checks


# -- the whole kiosk --------------------------------------------------------------------------------------------------


async def at_home(readings: int) -> list[Check]:
    """The virtual cuff is used unasked, again and again; the screen, the disk and the platform are the real ones."""
    shown: list[float] = []
    served: list[float] = []
    with tempfile.TemporaryDirectory(prefix="svar-bench-") as folder:
        timeline_file = Path(folder) / "timeline.jsonl"
        options = KioskOptions(width=WIDTH, height=HEIGHT, timeline_file=timeline_file, voice=False)
        async with on_stage(options, virtual_screen=True) as stage:
            timeline = TimelineReader(timeline_file)
            began = time.monotonic()
            await stage.start_kiosk(Path(folder) / "kiosk.log")
            await timeline.wait("painted", after=began, limit=60.0)
            await timeline.wait("media-ready", after=began, limit=60.0)
            for used in range(1, readings + 1):
                asked = time.monotonic()
                stage.desk.cuff_script.write_text(
                    f'packets = ["normal"]\ninflation_s = 0.1\nused = {used}\n', encoding="utf-8"
                )
                try:
                    await _one(timeline, asked, shown, served)
                except TimeoutError as error:
                    # What was measured until then is told; what is missing counts as not met.
                    _log.error("a reading came to nothing: %s", error)
                    break
    enough = len(shown) == readings and len(served) == readings
    note = f"{len(shown)} of {readings} readings of the virtual cuff, the whole kiosk, sekmet-fhir on loopback"
    values = [
        (_HOME[0], percentile(shown, 0.5), None),
        (_HOME[1], percentile(shown, 0.95), 200.0),
        (_HOME[2], percentile(served, 0.95), 1000.0),
    ]
    checks = [check(name, value, "ms", goal, note) for name, value, goal in values]
    return checks if enough else [msgspec.structs.replace(one, met=False) for one in checks]


async def _one(timeline: TimelineReader, asked: float, shown: list[float], served: list[float]) -> None:
    kept = await timeline.wait("reading-shown", after=asked, limit=20.0)
    revision = int(kept.details["revision"])
    painted = await _painted(timeline, asked, revision)
    delivered = await timeline.wait("reading-delivered", after=asked, limit=20.0)
    packets = [one.at for one in timeline.all("packet-received", after=asked) if one.at <= kept.at]
    last = max(packets)
    shown.append((painted - last) * 1000)
    served.append((delivered.at - last) * 1000)


async def _painted(timeline: TimelineReader, asked: float, revision: int) -> float:
    """When the revision, or a later one, was on the screen."""
    entry = await timeline.wait(
        "painted", after=asked, limit=5.0, where=lambda details: int(details["revision"]) >= revision
    )
    return entry.at


# -- what a full disk costs -------------------------------------------------------------------------------------------


def stored(folder: Path) -> list[Check]:
    """An outbox with 10 000 readings of one year in ``folder``, opened as the kiosk does."""
    sender = Sender("d-1", desk_wording((assets() / "phrases" / "nb.toml").read_text(encoding="utf-8")))
    cuff = DeviceIdentity("UA-651BLE", "A&D Medical", "02:00:00:5A:00:09", fake=True)
    now = datetime.now(tz=_OSLO)
    ownership = Ownership(PATIENT)
    memory = Path("/dev/shm")
    # Made where a commit does not wait for a disk, then measured on one.
    with tempfile.TemporaryDirectory(prefix="svar-bench-", dir=memory if memory.is_dir() else None) as quick:
        box = Outbox.open(Path(quick) / "outbox.sqlite")
        for number in range(STORED):
            taken = now - timedelta(minutes=number * 51)
            value = decode_blood_pressure(blood_pressure(taken.replace(tzinfo=None)))
            reading = Reading(value=value, device=cuff, received=taken)
            capture = capture_of(reading, ownership, sender, information=None).capture
            box.keep(capture)
            box.mark_delivered(capture.reading_id, f"o-{number}", taken)
        box.close()
        for file in Path(quick).iterdir():
            shutil.copy2(file, folder)
    openings: list[float] = []
    histories: list[float] = []
    points = 0
    for _ in range(OPENINGS):
        points = _open_and_look(folder / "outbox.sqlite", now, openings, histories)
    note = f"{points} readings of a year, p95 of {OPENINGS}"
    return [
        check(_STORED[0], percentile(openings, 0.95), "ms", 300.0, note),
        check(_STORED[1], percentile(histories, 0.95), "ms", 300.0, f"{note}; a year's curve"),
    ]


async def looked_at(folder: Path) -> Check:
    """«Mine målinger» pressed on the real screen of a kiosk that has the outbox in ``folder``."""
    timeline_file = folder / "timeline.jsonl"
    options = KioskOptions(width=WIDTH, height=HEIGHT, timeline_file=timeline_file, voice=False)
    figures: list[float] = []
    async with on_stage(options, virtual_screen=True) as stage:
        data = stage.desk.data_directory
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("outbox.sqlite", "sealing.key"):
            shutil.copy2(folder / name, data)
        timeline = TimelineReader(timeline_file)
        began = time.monotonic()
        await stage.start_kiosk(folder / "kiosk.log")
        await timeline.wait("painted", after=began, limit=60.0)
        await timeline.wait("media-ready", after=began, limit=60.0)
        eyes = Onlooker(stage.display or "")
        try:
            for _ in range(OPENINGS):
                asked = time.monotonic()
                await eyes.press(*MY_READINGS)
                pressed = await timeline.wait("pressed", after=asked, limit=5.0)
                shown = await timeline.wait("history-shown", after=asked, limit=10.0)
                painted = await _painted(timeline, asked, int(shown.details["revision"]))
                figures.append((painted - pressed.at) * 1000)
                asked = time.monotonic()
                await asyncio.sleep(BREATH_SECONDS)
                await eyes.press(*CLOSE_RESULT)
                await timeline.wait("pressed", after=asked, limit=5.0)
                await asyncio.sleep(BREATH_SECONDS)
        except TimeoutError as error:
            _log.error("the history did not open: %s", error)
    made = check(_STORED[2], percentile(figures, 0.95), "ms", 300.0, f"p95 of {len(figures)}, the whole kiosk, a week")
    return made if len(figures) == OPENINGS else msgspec.structs.replace(made, met=False)


def _open_and_look(path: Path, now: datetime, openings: list[float], histories: list[float]) -> int:
    """What the kiosk does at its start, then what «Mine målinger» does; how many readings there were."""
    began = time.perf_counter()
    box = Outbox.open(path)
    box.counts()
    box.journal.unsettled_sessions()
    box.waiting(None)
    opened = time.perf_counter()
    points = box.history(PATIENT, MeasurementKind.BLOOD_PRESSURE, now - LENGTHS[Span.YEAR])
    curve(MeasurementKind.BLOOD_PRESSURE, Span.YEAR, points, now)
    drawn = time.perf_counter()
    box.close()
    openings.append((opened - began) * 1000)
    histories.append((drawn - opened) * 1000)
    return len(points)


# -- decoding ---------------------------------------------------------------------------------------------------------


def decoding() -> list[Check]:
    """Packets a second, each format's own example over and over."""
    rates = {name: _rate(one.decode, bytes.fromhex(one.example)) for name, one in FORMATS.items()}
    rates["2A35"] = _rate(decode_blood_pressure, bytes.fromhex(FORMATS["2A35"].example))
    slowest = min(rates, key=lambda name: rates[name])
    return [
        _more(_DECODE[0], rates["2A35"], "18 bytes with time, pulse and status"),
        msgspec.structs.replace(
            _more(_DECODE[1], rates[slowest], f"{slowest}, of {len(rates)} formats, with its JSON"), goal=None, met=True
        ),
    ]


def _rate(decoder: Callable[[bytes], object], packet: bytes) -> float:
    done = 0
    began = time.perf_counter()
    until = began + DECODE_SECONDS
    while time.perf_counter() < until:
        for _ in range(200):
            decoder(packet)
        done += 200
    return done / (time.perf_counter() - began)


def _more(name: str, value: float, note: str) -> Check:
    """A figure for which more is better."""
    goal = 50_000.0
    return Check(name, round(value), "packets/s", goal, None, value >= goal, note)
