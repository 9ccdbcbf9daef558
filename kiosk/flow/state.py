"""Everything that the screen shows, as one value. The ui draws it; only ``flow.transitions`` makes a new one."""

from __future__ import annotations

from datetime import datetime

import msgspec

from drivers.readings import Reading
from kiosk.facts.caller import Caller
from kiosk.facts.calls import CallOutcome
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.measurement import Delivery, MeasurementFault, MeasurementKind
from kiosk.facts.visit import Visit


class Idle(msgspec.Struct, frozen=True, tag="idle"):
    """Between visits."""


class Ringing(msgspec.Struct, frozen=True, tag="ringing"):
    """A known caller waits. ``alerted`` is set when 180 was sent: screen painted and sound running."""

    call_id: str
    caller: Caller
    since: float
    painted: bool = False
    sounding: bool = False
    alerted: bool = False


class Connecting(msgspec.Struct, frozen=True, tag="connecting"):
    """Answered; no picture from the nurse yet."""

    call_id: str
    caller: Caller
    since: float


class Talking(msgspec.Struct, frozen=True, tag="talking"):
    """Picture and voice both ways.

    ``recovering_since`` is set while the line or the media process is being brought back; ``restored_at`` is when the
    last fresh peer connection was asked for (both CLOCK_MONOTONIC seconds).
    """

    call_id: str
    caller: Caller
    since: float
    recovering_since: float | None = None
    restored_at: float | None = None

    @property
    def recovering(self) -> bool:
        """Whether the screen should say that the call is being brought back."""
        return self.recovering_since is not None


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """A calm word about the call that ended; goes to Idle by itself, or at a press."""

    caller: Caller
    outcome: CallOutcome
    since: float


Phase = Idle | Ringing | Connecting | Talking | Ended


class Measuring(msgspec.Struct, frozen=True, tag="measuring"):
    """The patient has been asked; the device is waited for."""

    kind: MeasurementKind
    since: float


class Measured(msgspec.Struct, frozen=True, tag="measured"):
    """On disk, synced. ``reading_id`` is the outbox's identity of it."""

    reading_id: str
    reading: Reading
    delivery: Delivery
    since: float


class NotMeasured(msgspec.Struct, frozen=True, tag="not-measured"):
    """It gave nothing, and why."""

    kind: MeasurementKind
    fault: MeasurementFault
    since: float


Measurement = Measuring | Measured | NotMeasured


class KioskState(msgspec.Struct, frozen=True):
    """All that is on screen. ``faults`` is sorted by name so that equal states compare equal."""

    phase: Phase = Idle()
    measurement: Measurement | None = None
    faults: tuple[Fault, ...] = ()
    fakes: tuple[FakePart, ...] = ()
    next_visit: Visit | None = None
    unsent: int = 0
    started: datetime | None = None
