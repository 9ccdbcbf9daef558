"""One call, core's side: what was offered and agreed, and what the nurse asked for. No sockets and no decisions."""

from __future__ import annotations

from kiosk.call.task import Request
from kiosk.facts.call_statistics import CallStatistics
from kiosk.facts.measurement import MeasurementKind

TELL_SECONDS = 1.9
"""A nurse hears of the patient's side every other second; media counts each second, not to the millisecond."""


class CallSession:
    """``answered`` once 200 went out with ``local_sdp``; both descriptions are those of the first negotiation.

    ``takes_patient_side``: the other end said in its INVITE that it takes facts/patient_side.py's messages.
    """

    def __init__(self, call_id: str, offer: str, *, takes_patient_side: bool = False, calls: str | None = None) -> None:
        """``calls``: whom we call (``sip:user@host``), until there is an answer."""
        self.call_id = call_id
        self.offer = offer
        self.takes_patient_side = takes_patient_side
        self.calls = calls
        self._told: CallStatistics | None = None
        self.local_sdp: str | None = None
        self._open: list[Request] = []
        self._by_reading: dict[str, tuple[Request, ...]] = {}

    @property
    def answered(self) -> bool:
        """Whether the other end has our answer."""
        return self.local_sdp is not None

    def telling_due(self, statistics: CallStatistics) -> bool:
        """Whether so much time has passed since the last was told."""
        return self._told is None or not 0 <= statistics.timestamp - self._told.timestamp < TELL_SECONDS

    def telling(self, statistics: CallStatistics) -> CallStatistics | None:
        """These are being told now; what was told before, None where these cannot be compared with it."""
        before, self._told = self._told, statistics
        # A media process that was started anew counts anew.
        return None if before is None or before.timestamp >= statistics.timestamp else before

    def ask(self, request: Request) -> None:
        """A request of the nurse; asked twice while one measurement is under way, both are answered by it."""
        self._open.append(request)

    def answer_with(self, reading_id: str, kind: MeasurementKind) -> None:
        """This reading answers the open requests for its kind; others, which a device had stored, answer nothing."""
        answered = self.open_requests(kind)
        if answered:
            self._by_reading[reading_id] = answered
            self.close_requests(kind)

    def open_requests(self, kind: MeasurementKind | None) -> tuple[Request, ...]:
        """What has not had its last news; of any kind with None."""
        return tuple(one for one in self._open if kind is None or one.kind is kind)

    def close_requests(self, kind: MeasurementKind | None) -> None:
        """The open requests of that kind have got their last news."""
        self._open = [one for one in self._open if kind is not None and one.kind is not kind]

    def answered_by(self, reading_id: str) -> tuple[Request, ...]:
        """The requests that a reading answers."""
        return self._by_reading.get(reading_id, ())
