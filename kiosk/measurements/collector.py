"""Listens to this home's health devices for ever: lets each talk when it shows itself, keeps and tells what it says.

A device speaks when it has something, not when it is asked; so all are listened to all the time, and a request (the
nurse's, the patient's) only waits for the next reading of its kind. The conversation is in drivers.dialogues, the disk
in outbox and journal, whether a reading may leave in gate. Nothing that one device does ends the listening to others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable

import msgspec

from drivers.device import Clock, Link, RawPacket
from drivers.dialogues.dialogue import End
from drivers.errors import LinkError, LinkReason
from drivers.readings import Measurement, Reading
from drivers.session import Collected, hold, replay
from drivers.session import Limits as SessionLimits
from kiosk.bugs import described
from kiosk.facts.measurement import SHOWN_AS, MeasurementFault, MeasurementKind
from kiosk.measurements.capture import Captured, Sender, capture_of
from kiosk.measurements.collector_listener import CollectorListener
from kiosk.measurements.gate import Gate
from kiosk.measurements.home_device import RADIO_REASONS, HomeDevice, ListenedDevice
from kiosk.measurements.journal import JournalStore, UnsettledSession
from kiosk.measurements.kept_record import KeptRecord
from kiosk.measurements.outbox import Outbox, OutboxError
from kiosk.measurements.owner_questions import OwnerQuestions, reading_of
from kiosk.measurements.requests import MeasurementResult, Requests, SavedReading

__all__ = ["Collector", "CollectorListener", "HomeDevice", "Limits", "MeasurementResult", "SavedReading"]

_log = logging.getLogger(__name__)


class Limits(msgspec.Struct, frozen=True):
    """Seconds. ``appear``: from the request until a reading (put the cuff on, press, inflate); ``again``: how long a
    device that was lost has to come back before it is called lost; ``gather``: how long a fresh reading waits for a
    fresher one of the same device; ``pause``: between two connections, doubled at every failure up to
    ``longest_pause``, which is less than a device shows itself for; ``storage_pause``: before a disk that refused is
    tried again; ``progress``: at most one provisional value in this time.
    """

    appear: float = 180.0
    again: float = 15.0
    gather: float = 0.08
    pause: float = 1.0
    longest_pause: float = 8.0
    storage_pause: float = 15.0
    progress: float = 0.25
    session: SessionLimits = SessionLimits()


class _Visit:
    """One connection of one device: a drivers.device.Journal that keeps in the outbox and tells the collector."""

    def __init__(self, collector: Collector, device: ListenedDevice) -> None:
        self._collector = collector
        self._device = device
        self.session: str | None = None
        self.records: list[KeptRecord] = []

    async def record(self, packet: RawPacket) -> None:
        self.session = packet.session
        self._collector.packet_received()
        await asyncio.to_thread(self._collector.journal.record, packet)

    async def keep(self, reading: Reading) -> None:
        record = await self._collector.keep(self._device, reading)
        self.records.append(record)
        self._collector.kept(self._device, record)

    async def settle(self, session: str) -> None:
        await asyncio.to_thread(self._collector.journal.settle, session)


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
        self._devices = [ListenedDevice(one) for one in devices]
        self._outbox = outbox
        self.journal = journal
        self._clock = clock
        self._listener = listener
        self._sender = sender
        self._limits = limits if limits is not None else Limits()
        self._requests = Requests()
        self._questions = OwnerQuestions(outbox, sender, listener.owner_asked)
        self._visits: set[_Visit] = set()
        self._shown: set[str] = set()
        self._fresh: dict[tuple[str, MeasurementKind], tuple[KeptRecord, asyncio.TimerHandle]] = {}
        self._radio: LinkReason | None = None
        self._storage_works = asyncio.Event()
        self._storage_works.set()
        self._storage_failed = asyncio.Event()

    async def run(self) -> None:
        """Play what an earlier run could not finish, then listen to every device for ever."""
        try:
            await self._play_journal()
            await self._ask_again()
        except OutboxError as error:
            self._refused_by_storage(error)
        try:
            async with asyncio.TaskGroup() as group:
                for device in self._devices:
                    group.create_task(self._listen(device))
                group.create_task(self._try_storage())
        finally:
            for _, announcing in self._fresh.values():
                announcing.cancel()

    async def measure(self, kind: MeasurementKind) -> MeasurementResult:
        """The next reading of that kind that is taken now, or why there is none. May be cancelled at any time; what has
        been kept stays kept."""
        able = [device for device in self._devices if device.home.offers(kind)]
        if not able:
            return MeasurementFault.DEVICE_NOT_FOUND
        if not self._storage_works.is_set():
            return MeasurementFault.NOT_SAVED
        faults = [fault for device in able if (fault := self._fault(device)) is not None]
        if len(faults) == len(able):
            return faults[0]

        def begin() -> None:
            for device in able:
                device.home.peripheral.expect()

        return await self._requests.wait(kind, self._limits.appear, begin)

    def stop_measuring(self) -> None:
        """Nobody waits any more: every ``measure`` returns; what comes all the same is kept and told as ever."""
        self._requests.stop()

    async def answer_owner(self, reading_id: str, mine: bool) -> None:
        """A person has said whose a reading is. If that cannot be kept it is told, and asked again later."""
        try:
            ready = await self._questions.answer(reading_id, mine)
        except OutboxError as error:
            self._refused_by_storage(error)
            reading = self._questions.asked(reading_id)
            kind = None if reading is None else SHOWN_AS.get(reading.value.kind)
            if kind is not None:
                self._listener.measurement_failed(kind, MeasurementFault.NOT_SAVED)
            return
        if ready is None:
            return
        kind = SHOWN_AS.get(ready.reading.value.kind)
        if kind is not None and ready.judged.gate is Gate.PASS:
            self._announce(kind, SavedReading(reading_id, ready.reading, ready.judged.doubt))
        self._listener.to_send()

    def radio_state(self, reason: LinkReason | None) -> None:
        """How the radio is that most devices need; None: it works."""
        self._radio = reason if reason in RADIO_REASONS else None
        for device in self._devices:
            if reason is None and device.trouble in RADIO_REASONS:
                self._trouble(device, None)
            if self._radio is not None and self._fault(device) is not None:
                self._hopeless(device, MeasurementFault.BLUETOOTH_OFF)

    # -- listening ---------------------------------------------------------------------------------------------------

    async def _listen(self, device: ListenedDevice) -> None:
        failures = 0
        while True:
            await self._storage_works.wait()  # what cannot be kept is better kept by the device
            failures = 0 if await self._meet(device) else failures + 1
            await asyncio.sleep(
                min(self._limits.pause * 2.0 ** min(max(failures - 1, 0), 10), self._limits.longest_pause)
            )

    async def _meet(self, device: ListenedDevice) -> bool:
        """Wait for the device and let it talk; False when that came to nothing."""
        try:
            link = await device.home.peripheral.connect()
            device.failure = None
            self._trouble(device, None)
            await self._visit(device, link)
        except LinkError as error:
            if error.reason is not device.failure:
                _log.warning("%s cannot be reached: %s", device.home.entry.model, error)
            device.failure = error.reason
            self._connect_failed(device, error.reason)
        except OutboxError as error:
            self._refused_by_storage(error)
            self._tell(device.home.kinds, MeasurementFault.NOT_SAVED, unasked=True)
        except Exception as error:
            # A bug, here or in a driver: one device must not take the call and the others with it.
            place = described(error)
            if place != device.bug:
                _log.error("a bug in listening to %s: %s", device.home.entry.model, place)
            device.bug = place
            self._tell(device.home.kinds, MeasurementFault.NOT_UNDERSTOOD, unasked=False)
        else:
            return True
        return False

    async def _visit(self, device: ListenedDevice, link: Link) -> None:
        """One connection, to its end."""
        home = device.home
        visit = _Visit(self, device)
        self._visits.add(visit)
        try:
            collected = await hold(
                home.entry.dialogue(device.enrolment),
                link,
                home.peripheral.identity,
                self._clock,
                visit,
                show=lambda measurement: self._progress(device, measurement),
                limits=self._limits.session,
            )
        finally:
            self._visits.discard(visit)
            device.gave(tuple(record.captured for record in visit.records))
        device.information = collected.information or device.information
        if collected.end is End.COMPLETE:
            device.gave_all([one.value.sequence for one in collected.kept if one.value.sequence is not None])
        self._conclude(device, visit.records, collected)

    # -- what was cut short ------------------------------------------------------------------------------------------

    async def _play_journal(self) -> None:
        """Readings whose bytes are on disk, but not yet they themselves. Raises OutboxError."""
        by_address = {device.address: device for device in self._devices}
        talking = {visit.session for visit in self._visits}
        for cut_short in await asyncio.to_thread(self.journal.unsettled_sessions):
            device = by_address.get(cut_short.packets[0].device.address) if cut_short.packets else None
            if device is None or cut_short.session in talking:
                continue  # no longer one of ours: the bytes stay
            try:
                await self._play(device, cut_short)
            except OutboxError:
                raise
            except Exception as error:
                # A bug, perhaps mended in a later Svar: the bytes stay, and the others are played.
                _log.error("a bug in playing a conversation of %s: %s", device.home.entry.model, described(error))

    async def _play(self, device: ListenedDevice, cut_short: UnsettledSession) -> None:
        records = []
        for reading in replay(device.home.entry.dialogue(device.home.enrolment), cut_short.packets):
            record = await self.keep(device, reading)
            records.append(record)
            self.kept(device, record)
        await asyncio.to_thread(self.journal.settle, cut_short.session)
        device.gave(tuple(record.captured for record in records))
        _log.info("%d readings came out of the journal", len(records))

    async def _ask_again(self) -> None:
        """Questions that nobody answered before the kiosk was stopped. Raises OutboxError."""
        by_address = {device.address: device for device in self._devices}
        for held in await asyncio.to_thread(self._outbox.held, Gate.OWNER_UNKNOWN.value):
            reading = reading_of(held)
            device = None if reading is None else by_address.get(reading.device.address)
            if reading is not None and device is not None:
                ownership, information = device.home.ownership, device.information
                self._questions.ask_again(held, reading, ownership, information, self._clock.now())

    async def _try_storage(self) -> None:
        """After the disk has refused: until it takes something again, and with it what could not be kept meanwhile."""
        while True:
            await self._storage_failed.wait()
            await asyncio.sleep(self._limits.storage_pause)
            try:
                await asyncio.to_thread(self._outbox.prove_writable)
                await self._play_journal()
                await self._ask_again()
            except OutboxError:
                continue
            self._storage_failed.clear()
            self._storage_works.set()
            self._listener.storage_trouble(failed=False)
            self._questions.repeat()

    def _refused_by_storage(self, error: OutboxError) -> None:
        _log.error("nothing can be kept: %s", error)
        if self._storage_works.is_set():
            self._storage_works.clear()
            self._storage_failed.set()
            self._listener.storage_trouble(failed=True)

    def packet_received(self) -> None:
        """Bytes are here."""
        self._listener.packet_received()

    # -- keeping -----------------------------------------------------------------------------------------------------

    async def keep(self, device: ListenedDevice, reading: Reading) -> KeptRecord:
        """Judge a reading and make it durable, with all that will be sent of it. Raises OutboxError."""

        def make(conflict: bool) -> Captured:
            return capture_of(
                reading,
                device.home.ownership,
                self._sender,
                information=device.information,
                repeated=device.repeated(reading.value.raw, reading.received),
                conflict=conflict,
            )

        captured = make(conflict=False)
        time = captured.capture.same_time
        if time is not None:
            others = await asyncio.to_thread(self._outbox.at_same_time, time, captured.capture.reading_id)
            captured = make(conflict=True) if others else captured
        kept = await asyncio.to_thread(self._outbox.keep, captured.capture)
        return KeptRecord(captured, kept)

    def kept(self, device: ListenedDevice, record: KeptRecord) -> None:
        """A reading is durable: a fresh one of the patient's is shown as soon as no fresher one follows."""
        judged, kind, patient = record.judged, record.kind, device.home.ownership.patient
        if record.captured.capture.resources and record.kept.new:
            self._listener.to_send()
        if kind is None or not record.live:
            return
        if judged.gate is Gate.OWNER_UNKNOWN and record.kept.new:
            self._questions.ask(record.captured)
        if judged.gate is not Gate.PASS or not record.is_of(patient) or record.kept.reading_id in self._shown:
            return
        place = (device.address, kind)
        fresh, announcing = self._fresh.get(place, (None, None))
        if fresh is not None and fresh.taken > record.taken:
            return
        if announcing is not None:
            announcing.cancel()
        loop = asyncio.get_running_loop()
        self._fresh[place] = (record, loop.call_later(self._limits.gather, self._announce_fresh, place))

    def _announce_fresh(self, place: tuple[str, MeasurementKind]) -> None:
        record, _ = self._fresh.pop(place)
        self._announce(place[1], record.saved)

    def _announce(self, kind: MeasurementKind, saved: SavedReading) -> None:
        self._shown.add(saved.reading_id)
        if not self._requests.saved(kind, saved):
            self._listener.reading_kept(saved)

    # -- what is told ------------------------------------------------------------------------------------------------

    def _conclude(self, device: ListenedDevice, records: list[KeptRecord], collected: Collected) -> None:
        """After the goodbye: what came to nothing, and how many old readings came along."""
        new = [record for record in records if record.kept.new and record.is_of(device.home.ownership.patient)]
        old = [record for record in new if record.judged.gate is Gate.PASS and not record.live]
        if old:
            self._listener.old_readings(len(old))
        # One whose time nobody knows may be of this visit.
        of_now = [record for record in new if record.live or record.judged.effective is None]
        if any(record.judged.gate in (Gate.PASS, Gate.OWNER_UNKNOWN) for record in of_now):
            return
        faults = [(record.kind, record.judged.fault) for record in of_now]
        for kind, fault in reversed(faults):
            if kind is not None and fault is not None:
                self._tell((kind,), fault, unasked=True)
                return
        if collected.refused:
            self._tell(device.home.kinds, MeasurementFault.NOT_UNDERSTOOD, unasked=True)
        elif collected.lost is not None or collected.end in (End.LINK_LOST, End.TIMED_OUT, End.INCOMPLETE):
            self._requests.lost(device.home.kinds, self._limits.again)
        elif collected.end is End.REFUSED:
            self._tell(device.home.kinds, MeasurementFault.PAIR_AGAIN, unasked=False)

    def _connect_failed(self, device: ListenedDevice, reason: LinkReason) -> None:
        known = device.trouble is not None
        self._trouble(device, reason)
        fault = device.fault(reason)
        if fault is MeasurementFault.PAIR_AGAIN and device.trouble is not None and not known:
            self._tell(device.home.kinds, fault, unasked=False)  # it has just been used: that is why nothing comes
        elif fault is not None:
            self._hopeless(device, fault)
        elif device.may_come_back(reason):
            self._requests.lost(device.home.kinds, self._limits.again)

    def _hopeless(self, device: ListenedDevice, fault: MeasurementFault) -> None:
        """It cannot give anything: whoever waits is told, unless another device may still give it."""
        others = [other for other in self._devices if other is not device and self._fault(other) is None]
        kinds = [kind for kind in device.home.kinds if not any(other.home.offers(kind) for other in others)]
        self._tell(kinds, fault, unasked=False)

    def _fault(self, device: ListenedDevice) -> MeasurementFault | None:
        """Why it is no use to wait for that device."""
        radio = None if device.home.peripheral.identity.fake else self._radio
        return device.fault(device.trouble) or device.fault(radio)

    def _tell(self, kinds: Collection[MeasurementKind], fault: MeasurementFault, *, unasked: bool) -> None:
        """Whoever waits for one of these; ``unasked``: also when nobody does."""
        if not self._requests.failed(kinds, fault) and unasked and kinds:
            self._listener.measurement_failed(next(iter(kinds)), fault)

    def _progress(self, device: ListenedDevice, measurement: Measurement) -> None:
        now = asyncio.get_running_loop().time()
        if now - device.progress_at >= self._limits.progress:
            device.progress_at = now
            self._listener.measurement_progress(measurement)

    def _trouble(self, device: ListenedDevice, reason: LinkReason | None) -> None:
        """What a person has to mend; it stays until the device has been reached."""
        lasting = None if reason is None else device.lasting(reason) or device.trouble
        if lasting is not device.trouble:
            device.trouble = lasting
            self._listener.device_trouble(device.address, lasting)
