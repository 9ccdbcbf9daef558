"""A scripted visit in which anything is missing fails, and says what."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kiosk.caredesk.scripted_report import EXPECTED_ENDINGS, SCREENS, Report, judge


def component(code: str, value: int) -> dict[str, Any]:
    return {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}, "valueQuantity": {"value": value}}


def whole() -> Report:
    clocks = [{"nurse_clock_on_kiosk": n, "kiosk_clock_at_nurse": n} for n in (1, 2)]
    recovery = {
        "remote_picture_again_ms": 1200.0,
        "kiosk_picture_again_at_nurse_ms": 1300.0,
        "kiosk_clocks_at_nurse_afterwards": [3, 4],
        "phase": "talking",
    }
    return Report(
        kiosk_frames_painted=200,
        nurse_frames_decoded=200,
        kiosk_heard_dbfs={"tone": -20.0, "silence": -90.0},
        nurse_heard_dbfs={"tone": -20.0, "silence": -90.0},
        talk_pictures=clocks,
        observations=[{"component": [component("8480-6", 125), component("8462-4", 80)]}],
        endings={
            name: {"status": status, "screen": screen, "ended_by": by}
            for name, (status, screen, by) in EXPECTED_ENDINGS.items()
        },
        recoveries={"ui": recovery, "media": recovery},
        screens=dict.fromkeys(SCREENS, "x.png"),
    )


def test_a_whole_visit_has_no_failures() -> None:
    report = whole()
    judge(report)
    assert report.failures == []


@pytest.mark.parametrize(
    "change",
    [
        {"kiosk_frames_painted": 0},
        {"nurse_frames_decoded": 3},
        {"kiosk_heard_dbfs": {}},
        {"nurse_heard_dbfs": {"tone": -80.0, "silence": -90.0}},
        {"talk_pictures": []},
        {"talk_pictures": [{"nurse_clock_on_kiosk": 5, "kiosk_clock_at_nurse": 5}] * 2},
        {"observations": []},
        {"observations": [{"component": [component("8480-6", 125), component("8462-4", 80)]}] * 2},
        {"observations": [{"component": [component("8480-6", 12), component("8462-4", 80)]}]},
        {"endings": {}},
        {"endings": {**whole().endings, "busy": {"status": 486, "screen": "idle", "ended_by": "remote"}}},
        {"endings": {**whole().endings, "decline": {"status": 603, "screen": "ended", "ended_by": "local"}}},
        {"recoveries": {}},
        {"recoveries": {**whole().recoveries, "ui": {**whole().recoveries["ui"], "remote_picture_again_ms": 3100.0}}},
        {"recoveries": {**whole().recoveries, "media": {"phase": "talking"}}},
        {"recoveries": {**whole().recoveries, "ui": {**whole().recoveries["ui"], "phase": "ended"}}},
        {"screens": {}},
    ],
)
def test_whatever_is_missing_fails(change: dict[str, Any]) -> None:
    report = msgspec.structs.replace(whole(), failures=[], **change)
    judge(report)
    assert report.failures


def test_what_failed_before_is_kept() -> None:
    report = msgspec.structs.replace(whole(), failures=["no press"])
    judge(report)
    assert report.failures == ["no press"]
