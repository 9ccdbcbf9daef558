"""How a call ended, as the kiosk sees it."""

from __future__ import annotations

import enum


class CallOutcome(enum.Enum):
    """Why the call screen went away; the screen afterwards says it calmly."""

    HUNG_UP_HERE = "hung-up-here"
    HUNG_UP_THERE = "hung-up-there"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    RANG_OUT = "rang-out"
    ANSWERED_ELSEWHERE = "answered-elsewhere"
    CONNECTION_LOST = "connection-lost"
    FAILED = "failed"
    NOT_REACHED = "not-reached"  # we called
