"""Calls of ours through the pure user agent: proven, answered, refused, taken back; time is a number."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from kiosk.call.events import CallAnswered, CallEnded, CallRefused, MessageReceived, ReinviteReceived
from kiosk.call.sip.messages import Message
from tests.call.sip.peer import ANSWER, OFFER, ROUTES, Bench, text

KARI = "sip:kari@svar.example"
NAME = "back-1"
DESK = [
    ("Contact", "<sip:desk@1.2.3.4;transport=ws>"),
    ("Record-Route", ", ".join(ROUTES)),
    ("Allow", "INVITE, UPDATE"),
]
PROXY_CHALLENGE = ("Proxy-Authenticate", 'Digest realm="svar.example", nonce="n", qop="auth", algorithm=SHA-256')


@pytest.fixture
def bench() -> Bench:
    """Registered, and knowing the realm: the registrar has asked for the password."""
    made = Bench()
    made.do(made.agent.connected(made.now))
    made.answer(made.take()[-1], 401, [("WWW-Authenticate", PROXY_CHALLENGE[1])])
    made.accept_register(made.take()[-1])
    made.told()
    return made


def call(bench: Bench) -> Message:
    bench.do(bench.agent.call(NAME, KARI, OFFER, bench.now))
    return bench.one()


def hang_up(bench: Bench) -> None:
    bench.do(bench.agent.hang_up(NAME, None, bench.now))


def answered(bench: Bench, headers: Sequence[tuple[str, str]] = DESK) -> Message:
    """Called and answered; the INVITE. The ACK is still to be taken."""
    invite = call(bench)
    bench.answer(invite, 100)
    bench.answer(invite, 180)
    bench.answer(invite, 200, [*headers, ("Content-Type", "application/sdp")], ANSWER)
    return invite


def test_a_call_is_answered_acknowledged_and_hung_up(bench: Bench) -> None:
    invite = answered(bench)
    assert (invite.method, invite.uri, invite.recipient) == ("INVITE", KARI, f"<{KARI}>")
    assert invite.body.decode() == OFFER
    assert invite.get("P-Asserted-Identity") is None and invite.recipient_tag is None
    assert bench.told() == [CallAnswered(NAME, ANSWER)]
    ack = bench.one()
    assert (ack.method, ack.uri, ack.sequence) == ("ACK", "sip:desk@1.2.3.4;transport=ws", invite.sequence)
    assert ack.every("Route") == list(reversed(ROUTES))
    assert ack.branch != invite.branch
    hang_up(bench)
    bye = bench.one()
    assert (bye.method, bye.sequence, bye.call_id) == ("BYE", invite.sequence + 1, invite.call_id)
    assert (bye.sender_tag, bye.recipient_tag) == (invite.sender_tag, "server")
    bench.answer(bye, 200)
    assert bench.told() == []
    assert not bench.agent.busy


def test_the_other_end_hangs_up_writes_and_offers_as_in_any_call(bench: Bench) -> None:
    invite = answered(bench)
    bench.take(), bench.told()
    branches = itertools.count()

    def request(method: str, sequence: int, headers: Sequence[tuple[str, str]] = (), body: str = "") -> None:
        fixed = [
            ("Via", f"SIP/2.0/WSS 10.0.0.1:443;branch=z9hG4bKin{next(branches)}"),
            ("From", f"<{KARI}>;tag=server"),
            ("To", invite.sender),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{sequence} {method}"),
            *headers,
        ]
        bench.receive(text(f"{method} sip:x@y.invalid SIP/2.0", fixed, body))

    request("MESSAGE", 0, [("Content-Type", "text/plain")], "Hei")
    request("INVITE", 1, [*DESK[:1], ("Content-Type", "application/sdp")], OFFER.replace("1 1", "1 9"))
    request("BYE", 2)
    message, offer, ended = bench.told()
    assert isinstance(message, MessageReceived) and message.call_id == NAME
    assert isinstance(offer, ReinviteReceived) and offer.call_id == NAME
    assert isinstance(ended, CallEnded) and ended.by_peer
    assert not bench.agent.busy


def test_a_challenge_is_answered_once(bench: Bench) -> None:
    first = call(bench)
    bench.answer(first, 407, [PROXY_CHALLENGE])
    ack, second = bench.take()
    assert ack.method == "ACK" and ack.branch == first.branch
    assert second.sequence == first.sequence + 1 and second.call_id == first.call_id
    assert (second.get("Proxy-Authorization") or "").startswith("Digest ")
    bench.answer(second, 407, [PROXY_CHALLENGE])
    assert bench.told() == [CallRefused(NAME, 407)]


def test_nobody_else_may_try_our_password(bench: Bench) -> None:
    bench.answer(call(bench), 407, [("Proxy-Authenticate", PROXY_CHALLENGE[1].replace("svar.example", "evil.example"))])
    assert bench.one().method == "ACK"
    assert bench.told() == [CallRefused(NAME, 407)]


@pytest.mark.parametrize("status", [302, 404, 480, 486, 488, 500, 603])
def test_a_refusal_is_told_and_acknowledged(bench: Bench, status: int) -> None:
    invite = call(bench)
    bench.answer(invite, 180)
    bench.answer(invite, status)
    ack = bench.one()
    assert (ack.method, ack.branch) == ("ACK", invite.branch)
    assert bench.told() == [CallRefused(NAME, status)]
    assert not bench.agent.busy


def test_without_a_registration_nobody_is_called() -> None:
    bench = Bench()
    bench.do(bench.agent.call(NAME, KARI, OFFER, bench.now))
    assert bench.take() == []
    assert bench.told() == [CallRefused(NAME, 503)]


def test_a_lost_connection_ends_the_calling(bench: Bench) -> None:
    bench.answer(call(bench), 180)
    bench.do(bench.agent.disconnected("gone", bench.now))
    assert CallRefused(NAME, 503) in bench.told()
    assert not bench.agent.busy


def test_nobody_answers(bench: Bench) -> None:
    invite = call(bench)
    bench.answer(invite, 180)
    bench.wait(46)
    cancel = bench.one()
    assert (cancel.method, cancel.branch, cancel.sequence) == ("CANCEL", invite.branch, invite.sequence)
    assert cancel.recipient == invite.recipient and cancel.body == b""
    assert bench.told() == [CallRefused(NAME, 408)]
    bench.answer(cancel, 200)
    bench.answer(invite, 487)
    assert bench.one().method == "ACK"
    assert bench.told() == []
    assert not bench.agent.busy


def test_a_server_that_says_nothing(bench: Bench) -> None:
    call(bench)
    bench.wait(33)
    assert bench.take() == []
    assert bench.told() == [CallRefused(NAME, 408)]


def test_taken_back_before_anything_came_the_cancel_waits(bench: Bench) -> None:
    invite = call(bench)
    hang_up(bench)
    assert bench.take() == [], "it could overtake the INVITE"
    bench.answer(invite, 100)
    assert bench.one().method == "CANCEL"
    bench.answer(invite, 180)
    assert bench.take() == []
    bench.answer(invite, 487)
    assert bench.one().method == "ACK"
    assert bench.told() == []
    assert not bench.agent.busy


def test_an_answer_that_crosses_the_cancel_is_hung_up(bench: Bench) -> None:
    invite = call(bench)
    bench.answer(invite, 180)
    hang_up(bench)
    hang_up(bench)
    assert bench.one().method == "CANCEL"
    bench.answer(invite, 200, [*DESK, ("Content-Type", "application/sdp")], ANSWER)
    assert [one.method for one in bench.take()] == ["ACK", "BYE"]
    assert bench.told() == []


def test_an_answer_that_comes_again_is_acknowledged_again(bench: Bench) -> None:
    invite = answered(bench)
    bench.take()
    for _ in range(2):
        bench.answer(invite, 200, [*DESK, ("Content-Type", "application/sdp")], ANSWER)
        assert bench.one().method == "ACK"
    assert bench.told() == [CallAnswered(NAME, ANSWER)]


def test_of_two_telephones_that_pick_up_the_second_is_hung_up(bench: Bench) -> None:
    invite = answered(bench)
    bench.take()
    fixed = [("Via", via) for via in invite.via]
    fixed += [("From", invite.sender), ("To", f"{invite.recipient};tag=other"), ("Call-ID", invite.call_id)]
    fixed += [
        ("CSeq", f"{invite.sequence} INVITE"),
        ("Contact", "<sip:other@1.2.3.4>"),
        ("Content-Type", "application/sdp"),
    ]
    bench.receive(text("SIP/2.0 200 OK", fixed, ANSWER))
    ack, bye = bench.take()
    assert (ack.method, bye.method, bye.recipient_tag) == ("ACK", "BYE", "other")
    assert bench.told() == [CallAnswered(NAME, ANSWER)]


def test_an_answer_without_a_session_is_hung_up(bench: Bench) -> None:
    invite = call(bench)
    bench.answer(invite, 200, DESK)
    assert [one.method for one in bench.take()] == ["ACK", "BYE"]
    assert bench.told() == [CallRefused(NAME, 488)]


def test_an_answer_from_nowhere_is_survived(bench: Bench) -> None:
    invite = call(bench)
    bench.answer(invite, 200, [("Content-Type", "application/sdp")], ANSWER)
    assert bench.take() == []
    assert bench.told() == []
    bench.wait(60)
    assert CallRefused(NAME, 408) in bench.told()
