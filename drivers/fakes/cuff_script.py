"""What the virtual cuff is told to do: a small file, JSON or TOML, and its strict reading. No behaviour.

packets = ["normal"]      "normal", "nan", "irregular", or the bytes of a packet in hexadecimal; oldest first
inflation_s = 2.0         seconds until the cuff shows itself
fault = "drop-link"       or "duplicate", "truncate", "silent", "refuses", "hangs"; left out: none
fault_at = 0              which packet of the connection the first three befall, counted from 0
clock_error_s = -259200   how far the cuff's clock is off before it is set; left out: as the kiosk left it
"""

from __future__ import annotations

import enum
import tomllib
from pathlib import Path

import msgspec

NAMED_PACKETS = ("normal", "nan", "irregular")


class CuffFault(enum.Enum):
    """What goes wrong, once per connection."""

    DROP_LINK = "drop-link"
    DUPLICATE = "duplicate"
    TRUNCATE = "truncate"
    SILENT = "silent"
    REFUSES = "refuses"
    HANGS = "hangs"


class ScriptError(ValueError):
    """The script cannot be used; the text says what is wrong with it."""


class CuffScript(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measurement. The default: 125/80 mmHg, pulse 64, after two seconds."""

    packets: tuple[str, ...] = ("normal",)
    inflation_s: float = 2.0
    fault: CuffFault | None = None
    fault_at: int = 0
    clock_error_s: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.inflation_s <= 600:
            raise ScriptError(f"inflation_s: {self.inflation_s} is not between 0 and 600")
        for packet in self.packets:
            if packet not in NAMED_PACKETS:
                try:
                    bytes.fromhex(packet)
                except ValueError as error:
                    raise ScriptError(f"packets: {packet!r} is neither a name nor hexadecimal") from error


def load_script(path: Path) -> CuffScript:
    """Read a script. Raises ScriptError, also when there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text) if path.suffix == ".toml" else msgspec.json.decode(text)
        return msgspec.convert(raw, CuffScript)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise ScriptError(f"{path}: {error}") from error
