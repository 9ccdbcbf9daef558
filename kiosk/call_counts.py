"""What becomes of a call's statistics in core: a line a second in the log, the last minute kept, a verdict."""

from __future__ import annotations

import logging
from collections import deque

import msgspec

from kiosk.facts.call_statistics import CallStatistics
from kiosk.facts.call_verdict import CallVerdict
from kiosk.facts.line_quality import LineVerdict

_log = logging.getLogger("kiosk.call.statistics")

KEPT = 60
"""Looks at a call: a minute of them."""


class CallCounts:
    """One for all calls. ``last_minute`` is of the call that was counted last, oldest first; it stays after its end."""

    def __init__(self) -> None:
        self.last_minute: deque[CallStatistics] = deque(maxlen=KEPT)
        self._call_id: str | None = None
        self._verdict = CallVerdict()
        self._encoder = msgspec.json.Encoder()

    def take(self, call_id: str, statistics: CallStatistics) -> LineVerdict | None:
        """The verdict on the line where it has changed with these."""
        if call_id != self._call_id:
            self._call_id = call_id
            self.last_minute.clear()
        self.last_minute.append(statistics)
        # About 1.5 KB, 2 MB for a long visit: what went wrong in a call can only be told afterwards from all of it.
        _log.info("%s", self._encoder.encode(statistics).decode())
        return self._verdict.take(call_id, statistics)
