"""Bluetooth services and characteristics that dialogues use, as 128-bit UUIDs in lower case. Only names."""

from __future__ import annotations


def sig(short: int) -> str:
    """The full UUID of a 16-bit number assigned by the Bluetooth SIG."""
    return f"0000{short:04x}-0000-1000-8000-00805f9b34fb"


BLOOD_PRESSURE_SERVICE = sig(0x1810)
BLOOD_PRESSURE_MEASUREMENT = sig(0x2A35)
DATE_TIME = sig(0x2A08)
