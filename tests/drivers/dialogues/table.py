"""Plays the session's part by hand: what has happened goes in, what is to be done is compared with a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from drivers.decoders.current_time import encode_current_time
from drivers.decoders.date_time import encode_date_time
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
    Refuse,
    Show,
    Subscribe,
    Subscribed,
    Wait,
    Write,
    Written,
)
from drivers.dialogues.self_description import SELF_DESCRIPTION
from drivers.errors import LinkReason
from drivers.readings import Measurement

NOW = datetime(2026, 7, 31, 9, 30, 0, tzinfo=timezone(timedelta(hours=2)))
LOCAL = NOW.replace(tzinfo=None)
NOW_2A08 = encode_date_time(NOW)
NOW_2A2B = encode_current_time(NOW)

Answer = Callable[[Subscribe | Read | Write], Event]


class Table:
    """A dialogue and what it has asked for. Operations are answered as told, in order, until it waits.

    ``reads``: what a characteristic answers; any other is refused. ``refuses``: which subscriptions and writes are.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        *,
        reads: dict[str, bytes] | None = None,
        refuses: dict[str, LinkReason] | None = None,
    ) -> None:
        self.dialogue = dialogue
        self.now = NOW
        self.reads = reads if reads is not None else {}
        self.refuses = refuses if refuses is not None else {}
        self.actions: list[Action] = []
        self.finished: Finish | None = None

    def start(self) -> list[Action]:
        return self._perform(self.dialogue.start(self.now))

    def packet(self, characteristic: str, data: bytes, *, after: float = 0.0) -> list[Action]:
        self.now += timedelta(seconds=after)
        return self._perform(self.dialogue.received(Received(characteristic, data), self.now))

    def silence(self, seconds: float | None = None) -> list[Action]:
        """As long as it said, or ``seconds``."""
        wait = self.wait
        self.now += timedelta(seconds=seconds if seconds is not None else wait)
        return self._perform(self.dialogue.silent(self.now))

    def close(self, reason: LinkReason | None = None) -> list[Action]:
        return self._perform(self.dialogue.received(Closed(reason), self.now))

    @property
    def over(self) -> bool:
        return self.finished is not None

    @property
    def wait(self) -> float:
        return next(action.seconds for action in reversed(self.actions) if isinstance(action, Wait))

    @property
    def operations(self) -> list[Subscribe | Read | Write]:
        """All but the questions for device information."""
        return [
            action
            for action in self.actions
            if isinstance(action, Subscribe | Read | Write) and action.characteristic not in SELF_DESCRIPTION
        ]

    @property
    def writes(self) -> list[Write]:
        return [action for action in self.actions if isinstance(action, Write)]

    @property
    def keeps(self) -> list[Keep]:
        return [action for action in self.actions if isinstance(action, Keep)]

    @property
    def kept(self) -> list[Measurement]:
        return [keep.measurement for keep in self.keeps]

    @property
    def shown(self) -> list[Measurement]:
        return [action.measurement for action in self.actions if isinstance(action, Show)]

    @property
    def clocks(self) -> list[datetime | None]:
        return [action.shown for action in self.actions if isinstance(action, NoteClock)]

    @property
    def refused(self) -> list[str]:
        return [action.why for action in self.actions if isinstance(action, Refuse)]

    def _perform(self, actions: tuple[Action, ...]) -> list[Action]:
        """Do what is asked, and what that leads to; returns all of it."""
        todo = list(actions)
        done: list[Action] = []
        while todo:
            action = todo.pop(0)
            done.append(action)
            if isinstance(action, Finish):
                assert self.finished is None
                self.finished = action
            elif isinstance(action, Subscribe | Read | Write):
                todo.extend(self.dialogue.received(self._answer(action), self.now))
        self.actions += done
        return done

    def _answer(self, action: Subscribe | Read | Write) -> Event:
        reason = self.refuses.get(action.characteristic)
        match action:
            case _ if reason is not None:
                return Failed(action, reason)
            case Subscribe(characteristic):
                return Subscribed(characteristic)
            case Write(characteristic):
                return Written(characteristic)
            case Read(characteristic) if characteristic in self.reads:
                return ReadDone(characteristic, self.reads[characteristic])
            case _:
                return Failed(action, LinkReason.PROTOCOL)
