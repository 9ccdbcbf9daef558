"""What bleak, BlueZ and D-Bus raise, as a :class:`drivers.errors.LinkReason`: a sentence, never a traceback.

    no D-Bus socket, no right to it         FileNotFoundError, PermissionError, AuthError    NO_BUS
    a bus, but no Bluetooth daemon on it    ServiceUnknown, NameHasNoOwner, NoReply          NO_BUS
    no radio, or none by that name          NO_BLUETOOTH, "adapter … not found"              NO_ADAPTER
    radio off                               POWERED_OFF, org.bluez.Error.NotReady            POWERED_OFF
    device gone from BlueZ's list           BleakDeviceNotFoundError, UnknownObject          NOT_FOUND (LINK_LOST)
    pairing, encryption, consent of a bond  AuthenticationFailed …, ATT 05, 08, 0C, 0F       REFUSED
    something else is under way             org.bluez.Error.InProgress                       BUSY
    the line fell                           NotConnected, "Not connected"                    LINK_LOST
    any other ATT error, no such UUID       BleakGATTProtocolError                           PROTOCOL

What bleak raises was seen with bleak 3.1.0 (see tests/drivers/ble) or read in its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)
from bleak_retry_connector import BleakNotFoundError
from dbus_fast.errors import AuthError, DBusError, DBusFastError, InvalidAddressError

from drivers.errors import LinkError, LinkReason

RADIO_ERRORS = (BleakError, DBusFastError, OSError, EOFError, TimeoutError, KeyError, AssertionError)
"""What a call into bleak or dbus-fast raises when the world is to blame. KeyError and AssertionError are bleak's own,
when BlueZ takes objects away while bleak looks at them; catch them only around a call of the library."""

_REFUSED_CODES = frozenset(
    {
        BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION_KEY_SIZE,
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
    }
)

_BY_NAME = {
    "org.freedesktop.DBus.Error.ServiceUnknown": LinkReason.NO_BUS,
    "org.freedesktop.DBus.Error.NameHasNoOwner": LinkReason.NO_BUS,
    "org.freedesktop.DBus.Error.NoReply": LinkReason.NO_BUS,
    "org.freedesktop.DBus.Error.Disconnected": LinkReason.NO_BUS,
    "org.freedesktop.DBus.Error.AccessDenied": LinkReason.NO_BUS,
    "org.freedesktop.DBus.Error.UnknownObject": LinkReason.NOT_FOUND,
    "org.freedesktop.DBus.Error.UnknownMethod": LinkReason.NOT_FOUND,
    "org.freedesktop.DBus.Error.Timeout": LinkReason.TIMED_OUT,
    "org.bluez.Error.NotReady": LinkReason.POWERED_OFF,
    "org.bluez.Error.DoesNotExist": LinkReason.NOT_FOUND,
    "org.bluez.Error.InProgress": LinkReason.BUSY,
    "org.bluez.Error.NotConnected": LinkReason.LINK_LOST,
    "org.bluez.Error.AuthenticationFailed": LinkReason.REFUSED,
    "org.bluez.Error.AuthenticationRejected": LinkReason.REFUSED,
    "org.bluez.Error.AuthenticationCanceled": LinkReason.REFUSED,
    "org.bluez.Error.AuthenticationTimeout": LinkReason.REFUSED,
    "org.bluez.Error.NotAuthorized": LinkReason.REFUSED,
    "org.bluez.Error.ConnectionAttemptFailed": LinkReason.LINK_LOST,
}

# What BlueZ puts into the text of org.bluez.Error.Failed and NotPermitted; without it they say nothing.
_BY_TEXT = (
    (re.compile("not paired|authentication|encrypt|key[- ]missing", re.IGNORECASE), LinkReason.REFUSED),
    (re.compile("in progress|busy|already-connected", re.IGNORECASE), LinkReason.BUSY),
    (re.compile("not powered|adapter-not-powered", re.IGNORECASE), LinkReason.POWERED_OFF),
    (re.compile("not connected|abort|canceled|timeout|disconnected|host-down", re.IGNORECASE), LinkReason.LINK_LOST),
    (re.compile(r"adapter .*not found", re.IGNORECASE), LinkReason.NO_ADAPTER),
    (re.compile("not found", re.IGNORECASE), LinkReason.NOT_FOUND),
)

_ADDRESS = re.compile(r"(?:[0-9A-Fa-f]{2}[:_\-]){5}[0-9A-Fa-f]{2}")


def reason_of(error: BaseException) -> LinkReason:
    """What the error means; of one that wraps another (bleak-retry-connector's), what the wrapped one means."""
    if isinstance(error, LinkError):
        return error.reason
    if isinstance(error, BleakGATTProtocolError):
        return LinkReason.REFUSED if error.code in _REFUSED_CODES else LinkReason.PROTOCOL
    if isinstance(error, BleakBluetoothNotAvailableError):
        return _reason_of_unavailable(error.reason)
    if isinstance(error, BleakCharacteristicNotFoundError):
        return LinkReason.PROTOCOL
    if isinstance(error, BleakDeviceNotFoundError):
        return LinkReason.NOT_FOUND
    if isinstance(error, BleakDBusError):
        return _reason_of_reply(error.dbus_error, error.dbus_error_details or "")
    if isinstance(error, DBusError):
        return _reason_of_reply(error.type, error.text)
    if isinstance(error, BleakError) and isinstance(error.__cause__, Exception):
        return reason_of(error.__cause__)
    if isinstance(error, BleakNotFoundError):
        return LinkReason.NOT_FOUND
    if isinstance(error, BleakError):
        return _reason_of_text(str(error)) or LinkReason.PROTOCOL
    if isinstance(error, TimeoutError):  # before OSError, of which it is one
        return LinkReason.TIMED_OUT
    if isinstance(error, (OSError, EOFError, AuthError, InvalidAddressError)):
        return LinkReason.NO_BUS
    if isinstance(error, (KeyError, AssertionError)):
        return LinkReason.LINK_LOST
    return LinkReason.PROTOCOL


def described(error: BaseException) -> str:
    """What happened, for the log: without Bluetooth addresses."""
    text = _ADDRESS.sub("(address)", str(error))
    if isinstance(error, DBusError):
        text = f"{error.type} {text}".rstrip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def link_error(error: BaseException, doing: str, *, linked: bool = False) -> LinkError:
    """The error as a :class:`LinkError`. ``linked``: a link stood, so that a vanished device is a lost link."""
    reason = reason_of(error)
    if linked and reason is LinkReason.NOT_FOUND:
        reason = LinkReason.LINK_LOST
    return LinkError(reason, f"{doing}: {described(error)}")


@contextmanager
def translated(doing: str, *, linked: bool = False) -> Iterator[None]:
    """Around calls of bleak and dbus-fast: what they raise comes out as a :class:`LinkError`."""
    try:
        yield
    except LinkError:
        raise
    except RADIO_ERRORS as error:
        raise link_error(error, doing, linked=linked) from error


def _reason_of_unavailable(reason: BleakBluetoothNotAvailableReason) -> LinkReason:
    match reason:
        case BleakBluetoothNotAvailableReason.POWERED_OFF:
            return LinkReason.POWERED_OFF
        case BleakBluetoothNotAvailableReason.NO_BLUETOOTH | BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE:
            return LinkReason.NO_ADAPTER
        case _:
            return LinkReason.NO_BUS


def _reason_of_reply(name: str, text: str) -> LinkReason:
    return _BY_NAME.get(name) or _reason_of_text(text) or LinkReason.PROTOCOL


def _reason_of_text(text: str) -> LinkReason | None:
    return next((reason for pattern, reason in _BY_TEXT if pattern.search(text)), None)
