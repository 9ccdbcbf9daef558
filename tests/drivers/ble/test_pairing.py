"""Guided pairing against BlueZoo: from the device's pairing mode to the second connection."""

from __future__ import annotations

import pytest

from drivers.ble.pairing import PairingOutcome, PairingStep, PairingTimes, pair
from drivers.catalog import by_model
from drivers.device import Link
from drivers.dialogues.dialogue import End
from drivers.gatt import MODEL_NUMBER
from drivers.readings import DeviceIdentity
from drivers.session import Collected
from tests.drivers.ble.running import CUFF, running
from tests.drivers.ble.virtual_device import VirtualDevice

_QUICK = PairingTimes(first=15, again=15)
_ENTRY = by_model("UA-651BLE")


class Talk:
    """Short conversations; ``ends`` says how each goes."""

    def __init__(self, device: VirtualDevice, *ends: End) -> None:
        self._device = device
        self._ends = list(ends)

    async def __call__(self, link: Link, identity: DeviceIdentity) -> Collected:
        assert identity == CUFF
        assert await link.read(MODEL_NUMBER) == b"UA-651BLE\0"
        await self._device.hang_up()
        await link.close()
        return Collected(self._ends.pop(0))


async def test_paired_is_said_after_the_second_connection(device: VirtualDevice) -> None:
    steps: list[PairingStep] = []
    async with running() as run:
        talk = Talk(device, End.COMPLETE, End.COMPLETE)

        async def first_then_again(link: Link, identity: DeviceIdentity) -> Collected:
            collected = await talk(link, identity)
            if steps[-1] is PairingStep.FIRST_CONVERSATION:
                await device.link_again()
            return collected

        result = await pair(run.radio, CUFF, _ENTRY, first_then_again, step=steps.append, times=_QUICK)
    assert result.outcome is PairingOutcome.PAIRED
    assert steps == list(PairingStep)
    assert result.first is not None
    assert result.second is not None
    assert await device.property("Paired") is True


@pytest.mark.parametrize("end", [End.REFUSED, End.COMPLETE])
async def test_a_device_that_is_not_heard_again_is_not_paired(device: VirtualDevice, end: End) -> None:
    async with running() as run:

        async def silent_after(link: Link, identity: DeviceIdentity) -> Collected:
            collected = await Talk(device, end)(link, identity)
            await device.fall_silent()
            return collected

        times = PairingTimes(first=15, again=1)
        result = await pair(run.radio, CUFF, _ENTRY, silent_after, step=lambda _step: None, times=times)
    expected = PairingOutcome.REFUSED if end is End.REFUSED else PairingOutcome.NOT_SEEN_AGAIN
    assert result.outcome is expected


async def test_a_device_that_is_not_there(device: VirtualDevice) -> None:
    await device.fall_silent()
    async with running() as run:
        result = await pair(
            run.radio, CUFF, _ENTRY, Talk(device), step=lambda _step: None, times=PairingTimes(first=1, again=1)
        )
    assert result.outcome is PairingOutcome.NOT_SEEN


async def test_a_bond_that_does_not_last_is_found_out(device: VirtualDevice) -> None:
    async with running() as run:

        async def bond_goes(link: Link, identity: DeviceIdentity) -> Collected:
            collected = await Talk(device, End.COMPLETE)(link, identity)
            await device.forgotten()
            return collected

        result = await pair(run.radio, CUFF, _ENTRY, bond_goes, step=lambda _step: None, times=_QUICK)
    assert result.outcome is PairingOutcome.NO_BOND
