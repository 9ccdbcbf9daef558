"""Bluetooth services and characteristics that dialogues use, as 128-bit UUIDs in lower case. Only names."""

from __future__ import annotations


def sig(short: int) -> str:
    """The full UUID of a 16-bit number assigned by the Bluetooth SIG."""
    return f"0000{short:04x}-0000-1000-8000-00805f9b34fb"


def service_data(service: str) -> str:
    """The pretended characteristic that carries the service data of a broadcasting device's advertisements."""
    return f"service-data:{service}"


SERIAL_RECEIVE = "serial:receive"
SERIAL_SEND = "serial:send"
"""The pretended characteristics of a wired device: what it sends (in arbitrary chunks), what we send."""

BLOOD_PRESSURE_SERVICE = sig(0x1810)
PULSE_OXIMETER_SERVICE = sig(0x1822)
WEIGHT_SCALE_SERVICE = sig(0x181D)
BODY_COMPOSITION_SERVICE = sig(0x181B)
HEALTH_THERMOMETER_SERVICE = sig(0x1809)
GLUCOSE_SERVICE = sig(0x1808)
CURRENT_TIME_SERVICE = sig(0x1805)
USER_DATA_SERVICE = sig(0x181C)
DEVICE_INFORMATION_SERVICE = sig(0x180A)
BATTERY_SERVICE = sig(0x180F)

BLOOD_PRESSURE_MEASUREMENT = sig(0x2A35)
INTERMEDIATE_CUFF_PRESSURE = sig(0x2A36)
PLX_SPOT_CHECK = sig(0x2A5E)
PLX_CONTINUOUS = sig(0x2A5F)
WEIGHT_MEASUREMENT = sig(0x2A9D)
BODY_COMPOSITION_MEASUREMENT = sig(0x2A9C)
TEMPERATURE_MEASUREMENT = sig(0x2A1C)
GLUCOSE_MEASUREMENT = sig(0x2A18)
GLUCOSE_CONTEXT = sig(0x2A34)
RECORD_ACCESS = sig(0x2A52)
DATE_TIME = sig(0x2A08)
CURRENT_TIME = sig(0x2A2B)
BATTERY_LEVEL = sig(0x2A19)
USER_CONTROL_POINT = sig(0x2A9F)
MANUFACTURER_NAME = sig(0x2A29)
MODEL_NUMBER = sig(0x2A24)
SERIAL_NUMBER = sig(0x2A25)
FIRMWARE_REVISION = sig(0x2A26)
HARDWARE_REVISION = sig(0x2A27)
SOFTWARE_REVISION = sig(0x2A28)
SYSTEM_ID = sig(0x2A23)
