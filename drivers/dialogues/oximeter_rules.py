"""When a value in an oximeter's stream is the patient's, and no longer the device's first guess. Pure; no bytes here.

SmartPoint   the device says so itself (Nonin): the first value that it has passed
Confirmed    the same where bytes can be lost on the way (Nonin's cable): two such values in a row that agree
Steady       it does not: the saturation has stayed within ±1 % for 8 s, without a gap
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

from drivers.readings import Measurement, QuantityName

STEADY: Final = timedelta(seconds=8)
GAP: Final = timedelta(seconds=2)
"""A stream that stops for longer, or has no value for longer, has lost the finger."""

_SPREAD: Final = Decimal(2)  # within ±1 of their middle
_STEP: Final = Decimal(1)  # from one second to the next


class Rule(Protocol):
    """Looks at every measurement of a stream."""

    def passes(self, measurement: Measurement, now: datetime) -> bool:
        """Whether this one may be kept."""
        ...


class SmartPoint:
    """What the device's own algorithm has passed is passed."""

    def passes(self, measurement: Measurement, now: datetime) -> bool:
        return measurement.final


class Confirmed:
    """What the device's own algorithm has passed twice in a row with the same saturation, give or take 1 %.

    Where bytes are lost across the border of two frames of data format 8, the rest may pass for one: of 72 beats and
    97 %, ``80 48 61 20 80 48 61 20`` becomes ``80 48 48 61``, which says 72 % with SmartPoint. The bits that the format
    leaves open have to be alike in both frames; they need not be zero, for some models use them.
    """

    def __init__(self) -> None:
        self._last: tuple[Decimal, int, datetime] | None = None

    def passes(self, measurement: Measurement, now: datetime) -> bool:
        spo2 = measurement.value(QuantityName.SPO2)
        if not measurement.final or spo2 is None:
            self._last = None
            return False
        last, self._last = self._last, (spo2, measurement.unknown_bits, now)
        if last is None or now - last[2] > GAP:
            return False
        return abs(spo2 - last[0]) <= _STEP and measurement.unknown_bits == last[1]


class Steady:
    """The last of the values that have been steady for long enough."""

    def __init__(self) -> None:
        # Each level of saturation since when it has stood so; only as far back as all of them lie close together.
        self._levels: deque[tuple[Decimal, datetime]] = deque()
        self._last = datetime.min  # noqa: DTZ901  only compared once there is a level

    def passes(self, measurement: Measurement, now: datetime) -> bool:
        spo2 = measurement.value(QuantityName.SPO2)
        if not measurement.final or spo2 is None or measurement.value(QuantityName.PULSE_RATE) is None:
            self._levels.clear()
            return False
        if self._levels and now - self._last > GAP:
            self._levels.clear()
        self._last = now
        if not self._levels or self._levels[-1][0] != spo2:
            self._levels.append((spo2, now))
        while max(level for level, _ in self._levels) - min(level for level, _ in self._levels) > _SPREAD:
            self._levels.popleft()
        return now - self._levels[0][1] >= STEADY
