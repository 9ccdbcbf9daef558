"""The points of the patient's own curves, sealed; they stay when the readings themselves are deleted.

Which of them are drawn is decided in curves.py.
"""

from __future__ import annotations

import logging
from datetime import datetime

from kiosk.facts.history import Point
from kiosk.facts.measurement import MeasurementKind
from kiosk.measurements.sealed_rows import month, open_point
from kiosk.measurements.sealing import BrokenSealError
from kiosk.measurements.storage import Database

_log = logging.getLogger(__name__)


def history(database: Database, patient: str, kind: MeasurementKind, since: datetime | None) -> tuple[Point, ...]:
    """The points of one patient and kind, oldest first; ``since`` (with an offset) leaves out what is older.

    A row that cannot be opened is left out: one damaged point must not cost the patient the curve. Raises OutboxError.
    """
    rows = database.read(
        "SELECT reading, sealed FROM history WHERE patient = ? AND kind = ? AND month >= ?",
        (patient, kind.value, 0 if since is None else month(since)),
    )
    points: list[Point] = []
    broken = 0
    for reading, sealed in rows:
        try:
            point = open_point(database.key, sealed, reading, patient)
        except BrokenSealError:
            broken += 1
            continue
        if since is None or point.at >= since:
            points.append(point)
    if broken:
        _log.error("%d points of a curve cannot be opened", broken)
    points.sort(key=lambda point: point.at)
    return tuple(points)
