"""One judged figure of the call bench, and what a check may ask of the bench; measures nothing itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from kiosk.callbench.call_run import CallRun, Pair, SetUp


class Check(msgspec.Struct, frozen=True):
    """As in ``kiosk bench visit``, with the browser (``reference``) and stock aiortc (``stock``) on the same line.

    ``goal`` None: told without judgement. ``more``: a goal to reach, else one not to exceed. What could not be
    measured has ``value`` None and ``met`` False.
    """

    name: str
    value: float | None
    unit: str
    goal: float | None
    reference: float | None
    stock: float | None
    met: bool
    note: str

    def as_dict(self) -> dict[str, str | float | bool | None]:
        """For JSON."""
        return msgspec.structs.asdict(self)


def judged(
    name: str,
    value: float | None,
    unit: str,
    goal: float | None,
    *,
    reference: float | None = None,
    stock: float | None = None,
    more: bool = False,
    note: str = "",
    digits: int = 1,
) -> Check:
    """A check whose value is compared, as rounded, with its goal; less is better unless ``more``."""

    def short(figure: float | None) -> float | None:
        return None if figure is None else round(figure, digits)

    shown = short(value)
    met = shown is not None and (goal is None or (shown >= goal if more else shown <= goal))
    return Check(name, shown, unit, goal, short(reference), short(stock), met, note)


class Soak(msgspec.Struct, frozen=True):
    """How the media process grew over ``calls`` calls in a row, between two moments without a call."""

    calls: int
    failed: int
    threads: int
    files: int
    memory_mb: float


class Bench(Protocol):
    """What measurements may ask for; everything is run once and remembered."""

    @property
    def artefacts(self) -> Path | None:
        """Where sound that was measured is kept to be listened to; None: nowhere."""
        ...

    async def run(self, pair: Pair, scenario: str) -> CallRun | None:
        """The call of that pair under that scenario; None if it came to nothing, see ``trouble``."""
        ...

    async def set_ups(self, pair: Pair, scenario: str, *, dead_relay: bool = False) -> Sequence[SetUp]:
        """Several set-ups; ``dead_relay``: the kiosk has a STUN and a TURN server that never answer."""
        ...

    async def soak(self) -> Soak | None:
        """Many calls in a row of one media process; None if even the first came to nothing."""
        ...

    def trouble(self, pair: Pair, scenario: str) -> str:
        """Why there is no such run, or what speaks against the one there is; or an empty text."""
        ...


Measurement = Callable[[Bench, str], Awaitable[Check]]
"""Measures the check of that name. Engineers of other rows add theirs to ``conditions_table.CHECKS``."""
