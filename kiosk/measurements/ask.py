"""One blood pressure on request: wait for the cuff, let it talk, keep what it says, and say what became of it.

What core's controller calls. The limits in time are here; the conversation is in drivers.dialogues, the disk in outbox.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from datetime import datetime

import msgspec

from drivers.catalog import UA_651BLE, CatalogEntry
from drivers.device import Clock, Link, Peripheral
from drivers.dialogues.and_blood_pressure import Collected
from drivers.errors import LinkError, LinkReason
from drivers.readings import Reading
from drivers.timed_link import TimedLink
from kiosk.facts.measurement import MeasurementFault
from kiosk.measurements import fhir
from kiosk.measurements.gate import Gate, Judged, is_live, judge
from kiosk.measurements.outbox import Capture, Kept, Outbox, OutboxError, State
from kiosk.settings import CuffSettings

_log = logging.getLogger(__name__)


class WallClock:
    """The host's time, with the offset that holds here and now."""

    def now(self) -> datetime:
        return datetime.now().astimezone()


class Limits(msgspec.Struct, frozen=True):
    """Seconds. ``appear``: from the request until the cuff shows itself (put it on, press, inflate); ``operation``: one
    exchange, well under the cuff's own patience of 5 s; ``packet``: until the next record; ``session``: all of them;
    ``pause``: between two connections of one request.
    """

    appear: float = 180.0
    operation: float = 2.0
    packet: float = 5.0
    session: float = 60.0
    pause: float = 1.0


class SavedReading(msgspec.Struct, frozen=True):
    """On disk, synced, and on its way. ``reading_id`` is the identity that the uploader reports too.

    ``server_id`` and ``held``: a device that replays its memory gave what had been delivered, or refused, before.
    """

    reading_id: str
    reading: Reading
    server_id: str | None = None
    held: bool = False


MeasurementResult = SavedReading | MeasurementFault


class _Record(msgspec.Struct, frozen=True):
    reading_id: str
    reading: Reading
    judged: Judged
    kept: Kept

    @property
    def new(self) -> bool:
        return self.kept.new


class _VisitJournal:
    """A drivers.device.Journal that keeps in the outbox and remembers what this connection gave."""

    def __init__(self, outbox: Outbox, patient: str, device: str) -> None:
        self._outbox = outbox
        self._patient = patient
        self._device = device
        self.records: list[_Record] = []

    async def keep(self, reading: Reading) -> None:
        judged = judge(reading)
        reading_id = fhir.identity_of(reading) or uuid.uuid4().urn
        observation: bytes | None = None
        if judged.gate is Gate.PASS and judged.effective is not None:
            resource = fhir.observation(
                reading,
                identifier=reading_id,
                patient=self._patient,
                device=self._device,
                effective=judged.effective,
            )
            observation = fhir.to_json(resource)
        capture = Capture(
            reading_id=reading_id,
            patient=self._patient,
            captured_at=reading.received,
            reading=msgspec.json.encode(reading),
            observation=observation,
            state=_STATES[judged.gate],
            reason=None if judged.gate is Gate.PASS else judged.gate.value,
        )
        kept = await asyncio.to_thread(self._outbox.keep, capture)
        self.records.append(_Record(reading_id, reading, judged, kept))


_STATES = {
    Gate.PASS: State.WAITING,
    Gate.NO_VALUE: State.FAILED,
    Gate.IMPLAUSIBLE: State.HELD,
    Gate.TIME_UNKNOWN: State.HELD,
    Gate.OWNER_UNKNOWN: State.HELD,
}

_CONNECT_FAULTS = {
    LinkReason.LINK_LOST: MeasurementFault.LINK_LOST,
    LinkReason.TIMED_OUT: MeasurementFault.LINK_LOST,
}


class Cuff:
    """The patient's cuff. ``peripheral`` None: there is none. ``kept`` is called when there is something to send."""

    def __init__(
        self,
        peripheral: Peripheral | None,
        outbox: Outbox,
        clock: Clock,
        *,
        patient: str,
        device: str,
        kept: Callable[[], None],
        entry: CatalogEntry = UA_651BLE,
        limits: Limits | None = None,
    ) -> None:
        self._peripheral = peripheral
        self._outbox = outbox
        self._clock = clock
        self._patient = patient
        self._device = device
        self._kept = kept
        self._entry = entry
        self._limits = limits if limits is not None else Limits()
        self._shown: set[str] = set()

    async def measure(self) -> MeasurementResult:
        """The reading that was taken now, or why there is none. Older records that come along are kept and sent too.

        May be cancelled at any time; what has been kept stays kept.
        """
        if self._peripheral is None:
            return MeasurementFault.DEVICE_NOT_FOUND
        deadline = asyncio.get_running_loop().time() + self._limits.appear
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    link = await self._peripheral.connect()
            except TimeoutError:
                return MeasurementFault.DEVICE_NOT_FOUND
            except LinkError as error:
                _log.warning("the cuff cannot be reached: %s", error)
                return _CONNECT_FAULTS.get(error.reason, MeasurementFault.DEVICE_NOT_FOUND)
            try:
                result = await self._session(self._peripheral, link)
            except OutboxError as error:
                _log.error("a reading could not be kept: %s", error)
                return MeasurementFault.NOT_SAVED
            if result is not None:
                return result
            # Only old records came, or none: the measurement that was asked for is still to come.
            await asyncio.sleep(self._limits.pause)

    async def _session(self, peripheral: Peripheral, link: Link) -> MeasurementResult | None:
        """One connection; None when it gave nothing of this visit."""
        journal = _VisitJournal(self._outbox, self._patient, self._device)
        timed = TimedLink(link, operation_s=self._limits.operation, packet_s=self._limits.packet)
        collected = Collected(ended=LinkReason.TIMED_OUT)
        try:
            async with asyncio.timeout(self._limits.session):
                collected = await self._entry.dialogue(timed, peripheral.identity, self._clock, journal)
        except TimeoutError:
            _log.warning("the cuff talked for longer than %.0f s", self._limits.session)
        finally:
            if any(record.judged.gate is Gate.PASS for record in journal.records):
                self._kept()
            await timed.close()
        for text in collected.unreadable:
            _log.warning("a packet of the cuff was refused: %s", text)
        return self._result(journal.records, collected)

    def _result(self, records: list[_Record], collected: Collected) -> MeasurementResult | None:
        live = [record for record in records if self._is_of_this_visit(record)]
        if live:
            latest = max(live, key=lambda record: record.judged.effective or record.reading.received)
            if latest.judged.gate is Gate.NO_VALUE:
                return MeasurementFault.NO_VALUE
            self._shown.add(latest.reading_id)
            held = latest.kept.state is State.HELD
            return SavedReading(latest.reading_id, latest.reading, latest.kept.server_id, held)
        not_understood = any(record.new and record.judged.gate not in (Gate.PASS, Gate.NO_VALUE) for record in records)
        if collected.unreadable or not_understood:
            return MeasurementFault.NOT_UNDERSTOOD
        if collected.ended is LinkReason.TIMED_OUT and records:
            return None  # it stayed on the line without a word after its last record: that is an end too
        return MeasurementFault.LINK_LOST if collected.ended is not None else None

    def _is_of_this_visit(self, record: _Record) -> bool:
        """A value not shown yet, or a new failure, taken just now.

        A record that came before may not have been shown: its confirmation was lost, or we were restarted.
        """
        if record.judged.gate is Gate.NO_VALUE:
            return record.new and (record.judged.effective is None or is_live(record.judged, record.reading.received))
        return (
            record.judged.gate is Gate.PASS
            and record.reading_id not in self._shown
            and is_live(record.judged, record.reading.received)
        )


def peripheral_of(settings: CuffSettings, clock: Clock) -> Peripheral | None:
    """The cuff that the settings name; None when there is none."""
    match settings.source:
        case "fake":
            return UA_651BLE.fake(clock, settings.fake_script)
        case "none":
            return None
