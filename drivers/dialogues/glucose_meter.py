"""Glucose meters of the Glucose Profile: how many records, give them, count them, ask again for what did not come.

    kiosk                                meter
      │  2A18, 2A34 and 2A52 on            │   before anything is written
      │ ─────────────────────────────────▶ │
      │  2A52: 04 … (how many?)            │   from the sequence number after the last that we have
      │ ─────────────────────────────────▶ │
      │               2A52: 05 00 nn nn    │
      │ ◀───────────────────────────────── │
      │  2A52: 01 … (report)               │
      │ ─────────────────────────────────▶ │
      │    2A18 records, each perhaps with a 2A34 context of the same sequence number
      │ ◀───────────────────────────────── │
      │               2A52: 06 00 01 01    │   done, it says; it is done when the count matches
      │ ◀───────────────────────────────── │

Never written: op code 2, which deletes. A meter that does not know "from sequence" is asked for everything.
Source: Glucose Profile 1.0.1; pauses and repeats as Tidepool's uploader found them necessary; FORA's bogus tail as
reported by its users.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from drivers.decoders.glucose import decode_glucose, decode_glucose_context
from drivers.decoders.record_access import (
    OpCode,
    RecordAccess,
    ResponseValue,
    decode_record_access,
    encode_abort,
    encode_number_of_records,
    encode_report_records,
)
from drivers.dialogues.conversation import CLOCKS, Conversation, Steps
from drivers.dialogues.dialogue import End, Received, Refuse, Wait
from drivers.errors import DecodeError, LinkReason
from drivers.gatt import GLUCOSE_CONTEXT, GLUCOSE_MEASUREMENT, RECORD_ACCESS
from drivers.readings import Measurement, QuantityName, SpecialValue, Status

_ANSWER_S: Final = 5.0
_BETWEEN_REQUESTS_S: Final = 0.5
_STRAGGLERS_S: Final = 1.0
"""How long records may come after the meter has said that it is done: the two arrive on different ways."""

_REPEATS_S: Final = (1.0, 5.0)
_LAST_SEQUENCE: Final = 0xFFFF

_MEMORY: Final = 450
_AHEAD: Final = timedelta(days=365)

_UNKNOWN_FILTER = frozenset(
    {
        ResponseValue.INVALID_OPERATOR,
        ResponseValue.OPERATOR_NOT_SUPPORTED,
        ResponseValue.INVALID_OPERAND,
        ResponseValue.OPERAND_NOT_SUPPORTED,
    }
)


class GlucoseMeter(Conversation):
    """``last_sequence``: of the records that we have; None: all are asked for."""

    def __init__(self, last_sequence: int | None) -> None:
        # After the last number there is none: the meter began again at 0, so that everything is asked for.
        self._from = last_sequence + 1 if last_sequence is not None and last_sequence < _LAST_SEQUENCE else None
        self._expected: int | None = None
        self._records: dict[int, bytes] = {}
        self._contexts: dict[int, Measurement] = {}
        self._awaiting_context: dict[int, tuple[Measurement, datetime]] = {}
        self._not_readable: set[bytes] = set()
        self._unreadable = 0
        self._answer: RecordAccess | None = None
        super().__init__()

    def _converse(self) -> Steps[End]:
        if not (yield from self._subscribe(GLUCOSE_MEASUREMENT)):
            return self._not_listened_to
        yield from self._subscribe(GLUCOSE_CONTEXT)
        if not (yield from self._subscribe(RECORD_ACCESS)):
            return self._not_listened_to
        yield from self._read_clock(CLOCKS)
        end = yield from self._count()
        if end is not None:
            return end
        if self._expected != 0:
            end = yield from self._fetch()
        self._all_given()
        self._clock_settled()
        yield from self._ask_who_it_is()
        return end if end is not None else End.COMPLETE

    def _count(self) -> Steps[End | None]:
        """Learn how many there are, as far as the meter says; an end when it will not be asked at all."""
        if not (yield from self._write(RECORD_ACCESS, encode_number_of_records(self._from))):
            return self._not_listened_to
        answer = yield from self._answered(OpCode.REPORT_NUMBER)
        if answer is not None and answer.response in _UNKNOWN_FILTER and self._from is not None:
            self._from = None
            return (yield from self._count())
        if answer is not None and answer.op_code is OpCode.NUMBER:
            self._expected = answer.count
        elif answer is not None and answer.response is ResponseValue.NO_RECORDS:
            self._expected = 0
        return None

    def _fetch(self) -> Steps[End | None]:
        """Ask for the records until the count matches; an end when they stay away."""
        for pause in (_BETWEEN_REQUESTS_S, *_REPEATS_S):
            yield from self._pause(pause)
            self._answer = None
            self._unreadable = 0
            if not (yield from self._write(RECORD_ACCESS, encode_report_records(self._from))):
                continue
            answer = yield from self._answered(OpCode.REPORT_RECORDS)
            if answer is None:
                # It fell silent in the middle: it is told to stop, or it would not take the next request.
                yield from self._write(RECORD_ACCESS, encode_abort())
                continue
            if answer.response in _UNKNOWN_FILTER and self._from is not None:
                self._from = None
                self._expected = None
                continue
            if answer.response is ResponseValue.NO_RECORDS and not self._expected:
                return None
            if answer.response is ResponseValue.SUCCESS and (yield from self._all_came()):
                return None
        return End.INCOMPLETE

    def _all_came(self) -> Steps[bool]:
        while self._expected is None or len(self._records) < self._expected:
            if (yield Wait(_STRAGGLERS_S)) is None:
                return self._expected is None and not self._unreadable
        return True

    def _answered(self, request: OpCode) -> Steps[RecordAccess | None]:
        """The meter's answer to what was just written; None when it fell silent, also in the middle of its records."""
        while True:
            answer, self._answer = self._answer, None
            if answer is not None and (
                answer.request is request or (answer.op_code is OpCode.NUMBER and request is OpCode.REPORT_NUMBER)
            ):
                return answer
            if answer is None and (yield Wait(_ANSWER_S)) is None:
                return None

    def _pause(self, seconds: float) -> Steps[None]:
        while (yield Wait(seconds)) is not None:
            continue

    # -- packets -----------------------------------------------------------------------------------------------------

    def _packet(self, packet: Received) -> bool:
        take = {
            RECORD_ACCESS: self._access,
            GLUCOSE_MEASUREMENT: self._record,
            GLUCOSE_CONTEXT: self._context,
        }.get(packet.characteristic)
        if take is None:
            return False
        take(packet)
        return True

    def _access(self, packet: Received) -> None:
        try:
            self._answer = decode_record_access(packet.data)
        except DecodeError as error:
            self._refuse(packet.characteristic, str(error))

    def _record(self, packet: Received) -> None:
        if packet.data in self._not_readable:
            self._unreadable += 1  # asked for again, and still not readable
            return
        measurement = self._decoded(packet, decode_glucose)
        if measurement is None or measurement.sequence is None:
            self._unreadable += 1
            self._not_readable.add(packet.data)
            return
        if self._records.get(measurement.sequence) == packet.data:
            return  # asked for again
        self._records[measurement.sequence] = packet.data
        if self._is_bogus(measurement):
            self._say(Refuse(packet.characteristic, f"record {len(self._records)} is of years to come"))
            return
        context = self._contexts.pop(measurement.sequence, None)
        if context is not None:
            self._keep(_with_context(measurement, context), self._now)
        elif Status.CONTEXT_FOLLOWS in measurement.status:
            self._awaiting_context[measurement.sequence] = measurement, self._now
        else:
            self._keep(measurement, self._now)

    def _context(self, packet: Received) -> None:
        context = self._decoded(packet, decode_glucose_context)
        if context is None or context.sequence is None:
            return
        awaiting = self._awaiting_context.pop(context.sequence, None)
        if awaiting is not None:
            self._keep(_with_context(awaiting[0], context), awaiting[1])
        elif context.sequence not in self._records:
            self._contexts[context.sequence] = context

    def _all_given(self) -> None:
        for measurement, received in self._awaiting_context.values():
            self._keep(measurement, received)
        for context in self._contexts.values():
            self._keep(context, self._now)
        self._awaiting_context.clear()
        self._contexts.clear()

    def _end_of(self, reason: LinkReason | None) -> End:
        """A meter that hangs up before the count is reached owes us the rest, however politely it does so."""
        complete = self._expected is not None and len(self._records) >= self._expected
        end = super()._end_of(reason)
        return End.INCOMPLETE if end is End.COMPLETE and not complete and not self._told_all else end

    def _is_bogus(self, measurement: Measurement) -> bool:
        """A full FORA meter adds a record beyond its memory: too high, and dated years ahead."""
        glucose = measurement.quantities.get(QuantityName.GLUCOSE)
        too_high = Status.RESULT_TOO_HIGH in measurement.status or (
            glucose is not None and glucose.special is SpecialValue.POSITIVE_INFINITY
        )
        shown = measurement.device_time
        ahead = shown is not None and shown > self._now.replace(tzinfo=None) + _AHEAD
        return len(self._records) > _MEMORY and too_high and ahead


def _with_context(measurement: Measurement, context: Measurement) -> Measurement:
    """One measurement of both. ``raw`` stays the record's: delivered again without its context it is still the same."""
    return msgspec.structs.replace(
        measurement,
        quantities={**context.quantities, **measurement.quantities},
        details={**context.details, **measurement.details},
    )
