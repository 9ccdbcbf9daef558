"""Finds the codec libraries that PyAV's wheel brings, else the system's; knows nothing of what is in them."""

from __future__ import annotations

import ctypes
import ctypes.util
import enum
import importlib.util
from pathlib import Path
from typing import TypeVar

_Library = TypeVar("_Library", bound=ctypes.CDLL)


class LibraryTrouble(enum.Enum):
    """Why a codec library cannot be used."""

    MISSING = "missing"
    UNKNOWN_VERSION = "unknown-version"


class LibraryTroubleError(Exception):
    """A codec library is missing, or of a version whose structures nobody has checked."""

    def __init__(self, trouble: LibraryTrouble, sentence: str) -> None:
        super().__init__(sentence)
        self.trouble = trouble


def bundled_folder() -> Path | None:
    """Where the installed ``av`` keeps the libraries of its wheel; None for a PyAV that was built on the machine."""
    found = importlib.util.find_spec("av")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent.parent / "av.libs"
    return folder if folder.is_dir() else None


def candidates(name: str, folder: Path | None) -> list[str]:
    """What may be handed to the loader for the library ``name`` ("opus", "vpx"), best first."""
    places: list[str] = []
    if folder is not None:
        places += sorted(str(path) for path in folder.glob(f"lib{name}-*.so*"))
    system = ctypes.util.find_library(name)
    if system is not None:
        places.append(system)
    return places


def load(name: str, kind: type[_Library], folder: Path | None) -> _Library:
    """The library ``name`` from ``folder`` (see ``bundled_folder``), else the system's.

    ``kind`` is ``ctypes.CDLL`` (calls let other Python threads run) or ``ctypes.PyDLL`` (they do not). Raises
    LibraryTroubleError.
    """
    refused: list[str] = []
    for place in candidates(name, folder):
        try:
            return kind(place)
        except OSError as error:
            refused.append(str(error))
    reason = "; ".join(refused) or "neither beside PyAV nor in the system"
    raise LibraryTroubleError(LibraryTrouble.MISSING, f"the library lib{name} cannot be loaded: {reason}")
