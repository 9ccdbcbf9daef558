"""The host's own clock, for those who are given one."""

from __future__ import annotations

from datetime import datetime


class WallClock:
    """A :class:`drivers.device.Clock`: the host's time, with the offset that holds here and now."""

    def now(self) -> datetime:
        return datetime.now().astimezone()
