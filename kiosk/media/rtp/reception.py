"""What has been received of one stream, counted for receiver reports (RFC 3550 sections 6.4, A.1, A.3 and A.8)."""

from __future__ import annotations

from kiosk.media.rtp.rtcp import ReportBlock, SenderReport, middle


class Reception:
    """Numbers are unwrapped, timestamps in ``clock_rate``; time is CLOCK_MONOTONIC seconds."""

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self._clock_rate = clock_rate
        self._first: int | None = None
        self._highest = 0
        self.packets = 0
        self.bytes = 0
        self._expected_before = 0
        self._packets_before = 0
        self._transit: float | None = None
        self._jitter = 0.0
        self._report: SenderReport | None = None
        self._report_at = 0.0

    @property
    def lost(self) -> int:
        """Packets that were expected and have not come; below zero when some came twice."""
        return 0 if self._first is None else self._highest - self._first + 1 - self.packets

    @property
    def jitter_s(self) -> float:
        """Mean deviation of the packets' spacing, seconds."""
        return self._jitter / self._clock_rate

    def received(self, number: int, timestamp: int, size: int, now: float) -> None:
        """A packet as it came, not one that was sent again."""
        if self._first is None:
            self._first = self._highest = number
        self._highest = max(self._highest, number)
        self.packets += 1
        self.bytes += size
        transit = now * self._clock_rate - timestamp
        if self._transit is not None:
            self._jitter += (abs(transit - self._transit) - self._jitter) / 16
        self._transit = transit

    def sender_reported(self, report: SenderReport, now: float) -> None:
        """The other end's clock at the time of sending."""
        self._report, self._report_at = report, now

    def block(self, now: float) -> ReportBlock | None:
        """For the next report; begins a new interval. None before the first packet."""
        if self._first is None:
            return None
        expected = self._highest - self._first + 1
        fresh = expected - self._expected_before
        lost = fresh - (self.packets - self._packets_before)
        self._expected_before, self._packets_before = expected, self.packets
        return ReportBlock(
            ssrc=self.ssrc,
            lost_share=max(0.0, lost / fresh) if fresh > 0 else 0.0,
            lost=self.lost,
            highest=self._highest & 0xFFFFFFFF,
            jitter=int(self._jitter),
            last_report=middle(self._report.ntp) if self._report else 0,
            delay=now - self._report_at if self._report else 0.0,
        )
