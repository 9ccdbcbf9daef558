"""The letters: Atkinson Hyperlegible out of its Python package, else the best that the system has.

It tells I, l and 1, and O and 0, apart. Of the Sámi letters it lacks Ŋ ŋ Ŧ ŧ; Qt takes those from Noto Sans.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF

FAMILY = "Atkinson Hyperlegible"
_PACKAGE = "fontpkg_atkinson_hyperlegible"
_FILES = ("AtkinsonHyperlegible-Regular.ttf", "AtkinsonHyperlegible-Bold.ttf")
_OTHERS = ("Noto Sans", "Open Sans", "DejaVu Sans")

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZÆØÅabcdefghijklmnopqrstuvwxyzæøå0123456789ÁáČčĐđŊŋŠšŦŧŽžÄäÖöÉéÈèÒòÔôÜü.,:;!?%«»–…"
"""What every home needs: Norwegian, and the letters of North, Lule and South Sámi in names."""


def load() -> None:
    """Make the package's files known to Qt. After the application is made; once is enough."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        return
    for name in _FILES:
        QFontDatabase.addApplicationFont(str(Path(found.origin).parent / "files" / name))


def wanted_font() -> tuple[str, float]:
    """The first wanted family that is there, and the height of its capital H over its pixel size."""
    installed = set(QFontDatabase.families())
    if FAMILY not in installed:
        load()
        installed = set(QFontDatabase.families())
    family = next((name for name in (FAMILY, *_OTHERS) if name in installed), _OTHERS[-1])
    font = QFont(family)
    font.setPixelSize(1000)
    return family, QFontMetricsF(font).tightBoundingRect("H").height() / 1000
