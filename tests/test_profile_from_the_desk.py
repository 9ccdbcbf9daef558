"""The nurse changes the patient's profile during the call: in effect at once, kept, told back; nobody else may."""

from __future__ import annotations

import json
import logging

import msgspec
import pytest

from kiosk.call.profile_request import CONTENT_TYPE
from kiosk.facts.caller import CallerClass
from kiosk.facts.profile import Theme
from kiosk.flow import events as on
from tests.call.test_policy import KARI
from tests.test_controller import Kiosk


@pytest.fixture
async def kiosk() -> Kiosk:
    return Kiosk()


def answers(kiosk: Kiosk) -> list[dict[str, object]]:
    return [one[3] for one in kiosk.signalling.done if one[0] == "message" and isinstance(one[3], dict)]


def ask(kiosk: Kiosk, change: object, call_id: str = "1") -> None:
    kiosk.controller.message_received(call_id, CONTENT_TYPE + "; charset=utf-8", json.dumps(change).encode())


async def test_a_change_is_in_effect_kept_and_told_back(kiosk: Kiosk, caplog: pytest.LogCaptureFixture) -> None:
    kiosk.talk()
    with caplog.at_level(logging.INFO):
        ask(kiosk, {"theme": "yellow-on-black", "volume": "up"})
    profile = kiosk.controller.state.profile
    assert profile.seeing.theme is Theme.YELLOW_ON_BLACK
    assert kiosk.outside.shown[-1][1].profile == profile
    assert kiosk.outside.asked == [profile]  # ApplyProfile: sound and speech
    assert kiosk.outside.kept == [profile]
    assert answers(kiosk)[-1]["volumePercent"] == 90
    assert answers(kiosk)[-1]["refused"] is False
    assert kiosk.signalling.last()[:3] == ("message", "1", CONTENT_TYPE)
    assert "yellow" not in caplog.text


async def test_an_empty_change_only_asks(kiosk: Kiosk) -> None:
    kiosk.talk()
    revision = kiosk.revision
    ask(kiosk, {})
    assert answers(kiosk)[-1]["theme"] == "dark"
    assert kiosk.revision == revision
    assert kiosk.outside.kept == []


async def test_her_page_asks_as_soon_as_the_call_is_answered(kiosk: Kiosk) -> None:
    """Before her first picture is here."""
    kiosk.call()
    kiosk.controller.handle(on.AnswerPressed())
    ask(kiosk, {"volume": "up"})
    assert answers(kiosk)[-1]["volumePercent"] == 90


async def test_what_is_refused_is_told_and_changes_nothing(kiosk: Kiosk) -> None:
    kiosk.talk()
    refused: tuple[object, ...] = ({"theme": "pink"}, {"readingsAloud": True}, [], None)
    for change in refused:
        ask(kiosk, change)
        assert answers(kiosk)[-1]["refused"] is True
    assert kiosk.outside.kept == []


async def test_a_relative_changes_nothing_and_is_told_nothing(kiosk: Kiosk) -> None:
    relative = msgspec.structs.replace(KARI, caller_class=CallerClass.RELATIVE)
    kiosk.controller.call_arrived(on.CallArrived("1", relative), "offer")
    kiosk.controller.handle(on.AnswerPressed())
    kiosk.controller.call_answered("1", "answer")
    kiosk.controller.handle(on.PeerSeenOrHeard("1"))
    before = kiosk.controller.state.profile
    ask(kiosk, {"theme": "light"})
    assert kiosk.controller.state.profile == before
    assert answers(kiosk) == []


async def test_before_the_call_is_answered_and_in_no_call(kiosk: Kiosk) -> None:
    ask(kiosk, {"theme": "light"})
    kiosk.call()
    ask(kiosk, {"theme": "light"})
    kiosk.talk()
    ask(kiosk, {"theme": "light"}, call_id="another")
    assert kiosk.controller.state.profile.seeing.theme is Theme.DARK
    assert answers(kiosk) == []


async def test_a_press_of_the_patient_still_counts_when_the_screen_has_changed_colour(kiosk: Kiosk) -> None:
    kiosk.talk()
    revision = kiosk.revision
    ask(kiosk, {"theme": "light"})
    assert kiosk.revision > revision
    assert kiosk.controller.meant_for_this_screen(revision)
