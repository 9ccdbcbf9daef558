"""The rows of the call bench, judged on calls that were made up by hand."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from kiosk.callbench.call_check import Soak, judged
from kiosk.callbench.call_run import CallRun, Pair, SetUp, scenarios
from kiosk.callbench.conditions_table import CHECKS, ROWS
from kiosk.callbench.end import EndReport, Frame, Sample, Sent
from kiosk.callbench.line_process import LineReport

BEGAN = 100.0
CALL_CHECKS = [name for name in CHECKS if not name.startswith(("echo_", "link_"))]
"""The others run no call of the bench: see test_echo_checks.py and test_link_lost.py."""


class FakeBench:
    """Every pair has the same calls; those named in ``broken`` have none."""

    artefacts = None

    def __init__(self, report: EndReport, *, connected: Sequence[float | None] = (0.1,), broken: tuple[Pair, ...] = ()):
        self._report = report
        self._connected = connected
        self._broken = broken
        self.asked: list[tuple[Pair, str]] = []

    async def run(self, pair: Pair, scenario: str) -> CallRun | None:
        self.asked.append((pair, scenario))
        if pair in self._broken:
            return None
        counts = {
            **dict.fromkeys(
                ("sent", "sent_bytes", "delivered", "delivered_bytes", "lost", "lost_in_outage", "queue_dropped"), 0
            ),
            **{"queue_p50_ms": 1.0, "queue_p95_ms": 70.0, "queue_longest_ms": 90.0, "rate": [[BEGAN, 1e6]]},
        }
        late = {"late_p50_ms": 0.0, "late_p99_ms": 0.0, "late_longest_ms": 0.0, "processor_s": 0.0}
        line = msgspec.convert({"type": "report", "at": BEGAN, "a_to_b": counts, "b_to_a": counts, **late}, LineReport)
        return CallRun(scenarios()[scenario], SetUp(0.1, 0.2, 0.2, 0.2, 0.2), BEGAN, self._report, self._report, line)

    async def set_ups(self, pair: Pair, scenario: str, *, dead_relay: bool = False) -> Sequence[SetUp]:
        self.asked.append((pair, scenario))
        return [SetUp(one, one, one, one, one) for one in self._connected]

    async def soak(self) -> Soak | None:
        return None if Pair.KIOSK in self._broken else Soak(300, 0, 0, 0, 12.0)

    def trouble(self, pair: Pair, scenario: str) -> str:
        return "it broke" if pair in self._broken else ""


def _good() -> EndReport:
    moments = [BEGAN + number / 30 for number in range(900)]
    return EndReport(
        seconds=30.0,
        began=BEGAN,
        frames=tuple(Frame(at, 1280, 720) for at in moments),
        concealed_share=0.001,
        sound_delay=tuple(Sample(at, 45.0) for at in moments),
        lips=(5.0, -12.0),
        sound_missing=0.0,
        sent=(Sent(BEGAN + 2, 1280, 720, 30, 2e6),),
        processor_s=6.0,
        round_trip=(Sample(BEGAN, 41.0),),
    )


@pytest.mark.parametrize("name", CALL_CHECKS)
async def test_every_check_can_be_measured_alone(name: str) -> None:
    check = await CHECKS[name](FakeBench(_good()), name)
    assert check.name == name
    # The line that was made up never sank, and its pictures carry no clock.
    if "recovery" in name or "picture_delay" in name:
        assert check.value is None
    else:
        assert check.value is not None
        assert check.met, check


@pytest.mark.parametrize("name", CALL_CHECKS)
async def test_a_call_that_came_to_nothing_is_not_met(name: str) -> None:
    bench = FakeBench(_good(), connected=(), broken=(Pair.KIOSK,))
    check = await CHECKS[name](bench, name)
    assert check.value is None
    assert not check.met


async def test_a_picture_that_stands_still_is_not_met() -> None:
    frozen = msgspec.structs.replace(_good(), frames=(Frame(BEGAN, 640, 480),), concealed_share=0.3)
    bench = FakeBench(frozen)
    for name in ("frozen_loss5_sent", "rate300_frozen_received", "rate300_fps_sent", "concealed_loss10_received"):
        assert not (await CHECKS[name](bench, name)).met, name


async def test_a_call_that_never_connected_spoils_the_percentile() -> None:
    spoiled = await CHECKS["setup_loss20"](FakeBench(_good(), connected=[0.1] * 9 + [None]), "setup_loss20")
    assert spoiled.value is None
    assert "1 never connected" in spoiled.note
    one_of_many = await CHECKS["setup_loss20"](FakeBench(_good(), connected=[0.1] * 39 + [None]), "setup_loss20")
    assert one_of_many.value == 100


def test_the_rows_name_conditions_that_exist() -> None:
    assert {row.scenario for row in ROWS} <= set(scenarios())
    assert {row.goal_row for row in ROWS if row.goal_row} == {3, 4, 5, 6, 7, 8, 9, 10}
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_more_or_less_is_better() -> None:
    assert judged("x", 25.04, "1/s", 25, more=True).met
    assert not judged("x", 24.9, "1/s", 25, more=True).met
    assert judged("x", 0.2, "%", 0.2).met
    assert not judged("x", 0.3, "%", 0.2).met
    assert judged("x", 7.0, "%", None).met
    assert not judged("x", None, "%", None).met
    assert list(judged("x", 1, "%", 2).as_dict()) == [
        "name",
        "value",
        "unit",
        "goal",
        "reference",
        "stock",
        "met",
        "note",
    ]
