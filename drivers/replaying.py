"""Plays the journalled packets of a conversation that was cut short through a fresh dialogue. No line, no journal."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime

from drivers.device import RawPacket
from drivers.dialogues.dialogue import (
    Action,
    Closed,
    Dialogue,
    Event,
    Failed,
    Finish,
    Keep,
    NoteClock,
    Read,
    ReadDone,
    Received,
    Subscribe,
    Subscribed,
    Write,
    Written,
)
from drivers.errors import LinkReason
from drivers.readings import ClockCheck, Reading


def replay(dialogue: Dialogue, packets: Sequence[RawPacket]) -> tuple[Reading, ...]:
    """What the journalled packets of one session that was cut short would have become.

    They keep the times at which they came. A read is answered by what was read then, or has failed; a write was done;
    the line ends with the last packet.
    """
    return _Player(dialogue, packets).readings() if packets else ()


class _Player:
    """The state of one :func:`replay`."""

    def __init__(self, dialogue: Dialogue, packets: Sequence[RawPacket]) -> None:
        self._dialogue = dialogue
        self._packets = packets
        self._answers: dict[str, deque[RawPacket]] = {}
        for packet in packets:
            if packet.read:
                self._answers.setdefault(packet.characteristic, deque()).append(packet)
        self._actions: deque[tuple[Action, datetime]] = deque()
        self._finished = False
        self._check: ClockCheck | None = None
        self._readings: list[Reading] = []

    def readings(self) -> tuple[Reading, ...]:
        began, ended = self._packets[0].received, self._packets[-1].received
        self._perform(self._dialogue.start(began), began)
        for packet in self._packets:
            if not packet.read:
                self._tell(Received(packet.characteristic, packet.data), packet.received)
        self._tell(Closed(), ended)
        return tuple(self._readings)

    def _tell(self, event: Event, now: datetime) -> None:
        self._perform(self._dialogue.received(event, now), now)

    def _perform(self, actions: Iterable[Action], now: datetime) -> None:
        self._actions.extend((action, now) for action in actions)
        while self._actions:
            self._do(*self._actions.popleft())

    def _do(self, action: Action, now: datetime) -> None:
        match action:
            case Keep(measurement, received):
                came = received if received is not None else now
                self._readings.append(Reading(measurement, self._packets[0].device, came, self._check))
            case NoteClock(shown):
                self._check = ClockCheck(device_time=shown, host_time=now)
            case Finish():
                self._finished = True
            case Subscribe() | Read() | Write() if not self._finished:
                event, now = self._operate(action, now)
                self._actions.extend((answer, now) for answer in self._dialogue.received(event, now))
            case _:
                pass  # for the line, for the screen, or told when it happened

    def _operate(self, action: Subscribe | Read | Write, now: datetime) -> tuple[Event, datetime]:
        match action:
            case Subscribe(characteristic):
                return Subscribed(characteristic), now
            case Write(characteristic):
                return Written(characteristic), now
            case Read(characteristic):
                answers = self._answers.get(characteristic)
                if not answers:
                    return Failed(action, LinkReason.PROTOCOL), now
                packet = answers.popleft()
                return ReadDone(characteristic, packet.data), packet.received
