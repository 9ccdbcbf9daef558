"""The list of supported devices: how each is recognised, spoken to and set, and how we know. No conversation itself."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from drivers.device import Clock, Journal, Link, Peripheral
from drivers.dialogues import and_blood_pressure
from drivers.dialogues.and_blood_pressure import Collected
from drivers.fakes.cuff import VirtualCuff
from drivers.gatt import BLOOD_PRESSURE_SERVICE
from drivers.readings import DeviceIdentity

Dialogue = Callable[[Link, DeviceIdentity, Clock, Journal], Awaitable[Collected]]
Fake = Callable[[Clock, Path | None], Peripheral]


class ClockRule(enum.Enum):
    """When the device's clock is written. It is always read first."""

    EVERY_CONNECTION = "every-connection"


class Bonding(enum.Enum):
    """What the device wants before it talks."""

    REQUIRED_ONE_HOST = "required-one-host"


class Verified(enum.Enum):
    """How we know that our side is right; nothing here claims more than was tried."""

    CAPTURED_TRAFFIC = "captured-traffic"
    REAL_DEVICE = "real-device"


class Advertisement(msgspec.Struct, frozen=True):
    """What a peripheral says of itself before a connection. ``services``: 128-bit UUIDs in lower case."""

    name: str | None
    services: tuple[str, ...]


class CatalogEntry(msgspec.Struct, frozen=True):
    """One supported device. ``name_prefix`` and ``service`` must both fit an advertisement: neither alone is enough."""

    model: str
    manufacturer: str
    name_prefix: str
    service: str
    dialogue: Dialogue
    clock_rule: ClockRule
    bonding: Bonding
    verified: Verified
    fake: Fake


UA_651BLE = CatalogEntry(
    model="UA-651BLE",
    manufacturer="A&D Medical",
    name_prefix="A&D_UA-651BLE_",
    service=BLOOD_PRESSURE_SERVICE,
    dialogue=and_blood_pressure.collect,
    clock_rule=ClockRule.EVERY_CONNECTION,
    bonding=Bonding.REQUIRED_ONE_HOST,
    verified=Verified.CAPTURED_TRAFFIC,
    fake=VirtualCuff,
)

CATALOG: tuple[CatalogEntry, ...] = (UA_651BLE,)


def recognise(advertisement: Advertisement) -> CatalogEntry | None:
    """The supported device that advertises so, or None."""
    name = (advertisement.name or "").rstrip("\x00")
    for entry in CATALOG:
        if name.startswith(entry.name_prefix) and entry.service in advertisement.services:
            return entry
    return None
