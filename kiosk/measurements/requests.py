"""Who waits for the next reading of a kind, and what they are told. Knows no device and no disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

import msgspec

from drivers.readings import Reading
from kiosk.facts.measurement import MeasurementFault, MeasurementKind


class SavedReading(msgspec.Struct, frozen=True):
    """On disk, synced, and on its way. ``reading_id`` is the identity that the uploader reports too.

    ``doubt``: the device says something against it, so that the patient is asked to measure again.
    ``server_id`` and ``held``: a device that replays its memory gave what had been delivered, or refused, before.
    """

    reading_id: str
    reading: Reading
    doubt: MeasurementFault | None = None
    server_id: str | None = None
    held: bool = False


MeasurementResult = SavedReading | MeasurementFault


class _Request:
    """Somebody waits for the next reading of a kind."""

    def __init__(self, kind: MeasurementKind, deadline: asyncio.Timeout) -> None:
        self.kind = kind
        self.deadline = deadline
        self.fault = MeasurementFault.DEVICE_NOT_FOUND
        self.result: asyncio.Future[MeasurementResult] = asyncio.get_running_loop().create_future()

    def answer(self, result: MeasurementResult) -> bool:
        """Give the answer; False when it has been given."""
        if self.result.done():
            return False
        self.result.set_result(result)
        return True


class Requests:
    """All who wait. A reading answers the one who has waited longest; a fault answers everybody whom it concerns."""

    def __init__(self) -> None:
        self._waiting: list[_Request] = []

    async def wait(self, kind: MeasurementKind, seconds: float, begin: Callable[[], None]) -> MeasurementResult:
        """The answer, or the fault of having waited in vain. ``begin`` is called when an answer would be heard."""
        request: _Request | None = None
        try:
            async with asyncio.timeout(seconds) as deadline:
                request = _Request(kind, deadline)
                self._waiting.append(request)
                begin()
                return await request.result
        except TimeoutError:
            if request is None:
                return MeasurementFault.DEVICE_NOT_FOUND
            if request.result.done() and not request.result.cancelled():
                return request.result.result()  # both in the same moment: nobody else was told of it
            return request.fault
        finally:
            if request is not None:
                self._waiting.remove(request)

    def saved(self, kind: MeasurementKind, saved: SavedReading) -> bool:
        """A reading of that kind was taken; False when nobody waits for it."""
        return any(request.kind is kind and request.answer(saved) for request in self._waiting)

    def failed(self, kinds: Collection[MeasurementKind], fault: MeasurementFault) -> bool:
        """It gives nothing; False when nobody waits for any of them."""
        return any([request.answer(fault) for request in self._waiting if request.kind in kinds])

    def lost(self, kinds: Collection[MeasurementKind], seconds: float) -> None:
        """The device was there and is gone: whoever waits for it waits at most so much longer for it to come back."""
        until = asyncio.get_running_loop().time() + seconds
        for request in self._waiting:
            if request.kind in kinds and not request.result.done():
                request.fault = MeasurementFault.LINK_LOST
                when = request.deadline.when()
                if when is None or when > until:
                    request.deadline.reschedule(until)

    def stop(self) -> None:
        """Nobody waits any more."""
        self.failed(tuple(MeasurementKind), MeasurementFault.DEVICE_NOT_FOUND)
