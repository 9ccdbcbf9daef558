"""What a virtual cuff is told to do: drivers.fakes.script with a cuff's own words. No behaviour.

packets = ["normal"]      "normal", "nan", "irregular", "loose", "moved", "position", or hexadecimal; oldest first
inflation_s = 2.0         seconds until the cuff shows itself; with progress, until it sends its records
progress = true           the cuff shows itself at once and tells its pressure while it inflates; left out: false
"""

from __future__ import annotations

from pathlib import Path

from drivers.fakes.script import Fault, Script, ScriptError, load

CuffFault = Fault
NAMED_PACKETS = ("normal", "nan", "irregular", "loose", "moved", "position")

__all__ = ["NAMED_PACKETS", "CuffFault", "CuffScript", "ScriptError", "load_script"]


class CuffScript(Script, frozen=True, forbid_unknown_fields=True):
    """One measurement. The default: 125/80 mmHg, pulse 64, after two seconds."""

    inflation_s: float = 2.0
    progress: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.inflation_s <= 600:
            raise ScriptError(f"inflation_s: {self.inflation_s} is not between 0 and 600")
        for packet in self.packets:
            if packet not in NAMED_PACKETS:
                try:
                    bytes.fromhex(packet)
                except ValueError as error:
                    raise ScriptError(f"packets: {packet!r} is neither a name nor hexadecimal") from error

    @property
    def preparation_s(self) -> float:
        return self.inflation_s


def load_script(path: Path) -> CuffScript:
    """Read a script. Raises ScriptError, also when there is no such file."""
    return load(path, CuffScript)
