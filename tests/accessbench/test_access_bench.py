"""The access bench: what it lists, how it judges, and that a check that fails or dies spoils no other."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk.accessbench import access_bench, goals
from kiosk.accessbench.access_check import AccessCheck, Figure, judged
from kiosk.cli import kiosk

GOALS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 20}
"""What issue 5 is accepted by."""


def _check(goal: float | None = 7.0, *, more: bool = True) -> AccessCheck:
    return AccessCheck("g1_contrast_text", ":1", goal, lambda: Figure(7.0), more)


def test_every_goal_has_a_check_or_a_stand_in() -> None:
    found = goals.all_checks()
    assert {int(goals.goal_of(check.name).removeprefix("g")) for _, check in found} == GOALS
    numbers = [int(goals.goal_of(check.name).removeprefix("g")) for _, check in found]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("check", "figure", "met"),
    [
        (_check(), Figure(7.04), True),
        (_check(), Figure(6.9, "ring page, light"), False),
        (_check(more=False), Figure(7.0), True),
        (_check(more=False), Figure(7.2), False),
        (_check(None), Figure(1.0), True),
        (_check(), Figure(None, "no font"), False),
        (_check(), Figure(3.0, met=True), True),
        (_check(), Figure(8.0, met=False), False),
        (_check(), Figure(None, met=True), False),
    ],
)
def test_a_figure_beside_its_goal(check: AccessCheck, figure: Figure, met: bool) -> None:
    result = judged(check, figure)
    assert result.met is met
    assert result.note == figure.note
    assert (result.value is None) == (figure.value is None)


def test_what_a_check_raises_is_its_note_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Figure:
        raise RuntimeError("no screen")

    checks = (AccessCheck("g6_a", "%", 100.0, fail, True), AccessCheck("g6_b", "%", 100.0, lambda: Figure(100.0)))
    monkeypatch.setattr(access_bench, "checks_of", lambda part: checks)
    lines: list[str] = []
    access_bench.measure_here("tree_checks", ["g6_a", "g6_b"], lines.append)
    first, second = (json.loads(line) for line in lines)
    assert first["figure"]["value"] is None
    assert first["figure"]["note"] == "RuntimeError: no screen"
    assert second == {"name": "g6_b", "figure": {"value": 100.0, "note": "", "met": None, "reference": None}}


def test_a_part_that_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text(
        "#!/bin/sh\n"
        "echo a line of a library\n"
        """echo '{"name": "g6_a", "figure": {"value": 100.0}}'\n"""
        "exit 3\n"
    )
    program.chmod(0o755)
    checks = [("tree_checks", AccessCheck(name, "%", 100.0, lambda: Figure(None), True)) for name in ("g6_a", "g6_b")]
    monkeypatch.setattr(access_bench, "all_checks", lambda: checks)
    monkeypatch.setattr(sys, "executable", str(program))
    said: list[str] = []
    first, second = access_bench.measure_access([], said.append)
    assert (first.value, first.met) == (100.0, True)
    assert (second.value, second.met) == (None, False)
    assert "exit code 3" in second.note
    assert len(said) == 2


def test_the_command_knows_its_checks(tmp_path: Path) -> None:
    result = CliRunner().invoke(kiosk, ["bench", "access", "--only", "g99_nothing"])
    assert result.exit_code == 2
    assert "no check g99_nothing" in result.output


def test_the_command_writes_the_form_of_every_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "kiosk.accessbench.access_bench._measure_part",
        lambda part, checks, say: [judged(check, Figure(1.0, met=True)) for check in checks],
    )
    name = goals.all_checks()[0][1].name
    file = tmp_path / "access.json"
    result = CliRunner().invoke(kiosk, ["bench", "access", "--only", name, "--json", str(file)])
    assert result.exit_code == 0, result.output
    document = json.loads(file.read_text())
    assert document["bench"] == "access"
    assert [set(one) for one in document["checks"]] == [{"name", "value", "unit", "goal", "reference", "met", "note"}]
