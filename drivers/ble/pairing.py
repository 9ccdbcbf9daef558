"""Guided pairing of one device, to the end: bonded, spoken with, and found again.

    window open ── heard ── connected and bonded ── first conversation ── window closed
                                                                              │
          PAIRED ◀── second conversation ◀── connected by the bond alone ◀── heard again (somebody uses it)

A bond that works at once and never again is the most reported fault of such devices; therefore the second connection.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable

import msgspec

from drivers.ble.agent import AskPasskey, AskSame
from drivers.ble.peripheral import BONDED, BroadcastPeripheral, RadioPeripheral
from drivers.ble.radio import Radio
from drivers.device import Link, Peripheral
from drivers.dialogues.dialogue import End
from drivers.errors import LinkError, LinkReason
from drivers.readings import DeviceIdentity
from drivers.session import Collected
from drivers.supported_device import Bonding, SupportedDevice, Transport

Converse = Callable[[Link, DeviceIdentity], Awaitable[Collected]]
"""Holds one conversation to its end and closes the link: drivers.session.hold with the device's dialogue."""


class PairingStep(enum.Enum):
    """What is going on, so that the person can be told what to do."""

    WAITING = "waiting"  # for the device in its pairing mode
    FIRST_CONVERSATION = "first-conversation"
    USE_AGAIN = "use-again"  # for the device after a real measurement
    SECOND_CONVERSATION = "second-conversation"


class PairingOutcome(enum.Enum):
    """How it ended."""

    PAIRED = "paired"
    NOT_SEEN = "not-seen"  # it did not show itself in time
    REFUSED = "refused"  # it, or BlueZ, did not want the bond or the conversation
    NO_BOND = "no-bond"  # connected, but no bond was made
    NOT_SEEN_AGAIN = "not-seen-again"
    BOND_FAILED = "bond-failed"  # the second connection was refused: paired, yet it will not work
    LINE = "line"  # the line or the radio failed; see the reason


class PairingResult(msgspec.Struct, frozen=True):
    """``reason`` is that of the line where it had one; the conversations are those that were held."""

    outcome: PairingOutcome
    reason: LinkReason | None = None
    first: Collected | None = None
    second: Collected | None = None


class PairingTimes(msgspec.Struct, frozen=True):
    """Seconds to show itself and be paired, and to be used and show itself again."""

    first: float = 120.0
    again: float = 180.0


async def pair(
    radio: Radio,
    identity: DeviceIdentity,
    entry: SupportedDevice,
    converse: Converse,
    *,
    step: Callable[[PairingStep], None],
    passkey: AskPasskey | None = None,
    same: AskSame | None = None,
    times: PairingTimes | None = None,
) -> PairingResult:
    """Pair the device by that address (chosen by a person out of ``radio.advertisements()``). Never raises LinkError.

    ``passkey`` is asked for the six digits that a meter shows; without it only devices that need none can be paired.
    """
    times = times if times is not None else PairingTimes()
    step(PairingStep.WAITING)
    if entry.transport is Transport.BROADCAST:
        return await _hear_once(BroadcastPeripheral(identity, radio), converse, step, times)
    asks = passkey if entry.bonding is Bonding.PASSKEY else None
    try:
        async with radio.agent.window(identity.address, times.first, passkey=asks, same=same):
            link = await _connected(RadioPeripheral(identity, radio, entry.bonding, may_pair=True), times.first)
            if link is None:
                return PairingResult(PairingOutcome.NOT_SEEN)
            step(PairingStep.FIRST_CONVERSATION)
            first = await converse(link, identity)
        if _was_refused(first):
            return PairingResult(PairingOutcome.REFUSED, first.lost, first)
        if entry.bonding in BONDED and not await radio.is_paired(identity.address):
            return PairingResult(PairingOutcome.NO_BOND, None, first)
    except LinkError as error:
        return PairingResult(_outcome(error.reason, PairingOutcome.REFUSED), error.reason)
    return await _find_again(radio, identity, entry, converse, step, times, first)


async def _find_again(
    radio: Radio,
    identity: DeviceIdentity,
    entry: SupportedDevice,
    converse: Converse,
    step: Callable[[PairingStep], None],
    times: PairingTimes,
    first: Collected,
) -> PairingResult:
    step(PairingStep.USE_AGAIN)
    now = asyncio.get_running_loop().time()
    try:
        link = await _connected(RadioPeripheral(identity, radio, entry.bonding, heard_since=now), times.again)
        if link is None:
            return PairingResult(PairingOutcome.NOT_SEEN_AGAIN, None, first)
        step(PairingStep.SECOND_CONVERSATION)
        second = await converse(link, identity)
    except LinkError as error:
        return PairingResult(_outcome(error.reason, PairingOutcome.BOND_FAILED), error.reason, first)
    outcome = PairingOutcome.BOND_FAILED if _was_refused(second) else PairingOutcome.PAIRED
    return PairingResult(outcome, second.lost, first, second)


async def _hear_once(
    peripheral: Peripheral, converse: Converse, step: Callable[[PairingStep], None], times: PairingTimes
) -> PairingResult:
    """A device that only broadcasts has no bond to prove: heard and understood once is enough."""
    link = await _connected(peripheral, times.first)
    if link is None:
        return PairingResult(PairingOutcome.NOT_SEEN)
    step(PairingStep.FIRST_CONVERSATION)
    return PairingResult(PairingOutcome.PAIRED, None, await converse(link, peripheral.identity))


async def _connected(peripheral: Peripheral, seconds: float) -> Link | None:
    """None: it did not show itself in that time."""
    try:
        async with asyncio.timeout(seconds):
            return await peripheral.connect()
    except TimeoutError:
        return None


def _outcome(reason: LinkReason, refused: PairingOutcome) -> PairingOutcome:
    return refused if reason in (LinkReason.REFUSED, LinkReason.STALE_BOND) else PairingOutcome.LINE


def _was_refused(collected: Collected) -> bool:
    return collected.end is End.REFUSED or collected.lost in (LinkReason.REFUSED, LinkReason.STALE_BOND)
