"""Which goals the access bench measures, in which part each lies, and what stands for one that has no check yet."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence

from kiosk.accessbench.access_check import AccessCheck, Figure

PARTS: Mapping[str, tuple[str, ...]] = {
    "screen_checks": ("g1_contrast", "g2_control_sizes", "g4_text_size", "g5_layout", "g18_plainness"),
    "voice_checks": ("g8_prompts", "g9_voice_speed", "g10_voice_rate", "g20_consent"),
    "sound_checks": ("g11_ring_tone", "g12_flashing", "g13_volume", "g14_sound_profile"),
    "text_checks": ("g15_live_text",),
    "touch_checks": ("g3_touch", "g7_keys_and_switch", "g17_no_time_limit"),
    "tree_checks": ("g6_accessibility_tree",),
}
"""Modules of this package, and the goals (numbers of accessibility.md) of which each has at least one check."""


def goal_of(name: str) -> str:
    """``g1`` of ``g1_contrast_text``."""
    return name.partition("_")[0]


def checks_of(part: str) -> tuple[AccessCheck, ...]:
    """The checks of one part, and a stand-in for every goal of which it has none. Raises TypeError for a module
    without ``CHECKS``."""
    found = _declared(part)
    covered = {goal_of(check.name) for check in found}
    missing = [name for name in PARTS[part] if goal_of(name) not in covered]
    return (*found, *(AccessCheck(name, "", None, _not_built) for name in missing))


def all_checks() -> Sequence[tuple[str, AccessCheck]]:
    """Every check with its part, in the order of the goals. Raises ValueError when two have the same name."""
    found = [(part, check) for part in PARTS for check in checks_of(part)]
    names = [check.name for _, check in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"more than one check is called {', '.join(sorted(twice))}")
    return sorted(found, key=lambda one: int(goal_of(one[1].name).removeprefix("g")))


def _declared(part: str) -> tuple[AccessCheck, ...]:
    module = f"{__package__}.{part}"
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return ()
    checks = getattr(found, "CHECKS", None)
    if not isinstance(checks, tuple) or not all(isinstance(one, AccessCheck) for one in checks):
        raise TypeError(f"{module}.CHECKS is to be a tuple of AccessCheck")
    return checks


def _not_built() -> Figure:
    return Figure(None, "not built yet")
