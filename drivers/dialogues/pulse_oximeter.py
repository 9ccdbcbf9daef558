"""Any oximeter of the Pulse Oximeter Profile: finished spot checks (2A5E), and a stream of values (2A5F).

    kiosk                                oximeter
      │  2A5E indications, 2A5F notifications on; read its clock
      │ ─────────────────────────────────▶ │
      │                        2A5E        │   kept: the oximeter itself says that it has finished
      │ ◀───────────────────────────────── │
      │        2A5F, 2A5F, 2A5F …          │   shown; kept once it is steady, if there is no spot check
      │ ◀───────────────────────────────── │

Source: Pulse Oximeter Profile 1.0.1.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from drivers.decoders.pulse_oximeter import decode_plx_continuous, decode_plx_spot_check
from drivers.dialogues.conversation import CLOCKS, IDLE_S, Conversation, Steps
from drivers.dialogues.dialogue import End, Received, Wait
from drivers.dialogues.oximeter_rules import Steady
from drivers.dialogues.oximeter_stream import Finger
from drivers.errors import LinkReason
from drivers.gatt import PLX_CONTINUOUS, PLX_SPOT_CHECK

_FIRST_S: Final = 20.0


class PulseOximeter(Conversation):
    """A :class:`Conversation` with a standard oximeter."""

    def __init__(self) -> None:
        self._finger = Finger(Steady())
        self._spot_at: datetime | None = None
        self._unsteady = False
        super().__init__()

    def _converse(self) -> Steps[End]:
        spot = yield from self._subscribe(PLX_SPOT_CHECK)
        continuous = yield from self._subscribe(PLX_CONTINUOUS, stream=True)
        if not (spot or continuous):
            return self._not_listened_to
        yield from self._read_clock(CLOCKS)
        self._finger.began(self._now)
        while (yield Wait(IDLE_S if self._something else _FIRST_S)) is not None:
            if self._spot_at is not None:
                over = (self._now - self._spot_at).total_seconds() >= IDLE_S
            else:
                over = self._finger.given_up(self._now)
            if over or self._finger.left(self._now):
                break
        self._all_given()
        yield from self._ask_who_it_is()
        return self._outcome

    def _packet(self, packet: Received) -> bool:
        if packet.characteristic == PLX_SPOT_CHECK:
            measurement = self._decoded(packet, decode_plx_spot_check)
            if measurement is not None:
                self._spot_at = self._now
                self._keep(measurement, self._now)
            return True
        if packet.characteristic != PLX_CONTINUOUS:
            return False
        measurement = self._decoded(packet, decode_plx_continuous)
        if measurement is not None:
            show, keep = self._finger.see(measurement, self._now)
            if keep and self._spot_at is None:
                self._keep(measurement, self._now)
            elif show:
                self._show(measurement)
        return True

    def _all_given(self) -> None:
        best = self._finger.best()
        if best is not None and self._spot_at is None and not self._unsteady:
            self._unsteady = True
            self._keep(*best)

    @property
    def _something(self) -> bool:
        return self._spot_at is not None or self._finger.kept or self._finger.best() is not None

    @property
    def _outcome(self) -> End:
        return End.INCOMPLETE if self._unsteady else super()._outcome

    def _end_of(self, reason: LinkReason | None) -> End:
        return self._outcome if self._finger.kept else super()._end_of(reason)
