"""A :class:`drivers.device.Link` over one connection that bleak holds. Made by :class:`drivers.ble.radio.Radio`.

    BlueZ ──notification──▶ bleak's callback ──▶ Echo ──▶ Packets ──▶ the conversation
      └──── Connected: false ──▶ hung_up ──(reason, if this BlueZ says it)──▶ the iterators end, or raise LINK_LOST

BlueZ confirms an indication by itself when it arrives, before anything is stored: the journal is written first thing by
whoever reads, and a device's own memory is not to be relied on after that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak_retry_connector import establish_connection

from drivers.ble.errors import RADIO_ERRORS, link_error, translated
from drivers.ble.packets import MOST_UNREAD, Echo, Packets
from drivers.ble.time_limit import TimeLimit
from drivers.errors import LinkError, LinkReason

_log = logging.getLogger(__name__)

_LOST = {
    "org.bluez.Reason.Timeout": LinkReason.LINK_LOST,
    "org.bluez.Reason.Suspend": LinkReason.LINK_LOST,
    "org.bluez.Reason.Authentication": LinkReason.REFUSED,
}
"""Why a link fell, where that was not the device's own wish. BlueZ before 5.82 or so does not say; then it was."""

_USELESS_TO_REPEAT = frozenset(
    {LinkReason.REFUSED, LinkReason.NOT_FOUND, LinkReason.NO_ADAPTER, LinkReason.NO_BUS, LinkReason.POWERED_OFF}
)
_T = TypeVar("_T")


class LinkLimits(msgspec.Struct, frozen=True):
    """Seconds. ``life``: no conversation is longer; a link that its user forgot is closed then.

    ``reason``: how long after a link fell BlueZ's reason is waited for. ``unread``: packets of one subscription.
    """

    operation: float = 10.0
    close: float = 5.0
    life: float = 300.0
    reason: float = 0.1
    unread: int = MOST_UNREAD


class BleakLink:
    """One connection. ``turn`` is the radio's: one operation at a time. ``ended`` is called once, when it is closed.

    ``judged`` is told, once a connection, that the device let us subscribe (True) or did not (False: authentication, a
    bond); it answers whether the bond is to be called stale.
    """

    def __init__(
        self,
        address: str,
        turn: asyncio.Lock,
        time_limit: TimeLimit,
        limits: LinkLimits,
        *,
        ended: Callable[[BleakLink], None],
        judged: Callable[[bool], bool],
    ) -> None:
        self.address = address
        self.falls = 0  # how often the link came up and fell while it was being made
        self.fall_reason: str | None = None
        self._turn = turn
        self._time_limit = time_limit
        self._limits = limits
        self._ended = ended
        self._judged = judged
        self._client: _Client | None = None
        self._lost: LinkError | None = None
        self._standing = False
        self._closed = False
        self._packets: dict[str, Packets] = {}
        self._echoes: dict[str, Echo] = {}
        self._timers: list[asyncio.TimerHandle] = []
        self._closing: asyncio.Task[None] | None = None
        self._refused = False
        self._on_end: list[Callable[[], None]] = []

    async def open(self, device: BLEDevice, *, pair: bool, seconds: float) -> None:
        """Connect, pairing first if asked to, and find the services; one try. After a LinkError nothing is left."""
        try:
            with translated("connect"):
                await self._time_limit.within(seconds, "connect", self._establish(device, pair, seconds))
            if self._client is None or not self._client.is_connected:
                raise LinkError(LinkReason.LINK_LOST, "fell at once")
        except BaseException:
            self._closed = True
            await self._disconnect()
            raise
        self._standing = True
        self._timers.append(asyncio.get_running_loop().call_later(self._limits.life, self._outlived))

    async def subscribe(self, characteristic: str) -> AsyncIterator[bytes]:
        """Notifications or indications on. The iterator is fed from before this returns: nothing falls in between."""
        packets = Packets(self._limits.unread)
        echo = Echo(packets.put, asyncio.get_running_loop().time)
        self._echoes[characteristic] = echo
        self._packets[characteristic] = packets

        def received(_characteristic: BleakGATTCharacteristic, data: bytearray) -> None:
            echo.received(bytes(data))

        try:
            async with self._turn:
                found = self._characteristic(characteristic, ("indicate", "notify"))
                await self._operation("subscribe", self._standing_client().start_notify(found, received))
        except BaseException:
            self._echoes.pop(characteristic, None)
            self._packets.pop(characteristic, None)
            raise
        if not self._standing:
            packets.end(self._lost)
        return packets

    async def read(self, characteristic: str) -> bytes:
        async with self._turn:
            found = self._characteristic(characteristic, ("read",))
            echo = self._echoes.get(characteristic)
            if echo is not None:
                echo.read_begins()
            answer: bytes | None = None
            try:
                answer = bytes(await self._operation("read", self._standing_client().read_gatt_char(found)))
            finally:
                if echo is not None:
                    echo.read_ends(answer)
            return answer

    async def write(self, characteristic: str, data: bytes) -> None:
        async with self._turn:
            found = self._characteristic(characteristic, ("write", "write-without-response"))
            confirmed = "write" in found.properties
            await self._operation(
                "write", self._standing_client().write_gatt_char(found, bytearray(data), response=confirmed)
            )

    async def close(self) -> None:
        """Let the link fall. What BlueZ does not do in time is given up silently: the line is over. Never raises."""
        if self._closed:
            return
        self._closed = True
        try:
            await self._disconnect()
        finally:
            self._finish(None)
            for call in self._on_end:
                call()
            self._ended(self)

    def on_end(self, call: Callable[[], None]) -> None:
        """Call this too when the link is closed."""
        self._on_end.append(call)

    def hung_up(self) -> None:
        """bleak: the link has fallen. The reason, if this BlueZ says one, comes about now, before or after."""
        if not self._standing:
            self.falls += 1
            return
        self._standing = False
        if self._closed:
            self._finish(None)
            return
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(self._limits.reason, self._fallen))

    def lost(self, reason: LinkReason, detail: str) -> None:
        """The radio under the link has gone."""
        self._finish(LinkError(reason, detail))

    async def _establish(self, device: BLEDevice, pair: bool, seconds: float) -> None:
        await establish_connection(
            _Client,
            device,
            "device",  # its name is for logs, where it does not belong
            max_attempts=1,  # between tries the radio listens whether the device is still there
            use_services_cache=False,
            pair=pair,
            link=self,
            seconds=seconds,
        )

    def made(self, client: _Client) -> None:
        """The client that tries to connect; known from the beginning, so that a try cut short is cleared up."""
        self._client = client

    async def _disconnect(self) -> None:
        if self._client is None:
            return
        try:
            with translated("disconnect", linked=True):
                await self._time_limit.within(self._limits.close, "disconnect", self._client.disconnect())
        except LinkError as error:
            _log.info("a Bluetooth link was given up: %s", error)

    async def _operation(self, doing: str, work: Coroutine[Any, Any, _T]) -> _T:
        try:
            with translated(doing, linked=True):
                result = await self._time_limit.within(self._limits.operation, doing, work)
        except LinkError as error:
            if error.reason is LinkReason.REFUSED:
                raise self._refusal(str(error)) from error
            if not self._standing:
                raise self._lost or LinkError(LinkReason.LINK_LOST, doing) from error
            raise
        if doing == "subscribe" and not self._refused:
            self._judged(True)
        return result

    def _refusal(self, detail: str) -> LinkError:
        """Counted once a connection, however many operations are refused."""
        stale = False if self._refused else self._judged(False)
        self._refused = True
        return LinkError(LinkReason.STALE_BOND if stale else LinkReason.REFUSED, detail)

    def _standing_client(self) -> _Client:
        if self._client is None or not self._standing or self._closed:
            raise self._lost or LinkError(LinkReason.LINK_LOST, "hung up")
        return self._client

    def _characteristic(self, uuid: str, able: tuple[str, ...]) -> BleakGATTCharacteristic:
        """The characteristic by that UUID that can do one of ``able``. Some devices have a UUID in several services."""
        client = self._standing_client()
        with translated("services", linked=True):
            found = [each for each in client.services.characteristics.values() if each.uuid.lower() == uuid]
        fitting = [each for each in found if set(able) & set(each.properties)]
        if not fitting:
            raise LinkError(LinkReason.PROTOCOL, f"{uuid} {'cannot ' + able[0] if found else 'is not there'}")
        return min(fitting, key=lambda each: each.handle)

    def _fallen(self) -> None:
        detail = self.fall_reason or ""
        reason = _LOST.get(detail)
        if reason is None:
            self._finish(None)
        else:
            self._finish(self._refusal(detail) if reason is LinkReason.REFUSED else LinkError(reason, detail))

    def _outlived(self) -> None:
        if not self._closed:
            self.lost(LinkReason.TIMED_OUT, "the conversation took too long")
            self._closing = asyncio.get_running_loop().create_task(self.close())

    def _finish(self, error: LinkError | None) -> None:
        """The end of every iterator; the first reason counts."""
        self._standing = False
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._lost is None:
            self._lost = error
        for packets in self._packets.values():
            packets.end(error)


class _Client(BleakClient):
    """bleak's client, known to its link from the start, with its own limit, and whose refusals are not tried again."""

    def __init__(self, device: BLEDevice, *, link: BleakLink, seconds: float, **arguments: Any) -> None:
        arguments["disconnected_callback"] = lambda _client: link.hung_up()
        super().__init__(device, timeout=seconds, **arguments)
        self._link = link
        self._seconds = seconds
        link.made(self)

    async def connect(self, **arguments: Any) -> None:
        """Raises LinkError where another try at once is of no use; else what bleak raises."""
        arguments["timeout"] = self._seconds
        try:
            await super().connect(**arguments)
        except RADIO_ERRORS as error:
            ours = link_error(error, "connect")
            if ours.reason in _USELESS_TO_REPEAT:
                raise ours from error
            raise
