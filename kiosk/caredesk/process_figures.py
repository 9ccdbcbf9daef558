"""Memory and processor time of the kiosk's processes, out of /proc; starts and ends nothing."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

_PROC = Path("/proc")


class ProcessFigures(msgspec.Struct, frozen=True):
    """``name`` is core, media, ui or speech; ``pss_kb`` proportional set size; ``cpu_s`` user and system together."""

    name: str
    process_id: int
    pss_kb: int
    cpu_s: float


def family(core: int) -> list[ProcessFigures]:
    """Core and its children, as they stand now; a process that ends meanwhile is left out."""
    figures = []
    for process_id in (core, *_children(core)):
        try:
            figures.append(_figures(process_id))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return figures


def cpu_shares(before: list[ProcessFigures], after: list[ProcessFigures], seconds: float) -> dict[str, float]:
    """Per cent of one core that each process took between two looks."""
    began = {one.process_id: one.cpu_s for one in before}
    return {
        one.name: round(100 * (one.cpu_s - began[one.process_id]) / seconds, 1)
        for one in after
        if one.process_id in began
    }


def _children(process_id: int) -> list[int]:
    children = []
    for task in (_PROC / str(process_id) / "task").iterdir():
        children += [int(child) for child in (task / "children").read_text().split()]
    return children


def _figures(process_id: int) -> ProcessFigures:
    folder = _PROC / str(process_id)
    words = (folder / "cmdline").read_bytes().split(b"\0")
    modules = [words[place + 1].decode() for place, word in enumerate(words[:-1]) if word == b"-m"]
    name = modules[0].removeprefix("kiosk.") if modules else "unknown"
    pss = next(
        int(line.split()[1]) for line in (folder / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:")
    )
    fields = (folder / "stat").read_text().rsplit(") ", 1)[1].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return ProcessFigures("core" if name == "kiosk" else name, process_id, pss, cpu)
