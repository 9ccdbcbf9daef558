"""``kiosk bench call`` as a command, and one real call of two browsers over the line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk.callbench import call_bench
from kiosk.callbench.call_bench import CallBench, Options, measure_calls
from kiosk.callbench.call_check import Bench, Check, judged
from kiosk.callbench.call_run import CallRun, Pair, Scenario, SetUp, scenarios
from kiosk.callbench.end import EndReport
from kiosk.callbench.figures import pixels
from kiosk.callbench.line import CONDITIONS, LineCounts
from kiosk.callbench.line_process import LineReport
from kiosk.callbench.processor import MachineTime, machine_time, stolen_share
from kiosk.callbench.world import WorldError
from kiosk.cli import kiosk


async def test_two_browsers_over_a_line_that_loses(tmp_path: Path) -> None:
    said: list[str] = []
    quick = Scenario("quick", CONDITIONS["loss5"], settle_s=0.0, least_s=1.0)
    bench = CallBench(tmp_path, Options(seconds=1.0), said.append, {"quick": quick})
    try:
        run = await bench.run(Pair.BROWSER, "quick")
    except WorldError as error:
        pytest.skip(f"no line on this machine: {error}")
    assert run is not None, bench.trouble(Pair.BROWSER, "quick")
    assert await bench.run(Pair.BROWSER, "quick") is run
    assert run.line.a_to_b.lost > 0
    assert run.line.b_to_a.lost > 0
    assert run.set_up.connected is not None
    assert all(pixels(report) for report in (run.a, run.b))
    assert any("quick, browser to browser: done" in line for line in said)


def test_what_a_host_takes_away_is_read_from_the_machines_own_count(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu  100 0 50 800 10 0 5 35 7 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n", encoding="ascii")
    before = machine_time(tmp_path)
    assert before == MachineTime(1000, 35)
    assert stolen_share(before, MachineTime(1100, 60)) == 0.25
    assert stolen_share(before, before) == 0.0


async def test_a_call_that_a_host_disturbed_is_made_again_and_the_better_one_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = LineCounts(0, 0, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0, ())
    quiet = EndReport(1.0, 0.0)
    line = LineReport(0.0, counts, counts, 0.0, 0.0, 0.0, 0.0)
    set_up = SetUp(0.1, 0.2, 0.2, 0.2, 0.2)
    runs = [CallRun(scenarios()["clean"], set_up, at, quiet, quiet, line) for at in (1.0, 2.0, 3.0)]
    stolen = iter([0.3, 0.1, 0.02])
    monkeypatch.setattr(call_bench, "stolen_share", lambda _before, _after: next(stolen))
    bench = CallBench(tmp_path, Options(), lambda _: None)
    made = iter(runs)

    async def run(*_: object) -> CallRun:
        return next(made)

    monkeypatch.setattr(bench, "_run", run)
    assert await bench.run(Pair.KIOSK, "clean") is runs[1]
    assert bench.trouble(Pair.KIOSK, "clean") == "the host took 10% of the processors away"
    assert await bench.run(Pair.BROWSER, "clean") is runs[2]
    assert bench.trouble(Pair.BROWSER, "clean") == ""


async def test_only_the_wanted_checks_are_measured() -> None:
    async def measure(bench: Bench, name: str) -> Check:
        return judged(name, 1.0, "s", 2.0)

    said: list[str] = []
    checks = await measure_calls(["b"], Options(), said.append, {"a": measure, "b": measure})
    assert [check.name for check in checks] == ["b"]
    assert any("b: 1.0 s (met)" in line for line in said)


def test_the_command_writes_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    async def measured(only: Sequence[str], options: Options, say: object) -> list[Check]:
        asked.extend([list(only), options])
        return [judged("setup_clean", 120.0, "ms", 150, reference=110.0, stock=170.0)]

    monkeypatch.setattr(call_bench, "measure_calls", measured)
    file = tmp_path / "figures.json"
    heard = tmp_path / "heard"
    words = ["bench", "call", "--only", "setup_clean", "--seconds", "7", "--calls", "3", "--soak", "9", "--seed", "5"]
    result = CliRunner().invoke(kiosk, [*words, "--artefacts", str(heard), "--json", str(file)])
    assert result.exit_code == 0, result.output
    assert asked == [["setup_clean"], Options(seconds=7.0, calls=3, soak=9, seed=5, artefacts=heard)]
    assert heard.is_dir()
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["bench"] == "call"
    assert document["checks"] == [
        {
            "name": "setup_clean",
            "value": 120.0,
            "unit": "ms",
            "goal": 150,
            "reference": 110.0,
            "stock": 170.0,
            "met": True,
            "note": "",
        }
    ]
    assert "stock aiortc" in result.output


def test_what_cannot_be_measured_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*arguments: object) -> list[Check]:
        raise WorldError("This kernel has no TUN devices. Load the module.")

    monkeypatch.setattr(call_bench, "measure_calls", nothing)
    result = CliRunner().invoke(kiosk, ["bench", "call"])
    assert result.exit_code == 1
    assert "TUN" in result.output
    result = CliRunner().invoke(kiosk, ["bench", "call", "--only", "nonsense"])
    assert result.exit_code == 2
    assert "setup_loss10" in result.output
