"""A call's statistics in core: logged once a look, kept for a minute, judged."""

from __future__ import annotations

import json
import logging

import pytest

from kiosk.call_counts import KEPT, CallCounts
from kiosk.facts.line_quality import LineVerdict
from tests.facts.test_call_verdict import second


def test_each_look_is_one_line_of_json_without_an_address(caplog: pytest.LogCaptureFixture) -> None:
    counts = CallCounts()
    with caplog.at_level(logging.INFO, "kiosk.call.statistics"):
        counts.take("call-1@192.0.2.7", second(1))
        counts.take("call-1@192.0.2.7", second(2))
    lines = [record.getMessage() for record in caplog.records]
    assert [json.loads(line)["timestamp"] for line in lines] == [1.0, 2.0]
    assert not any("192.0.2" in line or "\n" in line for line in lines)


def test_the_last_minute_is_kept_also_after_the_call() -> None:
    counts = CallCounts()
    for number in range(KEPT + 10):
        counts.take("1", second(number))
    assert [one.timestamp for one in counts.last_minute] == [float(number) for number in range(10, KEPT + 10)]
    counts.take("2", second(1))
    assert [one.timestamp for one in counts.last_minute] == [1.0]


def test_a_change_of_the_verdict_is_told() -> None:
    counts = CallCounts()
    told = [counts.take("1", second(number, round_trip=0.7)) for number in range(10)]
    assert [one for one in told if one is not None] == [LineVerdict.WEAK]
