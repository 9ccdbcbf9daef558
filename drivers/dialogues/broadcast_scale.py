"""Xiaomi's scales: nobody connects, the weight stands in the advertisements, the same one for many seconds.

    scale    unstable  unstable  stable  stable  stable … removed  removed …  (silence)
    kiosk    shown               kept                                          the end

Its clock cannot be read; but an unstable weight is of this moment, so the time beside it is what the clock shows now.
Source: captured advertisements as collected by openScale's wiki (behaviour only).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from drivers.decoders.mi_scale import decode_mi_scale_1, decode_mi_scale_2
from drivers.dialogues.conversation import Conversation, Decode, Steps
from drivers.dialogues.dialogue import End, NoteClock, Received, Wait
from drivers.gatt import BODY_COMPOSITION_SERVICE, WEIGHT_SCALE_SERVICE, service_data
from drivers.readings import Measurement, QuantityName, Status

_QUIET_S: Final = 8.0
"""Advertisements get lost; so long without any, and the scale has gone to sleep."""

_SHOW_EVERY: Final = timedelta(seconds=0.5)


class BroadcastScale(Conversation):
    """A :class:`Conversation` that only listens. ``service``: whose service data holds the weight."""

    def __init__(self, service: str, decode: Decode) -> None:
        self._source = service_data(service)
        self._decode = decode
        self._kept: set[tuple[bytes, Decimal]] = set()
        self._shown: datetime | None = None
        self._clock_noted = False
        super().__init__()
        self._clock_open = False

    def _converse(self) -> Steps[End]:
        if not (yield from self._subscribe(self._source, stream=True)):
            return self._not_listened_to
        while (yield Wait(_QUIET_S)) is not None:
            continue
        return self._outcome

    def _packet(self, packet: Received) -> bool:
        if packet.characteristic != self._source:
            return False
        measurement = self._decoded(packet, self._decode)
        if measurement is not None:
            self._take(measurement)
        return True

    def _take(self, measurement: Measurement) -> None:
        weight = measurement.value(QuantityName.WEIGHT)
        if not weight or Status.REMOVED in measurement.status:
            return
        if measurement.final:
            same = measurement.raw_time, weight
            if same not in self._kept:
                self._kept.add(same)
                self._keep(measurement, self._now)
            return
        if not self._clock_noted:
            self._clock_noted = True
            self._say(NoteClock(measurement.device_time))
        if self._shown is None or self._now - self._shown >= _SHOW_EVERY:
            self._shown = self._now
            self._show(measurement)


def mi_scale_1() -> BroadcastScale:
    """Mi Smart Scale: service data of 181D."""
    return BroadcastScale(WEIGHT_SCALE_SERVICE, decode_mi_scale_1)


def mi_scale_2() -> BroadcastScale:
    """Mi Body Composition Scale: service data of 181B."""
    return BroadcastScale(BODY_COMPOSITION_SERVICE, decode_mi_scale_2)
