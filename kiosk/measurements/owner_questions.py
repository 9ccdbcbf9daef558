"""Readings taken now of which only a person can say whose they are: asked, asked again after a restart, answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from drivers.readings import DeviceInformation, Reading
from kiosk.measurements.capture import Captured, Sender, recaptured, released
from kiosk.measurements.gate import Ownership, is_live
from kiosk.measurements.outbox import Outbox, OutboxError
from kiosk.measurements.outbox_values import HeldReading

ASK_AGAIN = timedelta(hours=24)
"""For this long is a person asked again whose a reading is; after that it is the desk's to find out."""


def reading_of(held: HeldReading) -> Reading | None:
    """What was kept; None: written by an older Svar in a way that is not known any more."""
    try:
        return msgspec.json.decode(held.reading, type=Reading)
    except msgspec.DecodeError:
        return None


class OwnerQuestions:
    """The open ones. ``ask(reading_id, reading)`` puts one to the person."""

    def __init__(self, outbox: Outbox, sender: Sender, ask: Callable[[str, Reading], None]) -> None:
        self._outbox = outbox
        self._sender = sender
        self._ask = ask
        self._open: dict[str, Captured] = {}
        self._unheard: list[str] = []

    def ask(self, captured: Captured) -> None:
        """A held reading of somebody; and, since somebody is there, what nobody has answered before."""
        reading_id = captured.capture.reading_id
        if reading_id in self._open:
            return
        unanswered = [
            one for one in self._open.values() if captured.reading.received - one.reading.received <= ASK_AGAIN
        ]
        self._open[reading_id] = captured
        for one in (captured, *unanswered):
            self._ask(one.capture.reading_id, one.reading)

    def ask_again(
        self,
        held: HeldReading,
        reading: Reading,
        ownership: Ownership,
        information: DeviceInformation | None,
        now: datetime,
    ) -> None:
        """One that nobody answered before the kiosk was stopped, if it was asked at all and is not too old."""
        if now - held.captured_at > ASK_AGAIN:
            return
        captured = recaptured(reading, held.reading_id, held.patient, ownership, self._sender, information)
        if is_live(captured.judged, reading.received):
            self.ask(captured)

    async def answer(self, reading_id: str, mine: bool) -> Captured | None:
        """A person has said it; durable when it returns. What waits to be sent now, None when nothing does.

        Raises OutboxError: then the question stays open, and ``repeat`` asks it again.
        """
        captured = self._open.pop(reading_id, None)
        if captured is None:
            return None  # answered already
        try:
            if not mine:
                await asyncio.to_thread(self._outbox.deny, reading_id)
                return None
            time = captured.capture.same_time
            others = () if time is None else await asyncio.to_thread(self._outbox.at_same_time, time, reading_id)
            ready = released(captured, self._sender, conflict=bool(others))
            resources, traced = ready.capture.resources, ready.capture.traced
            changed = await asyncio.to_thread(self._outbox.release, reading_id, resources, traced)
        except OutboxError:
            self._open[reading_id] = captured
            self._unheard.append(reading_id)
            raise
        return ready if changed else None

    def asked(self, reading_id: str) -> Reading | None:
        """The reading that is in question."""
        captured = self._open.get(reading_id)
        return None if captured is None else captured.reading

    def repeat(self) -> None:
        """The disk works again: what could not be kept of the answers is asked once more."""
        unheard, self._unheard = self._unheard, []
        for reading_id in unheard:
            captured = self._open.get(reading_id)
            if captured is not None:
                self._ask(reading_id, captured.reading)
