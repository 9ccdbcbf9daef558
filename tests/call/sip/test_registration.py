"""REGISTER and everything that a server may answer to it, with time as a number."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.call.events import RegistrationChanged, RegistrationState
from kiosk.call.sip.credentials import Account
from tests.call.sip.peer import ACCOUNT, GRUU, INSTANCE, Bench, Caller

CHALLENGE = ("WWW-Authenticate", 'Digest realm="svar.example", nonce="n", qop="auth", algorithm=SHA-256')
STALE = ("WWW-Authenticate", CHALLENGE[1] + ", stale=true")


def states(bench: Bench) -> list[RegistrationState]:
    return [one.state for one in bench.told() if isinstance(one, RegistrationChanged)]


def connected(account: Account = ACCOUNT) -> Bench:
    bench = Bench(account)
    bench.do(bench.agent.connected(bench.now))
    return bench


def test_what_register_says() -> None:
    register = connected().one()
    assert register.method == "REGISTER" and register.uri == "sip:svar.example"
    contact = register.get("Contact") or ""
    assert "transport=ws>" in contact and f'+sip.instance="<{INSTANCE}>"' in contact and "reg-id=1" in contact
    assert ".invalid" in register.via[0] and register.via[0].startswith("SIP/2.0/WS ")


def test_challenge_then_accepted_then_refreshed_at_half() -> None:
    bench = connected()
    first = bench.one()
    bench.answer(first, 401, [CHALLENGE])
    second = bench.one()
    assert second.sequence == first.sequence + 1 and second.call_id == first.call_id
    assert second.branch != first.branch and "algorithm=SHA-256" in (second.get("Authorization") or "")
    bench.accept_register(second, expires=100)
    assert states(bench) == [RegistrationState.REGISTERED] and bench.agent.registered
    bench.wait(49)
    assert bench.take() == []
    bench.wait(2)
    assert bench.one().method == "REGISTER"
    assert bench.agent.registered


def test_wrong_password_is_refused_and_tried_again_slowly() -> None:
    bench = connected()
    bench.answer(bench.one(), 401, [CHALLENGE])
    bench.answer(bench.one(), 401, [CHALLENGE])
    assert states(bench) == [RegistrationState.REFUSED] and bench.take() == []
    bench.wait(59)
    assert bench.take() == []
    bench.wait(62)
    assert bench.one().get("Authorization") is None


def test_a_stale_nonce_is_no_wrong_password_but_not_for_ever() -> None:
    bench = connected()
    bench.answer(bench.one(), 401, [CHALLENGE])
    bench.answer(bench.one(), 401, [STALE])
    assert states(bench) == []
    for _ in range(10):
        for request in bench.take():
            bench.answer(request, 401, [STALE])
    assert states(bench) == [RegistrationState.REFUSED]


@pytest.mark.parametrize("allowed, sent", [(False, 0), (True, 1)])
def test_md5_only_when_allowed(allowed: bool, sent: int) -> None:
    bench = connected(msgspec.structs.replace(ACCOUNT, allow_md5=allowed))
    bench.answer(bench.one(), 401, [("WWW-Authenticate", 'Digest realm="svar.example", nonce="n"')])
    assert len(bench.take()) == sent
    assert states(bench) == ([] if allowed else [RegistrationState.REFUSED])


def test_interval_too_brief() -> None:
    bench = connected()
    bench.answer(bench.one(), 423, [("Min-Expires", "1800")])
    again = bench.one()
    assert again.get("Expires") == "1800"
    bench.answer(again, 423, [("Min-Expires", "1800")])
    assert states(bench) == [RegistrationState.REFUSED]


@pytest.mark.parametrize("status", [403, 404, 302, 600])
def test_other_refusals(status: int) -> None:
    bench = connected()
    bench.answer(bench.one(), status)
    assert states(bench) == [RegistrationState.REFUSED]


def test_server_trouble_backs_off_and_obeys_retry_after() -> None:
    bench = connected()
    bench.answer(bench.one(), 503, [("Retry-After", "40 (busy)")])
    assert states(bench) == [RegistrationState.OFFLINE]
    bench.wait(39)
    assert bench.take() == []
    gaps = []
    for _ in range(8):
        began = bench.now
        while not bench.sent:
            bench.wait(0.5)
        gaps.append(bench.now - began)
        bench.answer(bench.one(), 500)
    assert gaps[1] < gaps[3] < gaps[5] <= 60


def test_trouble_during_a_refresh_is_not_told_while_the_binding_lasts() -> None:
    bench = Bench()
    bench.register(expires=100)
    for _ in range(100):
        bench.wait(1)
        for request in bench.take():
            bench.answer(request, 503)
        if bench.now < 1000 + 95:
            assert bench.agent.registered
    assert states(bench) == [RegistrationState.OFFLINE]


def test_silence_means_a_dead_connection() -> None:
    bench = connected()
    bench.wait(33)
    assert bench.reconnects == ["REGISTER: 408"]


@pytest.mark.parametrize("contact", ["", "<sip:someone@else.invalid>;expires=60", "<", "*"])
def test_a_200_without_our_binding_is_trouble(contact: str) -> None:
    bench = connected()
    bench.answer(bench.one(), 200, [("Contact", contact)] if contact else [])
    assert states(bench) == [RegistrationState.OFFLINE]


def test_connection_lost_and_back() -> None:
    bench = Bench()
    bench.register()
    bench.do(bench.agent.disconnected("gone", bench.now))
    assert states(bench) == [RegistrationState.OFFLINE] and not bench.agent.registered
    bench.wait(1000)
    assert bench.take() == []
    bench.do(bench.agent.connected(bench.now))
    bench.accept_register(bench.one())
    assert states(bench) == [RegistrationState.REGISTERED]


@pytest.mark.parametrize("gruu", [True, False])
def test_the_contact_in_dialogs_is_the_gruu(gruu: bool) -> None:
    bench = Bench()
    bench.register(gruu=gruu)
    name = Caller(bench).ring()
    bench.do(bench.agent.ring(name, bench.now))
    contact = bench.one().get("Contact") or ""
    assert (contact == f"<{GRUU}>") is gruu


def test_leaving_removes_the_binding_and_answers_one_challenge() -> None:
    bench = connected()
    bench.answer(bench.one(), 401, [CHALLENGE])
    bench.accept_register(bench.one())
    bench.do(bench.agent.leave(bench.now))
    goodbye = bench.one()
    assert goodbye.get("Expires") == "0" and "expires=0" in (goodbye.get("Contact") or "")
    bench.answer(goodbye, 401, [CHALLENGE])
    bench.answer(bench.one(), 401, [CHALLENGE])
    assert bench.take() == [] and not bench.agent.registered


@pytest.mark.parametrize(
    "changed",
    [
        {"address": "kiosk@svar.example"},
        {"address": "sip:kiosk@svar.example;x=y"},
        {"instance_id": "00000000"},
        {"password": ""},
        {"password": "a\nb"},
        {"expires_s": 0},
    ],
)
def test_unusable_accounts(changed: dict[str, object]) -> None:
    values = msgspec.structs.asdict(ACCOUNT) | changed
    with pytest.raises(ValueError) as error:
        Account.checked(**values)
    assert "secret" not in str(error.value)
