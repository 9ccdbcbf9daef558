"""Runs one measured call between two ends over a line, and keeps what came out of it; judges nothing."""

from __future__ import annotations

import asyncio
import enum
import time

import msgspec

from kiosk.callbench.end import End, EndError, EndReport
from kiosk.callbench.line import CONDITIONS, Conditions
from kiosk.callbench.line_process import LineReport
from kiosk.callbench.world import World

MEDIA_LIMIT_S = 25.0
_POLL_S = 0.02


class Pair(enum.Enum):
    """Who calls: the far end (side b) is always a browser; side a is named here."""

    KIOSK = "kiosk"
    BROWSER = "browser"
    STOCK = "stock"


class Change(msgspec.Struct, frozen=True):
    """``at_s`` seconds after the window began the line becomes ``conditions``."""

    at_s: float
    conditions: Conditions


class Scenario(msgspec.Struct, frozen=True):
    """One way to measure a call. ``name`` is the condition's.

    ``settle_s`` between first media and the window; ``least_s`` the shortest useful window. ``hd``: both cameras are
    720p30, else VGA30. ``live_clock``: pictures drawn with the time in them instead of the camera file. ``changes`` in
    the order of time.
    """

    name: str
    conditions: Conditions
    settle_s: float = 4.0
    least_s: float = 5.0
    hd: bool = False
    live_clock: bool = False
    changes: tuple[Change, ...] = ()


class SetUp(msgspec.Struct, frozen=True):
    """Seconds after the patient accepted, signalling taken out; None for what did not come within 25 s."""

    connected: float | None
    picture_a: float | None
    picture_b: float | None
    sound_a: float | None
    sound_b: float | None


class CallRun(msgspec.Struct, frozen=True):
    """One call. ``a`` and ``b``: what each end reported. ``line`` counted in the window, which began at ``began``.

    ``unix_less_monotonic``: seconds that Unix time was ahead of CLOCK_MONOTONIC.
    """

    scenario: Scenario
    set_up: SetUp
    began: float
    a: EndReport
    b: EndReport
    line: LineReport
    unix_less_monotonic: float = 0.0


BURST_FROM_S, BURST_UNTIL_S = 4.0, 6.0
LOW_FROM_S, LOW_UNTIL_S = 5.0, 15.0
_BURST = Conditions("burst", loss=0.3, burst_loss=0.1)
_CLEAN = CONDITIONS["clean"]


def scenarios() -> dict[str, Scenario]:
    """Every condition of the table by its name."""
    found = {
        name: Scenario(name, conditions)
        for name, conditions in CONDITIONS.items()
        if name in ("clean", "loss1", "loss5", "loss10", "loss20", "burst5", "jitter30")
    }
    # A slow line is measured when the estimators have found it.
    found |= {name: Scenario(name, CONDITIONS[name], settle_s=6.0) for name in ("rate300", "rate100")}
    found["burst"] = Scenario(
        "burst",
        _CLEAN,
        least_s=BURST_UNTIL_S + 6.0,
        changes=(Change(BURST_FROM_S, _BURST), Change(BURST_UNTIL_S, _CLEAN)),
    )
    fast, low = rate("2M", 2_000_000), CONDITIONS["rate300"]
    found["step"] = Scenario(
        "step",
        fast,
        settle_s=6.0,
        least_s=LOW_UNTIL_S + 10.0,
        changes=(Change(LOW_FROM_S, low), Change(LOW_UNTIL_S, fast)),
    )
    found["clock"] = Scenario("clock", _CLEAN, live_clock=True)
    # From the first picture on: how soon the browser sends 720p is one of its figures.
    found["hd"] = Scenario("hd", _CLEAN, settle_s=0.0, least_s=10.0, hd=True)
    return found


def rate(name: str, bits_per_second: float) -> Conditions:
    """A line of one rate with the queue of the others."""
    low = CONDITIONS["rate100"]
    steps = tuple(msgspec.structs.replace(step, bits_per_second=bits_per_second) for step in low.rates)
    return msgspec.structs.replace(low, name=name, rates=steps)


async def set_up(a: End, b: End, limit_s: float = MEDIA_LIMIT_S) -> SetUp:
    """The nurse (b) calls, the patient (a) accepts; returns when media flows both ways. Both ends have been started.

    Signalling is taken out: the time from a's answer until b begins to take it does not count. Raises EndError.
    """
    offer = await b.offer()
    answer = await a.answer(offer)
    answered = time.monotonic()
    await b.take_answer(answer)
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and not all(_flows(end) for end in (a, b)):  # noqa: ASYNC110 - ends have no event
        await asyncio.sleep(_POLL_S)
    accepted, taken = a.accepted_at, b.accepted_at
    if accepted is None or taken is None:
        raise EndError("an end does not say when it accepted")
    signalling = max(0.0, taken - answered)

    def after(at: float | None) -> float | None:
        return None if at is None else at - accepted - signalling

    connected = None if a.connected_at is None or b.connected_at is None else max(a.connected_at, b.connected_at)
    return SetUp(
        connected=after(connected),
        picture_a=after(a.first_picture_at),
        picture_b=after(b.first_picture_at),
        sound_a=after(a.first_sound_at),
        sound_b=after(b.first_sound_at),
    )


def _flows(end: End) -> bool:
    return None not in (end.connected_at, end.first_picture_at, end.first_sound_at)


async def measure(world: World, scenario: Scenario, a: End, b: End, seconds: float) -> CallRun:
    """One whole call between two ends that have been started. Raises EndError, WorldError."""
    began_at = await set_up(a, b)
    await asyncio.sleep(scenario.settle_s)
    began = time.monotonic()
    await asyncio.gather(a.begin(began), b.begin(began))
    for change in scenario.changes:
        await asyncio.sleep(max(0.0, began + change.at_s - time.monotonic()))
        await world.change(change.conditions)
    await asyncio.sleep(max(0.0, began + max(seconds, scenario.least_s) - time.monotonic()))
    report_a, report_b, line = await asyncio.gather(a.report(), b.report(), world.counts(began))
    ahead = time.time() - time.monotonic()
    return CallRun(scenario, began_at, began, report_a, report_b, line, ahead)
