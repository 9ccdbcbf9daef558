"""A planned visit, as the home screen shows it."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Visit(msgspec.Struct, frozen=True):
    """``start`` carries an offset."""

    start: datetime
    name: str
    role: str
