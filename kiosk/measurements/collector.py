"""Listens to this home's health devices for ever: lets each talk when it shows itself, keeps and tells what it says.

A device speaks when it has something, not when it is asked; so all are listened to all the time, and a request (the
nurse's, the patient's) only waits for the next reading of its kind. The conversation is in drivers.dialogues, the disk
in outbox and journal, whether a reading may leave in gate.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from drivers.device import Clock, Link, Peripheral, RawPacket
from drivers.dialogues.dialogue import End
from drivers.errors import LinkError, LinkReason
from drivers.readings import DeviceInformation, Measurement, Reading
from drivers.session import Collected, hold, replay
from drivers.session import Limits as SessionLimits
from drivers.supported_device import ClockRule, Enrolment, SupportedDevice
from kiosk.facts.measurement import SHOWN_AS, MeasurementFault, MeasurementKind
from kiosk.measurements.capture import Captured, Sender, capture_of, recaptured, released
from kiosk.measurements.gate import Gate, Judged, Ownership, is_live
from kiosk.measurements.journal import JournalStore
from kiosk.measurements.outbox import Outbox, OutboxError
from kiosk.measurements.outbox_values import HeldReading, Kept, State

_log = logging.getLogger(__name__)

_AT_ONCE = {
    LinkReason.STALE_BOND: MeasurementFault.PAIR_AGAIN,
    LinkReason.NO_ADAPTER: MeasurementFault.BLUETOOTH_OFF,
    LinkReason.NO_BUS: MeasurementFault.BLUETOOTH_OFF,
    LinkReason.POWERED_OFF: MeasurementFault.BLUETOOTH_OFF,
}
"""Trouble that waiting does not mend: whoever asked is told at once."""


ASK_AGAIN = timedelta(hours=24)
"""For this long is a person asked again whose a reading is; after that it is the desk's to find out."""


REPEATED_WITHIN = timedelta(minutes=2)
"""A record without a time that comes again byte for byte in a later connection, this soon, is the same measurement:
another one would have taken as long."""


class Limits(msgspec.Struct, frozen=True):
    """Seconds. ``appear``: from the request until a reading (put the cuff on, press, inflate); ``again``: how long a
    device that was lost has to come back before it is called lost; ``gather``: how long a fresh reading waits for a
    fresher one of the same device; ``pause``: between two connections; ``storage_pause``: after the disk refused;
    ``progress``: at most one provisional value in this time.
    """

    appear: float = 180.0
    again: float = 15.0
    gather: float = 0.08
    pause: float = 1.0
    longest_pause: float = 60.0
    storage_pause: float = 15.0
    progress: float = 0.25
    session: SessionLimits = SessionLimits()


class HomeDevice(msgspec.Struct, frozen=True):
    """One enrolled device: what it is, how to reach it, and whose it is."""

    entry: SupportedDevice
    peripheral: Peripheral
    ownership: Ownership
    enrolment: Enrolment = Enrolment()
    information: DeviceInformation | None = None

    def offers(self, kind: MeasurementKind) -> bool:
        """Whether it measures that."""
        return any(SHOWN_AS.get(one) is kind for one in self.entry.kinds)


class SavedReading(msgspec.Struct, frozen=True):
    """On disk, synced, and on its way. ``reading_id`` is the identity that the uploader reports too.

    ``doubt``: the device says something against it, so that the patient is asked to measure again.
    ``server_id`` and ``held``: a device that replays its memory gave what had been delivered, or refused, before.
    """

    reading_id: str
    reading: Reading
    doubt: MeasurementFault | None = None
    server_id: str | None = None
    held: bool = False


MeasurementResult = SavedReading | MeasurementFault


class CollectorListener(Protocol):
    """Who wants to know. Called on the event loop, not to be kept waiting."""

    def packet_received(self) -> None:
        """Bytes of a device are here; nothing has been done with them yet."""

    def to_send(self) -> None:
        """There is something new in the outbox."""

    def reading_kept(self, saved: SavedReading) -> None:
        """A reading that was taken just now without being asked for."""

    def measurement_failed(self, kind: MeasurementKind, fault: MeasurementFault) -> None:
        """A device was used just now without being asked for, and gave nothing."""

    def measurement_progress(self, measurement: Measurement) -> None:
        """A provisional value, for the screen only."""

    def owner_asked(self, reading_id: str, reading: Reading) -> None:
        """A reading taken now of which only a person can say whose it is; it is kept, and not sent until then."""

    def old_readings(self, count: int) -> None:
        """Readings of earlier days have come out of a device's memory."""

    def device_trouble(self, device: str, reason: LinkReason | None) -> None:
        """The line to the device at that address fails lastingly; None: it works."""

    def storage_trouble(self, failed: bool) -> None:
        """Nothing can be kept; False: it can again."""


class _Record(msgspec.Struct, frozen=True):
    captured: Captured
    kept: Kept

    @property
    def judged(self) -> Judged:
        return self.captured.judged

    @property
    def reading(self) -> Reading:
        return self.captured.reading

    @property
    def saved(self) -> SavedReading:
        return SavedReading(
            self.kept.reading_id, self.reading, self.judged.doubt, self.kept.server_id, self.kept.state is State.HELD
        )


class _Request:
    """Somebody waits for the next reading of a kind."""

    def __init__(self, kind: MeasurementKind, deadline: asyncio.Timeout) -> None:
        self.kind = kind
        self.deadline = deadline
        self.fault = MeasurementFault.DEVICE_NOT_FOUND
        self.result: asyncio.Future[MeasurementResult] = asyncio.get_running_loop().create_future()

    def resolve(self, result: MeasurementResult) -> bool:
        """Give the answer; False when it has been given."""
        if self.result.done():
            return False
        self.result.set_result(result)
        return True


class _Visit:
    """One connection of one device: a drivers.device.Journal that keeps in the outbox and tells the collector."""

    def __init__(self, collector: Collector, device: _Device) -> None:
        self._collector = collector
        self._device = device
        self.records: list[_Record] = []

    async def record(self, packet: RawPacket) -> None:
        self._collector.packet_received()
        await asyncio.to_thread(self._collector.journal.record, packet)

    async def keep(self, reading: Reading) -> None:
        record = await self._collector.keep(self._device, reading)
        self.records.append(record)
        self._collector.kept(self._device, record)

    async def settle(self, session: str) -> None:
        await asyncio.to_thread(self._collector.journal.settle, session)


class _Device:
    """What the collector remembers of a device while it runs."""

    def __init__(self, home: HomeDevice) -> None:
        self.home = home
        self.information = home.information
        self.trouble: LinkReason | None = None
        self.fresh: _Record | None = None
        self.announcing: asyncio.TimerHandle | None = None
        self.latest: Captured | None = None
        self.progress_at = 0.0

    @property
    def address(self) -> str:
        return self.home.peripheral.identity.address

    def perhaps_repeated(self, now: datetime) -> Captured | None:
        """The latest reading, if the device may give it again because its confirmation was lost."""
        remembers = self.home.entry.clock_rule is not ClockRule.NO_CLOCK
        if self.latest is None or not remembers or now - self.latest.reading.received > REPEATED_WITHIN:
            return None
        return self.latest


class Collector:
    """``run()`` until it is cancelled."""

    def __init__(
        self,
        devices: Iterable[HomeDevice],
        outbox: Outbox,
        journal: JournalStore,
        clock: Clock,
        listener: CollectorListener,
        sender: Sender,
        *,
        limits: Limits | None = None,
    ) -> None:
        self._devices = [_Device(one) for one in devices]
        self._outbox = outbox
        self.journal = journal
        self._clock = clock
        self._listener = listener
        self._sender = sender
        self._limits = limits if limits is not None else Limits()
        self._requests: list[_Request] = []
        self._shown: set[str] = set()
        self._asked: dict[str, Captured] = {}
        self._storage_failed = False

    async def run(self) -> None:
        """Play what an earlier run could not finish, then listen to every device for ever."""
        await self._recover()
        async with asyncio.TaskGroup() as group:
            for device in self._devices:
                group.create_task(self._listen(device))
            await asyncio.Event().wait()

    async def measure(self, kind: MeasurementKind) -> MeasurementResult:
        """The next reading of that kind that is taken now, or why there is none. May be cancelled at any time; what has
        been kept stays kept."""
        able = [device for device in self._devices if device.home.offers(kind)]
        if not able:
            return MeasurementFault.DEVICE_NOT_FOUND
        faults = [_AT_ONCE.get(device.trouble) if device.trouble is not None else None for device in able]
        if all(fault is not None for fault in faults):
            return next(fault for fault in faults if fault is not None)
        request: _Request | None = None
        try:
            async with asyncio.timeout(self._limits.appear) as deadline:
                request = _Request(kind, deadline)
                self._requests.append(request)
                for device in able:
                    device.home.peripheral.expect()
                return await request.result
        except TimeoutError:
            return MeasurementFault.DEVICE_NOT_FOUND if request is None else request.fault
        finally:
            if request is not None:
                self._requests.remove(request)

    def stop_measuring(self) -> None:
        """Nobody waits any more: every ``measure`` returns; what comes all the same is kept and told as ever."""
        for request in self._requests:
            request.resolve(MeasurementFault.DEVICE_NOT_FOUND)

    async def answer_owner(self, reading_id: str, mine: bool) -> None:
        """A person has said whose a reading is. Raises OutboxError."""
        captured = self._asked.get(reading_id)
        if captured is None:
            return
        if not mine:
            await asyncio.to_thread(self._outbox.deny, reading_id)
            self._asked.pop(reading_id, None)
            return
        ready = released(captured, self._sender)
        await asyncio.to_thread(self._outbox.release, reading_id, ready.capture.resources, ready.capture.traced)
        self._asked.pop(reading_id, None)
        self._announce(SavedReading(reading_id, captured.reading, captured.judged.doubt))
        self._listener.to_send()

    # -- listening ---------------------------------------------------------------------------------------------------

    async def _listen(self, device: _Device) -> None:
        failures = 0
        while True:
            try:
                link = await device.home.peripheral.connect()
            except LinkError as error:
                failures += 1
                _log.warning("%s cannot be reached: %s", device.home.entry.model, error)
                self._connect_failed(device, error.reason)
                await asyncio.sleep(min(self._limits.pause * 2.0 ** min(failures - 1, 10), self._limits.longest_pause))
                continue
            failures = 0
            self._trouble(device, None)
            try:
                await self._visit(device, link)
            except OutboxError as error:
                _log.error("a reading could not be kept: %s", error)
                self._storage(failed=True)
                self._resolve(device, MeasurementFault.NOT_SAVED)
                await asyncio.sleep(self._limits.storage_pause)
                continue
            self._storage(failed=False)
            await asyncio.sleep(self._limits.pause)

    async def _visit(self, device: _Device, link: Link) -> None:
        """One connection, to its end."""
        home = device.home
        visit = _Visit(self, device)
        collected = await hold(
            home.entry.dialogue(home.enrolment),
            link,
            home.peripheral.identity,
            self._clock,
            visit,
            show=lambda measurement: self._progress(device, measurement),
            limits=self._limits.session,
        )
        if collected.information is not None:
            device.information = collected.information
        for text in collected.refused:
            _log.warning("a packet of %s was refused: %s", home.entry.model, text)
        device.latest = visit.records[-1].captured if visit.records else device.latest
        self._conclude(device, visit.records, collected)

    async def _recover(self) -> None:
        """Readings whose bytes were on disk when the kiosk was stopped, but not yet they themselves."""
        by_address = {device.address: device for device in self._devices}
        try:
            sessions = await asyncio.to_thread(self.journal.unsettled_sessions)
            for session in sessions:
                device = by_address.get(session.packets[0].device.address) if session.packets else None
                if device is None:
                    continue  # no longer one of ours: the bytes stay
                readings = replay(device.home.entry.dialogue(device.home.enrolment), session.packets)
                for reading in readings:
                    self.kept(device, await self.keep(device, reading))
                await asyncio.to_thread(self.journal.settle, session.session)
                _log.info("%d readings came out of the journal", len(readings))
            for held in await asyncio.to_thread(self._outbox.held, Gate.OWNER_UNKNOWN.value):
                self._ask_again(by_address, held)
        except OutboxError as error:
            _log.error("the journal could not be played: %s", error)
            self._storage(failed=True)

    def _ask_again(self, by_address: dict[str, _Device], held: HeldReading) -> None:
        """A question that nobody answered before the kiosk was stopped."""
        if held.reading_id in self._asked or self._clock.now() - held.captured_at > ASK_AGAIN:
            return
        try:
            reading = msgspec.json.decode(held.reading, type=Reading)
        except msgspec.DecodeError:
            return  # of an older Svar: it stays held
        device = by_address.get(reading.device.address)
        if device is not None:
            captured = recaptured(reading, held.reading_id, device.home.ownership, self._sender)
            self._asked[held.reading_id] = captured
            self._listener.owner_asked(held.reading_id, reading)

    def packet_received(self) -> None:
        """Bytes are here."""
        self._listener.packet_received()

    # -- keeping -----------------------------------------------------------------------------------------------------

    async def keep(self, device: _Device, reading: Reading) -> _Record:
        """Judge a reading and make it durable, with all that will be sent of it. Raises OutboxError."""

        def make(conflict: bool) -> Captured:
            return capture_of(
                reading,
                device.home.ownership,
                self._sender,
                information=device.information,
                repeated=device.perhaps_repeated(reading.received),
                conflict=conflict,
            )

        captured = make(conflict=False)
        time = captured.capture.same_time
        if time is not None:
            others = await asyncio.to_thread(self._outbox.at_same_time, time, captured.capture.reading_id)
            captured = make(conflict=True) if others else captured
        kept = await asyncio.to_thread(self._outbox.keep, captured.capture)
        return _Record(captured, kept)

    def kept(self, device: _Device, record: _Record) -> None:
        """A reading is durable: a fresh one is shown as soon as no fresher one follows."""
        judged = record.judged
        if record.captured.capture.resources and record.kept.new:
            self._listener.to_send()
        if not is_live(judged, record.reading.received) or SHOWN_AS.get(record.reading.value.kind) is None:
            return
        if judged.gate is Gate.OWNER_UNKNOWN and record.kept.new:
            self._asked[record.kept.reading_id] = record.captured
            self._listener.owner_asked(record.kept.reading_id, record.reading)
        if judged.gate is not Gate.PASS or record.kept.reading_id in self._shown:
            return
        fresh = device.fresh
        if fresh is not None and _when(fresh) > _when(record):
            return
        device.fresh = record
        if device.announcing is not None:
            device.announcing.cancel()
        device.announcing = asyncio.get_running_loop().call_later(self._limits.gather, self._announce_fresh, device)

    def _announce_fresh(self, device: _Device) -> None:
        record, device.fresh, device.announcing = device.fresh, None, None
        if record is not None:
            self._announce(record.saved)

    def _announce(self, saved: SavedReading) -> None:
        self._shown.add(saved.reading_id)
        kind = SHOWN_AS[saved.reading.value.kind]
        for request in self._requests:
            if request.kind is kind and request.resolve(saved):
                return
        self._listener.reading_kept(saved)

    # -- what is told ------------------------------------------------------------------------------------------------

    def _conclude(self, device: _Device, records: list[_Record], collected: Collected) -> None:
        """After the goodbye: what came to nothing, and how many old readings came along."""
        old = [record for record in records if record.kept.new and record.judged.gate is Gate.PASS]
        old = [record for record in old if not is_live(record.judged, record.reading.received)]
        if old:
            self._listener.old_readings(len(old))
        live = [record for record in records if record.kept.new and self._taken_now(record)]
        if any(record.judged.gate in (Gate.PASS, Gate.OWNER_UNKNOWN) for record in live):
            return
        faults = [record.judged.fault for record in live if record.judged.fault is not None]
        if faults:
            self._resolve(device, faults[-1], told_unasked=True)
        elif collected.refused:
            self._resolve(device, MeasurementFault.NOT_UNDERSTOOD, told_unasked=True)
        elif collected.lost is not None or collected.end in (End.LINK_LOST, End.TIMED_OUT, End.INCOMPLETE):
            self._expect_again(device)
        elif collected.end is End.REFUSED:
            self._resolve(device, MeasurementFault.PAIR_AGAIN)

    @staticmethod
    def _taken_now(record: _Record) -> bool:
        """Of this visit. One without a known time is taken for it only if it is the first of its kind to come."""
        return record.judged.effective is None or is_live(record.judged, record.reading.received)

    def _connect_failed(self, device: _Device, reason: LinkReason) -> None:
        self._trouble(device, reason)
        fault = _AT_ONCE.get(reason)
        if fault is not None:
            self._resolve(device, fault)
        elif reason is LinkReason.REFUSED:
            self._resolve(device, MeasurementFault.PAIR_AGAIN)
        elif reason in (LinkReason.LINK_LOST, LinkReason.TIMED_OUT):
            self._expect_again(device)

    def _expect_again(self, device: _Device) -> None:
        """The device was there and is gone: it mostly comes back by itself, so it gets a moment."""
        now = asyncio.get_running_loop().time()
        for request in self._requests:
            if device.home.offers(request.kind) and not request.result.done():
                request.fault = MeasurementFault.LINK_LOST
                when = request.deadline.when()
                if when is None or when > now + self._limits.again:
                    request.deadline.reschedule(now + self._limits.again)

    def _resolve(self, device: _Device, fault: MeasurementFault, *, told_unasked: bool = False) -> None:
        answered = False
        for request in self._requests:
            if device.home.offers(request.kind):
                answered = request.resolve(fault) or answered
        if told_unasked and not answered:
            kinds = [SHOWN_AS[kind] for kind in device.home.entry.kinds if kind in SHOWN_AS]
            if kinds:
                self._listener.measurement_failed(kinds[0], fault)

    def _progress(self, device: _Device, measurement: Measurement) -> None:
        now = asyncio.get_running_loop().time()
        if now - device.progress_at >= self._limits.progress:
            device.progress_at = now
            self._listener.measurement_progress(measurement)

    def _trouble(self, device: _Device, reason: LinkReason | None) -> None:
        lasting = reason if reason in (*_AT_ONCE, LinkReason.PORT_MISSING, LinkReason.PORT_IN_USE) else None
        if lasting is not device.trouble:
            device.trouble = lasting
            self._listener.device_trouble(device.address, lasting)

    def _storage(self, *, failed: bool) -> None:
        if failed is not self._storage_failed:
            self._storage_failed = failed
            self._listener.storage_trouble(failed)


def _when(record: _Record) -> datetime:
    effective = record.judged.effective
    return effective if effective is not None else datetime.min.replace(tzinfo=UTC)
