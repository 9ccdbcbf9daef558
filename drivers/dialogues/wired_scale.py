"""Scales at the end of a cable that say a weight when it is stable: Rice Lake and Health o meter.

    scale    (nothing for hours)   a reading       (silence)
    kiosk                          kept            the end

Nothing is ever written to them: what they understand besides is asking for stored readings of others, and deleting.
A scale set to print without being asked repeats the same line: it is one weigh-in as long as it goes on.
Source: manuals as in drivers.decoders.rice_lake and health_o_meter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from drivers.decoders.health_o_meter import HealthOMeterFrames, decode_health_o_meter
from drivers.decoders.rice_lake import RiceLakeFrames, decode_rice_lake
from drivers.dialogues.conversation import Conversation, Decode, Steps
from drivers.dialogues.dialogue import End, Received, Wait
from drivers.dialogues.oximeter_stream import Frames
from drivers.gatt import SERIAL_RECEIVE

_FIRST_S: Final = 60.0
_QUIET_S: Final = 5.0


class WiredScale(Conversation):
    """A :class:`Conversation` that only listens."""

    def __init__(self, frames: Callable[[], Frames], decode: Decode) -> None:
        self._frames = frames()
        self._decode = decode
        self._last = b""
        self._heard = False
        super().__init__()
        self._clock_open = False

    def _converse(self) -> Steps[End]:
        if not (yield from self._subscribe(SERIAL_RECEIVE, stream=True)):
            return self._not_listened_to
        while (yield Wait(_QUIET_S if self._heard else _FIRST_S)) is not None:
            continue
        return self._outcome

    def _packet(self, packet: Received) -> bool:
        if packet.characteristic != SERIAL_RECEIVE:
            return False
        for frame in self._frames.feed(packet.data):
            self._heard = True
            if frame == self._last:
                continue
            self._last = frame
            measurement = self._decoded(msgspec.structs.replace(packet, data=frame), self._decode)
            if measurement is not None:
                self._keep(measurement, self._now)
        return True


def rice_lake() -> WiredScale:
    """Rice Lake 140, 150, 350."""
    return WiredScale(RiceLakeFrames, decode_rice_lake)


def health_o_meter() -> WiredScale:
    """Health o meter ProPlus and relatives."""
    return WiredScale(HealthOMeterFrames, decode_health_o_meter)
