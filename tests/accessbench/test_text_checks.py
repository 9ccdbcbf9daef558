"""G15 is met wherever it needs no browser; tests/end_to_end plays the written call with one."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from kiosk.accessbench.access_check import AccessCheck, judged
from kiosk.accessbench.text_checks import CHECKS, Seen, new_words

ALONE = tuple(check for check in CHECKS if not check.name.startswith("g15_text_to"))


@pytest.mark.qt_log_ignore("Using CPU conversion")
@pytest.mark.parametrize("check", ALONE, ids=lambda check: check.name)
@pytest.mark.timeout(120)
def test_the_goal_is_met(check: AccessCheck, qtbot: QtBot) -> None:
    result = judged(check, check.measure())
    assert result.met, f"{result.value} {result.unit}: {result.note}"


def test_words_count_once() -> None:
    seen = [Seen(0.0, ("a b", "c")), Seen(1.0, ("a b", "c d")), Seen(2.0, ("c d", "e f")), Seen(9.0, ())]
    assert new_words(seen) == [(0.0, 3), (1.0, 1), (2.0, 2)]
