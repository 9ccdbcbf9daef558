"""``kiosk bench call``: calls over bad lines, the kiosk's, a browser's and stock aiortc's, each to a browser.

It starts and ends everything and remembers what was run; what is measured stands in conditions_table.py.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from kiosk.callbench.call_check import Check, Measurement, Soak
from kiosk.callbench.call_run import CallRun, Pair, Scenario, SetUp, measure, scenarios, set_up
from kiosk.callbench.chromium_end import ChromiumProgram
from kiosk.callbench.conditions_table import CHECKS
from kiosk.callbench.end import End, EndError
from kiosk.callbench.kiosk_end import KioskEnd
from kiosk.callbench.material import HD, VGA, Material, prepare
from kiosk.callbench.processor import Belongings, belongings, machine_time, stolen_share
from kiosk.callbench.stock_end import StockEnd
from kiosk.callbench.world import World, WorldError, world
from kiosk.ipc.media_messages import IceServer

_NEVER = SetUp(None, None, None, None, None)
_CALL_LIMIT_S = 120.0
_MOST_STOLEN = 0.04
"""Of the processors' time: where a host takes more away, a call says more of the host than of the ends."""
_ATTEMPTS = 2
_SETTLED_CALLS = 20
"""Until then allocator and codecs are still taking what they keep."""
_STOCK_CALLS = 5
"""Stock aiortc takes up to a quarter of a minute to connect, and its figure needs no second place."""
DEAD_SERVERS = (
    IceServer(urls=("stun:10.77.0.9:3478",)),
    IceServer(urls=("turn:10.77.0.9:3478",), username="nobody", credential="nothing"),
)
"""Nobody has this address on the line."""


class Options(msgspec.Struct, frozen=True):
    """``seconds``: the window of one call; ``calls``: set-ups for each figure of set-up, enough for a p95 that is not
    simply the worst; ``soak``: calls in a row; ``seed``: of every loss; ``artefacts``: a folder for what was heard."""

    seconds: float = 15.0
    calls: int = 40
    soak: int = 300
    seed: int = 1
    artefacts: Path | None = None


class CallBench:
    """A ``Bench`` (call_check.py). ``folder`` must exist and be private; ``say`` gets a line for each call that ran;
    ``known``: the scenarios by name, those of the table if None."""

    def __init__(
        self,
        folder: Path,
        options: Options,
        say: Callable[[str], None],
        known: Mapping[str, Scenario] | None = None,
    ) -> None:
        self._folder = folder
        self._materials: dict[bool, Material] = {}
        self._options = options
        self._say = say
        self._scenarios = scenarios() if known is None else known
        self._runs: dict[tuple[Pair, str], CallRun | str] = {}
        self._stolen: dict[tuple[Pair, str], float] = {}
        self._set_ups: dict[tuple[Pair, str, bool], Sequence[SetUp]] = {}
        self._soak: Soak | None = None
        self._soaked = False
        self._number = 0

    @property
    def artefacts(self) -> Path | None:
        """See Bench."""
        return self._options.artefacts

    async def run(self, pair: Pair, scenario: str) -> CallRun | None:
        """See Bench. Raises WorldError when there is no line to be had."""
        key = (pair, scenario)
        if key not in self._runs:
            for _ in range(_ATTEMPTS):
                await self._try(key)
                if self._stolen[key] <= _MOST_STOLEN:
                    break
        kept = self._runs[key]
        return kept if isinstance(kept, CallRun) else None

    async def _try(self, key: tuple[Pair, str]) -> None:
        """Run it, and keep it unless less was stolen from an earlier one."""
        pair, scenario = key
        began, before = time.monotonic(), machine_time()
        found = await self._run(pair, self._scenarios[scenario])
        stolen = stolen_share(before, machine_time())
        result = "done" if isinstance(found, CallRun) else found
        self._say(
            f"{scenario}, {pair.value} to browser: {result} ({time.monotonic() - began:.0f} s, {stolen:.0%} stolen)"
        )
        kept = self._runs.get(key)
        if not isinstance(kept, CallRun) or (isinstance(found, CallRun) and stolen < self._stolen[key]):
            self._runs[key], self._stolen[key] = found, stolen
            if self.artefacts is not None and isinstance(found, CallRun) and found.a.recording is not None:
                shutil.copyfile(found.a.recording, self.artefacts / f"{scenario}-{pair.value}.wav")

    def trouble(self, pair: Pair, scenario: str) -> str:
        """See Bench."""
        kept = self._runs.get((pair, scenario), "")
        if not isinstance(kept, CallRun):
            return kept
        stolen = self._stolen[(pair, scenario)]
        return f"the host took {stolen:.0%} of the processors away" if stolen > _MOST_STOLEN else ""

    async def set_ups(self, pair: Pair, scenario: str, *, dead_relay: bool = False) -> Sequence[SetUp]:
        """See Bench. Raises WorldError when there is no line to be had."""
        key = (pair, scenario, dead_relay)
        if key not in self._set_ups:
            began = time.monotonic()
            self._set_ups[key] = await self._several(pair, self._scenarios[scenario], dead_relay)
            what = f"{len(self._set_ups[key])} set-ups, {scenario}{', dead relay' if dead_relay else ''}"
            self._say(f"{what}, {pair.value} to browser ({time.monotonic() - began:.0f} s)")
        return self._set_ups[key]

    async def soak(self) -> Soak | None:
        """See Bench. Raises WorldError when there is no line to be had."""
        if not self._soaked:
            self._soaked = True
            try:
                self._soak = await self._many_calls(self._scenarios["clean"])
            except (EndError, FileNotFoundError, ProcessLookupError) as error:
                self._say(f"calls in a row: {error}")
        return self._soak

    async def _many_calls(self, scenario: Scenario) -> Soak:
        failed, before = 0, None
        async with (
            world(scenario.conditions, seed=self._options.seed) as line,
            self._ends(Pair.KIOSK, scenario, line) as (first, second),
            _started(first()) as a,
        ):
            if not isinstance(a, KioskEnd):
                raise RuntimeError("only the kiosk is called again and again")
            for number in range(self._options.soak):
                async with _started(second()) as b:
                    failed += (await set_up(a, b)).connected is None
                await a.drop()
                if number == min(_SETTLED_CALLS, self._options.soak) - 1:
                    before = await self._settled(a, None)
                elif number % 50 == 0:
                    self._say(f"calls in a row: {number} of {self._options.soak}")
            after = await self._settled(a, before)
        if before is None:
            raise EndError("no call was asked for")
        return Soak(
            self._options.soak,
            failed,
            after.threads - before.threads,
            after.files - before.files,
            after.memory_mb - before.memory_mb,
        )

    async def _settled(self, kiosk: KioskEnd, before: Belongings | None) -> Belongings:
        """What the media process holds once the call has been closed, or after 5 s."""
        held = belongings(kiosk.process_id)
        for _ in range(10):
            await asyncio.sleep(0.5)
            held = belongings(kiosk.process_id)
            if before is not None and held.threads <= before.threads and held.files <= before.files:
                break
        return held

    async def _run(self, pair: Pair, scenario: Scenario) -> CallRun | str:
        """The run, or why there is none."""
        try:
            async with (
                asyncio.timeout(_CALL_LIMIT_S),
                world(scenario.conditions, seed=self._options.seed) as line,
                self._ends(pair, scenario, line) as (first, second),
                _started(first()) as a,
                _started(second()) as b,
            ):
                return await measure(line, scenario, a, b, self._options.seconds)
        except EndError as error:
            return str(error)
        except WorldError as error:
            if error.missing is not None:  # no call will ever be possible here
                raise
            return str(error)
        except TimeoutError:
            return f"no end within {_CALL_LIMIT_S:.0f} s"

    async def _several(self, pair: Pair, scenario: Scenario, dead_relay: bool) -> Sequence[SetUp]:
        """Call after call with ends that live on where they can: only the call is fresh."""
        calls = min(self._options.calls, _STOCK_CALLS) if pair is Pair.STOCK else self._options.calls
        found: list[SetUp] = []
        async with (
            world(scenario.conditions, seed=self._options.seed) as line,
            self._ends(pair, scenario, line, dead_relay) as (first, second),
        ):
            while len(found) < calls:
                # A kiosk that failed is started afresh, as every other end is for each call.
                try:
                    async with _started(first()) as a:
                        while len(found) < calls:
                            async with _started(second()) as b:
                                found.append(await set_up(a, b))
                            if not isinstance(a, KioskEnd):
                                break
                            await a.drop()
                except EndError as error:
                    self._say(str(error))
                    found.append(_NEVER)
        return found

    @asynccontextmanager
    async def _ends(
        self, pair: Pair, scenario: Scenario, line: World, dead_relay: bool = False
    ) -> AsyncIterator[tuple[Callable[[], End], Callable[[], End]]]:
        """What makes fresh ends for either side."""
        material = await self._material(scenario.hd)
        seen = material.camera_hd if scenario.hd else material.camera
        camera = "generated" if scenario.live_clock else seen
        size, speech = (HD if scenario.hd else VGA), material.speech
        async with AsyncExitStack() as stack:
            programs = [ChromiumProgram(seen, size, speech, line.command("b", ()))]
            if pair is Pair.BROWSER:
                programs.append(ChromiumProgram(seen, size, speech, line.command("a", ())))
            await asyncio.gather(*(stack.enter_async_context(program) for program in programs))

            def first() -> End:
                prefix, folder = line.command("a", ()), self._next_folder()
                match pair:
                    case Pair.BROWSER:
                        return programs[1].end(live_clock=scenario.live_clock)
                    case Pair.KIOSK:
                        servers = DEAD_SERVERS if dead_relay else ()
                        return KioskEnd(
                            folder, camera, speech, prefix, size=HD if scenario.hd else VGA, ice_servers=servers
                        )
                    case Pair.STOCK:
                        return StockEnd(camera, speech, prefix)

            nurse = pair is Pair.KIOSK
            yield first, lambda: programs[0].end(live_clock=scenario.live_clock, nurse=nurse)

    async def _material(self, hd: bool) -> Material:
        """What cameras see and microphones hear, prepared when first needed. Raises EndError."""
        if hd not in self._materials:
            try:
                self._materials[hd] = await asyncio.to_thread(prepare, self._folder, hd=hd)
            except (OSError, subprocess.SubprocessError) as error:
                raise EndError(f"the bench's picture and speech cannot be prepared: {error}") from error
            self._say(self._materials[hd].note)
        return self._materials[hd]

    def _next_folder(self) -> Path:
        self._number += 1
        folder = self._folder / f"end-{self._number}"
        folder.mkdir(mode=0o700)
        return folder


@asynccontextmanager
async def _started(end: End) -> AsyncIterator[End]:
    try:
        await end.start()
        yield end
    finally:
        await end.stop()


async def measure_calls(
    only: Sequence[str], options: Options, say: Callable[[str], None], checks: Mapping[str, Measurement] | None = None
) -> list[Check]:
    """Measure the checks of these names (all of ``checks`` if none), in the table's order. Raises WorldError."""
    measurements = CHECKS if checks is None else checks
    wanted = [name for name in measurements if not only or name in only]
    say(f"{os.cpu_count()} processors, {os.getloadavg()[0]:.1f} of them busy in the last minute")
    with tempfile.TemporaryDirectory(prefix="svar-bench-") as folder:
        bench = CallBench(Path(folder), options, say)
        found = []
        for name in wanted:
            check = await measurements[name](bench, name)
            found.append(check)
            say(f"  {name}: {check.value} {check.unit} ({'met' if check.met else 'not met'}) {check.note}".rstrip())
        return found
