"""Where the data files lie: beside the code in a checkout, under the prefix's share folder when installed."""

from __future__ import annotations

from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent / "assets"
_INSTALLED = Path("/usr/share/svar/assets")


def assets() -> Path:
    """The folder of icons, sounds, phrases and translations. Raises FileNotFoundError when there is none."""
    for folder in (_CHECKOUT, _INSTALLED):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no assets in {_CHECKOUT} or {_INSTALLED}: install the package again")
