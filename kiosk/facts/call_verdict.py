"""The verdict on the line of the call that is going on, from its statistics as they come. Pure."""

from __future__ import annotations

from kiosk.facts.call_statistics import CallStatistics, figures_between
from kiosk.facts.line_quality import LineJudge, LineVerdict


class CallVerdict:
    """One for all calls: another call begins with a good line."""

    def __init__(self) -> None:
        self._call_id: str | None = None
        self._before: CallStatistics | None = None
        self._judge = LineJudge()

    def take(self, call_id: str, statistics: CallStatistics) -> LineVerdict | None:
        """The verdict where it has changed with these; None where it stands."""
        if call_id != self._call_id:
            self._call_id, self._before, self._judge = call_id, None, LineJudge()
        before, self._before = self._before, statistics
        if before is None or statistics.timestamp <= before.timestamp:
            return None
        stood = self._judge.verdict
        verdict = self._judge.take(figures_between(before, statistics))
        return None if verdict is stood else verdict
