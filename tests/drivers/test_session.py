"""Holding a conversation: journal first, one operation at a time, an end in any case. On virtual time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import pytest

from drivers.decoders.date_time import encode_date_time
from drivers.device import RawPacket
from drivers.dialogues.and_medical import and_cuff
from drivers.dialogues.dialogue import (
    Action,
    Closed,
    Dialogue,
    End,
    Event,
    Failed,
    Finish,
    Keep,
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
from drivers.dialogues.oximeters import berry
from drivers.dialogues.pulse_oximeter import PulseOximeter
from drivers.errors import LinkError, LinkReason
from drivers.fakes.virtual_time import VirtualClock
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT, DATE_TIME, PLX_CONTINUOUS, PLX_SPOT_CHECK, TRANSPARENT_UART_RECEIVE
from drivers.readings import ClockCheck, DeviceIdentity, Kind, Measurement, Reading
from drivers.session import Collected, Limits, hold, replay

pytestmark = pytest.mark.virtual_time

CUFF = DeviceIdentity("UA-651BLE", "A&D Medical", "02:00:00:00:00:01", fake=True)
GOOD = bytes.fromhex("167D0050006600E10701100C273640000000")
FAILED = bytes.fromhex("16FF07FF07FF07E107010E162C04FF070000")

Step = bytes | float | LinkError | None


class ScriptedLink:
    """A Link that does as told. ``packets`` by characteristic: bytes come, a number is seconds of waiting, an error
    ends the line, None hangs up; after the last nothing comes any more. ``answers`` to reads; ``delays`` of operations.

    ``trace``: what happened, in order; ``next``: the reader asked for the next packet.
    """

    def __init__(
        self,
        *packets: Step,
        by_characteristic: dict[str, tuple[Step, ...]] | None = None,
        answers: dict[str, bytes] | None = None,
        trouble: dict[str, LinkReason] | None = None,
        delays: dict[str, float] | None = None,
        trace: list[str] | None = None,
    ) -> None:
        self.packets = by_characteristic if by_characteristic is not None else {BLOOD_PRESSURE_MEASUREMENT: packets}
        self.answers = answers if answers is not None else {}
        self.trouble = trouble if trouble is not None else {}
        self.delays = delays if delays is not None else {}
        self.trace = trace if trace is not None else []
        self.closed = asyncio.Event()
        self.at_once = 0

    async def subscribe(self, characteristic: str) -> AsyncIterator[bytes]:
        await self._operation("subscribe", characteristic)
        return self._packets(deque(self.packets.get(characteristic, ())))

    async def read(self, characteristic: str) -> bytes:
        await self._operation("read", characteristic)
        if characteristic not in self.answers:
            raise LinkError(LinkReason.PROTOCOL)
        return self.answers[characteristic]

    async def write(self, characteristic: str, data: bytes) -> None:
        await self._operation("write", characteristic)

    async def close(self) -> None:
        self.trace.append("close")
        await asyncio.sleep(self.delays.get("close", 0.0))
        self.closed.set()

    async def _operation(self, what: str, characteristic: str) -> None:
        self.at_once += 1
        assert self.at_once == 1, "two operations at once"
        try:
            self.trace.append(what)
            await asyncio.sleep(self.delays.get(what, 0.0))
            if what in self.trouble or characteristic in self.trouble:
                raise LinkError(self.trouble.get(what) or self.trouble[characteristic])
        finally:
            self.at_once -= 1

    async def _packets(self, steps: deque[Step]) -> AsyncIterator[bytes]:
        while steps:
            match steps.popleft():
                case bytes() as data:
                    yield data
                    self.trace.append("next")
                case float() as seconds:
                    await asyncio.sleep(seconds)
                case LinkError() as error:
                    raise error
                case None:
                    return
        await self.closed.wait()


class ListJournal:
    """``trouble``: what record or keep raises, and from which call on."""

    def __init__(self, trace: list[str] | None = None, *, raises: str = "", after: int = 0, slow: float = 0.01) -> None:
        self.trace = trace if trace is not None else []
        self.packets: list[RawPacket] = []
        self.kept: list[Reading] = []
        self.settled: list[str] = []
        self._raises = raises
        self._after = after
        self._slow = slow

    async def record(self, packet: RawPacket) -> None:
        await asyncio.sleep(self._slow)
        if self._raises == "record" and len(self.packets) >= self._after:
            raise DiskFull
        self.packets.append(packet)
        self.trace.append("recorded read" if packet.read else "recorded")

    async def keep(self, reading: Reading) -> None:
        await asyncio.sleep(self._slow)
        if self._raises == "keep" and len(self.kept) >= self._after:
            raise DiskFull
        self.kept.append(reading)
        self.trace.append("kept")

    async def settle(self, session: str) -> None:
        self.settled.append(session)
        self.trace.append("settled")


class DiskFull(Exception):
    """The journal cannot keep."""


class Told:
    """A dialogue out of a table: what to answer to which kind of event, each time. Everything told is in ``events``."""

    def __init__(self, start: tuple[Action, ...], **answers: tuple[Action, ...]) -> None:
        self._start = start
        self._answers = answers
        self.events: list[tuple[Event | None, datetime]] = []

    def start(self, now: datetime) -> tuple[Action, ...]:
        return self._start

    def received(self, event: Event, now: datetime) -> tuple[Action, ...]:
        self.events.append((event, now))
        return self._answers.get(type(event).__name__.lower(), ())

    def silent(self, now: datetime) -> tuple[Action, ...]:
        self.events.append((None, now))
        return self._answers.get("silent", (Finish(End.COMPLETE),))

    def of(self, kind: type[Event]) -> list[Event | None]:
        return [event for event, _ in self.events if isinstance(event, kind)]


MEASUREMENT = Measurement(Kind.BLOOD_PRESSURE, {}, GOOD)


async def held(
    dialogue: Dialogue,
    link: ScriptedLink,
    clock: VirtualClock,
    journal: ListJournal | None = None,
    *,
    limits: Limits | None = None,
    show: Callable[[Measurement], None] = lambda _: None,
) -> Collected:
    return await hold(
        dialogue,
        link,
        CUFF,
        clock,
        journal if journal is not None else ListJournal(),
        show=show,
        limits=limits if limits is not None else Limits(),
    )


def seconds() -> float:
    return round(asyncio.get_running_loop().time(), 3)


# -- durability


async def test_a_packet_is_on_disk_before_the_next_is_asked_for_and_before_it_is_kept(
    virtual_clock: VirtualClock,
) -> None:
    trace: list[str] = []
    link = ScriptedLink(GOOD, FAILED, None, answers={DATE_TIME: encode_date_time(virtual_clock.now())}, trace=trace)
    collected = await held(and_cuff(), link, virtual_clock, ListJournal(trace))
    assert collected.end is End.COMPLETE
    assert [reading.value.raw for reading in collected.kept] == [GOOD, FAILED]
    for number in (1, 2):
        nth_next = [place for place, what in enumerate(trace) if what == "next"][number - 1]
        assert trace[:nth_next].count("recorded") == number
    assert trace.index("recorded read") < trace.index("kept")
    assert trace[-2:] == ["close", "settled"]


async def test_a_reading_has_the_time_at_which_its_packet_came_and_the_clock_as_it_was(
    virtual_clock: VirtualClock,
) -> None:
    wrong = virtual_clock.now() - timedelta(days=3)
    link = ScriptedLink(
        0.5, GOOD, 1.0, FAILED, None, answers={DATE_TIME: encode_date_time(wrong)}, delays={"read": 1.0, "write": 0.25}
    )
    began = virtual_clock.now()
    collected = await held(and_cuff(), link, virtual_clock)
    first, second = collected.kept
    assert (first.received - began).total_seconds() == pytest.approx(0.5, abs=0.001)
    assert (second.received - began).total_seconds() == pytest.approx(1.51, abs=0.001)  # 0.01 s for the disk
    assert first.clock == second.clock
    assert first.clock is not None
    assert first.clock.device_time == wrong.replace(tzinfo=None, microsecond=0)
    assert (first.clock.host_time - began).total_seconds() == pytest.approx(1.0, abs=0.001)


@pytest.mark.parametrize("where", ["record", "keep"])
async def test_what_the_journal_raises_passes_through_after_closing_and_nothing_is_settled(
    virtual_clock: VirtualClock, where: str
) -> None:
    link = ScriptedLink(GOOD, FAILED, None)
    journal = ListJournal(raises=where, after=1 if where == "keep" else 0)
    with pytest.raises(DiskFull):
        await held(and_cuff(), link, virtual_clock, journal)
    assert link.closed.is_set()
    assert journal.settled == []
    if where == "record":
        assert "next" not in link.trace  # it was not confirmed: the device still has it


async def test_packets_that_came_before_the_finish_are_not_lost(virtual_clock: VirtualClock) -> None:
    dialogue = Told((Subscribe("a"), Wait(1)), received=(Keep(MEASUREMENT), Finish(End.COMPLETE)))
    link = ScriptedLink(by_characteristic={"a": (GOOD, FAILED, GOOD)})
    journal = ListJournal()
    collected = await held(dialogue, link, virtual_clock, journal)
    assert len(collected.kept) == len(journal.packets) > 1
    assert isinstance(dialogue.events[-1][0], Closed)
    assert len(journal.settled) == 1


async def test_a_stream_is_journalled_only_where_it_is_kept(virtual_clock: VirtualClock) -> None:
    frame = bytes((0x85, 50, 6, 72, 97))
    steps: list[Step] = [part for _ in range(50) for part in (frame, 0.25)]
    link = ScriptedLink(by_characteristic={TRANSPARENT_UART_RECEIVE: (*steps, None)})
    journal = ListJournal()
    shown: list[Measurement] = []
    collected = await held(berry(), link, virtual_clock, journal, show=shown.append)
    assert [packet.data for packet in journal.packets] == [frame]
    assert journal.packets[0].characteristic == TRANSPARENT_UART_RECEIVE
    assert journal.packets[0].received == collected.kept[0].received
    assert journal.trace == ["recorded", "kept", "settled"]
    assert len(shown) > 10


async def test_a_packet_beside_a_stream_is_journalled_once(virtual_clock: VirtualClock) -> None:
    spot = bytes.fromhex("0061004800")
    link = ScriptedLink(
        by_characteristic={PLX_SPOT_CHECK: (0.5, spot), PLX_CONTINUOUS: (0.1, bytes((0, 97, 0, 72, 0)))}
    )
    journal = ListJournal()
    collected = await held(PulseOximeter(), link, virtual_clock, journal)
    assert [reading.value.raw for reading in collected.kept] == [spot]
    assert [(packet.characteristic, packet.data) for packet in journal.packets] == [(PLX_SPOT_CHECK, spot)]


async def test_what_was_held_back_keeps_the_time_at_which_it_came(virtual_clock: VirtualClock) -> None:
    came = virtual_clock.now() - timedelta(seconds=1)
    collected = await held(Told((Keep(MEASUREMENT, came), Finish(End.COMPLETE))), ScriptedLink(), virtual_clock)
    assert collected.kept[0].received == came


async def test_a_packet_that_the_disk_never_took_is_owed(virtual_clock: VirtualClock) -> None:
    journal = ListJournal(slow=1e9)
    collected = await held(and_cuff(), ScriptedLink(GOOD), virtual_clock, journal, limits=Limits(session=3))
    assert (collected.end, collected.kept, journal.settled) == (End.TIMED_OUT, (), [])
    assert seconds() < 8


async def test_what_was_to_be_kept_when_the_line_was_lost_is_kept(virtual_clock: VirtualClock) -> None:
    link = ScriptedLink(trouble={"read": LinkReason.LINK_LOST})
    collected = await held(Told((Read("b"), Keep(MEASUREMENT))), link, virtual_clock)
    assert [reading.value for reading in collected.kept] == [MEASUREMENT]


async def test_an_endless_flood_does_not_keep_the_session_from_its_end(virtual_clock: VirtualClock) -> None:
    async def flood() -> AsyncIterator[bytes]:
        while True:
            yield b"\x00"
            virtual_clock_moved.set()
            if virtual_clock_moved.count > 1000:
                await asyncio.sleep(0.01)

    class Count(asyncio.Event):
        count = 0

        def set(self) -> None:
            self.count += 1
            super().set()

    virtual_clock_moved = Count()
    link = ScriptedLink()
    link.subscribe = lambda characteristic: _given(flood())  # type: ignore[method-assign]
    collected = await held(Told((Subscribe("a", True),)), link, virtual_clock, limits=Limits(session=3.0))
    assert (collected.end, collected.lost) == (End.TIMED_OUT, LinkReason.TIMED_OUT)
    assert seconds() < 6.0


async def _given(packets: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    return packets


# -- order and time


async def test_actions_are_done_in_order_and_operations_one_at_a_time(virtual_clock: VirtualClock) -> None:
    dialogue = Told((Subscribe("a"), Read("b"), Write("c", b"!"), Wait(3)))
    link = ScriptedLink(answers={"b": b"?"}, delays={"subscribe": 0.1, "read": 0.1, "write": 0.1})
    await held(dialogue, link, virtual_clock)
    assert link.trace == ["subscribe", "read", "write", "close"]
    assert [event for event, _ in dialogue.events] == [Subscribed("a"), ReadDone("b", b"?"), Written("c"), None]
    assert seconds() == pytest.approx(3.31, abs=0.05)


async def test_each_packet_starts_the_wait_anew(virtual_clock: VirtualClock) -> None:
    dialogue = Told((Subscribe("a"), Wait(2)))
    link = ScriptedLink(by_characteristic={"a": (1.9, b"1", 1.9, b"2", 1.9, b"3")})
    await held(dialogue, link, virtual_clock)
    assert len(dialogue.of(Received)) == 3
    assert seconds() == pytest.approx(5.7 + 2, abs=0.1)


async def test_a_packet_that_is_being_written_is_no_silence(virtual_clock: VirtualClock) -> None:
    dialogue = Told((Subscribe("a"), Wait(2)))
    link = ScriptedLink(by_characteristic={"a": (1.5, b"1")})
    await held(dialogue, link, virtual_clock, ListJournal(slow=1.0))
    assert [type(event) for event, _ in dialogue.events] == [Subscribed, Received, type(None)]


async def test_a_refused_operation_is_told_and_the_conversation_goes_on(virtual_clock: VirtualClock) -> None:
    dialogue = Told((Read("b"), Wait(1)))
    collected = await held(dialogue, ScriptedLink(), virtual_clock)
    assert dialogue.events[0][0] == Failed(Read("b"), LinkReason.PROTOCOL)
    assert (collected.end, collected.lost) == (End.COMPLETE, None)


async def test_one_slow_operation_is_told_and_the_second_in_a_row_ends_it(virtual_clock: VirtualClock) -> None:
    dialogue = Told((Read("b"), Write("c", b""), Wait(1)))
    link = ScriptedLink(delays={"read": 1e6, "write": 1e6})
    collected = await held(dialogue, link, virtual_clock)
    assert [event for event, _ in dialogue.events] == [
        Failed(Read("b"), LinkReason.TIMED_OUT),
        Closed(LinkReason.TIMED_OUT),
    ]
    assert (collected.end, collected.lost) == (End.TIMED_OUT, LinkReason.TIMED_OUT)
    assert seconds() == pytest.approx(4, abs=0.1)
    assert link.closed.is_set()


async def test_two_slow_operations_that_are_not_in_a_row_are_borne(virtual_clock: VirtualClock) -> None:
    dialogue = Told((Read("b"), Write("c", b""), Read("b"), Wait(1)))
    collected = await held(dialogue, ScriptedLink(delays={"read": 1e6}), virtual_clock)
    assert [type(event) for event, _ in dialogue.events] == [Failed, Written, Failed, type(None)]
    assert collected.end is End.COMPLETE


async def test_a_line_that_is_lost_in_an_operation_is_closed(virtual_clock: VirtualClock) -> None:
    dialogue = Told((Subscribe("a"), Read("b"), Wait(1)), closed=(Keep(MEASUREMENT), Finish(End.LINK_LOST)))
    link = ScriptedLink(by_characteristic={"a": (GOOD,)}, trouble={"read": LinkReason.LINK_LOST})
    journal = ListJournal()
    collected = await held(dialogue, link, virtual_clock, journal)
    assert dialogue.events[-1][0] == Closed(LinkReason.LINK_LOST)
    assert dialogue.of(Received) == [Received("a", GOOD)]  # it had come before
    assert (collected.end, collected.lost, len(collected.kept)) == (End.LINK_LOST, LinkReason.LINK_LOST, 1)
    assert len(journal.settled) == 1


@pytest.mark.parametrize(("step", "reason"), [(None, None), (LinkError(LinkReason.LINK_LOST), LinkReason.LINK_LOST)])
async def test_the_end_of_a_subscription_is_the_end_of_the_line(
    virtual_clock: VirtualClock, step: Step, reason: LinkReason | None
) -> None:
    dialogue = Told((Subscribe("a"), Subscribe("b")))
    link = ScriptedLink(by_characteristic={"a": (0.1, b"1", step), "b": (0.1, b"2", b"3")})
    collected = await held(dialogue, link, virtual_clock)
    assert len(dialogue.of(Received)) == 3
    assert dialogue.events[-1][0] == Closed(reason)
    assert collected.lost is reason


async def test_the_whole_conversation_has_a_limit(virtual_clock: VirtualClock) -> None:
    dialogue = Told((Subscribe("a"), Wait(1e9)), received=(Keep(MEASUREMENT),))
    link = ScriptedLink(by_characteristic={"a": tuple(part for _ in range(1000) for part in (1.0, b"1"))})
    journal = ListJournal()
    collected = await held(dialogue, link, virtual_clock, journal, limits=Limits(session=10))
    assert collected.lost is LinkReason.TIMED_OUT
    assert len(collected.kept) == len(dialogue.of(Received)) == len(journal.packets)
    assert seconds() <= 15
    assert len(journal.settled) == 1


async def test_a_dialogue_that_says_nothing_at_all_is_ended_too(virtual_clock: VirtualClock) -> None:
    collected = await held(Told(()), ScriptedLink(), virtual_clock)
    assert collected.end is End.TIMED_OUT
    assert seconds() == pytest.approx(120, abs=0.1)


async def test_a_line_that_does_not_let_itself_be_closed_is_given_up(virtual_clock: VirtualClock) -> None:
    collected = await held(Told((Finish(End.COMPLETE),)), ScriptedLink(delays={"close": 1e9}), virtual_clock)
    assert collected.end is End.COMPLETE
    assert seconds() < 4


async def test_an_operation_that_takes_no_notice_of_being_cut_short_does_not_hold_us(
    virtual_clock: VirtualClock,
) -> None:
    class Stubborn(ScriptedLink):
        async def read(self, characteristic: str) -> bytes:
            until = asyncio.get_running_loop().time() + 30
            while asyncio.get_running_loop().time() < until:
                try:
                    await asyncio.sleep(1)
                except asyncio.CancelledError:
                    continue
            return b""

    dialogue = Told((Read("b"), Wait(1)))
    collected = await held(dialogue, Stubborn(), virtual_clock)
    assert dialogue.events[0][0] == Failed(Read("b"), LinkReason.TIMED_OUT)
    assert collected.end is End.COMPLETE
    assert seconds() < 10
    await asyncio.sleep(40)


# -- cancelling


@pytest.mark.parametrize("when", [0.0, 0.05, 0.5, 1.5, 2.2, 5.0])
async def test_cancelled_at_any_time_it_closes_the_line_and_settles_nothing(
    virtual_clock: VirtualClock, when: float
) -> None:
    link = ScriptedLink(0.3, GOOD, 1.0, FAILED, delays={"subscribe": 0.1, "read": 1.0})
    journal = ListJournal()
    task = asyncio.create_task(held(and_cuff(), link, virtual_clock, journal))
    await asyncio.sleep(when)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert journal.settled == []
    assert link.closed.is_set() or when == 0.0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_was_recorded_before_it_was_cancelled_can_be_played_again(virtual_clock: VirtualClock) -> None:
    link = ScriptedLink(GOOD, answers={DATE_TIME: encode_date_time(virtual_clock.now())}, delays={"read": 1.0})
    journal = ListJournal()
    task = asyncio.create_task(held(and_cuff(), link, virtual_clock, journal))
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert journal.kept == []
    (reading,) = replay(and_cuff(), journal.packets)
    assert (reading.value.raw, reading.device, reading.received) == (GOOD, CUFF, journal.packets[0].received)


# -- what it collects


async def test_it_collects_what_was_refused_shown_and_learnt(virtual_clock: VirtualClock) -> None:
    shown: list[Measurement] = []
    dialogue = Told((Refuse("a", "nonsense"), Show(MEASUREMENT), Finish(End.INCOMPLETE)))
    collected = await held(dialogue, ScriptedLink(), virtual_clock, show=shown.append)
    assert (collected.end, collected.refused, shown) == (End.INCOMPLETE, ("nonsense",), [MEASUREMENT])


async def test_each_session_has_its_own_name(virtual_clock: VirtualClock) -> None:
    journal = ListJournal()
    for _ in range(2):
        await held(and_cuff(), ScriptedLink(GOOD, None), virtual_clock, journal)
    assert len({packet.session for packet in journal.packets}) == 2
    assert len(set(journal.settled)) == 2


# -- replay


async def _collected_and_replayed(
    virtual_clock: VirtualClock, *packets: Step
) -> tuple[tuple[Reading, ...], tuple[Reading, ...]]:
    journal = ListJournal()
    wrong = virtual_clock.now() - timedelta(days=3)
    link = ScriptedLink(*packets, answers={DATE_TIME: encode_date_time(wrong)}, delays={"read": 0.2})
    collected = await held(and_cuff(), link, virtual_clock, journal)
    in_order = sorted(journal.packets, key=lambda packet: packet.received)
    return collected.kept, replay(and_cuff(), in_order)


@pytest.mark.parametrize(
    "packets", [(GOOD, FAILED, None), (0.5, GOOD, 3.0, FAILED, LinkError(LinkReason.LINK_LOST)), (GOOD[:-1], GOOD)]
)
async def test_a_replay_gives_what_the_conversation_gave(
    virtual_clock: VirtualClock, packets: tuple[Step, ...]
) -> None:
    live, played = await _collected_and_replayed(virtual_clock, *packets)
    assert live
    assert played == live


async def test_a_replay_of_nothing_is_nothing(virtual_clock: VirtualClock) -> None:
    assert replay(and_cuff(), ()) == ()


async def test_a_replay_goes_on_after_the_dialogue_has_finished(virtual_clock: VirtualClock) -> None:
    dialogue = Told((Subscribe("a"),), received=(NoteClock(None), Keep(MEASUREMENT), Finish(End.COMPLETE), Read("b")))
    at = virtual_clock.now()
    packets = [RawPacket(CUFF, "s", "a", bytes((number,)), at + timedelta(seconds=number)) for number in range(3)]
    readings = replay(dialogue, packets)
    assert [type(event) for event, _ in dialogue.events] == [Subscribed, Received, Received, Received, Closed]
    assert [reading.received for reading in readings] == [packet.received for packet in packets]
    assert readings[0].clock == ClockCheck(None, at)
