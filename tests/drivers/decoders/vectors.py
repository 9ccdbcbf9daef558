"""The table of captured and published packets (vectors.json), and what every format is tried with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VECTORS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
VALID = [vector for vector in VECTORS if "expect" in vector]
REFUSED = [vector for vector in VECTORS if "error" in vector]


def packet_of(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["hex"])


def vector(name: str) -> bytes:
    """The bytes of one vector by its id."""
    return next(packet_of(one) for one in VECTORS if one["id"] == name)
