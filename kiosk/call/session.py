"""One call, core's side: what was offered and agreed, and what the nurse asked for. No sockets and no decisions."""

from __future__ import annotations

from kiosk.call.task import Request


class CallSession:
    """``answered`` once 200 went out with ``local_sdp``; both descriptions are those of the first negotiation."""

    def __init__(self, call_id: str, offer: str) -> None:
        self.call_id = call_id
        self.offer = offer
        self.local_sdp: str | None = None
        self._request: Request | None = None
        self._requests_by_reading: dict[str, Request] = {}

    @property
    def answered(self) -> bool:
        """Whether the other end has our answer."""
        return self.local_sdp is not None

    def ask(self, request: Request) -> None:
        """The nurse's request that is being worked on from now on; a newer one replaces it."""
        self._request = request

    def answer_with(self, reading_id: str) -> None:
        """This reading answers the open request; others, which a device had stored, answer nothing."""
        if self._request is not None:
            self._requests_by_reading[reading_id] = self._request
            self._request = None

    def request_for(self, reading_id: str | None) -> Request | None:
        """The request that a reading answers, or without a reading the open one."""
        return self._request if reading_id is None else self._requests_by_reading.get(reading_id)
