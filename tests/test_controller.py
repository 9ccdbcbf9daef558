"""The hub with fakes at every edge: effects reach the right part, presses for gone screens do nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from kiosk.controller import Controller, Kept
from kiosk.facts.calls import CallOutcome
from kiosk.facts.choosing import Choosing
from kiosk.facts.history import Span
from kiosk.facts.measurement import Delivery, MeasurementFault, MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.profile import Profile, RingTone
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import events as on
from kiosk.flow.state import Connecting, Ended, Idle, KioskState, Measured, Measuring, NotMeasured, Ringing, Talking
from kiosk.flow.transitions import FlowSettings
from kiosk.ipc import media_messages as media
from kiosk.ipc.ui_messages import Press, Pressed
from kiosk.timeline import Timeline
from tests.call.test_policy import KARI, TASK
from tests.flow.readings import cuff_pressure, reading, weight


class FakeSignalling:
    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    def ring(self, call_id: str) -> None:
        self.done.append(("ring", call_id))

    def accept(self, call_id: str, sdp: str) -> None:
        self.done.append(("accept", call_id, sdp))

    def reject(self, call_id: str, status: int) -> None:
        self.done.append(("reject", call_id, status))

    def hang_up(self, call_id: str) -> None:
        self.done.append(("hang_up", call_id))

    def call(self, call_id: str, target: str, sdp: str) -> None:
        self.done.append(("call", call_id, target, sdp))

    def reinvite(self, call_id: str, sdp: str) -> None:
        self.done.append(("reinvite", call_id, sdp))

    def renew(self) -> None:
        self.done.append(("renew",))

    def answer_reinvite(self, call_id: str, sdp: str) -> None:
        self.done.append(("answer_reinvite", call_id, sdp))

    def refuse_reinvite(self, call_id: str) -> None:
        self.done.append(("refuse_reinvite", call_id))

    def send_message(self, call_id: str, content_type: str, body: bytes) -> None:
        self.done.append(("message", call_id, content_type, msgspec.json.decode(body)))

    def last(self) -> tuple[object, ...]:
        return self.done[-1]

    def task_news(self) -> list[tuple[str, object]]:
        news = []
        for one in self.done:
            if one[0] == "message" and isinstance(one[3], dict):
                news.append((str(one[3]["status"]), one[3].get("output")))
        return news


class FakeOutside:
    def __init__(self) -> None:
        self.media: list[msgspec.Struct] = []
        self.shown: list[tuple[int, KioskState]] = []
        self.said: list[Spoken] = []
        self.woken = 0
        self.silenced = 0
        self.sent = 0
        self.asked: list[object] = []
        self.kept: list[Profile] = []
        self.result: asyncio.Future[Kept | MeasurementFault] = asyncio.get_running_loop().create_future()

    def to_media(self, message: msgspec.Struct) -> None:
        self.media.append(message)

    def show(self, revision: int, state: KioskState) -> None:
        self.shown.append((revision, state))

    def wake_screen(self) -> None:
        self.woken += 1

    def say(self, utterance: Utterance) -> None:
        self.said.append(utterance.spoken)

    def stop_saying(self) -> None:
        self.silenced += 1

    def measure(self, kind: MeasurementKind) -> Awaitable[Kept | MeasurementFault]:
        self.asked.append(kind)
        return self.result

    def stop_measuring(self) -> None:
        self.asked.append("stop")

    def tell_desk(self, kind: MeasurementKind, fault: MeasurementFault, times: int) -> None:
        self.asked.append((kind, fault, times))

    def answer_owner(self, reading_id: str, mine: bool) -> None:
        self.asked.append((reading_id, mine))

    def load_history(self, kind: MeasurementKind, span: Span) -> None:
        self.asked.append((kind, span))

    def reading_was_kept(self) -> None:
        self.sent += 1

    def apply_profile(self, profile: Profile) -> None:
        self.asked.append(profile)

    def keep_profile(self, profile: Profile, choosing: Choosing | None) -> None:
        self.kept.append(profile)


class Kiosk:
    def __init__(self) -> None:
        self.signalling = FakeSignalling()
        self.outside = FakeOutside()
        self.seconds = 0.0
        self.controller = Controller(
            KioskState(can_measure=(MeasurementKind.BLOOD_PRESSURE, MeasurementKind.WEIGHT)),
            FlowSettings(8.0),
            "p-1",
            self.signalling,
            self.outside,
            lambda: Moment(datetime(2026, 11, 21, tzinfo=UTC), self.seconds),
            Timeline(None),
        )

    @property
    def revision(self) -> int:
        return self.outside.shown[-1][0]

    def press(self, press: Press, revision: int | None = None, **about: Any) -> None:
        self.controller.pressed(Pressed(press, self.revision if revision is None else revision, **about))

    def call(self, call_id: str = "1") -> None:
        self.controller.call_arrived(on.CallArrived(call_id, KARI), f"offer {call_id}")

    def talk(self) -> None:
        self.call()
        self.controller.handle(on.AnswerPressed())
        self.controller.call_answered("1", "answer")
        self.controller.handle(on.PeerSeenOrHeard("1"))


@pytest.fixture
async def kiosk() -> Kiosk:
    return Kiosk()


async def test_a_call_from_ring_to_talk(kiosk: Kiosk) -> None:
    kiosk.call()
    assert kiosk.outside.woken == 1
    assert kiosk.outside.media == [media.PrepareCall("1", "offer 1"), media.StartRing(RingTone.STANDARD)]
    assert kiosk.outside.said == [Spoken.CALLER_RINGS]
    kiosk.controller.painted(kiosk.revision)
    assert kiosk.signalling.done == []
    kiosk.controller.handle(on.RingSounding())
    assert kiosk.signalling.done == [("ring", "1")]
    kiosk.controller.handle(on.AnswerPressed())
    assert media.AcceptCall("1") in kiosk.outside.media
    assert isinstance(kiosk.controller.state.phase, Connecting)
    kiosk.controller.call_answered("1", "answer")
    assert kiosk.signalling.last() == ("accept", "1", "answer")
    kiosk.controller.handle(on.PeerSeenOrHeard("1"))
    assert isinstance(kiosk.controller.state.phase, Talking)
    kiosk.controller.handle(on.HangUpPressed())
    assert kiosk.signalling.last() == ("hang_up", "1")
    assert kiosk.outside.media[-1] == media.DropCall("1")


async def test_hanging_up_before_the_answer_went_out_is_a_decline(kiosk: Kiosk) -> None:
    kiosk.call()
    kiosk.controller.handle(on.AnswerPressed())
    kiosk.controller.handle(on.HangUpPressed())
    assert kiosk.signalling.last() == ("reject", "1", 603)
    kiosk.controller.call_answered("1", "too late")
    assert kiosk.signalling.last() == ("reject", "1", 603)


async def test_a_second_call_leaves_the_first_alone(kiosk: Kiosk) -> None:
    kiosk.talk()
    kiosk.call("2")
    assert kiosk.signalling.last() == ("reject", "2", 486)
    kiosk.controller.call_over("2", CallOutcome.HUNG_UP_THERE)
    assert isinstance(kiosk.controller.state.phase, Talking)


async def test_a_press_for_a_screen_that_has_gone(kiosk: Kiosk) -> None:
    home = kiosk.revision
    kiosk.call()
    ring = kiosk.revision
    assert kiosk.controller.meant_for_this_screen(ring)
    assert not kiosk.controller.meant_for_this_screen(home)
    kiosk.controller.call_over("1", CallOutcome.CANCELLED)
    kiosk.call("2")
    assert not kiosk.controller.meant_for_this_screen(ring)
    assert not kiosk.controller.meant_for_this_screen(12345)


async def test_hang_up_on_the_connecting_page_still_counts_when_the_picture_came(kiosk: Kiosk) -> None:
    kiosk.call()
    kiosk.controller.handle(on.AnswerPressed())
    connecting = kiosk.revision
    kiosk.controller.handle(on.PeerSeenOrHeard("1"))
    assert kiosk.controller.meant_for_this_screen(connecting)


async def test_the_media_process_dies_and_the_call_is_offered_anew(kiosk: Kiosk) -> None:
    kiosk.talk()
    kiosk.controller.handle(on.MediaLost())
    kiosk.controller.handle(on.MediaBack())
    assert kiosk.outside.media[-1] == media.ReofferCall("1", media.Negotiated("offer 1", "answer"))
    assert kiosk.signalling.last() == ("refuse_reinvite", "1")  # what the lost connection was to answer
    kiosk.controller.offer_ready("1", "fresh offer")
    assert kiosk.signalling.last() == ("reinvite", "1", "fresh offer")


async def test_media_dies_between_the_press_and_the_answer(kiosk: Kiosk) -> None:
    kiosk.call()
    kiosk.controller.handle(on.AnswerPressed())
    kiosk.controller.handle(on.MediaLost())
    kiosk.outside.media.clear()
    kiosk.controller.handle(on.MediaBack())
    assert kiosk.outside.media == [media.PrepareCall("1", "offer 1"), media.AcceptCall("1")]
    kiosk.controller.call_answered("1", "answer")
    assert kiosk.signalling.last() == ("accept", "1", "answer")


async def test_an_offer_of_the_other_end_during_the_talk(kiosk: Kiosk) -> None:
    kiosk.talk()
    kiosk.controller.call_answered("1", "second answer")
    assert kiosk.signalling.last() == ("answer_reinvite", "1", "second answer")
    kiosk.controller.call_refused("1")
    assert kiosk.signalling.last() == ("refuse_reinvite", "1")
    assert isinstance(kiosk.controller.state.phase, Talking)


async def test_an_unusable_offer_is_488(kiosk: Kiosk) -> None:
    kiosk.call()
    kiosk.controller.call_refused("1")
    assert kiosk.signalling.done == [("reject", "1", 488)]
    assert isinstance(kiosk.controller.state.phase, Ended)


async def ask(kiosk: Kiosk) -> None:
    kiosk.controller.message_received("1", "application/fhir+json; charset=utf-8", msgspec.json.encode(TASK))
    await asyncio.sleep(0)


async def test_a_measurement_and_its_news(kiosk: Kiosk) -> None:
    kiosk.talk()
    await ask(kiosk)
    assert kiosk.signalling.task_news() == [("accepted", None)]
    kiosk.outside.result.set_result(Kept("r", reading()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert isinstance(kiosk.controller.state.measurement, Measured)
    assert kiosk.outside.sent == 1
    kiosk.controller.reading_delivered("r", "42")
    output = [{"type": {"text": "Observation"}, "valueReference": {"reference": "Observation/42"}}]
    assert kiosk.signalling.task_news() == [("accepted", None), ("in-progress", None), ("completed", output)]


async def test_a_reading_that_was_delivered_before_it_was_shown(kiosk: Kiosk) -> None:
    kiosk.talk()
    await ask(kiosk)
    kiosk.controller.reading_delivered("r", "42")
    kiosk.outside.result.set_result(Kept("r", reading()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [status for status, _ in kiosk.signalling.task_news()] == ["accepted", "in-progress", "completed"]


async def test_asked_twice_both_requests_are_answered(kiosk: Kiosk) -> None:
    kiosk.talk()
    await ask(kiosk)
    await ask(kiosk)
    kiosk.outside.result.set_result(Kept("r", reading()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    kiosk.controller.reading_delivered("r", "42")
    assert [status for status, _ in kiosk.signalling.task_news()].count("completed") == 2


@pytest.mark.parametrize(
    ("kept", "last"), [({"server_id": "42"}, "completed"), ({"held": True}, "failed"), ({}, "in-progress")]
)
async def test_a_device_that_replays_what_was_settled_before(kiosk: Kiosk, kept: dict[str, Any], last: str) -> None:
    kiosk.talk()
    await ask(kiosk)
    kiosk.outside.result.set_result(Kept("r", reading(), **kept))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert kiosk.signalling.task_news()[-1][0] == last


async def test_held_before_it_was_shown_is_told(kiosk: Kiosk) -> None:
    kiosk.talk()
    await ask(kiosk)
    kiosk.controller.reading_held("r")
    kiosk.outside.result.set_result(Kept("r", reading()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert kiosk.signalling.task_news()[-1][0] == "failed"
    measured = kiosk.controller.state.measurement
    assert isinstance(measured, Measured) and measured.delivery is Delivery.HELD


async def test_a_bug_while_measuring_ends_the_measurement(kiosk: Kiosk) -> None:
    kiosk.talk()
    await ask(kiosk)
    kiosk.outside.result.set_exception(OverflowError("a driver's bug"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert isinstance(kiosk.controller.state.measurement, NotMeasured)
    assert kiosk.signalling.task_news()[-1][0] == "failed"


async def test_a_measurement_that_failed_can_be_asked_for_again(kiosk: Kiosk) -> None:
    kiosk.talk()
    await ask(kiosk)
    kiosk.outside.result.set_result(MeasurementFault.NO_VALUE)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [status for status, _ in kiosk.signalling.task_news()] == ["accepted", "failed"]
    kiosk.outside.result = asyncio.get_running_loop().create_future()
    await ask(kiosk)
    assert [status for status, _ in kiosk.signalling.task_news()] == ["accepted", "failed", "accepted"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("text/plain", b"hei"), ("application/fhir+json", b"{"), ("application/fhir+json", b'{"resourceType":"Task"}')],
)
async def test_other_messages_are_ignored(kiosk: Kiosk, content_type: str, body: bytes) -> None:
    kiosk.talk()
    before = kiosk.controller.state
    kiosk.controller.message_received("1", content_type, body)
    kiosk.controller.message_received("nobody", content_type, body)
    assert kiosk.controller.state == before


async def test_a_painted_home_page_is_no_ring(kiosk: Kiosk) -> None:
    home = kiosk.revision
    kiosk.call()
    kiosk.controller.handle(on.RingSounding())
    kiosk.controller.painted(home)
    assert kiosk.signalling.done == []
    assert isinstance(kiosk.controller.state.phase, Ringing)
    assert isinstance(KioskState().phase, Idle)


PRESSURE, WEIGHT = MeasurementKind.BLOOD_PRESSURE, MeasurementKind.WEIGHT


def task_for(loinc: str) -> bytes:
    code = {"coding": [{"system": "http://loinc.org", "code": loinc}]}
    return msgspec.json.encode({**TASK, "code": code})


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_presses_reach_flow_with_what_they_are_about(kiosk: Kiosk) -> None:
    kiosk.press(Press.HISTORY)
    kiosk.press(Press.CURVE, kind=WEIGHT, span=Span.YEAR)
    kiosk.press(Press.BACK)
    assert kiosk.outside.asked == [(PRESSURE, Span.WEEK), (WEIGHT, Span.YEAR)]
    assert kiosk.controller.state.history is None
    kiosk.press(Press.MEASURE, kind=PRESSURE)
    await settle()
    kiosk.press(Press.STOP)
    assert kiosk.outside.asked[2:] == [PRESSURE, "stop"]
    assert kiosk.controller.state.measurement is None


@pytest.mark.parametrize("press", [Press.MEASURE, Press.MINE, Press.NOT_MINE, Press.CURVE])
async def test_a_press_that_says_not_what_it_is_about_is_ignored(kiosk: Kiosk, press: Press) -> None:
    before = kiosk.controller.state
    kiosk.press(press)
    assert kiosk.controller.state == before


async def test_a_press_on_the_home_page_that_comes_when_it_rings_does_nothing(kiosk: Kiosk) -> None:
    home = kiosk.revision
    kiosk.call()
    for press, about in ((Press.MEASURE, {"kind": PRESSURE}), (Press.HISTORY, {}), (Press.CLOSE_CARD, {})):
        kiosk.press(press, home, **about)
    assert kiosk.outside.asked == []
    assert isinstance(kiosk.controller.state.phase, Ringing)
    kiosk.press(Press.ANSWER)
    assert isinstance(kiosk.controller.state.phase, Connecting)


async def test_hanging_up_counts_whatever_has_come_beside_the_picture_meanwhile(kiosk: Kiosk) -> None:
    kiosk.talk()
    before = kiosk.revision
    await ask(kiosk)
    kiosk.controller.owner_asked("r1", weight())
    kiosk.controller.progress(cuff_pressure("80"))
    kiosk.press(Press.HANG_UP, before)
    assert kiosk.signalling.last() == ("hang_up", "1")


async def test_the_end_of_a_stopped_measurement_is_not_told_of_the_next(kiosk: Kiosk) -> None:
    first = kiosk.outside.result
    kiosk.press(Press.MEASURE, kind=PRESSURE)
    await settle()
    kiosk.press(Press.STOP)
    kiosk.outside.result = asyncio.get_running_loop().create_future()
    kiosk.press(Press.MEASURE, kind=WEIGHT)
    await settle()
    first.set_result(MeasurementFault.DEVICE_NOT_FOUND)
    await settle()
    measuring = kiosk.controller.state.measurement
    assert isinstance(measuring, Measuring) and measuring.kind is WEIGHT
    kiosk.outside.result.set_result(MeasurementFault.NO_VALUE)
    await settle()
    assert isinstance(kiosk.controller.state.measurement, NotMeasured)


async def test_a_reading_that_comes_after_stopping_is_shown_all_the_same(kiosk: Kiosk) -> None:
    kiosk.press(Press.MEASURE, kind=PRESSURE)
    await settle()
    kiosk.press(Press.STOP)
    kiosk.outside.result.set_result(Kept("r", reading()))
    await settle()
    assert isinstance(kiosk.controller.state.measurement, Measured)
    assert kiosk.outside.sent == 1


async def test_a_reading_that_nobody_asked_for_is_shown_and_sent(kiosk: Kiosk) -> None:
    kiosk.controller.reading_kept(Kept("w", weight(), doubt=MeasurementFault.NOT_STABLE))
    measured = kiosk.controller.state.measurement
    assert isinstance(measured, Measured) and measured.doubt is MeasurementFault.NOT_STABLE
    assert kiosk.outside.sent == 1
    kiosk.controller.reading_delivered("w", "7")
    measured = kiosk.controller.state.measurement
    assert isinstance(measured, Measured) and measured.delivery is Delivery.DELIVERED


async def test_a_device_used_unasked_that_gave_nothing_and_old_readings(kiosk: Kiosk) -> None:
    kiosk.controller.measurement_failed(WEIGHT, MeasurementFault.NOT_STABLE)
    failed = kiosk.controller.state.measurement
    assert isinstance(failed, NotMeasured) and failed.kind is WEIGHT
    kiosk.controller.old_readings(2)
    assert kiosk.controller.state.old_readings is not None


async def test_a_reading_of_another_kind_answers_no_request(kiosk: Kiosk) -> None:
    kiosk.talk()
    await ask(kiosk)
    kiosk.controller.reading_kept(Kept("w", weight()))
    kiosk.controller.reading_delivered("w", "7")
    assert [status for status, _ in kiosk.signalling.task_news()] == ["accepted"]
    kiosk.outside.result.set_result(Kept("r", reading()))
    await settle()
    kiosk.controller.reading_delivered("r", "42")
    assert [status for status, _ in kiosk.signalling.task_news()] == ["accepted", "in-progress", "completed"]


async def test_a_request_for_another_kind_ends_the_first(kiosk: Kiosk) -> None:
    kiosk.talk()
    await ask(kiosk)
    kiosk.controller.message_received("1", "application/fhir+json", task_for("29463-7"))
    await settle()
    assert kiosk.outside.asked == [PRESSURE, "stop", WEIGHT]
    assert [status for status, _ in kiosk.signalling.task_news()] == ["accepted", "failed", "accepted"]
    kiosk.outside.result.set_result(Kept("w", weight()))
    await settle()
    assert kiosk.signalling.task_news()[-1][0] == "in-progress"


async def test_the_question_whose_it_is_holds_the_request_until_it_is_answered(kiosk: Kiosk) -> None:
    kiosk.talk()
    await ask(kiosk)
    kiosk.controller.owner_asked("r", reading())
    assert kiosk.signalling.task_news()[-1][0] == "on-hold"
    kiosk.seconds = 5.0
    kiosk.press(Press.MINE, reading_id="r")
    assert kiosk.outside.asked[-1] == ("r", True)
    kiosk.outside.result.set_result(Kept("r", reading()))
    await settle()
    assert [status for status, _ in kiosk.signalling.task_news()] == ["accepted", "on-hold", "in-progress"]


async def test_not_mine_is_told_to_the_nurse_with_its_reason(kiosk: Kiosk) -> None:
    kiosk.talk()
    await ask(kiosk)
    kiosk.controller.owner_asked("r", reading())
    kiosk.seconds = 5.0
    kiosk.press(Press.NOT_MINE, reading_id="r")
    message = kiosk.signalling.last()[3]
    assert isinstance(message, dict)
    assert (message["status"], message["statusReason"]) == ("failed", {"text": "owner-denied"})
    assert kiosk.outside.asked[-2:] == [("r", False), "stop"]


async def test_stopped_before_it_began(kiosk: Kiosk) -> None:
    kiosk.press(Press.MEASURE, kind=PRESSURE)
    kiosk.press(Press.STOP)
    await settle()
    assert kiosk.outside.asked == ["stop"]


async def test_the_nurse_is_called_back_in_the_shape_of_the_call_before(kiosk: Kiosk) -> None:
    kiosk.talk()
    kiosk.controller.handle(on.HangUpPressed())
    kiosk.seconds += 1.0
    kiosk.controller.handle(on.UndoPressed())
    assert kiosk.outside.media[-1] == media.ReofferCall("1-back", media.Negotiated("offer 1", "answer"))
    kiosk.controller.offer_ready("1-back", "our offer")
    assert kiosk.signalling.last() == ("call", "1-back", KARI.uri, "our offer")
    kiosk.controller.offer_ready("1-back", "again")
    assert kiosk.signalling.last() == ("call", "1-back", KARI.uri, "our offer"), "once"
    kiosk.controller.answered_there("1-back", "her answer")
    assert media.TakeAnswer("1-back", "her answer") in kiosk.outside.media
    kiosk.controller.handle(on.PeerSeenOrHeard("1-back"))
    assert isinstance(kiosk.controller.state.phase, Talking)
    kiosk.controller.offer_ready("1-back", "fresh")
    assert kiosk.signalling.last() == ("reinvite", "1-back", "fresh")
    kiosk.controller.handle(on.HangUpPressed())
    assert kiosk.signalling.last() == ("hang_up", "1-back")
    kiosk.seconds += 1.0
    kiosk.controller.handle(on.UndoPressed())
    assert kiosk.outside.media[-1] == media.ReofferCall("1-back-back", media.Negotiated("her answer", "our offer"))


async def test_calling_back_that_is_stopped_or_refused(kiosk: Kiosk) -> None:
    kiosk.talk()
    kiosk.controller.handle(on.HangUpPressed())
    kiosk.seconds += 1.0
    kiosk.controller.handle(on.UndoPressed())
    kiosk.controller.offer_ready("1-back", "our offer")
    kiosk.controller.call_over("1-back", CallOutcome.NOT_REACHED)
    assert kiosk.outside.media[-1] == media.DropCall("1-back")
    kiosk.controller.offer_ready("1-back", "late")
    kiosk.controller.answered_there("1-back", "late")
    assert kiosk.signalling.last() == ("call", "1-back", KARI.uri, "our offer")


async def test_media_that_dies_while_calling_back_ends_it_calmly(kiosk: Kiosk) -> None:
    kiosk.talk()
    kiosk.controller.handle(on.HangUpPressed())
    kiosk.seconds += 1.0
    kiosk.controller.handle(on.UndoPressed())
    kiosk.controller.offer_ready("1-back", "our offer")
    kiosk.controller.handle(on.MediaLost())
    kiosk.controller.handle(on.MediaBack())
    phase = kiosk.controller.state.phase
    assert isinstance(phase, Ended) and phase.outcome is CallOutcome.NOT_REACHED
    assert kiosk.signalling.last() == ("hang_up", "1-back")


async def test_two_who_call_each_other(kiosk: Kiosk) -> None:
    kiosk.talk()
    kiosk.controller.handle(on.HangUpPressed())
    kiosk.seconds += 1.0
    kiosk.controller.handle(on.UndoPressed())
    kiosk.controller.offer_ready("1-back", "our offer")
    kiosk.controller.call_arrived(on.CallArrived("2", KARI), "her offer")
    assert kiosk.signalling.last() == ("hang_up", "1-back")
    assert kiosk.outside.media[-2:] == [media.PrepareCall("2", "her offer"), media.AcceptCall("2")]
    kiosk.controller.call_answered("1-back", "late")
    kiosk.controller.call_answered("2", "our answer")
    assert kiosk.signalling.last() == ("accept", "2", "our answer")
