"""A peripheral on BlueZoo's second radio: a GATT application and an advertisement, much like an A&D cuff.

    1810 ─┬─ 2A35  read, indicate   (read too, to see that the answer does not come twice)
          └─ 2A08  read, write
    180A ─── 2A24  read

Annotations are not postponed here: dbus-fast makes the D-Bus signatures from them.
"""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusBytes, DBusObjectPath, DBusSignature, DBusStr
from dbus_fast.constants import PropertyAccess
from dbus_fast.errors import DBusError
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT, BLOOD_PRESSURE_SERVICE, DATE_TIME, MODEL_NUMBER, sig

NAME = "A&D_UA-651BLE_00000B"
TEST_SERVICE = sig(0xFFF9)
_APP = "/device"
_CHARACTERISTIC = "org.bluez.GattCharacteristic1"

Options = Annotated[dict[str, Any], DBusSignature("a{sv}")]
Strings = Annotated[list[str], DBusSignature("as")]
Services = Annotated[dict[str, Any], DBusSignature("a{sv}")]


class _Service(ServiceInterface):
    def __init__(self, uuid: str) -> None:
        super().__init__("org.bluez.GattService1")
        self._uuid = uuid

    @dbus_property(access=PropertyAccess.READ)
    def UUID(self) -> DBusStr:
        return self._uuid

    @dbus_property(access=PropertyAccess.READ)
    def Primary(self) -> DBusBool:
        return True


class Characteristic(ServiceInterface):
    """``value`` is what a read gives, ``written`` what was written, ``confirmed`` counts confirmed indications.

    ``answer``, where there is one, gives the value at each read; ``told`` hears what is written.
    """

    def __init__(self, uuid: str, service: str, flags: list[str], value: bytes = b"") -> None:
        super().__init__(_CHARACTERISTIC)
        self.uuid = uuid
        self._service = service
        self._flags = flags
        self.value = value
        self.written: list[bytes] = []
        self.confirmed = 0
        self.subscribed = asyncio.Event()
        self.refuses = False
        self.answer: Callable[[], bytes] | None = None
        self.told: Callable[[bytes], None] | None = None

    @dbus_property(access=PropertyAccess.READ)
    def UUID(self) -> DBusStr:
        return self.uuid

    @dbus_property(access=PropertyAccess.READ)
    def Service(self) -> DBusObjectPath:
        return self._service

    @dbus_property(access=PropertyAccess.READ)
    def Flags(self) -> Strings:
        return self._flags

    @dbus_property(access=PropertyAccess.READ)
    def Notifying(self) -> DBusBool:
        return False

    @dbus_property(access=PropertyAccess.READ)
    def Value(self) -> DBusBytes:
        return self.value

    @dbus_method()
    def ReadValue(self, options: Options) -> DBusBytes:
        if self.refuses:
            raise DBusError("org.bluez.Error.NotAuthorized", "Not Authorized")
        return self.value if self.answer is None else self.answer()

    @dbus_method()
    def WriteValue(self, value: DBusBytes, options: Options) -> None:
        self.written.append(bytes(value))
        if self.told is not None:
            self.told(bytes(value))

    @dbus_method()
    def StartNotify(self) -> None:
        self.subscribed.set()

    @dbus_method()
    def StopNotify(self) -> None:
        self.subscribed.clear()

    @dbus_method()
    def Confirm(self) -> None:
        self.confirmed += 1

    def indicate(self, data: bytes) -> None:
        self.emit_properties_changed({"Value": data})


class _Advertisement(ServiceInterface):
    """Says its name and service, and a counter, so that every scan of BlueZoo finds something new to tell."""

    def __init__(self, service_data: dict[str, bytes]) -> None:
        super().__init__("org.bluez.LEAdvertisement1")
        self.counter = 0
        self.service_data = service_data

    @dbus_property(access=PropertyAccess.READ)
    def Type(self) -> DBusStr:
        return "peripheral"

    @dbus_property(access=PropertyAccess.READ)
    def LocalName(self) -> DBusStr:
        return NAME

    @dbus_property(access=PropertyAccess.READ)
    def Discoverable(self) -> DBusBool:
        return True

    @dbus_property(access=PropertyAccess.READ)
    def ServiceUUIDs(self) -> Strings:
        return [BLOOD_PRESSURE_SERVICE]

    @dbus_property(access=PropertyAccess.READ)
    def ServiceData(self) -> Services:
        counter = {TEST_SERVICE: Variant("ay", self.counter.to_bytes(4, "little"))}
        return counter | {uuid: Variant("ay", data) for uuid, data in self.service_data.items()}

    @dbus_method()
    def Release(self) -> None:
        return

    def tick(self) -> None:
        self.counter += 1
        self.emit_properties_changed({"ServiceData": self.ServiceData})


class VirtualDevice:
    """Made by :meth:`appear`, on BlueZoo's radio number ``number``. ``central``: the path where our radio sees it."""

    def __init__(self, bus: MessageBus, number: int = 1) -> None:
        self.bus = bus
        self._radio = f"/org/bluez/hci{number}"
        self.central = f"/org/bluez/hci0/dev_00_00_00_00_00_{0x0A + number:02X}"
        self.measurement = Characteristic(
            BLOOD_PRESSURE_MEASUREMENT, f"{_APP}/service1", ["read", "indicate"], bytes.fromhex("00" * 7)
        )
        self.clock = Characteristic(DATE_TIME, f"{_APP}/service1", ["read", "write"], bytes.fromhex("e907010c101e00"))
        self.model = Characteristic(MODEL_NUMBER, f"{_APP}/service2", ["read"], b"UA-651BLE\0")
        self._advertisement = _Advertisement({})
        self._advertising: asyncio.Task[None] | None = None

    @classmethod
    async def appear(cls, number: int = 1) -> "VirtualDevice":
        device = cls(await MessageBus(bus_type=BusType.SYSTEM).connect(), number)
        device.bus.export(f"{_APP}/service1", _Service(BLOOD_PRESSURE_SERVICE))
        device.bus.export(f"{_APP}/service1/char1", device.measurement)
        device.bus.export(f"{_APP}/service1/char2", device.clock)
        device.bus.export(f"{_APP}/service2", _Service(sig(0x180A)))
        device.bus.export(f"{_APP}/service2/char3", device.model)
        device.bus.export(f"{_APP}/advertisement", device._advertisement)
        try:
            await device.register()
            await device.advertise()
        except BaseException:
            device.vanish()
            raise
        return device

    async def register(self) -> None:
        """Offer the services; again to a daemon that was started anew."""
        await self.call(self._radio, "org.bluez.GattManager1", "RegisterApplication", "oa{sv}", [_APP, {}])

    async def advertise(self, service_data: dict[str, bytes] | None = None) -> None:
        if service_data is not None:
            self._advertisement.service_data = service_data
        if self._advertising is None:
            await self.call(
                self._radio,
                "org.bluez.LEAdvertisingManager1",
                "RegisterAdvertisement",
                "oa{sv}",
                [f"{_APP}/advertisement", {}],
            )
            self._advertising = asyncio.create_task(self._tick())

    async def fall_silent(self) -> None:
        if self._advertising is not None:
            self._advertising.cancel()
            self._advertising = None
            await self.call(
                self._radio,
                "org.bluez.LEAdvertisingManager1",
                "UnregisterAdvertisement",
                "o",
                [f"{_APP}/advertisement"],
            )

    async def hang_up(self) -> None:
        """As the device would: BlueZoo does not pass on a disconnection from its side, so it is done from ours.

        Nor does it forget subscriptions with the link, as BlueZ does; so that is done too.
        """
        if self.measurement.subscribed.is_set():
            await self.call(await self._path_of(BLOOD_PRESSURE_MEASUREMENT), _CHARACTERISTIC, "StopNotify")
        await self.call(self.central, "org.bluez.Device1", "Disconnect")

    async def link_again(self) -> None:
        """A second link, held by BlueZoo as BlueZ holds one after a crash; bleak then takes it over.

        BlueZoo's Connect does connect a second time, but answers with an error about the services it has already.
        """
        await self.bus.call(Message("org.bluez", self.central, "org.bluez.Device1", "Connect"))

    async def forgotten(self) -> None:
        """Somebody removes the device, and its bond, from our radio."""
        await self.call("/org/bluez/hci0", "org.bluez.Adapter1", "RemoveDevice", "o", [self.central])

    async def property(self, name: str) -> Any:
        """Of the device, as our radio sees it."""
        body = ["org.bluez.Device1", name]
        reply = await self.call(self.central, "org.freedesktop.DBus.Properties", "Get", "ss", body)
        return reply[0].value

    async def _path_of(self, uuid: str) -> str:
        objects = (await self.call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"))[0]
        found: str = next(
            path
            for path, interfaces in objects.items()
            if interfaces.get(_CHARACTERISTIC, {}).get("UUID") is not None
            and interfaces[_CHARACTERISTIC]["UUID"].value == uuid
        )
        return found

    def vanish(self) -> None:
        if self._advertising is not None:
            self._advertising.cancel()
        self.bus.disconnect()

    async def call(
        self, path: str, interface: str, member: str, signature: str = "", body: list[Any] | None = None
    ) -> list[Any]:
        reply = await self.bus.call(Message("org.bluez", path, interface, member, signature=signature, body=body or []))
        assert reply is not None
        assert reply.message_type is not MessageType.ERROR, reply.body
        return reply.body

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            self._advertisement.tick()
