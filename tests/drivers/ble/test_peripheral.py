"""When a device is tried again, given up, and its bond called stale: with a radio that plays a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from bleak.backends.device import BLEDevice

from drivers.ble.peripheral import BroadcastPeripheral, RadioPeripheral, Tries
from drivers.ble.sightings import MOST_REMEMBERED, Sighting, Sightings
from drivers.errors import LinkError, LinkReason
from drivers.gatt import service_data
from drivers.readings import DeviceIdentity
from drivers.supported_device import Advertisement, Bonding

_ADDRESS = "00:11:22:AA:BB:CC"
_CUFF = DeviceIdentity(model="UA-651BLE", manufacturer="A&D Medical", address=_ADDRESS.lower())
_SHORT = Tries(again=0.05)


class ScriptedLink:
    """Closes; and tells the radio's judge what the script says of its subscription."""

    def __init__(self, judged: Callable[[bool], bool], allowed: bool) -> None:
        self._judged = judged
        self._allowed = allowed
        self._ends: list[Callable[[], None]] = []

    async def subscribe(self, characteristic: str) -> AsyncIterator[bytes]:
        stale = self._judged(self._allowed)
        if not self._allowed:
            raise LinkError(LinkReason.STALE_BOND if stale else LinkReason.REFUSED)
        raise NotImplementedError

    async def read(self, characteristic: str) -> bytes:
        raise NotImplementedError

    async def write(self, characteristic: str, data: bytes) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        for end in self._ends:
            end()

    def on_end(self, call: Callable[[], None]) -> None:
        self._ends.append(call)


class ScriptedRadio:
    """Each connection goes as the script says: a reason, or whether the device allows a subscription."""

    fresh = 15.0

    def __init__(self, *script: LinkReason | bool, paired: bool = True, talkative: bool = True) -> None:
        self.sightings = Sightings()
        self.script = list(script)
        self.asked: list[bool] = []
        self.known: list[str] = []
        self._paired = paired
        self._talkative = talkative

    def know(self, address: str) -> None:
        self.known.append(address)

    def hear(self, service: dict[str, bytes] | None = None, address: str = _ADDRESS) -> None:
        device = BLEDevice(address, "cuff", {"path": "/x", "props": {}})
        now = asyncio.get_running_loop().time()
        advertisement = Advertisement("cuff", service_data=service or {})
        self.sightings.add(Sighting(address, advertisement, -60, now, device, {"Paired": self._paired}))

    async def connect(self, address: str, *, since: float, pair: bool, judged: Callable[[bool], bool]) -> ScriptedLink:
        await self.sightings.of(address, since=since)
        self.asked.append(pair)
        what = self.script.pop(0)
        await asyncio.sleep(0.001)
        if self._talkative:
            asyncio.get_running_loop().call_later(0.005, self.hear)
        if isinstance(what, LinkReason):
            raise LinkError(what)
        return ScriptedLink(judged, what)


def _peripheral(radio: ScriptedRadio, bonding: Bonding = Bonding.REQUIRED_ONE_HOST) -> RadioPeripheral:
    return RadioPeripheral(_CUFF, radio, bonding, tries=_SHORT)


async def _fails(peripheral: RadioPeripheral) -> LinkReason:
    with pytest.raises(LinkError) as caught:
        async with asyncio.timeout(5):
            await peripheral.connect()
    return caught.value.reason


async def test_tried_again_while_it_advertises() -> None:
    radio = ScriptedRadio(LinkReason.LINK_LOST, LinkReason.TIMED_OUT, LinkReason.BUSY, True)
    radio.hear()
    async with asyncio.timeout(5):
        await _peripheral(radio).connect()
    assert radio.asked == [False] * 4
    assert radio.known == [_CUFF.address]


async def test_four_tries_and_no_more() -> None:
    radio = ScriptedRadio(*[LinkReason.LINK_LOST] * 5)
    radio.hear()
    assert await _fails(_peripheral(radio)) is LinkReason.LINK_LOST
    assert len(radio.script) == 1


async def test_given_up_when_it_is_not_heard_any_more() -> None:
    radio = ScriptedRadio(LinkReason.LINK_LOST, True, talkative=False)
    radio.hear()
    assert await _fails(_peripheral(radio)) is LinkReason.LINK_LOST
    assert radio.script == [True]


@pytest.mark.parametrize("reason", [LinkReason.NO_ADAPTER, LinkReason.NO_BUS, LinkReason.POWERED_OFF])
async def test_a_missing_radio_is_no_matter_for_another_try(reason: LinkReason) -> None:
    radio = ScriptedRadio(reason, True)
    radio.hear()
    assert await _fails(_peripheral(radio)) is reason
    assert radio.script == [True]


async def test_refused_three_times_in_a_row_is_a_stale_bond() -> None:
    radio = ScriptedRadio(*[LinkReason.REFUSED] * 4)
    radio.hear()
    assert await _fails(_peripheral(radio)) is LinkReason.STALE_BOND
    assert len(radio.script) == 1


async def test_refusals_count_over_connections_and_a_subscription_ends_the_row() -> None:
    radio = ScriptedRadio(False, False, True, False, False, False)
    peripheral = _peripheral(radio)
    reasons: list[LinkReason | None] = []
    for _ in range(6):
        radio.hear()
        async with asyncio.timeout(5):
            link = await peripheral.connect()
        try:
            await link.subscribe("x")
        except LinkError as error:
            reasons.append(error.reason)
        except NotImplementedError:
            reasons.append(None)
        await link.close()
    refused, stale = LinkReason.REFUSED, LinkReason.STALE_BOND
    assert reasons == [refused, refused, None, refused, refused, stale]


async def test_no_bond_here_means_pairing_again_and_no_connection() -> None:
    radio = ScriptedRadio(True, paired=False)
    radio.hear()
    assert await _fails(_peripheral(radio)) is LinkReason.STALE_BOND
    assert radio.asked == []


@pytest.mark.parametrize(
    ("bonding", "may_pair", "pairs"),
    [(Bonding.PASSKEY, True, True), (Bonding.NONE, True, False), (Bonding.OPTIONAL, False, False)],
)
async def test_a_bond_is_made_only_where_it_is_wanted(bonding: Bonding, may_pair: bool, pairs: bool) -> None:
    radio = ScriptedRadio(True, paired=False)
    radio.hear()
    async with asyncio.timeout(5):
        await RadioPeripheral(_CUFF, radio, bonding, may_pair=may_pair).connect()
    assert radio.asked == [pairs]


async def test_what_was_heard_before_the_last_conversation_does_not_count() -> None:
    radio = ScriptedRadio(True, True, talkative=False)
    peripheral = _peripheral(radio)
    radio.hear()
    link = await peripheral.connect()
    await link.close()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await peripheral.connect()
    radio.hear()
    async with asyncio.timeout(5):
        await peripheral.connect()


async def test_a_broadcast_of_another_device_is_not_ours() -> None:
    radio = ScriptedRadio()
    peripheral = BroadcastPeripheral(_CUFF, radio)
    radio.hear({"s": b"1"})
    link = await peripheral.connect()
    packets = await link.subscribe(service_data("s"))
    radio.hear({"s": b"theirs"}, address="00:11:22:AA:BB:CD")
    radio.hear({"s": b"1"})
    radio.hear({"s": b"2"})
    await link.close()
    assert [packet async for packet in packets] == [b"1", b"2"]
    with pytest.raises(TimeoutError):  # it still says the same: no second conversation about it
        async with asyncio.timeout(0.05):
            await peripheral.connect()


async def test_crowds_are_forgotten_in_their_order() -> None:
    radio = ScriptedRadio()
    radio.hear()
    for number in range(MOST_REMEMBERED):
        radio.hear(address=f"02:00:00:00:{number // 256:02X}:{number % 256:02X}")
    assert radio.sightings.latest(_ADDRESS) is None
    assert radio.sightings.latest("02:00:00:00:00:FF") is not None
