"""One call, core's side: what was offered and agreed, and what the nurse asked for. No sockets and no decisions."""

from __future__ import annotations

from kiosk.call.task import Request


class CallSession:
    """``answered`` once 200 went out with ``local_sdp``; both descriptions are those of the first negotiation."""

    def __init__(self, call_id: str, offer: str) -> None:
        self.call_id = call_id
        self.offer = offer
        self.local_sdp: str | None = None
        self._open: list[Request] = []
        self._by_reading: dict[str, tuple[Request, ...]] = {}

    @property
    def answered(self) -> bool:
        """Whether the other end has our answer."""
        return self.local_sdp is not None

    def ask(self, request: Request) -> None:
        """A request of the nurse; asked twice while one measurement is under way, both are answered by it."""
        self._open.append(request)

    def answer_with(self, reading_id: str) -> None:
        """This reading answers the open requests; others, which a device had stored, answer nothing."""
        if self._open:
            self._by_reading[reading_id] = tuple(self._open)
            self._open.clear()

    def close_requests(self) -> None:
        """The open requests have got their last news."""
        self._open.clear()

    def requests_for(self, reading_id: str | None) -> tuple[Request, ...]:
        """The requests that a reading answers, or without a reading the open ones."""
        return tuple(self._open) if reading_id is None else self._by_reading.get(reading_id, ())
