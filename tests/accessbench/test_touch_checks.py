"""Every goal for the hands, and that nothing goes by itself, is met over all screens."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from kiosk.accessbench.access_check import AccessCheck, judged
from kiosk.accessbench.touch_checks import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.timeout(120)
def test_the_goal_is_met(check: AccessCheck, qtbot: QtBot) -> None:
    result = judged(check, check.measure())
    assert result.met, f"{result.value} {result.unit}: {result.note}"
