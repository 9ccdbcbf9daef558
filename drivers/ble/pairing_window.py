"""Who may pair, and when: what our agent answers BlueZ. Pure; drivers.ble.agent carries it out.

Outside the window every request is rejected. Inside, only the one device that a person is enrolling gets anything, and
only what low-energy devices need; PIN codes and service authorisations are Classic Bluetooth's, which we do not speak.
"""

from __future__ import annotations

import enum

import msgspec


class Request(enum.Enum):
    """The questions of ``org.bluez.Agent1``."""

    PIN_CODE = "RequestPinCode"
    SHOW_PIN_CODE = "DisplayPinCode"
    PASSKEY = "RequestPasskey"
    SHOW_PASSKEY = "DisplayPasskey"
    CONFIRMATION = "RequestConfirmation"
    AUTHORIZATION = "RequestAuthorization"
    SERVICE = "AuthorizeService"


class Answer(enum.Enum):
    """What is answered. ASK: the person who is enrolling the device decides."""

    REJECT = "reject"
    ACCEPT = "accept"
    ASK = "ask"


class Window(msgspec.Struct, frozen=True):
    """One device may pair until then (seconds of a clock that only goes forward). ``address`` in upper case.

    ``can_type``: somebody is there to type the six digits that the device shows; ``can_compare``: to say whether two
    numbers are the same.
    """

    address: str
    until: float
    can_type: bool = False
    can_compare: bool = False


def decide(window: Window | None, request: Request, address: str | None, now: float) -> Answer:
    """The answer to a request about the device by that address; None: BlueZ named something that is no device."""
    if window is None or address is None or address.upper() != window.address or now >= window.until:
        return Answer.REJECT
    match request:
        case Request.AUTHORIZATION:
            return Answer.ACCEPT
        case Request.PASSKEY:
            return Answer.ASK if window.can_type else Answer.REJECT
        case Request.CONFIRMATION:
            return Answer.ASK if window.can_compare else Answer.REJECT
        case Request.SHOW_PASSKEY:
            return Answer.ACCEPT if window.can_type else Answer.REJECT
        case Request.PIN_CODE | Request.SHOW_PIN_CODE | Request.SERVICE:
            return Answer.REJECT


def capability(window: Window | None) -> str:
    """What our agent says it can do, by BlueZ's words: nothing, except while a meter's passkey may be asked for."""
    return "KeyboardDisplay" if window is not None and window.can_type else "NoInputNoOutput"
