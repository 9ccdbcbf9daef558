"""``org.bluez.Agent1`` as BlueZ calls it. Only the shape: what is answered stands in drivers.ble.agent.

dbus-fast makes the D-Bus signatures from these annotations, so annotations are not postponed in this module.
"""

from typing import Protocol

from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt16, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method

from drivers.ble.pairing_window import Request


class Answering(Protocol):
    """Who answers; each raises ``dbus_fast.errors.DBusError`` to refuse."""

    async def allow(self, request: Request, device: str) -> None: ...

    async def confirm(self, device: str, passkey: int) -> None: ...

    async def passkey(self, device: str) -> int: ...

    def cancelled(self) -> None: ...

    def released(self) -> None: ...


class AgentInterface(ServiceInterface):
    """The D-Bus object. Method names are BlueZ's."""

    def __init__(self, answering: Answering) -> None:
        super().__init__("org.bluez.Agent1")
        self._answering = answering

    @dbus_method()
    def Release(self) -> None:
        self._answering.released()

    @dbus_method()
    async def RequestPinCode(self, device: DBusObjectPath) -> DBusStr:
        await self._answering.allow(Request.PIN_CODE, device)
        return ""

    @dbus_method()
    async def DisplayPinCode(self, device: DBusObjectPath, pincode: DBusStr) -> None:
        await self._answering.allow(Request.SHOW_PIN_CODE, device)

    @dbus_method()
    async def RequestPasskey(self, device: DBusObjectPath) -> DBusUInt32:
        return await self._answering.passkey(device)

    @dbus_method()
    async def DisplayPasskey(self, device: DBusObjectPath, passkey: DBusUInt32, entered: DBusUInt16) -> None:
        await self._answering.allow(Request.SHOW_PASSKEY, device)

    @dbus_method()
    async def RequestConfirmation(self, device: DBusObjectPath, passkey: DBusUInt32) -> None:
        await self._answering.confirm(device, passkey)

    @dbus_method()
    async def RequestAuthorization(self, device: DBusObjectPath) -> None:
        await self._answering.allow(Request.AUTHORIZATION, device)

    @dbus_method()
    async def AuthorizeService(self, device: DBusObjectPath, uuid: DBusStr) -> None:
        await self._answering.allow(Request.SERVICE, device)

    @dbus_method()
    def Cancel(self) -> None:
        self._answering.cancelled()
