"""What can be wrong in the kiosk's surroundings. Each becomes a sentence and an action in the phrase files."""

from __future__ import annotations

import enum


class Fault(enum.Enum):
    """An environment error (design.md rule 6) that lasts until its part works again."""

    NO_CAMERA = "no-camera"
    NO_SOUND = "no-sound"
    NO_VOICE = "no-voice"
    CALL_SERVER_UNREACHABLE = "call-server-unreachable"
    CALL_SERVER_REFUSES = "call-server-refuses"
    CARE_PLATFORM_UNREACHABLE = "care-platform-unreachable"
    CARE_PLATFORM_REFUSES = "care-platform-refuses"
    STORAGE_FAILED = "storage-failed"
    MEDIA_RESTARTING = "media-restarting"
    BLUETOOTH_OFF = "bluetooth-off"
    DEVICE_PAIR_AGAIN = "device-pair-again"
    DEVICE_UNPLUGGED = "device-unplugged"
    BUTTON_UNPLUGGED = "button-unplugged"
    BUTTON_STUCK = "button-stuck"


class FakePart(enum.Enum):
    """A part that is generated instead of real. Always visible on the screen; impossible in an enrolled device."""

    CAMERA = "camera"
    CUFF = "cuff"
    DEVICE = "device"  # any other health device, or several
