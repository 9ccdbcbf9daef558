"""Why a device could not be read: nonsense in its bytes, or trouble with the line to it."""

from __future__ import annotations

import enum


class DecodeError(ValueError):
    """Bytes that do not follow the format. The text says what was expected and what came."""


class LinkReason(enum.Enum):
    """Trouble with the line to a device; each becomes a sentence and an action on the screen."""

    NO_ADAPTER = "no-adapter"
    POWERED_OFF = "powered-off"
    NO_BUS = "no-bus"
    NOT_FOUND = "not-found"
    REFUSED = "refused"
    STALE_BOND = "stale-bond"
    LINK_LOST = "link-lost"
    BUSY = "busy"
    PROTOCOL = "protocol"
    TIMED_OUT = "timed-out"
    PORT_MISSING = "port-missing"
    PORT_IN_USE = "port-in-use"


class LinkError(Exception):
    """The line to a device failed, for a reason out of :class:`LinkReason`."""

    def __init__(self, reason: LinkReason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
