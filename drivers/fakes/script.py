"""What a virtual device is told to do: a small file, JSON or TOML, and its strict reading. No behaviour.

packets = ["normal"]      names that the device's own file lists, or the bytes of a packet in hexadecimal; oldest first
duration_s = 2.0          seconds that the measurement takes before the device shows itself (a cuff says inflation_s)
fault = "drop-link"       what goes wrong on the line (see Fault); left out: nothing
fault_at = 0              which packet, operation or record the fault befalls, counted from 0 in each connection
fault_times = 1           in how many connections after a measurement it goes wrong; left out: in all
record_fault = "nan"      what is wrong with record number fault_at itself (see RecordFault); left out: nothing
clock_error_s = -259200   how far the device's clock is off before it is set; left out: as the kiosk left it
used = 1                  raise the number, and somebody uses the device unasked
"""

from __future__ import annotations

import enum
import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec


class Fault(enum.Enum):
    """What goes wrong on the line. The first six befall packet ``fault_at``, counted over all subscriptions."""

    DROP_LINK = "drop-link"  # it is lost when the packet would come; the confirmation of the one before is lost too
    DUPLICATE = "duplicate"  # comes twice
    REORDER = "reorder"  # changes places with the next one
    TRUNCATE = "truncate"  # its last three bytes are missing
    SPLIT = "split"  # comes in two notifications
    LOSE = "lose"  # is sent and confirmed, but never arrives
    REDELIVER = "redeliver"  # its confirmation is lost and the device hangs up: it comes again at the next connection
    MUTE = "mute"  # the line stands, but no packet ever comes
    HANGS = "hangs"  # operation number fault_at and all later ones are never answered
    SLOW = "slow"  # everything takes 1.2 s
    REJECTS = "rejects"  # operation number fault_at is answered with an error
    UNAUTHENTICATED = "unauthenticated"  # operations are refused from fault_at on: no bond
    SILENT = "silent"  # it is used but never shows itself
    REFUSES = "refuses"  # it will not take a connection: bonded to another host
    STALE_BOND = "stale-bond"  # it has forgotten the bond


class RecordFault(enum.Enum):
    """What is wrong with a record. Each device lists those that its format can express."""

    NAN = "nan"  # a failed measurement: every value is missing
    CLOCK_RESET = "clock-reset"  # the batteries were out: the device's clock began at 2000-01-01
    MONTH_13 = "month-13"
    YEAR_2044 = "year-2044"
    YEAR_0 = "year-0"
    OTHER_USER = "other-user"  # slot 2
    UNKNOWN_USER = "unknown-user"  # 0xFF
    DEMONSTRATION = "demonstration"
    CONTROL_SOLUTION = "control-solution"


class ScriptError(ValueError):
    """The script cannot be used; the text says what is wrong with it."""


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all scripts have in common; the head of this module says what each word means."""

    packets: tuple[str, ...] = ("normal",)
    fault: Fault | None = None
    fault_at: int = 0
    fault_times: int | None = None
    record_fault: RecordFault | None = None
    clock_error_s: float | None = None
    used: int = 0

    @property
    def preparation_s(self) -> float:
        """Seconds from the moment it is used until there is something to send."""
        return 0.0


class DeviceScript(Script, frozen=True, forbid_unknown_fields=True):
    """One measurement of any device but a cuff."""

    duration_s: float = 2.0

    def __post_init__(self) -> None:
        if not 0 <= self.duration_s <= 600:
            raise ScriptError(f"duration_s: {self.duration_s} is not between 0 and 600")

    @property
    def preparation_s(self) -> float:
        return self.duration_s


_Script = TypeVar("_Script", bound=Script)


def load(path: Path, kind: type[_Script]) -> _Script:
    """Read a script. Raises ScriptError, also when there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text) if path.suffix == ".toml" else msgspec.json.decode(text)
        return msgspec.convert(raw, kind)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise ScriptError(f"{path}: {error}") from error
