"""Who is told what the collector hears: a protocol only."""

from __future__ import annotations

from typing import Protocol

from drivers.errors import LinkReason
from drivers.readings import Measurement, Reading
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.measurements.requests import SavedReading


class CollectorListener(Protocol):
    """Called on the event loop, not to be kept waiting."""

    def packet_received(self) -> None:
        """Bytes of a device are here; nothing has been done with them yet."""

    def to_send(self) -> None:
        """There is something new in the outbox."""

    def reading_kept(self, saved: SavedReading) -> None:
        """A reading of the patient's that was taken just now without being asked for."""

    def measurement_failed(self, kind: MeasurementKind, fault: MeasurementFault) -> None:
        """A device was used just now without being asked for, and gave nothing; or an answer could not be kept."""

    def measurement_progress(self, measurement: Measurement) -> None:
        """A provisional value, for the screen only."""

    def owner_asked(self, reading_id: str, reading: Reading) -> None:
        """A reading taken now of which only a person can say whose it is; it is kept, and not sent until then."""

    def old_readings(self, count: int) -> None:
        """Readings of earlier days have come out of a device's memory."""

    def device_trouble(self, device: str, reason: LinkReason | None) -> None:
        """The line to the device at that address fails lastingly; None: it works. REFUSED and PROTOCOL are told only of
        a wired one: the port is not ours to use."""

    def storage_trouble(self, failed: bool) -> None:
        """Nothing can be kept; False: it can again."""
