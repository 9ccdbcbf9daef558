"""One session for all journeys, a fresh ui process for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.at_spi.session import Session, Walker, accessible_session
from tests.ui.harness import RunningUi

_REMARKS = ("Using CPU conversion", "GetApplicationBusAddress")
"""Of Qt: pictures without a graphics card, and that it has no second bus of its own to offer, which nobody needs."""


@pytest.fixture(scope="session")
def session() -> Iterator[Session]:
    with accessible_session() as session:
        yield session


@pytest.fixture(scope="session")
def walker(session: Session) -> Iterator[Walker]:
    walker = Walker(session.environment)
    yield walker
    walker.end()


@pytest.fixture
def ui(session: Session) -> Iterator[RunningUi]:
    """The ui process as it starts in a home, on a session with an accessibility bus."""
    running = RunningUi(session.display, environment=session.environment)
    yield running
    log = running.end()
    warnings = [line for line in log.splitlines() if "WARNING" in line and not any(one in line for one in _REMARKS)]
    assert warnings == [], log
    assert "Traceback" not in log, log
