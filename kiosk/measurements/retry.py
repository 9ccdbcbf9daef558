"""When to try again, and what a server's answer means for one resource. Pure: chance and time are arguments."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 900.0
SHORTEST_DELAY_S = 0.5
LONGEST_RETRY_AFTER_S = 3600.0
"""A server may ask for more patience than this; it does not get it, for a slip there must not silence a home."""

OVERTAKEN_AFTER = 3
"""Failures of one resource (HTTP 500) during which the later ones of the same patient wait for it, to keep their order;
after that they go past, so that one at which the server always falls does not silence a home."""


class Answer(enum.Enum):
    """What to do with the resource that was sent.

    DELIVERED: the server has it. HOLD: it will never take this one; keep it visible and go on with the next.
    RETRY_ITEM: try this one later, others may go. RETRY_ALL: nothing will pass now; pause the queue.
    REFUSED: the server refuses us, not the resource; pause the queue and raise an alarm.
    """

    DELIVERED = "delivered"
    HOLD = "hold"
    RETRY_ITEM = "retry-item"
    RETRY_ALL = "retry-all"
    REFUSED = "refused"


_HOLD = frozenset({400, 409, 412, 413, 415, 422})
_PAUSE = frozenset({408, 425, 429, 502, 503, 504})


def answer(status: int) -> Answer:
    """The meaning of an HTTP status for a create with ``If-None-Exist``.

    201: created; 200: was there already; 412: several are there, which is a fault to be looked at. Redirections, 401,
    403, 404 and all that a FHIR server would not say here are about our access or address, so nothing is given up.
    """
    if status in (200, 201):
        return Answer.DELIVERED
    if status in _HOLD:
        return Answer.HOLD
    if status in _PAUSE:
        return Answer.RETRY_ALL
    if 500 <= status <= 599:
        return Answer.RETRY_ITEM
    return Answer.REFUSED


def delay(attempt: int, chance: float, retry_after_s: float | None = None) -> float:
    """Seconds to wait after failure number ``attempt`` (1, 2, ...): doubling, capped, with full jitter.

    ``chance`` is uniform in [0, 1). ``retry_after_s`` is a floor that the server asked for.
    """
    ceiling = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(max(attempt, 1) - 1, 32))
    wait = max(SHORTEST_DELAY_S, ceiling * chance)
    return wait if retry_after_s is None else max(wait, min(retry_after_s, LONGEST_RETRY_AFTER_S))


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds out of a Retry-After header (RFC 9110, 10.2.3: seconds or a date); None when absent or nonsense."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())
