"""What holds for every test.

``@pytest.mark.virtual_time``: this async test runs on the loop that never waits (drivers.fakes.virtual_time).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
from hypothesis import settings

from drivers.fakes.virtual_time import VirtualClock, VirtualTimeLoop

# Timings are noisy on a busy machine; speed is measured by ``kiosk bench``, never asserted in a test.
settings.register_profile("svar", deadline=None)
settings.load_profile("svar")

VIRTUAL_LIMIT_S = 24 * 3600.0


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "virtual_time: run on an event loop whose clock jumps to the next timer")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("virtual_time") is not None:
        return {"virtual": lambda: VirtualTimeLoop(VIRTUAL_LIMIT_S)}
    return {"real": asyncio.SelectorEventLoop}


@pytest.fixture
async def virtual_clock() -> VirtualClock:
    """The host's clock of a test on virtual time."""
    return VirtualClock(asyncio.get_running_loop())
