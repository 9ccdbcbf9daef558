"""Who is told how it is at the patient's, how often, and what of it."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.facts.caller import CallerClass
from kiosk.facts.faults import Fault
from kiosk.facts.line_quality import LineVerdict
from kiosk.facts.measurement import MeasurementKind
from kiosk.facts.patient_side import CONTENT_TYPE
from kiosk.facts.profile import Hearing, Output, Profile
from kiosk.flow import events as on
from tests.call.test_policy import KARI
from tests.facts.test_call_verdict import second
from tests.test_controller import Kiosk


@pytest.fixture
async def kiosk() -> Kiosk:
    return Kiosk()


def talk(kiosk: Kiosk, accepts: tuple[str, ...] = ("application/sdp", CONTENT_TYPE), *, care: bool = True) -> None:
    caller = KARI if care else msgspec.structs.replace(KARI, caller_class=CallerClass.RELATIVE)
    kiosk.controller.call_arrived(on.CallArrived("1", caller), "offer", accepts)
    kiosk.controller.handle(on.AnswerPressed())
    kiosk.controller.call_answered("1", "answer")
    kiosk.controller.handle(on.PeerSeenOrHeard("1"))


def told(kiosk: Kiosk) -> list[dict[str, object]]:
    return [one[3] for one in kiosk.signalling.done if one[0] == "message" and isinstance(one[3], dict)]


def count(kiosk: Kiosk, seconds: range) -> None:
    for number in seconds:
        kiosk.controller.call_counted("1", second(number))


async def test_a_nurse_who_takes_it_is_told_every_other_second(kiosk: Kiosk) -> None:
    talk(kiosk)
    count(kiosk, range(1, 7))
    messages = told(kiosk)
    assert len(messages) == 3
    assert kiosk.signalling.done[-1][2] == CONTENT_TYPE
    assert messages[0]["screen"] == "call"
    assert messages[0]["verdict"] == "good"


async def test_she_is_told_where_the_patient_hears_her(kiosk: Kiosk) -> None:
    talk(kiosk)
    kiosk.controller.handle(on.ProfileChanged(Profile(hearing=Hearing(voice_output=Output.HEADSET))))
    found = []
    for number, works in enumerate((None, True, False)):
        if works is not None:
            kiosk.controller.output_state(Output.HEADSET, works)
        count(kiosk, range(2 * number + 1, 2 * number + 3))
        found.append((told(kiosk)[-1].get("voiceOutput"), told(kiosk)[-1].get("missingOutput")))
    assert found == [(None, None), ("headset", None), (None, "headset")]


async def test_what_the_patient_sees_changes_what_is_told(kiosk: Kiosk) -> None:
    talk(kiosk)
    kiosk.controller.handle(on.LineJudged("1", LineVerdict.BAD))
    kiosk.controller.handle(on.FaultRaised(Fault.NO_SOUND))
    kiosk.controller.handle(on.MeasurementAsked("1", MeasurementKind.BLOOD_PRESSURE))
    count(kiosk, range(1, 2))
    message = told(kiosk)[-1]
    assert (message["screen"], message["verdict"]) == ("measuring", "bad")
    assert (message["sound"], message["camera"]) == (False, True)


async def test_others_are_told_nothing(kiosk: Kiosk) -> None:
    talk(kiosk, accepts=("application/sdp",))
    count(kiosk, range(1, 7))
    assert told(kiosk) == []


async def test_a_relative_is_told_nothing(kiosk: Kiosk) -> None:
    talk(kiosk, care=False)
    count(kiosk, range(1, 7))
    assert told(kiosk) == []


async def test_nothing_waits_for_a_line_that_is_gone(kiosk: Kiosk) -> None:
    talk(kiosk)
    kiosk.controller.handle(on.LineSilent("1"))
    count(kiosk, range(1, 7))
    assert told(kiosk) == []
    kiosk.controller.handle(on.LineUp("1"))
    kiosk.controller.handle(on.FaultRaised(Fault.CALL_SERVER_UNREACHABLE))
    count(kiosk, range(7, 9))
    assert told(kiosk) == []


async def test_one_who_refuses_the_type_is_not_told_again(kiosk: Kiosk) -> None:
    talk(kiosk)
    count(kiosk, range(1, 2))
    kiosk.controller.message_failed("1", 503)
    count(kiosk, range(3, 4))
    kiosk.controller.message_failed("1", 415)
    kiosk.controller.message_failed("another", 415)
    count(kiosk, range(5, 9))
    assert len(told(kiosk)) == 2


async def test_a_media_process_that_counts_anew_is_told_of(kiosk: Kiosk) -> None:
    talk(kiosk)
    count(kiosk, range(100, 101))
    count(kiosk, range(1, 4))
    assert len(told(kiosk)) == 3
