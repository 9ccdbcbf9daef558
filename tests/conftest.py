"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# Timings are noisy on a busy machine; speed is measured by ``kiosk bench``, never asserted in a test.
settings.register_profile("svar", deadline=None)
settings.load_profile("svar")
