"""Oximeters that send what they see as long as a finger is in: Nonin, Berry, Contec, Jumper, wired or by Bluetooth.

    kiosk                                oximeter
      │  notifications on; opening         │   Nonin: data format 8; Contec: start, and a keep-alive every 4 s
      │ ─────────────────────────────────▶ │
      │        no finger, searching, values … shown as provisional
      │ ◀───────────────────────────────── │
      │        a value that passes the rule: kept, once for each finger
      │ ◀───────────────────────────────── │
      │                    the finger leaves, or the line falls silent: the end

Until a value passes: after 45 s without any it is given up, after 55 s in all the last one is kept as not final.
Source: OpenTele's rule for Nonin; the makers' protocols (drivers.decoders).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from drivers.dialogues.conversation import Conversation, Decode, Steps
from drivers.dialogues.dialogue import End, Received, Wait
from drivers.dialogues.oximeter_rules import GAP, Rule
from drivers.errors import LinkReason
from drivers.readings import Measurement, QuantityName

_SHOW_EVERY: Final = timedelta(seconds=0.5)
_NO_VALUE: Final = timedelta(seconds=45)
_NO_FINAL_VALUE: Final = timedelta(seconds=55)
_QUIET_S: Final = 5.0


class Frames(Protocol):
    """Finds frames in a stream (drivers.decoders)."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The frames that are complete with this chunk."""
        ...


class Stream(msgspec.Struct, frozen=True):
    """How an oximeter streams. ``frames`` None: each notification is one packet. ``opening`` and ``keep_alive`` are
    written to ``send``. ``once``: one value is all there is to have; otherwise it is listened to until the finger
    leaves, for a wired device is there for ever and would give the same finger again."""

    receive: str
    decode: Decode
    rule: Callable[[], Rule]
    frames: Callable[[], Frames] | None = None
    send: str = ""
    opening: bytes = b""
    keep_alive: bytes = b""
    keep_alive_s: float = 4.0
    once: bool = False


class Finger:
    """What has been seen since somebody put a finger in; says what to show, to keep, and when to give up."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._since: datetime | None = None
        self._first_value: datetime | None = None
        self._last_value: datetime | None = None
        self._last: Measurement | None = None
        self._shown: datetime | None = None
        self.kept = False

    def began(self, now: datetime) -> None:
        """The attempt begins."""
        self._since = now

    def see(self, measurement: Measurement, now: datetime) -> tuple[bool, bool]:
        """Whether to show it, and whether to keep it."""
        passes = self._rule.passes(measurement, now)
        if measurement.value(QuantityName.SPO2) and measurement.value(QuantityName.PULSE_RATE):
            self._first_value = self._first_value or now
            self._last_value = now
            self._last = measurement
        keep = passes and not self.kept
        self.kept = self.kept or keep
        show = not self.kept and (self._shown is None or now - self._shown >= _SHOW_EVERY)
        if show:
            self._shown = now
        return show, keep

    def left(self, now: datetime) -> bool:
        """Whether the finger that gave the kept value is out again."""
        return self.kept and self._last_value is not None and now - self._last_value > GAP

    def given_up(self, now: datetime) -> bool:
        """Whether this leads to nothing."""
        if self.kept or self._since is None:
            return False
        return now - self._since >= (_NO_VALUE if self._first_value is None else _NO_FINAL_VALUE)

    def best(self) -> tuple[Measurement, datetime] | None:
        """The last value, as not final, when none has passed."""
        if self.kept or self._last is None or self._last_value is None:
            return None
        return msgspec.structs.replace(self._last, final=False), self._last_value


class OximeterStream(Conversation):
    """A :class:`Conversation` over one stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._frames = stream.frames() if stream.frames is not None else None
        self._finger = Finger(stream.rule())
        self._over = False
        super().__init__()
        self._clock_open = False  # it has none

    def _converse(self) -> Steps[End]:
        if not (yield from self._subscribe(self._stream.receive, stream=True)):
            return self._not_listened_to
        self._finger.began(self._now)
        if self._stream.opening:
            yield from self._write(self._stream.send, self._stream.opening)
        written = self._now
        while not self._over:
            keep_alive_s = self._stream.keep_alive_s
            event = yield Wait(min(_QUIET_S, keep_alive_s) if self._stream.keep_alive else _QUIET_S)
            if event is None and self._finger.kept:
                break
            if self._stream.keep_alive and (self._now - written).total_seconds() >= keep_alive_s:
                yield from self._write(self._stream.send, self._stream.keep_alive)
                written = self._now
            self._over = self._over or self._finger.given_up(self._now) or self._finger.left(self._now)
        return End.TIMED_OUT if self._nothing_seen else self._outcome

    def _packet(self, packet: Received) -> bool:
        if packet.characteristic != self._stream.receive:
            return False
        frames = [packet.data] if self._frames is None else self._frames.feed(packet.data)
        for frame in frames:
            measurement = self._decoded(msgspec.structs.replace(packet, data=frame), self._stream.decode)
            if measurement is not None:
                self._see(measurement)
        return True

    def _see(self, measurement: Measurement) -> None:
        show, keep = self._finger.see(measurement, self._now)
        if keep:
            self._keep(measurement, self._now)
            self._over = self._over or self._stream.once
        elif show:
            self._show(measurement)

    def _all_given(self) -> None:
        best = self._finger.best()
        if best is not None:
            self._keep(*best)

    @property
    def _nothing_seen(self) -> bool:
        return not self._finger.kept and self._finger.best() is None

    @property
    def _outcome(self) -> End:
        """A value that did not pass is something that it owes us; what it sent besides is noise."""
        return End.COMPLETE if self._finger.best() is None else End.INCOMPLETE

    def _end_of(self, reason: LinkReason | None) -> End:
        return End.COMPLETE if self._finger.kept else super()._end_of(reason)
