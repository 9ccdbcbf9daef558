"""What the conversations with Bluetooth devices have in common: steps written as a generator, and the clock question.

    steps (a generator)                         outside
      answer = yield Read(DATE_TIME)     ──▶    session reads, and says ReadDone or Failed
      yield Wait(4.0)                    ──▶    resumed by a packet that matters (the event), or by silence (None)
      return End.COMPLETE                ──▶    what was held back is kept, then Finish

Packets come at any moment, between any two steps: each device says in ``_packet`` what becomes of them. Measurements
are held back while the device's clock has not been read yet, for their times are worth nothing without it.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Generator, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from drivers.decoders.current_time import decode_current_time, encode_current_time
from drivers.decoders.date_time import decode_date_time, encode_date_time
from drivers.dialogues.dialogue import (
    Action,
    Closed,
    End,
    Event,
    Failed,
    Finish,
    Keep,
    Learn,
    NoteClock,
    Read,
    ReadDone,
    Received,
    Refuse,
    Show,
    Subscribe,
    Subscribed,
    Wait,
    Write,
    Written,
)
from drivers.dialogues.self_description import SELF_DESCRIPTION, learned
from drivers.errors import DecodeError, LinkReason
from drivers.gatt import CURRENT_TIME, DATE_TIME
from drivers.readings import DeviceInformation, Measurement

Decode = Callable[[bytes], Measurement]
Step = Subscribe | Read | Write | Wait
_Value = TypeVar("_Value")
Steps = Generator[Step, Event | None, _Value]

IDLE_S: Final = 4.0
"""A device that has said something and then nothing for so long has said all."""

CLOCKS: Final = (DATE_TIME, CURRENT_TIME)

_ECHO: Final = timedelta(seconds=1)

_HINDERED = {
    LinkReason.REFUSED: End.REFUSED,
    LinkReason.STALE_BOND: End.REFUSED,
    LinkReason.TIMED_OUT: End.TIMED_OUT,
}
_END_OF = {LinkReason.TIMED_OUT: End.TIMED_OUT, None: End.COMPLETE}


class Conversation(abc.ABC):
    """A :class:`drivers.dialogues.dialogue.Dialogue` whose course is the generator ``_converse``."""

    def __init__(self) -> None:
        self._steps = self._converse()
        self._said: list[Action] = []
        self._held: list[Keep] = []
        self._clock_open = True
        self._waiting = False
        self._ended = False
        self._refused = False
        self._told_all = False
        self._now = datetime.min  # noqa: DTZ901  replaced before anything looks at it
        self._trouble: LinkReason | None = None
        self._hindered: End | None = None
        self._gave = False
        self._last_kept: tuple[bytes, datetime] | None = None

    # -- the contract ------------------------------------------------------------------------------------------------

    def start(self, now: datetime) -> tuple[Action, ...]:
        self._now = now
        self._resume(None)
        return self._spoken()

    def received(self, event: Event, now: datetime) -> tuple[Action, ...]:
        self._now = now
        match event:
            case Received():
                if self._packet(event) and self._waiting:
                    self._resume(event)
            case Closed(reason):
                self._all_given()
                self._clock_settled()
                self._finish(self._end_of(reason))
            case _:
                self._resume(event)
        return self._spoken()

    def silent(self, now: datetime) -> tuple[Action, ...]:
        self._now = now
        if self._waiting:
            self._resume(None)
        return self._spoken()

    # -- what each device says for itself ----------------------------------------------------------------------------

    @abc.abstractmethod
    def _converse(self) -> Steps[End]:
        """The course of the conversation."""

    @abc.abstractmethod
    def _packet(self, packet: Received) -> bool:
        """Something has come; whether it wakes steps that wait. Called also when the conversation is over."""

    def _all_given(self) -> None:
        """Nothing more will come: give what still waits for something."""
        return

    # -- steps -------------------------------------------------------------------------------------------------------

    def _subscribe(self, characteristic: str, *, stream: bool = False) -> Steps[bool]:
        """Whether it was done; ``_trouble`` says why not."""
        answer = yield Subscribe(characteristic, stream)
        return isinstance(answer, Subscribed) or self._failed(answer)

    def _write(self, characteristic: str, data: bytes) -> Steps[bool]:
        """Whether the device took it."""
        answer = yield Write(characteristic, data)
        return isinstance(answer, Written) or self._failed(answer)

    def _read(self, characteristic: str) -> Steps[bytes | None]:
        answer = yield Read(characteristic)
        if isinstance(answer, ReadDone):
            return answer.data
        self._failed(answer)
        return None

    def _read_clock(self, characteristics: Sequence[str]) -> Steps[tuple[str, datetime | None] | None]:
        """Ask the clocks in this order until one answers, and note it: which it was and what it shows. None: no clock.

        A clock that shows nonsense is one. What was held back is kept now, in any case.
        """
        for characteristic in characteristics:
            data = yield from self._read(characteristic)
            if data is not None:
                shown = shown_by(characteristic, data)
                self._say(NoteClock(shown))
                self._clock_settled()
                return characteristic, shown
        self._clock_settled()
        return None

    def _write_clock(self, characteristic: str) -> Steps[bool]:
        """Set the clock to now; refused is not fatal."""
        data = encode_date_time(self._now) if characteristic == DATE_TIME else encode_current_time(self._now)
        return (yield from self._write(characteristic, data))

    def _ask_who_it_is(self) -> Steps[None]:
        """Device information and battery, as far as it answers. All else is here: being hung up on is no loss."""
        self._told_all = True
        information = DeviceInformation()
        for characteristic in SELF_DESCRIPTION:
            data = yield from self._read(characteristic)
            if data is None:
                continue
            try:
                information = learned(information, characteristic, data)
            except DecodeError as error:
                self._say(Refuse(characteristic, str(error)))
        if information != DeviceInformation():
            self._say(Learn(information))

    # -- saying ------------------------------------------------------------------------------------------------------

    def _say(self, action: Action) -> None:
        self._said.append(action)

    def _decoded(self, packet: Received, decode: Decode) -> Measurement | None:
        """The packet decoded; None when it was refused."""
        try:
            return decode(packet.data)
        except DecodeError as error:
            self._refuse(packet.characteristic, str(error))
            return None

    def _refuse(self, characteristic: str, why: str) -> None:
        self._refused = True
        self._say(Refuse(characteristic, why))

    def _keep(self, measurement: Measurement, received: datetime) -> None:
        """Make it durable: at once, or as soon as the question of the clock is settled.

        Equal bytes with a time or a sequence are known to be the same reading wherever they come again. Without, only
        when they come at once again: then the radio has given one packet twice. Two failures in a row may be equal.
        """
        self._gave = True
        before, self._last_kept = self._last_kept, (measurement.raw, received)
        known = bool(measurement.raw_time) or measurement.sequence is not None
        failed = all(quantity.value is None for quantity in measurement.quantities.values())
        if (
            not (known or failed)
            and before is not None
            and before[0] == measurement.raw
            and received - before[1] < _ECHO
        ):
            return
        keep = Keep(measurement, received)
        if self._clock_open:
            self._held.append(keep)
        else:
            self._say(keep)

    def _clock_settled(self) -> None:
        self._clock_open = False
        self._said += self._held
        self._held.clear()

    def _show(self, measurement: Measurement) -> None:
        self._say(Show(measurement))

    @property
    def _outcome(self) -> End:
        """A packet that could not be read is something that the device still owes us.

        One that gave nothing and did not let us do something, for want of a bond or of an answer, did not have nothing
        to say.
        """
        if not self._gave and not self._refused and self._hindered is not None:
            return self._hindered
        return End.INCOMPLETE if self._refused else End.COMPLETE

    @property
    def _not_listened_to(self) -> End:
        """The end when nothing could be subscribed to."""
        return End.TIMED_OUT if self._trouble is LinkReason.TIMED_OUT else End.REFUSED

    # -- machinery ---------------------------------------------------------------------------------------------------

    def _failed(self, answer: Event | None) -> bool:
        """Remember why; always False."""
        if isinstance(answer, Failed):
            self._trouble = answer.reason
            self._hindered = _HINDERED.get(answer.reason, self._hindered)
        return False

    def _end_of(self, reason: LinkReason | None) -> End:
        if reason is None or self._told_all:
            return self._outcome
        return _END_OF.get(reason, End.LINK_LOST)

    def _resume(self, answer: Event | None) -> None:
        if self._ended:
            return
        self._waiting = False
        try:
            step = self._steps.send(answer)
        except StopIteration as stop:
            self._all_given()
            self._clock_settled()
            self._finish(stop.value)
            return
        self._waiting = isinstance(step, Wait)
        self._say(step)

    def _finish(self, end: End) -> None:
        if not self._ended:
            self._ended = True
            self._steps.close()
            self._say(Finish(end))

    def _spoken(self) -> tuple[Action, ...]:
        said, self._said = tuple(self._said), []
        return said


def shown_by(characteristic: str, data: bytes) -> datetime | None:
    """What a clock (2A08 or 2A2B) shows; None: nonsense, or it does not know."""
    try:
        return decode_date_time(data) if characteristic == DATE_TIME else decode_current_time(data).shown
    except DecodeError:
        return None
