"""A plain button on the handshake wires of any serial adapter: no bytes at all, only a level. Pure.

    adapter                     9 pins   25 pins        open    ____            ________
    RTS  ready to send  ────┐      7        4                       |‾|_|‾‾‾‾‾‾|
                          button                       closed         bounce
    CTS  clear to send  ────┘      8        5                  press ┘          └ open again

The kiosk holds RTS (and DTR) up; the button joins it with CTS (or DSR, RI, CD). The pins are those of EIA/TIA-574 (9)
and EIA-232 (25). Contacts bounce for some 6 ms; 30 ms are waited for (accessibility.md 2.3).
"""

from __future__ import annotations

from typing import Final

SETTLE_S: Final = 0.03
"""Open for less than this, it has bounced."""

STUCK_S: Final = 10.0
"""Nobody presses for so long: something lies on it, or the wires touch. It counts as one press all the same."""


class Contact:
    """``now`` is monotonic seconds. Begins as if it had been open for long: one that is closed at the start was not
    pressed now, and counts from its next closing."""

    def __init__(self, closed: bool, now: float) -> None:
        self._closed = closed
        self._since = now
        self._opened = now if closed else now - SETTLE_S

    def take(self, closed: bool, now: float) -> bool:
        """The level now, as often as it is looked at; True when the button has just been pressed."""
        if closed == self._closed:
            return False
        self._closed = closed
        self._since = now
        if not closed:
            self._opened = now
            return False
        return now - self._opened >= SETTLE_S

    def stuck(self, now: float) -> bool:
        """Whether it has been closed for longer than anybody presses."""
        return self._closed and now - self._since >= STUCK_S
