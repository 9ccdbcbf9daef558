"""Plays a call whose line is cut and mended in four ways, with the whole kiosk and Chromium, and writes the times.

    unshare -nm python -m kiosk.callbench.link_lost_story FOLDER [ROUNDS]       (as root; others: unshare -Urnm)

FOLDER/report.json and photographs of the kiosk's screen; it judges nothing.
"""

from __future__ import annotations

import asyncio
import enum
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from kiosk.callbench.home_network import CARE, ELSEWHERE, HOME, HomeNetwork, forwarded, home_network
from kiosk.caredesk.chromium_nurse import ChromiumError, ChromiumNurse
from kiosk.caredesk.demo import KIOSK_TONE_HZ, DemoError, Stage, on_stage, until_told_to_stop
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.scripted import HEIGHT, WIDTH, Visit
from kiosk.caredesk.timeline_reader import TimelineReader
from kiosk.facts.clock_strip import CLOCK_PERIOD

CUT_S = 3.0
BACK_LIMIT_S = 20.0
_POLL_S = 0.02


class Way(enum.Enum):
    """What happens to the home's line."""

    UNPLUGGED = "unplugged"
    """The kiosk's own cable: it is told."""
    ELSEWHERE = "elsewhere"
    """The same, and afterwards the kiosk has another address."""
    UPSTREAM = "upstream"
    """Behind the router: nobody is told."""
    MOVED = "moved"
    """Another address from one moment to the next, without an outage before."""


class Cut(msgspec.Struct):
    """One change of the line, seconds; None for what did not come. ``said``: from the cut to the words on the screen.

    The others count from the moment the line is back: ``picture_back`` to the first new picture on the kiosk's screen,
    ``nurse_picture_back`` to the nurse's first picture that was drawn later. ``reinvites``: offers that she got.
    ``said_times``: what the kiosk spoke. ``phase``: the call's, in the end. ``detail``: what else the kiosk told, when.
    """

    way: Way
    said: float | None = None
    picture_back: float | None = None
    nurse_picture_back: float | None = None
    reinvites: int = 0
    said_times: int = 0
    phase: str = ""
    detail: dict[str, float] = {}


class Report(msgspec.Struct):
    """``failures``: sentences."""

    cuts: list[Cut] = []
    failures: list[str] = []


async def start_kiosk(stage: Stage, network: HomeNetwork, folder: Path) -> None:
    """The kiosk in the home's network, where the call server has the name that its certificate shows."""
    server = urlsplit(stage.desk.kamailio.wss_address)
    settings = stage.desk.settings_file
    settings.write_text(
        settings.read_text().replace(f"wss://127.0.0.1:{server.port}", f"wss://localhost:{server.port}")
    )
    hosts = folder / "hosts"
    hosts.write_text(f"{CARE} localhost\n")
    run = f"mount --bind {hosts} /etc/hosts && exec {sys.executable} -m kiosk run --settings {settings}"
    with (folder / "kiosk.log").open("ab") as log:
        stage.kiosk = await asyncio.create_subprocess_exec(
            *network.at_home("unshare", "-m", "sh", "-c", run),
            env={**stage.environment(), "PYTHONFAULTHANDLER": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


Change = Callable[[], Awaitable[None]]


async def play_cut(
    visit: Visit, report: Report, way: Way, cut: Change | None, mend: Change, meanwhile: Change | None = None
) -> None:
    """Cut, look at the screen, mend, and wait for the pictures. What does not come is a failure in the report."""
    timeline, nurse = visit.timeline, visit.nurse
    entry = Cut(way)
    report.cuts.append(entry)
    name = f"{len(report.cuts)}-{way.value}"
    reinvites = (await nurse.state()).reinvites
    began = time.monotonic()
    try:
        if cut is not None:
            await _outage(visit, entry, name, cut)
        if meanwhile is not None:
            await meanwhile()
        mended, drawn = time.monotonic(), int(time.time() * 1000)
        await mend()
        # Where there was no outage, what is painted first may still be of the old line.
        first = "remote-frame-painted" if cut is not None else "first-remote-frame"
        nurse_back = asyncio.create_task(_later_picture(nurse, drawn))
        try:
            picture = await timeline.wait(first, after=mended, limit=BACK_LIMIT_S)
            entry.picture_back = round(picture.at - mended, 3)
            entry.nurse_picture_back = round(await nurse_back - mended, 3)
        finally:
            nurse_back.cancel()
    except TimeoutError as error:
        report.failures.append(f"{name}: {error}")
        return
    await asyncio.sleep(1.5)
    for event in ("registration", "restore-media", "reinvite-answered", "line", "first-remote-frame"):
        for told in timeline.all(event, after=mended):
            state = told.details.get("state") or told.details.get("line") or ""
            entry.detail[f"{event} {state}".strip()] = round(told.at - mended, 3)
    await visit.photograph(f"{name}-mended")
    entry.reinvites = (await nurse.state()).reinvites - reinvites
    entry.said_times = len(timeline.all("saying", after=began))
    entry.phase = timeline.phase()


async def _outage(visit: Visit, entry: Cut, name: str, cut: Change) -> None:
    """Cut, and stay so for CUT_S. Raises TimeoutError when the screen does not say it."""
    began = time.monotonic()
    await cut()
    cut_at = time.monotonic()
    shown = await visit.timeline.wait(
        "recovering", after=began, limit=5.0, where=lambda details: bool(details["recovering"])
    )
    revision = int(shown.details["revision"])
    painted = await visit.timeline.wait(
        "painted", after=began, limit=5.0, where=lambda details: int(details["revision"]) >= revision
    )
    entry.said = round(painted.at - began, 3)
    await asyncio.sleep(0.3)
    await visit.photograph(f"{name}-cut")
    await asyncio.sleep(max(0.0, CUT_S - (time.monotonic() - cut_at)))


async def _later_picture(nurse: ChromiumNurse, drawn: int) -> float:
    """When the nurse sees a picture that was drawn at ``drawn`` (Unix milliseconds) or later. Raises TimeoutError."""
    try:
        async with asyncio.timeout(BACK_LIMIT_S):
            while (shown := await nurse.remote_clock()) is None or (shown - drawn) % CLOCK_PERIOD >= CLOCK_PERIOD // 2:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise TimeoutError("the nurse got no new picture") from error
    return time.monotonic()


async def play_round(visit: Visit, report: Report, network: HomeNetwork) -> None:
    """Each way once; the kiosk has its first address before and after."""
    await play_cut(visit, report, Way.UNPLUGGED, network.unplug, lambda: network.plug_in(HOME))
    await play_cut(
        visit,
        report,
        Way.ELSEWHERE,
        network.unplug,
        lambda: network.plug_in(ELSEWHERE),
        meanwhile=lambda: network.readdress(HOME, ELSEWHERE),
    )
    await play_cut(visit, report, Way.UPSTREAM, network.cut_upstream, network.mend_upstream)
    await play_cut(visit, report, Way.MOVED, None, lambda: network.move(ELSEWHERE, HOME))


async def play(folder: Path, rounds: int) -> Report:
    """The whole story. Raises DemoError, ChromiumError when it cannot begin."""
    report = Report()
    timeline_file = folder / "timeline.jsonl"
    options = KioskOptions(timeline_file=timeline_file, width=WIDTH, height=HEIGHT, ended_card_seconds=1.0)
    nurse = ChromiumNurse()
    async with home_network() as network, on_stage(options, virtual_screen=True) as stage:
        port = urlsplit(stage.desk.kamailio.wss_address).port or 0
        async with forwarded(port):
            await stage.desk.sound_card.play_pulsed_tone(KIOSK_TONE_HZ)
            await start_kiosk(stage, network, folder)
            visit = Visit(stage, nurse, TimelineReader(timeline_file), folder)
            try:
                await visit.timeline.wait(
                    "registration", after=0.0, limit=40, where=lambda details: details["state"] == "registered"
                )
                await visit.timeline.wait("media-ready", after=0.0, limit=40)
                await nurse.start(stage.desk.address, stage.desk.nurse_environment())
                await visit.talk()
                await asyncio.sleep(3.0)
                await visit.photograph("talk")
                for _ in range(rounds):
                    await play_round(visit, report, network)
                await nurse.hang_up()
                await visit.timeline.wait_phase("ended", after=0.0, limit=10.0)
            except TimeoutError as error:
                report.failures.append(str(error))
            finally:
                await nurse.stop()
    return report


def main() -> None:
    """Play it into the folder that is named."""
    folder, rounds = Path(sys.argv[1]).absolute(), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    folder.mkdir(parents=True, exist_ok=True)
    try:
        report = asyncio.run(until_told_to_stop(play(folder, rounds)))
    except (DemoError, ChromiumError) as error:
        sys.exit(str(error))
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))


if __name__ == "__main__":
    main()
