"""The rows of a line that is cut: how soon it is said on the screen, how soon the pictures are back; plays no cut.

The story (link_lost_story.py: the whole kiosk, a call server and Chromium, each home and nurse in a network of its
own) runs as a process in namespaces of its own, once for all rows of a bench.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import weakref
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from kiosk.callbench.call_check import Bench, Check, judged
from kiosk.callbench.figures import percentile
from kiosk.callbench.home_network import own_network
from kiosk.callbench.link_lost_story import Cut, Report, Way
from kiosk.caredesk.children import end

ROUNDS = 3
"""Of four cuts each."""

SAME_ADDRESS = (Way.UNPLUGGED, Way.UPSTREAM)
OTHER_ADDRESS = (Way.ELSEWHERE, Way.MOVED)

_START_S = 90.0
_ROUND_S = 150.0
_NO_NETWORK = (
    "The kernel gives no network namespaces here. Run the bench as root, or allow user namespaces (and install "
    "util-linux and iproute2)."
)

Play = Callable[[], Awaitable[Report | str]]


async def play_story(rounds: int = ROUNDS) -> Report | str:
    """What the story told, or why there is none."""
    network = await asyncio.to_thread(own_network)
    if network is None:
        return _NO_NETWORK
    with tempfile.TemporaryDirectory(prefix="svar-bench-") as folder:
        process = await asyncio.create_subprocess_exec(
            *network,
            *(sys.executable, "-m", "kiosk.callbench.link_lost_story", folder, str(rounds)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_START_S + rounds * _ROUND_S):
                _, errors = await process.communicate()
        except TimeoutError:
            return "the story of the cut line came to no end"
        finally:
            await end(process)
        try:
            return msgspec.json.decode((Path(folder) / "report.json").read_bytes(), type=Report)
        except (OSError, msgspec.DecodeError):
            last = errors.decode(errors="replace").strip().rpartition("\n")[2]
            return f"the story of the cut line was not played: {last}"


class LinkLost:
    """The measurements, over one story for each bench; ``play`` plays it."""

    def __init__(self, play: Play = play_story) -> None:
        self._play = play
        self._told: weakref.WeakKeyDictionary[Bench, Report | str] = weakref.WeakKeyDictionary()

    async def shown(self, bench: Bench, name: str) -> Check:
        """From the cut to the words on the kiosk's screen, of all outages."""
        ways = (Way.UNPLUGGED, Way.ELSEWHERE, Way.UPSTREAM)
        return await self._row(bench, name, 1.0, ways, lambda cut: cut.said, _said_by_way)

    async def back_same_address(self, bench: Bench, name: str) -> Check:
        """From the mended line to the picture at the kiosk, whose address has stayed."""
        return await self._row(bench, name, 1.5, SAME_ADDRESS, lambda cut: cut.picture_back, _nurse)

    async def back_other_address(self, bench: Bench, name: str) -> Check:
        """The same where the kiosk has another address than before, after an outage and without one."""
        return await self._row(bench, name, 1.5, OTHER_ADDRESS, lambda cut: cut.picture_back, _nurse)

    async def _row(
        self,
        bench: Bench,
        name: str,
        goal: float,
        ways: Sequence[Way],
        figure: Callable[[Cut], float | None],
        remark: Callable[[Sequence[Cut]], str],
    ) -> Check:
        if bench not in self._told:
            self._told[bench] = await self._play()
        told = self._told[bench]
        if isinstance(told, str):
            return judged(name, None, "s", goal, note=told)
        cuts = [cut for cut in told.cuts if cut.way in ways]
        values = [figure(cut) for cut in cuts]
        middle = percentile([value for value in values if value is not None], 0.5)
        counted = f"p95 of {len(cuts)} cuts ({', '.join(way.value for way in ways)})"
        median = None if middle is None else f"median {middle:.2f} s"
        note = "; ".join(part for part in (counted, median, remark(cuts), *told.failures) if part)
        return judged(name, p95(values), "s", goal, note=note, digits=2)


def p95(values: Sequence[float | None]) -> float | None:
    """None when one that never came is among those that the percentile may not leave out."""
    found = percentile(sorted(float("inf") if value is None else value for value in values), 0.95)
    return None if found == float("inf") else found


def _nurse(cuts: Sequence[Cut]) -> str:
    found = p95([cut.nurse_picture_back for cut in cuts])
    again = sum(cut.reinvites for cut in cuts)
    at_nurse = "the nurse's picture did not always come back" if found is None else f"at the nurse {found:.2f} s"
    return f"{at_nurse}; fresh connections: {again}"


def _said_by_way(cuts: Sequence[Cut]) -> str:
    untold = [cut.said for cut in cuts if cut.way is Way.UPSTREAM]
    found = p95(untold)
    return "" if found is None else f"where the kernel tells nothing {found:.2f} s"
