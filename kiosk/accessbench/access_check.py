"""What a check of the access bench is: its name, its goal, how it is measured and judged. Measures nothing itself.

A part of the bench is a module with ``CHECKS: tuple[AccessCheck, ...]`` (goals.py lists them). Its names begin with
the goal that they belong to (``g1_contrast_text``); the functions behind them are used by tests too.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """What was measured. ``value`` None: it could not be. ``note``: where the worst stands, in a few words.

    ``met`` is set only by a check that cannot be judged by comparing its value with its goal. ``reference``: the same
    of a peer, measured in the same run.
    """

    value: float | None
    note: str = ""
    met: bool | None = None
    reference: float | None = None


class AccessCheck(msgspec.Struct, frozen=True):
    """One figure to measure. ``goal`` None: told without judgement; ``more``: a goal to reach, else not to exceed.

    ``measure`` takes no argument and may take minutes; it runs in a process of its own, on the main thread, with Qt's
    offscreen platform and software scene graph set, and no application made. What it raises becomes the note.
    """

    name: str
    unit: str
    goal: float | None
    measure: Callable[[], Figure]
    more: bool = False
    digits: int = 1


class Check(msgspec.Struct, frozen=True):
    """One judged figure, as every bench writes it (design.md). Not measured: ``value`` None and ``met`` False."""

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


def judged(check: AccessCheck, figure: Figure) -> Check:
    """The figure beside its goal, compared as rounded."""
    value = None if figure.value is None else round(figure.value, check.digits)
    reference = None if figure.reference is None else round(figure.reference, check.digits)
    if value is None:
        met = False
    elif figure.met is not None:
        met = figure.met
    else:
        met = check.goal is None or (value >= check.goal if check.more else value <= check.goal)
    return Check(check.name, value, check.unit, check.goal, reference, met, figure.note)


def not_measured(name: str, unit: str, goal: float | None, why: str) -> Check:
    """A check that gave nothing."""
    return Check(name, None, unit, goal, None, False, why)
