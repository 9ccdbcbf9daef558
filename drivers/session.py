"""Holds one conversation: performs a dialogue's actions over a Link, journals first, and lets nothing take for ever.

link ──packet──▶ pump (one a subscription) ──▶ journal.record ──▶ inbox ──▶ dialogue ──▶ link, journal.keep
                  ▲                                  │
                  └──────────────────────────────────┘  only now is the next asked for, which confirms this one
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from datetime import datetime
from typing import Any, Final, TypeVar, assert_never

import msgspec

from drivers.device import Clock, Journal, Link, RawPacket
from drivers.dialogues.dialogue import (
    Action,
    Closed,
    Dialogue,
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
from drivers.errors import LinkError, LinkReason
from drivers.readings import ClockCheck, DeviceIdentity, DeviceInformation, Measurement, Reading
from drivers.replaying import replay

__all__ = ["Collected", "Limits", "hold", "replay"]

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

_GRACE_S: Final = 0.5
"""How long an operation that was cut short has to give way to the next one."""

_END_OF = {LinkReason.LINK_LOST: End.LINK_LOST, LinkReason.TIMED_OUT: End.TIMED_OUT, None: End.COMPLETE}


class Limits(msgspec.Struct, frozen=True):
    """Seconds. ``operation``: one subscribe, read, write or close, well under an A&D cuff's patience of 5 s;
    ``session``: the whole conversation."""

    operation: float = 2.0
    session: float = 120.0


class Collected(msgspec.Struct, frozen=True):
    """What one connection gave. ``kept``: readings given to the journal, in order; ``refused`` says of each packet that
    could not be read, why. ``lost`` is the line's trouble, None when it ended as it should."""

    end: End
    kept: tuple[Reading, ...] = ()
    refused: tuple[str, ...] = ()
    information: DeviceInformation | None = None
    lost: LinkReason | None = None


async def hold(
    dialogue: Dialogue,
    link: Link,
    identity: DeviceIdentity,
    clock: Clock,
    journal: Journal,
    *,
    show: Callable[[Measurement], None],
    limits: Limits,
) -> Collected:
    """Hold the conversation to its end and close the line; what the journal raises ends it and passes through.

    An operation that is refused is told to the dialogue; one that takes too long is too, but the second in a row ends
    the conversation. Packets that come while it ends are journalled and given to the dialogue as well. The journal's
    session is settled only if everything in it has become a reading or was refused: not after an exception, nor when
    cancelled.
    """
    return await _Conversation(dialogue, link, identity, clock, journal, show, limits).run()


class _Arrived(msgspec.Struct, frozen=True):
    """A packet; in the journal already unless it is one of a stream."""

    event: Received
    at: datetime
    stream: bool


class _Ended(msgspec.Struct, frozen=True):
    """A subscription gives no more."""

    reason: LinkReason | None


class _Broken(msgspec.Struct, frozen=True):
    """The journal, or a bug."""

    error: Exception


class _Conversation:
    """The state of one :func:`hold`."""

    def __init__(
        self,
        dialogue: Dialogue,
        link: Link,
        identity: DeviceIdentity,
        clock: Clock,
        journal: Journal,
        show: Callable[[Measurement], None],
        limits: Limits,
    ) -> None:
        self._dialogue = dialogue
        self._link = link
        self._identity = identity
        self._clock = clock
        self._journal = journal
        self._show = show
        self._limits = limits
        self._session = uuid.uuid4().hex
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + limits.session
        self._actions: deque[tuple[Action, datetime]] = deque()
        self._inbox: asyncio.Queue[_Arrived | _Ended | _Broken] = asyncio.Queue()
        self._pumps: list[asyncio.Task[None]] = []
        self._recording = 0
        self._recorded: set[bytes] = set()
        self._stream: str | None = None
        self._owed = False
        self._wait: float | None = None
        self._slow_in_a_row = 0
        self._end: End | None = None
        self._check: ClockCheck | None = None
        self._kept: list[Reading] = []
        self._refused: list[str] = []
        self._information: DeviceInformation | None = None

    async def run(self) -> Collected:
        try:
            closed = await self._converse()
        finally:
            trouble = await self._hang_up()
        await self._last_words(closed)
        if not self._owed:
            await self._journal.settle(self._session)
        if trouble is not None:
            raise trouble
        lost = None if closed is None else closed.reason
        end = self._end if self._end is not None else _END_OF.get(lost, End.INCOMPLETE)
        return Collected(end, tuple(self._kept), tuple(self._refused), self._information, lost)

    async def _converse(self) -> Closed | None:
        """Until the dialogue says Finish (None), or the line or the time is over."""
        self._answer(self._dialogue.start(self._clock.now()), self._clock.now())
        try:
            while True:
                while self._actions:
                    action, now = self._actions.popleft()
                    if isinstance(action, Subscribe | Read | Write):
                        await self._operate(action)
                    else:
                        await self._do(action, now)
                    if self._end is not None:
                        return None
                    if self._loop.time() >= self._deadline:
                        return Closed(LinkReason.TIMED_OUT)
                match await self._next():
                    case _Arrived(event, at, stream):
                        if stream:
                            self._stream = event.characteristic
                        self._answer(self._dialogue.received(event, at), at)
                    case _Ended(reason):
                        return Closed(reason)
                    case _Broken(error):
                        raise error
                    case None:
                        now = self._clock.now()
                        self._answer(self._dialogue.silent(now), now)
        except LinkError as error:
            return Closed(error.reason)

    def _answer(self, actions: Iterable[Action], now: datetime) -> None:
        self._actions.extend((action, now) for action in actions)

    async def _next(self) -> _Arrived | _Ended | _Broken | None:
        """What comes next; None when nothing came for as long as the dialogue's Wait says."""
        while True:
            until = self._deadline
            if self._wait is not None:
                until = min(until, self._loop.time() + self._wait)
            try:
                async with asyncio.timeout_at(until):
                    return await self._inbox.get()
            except TimeoutError:
                if self._loop.time() >= self._deadline:
                    return _Ended(LinkReason.TIMED_OUT)
            if not self._recording:  # a packet that is being written is no silence
                self._wait = None
                return None

    # -- operations --------------------------------------------------------------------------------------------------

    async def _operate(self, action: Subscribe | Read | Write) -> None:
        """Do it and tell the dialogue. Raises LinkError when the line is gone or was slow twice."""
        event: Event
        try:
            match action:
                case Subscribe():
                    packets = await self._in_time(self._link.subscribe(action.characteristic))
                    self._pumps.append(asyncio.create_task(self._pump(action, packets)))
                    event, now = Subscribed(action.characteristic), self._clock.now()
                case Read():
                    data = await self._in_time(self._link.read(action.characteristic))
                    now = self._clock.now()
                    await self._journal.record(self._packet(action.characteristic, data, now, read=True))
                    event = ReadDone(action.characteristic, data)
                case Write():
                    await self._in_time(self._link.write(action.characteristic, action.data))
                    event, now = Written(action.characteristic), self._clock.now()
                case _:
                    assert_never(action)
        except LinkError as error:
            slow = error.reason is LinkReason.TIMED_OUT
            if error.reason is LinkReason.LINK_LOST or (slow and self._slow_in_a_row):
                raise
            self._slow_in_a_row = 1 if slow else 0
            event, now = Failed(action, error.reason), self._clock.now()
        else:
            self._slow_in_a_row = 0
        self._answer(self._dialogue.received(event, now), now)

    async def _in_time(self, operation: Coroutine[Any, Any, _Result]) -> _Result:
        """Its result. Raises LinkError; TIMED_OUT also when the operation takes no notice of being cut short."""
        task = asyncio.ensure_future(operation)
        try:
            await asyncio.wait({task}, timeout=min(self._limits.operation, self._deadline - self._loop.time()))
        finally:
            in_time = task.done()
            if not in_time:
                task.cancel()
                task.add_done_callback(_forget)
        if not in_time:
            await asyncio.wait({task}, timeout=_GRACE_S)
        if not task.done() or (task.cancelled() and not in_time):
            raise LinkError(LinkReason.TIMED_OUT)
        if task.cancelled():
            raise LinkError(LinkReason.LINK_LOST, "the operation was given up by the line")
        return task.result()

    async def _pump(self, subscription: Subscribe, packets: AsyncIterator[bytes]) -> None:
        """Take what a subscription gives: on disk first, then to the dialogue, and only then ask for more."""
        characteristic = subscription.characteristic
        try:
            async for data in packets:
                at = self._clock.now()
                if subscription.stream:
                    await asyncio.sleep(0)  # an iterator with much in store must not keep the loop for itself
                else:
                    await self._record(self._packet(characteristic, data, at))
                self._inbox.put_nowait(_Arrived(Received(characteristic, data), at, subscription.stream))
        except LinkError as error:
            self._inbox.put_nowait(_Ended(error.reason))
        except Exception as error:  # passes through hold
            self._inbox.put_nowait(_Broken(error))
        else:
            self._inbox.put_nowait(_Ended(None))

    async def _record(self, packet: RawPacket) -> None:
        self._recording += 1
        try:
            await self._journal.record(packet)
        except asyncio.CancelledError:
            self._owed = True
            raise
        finally:
            self._recording -= 1
        self._recorded.add(packet.data)

    def _packet(self, characteristic: str, data: bytes, at: datetime, *, read: bool = False) -> RawPacket:
        return RawPacket(self._identity, self._session, characteristic, data, at, read)

    # -- what needs no line ------------------------------------------------------------------------------------------

    async def _do(self, action: Action, now: datetime) -> None:
        match action:
            case Keep(measurement, received):
                await self._keep(measurement, received if received is not None else now)
            case Refuse(characteristic, why):
                _log.warning("%s: bytes of %s could not be read", self._identity.model, characteristic)
                self._refused.append(why)
            case NoteClock(shown):
                self._check = ClockCheck(device_time=shown, host_time=now)
            case Show(measurement):
                self._show(measurement)
            case Learn(information):
                self._information = information
            case Wait(seconds):
                self._wait = seconds
            case Finish(end):
                if self._end is None:
                    self._end = end
            case Subscribe() | Read() | Write():
                return  # the line is gone
            case _:
                assert_never(action)

    async def _keep(self, measurement: Measurement, received: datetime) -> None:
        if self._stream is not None and measurement.raw not in self._recorded:
            await self._journal.record(self._packet(self._stream, measurement.raw, received))
        reading = Reading(measurement, self._identity, received, self._check)
        await self._journal.keep(reading)
        self._kept.append(reading)

    # -- the end -----------------------------------------------------------------------------------------------------

    async def _hang_up(self) -> Exception | None:
        """Close the line and let the pumps run out; all of it bounded, also in a task that has been cancelled.

        What ``close`` raised, if it is a bug; trouble with a line that is over is none.
        """
        close = asyncio.ensure_future(self._link.close())
        tasks: list[asyncio.Future[None]] = [close, *self._pumps]
        try:
            await asyncio.wait({close}, timeout=self._limits.operation)
            if self._pumps:
                await asyncio.wait(self._pumps, timeout=self._limits.operation)
        finally:
            left = [task for task in tasks if not task.done()]
            for task in left:
                task.cancel()
                task.add_done_callback(_forget)
        if left:
            await asyncio.wait(left, timeout=_GRACE_S)
        if not close.done() or close.cancelled():
            return None
        error = close.exception()
        return error if isinstance(error, Exception) and not isinstance(error, LinkError) else None

    async def _last_words(self, closed: Closed | None) -> None:
        """Give the dialogue what has come meanwhile, and tell it that the line is gone."""
        for action, now in self._actions:
            await self._do(action, now)
        leftovers = False
        while not self._inbox.empty():
            item = self._inbox.get_nowait()
            if isinstance(item, _Broken):
                raise item.error
            if isinstance(item, _Arrived) and not (item.stream and closed is None):
                leftovers = True
                if item.stream:
                    self._stream = item.event.characteristic
                await self._quietly(item.event, item.at)
        if closed is not None or leftovers:
            await self._quietly(closed if closed is not None else Closed(), self._clock.now())

    async def _quietly(self, event: Event, now: datetime) -> None:
        for action in self._dialogue.received(event, now):
            await self._do(action, now)


def _forget(task: asyncio.Future[Any]) -> None:
    """An operation that was given up may end as it likes."""
    if not task.cancelled():
        task.exception()
