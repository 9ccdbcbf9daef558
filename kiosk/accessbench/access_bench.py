"""Runs the checks of the access bench, each part in a process of its own: one that dies takes no other with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence

import msgspec

from kiosk.accessbench.access_check import AccessCheck, Check, Figure, judged, not_measured
from kiosk.accessbench.goals import PARTS, all_checks, checks_of

PART_LIMIT_S = 1800.0
"""For one part of the bench with all its checks."""
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen", "QT_QUICK_BACKEND": "software", "QSG_RENDER_LOOP": "basic"}
"""Qt without a screen: set before the first module of Qt is loaded."""
_LAST_WORDS = 120


class _Told(msgspec.Struct, frozen=True):
    """One line of a child: a figure by name."""

    name: str
    figure: Figure


def measure_access(only: Sequence[str], say: Callable[[str], None]) -> list[Check]:
    """Measure the checks of these names (all if none), in the order of the goals; ``say`` hears of each at once."""
    wanted = [(part, check) for part, check in all_checks() if not only or check.name in only]
    found: dict[str, Check] = {}
    for part in PARTS:
        mine = [check for of, check in wanted if of == part]
        if mine:
            found.update((one.name, one) for one in _measure_part(part, mine, say))
    return [found[check.name] for _, check in wanted]


def measure_here(part: str, names: Sequence[str], tell: Callable[[str], None]) -> None:
    """The child's side: measure these checks of a part; ``tell`` gets a line of JSON for each."""
    for check in checks_of(part):
        if check.name in names:
            tell(msgspec.json.encode(_Told(check.name, _figure(check))).decode())


def _figure(check: AccessCheck) -> Figure:
    try:
        return check.measure()
    except Exception as error:  # whatever it is: the other checks go on, and the note says it
        return Figure(None, f"{type(error).__name__}: {error}"[:_LAST_WORDS])


def _measure_part(part: str, checks: Sequence[AccessCheck], say: Callable[[str], None]) -> list[Check]:
    command = [sys.executable, "-m", "kiosk.accessbench", part, *(check.name for check in checks)]
    told: dict[str, Figure] = {}
    why = "it ended before this was measured"
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **OFFSCREEN}) as child:
        try:
            output, _ = child.communicate(timeout=PART_LIMIT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            output, _ = child.communicate()
            why = f"no end within {PART_LIMIT_S:.0f} s"
    if child.returncode:
        why = f"{why} (exit code {child.returncode})"
    for line in output.splitlines():
        try:
            one = msgspec.json.decode(line, type=_Told)
        except msgspec.DecodeError:
            continue  # what a library prints
        told[one.name] = one.figure
    found = []
    for check in checks:
        figure = told.get(check.name)
        result = not_measured(check.name, check.unit, check.goal, why) if figure is None else judged(check, figure)
        found.append(result)
        say(
            f"{result.name}: {result.value} {result.unit} ({'met' if result.met else 'not met'}) {result.note}".rstrip()
        )
    return found
