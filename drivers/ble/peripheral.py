"""Enrolled devices as :class:`drivers.device.Peripheral`: one that is connected to, and one that only broadcasts.

connect() ── wait until it is heard ── try to connect, at most four times while it goes on advertising ── BleakLink
                                          │
          refused three times in a row ───┘──▶ STALE_BOND: a person must pair it again; no bond is ever removed here
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import msgspec

from drivers.ble.packets import Packets
from drivers.ble.sightings import Sighting, Sightings
from drivers.device import Link
from drivers.errors import LinkError, LinkReason
from drivers.gatt import service_data
from drivers.readings import DeviceIdentity
from drivers.supported_device import Bonding

BONDED = frozenset({Bonding.REQUIRED, Bonding.REQUIRED_ONE_HOST, Bonding.PASSKEY})
"""Devices that talk only over a bond."""

_HOPELESS = frozenset({LinkReason.NO_ADAPTER, LinkReason.NO_BUS, LinkReason.POWERED_OFF, LinkReason.STALE_BOND})


class EndingLink(Link, Protocol):
    """A link that says when it is closed."""

    def on_end(self, call: Callable[[], None]) -> None: ...


class Air(Protocol):
    """What peripherals need of the radio (drivers.ble.radio.Radio). ``fresh``: seconds for which a sighting counts."""

    @property
    def sightings(self) -> Sightings: ...

    @property
    def fresh(self) -> float: ...

    def know(self, address: str) -> None: ...

    async def connect(
        self, address: str, *, since: float, pair: bool, judged: Callable[[bool], bool]
    ) -> EndingLink: ...


class Tries(msgspec.Struct, frozen=True):
    """``most`` tries to connect, as long as the device is heard again within ``again`` seconds of a failed one.

    ``refusals`` in a row, over all connections, mean that the bond is stale.
    """

    most: int = 4
    again: float = 5.0
    refusals: int = 3


class RadioPeripheral:
    """A device that is connected to. ``may_pair``: make the bond if there is none; only guided pairing does that.

    Without it, a device of a bonded type for which BlueZ has no bond is STALE_BOND, and not connected to: whoever
    speaks under its address does not get a bond unseen. ``heard_since``: earlier advertisements do not count (loop's
    clock).
    """

    def __init__(
        self,
        identity: DeviceIdentity,
        radio: Air,
        bonding: Bonding,
        *,
        may_pair: bool = False,
        tries: Tries | None = None,
        heard_since: float = float("-inf"),
    ) -> None:
        self._identity = identity
        self._radio = radio
        self._bonded = bonding in BONDED
        self._may_pair = may_pair
        self._tries = tries if tries is not None else Tries()
        self._since = heard_since
        self._refusals = 0
        radio.know(identity.address)

    @property
    def identity(self) -> DeviceIdentity:
        return self._identity

    def expect(self) -> None:
        """A real device takes no notice."""

    async def connect(self) -> Link:
        """Wait, for as long as it takes, until the device advertises; then connect, in some twenty seconds a try."""
        failure: LinkError | None = None
        for _ in range(self._tries.most):
            if failure is not None and not await self._still_advertises():
                break
            try:
                return await self._attempt()
            except LinkError as error:
                self._not_before_now()
                failure = self._counted(error)
                if failure.reason in _HOPELESS:
                    break
        raise failure if failure is not None else LinkError(LinkReason.NOT_FOUND)

    async def _attempt(self) -> Link:
        sightings = self._radio.sightings
        fresh = asyncio.get_running_loop().time() - self._radio.fresh
        sighting = await sightings.of(self._identity.address, since=max(self._since, fresh))
        if self._bonded and not sighting.paired and not self._may_pair:
            raise LinkError(LinkReason.STALE_BOND, "there is no bond with it here")
        link = await self._radio.connect(
            self._identity.address, since=self._since, pair=self._bonded and self._may_pair, judged=self._judged
        )
        link.on_end(self._not_before_now)
        return link

    async def _still_advertises(self) -> bool:
        try:
            async with asyncio.timeout(self._tries.again):
                await self._radio.sightings.of(self._identity.address, since=self._since)
        except TimeoutError:
            return False
        return True

    def _not_before_now(self) -> None:
        """What was heard until now says nothing of whether the device still advertises."""
        self._since = asyncio.get_running_loop().time()

    def _judged(self, allowed: bool) -> bool:
        """One connection was refused, or not; whether the bond is stale."""
        self._refusals = 0 if allowed else self._refusals + 1
        return self._refusals >= self._tries.refusals

    def _counted(self, error: LinkError) -> LinkError:
        if error.reason is LinkReason.REFUSED and self._judged(False):
            return LinkError(LinkReason.STALE_BOND, f"refused {self._refusals} times in a row")
        return error


class BroadcastPeripheral:
    """A device whose advertisements are its messages: ``service_data(uuid)`` are its characteristics.

    It repeats a message for many seconds: the same bytes twice running count once, also over two connections.
    """

    def __init__(self, identity: DeviceIdentity, radio: Air) -> None:
        self._identity = identity
        self._radio = radio
        self._latest: dict[str, bytes] = {}

    @property
    def identity(self) -> DeviceIdentity:
        return self._identity

    def expect(self) -> None:
        """A real device takes no notice."""

    async def connect(self) -> Link:
        """Wait until it broadcasts something new."""
        since = asyncio.get_running_loop().time() - self._radio.fresh
        while True:
            sighting = await self._radio.sightings.of(self._identity.address, since=since)
            if self.news(sighting, take=False):
                link = BroadcastLink(self, self._radio)
                link.heard(sighting)
                return link
            since = asyncio.get_running_loop().time()

    def news(self, sighting: Sighting, *, take: bool) -> dict[str, bytes]:
        """What the advertisement says that the one before did not, by service; ``take``: it has been delivered."""
        if sighting.address != self._identity.address.upper():
            return {}
        said = sighting.advertisement.service_data
        new = {service: data for service, data in said.items() if self._latest.get(service) != data}
        if take:
            self._latest.update(new)
        return new


class BroadcastLink:
    """Listens until closed. Nothing can be read or written."""

    def __init__(self, peripheral: BroadcastPeripheral, radio: Air) -> None:
        self._peripheral = peripheral
        self._packets: dict[str, Packets] = {}
        self._end_listening = radio.sightings.listen(self.heard)

    def heard(self, sighting: Sighting) -> None:
        """Something was advertised, by whomever."""
        for service, data in self._peripheral.news(sighting, take=True).items():
            self._of(service_data(service)).put(data)

    async def subscribe(self, characteristic: str) -> AsyncIterator[bytes]:
        """What was heard since the connection, and what will be."""
        if not characteristic.startswith(service_data("")):
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic}: only service data is broadcast")
        return self._of(characteristic)

    async def read(self, characteristic: str) -> bytes:
        raise LinkError(LinkReason.PROTOCOL, f"{characteristic}: a broadcast cannot be read")

    async def write(self, characteristic: str, data: bytes) -> None:
        raise LinkError(LinkReason.PROTOCOL, f"{characteristic}: a broadcast cannot be written")

    async def close(self) -> None:
        self._end_listening()
        for packets in self._packets.values():
            packets.end()

    def _of(self, characteristic: str) -> Packets:
        return self._packets.setdefault(characteristic, Packets())
