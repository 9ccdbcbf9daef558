"""The table of devices in the README is the catalogue's."""

from __future__ import annotations

from pathlib import Path

from drivers.catalog import CATALOG, device_table
from drivers.supported_device import Verified

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_shows_the_catalogue() -> None:
    assert device_table().strip() in README.read_text(encoding="utf-8"), "print drivers.catalog.device_table() into it"


def test_nothing_claims_to_have_been_tried_on_the_real_device() -> None:
    """Whoever tries one changes this, together with the sentence in the README."""
    assert Verified.REAL_DEVICE not in {one.verified for one in CATALOG}
