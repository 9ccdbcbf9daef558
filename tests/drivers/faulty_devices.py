"""The devices of the fault matrix: all of the catalogue that have a virtual one, and where a fault strikes them."""

from __future__ import annotations

from typing import Any

import msgspec

from drivers.catalog import CATALOG, by_model
from drivers.fakes.beurer_scale import CONSENT, USER_INDEX
from drivers.fakes.cuff_script import CuffScript
from drivers.fakes.peripheral import VirtualPeripheral
from drivers.fakes.script import DeviceScript, Script
from drivers.fakes.virtual_time import VirtualClock
from drivers.supported_device import Enrolment, SupportedDevice

ENROLMENT = Enrolment(user_index=USER_INDEX, consent=CONSENT)


class Places(msgspec.Struct, frozen=True):
    """Numbers of packets in one connection. ``first``: of the first record, or of the first packet of a stream;
    ``last``: of the last record, or of a packet while the value has not settled; ``after``: of what would come after
    the last record, or well after the value has been kept."""

    first: int
    last: int
    after: int


class Column(msgspec.Struct, frozen=True):
    """Devices that behave alike. ``packets``: what each measures. ``remembers``: what was not given comes later."""

    models: tuple[str, ...]
    packets: tuple[str, ...]
    places: Places
    remembers: bool = False


COLUMNS = {
    "and": Column(
        ("UA-651BLE", "UC-352BLE", "UC-352BLE (older firmware)", "UT-201BLE"),
        ("normal", "normal"),
        Places(0, 1, 2),
        remembers=True,
    ),
    "sig": Column(("SIG blood pressure", "SIG scale"), ("normal", "normal"), Places(0, 1, 2), remembers=True),
    "untimed": Column(("SIG thermometer",), ("normal", "047E0100FF03"), Places(0, 1, 2), remembers=True),
    "omron": Column(("BP7000", "SC-150"), ("normal", "normal"), Places(1, 2, 3), remembers=True),
    "consent": Column(("BF720",), ("normal", "two-parts"), Places(1, 3, 6), remembers=True),
    "glucose": Column(("SIG glucose",), ("normal", "meal"), Places(1, 2, 4), remembers=True),
    "spot": Column(("SIG oximeter",), ("normal", "spot"), Places(0, 1, 2), remembers=True),
    "continuous": Column(("SIG oximeter",), ("continuous",), Places(0, 6, 20)),
    "smartpoint": Column(("3230",), ("normal",), Places(0, 6, 20)),
    "nonin-wire": Column(("Nonin DF8",), ("normal",), Places(1, 7, 21)),
    "jumper": Column(("JPD-500F",), ("normal",), Places(0, 12, 40)),
    "bci": Column(("BM1000", "CMS50D"), ("normal",), Places(0, 30, 100)),
    "started": Column(("CMS50E",), ("normal",), Places(0, 30, 100)),
    "broadcast": Column(("Mi scale 1", "Mi scale 2"), ("normal",), Places(0, 8, 30)),
    "printed": Column(("Rice Lake 140",), ("normal",), Places(0, 1, 2)),
    "escaped": Column(("Health o meter",), ("normal",), Places(0, 1, 2)),
}
WITHOUT_A_FAKE = frozenset(device.model for device in CATALOG if device.fake is None)


def script_of(device: SupportedDevice, packets: tuple[str, ...], **what: Any) -> Script:
    """What its virtual one is told: that, at once."""
    if device.model == "UA-651BLE":
        return CuffScript(packets=packets, inflation_s=0.0, **what)
    return DeviceScript(packets=packets, duration_s=0.0, **what)


def virtual(model: str, clock: VirtualClock, packets: tuple[str, ...], **what: Any) -> VirtualPeripheral[Any]:
    """The catalogue's virtual device of that model, with its script."""
    entry = by_model(model)
    if entry.fake is None:
        raise LookupError(f"{model} has no virtual device")
    peripheral = entry.fake(clock, None)
    if not isinstance(peripheral, VirtualPeripheral):
        raise TypeError(f"{model}: {peripheral} is no virtual peripheral")
    peripheral.script = script_of(entry, packets, **what)
    return peripheral
