"""Calls through the pure user agent: every rule of who may send what when, with time as a number."""

from __future__ import annotations

import pytest

from kiosk.call.events import (
    CallCancelled,
    CallConfirmed,
    CallEnded,
    IncomingCall,
    MessageFailed,
    MessageReceived,
    NoAck,
    RegistrationChanged,
    ReinviteAnswered,
    ReinviteFailed,
    ReinviteReceived,
)
from kiosk.call.sip.user_agent import MAXIMUM_CALLS
from tests.call.sip.peer import ANSWER, OFFER, ROUTES, Bench, Caller, text

OTHER = OFFER.replace("o=- 1 1", "o=- 1 2")
PROXY_CHALLENGE = ("Proxy-Authenticate", 'Digest realm="svar.example", nonce="n", qop="auth", algorithm=SHA-256')


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.register()
    return made


@pytest.fixture
def caller(bench: Bench) -> Caller:
    return Caller(bench)


# before the answer


def test_trying_then_ringing_then_answer(bench: Bench, caller: Caller) -> None:
    caller.invite([("P-Asserted-Identity", "<sip:kari@svar.example>")])
    assert bench.one().status == 100
    (told,) = bench.told()
    assert isinstance(told, IncomingCall)
    assert (told.asserted_identity, told.offer) == ("sip:kari@svar.example", OFFER)
    bench.do(bench.agent.ring(told.call_id, bench.now))
    ringing = bench.one()
    assert ringing.status == 180 and ringing.recipient_tag and ringing.every("Record-Route") == list(ROUTES)
    bench.wait(61)
    assert bench.statuses() == [180]
    bench.do(bench.agent.accept(told.call_id, ANSWER, bench.now))
    answer = bench.one()
    assert answer.status == 200 and answer.body.decode() == ANSWER
    assert answer.recipient_tag == ringing.recipient_tag and answer.every("Record-Route") == list(ROUTES)
    caller.recipient = answer.recipient
    caller.ack()
    assert bench.told() == [CallConfirmed(told.call_id)]


def test_the_answer_is_repeated_until_ack(bench: Bench, caller: Caller) -> None:
    name = caller.ring()
    bench.do(bench.agent.accept(name, ANSWER, bench.now))
    caller.recipient = bench.one().recipient
    bench.wait(8)
    assert bench.statuses() == [200] * 4  # after 0.5, 1.5, 3.5 and 7.5 s
    caller.ack()
    caller.ack()
    bench.wait(60)
    assert bench.take() == [] and bench.told() == [CallConfirmed(name)]


def test_no_ack_at_all(bench: Bench, caller: Caller) -> None:
    name = caller.ring()
    bench.do(bench.agent.accept(name, ANSWER, bench.now))
    bench.wait(33)
    assert bench.told() == [NoAck(name)]
    assert bench.take()[-1].method == "BYE"


def test_bye_waits_for_ack(bench: Bench, caller: Caller) -> None:
    name = caller.ring()
    bench.do(bench.agent.accept(name, ANSWER, bench.now))
    caller.recipient = bench.one().recipient
    bench.do(bench.agent.hang_up(name, None, bench.now))
    assert bench.take() == []
    caller.ack()
    bye = bench.one()
    assert (bye.method, bye.uri) == ("BYE", "sip:kari@desk.invalid;transport=ws;alias=1~2~5")
    assert bye.every("Route") == list(ROUTES)
    bench.answer(bye, 200)
    assert not bench.agent.busy and bench.told() == []


@pytest.mark.parametrize("status", [480, 486, 488, 600, 603])
def test_rejected(bench: Bench, caller: Caller, status: int) -> None:
    name = caller.ring()
    bench.do(bench.agent.reject(name, status, 'r\n"ø', bench.now))
    final = bench.one()
    assert final.status == status and final.get("Reason") == f'SIP;cause={status};text="r?\\"?"'
    caller.request("ACK", branch=caller.branch)
    bench.do(bench.agent.accept(name, ANSWER, bench.now))
    bench.do(bench.agent.ring(name, bench.now))
    assert bench.take() == [] and not bench.agent.busy


@pytest.mark.parametrize(
    "reason, elsewhere",
    [(None, False), ('SIP;cause=200;text="Call completed elsewhere"', True), ("SIP;cause=603", False)],
)
def test_cancelled(bench: Bench, caller: Caller, reason: str | None, elsewhere: bool) -> None:
    name = caller.ring()
    caller.request("CANCEL", [("Reason", reason)] if reason else [], branch=caller.branch)
    assert sorted(bench.statuses()) == [200, 487]
    assert bench.told() == [CallCancelled(name, elsewhere)]
    bench.do(bench.agent.accept(name, ANSWER, bench.now))
    assert bench.take() == []


def test_cancel_after_the_answer_changes_nothing(bench: Bench, caller: Caller) -> None:
    name = caller.ring()
    branch = caller.branch
    bench.do(bench.agent.accept(name, ANSWER, bench.now))
    answer = bench.one()
    caller.request("CANCEL", branch=branch)
    assert bench.statuses() == [200] and bench.told() == []
    caller.recipient = answer.recipient
    caller.ack()
    assert bench.told() == [CallConfirmed(name)]


def test_cancel_of_nothing(bench: Bench, caller: Caller) -> None:
    caller.request("CANCEL")
    assert bench.statuses() == [481]


@pytest.mark.parametrize(
    "headers, body, status",
    [
        ([], "", 488),
        ([], "v=0\r\n", 488),
        ([], "hello", 400),
        ([("Require", "100rel, timer")], OFFER, 420),
        ([("Session-Expires", "30")], OFFER, 422),
        ([("Content-Encoding", "gzip")], OFFER, 415),
        ([("Contact", "<sip:second@x>")], OFFER, 400),
    ],
)
def test_invites_that_cannot_be(
    bench: Bench, caller: Caller, headers: list[tuple[str, str]], body: str, status: int
) -> None:
    caller.invite(headers, body)
    assert [one for one in bench.statuses() if one != 100] == [status]
    assert bench.told() == [] and not bench.agent.busy


def test_too_many_calls_are_busy(bench: Bench) -> None:
    for number in range(MAXIMUM_CALLS):
        Caller(bench, str(number)).ring()
    Caller(bench, "last").invite()
    assert bench.statuses() == [100, 486] and bench.told() == []


def test_a_merged_invite_and_a_repeated_one(bench: Bench, caller: Caller) -> None:
    data = caller.invite()
    assert bench.statuses() == [100] and len(bench.told()) == 1
    bench.receive(data)
    assert bench.statuses() == [100] and bench.told() == []
    bench.receive(data.replace(b"branch=z9hG4bK1;", b"branch=z9hG4bKother;"))
    assert bench.statuses() == [482] and bench.told() == []


@pytest.mark.parametrize(
    "method, status",
    [
        ("OPTIONS", 200),
        ("MESSAGE", 403),
        ("BYE", 481),
        ("UPDATE", 481),
        ("INFO", 405),
        ("REGISTER", 405),
        ("SUBSCRIBE", 405),
        ("FROBNICATE", 501),
        ("invite", 501),
    ],
)
def test_requests_outside_of_calls(bench: Bench, caller: Caller, method: str, status: int) -> None:
    caller.request(method, body="x", kind="text/plain")
    assert bench.statuses() == [status] and bench.told() == []


def test_requests_for_unknown_dialogs(bench: Bench, caller: Caller) -> None:
    caller.recipient += ";tag=unknown"
    for method in ("BYE", "INVITE", "MESSAGE", "UPDATE"):
        caller.request(method, body=OFFER)
        assert bench.statuses() == [481]
    caller.ack()
    assert bench.take() == []


def test_the_caller_says_bye_while_it_rings(bench: Bench, caller: Caller) -> None:
    name = caller.ring()
    bench.do(bench.agent.ring(name, bench.now))
    caller.recipient = bench.one().recipient
    caller.request("BYE")
    assert sorted(bench.statuses()) == [200, 487] and bench.told() == [CallCancelled(name, False)]


# during the call


def test_bye_from_the_peer(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    caller.request("BYE", [("Reason", 'SIP;cause=200;text="secret words"')])
    assert bench.statuses() == [200]
    assert bench.told() == [CallEnded(name, True, "SIP 200")] and not bench.agent.busy


def test_both_hang_up_at_once(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    bench.do(bench.agent.hang_up(name, None, bench.now))
    bye = bench.one()
    caller.request("BYE")
    assert bench.statuses() == [200] and bench.told() == []
    bench.answer(bye, 481)
    assert bench.take() == [] and not bench.agent.busy


def test_sequence_numbers(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    data = caller.request("MESSAGE", body="a", kind="text/plain")
    bench.receive(data)
    assert bench.statuses() == [200, 200]
    assert bench.told() == [MessageReceived(name, "text/plain", b"a")]
    caller.request("MESSAGE", body="b", kind="text/plain", sequence=caller.sequence - 1)
    assert bench.statuses() == [500] and bench.told() == []


@pytest.mark.parametrize(
    "kind, body, status", [("", "x", 400), ("text/plain", "x" * 70_000, 413), ("application/fhir+json", "", 200)]
)
def test_messages(bench: Bench, caller: Caller, kind: str, body: str, status: int) -> None:
    caller.talk()
    headers = [("Content-Type", kind)] if kind and not body else []
    caller.request("MESSAGE", headers, body, kind=kind)
    assert bench.statuses() == [status]


def test_messages_go_one_by_one(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    for body in (b"1", b"2"):
        bench.do(bench.agent.send_message(name, "text/plain", body, bench.now))
    first = bench.one()
    assert first.body == b"1" and first.get("Content-Type") == "text/plain"
    bench.answer(first, 415)
    assert bench.told() == [MessageFailed(name, 415)]
    second = bench.one()
    assert second.body == b"2" and second.sequence == first.sequence + 1
    bench.wait(33)
    assert bench.told() == [MessageFailed(name, 408)]
    bench.do(bench.agent.send_message(name, "text/plain", b"3", bench.now))
    bench.answer(bench.one(), 481)
    assert bench.told() == [MessageFailed(name, 481), CallEnded(name, False, "MESSAGE: 481")]


def test_a_proxy_may_challenge_but_only_for_our_realm(bench: Bench, caller: Caller) -> None:
    bench.do(bench.agent.disconnected("", bench.now))
    bench.do(bench.agent.connected(bench.now))
    challenge = ("WWW-Authenticate", PROXY_CHALLENGE[1])
    bench.answer(bench.one(), 401, [challenge])
    bench.accept_register(bench.one())
    bench.told()
    name = caller.talk()
    for method in ("MESSAGE", "INVITE"):
        if method == "MESSAGE":
            bench.do(bench.agent.send_message(name, "text/plain", b"1", bench.now))
        else:
            bench.do(bench.agent.reinvite(name, OTHER, bench.now))
        first = bench.one()
        bench.answer(first, 407, [PROXY_CHALLENGE])
        again = bench.take()[-1]
        assert again.method == method and again.sequence == first.sequence + 1
        assert f'uri="{again.uri}"' in (again.get("Proxy-Authorization") or "")
        bench.answer(again, 407, [PROXY_CHALLENGE])
        assert bench.told() == [MessageFailed(name, 407) if method == "MESSAGE" else ReinviteFailed(name, 407)]
        bench.take()
    bench.do(bench.agent.send_message(name, "text/plain", b"1", bench.now))
    bench.answer(bench.one(), 407, [("Proxy-Authenticate", PROXY_CHALLENGE[1].replace("svar", "evil"))])
    assert bench.take() == [] and bench.told() == [MessageFailed(name, 407)]


def test_their_reinvite(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    caller.request("INVITE", [("Contact", "<sip:moved@desk.invalid>")], OTHER)
    assert bench.statuses() == [100] and bench.told() == [ReinviteReceived(name, OTHER)]
    caller.request("INVITE", body=OFFER)
    assert bench.statuses() == [100, 500]
    caller.sequence -= 1
    bench.do(bench.agent.answer_reinvite(name, ANSWER, bench.now))
    assert bench.one().body.decode() == ANSWER
    bench.wait(0.6)
    assert bench.statuses() == [200]
    caller.ack()
    bench.wait(40)
    assert bench.take() == [] and bench.told() == []
    bench.do(bench.agent.hang_up(name, None, bench.now))
    assert bench.one().uri == "sip:moved@desk.invalid"


def test_their_reinvite_refused_or_useless(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    caller.request("INVITE", body=OTHER)
    bench.do(bench.agent.refuse_reinvite(name, 488, bench.now))
    assert bench.statuses() == [100, 488]
    caller.request("INVITE")
    assert bench.statuses() == [100, 488]
    assert bench.told() == [ReinviteReceived(name, OTHER)] and bench.agent.busy


def test_a_reinvite_that_changes_nothing_is_answered_by_itself(bench: Bench, caller: Caller) -> None:
    caller.talk()
    caller.request("INVITE", [("Contact", "<sip:kari@desk.invalid>")], OFFER)
    sent = bench.take()
    assert [one.status for one in sent] == [100, 200] and sent[1].body.decode() == ANSWER
    assert bench.told() == []


def test_a_reinvite_without_ack_ends_the_call(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    caller.request("INVITE", body=OTHER)
    bench.do(bench.agent.answer_reinvite(name, ANSWER, bench.now))
    bench.told()
    bench.wait(33)
    assert bench.told() == [CallEnded(name, False, "re-INVITE: no ACK")]
    assert bench.take()[-1].method == "BYE"


def test_our_reinvite(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    bench.do(bench.agent.reinvite(name, OTHER, bench.now))
    invite = bench.one()
    assert (invite.method, invite.body.decode()) == ("INVITE", OTHER)
    bench.answer(invite, 100)
    data = bench.answer(invite, 200, [("Content-Type", "application/sdp"), ("Contact", "<sip:new@x>")], ANSWER)
    ack = bench.one()
    assert (ack.method, ack.sequence, ack.uri) == ("ACK", invite.sequence, "sip:new@x")
    assert bench.told() == [ReinviteAnswered(name, ANSWER)]
    bench.receive(data)
    assert bench.one() == ack
    assert bench.told() == []


@pytest.mark.parametrize("status", [408, 481])
def test_our_reinvite_finds_no_call(bench: Bench, caller: Caller, status: int) -> None:
    name = caller.talk()
    bench.do(bench.agent.reinvite(name, OTHER, bench.now))
    bench.answer(bench.one(), status)
    assert [one.method for one in bench.take()] == ["ACK", "BYE"]
    assert bench.told() == [CallEnded(name, False, f"re-INVITE: {status}")]


def test_our_reinvite_is_never_answered(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    bench.do(bench.agent.reinvite(name, OTHER, bench.now))
    bench.take()
    bench.wait(33)
    assert bench.told() == [CallEnded(name, False, "re-INVITE: 408")]


def test_a_newer_offer_survives_the_refusal_of_an_older(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    bench.do(bench.agent.reinvite(name, OTHER, bench.now))
    bench.do(bench.agent.reinvite(name, OFFER, bench.now))
    bench.answer(bench.one(), 488)
    assert bench.told() == [ReinviteFailed(name, 488)]
    assert [one.method for one in bench.sent] == ["ACK", "INVITE"] and bench.sent[1].body.decode() == OFFER


@pytest.mark.parametrize("refused", [False, True])
def test_glare(bench: Bench, caller: Caller, refused: bool) -> None:
    name = caller.talk()
    bench.do(bench.agent.reinvite(name, OTHER, bench.now))
    ours = bench.one()
    caller.request("INVITE", body=OTHER)
    assert bench.statuses() == [100, 491] and bench.told() == []
    bench.answer(ours, 491)
    assert [one.method for one in bench.take()] == ["ACK"]
    caller.request("INVITE", body=OTHER)  # theirs comes first this time
    assert bench.told() == [ReinviteReceived(name, OTHER)]
    bench.take()
    bench.wait(2)
    assert bench.take() == []
    if refused:
        bench.do(bench.agent.refuse_reinvite(name, 488, bench.now))
        refusal, again = bench.take()
        assert refusal.status == 488
        assert again.method == "INVITE" and again.sequence == ours.sequence + 1
    else:
        bench.do(bench.agent.answer_reinvite(name, ANSWER, bench.now))
        assert bench.one().status == 200
        caller.ack()
        bench.wait(5)
        assert bench.take() == []  # media has followed theirs: ours would speak of a connection that is gone


def test_update_refreshes(bench: Bench, caller: Caller) -> None:
    name = caller.talk([("Session-Expires", "90")])
    caller.request(
        "UPDATE", [("Session-Expires", "90;refresher=uac"), ("Supported", "timer"), ("Contact", "<sip:u@x>")]
    )
    answer = bench.one()
    assert answer.get("Session-Expires") == "90;refresher=uac" and answer.get("Require") == "timer"
    caller.request("UPDATE", body=OTHER)
    assert bench.statuses() == [488]
    bench.do(bench.agent.hang_up(name, None, bench.now))
    assert bench.one().uri == "sip:u@x"


# session timers


def test_a_session_that_is_not_refreshed_ends(bench: Bench, caller: Caller) -> None:
    name = caller.talk([("Session-Expires", "90")])
    for _ in range(3):
        bench.wait(45)
        caller.request("UPDATE", [("Session-Expires", "90;refresher=uac"), ("Supported", "timer")])
    assert bench.told() == []
    bench.take()
    bench.wait(61)
    assert bench.told() == [CallEnded(name, False, "the session was not refreshed")]


def test_we_refresh_when_asked_to(bench: Bench, caller: Caller) -> None:
    caller.invite([("Session-Expires", "100;refresher=uas")])
    name = bench.told()[-1]
    assert isinstance(name, IncomingCall)
    bench.do(bench.agent.accept(name.call_id, ANSWER, bench.now))
    answer = bench.take()[-1]
    assert answer.get("Session-Expires") == "100;refresher=uas" and answer.get("Require") is None
    caller.recipient = answer.recipient
    caller.ack()
    for _ in range(3):
        bench.wait(50.5)
        update = bench.take()[-1]
        assert update.method == "UPDATE" and update.get("Session-Expires") == "100;refresher=uac"
        bench.answer(update, 200)


# the connection comes and goes


def test_commands_wait_for_the_connection(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    bench.do(bench.agent.send_message(name, "text/plain", b"1", bench.now))
    bench.take()
    bench.do(bench.agent.disconnected("gone", bench.now))
    bench.do(bench.agent.send_message(name, "text/plain", b"2", bench.now))
    bench.do(bench.agent.reinvite(name, OTHER, bench.now))
    assert bench.take() == []
    bench.do(bench.agent.connected(bench.now))
    bench.accept_register(bench.one())
    assert [one.method for one in bench.sent] == ["MESSAGE", "INVITE"] and bench.sent[0].body == b"1"
    assert all(isinstance(one, RegistrationChanged) for one in bench.told())


def test_an_offer_made_before_the_outage_is_not_sent_after_it(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    bench.do(bench.agent.reinvite(name, OTHER, bench.now))
    lost = bench.one()
    bench.do(bench.agent.disconnected("gone", bench.now))
    bench.do(bench.agent.connected(bench.now))
    bench.accept_register(bench.one())
    assert "INVITE" not in [one.method for one in bench.take()]
    bench.do(bench.agent.reinvite(name, OFFER, bench.now))
    # The first may have been accepted and its 200 lost: the other end waits for the ACK before it takes another.
    acknowledged, fresh = bench.take()
    assert (acknowledged.method, acknowledged.sequence) == ("ACK", lost.sequence)
    assert (fresh.method, fresh.body.decode()) == ("INVITE", OFFER)
    bench.answer(fresh, 200, [("Content-Type", "application/sdp")], ANSWER)
    assert ReinviteAnswered(name, ANSWER) in bench.told()
    bench.take()
    bench.do(bench.agent.reinvite(name, OTHER, bench.now))
    assert [one.method for one in bench.take()] == ["INVITE"]


def test_an_acknowledgement_that_crossed_the_200_is_sent_again(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    bench.do(bench.agent.reinvite(name, OTHER, bench.now))
    lost = bench.one()
    bench.do(bench.agent.disconnected("gone", bench.now))
    bench.do(bench.agent.connected(bench.now))
    bench.accept_register(bench.one())
    bench.take()
    bench.do(bench.agent.reinvite(name, OFFER, bench.now))
    bench.answer(bench.take()[-1], 403)  # JsSIP's answer while it waits for an ACK
    assert [one.method for one in bench.take()] == ["ACK"] and ReinviteFailed(name, 403) not in bench.told()
    bench.wait(1.1)
    acknowledged, fresh = bench.take()
    assert (acknowledged.method, acknowledged.sequence) == ("ACK", lost.sequence)
    assert (fresh.method, fresh.body.decode()) == ("INVITE", OFFER)
    bench.answer(fresh, 200, [("Content-Type", "application/sdp")], ANSWER)
    assert ReinviteAnswered(name, ANSWER) in bench.told()


@pytest.mark.parametrize("status", [430, 480, 503])
def test_a_peer_that_is_just_reconnecting_is_waited_for(bench: Bench, caller: Caller, status: int) -> None:
    name = caller.talk()
    bench.do(bench.agent.send_message(name, "text/plain", b"1", bench.now))
    bench.do(bench.agent.reinvite(name, OTHER, bench.now))
    bench.do(bench.agent.hang_up(name, None, bench.now))
    assert [one.method for one in bench.sent] == ["MESSAGE", "INVITE", "BYE"]
    bye = bench.take()[-1]
    bench.answer(bye, status)
    assert bench.take() == [] and bench.agent.busy
    bench.wait(1.1)
    again = bench.one()
    assert again.method == "BYE"
    bench.answer(again, 200)
    assert not bench.agent.busy


@pytest.mark.parametrize("method", ["MESSAGE", "INVITE"])
def test_it_is_not_waited_for_for_ever(bench: Bench, caller: Caller, method: str) -> None:
    name = caller.talk()
    if method == "MESSAGE":
        bench.do(bench.agent.send_message(name, "text/plain", b"1", bench.now))
    else:
        bench.do(bench.agent.reinvite(name, OTHER, bench.now))
    for wait in (1, 2, 4, 8, 16):
        bench.answer(bench.take()[-1], 480)
        bench.take()
        bench.wait(wait - 0.1)
        assert bench.take() == [] and bench.told() == []
        bench.wait(0.2)
    bench.answer(bench.one(), 480)
    assert bench.told() == [MessageFailed(name, 480) if method == "MESSAGE" else ReinviteFailed(name, 480)]


def test_hanging_up_without_a_connection(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    bench.do(bench.agent.disconnected("gone", bench.now))
    bench.do(bench.agent.hang_up(name, None, bench.now))
    bench.wait(20)
    bench.do(bench.agent.connected(bench.now))
    bench.accept_register(bench.one())
    bench.answer(bench.one(), 200)
    assert not bench.agent.busy


def test_a_call_hung_up_without_a_connection_is_forgotten(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    bench.do(bench.agent.disconnected("gone", bench.now))
    bench.do(bench.agent.hang_up(name, None, bench.now))
    bench.wait(70)
    assert not bench.agent.busy


def test_after_an_outage_the_peer_learns_where_we_are(bench: Bench, caller: Caller) -> None:
    caller.talk([("Session-Expires", "90")])
    bench.do(bench.agent.disconnected("gone", bench.now))
    bench.wait(200)
    bench.told()
    bench.do(bench.agent.connected(bench.now))
    bench.accept_register(bench.one())
    update = bench.one()
    assert update.method == "UPDATE" and update.get("Contact")
    bench.answer(update, 200)
    assert all(isinstance(one, RegistrationChanged) for one in bench.told()) and bench.agent.busy


# nonsense


def test_nonsense_is_counted(bench: Bench) -> None:
    for data in (b"x", b"\xff" * 50, text("SIP/2.0 200 OK", [])):
        bench.receive(data)
    assert bench.agent.dropped == 3
    bench.receive(b"\r\n\r\n")
    assert bench.agent.dropped == 3 and bench.take() == []


def test_responses_to_nothing_are_counted(bench: Bench, caller: Caller) -> None:
    name = caller.talk()
    bench.do(bench.agent.send_message(name, "text/plain", b"1", bench.now))
    message = bench.one()
    bench.answer(message, 200)
    bench.answer(message, 200)
    assert bench.agent.dropped == 0
    bench.wait(40)
    bench.answer(message, 200)
    assert bench.agent.dropped == 1


def test_a_flood_of_requests_takes_no_more_memory(bench: Bench, caller: Caller) -> None:
    for _ in range(600):
        caller.request("OPTIONS")
    assert bench.statuses() == [200] * 600
    assert len(bench.agent._layer._servers) <= 256
