"""How one supported device is described: the words that drivers.catalog, the README and the radio use. No list here."""

from __future__ import annotations

import enum
from collections.abc import Callable
from pathlib import Path

import msgspec

from drivers.device import Clock, Peripheral
from drivers.dialogues.dialogue import Dialogue
from drivers.readings import Kind


class Transport(enum.Enum):
    """How its bytes reach us."""

    BLUETOOTH = "bluetooth"
    BROADCAST = "broadcast"  # service data in Bluetooth advertisements, no connection
    SERIAL = "serial"


class ClockRule(enum.Enum):
    """When the device's clock is written. It is always read first where it can be read."""

    EVERY_CONNECTION = "every-connection"
    WHEN_WRONG = "when-wrong"
    ON_FIRST_CURRENT_TIME = "on-first-current-time"  # Omron: once, at its first 2A2B notification
    NEVER = "never"
    NO_CLOCK = "no-clock"


class Bonding(enum.Enum):
    """What the device wants before it talks."""

    REQUIRED_ONE_HOST = "required-one-host"
    REQUIRED = "required"
    PASSKEY = "passkey"
    OPTIONAL = "optional"
    NONE = "none"


class Verified(enum.Enum):
    """How we know that our side is right; nothing here claims more than was tried."""

    REAL_DEVICE = "real-device"
    CAPTURED_TRAFFIC = "captured-traffic"
    SPECIFICATION = "specification"
    FAKE_ONLY = "fake-only"


class Advertisement(msgspec.Struct, frozen=True):
    """What a peripheral says of itself before a connection. UUIDs: 128 bits in lower case.

    ``manufacturer_data`` by company identifier, ``service_data`` by service.
    """

    name: str | None
    services: tuple[str, ...] = ()
    manufacturer_data: dict[int, bytes] = {}
    service_data: dict[str, bytes] = {}


class Recognition(msgspec.Struct, frozen=True):
    """What an advertisement of this device shows. Each property that fits adds to the score; none decides alone.

    ``names``: beginnings of the advertised name. ``required``: services (advertised, or with service data) without
    which it is not this device.
    """

    names: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    service_data: tuple[str, ...] = ()
    companies: tuple[int, ...] = ()


class SerialLine(msgspec.Struct, frozen=True):
    """How a wired device is spoken to: ``parity`` N, E or O; eight bits, one stop bit."""

    baud: int
    parity: str = "N"


class Enrolment(msgspec.Struct, frozen=True):
    """What was agreed when this one device was enrolled, as far as the conversation needs it.

    ``last_sequence``: of the records that we have. ``user_index``, ``consent``: of scales with users (2A9F).
    """

    last_sequence: int | None = None
    user_index: int | None = None
    consent: int | None = None


class SupportedDevice(msgspec.Struct, frozen=True):
    """One row of the catalogue. ``users``: how many user slots it has (1: it cannot tell people apart).

    ``probe`` tells from a wired device's first bytes how surely it is this one: 0 not at all, 1 surely.
    ``fake`` makes a virtual one that plays a script file. ``samples``: advertisements that must be recognised as this.
    ``hosts_note``: what the technician must know («one host only: remove it from the patient's phone»), in English.
    """

    model: str
    manufacturer: str
    kinds: tuple[Kind, ...]
    transport: Transport
    dialogue: Callable[[Enrolment], Dialogue]
    clock_rule: ClockRule
    bonding: Bonding
    verified: Verified
    recognition: Recognition = Recognition()
    line: SerialLine | None = None
    probe: Callable[[bytes], float] | None = None
    users: int = 1
    fake: Callable[[Clock, Path | None], Peripheral] | None = None
    samples: tuple[Advertisement, ...] = ()
    hosts_note: str = ""
