"""A reading that is on disk, with what was decided about it: what the collector tells of it. Values only."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from drivers.readings import Reading
from kiosk.facts.measurement import SHOWN_AS, MeasurementKind
from kiosk.measurements.capture import Captured
from kiosk.measurements.gate import Gate, Judged, is_live
from kiosk.measurements.outbox_values import Kept, State
from kiosk.measurements.requests import SavedReading


class KeptRecord(msgspec.Struct, frozen=True):
    """What was captured, and what the outbox said to it."""

    captured: Captured
    kept: Kept

    @property
    def judged(self) -> Judged:
        return self.captured.judged

    @property
    def reading(self) -> Reading:
        return self.captured.reading

    @property
    def kind(self) -> MeasurementKind | None:
        """What it is shown as; None: nothing by itself."""
        return SHOWN_AS.get(self.reading.value.kind)

    @property
    def live(self) -> bool:
        """Taken just now."""
        return is_live(self.judged, self.reading.received)

    @property
    def taken(self) -> datetime:
        """For comparing: when it was measured; long ago when nobody knows."""
        effective = self.judged.effective
        return effective if effective is not None else datetime.min.replace(tzinfo=UTC)

    @property
    def saved(self) -> SavedReading:
        """As it is told."""
        held = self.kept.state is State.HELD
        return SavedReading(self.kept.reading_id, self.reading, self.judged.doubt, self.kept.server_id, held)

    def is_of(self, patient: str) -> bool:
        """Whether it is that patient's as far as one knows; a device may be another patient's as well."""
        return self.judged.gate is not Gate.NOT_OURS and self.judged.patient == patient
