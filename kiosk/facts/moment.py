"""One instant as both clocks saw it: the wall clock for people, the monotonic clock for durations."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Moment(msgspec.Struct, frozen=True):
    """``wall`` carries an offset; ``monotonic`` is CLOCK_MONOTONIC in seconds, one for all processes."""

    wall: datetime
    monotonic: float
