"""A clock that stands still until the test moves it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

OSLO_SUMMER = timezone(timedelta(hours=2))


class HandClock:
    """A :class:`drivers.device.Clock`; ``at`` has an offset."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at if at is not None else datetime(2026, 7, 31, 9, 30, 0, tzinfo=OSLO_SUMMER)

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        """Move by a timedelta's words."""
        self.at += timedelta(**by)
