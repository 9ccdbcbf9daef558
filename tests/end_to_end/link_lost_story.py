"""Plays a call whose line is cut and mended in four ways, with the whole kiosk and Chromium, and writes the times.

    unshare -nm python -m tests.end_to_end.link_lost_story FOLDER       (as root; others: unshare -Urnm)

FOLDER/report.json and photographs of the kiosk's screen; it judges nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.caredesk.demo import KIOSK_TONE_HZ, Stage, on_stage
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.scripted import HEIGHT, WIDTH, Visit
from kiosk.caredesk.timeline_reader import TimelineReader
from tests.end_to_end.home_network import CARE, ELSEWHERE, HOME, HomeNetwork, forwarded, home_network

CUT_S = 3.0
_POLL_S = 0.02


class Cut(msgspec.Struct):
    """One outage, seconds. ``said``: from the cut to the words on the screen. The others count from the moment the line
    is back: to the first new picture on the kiosk's screen, and to the first at the nurse's."""

    said: float | None = None
    picture_back: float | None = None
    nurse_picture_back: float | None = None
    reinvites: int = 0
    said_times: int = 0
    phase: str = ""
    detail: dict[str, float] = {}


class Report(msgspec.Struct):
    """By the name of the cut."""

    cuts: dict[str, Cut] = {}
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


async def play_cut(
    visit: Visit, report: Report, name: str, cut: Callable[[], Awaitable[None]], mend: Callable[[], Awaitable[None]]
) -> None:
    """Cut, look at the screen, mend, and wait for the pictures. What does not come is a failure in the report."""
    timeline, nurse = visit.timeline, visit.nurse
    entry = report.cuts[name] = Cut()
    reinvites = (await nurse.state()).reinvites
    began = time.monotonic()
    await cut()
    cut_at = time.monotonic()
    try:
        shown = await timeline.wait(
            "recovering", after=began, limit=5.0, where=lambda details: bool(details["recovering"])
        )
        revision = int(shown.details["revision"])
        painted = await timeline.wait(
            "painted", after=began, limit=5.0, where=lambda details: int(details["revision"]) >= revision
        )
        entry.said = round(painted.at - began, 3)
        await asyncio.sleep(0.3)
        await visit.photograph(f"{name}-cut")
    except TimeoutError as error:
        report.failures.append(f"{name}: {error}")
    await asyncio.sleep(max(0.0, CUT_S - (time.monotonic() - cut_at)))
    mended = time.monotonic()
    await mend()
    try:
        nurse_back = asyncio.create_task(_clock_moves(nurse, 20.0))
        picture = await timeline.wait("remote-frame-painted", after=mended, limit=20.0)
        entry.picture_back = round(picture.at - mended, 3)
        entry.nurse_picture_back = round(await nurse_back - mended, 3)
    except TimeoutError as error:
        report.failures.append(f"{name}: {error}")
    for event in ("registration", "restore-media", "reinvite-answered", "line", "first-remote-frame"):
        for told in timeline.all(event, after=mended):
            state = told.details.get("state") or told.details.get("line") or ""
            entry.detail[f"{event} {state}".strip()] = round(told.at - mended, 3)
    await asyncio.sleep(2.0)
    await visit.photograph(f"{name}-mended")
    entry.reinvites = (await nurse.state()).reinvites - reinvites
    entry.said_times = len(timeline.all("speaking", after=began))
    entry.phase = timeline.phase()


async def play_move(visit: Visit, report: Report, network: HomeNetwork) -> None:
    """The kiosk gets another address from one moment to the next, without an outage before."""
    entry = report.cuts["moved"] = Cut()
    reinvites = (await visit.nurse.state()).reinvites
    began = time.monotonic()
    await network.move(ELSEWHERE, HOME)
    await network.plug_in(HOME)
    try:
        picture = await visit.timeline.wait("remote-frame-painted", after=began, limit=20.0)
        entry.picture_back = round(picture.at - began, 3)
        await _clock_moves(visit.nurse, 20.0)
    except TimeoutError as error:
        report.failures.append(f"moved: {error}")
    await asyncio.sleep(1.0)
    entry.reinvites = (await visit.nurse.state()).reinvites - reinvites
    entry.said_times = len(visit.timeline.all("speaking", after=began))
    entry.phase = visit.timeline.phase()


async def _clock_moves(nurse: ChromiumNurse, limit: float) -> float:
    """When the clock in the kiosk's picture has moved on at the nurse's page (a new stream counts its frames anew)."""
    before = await nurse.remote_clock()
    async with asyncio.timeout(limit):
        while (now := await nurse.remote_clock()) is None or now == before:
            await asyncio.sleep(_POLL_S)
    return time.monotonic()


async def play(folder: Path) -> Report:
    """The whole story."""
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
                await asyncio.sleep(0.5)
                await play_cut(visit, report, "unplugged", network.unplug, lambda: network.plug_in(HOME))

                async def elsewhere() -> None:
                    await network.move(HOME, ELSEWHERE)
                    await network.plug_in(ELSEWHERE)

                await play_cut(visit, report, "elsewhere", network.unplug, elsewhere)
                await play_cut(visit, report, "upstream", network.cut_upstream, network.mend_upstream)
                await play_move(visit, report, network)
                await nurse.hang_up()
                await visit.timeline.wait_phase("ended", after=0.0, limit=10.0)
            except TimeoutError as error:
                report.failures.append(str(error))
            finally:
                await nurse.stop()
    return report


def main() -> None:
    """Play it into the folder that is named."""
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    report = asyncio.run(play(folder))
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))


if __name__ == "__main__":
    main()
