"""What processes take, out of /proc: processor time with all descendants, threads, files, memory; starts nothing."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

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


class MachineTime(msgspec.Struct, frozen=True):
    """Clock ticks of all processors since the start: all of them, and those that a virtual machine's host kept."""

    total: int
    stolen: int


def machine_time(proc: Path = _PROC) -> MachineTime:
    """The first line of /proc/stat (proc_stat(5)): user nice system idle iowait irq softirq steal, then guests."""
    first = (proc / "stat").read_text(encoding="ascii").splitlines()[0]
    ticks = [int(field) for field in first.split()[1:9]]
    return MachineTime(sum(ticks), ticks[7] if len(ticks) > 7 else 0)


def stolen_share(before: MachineTime, after: MachineTime) -> float:
    """Share 0..1 of the processors' time in between that the host gave to others."""
    total = after.total - before.total
    return (after.stolen - before.stolen) / total if total > 0 else 0.0


class Belongings(msgspec.Struct, frozen=True):
    """What one process holds; ``memory_mb`` is its proportional set size."""

    threads: int
    files: int
    memory_mb: float


def belongings(process_id: int) -> Belongings:
    """Of one living process, without its children. Raises FileNotFoundError, ProcessLookupError."""
    folder = _PROC / str(process_id)
    lines = (folder / "smaps_rollup").read_text(encoding="ascii").splitlines()
    kilobytes = next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return Belongings(
        threads=sum(1 for _ in (folder / "task").iterdir()),
        files=sum(1 for _ in (folder / "fd").iterdir()),
        memory_mb=kilobytes / 1000,
    )


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
