"""The whole kiosk, the real servers and Chromium as the nurse: the scripted visit, played and judged."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from kiosk.caredesk.children import end


@pytest.mark.timeout(300)
async def test_the_scripted_visit_happens_whole(tmp_path: Path) -> None:
    report = tmp_path / "visit.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "kiosk",
        "demo",
        "--scripted",
        "--report",
        str(report),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 270)
    finally:
        await end(process)
    assert process.returncode == 0, output.decode(errors="replace")[-3000:]
    written = json.loads(report.read_text())
    assert written["failures"] == []
    for name in ("kiosk_frames_painted", "nurse_frames_decoded"):
        assert written[name] > 50
    for name in ("kiosk_heard_dbfs", "nurse_heard_dbfs"):
        assert written[name]["tone"] - written[name]["silence"] >= 20
    systolic = written["observations"][0]["component"][0]["valueQuantity"]
    assert (systolic["value"], systolic["code"]) == (125, "mm[Hg]")
    assert {name: one["status"] for name, one in written["endings"].items()} == {
        "hang-up-by-patient": 200,
        "hang-up-by-nurse": 200,
        "decline": 603,
        "cancel": 487,
        "time-out": 480,
        "busy": 486,
        "unknown-caller": 603,
    }
    for path in written["screens"].values():
        assert Path(path).read_bytes().startswith(b"\x89PNG")
