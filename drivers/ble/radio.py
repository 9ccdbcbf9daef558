"""The radio: one permanent scan, one connection at a time, and recovery by itself. Composition roots run one of these.

    run() ─┬─ the bus, the daemon, the adapter, its power ── missing: said to the listener, tried again for ever
           ├─ our pairing agent, links left over from a crash closed
           ├─ the scan ──▶ sightings ──▶ peripherals that wait, enrolment that listens
           └─ the watch: silence after sound ──▶ restart discovery, power-cycle, say so (drivers.ble.recovery)

    connect() ── wait until the radio is free ── pause the scan ── connect ── scan on ── close() frees the radio

A second device that speaks up meanwhile waits until the first conversation has ended: two of them disturb each other on
most adapters, and every conversation has a limit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import aclosing, suppress
from typing import Any, Protocol, TypeVar

import msgspec
from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from drivers.ble import recovery
from drivers.ble.agent import PairingAgent
from drivers.ble.bluez import AdapterState, Bluez
from drivers.ble.errors import translated
from drivers.ble.link import BleakLink, LinkLimits
from drivers.ble.sightings import Sighting, Sightings
from drivers.ble.time_limit import TimeLimit
from drivers.errors import LinkError, LinkReason
from drivers.supported_device import Advertisement

_log = logging.getLogger(__name__)

NOT_HEARD = frozenset({-127, 127})
"""RSSI, bleak's and BlueZ's, when there is none: a property of the device changed, but it was not heard just now."""

_T = TypeVar("_T")


class RadioListener(Protocol):
    """Who wants to know how the radio is. Called on the event loop, at every change, not to be kept waiting."""

    def radio_state(self, reason: LinkReason | None) -> None:
        """None: it scans. TIMED_OUT: it says that it scans, but hears nothing any more."""


class RadioLimits(msgspec.Struct, frozen=True):
    """Seconds. ``call``: one request to BlueZ; ``check``: between looks at the adapter when it says nothing by itself;
    ``again``: the longest pause before a missing radio is looked for again; ``connect``: one try; ``pair``: one try in
    which a person may have to type; ``resume``: the scan after a connection, so that the first subscription goes first;
    ``power``: the adapter stays off in a power cycle; ``fresh``: a device heard no longer ago still advertises, as far
    as one can know: controllers report a device about once in ten seconds.
    """

    call: float = 10.0
    check: float = 5.0
    again: float = 30.0
    connect: float = 20.0
    pair: float = 55.0
    resume: float = 1.0
    power: float = 1.0
    fresh: float = 15.0
    patience: recovery.Patience = recovery.Patience()
    link: LinkLimits = LinkLimits()


class Radio:
    """``adapter``: as in ``hci0``, None: the first that is powered. ``known``: addresses whose left-over links are
    closed when the radio starts. ``power_on``: an adapter that is off is switched on; nobody else in the home could."""

    def __init__(
        self,
        adapter: str | None,
        listener: RadioListener,
        *,
        known: Iterable[str] = (),
        limits: RadioLimits | None = None,
        agent: PairingAgent | None = None,
        power_on: bool = True,
    ) -> None:
        self.agent = agent if agent is not None else PairingAgent()
        self._known = {address.upper() for address in known}
        self.limits = limits if limits is not None else RadioLimits()
        self.sightings = Sightings()
        self._wanted = adapter
        self._listener = listener
        self._power_on = power_on
        self._time_limit = TimeLimit()
        self._turn = asyncio.Lock()  # one operation at a time
        self._free = asyncio.Lock()  # one connection at a time: held from connecting until closed
        self._link: BleakLink | None = None
        self._bluez: Bluez | None = None
        self._adapter: AdapterState | None = None
        self._scanner: BleakScanner | None = None
        self._scanning = False
        self._resuming: asyncio.Task[None] | None = None
        self._watch = recovery.Watch()
        self._told: LinkReason | None = None
        self._has_told = False

    # -- what peripherals use --------------------------------------------------------------------------------------

    def know(self, address: str) -> None:
        """One of our devices: a link to it that is left over is closed when the radio starts."""
        self._known.add(address.upper())

    @property
    def fresh(self) -> float:
        """Seconds for which a device that was heard is taken to advertise still."""
        return self.limits.fresh

    async def connect(self, address: str, *, since: float, pair: bool, judged: Callable[[bool], bool]) -> BleakLink:
        """Wait until the device is heard and the radio is free, then try once to connect. Raises LinkError.

        ``since``: by the loop's clock; what was heard of the device before does not count. ``pair``: make a bond first
        if there is none; without it, a device whose BlueZ has no bond may refuse. ``judged``: see :class:`BleakLink`.
        """
        sighting = await self._heard_and_free(address, since)
        link = BleakLink(
            sighting.address, self._turn, self._time_limit, self.limits.link, ended=self._link_ended, judged=judged
        )
        self._link = link
        try:
            await self._pause_scan()
            async with self._turn:
                if self._scanner is None:
                    raise LinkError(self._told or LinkReason.NO_ADAPTER, "the radio is not running")
                pairing = pair and not sighting.paired
                await link.open(
                    sighting.device, pair=pairing, seconds=self.limits.pair if pairing else self.limits.connect
                )
        except BaseException as error:
            self._link_ended(link)
            if isinstance(error, LinkError) and _looks_like_a_stale_bond(link, sighting):
                raise LinkError(LinkReason.REFUSED, f"fell {link.falls} times: {link.fall_reason}") from error
            raise
        self._resume_scan(self.limits.resume)
        return link

    async def _heard_and_free(self, address: str, since: float) -> Sighting:
        """The device as heard just now, with the radio held for it."""
        loop = asyncio.get_running_loop()
        while True:
            sighting = await self.sightings.of(address, since=max(since, loop.time() - self.limits.fresh))
            await self._free.acquire()
            if loop.time() - sighting.at <= self.limits.fresh:
                return sighting
            self._free.release()  # it took long: the device may have fallen silent

    async def is_paired(self, address: str) -> bool:
        """BlueZ has a bond with the device; LinkError when the radio is not there."""
        if self._bluez is None or self._adapter is None:
            raise LinkError(self._told or LinkReason.NO_BUS, "the radio is not running")
        return await self._call("bond", self._bluez.is_paired(self._adapter, address))

    async def forget(self, address: str) -> bool:
        """Remove the bond with a device, because a person said so; False when BlueZ did not know it. Raises LinkError.

        BlueZ makes no new bond while it holds one, even when the device has lost its own.
        """
        if self._bluez is None or self._adapter is None:
            raise LinkError(self._told or LinkReason.NO_BUS, "the radio is not running")
        return await self._call("forget", self._bluez.forget(self._adapter, address))

    async def advertisements(self) -> AsyncGenerator[tuple[str, Advertisement, int], None]:
        """What is heard from now on, of any device: address, advertisement, RSSI in dBm. For enrolment."""
        async with aclosing(self.sightings.follow()) as followed:
            async for sighting in followed:
                yield sighting.address, sighting.advertisement, sighting.rssi

    # -- its life --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """For ever; cancelled to stop. What the surroundings lack is told and tried again, never raised."""
        pause = 1.0
        try:
            while True:
                started = asyncio.get_running_loop().time()
                try:
                    await self._live()
                except LinkError as error:
                    _log.info("the Bluetooth radio is not there: %s", error)
                    self._tell(error.reason)
                if asyncio.get_running_loop().time() - started > self.limits.again:
                    pause = 1.0
                await asyncio.sleep(min(pause, self.limits.again))
                pause = min(2 * pause, self.limits.again)
        finally:
            if self._link is not None:
                await self._link.close()

    async def _live(self) -> None:
        """From finding the radio until it is lost, which raises LinkError."""
        bluez = await self._call("D-Bus", Bluez.connect(self._device_fell))
        try:
            adapter = await self._powered(bluez)
            self._bluez, self._adapter = bluez, adapter
            await self._call("agent", self.agent.register(bluez.bus))
            await self._close_left_over(bluez, adapter)
            self._scanner = BleakScanner(self._detected, bluez={"adapter": adapter.name})
            self._watch = recovery.resumed(self._watch, asyncio.get_running_loop().time())
            async with self._turn:
                await self._start_scan()
            self._tell(None)
            await self._keep_watch(bluez, adapter)
        finally:
            await self._end_life(bluez)

    async def _powered(self, bluez: Bluez) -> AdapterState:
        """The adapter, switched on if it may be. LinkError NO_ADAPTER or POWERED_OFF."""
        adapter = await self._call("adapter", bluez.adapter(self._wanted))
        if not adapter.powered and self._power_on:
            with suppress(LinkError):  # blocked by a switch, for instance: then it stays off, and that is said
                await self._call("power", bluez.set_powered(adapter, True))
                adapter = await self._call("adapter", bluez.adapter(adapter.name))
        if not adapter.powered:
            raise LinkError(LinkReason.POWERED_OFF, adapter.name)
        return adapter

    async def _keep_watch(self, bluez: Bluez, adapter: AdapterState) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.limits.check):
                    await bluez.changed.wait()
            bluez.changed.clear()
            if bluez.gone:
                raise LinkError(LinkReason.NO_BUS, "the Bluetooth daemon has gone")
            if not await self._call("adapter", bluez.is_powered(adapter)):
                raise LinkError(LinkReason.POWERED_OFF, adapter.name)
            if self._free.locked():
                self._watch = recovery.resumed(self._watch, loop.time())
            if self._scanning_failed():
                raise LinkError(LinkReason.BUSY, "the scan did not go on")
            self._watch, step = recovery.next_step(self._watch, loop.time(), self.limits.patience)
            if step is not None:
                await self._recover(bluez, adapter, step)

    async def _recover(self, bluez: Bluez, adapter: AdapterState, step: recovery.Step) -> None:
        _log.warning("nothing heard for long: %s", step.value)
        async with self._turn:
            match step:
                case recovery.Step.RESTART_DISCOVERY:
                    await self._stop_scan()
                    await self._start_scan()
                case recovery.Step.POWER_CYCLE:
                    await self._stop_scan()
                    await self._call("power", bluez.set_powered(adapter, False))
                    await asyncio.sleep(self.limits.power)
                    await self._call("power", bluez.set_powered(adapter, True))
                    await self._start_scan()
                case recovery.Step.TELL:
                    self._tell(LinkReason.TIMED_OUT)

    async def _end_life(self, bluez: Bluez) -> None:
        if self._resuming is not None:
            self._resuming.cancel()
            self._resuming = None
        if self._link is not None:
            self._link.lost(LinkReason.LINK_LOST, "the radio has gone")
        async with self._turn:
            await self._stop_scan()
            self._scanner = None
        self._bluez = self._adapter = None
        await self.agent.unregister()
        bluez.close()

    async def _close_left_over(self, bluez: Bluez, adapter: AdapterState) -> None:
        """Links of our devices that BlueZ still holds, for a process that died: the device would not advertise."""
        for connected in await self._call("links", bluez.connected_devices(adapter)):
            if connected.address in self._known and (self._link is None or self._link.address != connected.address):
                with suppress(LinkError):
                    await self._call("disconnect", bluez.disconnect_device(connected.path))

    # -- the scan --------------------------------------------------------------------------------------------------

    def _detected(self, device: BLEDevice, data: AdvertisementData) -> None:
        """bleak: a device was heard, or some property of it changed, which is not the same."""
        if data.rssi in NOT_HEARD:
            return
        now = asyncio.get_running_loop().time()
        self._watch = recovery.heard(self._watch, now)
        if self._has_told and self._told is LinkReason.TIMED_OUT:
            self._tell(None)
        _path, properties = data.platform_data
        self.sightings.add(Sighting(device.address.upper(), _advertisement(data), data.rssi, now, device, properties))

    async def _start_scan(self) -> None:
        """With the turn. Raises LinkError."""
        if self._scanner is not None and not self._scanning:
            with translated("scan"):
                await self._call("scan", self._scanner.start())
            self._scanning = True

    async def _stop_scan(self) -> None:
        """With the turn. What cannot be stopped has stopped."""
        if self._scanner is not None and self._scanning:
            self._scanning = False
            with suppress(LinkError), translated("scan"):
                await self._call("scan", self._scanner.stop())

    async def _pause_scan(self) -> None:
        if self._resuming is not None:
            self._resuming.cancel()
            self._resuming = None
        async with self._turn:
            await self._stop_scan()

    def _resume_scan(self, delay: float) -> None:
        if self._scanner is None:
            return
        if self._resuming is not None:
            self._resuming.cancel()
        self._resuming = asyncio.get_running_loop().create_task(self._resume_after(delay))

    async def _resume_after(self, delay: float) -> None:
        await asyncio.sleep(delay)
        async with self._turn:
            try:
                await self._start_scan()
            except LinkError as error:
                _log.info("the scan did not go on: %s", error)
        if self._bluez is not None:
            self._bluez.changed.set()  # the watch looks whether it scans

    def _scanning_failed(self) -> bool:
        pausing = self._resuming is not None and not self._resuming.done()
        return not (self._scanning or pausing or self._free.locked())

    # -- the rest --------------------------------------------------------------------------------------------------

    def _link_ended(self, link: BleakLink) -> None:
        if self._link is link:
            self._link = None
            self._free.release()
            self._resume_scan(0)

    def _device_fell(self, address: str, reason: str) -> None:
        if self._link is not None and self._link.address == address:
            self._link.fall_reason = reason

    async def _call(self, doing: str, work: Coroutine[Any, Any, _T]) -> _T:
        return await self._time_limit.within(self.limits.call, doing, work)

    def _tell(self, reason: LinkReason | None) -> None:
        if not self._has_told or reason is not self._told:
            self._has_told, self._told = True, reason
            self._listener.radio_state(reason)


def _advertisement(data: AdvertisementData) -> Advertisement:
    """FORA pads its name with NULs; BlueZ and bleak give UUIDs in lower case, but do not promise it."""
    name = data.local_name.rstrip("\0") if data.local_name is not None else None
    return Advertisement(
        name=name or None,
        services=tuple(uuid.lower() for uuid in data.service_uuids),
        manufacturer_data=dict(data.manufacturer_data),
        service_data={uuid.lower(): value for uuid, value in data.service_data.items()},
    )


def _looks_like_a_stale_bond(link: BleakLink, sighting: Sighting) -> bool:
    """BlueZ said so; or, before it could, the link of a bonded device came up and fell again and again."""
    if link.fall_reason == "org.bluez.Reason.Authentication":
        return True
    return link.fall_reason is None and link.falls >= 2 and sighting.paired
