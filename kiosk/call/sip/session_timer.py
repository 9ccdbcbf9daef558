"""Session timers (RFC 4028) from the callee's side: what was agreed, and when to refresh or to give up. Pure."""

from __future__ import annotations

import msgspec

from kiosk.call.sip.grammar import parameters, split_outside_quotes
from kiosk.call.sip.messages import Header, Message

MINIMUM_INTERVAL = 90
_MAXIMUM_INTERVAL = 86_400


class IntervalTooSmall(ValueError):
    """The answer is 422 with our Min-SE."""


class SessionTimer(msgspec.Struct, frozen=True):
    """``interval`` in seconds; ``we_refresh``: we send the refreshes, else we wait for theirs."""

    interval: int
    we_refresh: bool
    peer_supports: bool

    def headers(self) -> list[Header]:
        """For the 2xx that agrees to it."""
        refresher = "uas" if self.we_refresh else "uac"
        made = [("Session-Expires", f"{self.interval};refresher={refresher}")]
        if not self.we_refresh:
            made.append(("Require", "timer"))
        return made

    def deadline(self, now: float) -> float:
        """When to refresh (half of the interval), or when to give up on theirs (RFC 4028 10)."""
        if self.we_refresh:
            return now + self.interval / 2
        return now + self.interval - min(32, self.interval / 3)


def agree(request: Message) -> SessionTimer | None:
    """The timer that an INVITE or UPDATE asks for; None when it asks for none or is unreadable.

    Raises IntervalTooSmall.
    """
    value = request.get("Session-Expires")
    if value is None:
        return None
    number, *rest = split_outside_quotes(value, ";")
    try:
        refresher = parameters(rest).get("refresher")
    except ValueError:
        return None
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    supports = "timer" in [one.lower() for one in request.every("Supported")]
    if int(number) < MINIMUM_INTERVAL:
        if supports:
            raise IntervalTooSmall
        return None
    we_refresh = not supports or (refresher or "uac").lower() == "uas"
    return SessionTimer(min(int(number), _MAXIMUM_INTERVAL), we_refresh, supports)
