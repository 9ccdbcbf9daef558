"""Qt without a screen, also when this folder is tested alone."""

from __future__ import annotations

import os

from kiosk.accessbench.access_bench import OFFSCREEN

os.environ.update(OFFSCREEN)

from tests.ui.conftest import qapp_cls

__all__ = ["qapp_cls"]
