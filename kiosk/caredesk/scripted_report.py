"""What a scripted visit measured, and whether all of it happened. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

LEAST_TONE_OVER_SILENCE_DB = 20.0
RECOVERY_GOAL_S = 3.0

EXPECTED_ENDINGS = {
    "hang-up-by-patient": (200, "ended", "remote"),
    "hang-up-by-nurse": (200, "ended", "local"),
    "decline": (603, "ended", "remote"),
    "cancel": (487, "ended", "local"),
    "time-out": (480, "ended", "remote"),
    "busy": (486, "talking", "remote"),
    "unknown-caller": (603, "idle", "remote"),
}
"""Name → SIP status at the caller, page painted on the kiosk, and who ended it as the nurse's page knows it."""

EXPECTED_COMPONENTS = {"8480-6": 125, "8462-4": 80}
"""What the virtual cuff delivers, by LOINC code: systolic and diastolic."""


class Report(msgspec.Struct):
    """What was measured. ``failures`` is empty when every part happened."""

    kiosk_frames_painted: int = 0
    nurse_frames_decoded: int = 0
    kiosk_heard_dbfs: dict[str, float] = {}
    nurse_heard_dbfs: dict[str, float] = {}
    talk_pictures: list[dict[str, Any]] = []
    observations: list[dict[str, Any]] = []
    endings: dict[str, dict[str, Any]] = {}
    recoveries: dict[str, dict[str, Any]] = {}
    screens: dict[str, str] = {}
    timings_ms: dict[str, float | None] = {}
    scene_graph: str = ""
    failures: list[str] = []


SCREENS = (
    *("home", "ring", "talk-1", "talk-2", "measuring", "measured"),
    *("own-measurement-failed", "own-measurement-cuff-works", "own-measurement", "my-readings"),
)


def judge(report: Report) -> None:
    """Everything that must have happened, did; what did not is added to the failures."""

    def expect(met: bool, what: str) -> None:
        if not met:
            report.failures.append(what)

    expect(report.kiosk_frames_painted > 50, f"the kiosk painted {report.kiosk_frames_painted} frames of the nurse")
    expect(report.nurse_frames_decoded > 50, f"the nurse decoded {report.nurse_frames_decoded} frames of the kiosk")
    for name, heard in (("kiosk", report.kiosk_heard_dbfs), ("nurse", report.nurse_heard_dbfs)):
        over = heard.get("tone", 0.0) - heard.get("silence", 0.0)
        expect(over >= LEAST_TONE_OVER_SILENCE_DB, f"the {name} heard the tone {over:.1f} dB over silence")
    for side in ("nurse_clock_on_kiosk", "kiosk_clock_at_nurse"):
        clocks = [picture[side] for picture in report.talk_pictures if picture[side] is not None]
        expect(len(clocks) >= 2 and len(set(clocks)) == len(clocks), f"{side}: {clocks}")
    expect(len(report.observations) == 1, f"{len(report.observations)} observations on the server")
    for observation in report.observations:
        expect(_components(observation) == EXPECTED_COMPONENTS, f"observation: {_components(observation)}")
    for name, expected in EXPECTED_ENDINGS.items():
        ending = report.endings.get(name, {})
        found = (ending.get("status"), ending.get("screen"), ending.get("ended_by"))
        expect(found == expected, f"ending {name}: {ending}")
    for name in ("ui", "media"):
        recovery = report.recoveries.get(name, {})
        for picture in ("remote_picture_again_ms", "kiosk_picture_again_at_nurse_ms"):
            again = recovery.get(picture)
            expect(again is not None and again <= RECOVERY_GOAL_S * 1000, f"{name} killed, {picture}: {recovery}")
        clocks = recovery.get("kiosk_clocks_at_nurse_afterwards", [])
        expect(None not in clocks and len(set(clocks)) == 2, f"{name} killed, at the nurse: {clocks}")
        expect(recovery.get("phase") == "talking", f"{name} killed: the call did not go on")
    for name in SCREENS:
        expect(name in report.screens, f"no picture of {name}")


def _components(observation: dict[str, Any]) -> dict[str, Any]:
    """Systolic and diastolic of an Observation by their LOINC codes."""
    return {
        coding["code"]: component.get("valueQuantity", {}).get("value")
        for component in observation.get("component", [])
        for coding in component["code"]["coding"]
        if coding.get("code") in EXPECTED_COMPONENTS
    }
