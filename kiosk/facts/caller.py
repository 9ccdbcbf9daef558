"""Who calls: the kiosk's own words about a SIP identity, never the words that the caller sends."""

from __future__ import annotations

import enum

import msgspec


class CallerClass(enum.Enum):
    """What a caller may do (product.md C3). Unknown callers are refused and never become a Caller."""

    CARE = "care"
    RELATIVE = "relative"


class Caller(msgspec.Struct, frozen=True):
    """One entry of the contact list. ``uri`` is the asserted SIP identity, ``picture`` a file."""

    uri: str
    name: str
    role: str
    caller_class: CallerClass
    picture: str | None = None
