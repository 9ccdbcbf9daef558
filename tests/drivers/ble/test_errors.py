"""Every error of the libraries is a reason, and none shows an address."""

from __future__ import annotations

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from bleak_retry_connector import BleakConnectionError
from bleak_retry_connector import BleakNotFoundError as RetriedNotFound
from dbus_fast.errors import AuthError, DBusError, InvalidAddressError

from drivers.ble.errors import described, link_error, reason_of, translated
from drivers.errors import LinkError, LinkReason

_ADDRESS = "00:11:22:AA:BB:CC"
_UNAVAILABLE = BleakBluetoothNotAvailableReason


def _bluez(name: str, text: str = "") -> BleakDBusError:
    return BleakDBusError(f"org.bluez.Error.{name}", [text])


def _wrapped(cause: Exception) -> BleakError:
    error = BleakConnectionError("Failed to connect after 1 attempt(s)")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FileNotFoundError(2, "No such file or directory"), LinkReason.NO_BUS),
        (PermissionError(13, "Permission denied"), LinkReason.NO_BUS),
        (ConnectionRefusedError(), LinkReason.NO_BUS),
        (EOFError(), LinkReason.NO_BUS),
        (AuthError("rejected"), LinkReason.NO_BUS),
        (InvalidAddressError("nonsense"), LinkReason.NO_BUS),
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["no such name"]), LinkReason.NO_BUS),
        (DBusError("org.freedesktop.DBus.Error.NameHasNoOwner", "no owner"), LinkReason.NO_BUS),
        (BleakBluetoothNotAvailableError("", _UNAVAILABLE.DENIED_BY_SYSTEM), LinkReason.NO_BUS),
        (BleakBluetoothNotAvailableError("", _UNAVAILABLE.NO_BLUETOOTH), LinkReason.NO_ADAPTER),
        (BleakBluetoothNotAvailableError("", _UNAVAILABLE.NO_BLE_CENTRAL_ROLE), LinkReason.NO_ADAPTER),
        (BleakError("adapter 'hci7' not found"), LinkReason.NO_ADAPTER),
        (BleakBluetoothNotAvailableError("", _UNAVAILABLE.POWERED_OFF), LinkReason.POWERED_OFF),
        (_bluez("NotReady", "Resource Not Ready"), LinkReason.POWERED_OFF),
        (_bluez("Failed", "br-connection-adapter-not-powered"), LinkReason.POWERED_OFF),
        (BleakDeviceNotFoundError(_ADDRESS, "gone"), LinkReason.NOT_FOUND),
        (BleakError("device 'dev_00_11_22_AA_BB_CC' not found"), LinkReason.NOT_FOUND),
        (RetriedNotFound("not there"), LinkReason.NOT_FOUND),
        (BleakDBusError("org.freedesktop.DBus.Error.UnknownObject", ["x"]), LinkReason.NOT_FOUND),
        (_bluez("AuthenticationFailed", "Authentication Failed"), LinkReason.REFUSED),
        (_bluez("AuthenticationRejected"), LinkReason.REFUSED),
        (_bluez("AuthenticationTimeout"), LinkReason.REFUSED),
        (_bluez("NotPermitted", "Not paired"), LinkReason.REFUSED),
        (BleakGATTProtocolError(0x05), LinkReason.REFUSED),
        (BleakGATTProtocolError(0x08), LinkReason.REFUSED),
        (BleakGATTProtocolError(0x0F), LinkReason.REFUSED),
        (BleakGATTProtocolError(0x0E), LinkReason.PROTOCOL),
        (BleakGATTProtocolError(0x80), LinkReason.PROTOCOL),
        (BleakCharacteristicNotFoundError("2a35"), LinkReason.PROTOCOL),
        (_bluez("InProgress", "In Progress"), LinkReason.BUSY),
        (_bluez("Failed", "Operation already in progress"), LinkReason.BUSY),
        (_bluez("Failed", "le-connection-abort-by-local"), LinkReason.LINK_LOST),
        (_bluez("NotConnected", "Not Connected"), LinkReason.LINK_LOST),
        (_bluez("Failed", "Not connected"), LinkReason.LINK_LOST),
        (BleakError("failed to discover services, device disconnected"), LinkReason.LINK_LOST),
        (KeyError("org.bluez.GattService1"), LinkReason.LINK_LOST),
        (TimeoutError(), LinkReason.TIMED_OUT),
        (_wrapped(TimeoutError()), LinkReason.TIMED_OUT),
        (_wrapped(_bluez("AuthenticationFailed")), LinkReason.REFUSED),
        (LinkError(LinkReason.STALE_BOND), LinkReason.STALE_BOND),
        (_bluez("Failed", "something new"), LinkReason.PROTOCOL),
    ],
)
def test_reasons(error: Exception, reason: LinkReason) -> None:
    assert reason_of(error) is reason


def test_a_vanished_device_is_a_lost_link_where_a_link_stood() -> None:
    assert link_error(BleakDeviceNotFoundError(_ADDRESS, "gone"), "read", linked=True).reason is LinkReason.LINK_LOST
    assert link_error(BleakDeviceNotFoundError(_ADDRESS, "gone"), "connect").reason is LinkReason.NOT_FOUND


@pytest.mark.parametrize("written", [_ADDRESS, _ADDRESS.replace(":", "_").lower(), _ADDRESS.replace(":", "-")])
def test_no_address_in_what_is_logged(written: str) -> None:
    error = BleakError(f"/org/bluez/hci0/dev_{written}/service0001 and {written}")
    assert written not in described(error)
    assert written not in str(link_error(error, "read"))


def test_what_is_no_fault_of_the_radio_passes() -> None:
    with pytest.raises(ZeroDivisionError), translated("read"):
        raise ZeroDivisionError
    with pytest.raises(LinkError) as caught, translated("read"):
        raise LinkError(LinkReason.BUSY)
    assert caught.value.reason is LinkReason.BUSY
