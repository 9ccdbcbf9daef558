"""The patient's side on the nurse's page: what its module makes of messages and of the browser's statistics."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.caredesk.page_script import evaluate

ENOUGH = {"width": 320, "height": 240, "framesPerSecond": 20, "lips": 0.05, "lost": 0}


def page(script: str, argument: object) -> Any:
    return evaluate("patient_side.js", script, argument)


@pytest.mark.parametrize(
    ("change", "readable"),
    [
        ({}, True),
        ({"framesPerSecond": 19.5}, True),
        ({"framesPerSecond": 12}, False),
        ({"width": 240, "height": 180}, False),
        ({"width": 240, "height": 320}, True),
        ({"lips": -0.2}, False),
        ({"lips": None}, True),
        ({"width": None}, None),
        ({"framesPerSecond": None}, None),
        ({"framesPerSecond": None, "lips": 0.3}, False),
    ],
)
def test_the_minimum_for_signs_and_lips(change: dict[str, float | None], readable: bool | None) -> None:
    assert page("return page.readable(argument);", {**ENOUGH, **change}) is readable


def test_a_judgement_is_shown_when_two_looks_agree() -> None:
    script = "let state = null; return argument.map((seen) => (state = page.steady(state, seen)).shown);"
    looks = [False, True, True, None, False, True, False, False, True]
    assert page(script, looks) == [None, None, True, True, True, True, True, False, False]


def test_a_message_is_read() -> None:
    told = {
        "screen": "measuring",
        "verdict": "weak",
        "sound": False,
        "camera": True,
        "microphoneLevel": -30,
        "roundTrip": 0.05,
        "toPatient": {"lost": 0.02, "width": 640, "height": 480, "framesPerSecond": 24.6, "pictureAfterVoice": 0.01},
        "fromPatient": {},
        "later": "unknown",
    }
    side = page("return page.readSide(argument);", told)
    assert (side["screen"], side["sound"], side["microphone"], side["roundTrip"]) == ("measuring", False, -30, 0.05)
    assert side["to"]["lips"] == 0.01
    assert page("return page.pictureText(page.readSide(argument).to);", told) == "640 × 480, 25 bilder/s, 2 % mistet"
    assert page("return page.pictureText(page.readSide(argument).from);", told) == "Ikke noe bilde"


_json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
_known = st.sampled_from(["screen", "verdict", "sound", "toPatient", "fromPatient", "microphoneLevel", "roundTrip"])


@settings(max_examples=5, deadline=None)
@given(st.lists(st.dictionaries(_known, _json) | _json, min_size=60, max_size=60))
def test_any_message_is_survived(messages: list[object]) -> None:
    script = """
      return argument.every((told) => {
        const side = page.readSide(told);
        page.readable(side.to);
        return typeof page.pictureText(side.from) === "string" && typeof page.loudness(side.microphone) === "string";
      });
    """
    assert json.loads(json.dumps(messages)) == messages
    assert page(script, messages) is True


def test_what_comes_to_the_browser() -> None:
    def report(number: int) -> list[list[object]]:
        video = {
            "type": "inbound-rtp",
            "kind": "video",
            "timestamp": 2000 * number,
            "framesDecoded": 50 * number,
            "packetsLost": 10 * number,
            "packetsReceived": 90 * number,
            "frameWidth": 640,
            "frameHeight": 480,
            "estimatedPlayoutTimestamp": 10_000,
        }
        return [["V", video], ["A", {"type": "inbound-rtp", "kind": "audio", "estimatedPlayoutTimestamp": 10_040}]]

    script = "return page.received(argument[0] && new Map(argument[0]), new Map(argument[1]));"
    found = page(script, [report(1), report(2)])
    assert found == {"lost": 0.1, "width": 640, "height": 480, "framesPerSecond": 25, "lips": 0.04}
    assert page(script, [None, report(1)])["framesPerSecond"] is None
    assert page(script, [None, []]) == dict.fromkeys(found)
