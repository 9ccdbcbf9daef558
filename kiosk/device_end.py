"""Core's end of the health devices: listens to them, keeps and sends what they measure, and tells flow."""

from __future__ import annotations

import asyncio
import enum
import logging
import time
import uuid
from collections.abc import Coroutine
from pathlib import Path

from drivers.device import Clock
from drivers.errors import LinkReason
from drivers.readings import Measurement, Reading
from drivers.serial.finding import SERIAL_BY_ID
from kiosk.bugs import described
from kiosk.controller import Controller, Kept
from kiosk.facts.faults import Fault
from kiosk.facts.history import Band, Curve, Span
from kiosk.facts.measurement import DeskNews, MeasurementFault, MeasurementKind
from kiosk.flow import events as on
from kiosk.home_devices import Home, home
from kiosk.measurements.capture import Sender
from kiosk.measurements.collector import Collector, SavedReading
from kiosk.measurements.curves import LENGTHS, curve
from kiosk.measurements.fhir import not_measured_message
from kiosk.measurements.outbox import Outbox, OutboxError, OutboxReason
from kiosk.measurements.paired_devices import PairedDevicesError
from kiosk.measurements.token import SignedTokens
from kiosk.measurements.uploader import Uploader
from kiosk.settings import FhirSettings, Settings
from kiosk.timeline import Timeline

_log = logging.getLogger(__name__)

EXPIRY_SECONDS = 6 * 3600.0
"""How often what the server has had for long is deleted here."""

OPENING_SECONDS = 15.0
"""Before an outbox that could not be opened is tried again."""

_DEVICE_FAULTS = {
    LinkReason.NO_ADAPTER: Fault.BLUETOOTH_OFF,
    LinkReason.NO_BUS: Fault.BLUETOOTH_OFF,
    LinkReason.POWERED_OFF: Fault.BLUETOOTH_OFF,
    LinkReason.TIMED_OUT: Fault.BLUETOOTH_OFF,  # of the radio: it says that it scans, and hears nothing any more
    LinkReason.STALE_BOND: Fault.DEVICE_PAIR_AGAIN,
    LinkReason.PORT_MISSING: Fault.DEVICE_UNPLUGGED,
    LinkReason.PORT_IN_USE: Fault.DEVICE_UNPLUGGED,
    LinkReason.REFUSED: Fault.DEVICE_UNPLUGGED,  # of a wired device: the port is not ours
    LinkReason.PROTOCOL: Fault.DEVICE_UNPLUGGED,  # of a wired device: it is no port
}
_RADIO = "radio"
"""Among the addresses of devices: our own."""

_PLATFORM_FAULTS = (Fault.CARE_PLATFORM_UNREACHABLE, Fault.CARE_PLATFORM_REFUSES)


class _Storage(enum.Enum):
    """Who has met a disk that refuses; each says for itself that it works again."""

    OPENING = "opening"
    KEEPING = "keeping"
    COUNTING = "counting"
    SENDING = "sending"


def open_outbox(settings: Settings) -> Outbox:
    """The outbox of these settings, for writing. Raises OutboxError."""
    return Outbox.open(settings.data_directory / "outbox.sqlite", settings.sealing_key_file)


def tokens(settings: FhirSettings, clock: Clock) -> SignedTokens | None:
    """How this kiosk shows who it is; None where nothing is shown. Raises ValueError."""
    token = settings.token
    if token is None:
        return None
    return SignedTokens(token.url, token.client_id, token.key_file, token.key_id, token.scope, clock)


class DeviceEnd:
    """Devices, outbox and uploader. ``attach`` the controller before ``run``.

    Without an outbox that can be written nothing is listened to: a reading that cannot be kept is better kept by its
    device.
    """

    def __init__(
        self,
        settings: Settings,
        sender: Sender,
        clock: Clock,
        timeline: Timeline,
        *,
        serial_ports: Path = SERIAL_BY_ID,
    ) -> None:
        """Raises ValueError for devices in the settings that there are not."""
        self._settings = settings
        self._sender = sender
        self._troubles: dict[str, LinkReason] = {}
        self._home = self._find_home(clock, serial_ports)
        self._tokens = tokens(settings.fhir, clock)
        self._clock = clock
        self._timeline = timeline
        self._controller: Controller | None = None
        self._storage: set[_Storage] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False
        self._counting = False
        self._count_again = False
        self._outbox: Outbox | None = None
        self._collector: Collector | None = None
        self.messages: dict[str, MeasurementKind] = {}
        """To the desk and not there yet: what each is about, by its identifier."""
        self._uploader: Uploader | None = None
        try:
            self._use(open_outbox(settings))
        except OutboxError as error:
            _log.error("the outbox cannot be opened: %s", error)
            self._storage_is(_Storage.OPENING, failed=True)

    def _find_home(self, clock: Clock, serial_ports: Path) -> Home:
        """What cannot be read of the paired devices costs those devices, not the calls."""
        try:
            return home(self._settings, clock, self, serial_ports=serial_ports)
        except PairedDevicesError as error:
            _log.error("the paired devices cannot be used: %s", error)
            self._troubles["paired devices"] = LinkReason.STALE_BOND
            return home(self._settings, clock, self, serial_ports=serial_ports, paired=False)

    def _use(self, outbox: Outbox) -> tuple[Uploader, Collector]:
        """Who reads and who writes it."""
        fhir = self._settings.fhir
        self._outbox = outbox
        self._uploader = Uploader(
            outbox,
            fhir.base_url,
            self,
            self._clock,
            certificate_authority=fhir.certificate_authority,
            tokens=self._tokens,
        )
        self._collector = Collector(self._home.devices, outbox, outbox.journal, self._clock, self, self._sender)
        self._collector.radio_state(self._troubles.get(_RADIO))
        self._storage_is(_Storage.OPENING, failed=False)
        return self._uploader, self._collector

    async def _opened(self) -> tuple[Uploader, Collector]:
        """As soon as the outbox can be opened."""
        while self._uploader is None or self._collector is None:
            await asyncio.sleep(OPENING_SECONDS)
            try:
                return self._use(await asyncio.to_thread(open_outbox, self._settings))
            except OutboxError:
                continue
        return self._uploader, self._collector

    def attach(self, controller: Controller) -> None:
        """Whom to tell; what can be told at once is."""
        self._controller = controller
        self._show_storage()
        for fault in {_DEVICE_FAULTS[one] for one in self._troubles.values() if one in _DEVICE_FAULTS}:
            controller.handle(on.FaultRaised(fault))
        controller.handle(on.CanMeasure(self._home.kinds()))

    async def run(self) -> None:
        """Listen and send until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                if self._home.radio is not None:
                    group.create_task(self._home.radio.run())
                uploader, collector = await self._opened()
                self._count()
                group.create_task(uploader.run())
                group.create_task(collector.run())
                group.create_task(self._expire())
        finally:
            self._ended = True
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self._outbox is not None:
                self._outbox.close()

    # -- what the controller reaches ---------------------------------------------------------------------------------

    async def measure(self, kind: MeasurementKind) -> Kept | MeasurementFault:
        """The next reading of that kind that is taken now."""
        if self._collector is None:
            return MeasurementFault.NOT_SAVED
        result = await self._collector.measure(kind)
        return _kept(result) if isinstance(result, SavedReading) else result

    def stop_measuring(self) -> None:
        """Nobody waits any more."""
        if self._collector is not None:
            self._collector.stop_measuring()

    def tell_desk(self, kind: MeasurementKind, fault: MeasurementFault, times: int) -> None:
        """Tell the care desk that this could not be measured; what becomes of it comes as an event."""
        self._start(self._tell_desk(kind, fault, times))

    async def _tell_desk(self, kind: MeasurementKind, fault: MeasurementFault, times: int) -> None:
        outbox, fhir = self._outbox, self._settings.fhir
        message = not_measured_message(
            *(kind, fault, times),
            identifier=f"urn:uuid:{uuid.uuid4()}",
            patient=fhir.patient,
            gateway_device=self._sender.gateway,
            sent=self._clock.now(),
            wording=self._sender.wording,
        )
        news = DeskNews.NOT_KEPT
        if outbox is not None:
            self.messages[message.identifier] = kind
            try:
                await asyncio.to_thread(outbox.keep_message, message, fhir.patient)
                news = DeskNews.KEPT
            except OutboxError as error:
                _log.error("the desk cannot be told: %s", error)
                del self.messages[message.identifier]
        self._handle(on.DeskTold(kind, news))
        if self._uploader is not None:
            self._uploader.wake()

    def answer_owner(self, reading_id: str, mine: bool) -> None:
        """Whose a held reading is."""
        if self._collector is not None:
            self._start(self._collector.answer_owner(reading_id, mine))

    def load_history(self, kind: MeasurementKind, span: Span) -> None:
        """Read one's own readings; they come as an event."""
        self._start(self._load_history(kind, span))

    async def _load_history(self, kind: MeasurementKind, span: Span) -> None:
        outbox = self._outbox
        event: on.HistoryLoaded | on.HistoryFailed = on.HistoryFailed()
        began = time.monotonic()
        if outbox is not None:
            try:
                event = on.HistoryLoaded(await asyncio.to_thread(self.read_curve, outbox, kind, span))
            except OutboxError as error:
                _log.error("the history cannot be read: %s", error)
        self._timeline.note(time.monotonic(), "history-read", milliseconds=round((time.monotonic() - began) * 1000))
        self._handle(event)
        if self._controller is not None:
            self._timeline.note(time.monotonic(), "history-shown", revision=self._controller.revision)

    def read_curve(self, outbox: Outbox, kind: MeasurementKind, span: Span) -> Curve:
        """The curve, out of the disk. Raises OutboxError."""
        now = self._clock.now()
        band = next((Band(one.low, one.high) for one in self._settings.targets if one.kind is kind), None)
        points = outbox.history(self._settings.fhir.patient, kind, now - LENGTHS[Span.YEAR])
        return curve(kind, span, points, now, band)

    # -- CollectorListener -------------------------------------------------------------------------------------------

    def to_send(self) -> None:
        """There is something new in the outbox."""
        self._count()
        if self._uploader is not None:
            self._uploader.wake()

    def packet_received(self) -> None:
        """The last byte of a packet is here."""
        self._timeline.note(time.monotonic(), "packet-received")

    def reading_kept(self, saved: SavedReading) -> None:
        """Taken just now, without being asked for."""
        if self._controller is not None:
            self._controller.reading_kept(_kept(saved))

    def measurement_failed(self, kind: MeasurementKind, fault: MeasurementFault) -> None:
        """Tried just now, without being asked for."""
        if self._controller is not None:
            self._controller.measurement_failed(kind, fault)

    def measurement_progress(self, measurement: Measurement) -> None:
        """For the screen only."""
        self._handle(on.MeasurementProgress(measurement))

    def owner_asked(self, reading_id: str, reading: Reading) -> None:
        """Only a person can say whose it is."""
        self._handle(on.OwnerAsked(reading_id, reading))

    def old_readings(self, count: int) -> None:
        """Out of a device's memory."""
        self._handle(on.OldReadingsKept(count))

    def device_trouble(self, device: str, reason: LinkReason | None) -> None:
        """A fault lasts while any device has it."""
        before = {_DEVICE_FAULTS[one] for one in self._troubles.values() if one in _DEVICE_FAULTS}
        if reason is None:
            self._troubles.pop(device, None)
        else:
            self._troubles[device] = reason
        after = {_DEVICE_FAULTS[one] for one in self._troubles.values() if one in _DEVICE_FAULTS}
        for fault in after - before:
            self._handle(on.FaultRaised(fault))
        for fault in before - after:
            self._handle(on.FaultCleared(fault))

    def storage_trouble(self, failed: bool) -> None:
        """The disk refuses, or takes readings again."""
        self._storage_is(_Storage.KEEPING, failed=failed)
        if not failed:
            self._count()

    def radio_state(self, reason: LinkReason | None) -> None:
        """How Bluetooth is (RadioListener)."""
        self.device_trouble(_RADIO, reason)
        if self._collector is not None:
            self._collector.radio_state(reason)

    # -- UploadListener ----------------------------------------------------------------------------------------------

    def delivered(self, reading_id: str, server_id: str) -> None:
        """The server holds a resource; a reading's own Observation is told."""
        if reading_id in self.messages:
            self._handle(on.DeskTold(self.messages.pop(reading_id), DeskNews.DELIVERED))
        else:
            self._start(self._delivered(reading_id, server_id))

    async def _delivered(self, identifier: str, server_id: str) -> None:
        if self._controller is not None and await self._is_reading(identifier):
            self._controller.reading_delivered(identifier, server_id)
            self._count()

    def held(self, reading_id: str) -> None:
        """The server refused a resource for good; a reading's own Observation is told."""
        if reading_id in self.messages:
            self._handle(on.DeskTold(self.messages.pop(reading_id), DeskNews.NOT_KEPT))
        else:
            self._start(self._held(reading_id))

    async def _held(self, identifier: str) -> None:
        if self._controller is not None and await self._is_reading(identifier):
            self._controller.reading_held(identifier)
            self._count()

    async def _is_reading(self, identifier: str) -> bool:
        try:
            return self._outbox is not None and await asyncio.to_thread(self._outbox.is_reading, identifier)
        except OutboxError as error:
            _log.error("the outbox cannot be read: %s", error)
            return False

    def trouble(self, fault: Fault | None) -> None:
        """What is in the way of the readings."""
        self._storage_is(_Storage.SENDING, failed=fault is Fault.STORAGE_FAILED)
        for one in _PLATFORM_FAULTS:
            self._handle(on.FaultRaised(one) if one is fault else on.FaultCleared(one))

    # -- the rest ----------------------------------------------------------------------------------------------------

    def _storage_is(self, who: _Storage, *, failed: bool) -> None:
        if failed:
            self._storage.add(who)
        else:
            self._storage.discard(who)
        self._show_storage()

    def _show_storage(self) -> None:
        failed = on.FaultRaised(Fault.STORAGE_FAILED)
        self._handle(failed if self._storage else on.FaultCleared(Fault.STORAGE_FAILED))

    def _handle(self, event: on.Event) -> None:
        if self._controller is not None:
            self._controller.handle(event)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        if self._ended:
            work.close()  # told too late: it is on disk, and the next start finds it
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a bug in what the screen asked for: %s", described(error))

    def _count(self) -> None:
        self._count_again = True
        if not self._counting and self._outbox is not None:
            self._counting = True
            self._start(self._count_unsent(self._outbox))

    async def _count_unsent(self, outbox: Outbox) -> None:
        # In a thread: a commit that waits for a slow disk must not hold the loop.
        try:
            while self._count_again:
                self._count_again = False
                counts = await asyncio.to_thread(outbox.counts)
                self._handle(on.UnsentCounted(counts.waiting))
        except OutboxError as error:
            _log.error("the outbox cannot be read: %s", error)
            self._storage_is(_Storage.COUNTING, failed=True)
        else:
            self._storage_is(_Storage.COUNTING, failed=False)
        finally:
            self._counting = False

    async def _expire(self) -> None:
        while True:
            try:
                if self._outbox is not None:
                    gone = await asyncio.to_thread(self._outbox.expire, self._clock.now())
                    if gone:
                        _log.info("the contents of %d delivered readings were deleted here", gone)
            except OutboxError as error:
                if error.reason is not OutboxReason.FULL:
                    _log.error("old readings could not be deleted: %s", error)
            await asyncio.sleep(EXPIRY_SECONDS)


def _kept(saved: SavedReading) -> Kept:
    return Kept(saved.reading_id, saved.reading, saved.server_id, saved.held, saved.doubt)
