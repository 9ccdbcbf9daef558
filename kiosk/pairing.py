"""``kiosk devices pair``: find a device in its pairing mode, pair it, prove it by a second connection, remember it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress

import click
import msgspec

from drivers.ble.agent import AskPasskey
from drivers.ble.pairing import PairingOutcome, PairingResult, PairingStep, pair
from drivers.ble.radio import Radio
from drivers.catalog import recognise
from drivers.device import Clock, Link, RawPacket
from drivers.errors import LinkError, LinkReason
from drivers.readings import DeviceIdentity, DeviceInformation, Reading
from drivers.session import Collected, Limits, hold
from drivers.supported_device import Enrolment, SupportedDevice
from kiosk.home_devices import paired_devices
from kiosk.measurements.capture import Sender, capture_of
from kiosk.measurements.gate import LIVE_WINDOW, Ownership
from kiosk.measurements.outbox import Outbox
from kiosk.measurements.paired_devices import PairedDevice
from kiosk.settings import DeviceSettings, Settings

LOOK_SECONDS = 20.0
"""For so long a device in its pairing mode is looked for."""

_OTHERS_SECONDS = 3.0
"""After the first that fits: others that are there too, and the rest of what it says of itself, mostly its name."""

_RADIO_SECONDS = 15.0


class Found(msgspec.Struct, frozen=True):
    """A supported device that advertises. ``rssi`` in dBm: nearer is greater."""

    address: str
    entry: SupportedDevice
    name: str
    rssi: int


class PairingError(Exception):
    """Nothing was paired; the text says why and what to do."""


_RADIO = {
    LinkReason.NO_BUS: "Bluetooth is not available: the system's D-Bus or BlueZ does not run. Start its service.",
    LinkReason.NO_ADAPTER: "Bluetooth is not available: there is no adapter. Plug one in.",
    LinkReason.POWERED_OFF: "The Bluetooth adapter stays off. Release it with: rfkill unblock bluetooth",
}

_STEPS = {
    PairingStep.WAITING: "{model} is there. Keep it in its pairing mode. {note}",
    PairingStep.FIRST_CONVERSATION: "{model} has answered. It is being read.",
    PairingStep.USE_AGAIN: "Paired. Now take a measurement with it, so that the second connection is proved.",
    PairingStep.SECOND_CONVERSATION: "{model} has come back by itself. It is being read.",
}

_OUTCOMES = {
    PairingOutcome.NOT_SEEN: "It did not show itself. Put it into its pairing mode beside the screen, and try again.",
    PairingOutcome.REFUSED: "It refused. Remove it from other telephones, clear its own pairing, and try again; if it"
    " was paired here before, with --forget.",
    PairingOutcome.NO_BOND: "It was reached, but no bond was made. Put it into its pairing mode, and try again.",
    PairingOutcome.NOT_SEEN_AGAIN: "It was paired, but did not come back after a measurement. Pair it again.",
    PairingOutcome.BOND_FAILED: "It was paired, but refused the second time. Clear its own pairing, and pair it again"
    " with --forget.",
    PairingOutcome.LINE: "The line failed. Bring it nearer, and try again.",
}


class _Listener:
    """Keeps the radio's state, once it has told it."""

    def __init__(self) -> None:
        self.reason: LinkReason | None = None
        self.told = asyncio.Event()

    def radio_state(self, reason: LinkReason | None) -> None:
        self.reason = reason
        self.told.set()


class _PairingJournal:
    """A drivers.device.Journal: what is read while pairing is kept, but whose it is must be asked.

    It may well be the technician's own arm; the screen asks the patient when the kiosk runs again.
    """

    def __init__(self, outbox: Outbox, ownership: Ownership, sender: Sender) -> None:
        self._outbox = outbox
        self._ownership = ownership
        self._sender = sender
        self.kept = 0

    async def record(self, packet: RawPacket) -> None:
        await asyncio.to_thread(self._outbox.journal.record, packet)

    async def keep(self, reading: Reading) -> None:
        captured = capture_of(reading, self._ownership, self._sender, information=None)
        await asyncio.to_thread(self._outbox.keep, captured.capture)
        self.kept += 1

    async def settle(self, session: str) -> None:
        await asyncio.to_thread(self._outbox.journal.settle, session)


async def pair_device(
    settings: Settings,
    outbox: Outbox,
    sender: Sender,
    clock: Clock,
    *,
    model: str | None,
    address: str | None,
    slots: dict[str, str],
    say: Callable[[str], None],
    passkey: AskPasskey,
    look_seconds: float = LOOK_SECONDS,
    forget: bool = False,
) -> PairedDevice:
    """Find, pair, prove, remember. ``model`` and ``address`` narrow the choice.

    ``forget``: first remove the bond that this computer has with the device at ``address``.
    Raises PairingError, PairedDevicesError (before anything is paired, where it can be known then), OutboxError.
    """
    known = paired_devices(settings)
    listener = _Listener()
    radio = Radio(settings.bluetooth.adapter, listener)
    run = asyncio.create_task(radio.run())
    try:
        await _until_it_works(listener)
        if forget and address is not None:
            await _forget(radio, address, say)
        found = await _choose(radio, listener, model, address, look_seconds, say)
        identity = DeviceIdentity(found.entry.model, found.entry.manufacturer, found.address)
        before = known.of(found.address)
        # Paired again it stays the patient's from the first time on; otherwise what it remembers is of another home.
        since = clock.now() - LIVE_WINDOW if before is None else before.since
        owners = {int(slot): one or None for slot, one in slots.items()}
        ownership = Ownership(settings.fhir.patient, found.entry.users, owners, since)
        nobodys = msgspec.structs.replace(ownership, users=max(2, found.entry.users), slots={})
        journal = _PairingJournal(outbox, nobodys, sender)

        async def converse(link: Link, who: DeviceIdentity) -> Collected:
            dialogue = found.entry.dialogue(Enrolment())
            return await hold(dialogue, link, who, clock, journal, show=lambda _: None, limits=Limits())

        def step(one: PairingStep) -> None:
            say(_STEPS[one].format(model=found.entry.model, note=found.entry.hosts_note).strip())

        result = await pair(radio, identity, found.entry, converse, step=step, passkey=passkey)
        if result.outcome is not PairingOutcome.PAIRED:
            reason = _RADIO.get(result.reason) if result.reason is not None else None
            raise PairingError(reason or _OUTCOMES[result.outcome])
        paired = PairedDevice(
            DeviceSettings(model=found.entry.model, address=found.address, slots=slots),
            _information(result),
            since=since,
        )
        known.add(paired)
        readings = "1 reading was" if journal.kept == 1 else f"{journal.kept} readings were"
        say(f"{found.entry.model} is paired; {readings} kept.")
        return paired
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


def _information(result: PairingResult) -> DeviceInformation | None:
    told = [one.information for one in (result.second, result.first) if one is not None]
    return next((one for one in told if one is not None), None)


async def _until_it_works(listener: _Listener) -> None:
    """Raises PairingError for what a person must mend first."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_RADIO_SECONDS):
            await listener.told.wait()
    if not listener.told.is_set():
        raise PairingError("Bluetooth does not answer. Restart its service.")
    if listener.reason in _RADIO:
        raise PairingError(_RADIO[listener.reason])


async def _forget(radio: Radio, address: str, say: Callable[[str], None]) -> None:
    try:
        was_known = await radio.forget(address)
    except LinkError as error:
        raise PairingError(_RADIO.get(error.reason, f"Bluetooth does not work ({error.reason.value}).")) from error
    say("The old bond with it was removed." if was_known else "There was no bond with it.")


async def _choose(
    radio: Radio,
    listener: _Listener,
    model: str | None,
    address: str | None,
    seconds: float,
    say: Callable[[str], None],
) -> Found:
    """The one device that fits and advertises now. Raises PairingError, with the choice when there is one."""
    say(f"Looking for devices for {seconds:.0f} s. Put the device into its pairing mode.")
    seen: dict[str, Found] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds) as limit, aclosing(radio.advertisements()) as heard:
            async for where, advertisement, rssi in heard:
                entry = recognise(advertisement)
                if entry is None or (model is not None and entry.model != model):
                    continue
                if address is not None and where.upper() != address.upper():
                    continue
                if not seen:
                    limit.reschedule(asyncio.get_running_loop().time() + _OTHERS_SECONDS)
                seen[where] = Found(where, entry, advertisement.name or "", rssi)
    if listener.reason is not None and not seen:
        raise PairingError(_RADIO.get(listener.reason, f"Bluetooth does not work ({listener.reason.value})."))
    if not seen:
        raise PairingError("No device that Svar knows was seen. Put it into its pairing mode, and try again.")
    if len(seen) > 1:
        lines = [f"  {one.address}  {one.entry.model}  {one.rssi} dBm" for one in seen.values()]
        raise PairingError("There are several. Name one with --address:\n" + "\n".join(lines))
    return next(iter(seen.values()))


async def ask_passkey() -> int | None:
    """The six digits that a meter shows, typed at the terminal; None: nobody knows them."""
    text = await asyncio.to_thread(click.prompt, "The six digits that the meter shows", default="", show_default=False)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
