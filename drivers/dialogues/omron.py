"""Omron's cuffs and scales that follow the profiles ("BLP"): their clock is written once, at the moment they choose.

    kiosk                                device
      │  indications of 2A35 (or 2A9D) on  │
      │ ─────────────────────────────────▶ │
      │  notifications of 2A2B on          │
      │ ─────────────────────────────────▶ │
      │                   2A2B, its clock  │   the first one is the moment: written at another, the transfer is aborted
      │ ◀───────────────────────────────── │
      │  write 2A2B, once                  │
      │ ─────────────────────────────────▶ │
      │         measurements of the last user, oldest first
      │ ◀───────────────────────────────── │

Source: SpeziDevices and blessed (behaviour), Omron's advertisement and clock timing as hass-omron documents them.
"""

from __future__ import annotations

from typing import Final

from drivers.decoders.blood_pressure import decode_blood_pressure
from drivers.decoders.weight import decode_weight
from drivers.dialogues.conversation import IDLE_S, Conversation, Decode, Steps, shown_by
from drivers.dialogues.dialogue import End, NoteClock, Received, Wait
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT, CURRENT_TIME, WEIGHT_MEASUREMENT

_CURRENT_TIME_S: Final = 8.0
"""How long the device has for its first 2A2B; without one it may still give its records."""

_FIRST_S: Final = 20.0


class OmronConversation(Conversation):
    """A :class:`Conversation` over one measurement characteristic."""

    def __init__(self, measurement: str, decode: Decode) -> None:
        self._measurement = measurement
        self._decode = decode
        self._current_time: bytes | None = None
        self._heard = False
        super().__init__()

    def _converse(self) -> Steps[End]:
        if not (yield from self._subscribe(self._measurement)):
            return self._not_listened_to
        if (yield from self._subscribe(CURRENT_TIME)):
            while self._current_time is None:
                if (yield Wait(_CURRENT_TIME_S)) is None:
                    break
        if self._current_time is not None:
            yield from self._write_clock(CURRENT_TIME)
        self._clock_settled()
        while (yield Wait(IDLE_S if self._heard else _FIRST_S)) is not None:
            continue
        yield from self._ask_who_it_is()
        return self._outcome

    def _packet(self, packet: Received) -> bool:
        if packet.characteristic == CURRENT_TIME:
            if self._current_time is None:
                # What it shows before it is set is what the times of its records are worth.
                self._current_time = packet.data
                self._say(NoteClock(shown_by(CURRENT_TIME, packet.data)))
            return True
        if packet.characteristic != self._measurement:
            return False
        self._heard = True
        measurement = self._decoded(packet, self._decode)
        if measurement is not None:
            self._keep(measurement, self._now)
        return True


def omron_cuff() -> OmronConversation:
    """BP7000, EVOLV, BP5250."""
    return OmronConversation(BLOOD_PRESSURE_MEASUREMENT, decode_blood_pressure)


def omron_scale() -> OmronConversation:
    """SC-150."""
    return OmronConversation(WEIGHT_MEASUREMENT, decode_weight)
