"""Processor time of a process with all its descendants, out of /proc; starts and ends nothing."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def processor_seconds(process_id: int) -> float:
    """User and system time so far of the process and everything below it that lives, in seconds; 0.0 if it is gone."""
    ticks, children = 0, _children_of_all()
    waiting = [process_id]
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        fields = _stat(process)
        # utime, stime, and those of its ended children that were waited for
        ticks += sum(int(field) for field in fields[11:15]) if fields else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def _children_of_all() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and (fields := _stat(int(folder.name))):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    return children


def _stat(process_id: int) -> list[str]:
    """The fields of /proc/N/stat after the name; empty for a process that is gone."""
    try:
        return (
            (_PROC / str(process_id) / "stat").read_text(encoding="ascii", errors="replace").rsplit(") ", 1)[1].split()
        )
    except (FileNotFoundError, ProcessLookupError):
        return []
