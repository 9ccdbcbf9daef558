"""The set-up's files hold together: scripts parse, lists and locks are well formed and name no registry."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
SCRIPTS = [*(PACKAGING / name for name in ("setup", "demo", "test", "lock", "try-in-bare-root")), ROOT / ".ci" / "run"]
REQUIREMENTS = sorted(PACKAGING.glob("requirements-*.in"))
PAGE = ROOT / "kiosk" / "caredesk" / "page"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PINNED = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[^ ;]+)(?: ; (?P<marker>[^\\]+))? \\")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def normal(name: str) -> str:
    """A distribution's name as PEP 503 compares them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, tuple[str, int]]:
    """Name -> (version, number of hashes) of every package in the lock; fails on a line of any other form."""
    found: dict[str, tuple[str, int]] = {}
    current = ""
    for line in (PACKAGING / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if line.lstrip().startswith("#") or not line:
            continue
        if match := _PINNED.fullmatch(line):
            current = match["name"]
            assert current not in found, f"{current} is locked twice: the Pythons would differ"
            found[current] = (match["version"], 0)
        else:
            assert _HASH.fullmatch(line), line
            version, hashes = found[current]
            found[current] = (version, hashes + 1)
    return found


def wanted(path: Path) -> list[str]:
    """The requirement lines of an .in file, without comments and references to other files."""
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("-r ")]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_is_executable_strict_bash_that_parses(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env bash\n# ")
    assert "set -euo pipefail" in text or len(text.splitlines()) <= 3
    assert os.access(script, os.X_OK)
    parsed = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, timeout=10, check=False)
    assert (parsed.returncode, parsed.stderr) == (0, "")


def test_ci_runs_packaging_test_and_nothing_else() -> None:
    commands = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert len(commands) == 1
    assert commands[0].endswith('/../packaging/test"')


def test_every_locked_package_has_hashes() -> None:
    assert [name for name, (_, hashes) in locked().items() if not hashes] == []


def test_lock_holds_no_address_and_no_torch() -> None:
    text = (PACKAGING / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text and "--find-links" not in text
    assert "torch" not in locked()


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_are_in_the_lock(path: Path) -> None:
    lock = locked()
    for line in wanted(path):
        match = _NAME.match(line)
        assert match is not None, line
        name = normal(match[0])
        assert name in lock, name
        if "==" in line:
            assert lock[name][0] == line.split("==")[1], line


def test_requirements_reach_the_lock_through_one_file() -> None:
    """packaging/lock reads requirements-test.in alone, so it must lead to the others."""
    assert "-r requirements-demo.in" in (PACKAGING / "requirements-test.in").read_text(encoding="utf-8")
    assert "-r requirements-run.in" in (PACKAGING / "requirements-demo.in").read_text(encoding="utf-8")


def test_dependencies_of_the_project_are_what_the_kiosk_requires() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run = {normal(match[0]) for line in wanted(PACKAGING / "requirements-run.in") if (match := _NAME.match(line))}
    assert {normal(name) for name in project["project"]["dependencies"]} == run - {"setuptools"}


def test_debian_packages_are_one_a_line_with_alternatives() -> None:
    seen: list[str] = []
    for line in (PACKAGING / "debian-packages.txt").read_text(encoding="utf-8").splitlines():
        if entry := line.split("#")[0].strip():
            names = entry.split(" | ")
            assert all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name) for name in names), line
            seen += names
    assert len(seen) == len(set(seen))
    assert {"python3-venv", "kamailio", "chromium", "pulseaudio", "xvfb", "espeak-ng"} <= set(seen)


def test_npm_lock_holds_no_address() -> None:
    assert "omit-lockfile-registry-resolved=true" in (PAGE / ".npmrc").read_text(encoding="utf-8").splitlines()
    assert not re.search(r"^\s*(//|\S*registry\s*=)", (PAGE / ".npmrc").read_text(encoding="utf-8"), re.MULTILINE)
    lock = json.loads((PAGE / "package-lock.json").read_text(encoding="utf-8"))
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert [path for path, package in packages.items() if "resolved" in package] == []
    assert [path for path, package in packages.items() if not package.get("integrity")] == []


def test_readme_names_both_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "packaging/demo" in text
    assert "packaging/test" in text


def test_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text and "END OF TERMS AND CONDITIONS" in text
    assert (ROOT / "assets" / "LICENCES.md").is_file()
