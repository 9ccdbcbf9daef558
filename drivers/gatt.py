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
INTERMEDIATE_TEMPERATURE = sig(0x2A1E)
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

# Services and characteristics of makers.
AND_WEIGHT_SERVICE = "23434100-1fe4-1eff-80cb-00ff78297d8b"
AND_WEIGHT_MEASUREMENT = "23434101-1fe4-1eff-80cb-00ff78297d8b"
OMRON_SERVICE = "5df5e817-a945-4f81-89c0-3d4e9759c07c"
NONIN_OXIMETRY_SERVICE = "46a970e0-0d5f-11e2-8b5e-0002a5d5c51b"
NONIN_OXIMETRY_MEASUREMENT = "0aad7ea0-0d60-11e2-8e3c-0002a5d5c51b"
JUMPER_SERVICE = "cdeacb80-5235-4c07-8846-93a37ee6b86d"
JUMPER_MEASUREMENT = "cdeacb81-5235-4c07-8846-93a37ee6b86d"
TRANSPARENT_UART_SERVICE = "49535343-fe7d-4ae5-8fa9-9fafd205e455"
TRANSPARENT_UART_RECEIVE = "49535343-1e4d-4bd9-ba61-23c647249616"
CONTOUR_SERVICE = "00000000-0002-11e2-9e96-0800200c9a66"
