"""What happened when, for the bench and the scripted visit: one JSON object a line, nobody's names or values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TextIO


class Timeline:
    """Appends to ``path``; does nothing when there is none. ``at`` is CLOCK_MONOTONIC in seconds."""

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = path.open("a", encoding="utf-8", buffering=1) if path else None

    def note(self, at: float, event: str, **details: str | int | float | list[float] | None) -> None:
        """Write one line."""
        if self._file is not None:
            self._file.write(json.dumps({"at": at, "event": event, **details}) + "\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
