"""Our own connection to BlueZ, beside bleak's: what its adapters are doing, their power, and why a link fell.

One object for one D-Bus connection: when the Bluetooth daemon has gone, ``changed`` is set and ``gone`` is true, and a
new object is made. Callers set the limits of time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from dbus_fast import BusType, Message, MessageType, Variant, unpack_variants
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

from drivers.ble.errors import translated
from drivers.errors import LinkError, LinkReason

SERVICE = "org.bluez"
ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
_OBJECTS = "org.freedesktop.DBus.ObjectManager"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_BUS = "org.freedesktop.DBus"
_BUS_PATH = "/org/freedesktop/DBus"

_RULES = (
    f"type='signal',sender='{_BUS}',member='NameOwnerChanged',arg0='{SERVICE}'",
    f"type='signal',sender='{SERVICE}',interface='{_OBJECTS}'",
    f"type='signal',sender='{SERVICE}',interface='{_PROPERTIES}',member='PropertiesChanged',arg0='{ADAPTER}'",
    # Newer BlueZ says why a link fell, on the device or on its low-energy bearer.
    f"type='signal',sender='{SERVICE}',member='Disconnected',path_namespace='/org/bluez'",
)


class AdapterState(msgspec.Struct, frozen=True):
    """One radio of the machine: ``name`` as in ``hci0``."""

    name: str
    path: str
    powered: bool


class Connected(msgspec.Struct, frozen=True):
    """A device that BlueZ holds a link to."""

    address: str
    path: str


def address_of(path: str) -> str | None:
    """The Bluetooth address in a device's object path (``/org/bluez/hci0/dev_00_11_…``), None in any other path."""
    name = path.rpartition("/")[2]
    if not name.startswith("dev_"):
        return None
    return name.removeprefix("dev_").replace("_", ":").upper()


class Bluez:
    """Made by :meth:`connect`; every method raises :class:`drivers.errors.LinkError`.

    ``disconnected`` is called with a device's address and BlueZ's reason (``org.bluez.Reason.Authentication``), on the
    event loop, by those versions of BlueZ that say it.
    """

    def __init__(self, bus: MessageBus, disconnected: Callable[[str, str], None]) -> None:
        self.bus = bus
        self.changed = asyncio.Event()
        self._disconnected = disconnected
        self._gone = False

    @classmethod
    async def connect(cls, disconnected: Callable[[str, str], None]) -> Bluez:
        """Onto the system bus, where the Bluetooth daemon must be: LinkError(NO_BUS) if either is not there."""
        with translated("D-Bus"):
            bus = MessageBus(bus_type=BusType.SYSTEM)
            try:
                await bus.connect()
                bluez = cls(bus, disconnected)
                bus.add_message_handler(bluez._heard)
                for rule in _RULES:
                    await bluez._call(_BUS, _BUS_PATH, _BUS, "AddMatch", "s", [rule])
                await bluez._call(_BUS, _BUS_PATH, _BUS, "GetNameOwner", "s", [SERVICE])
            except BaseException:
                bus.disconnect()
                raise
            return bluez

    @property
    def gone(self) -> bool:
        """The bus or the Bluetooth daemon has gone since: this object is of no more use."""
        return self._gone or not self.bus.connected

    def close(self) -> None:
        """Leave the bus; an agent of ours goes with it."""
        self._gone = True
        self.bus.disconnect()

    async def adapter(self, name: str | None) -> AdapterState:
        """The radio by that name; None: the first powered, else the first. LinkError(NO_ADAPTER) if there is none."""
        found = []
        for path, interfaces in (await self._objects()).items():
            properties = interfaces.get(ADAPTER)
            if properties is None or not _is_central(properties):
                continue
            found.append(AdapterState(path.rpartition("/")[2], path, properties.get("Powered") is True))
        chosen = [adapter for adapter in sorted(found, key=lambda each: each.name) if name in (None, adapter.name)]
        if not chosen:
            raise LinkError(LinkReason.NO_ADAPTER, name or "none")
        return next((adapter for adapter in chosen if adapter.powered), chosen[0])

    async def is_powered(self, adapter: AdapterState) -> bool:
        """The radio is on now. LinkError(NO_ADAPTER) when it is not there any more."""
        try:
            with translated("adapter"):
                reply = await self._call(SERVICE, adapter.path, _PROPERTIES, "Get", "ss", [ADAPTER, "Powered"])
        except LinkError as error:
            if error.reason is LinkReason.NOT_FOUND:
                raise LinkError(LinkReason.NO_ADAPTER, adapter.name) from error
            raise
        return isinstance(reply[0], Variant) and reply[0].value is True

    async def set_powered(self, adapter: AdapterState, powered: bool) -> None:
        """Switch the radio on or off."""
        with translated("power"):
            await self._call(
                SERVICE, adapter.path, _PROPERTIES, "Set", "ssv", [ADAPTER, "Powered", Variant("b", powered)]
            )

    async def connected_devices(self, adapter: AdapterState) -> tuple[Connected, ...]:
        """The devices that BlueZ holds a link to by this radio."""
        found = []
        for path, interfaces in (await self._objects()).items():
            properties = interfaces.get(DEVICE, {})
            address = properties.get("Address")
            if properties.get("Adapter") == adapter.path and properties.get("Connected") is True and address:
                found.append(Connected(str(address).upper(), path))
        return tuple(found)

    async def disconnect_device(self, path: str) -> None:
        """Let the link to a device fall."""
        with translated("disconnect"):
            await self._call(SERVICE, path, DEVICE, "Disconnect")

    async def is_paired(self, adapter: AdapterState, address: str) -> bool:
        """BlueZ has a bond with the device."""
        return (await self._objects()).get(_path(adapter, address), {}).get(DEVICE, {}).get("Paired") is True

    async def forget(self, adapter: AdapterState, address: str) -> bool:
        """Remove the device, and the bond with it; False when BlueZ does not know it."""
        path = _path(adapter, address)
        if path not in await self._objects():
            return False
        with translated("forget"):
            await self._call(SERVICE, adapter.path, ADAPTER, "RemoveDevice", "o", [path])
        return True

    async def _objects(self) -> dict[str, dict[str, dict[str, Any]]]:
        """All that BlueZ knows: object path → interface → property → value."""
        with translated("BlueZ"):
            reply = await self._call(SERVICE, "/", _OBJECTS, "GetManagedObjects")
            return {str(path): unpack_variants(interfaces) for path, interfaces in reply[0].items()}

    async def _call(
        self, service: str, path: str, interface: str, member: str, signature: str = "", body: list[Any] | None = None
    ) -> list[Any]:
        reply = await self.bus.call(
            Message(
                destination=service, path=path, interface=interface, member=member, signature=signature, body=body or []
            )
        )
        if reply is None:
            raise LinkError(LinkReason.NO_BUS, f"{member}: no answer")
        if reply.message_type is MessageType.ERROR:
            raise DBusError(reply.error_name or "org.bluez.Error.Failed", str(reply.body[0]) if reply.body else "")
        return reply.body

    def _heard(self, message: Message) -> None:
        """A message of the bus: only those signals matter that change what adapters do, or say why a link fell."""
        if message.message_type is not MessageType.SIGNAL:
            return
        if message.member == "Disconnected":
            address = address_of(message.path or "")
            if address is not None and message.body:
                self._disconnected(address, str(message.body[0]))
        elif message.member == "NameOwnerChanged":
            if message.body and message.body[0] == SERVICE:
                self._gone = True
                self.changed.set()
        elif message.member == "PropertiesChanged" and message.body and message.body[0] == ADAPTER:
            if {"Powered", "Discovering"} & set(message.body[1]):
                self.changed.set()
        elif (
            message.member in ("InterfacesAdded", "InterfacesRemoved")
            and len(message.body) == 2
            and ADAPTER in message.body[1]
        ):
            self.changed.set()


def _path(adapter: AdapterState, address: str) -> str:
    return f"{adapter.path}/dev_{address.upper().replace(':', '_')}"


def _is_central(properties: dict[str, Any]) -> bool:
    """The radio can connect to peripherals. BlueZ before 5.56 does not say; then it is taken to."""
    roles = properties.get("Roles")
    return not roles or "central" in roles
