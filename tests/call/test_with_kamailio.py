"""The kiosk's SIP agent against real Kamailio: wss and SHA-256 on its side, a raw JsSIP-like peer on the other."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from kiosk.call.events import (
    CallCancelled,
    CallConfirmed,
    CallEnded,
    MessageFailed,
    MessageReceived,
    RegistrationChanged,
    RegistrationState,
    ReinviteAnswered,
    ReinviteFailed,
    ReinviteReceived,
)
from tests.call.conftest import KIOSK, PASSWORD, Connect, Desk, Kiosk
from tests.call.raw_peer import ANSWER, OFFER, Leg, RawPeer

OTHER = OFFER.replace("o=- 1 1", "o=- 1 2")


async def talk(kiosk: Kiosk, peer: RawPeer) -> tuple[str, Leg]:
    """Through INVITE, 180, 200 and ACK."""
    leg = await peer.invite(KIOSK)
    call = await kiosk.incoming()
    assert call.asserted_identity == peer.identity
    assert call.offer == OFFER
    kiosk.agent.ring(call.call_id)
    await peer.expect(180)
    kiosk.agent.accept(call.call_id, ANSWER)
    answer = await peer.expect(200)
    assert answer.body == ANSWER
    await peer.confirm(leg, answer)
    assert (await kiosk.expect(CallConfirmed)).call_id == call.call_id
    return call.call_id, leg


async def test_a_call_with_messages_and_reinvites_both_ways(kiosk: Kiosk, nurse: Connect) -> None:
    kari = await nurse("kari")
    call_id, leg = await talk(kiosk, kari)

    await kari.within(leg, "MESSAGE", '{"a":1}', "application/fhir+json; charset=utf-8")
    assert await kiosk.expect(MessageReceived) == MessageReceived(call_id, "application/fhir+json", b'{"a":1}')
    assert (await kari.final("MESSAGE")).status == 200
    for number in range(5):
        kiosk.agent.send_message(call_id, "application/fhir+json", f"æ{number}".encode())
    for number in range(5):
        message = await kari.expect("MESSAGE")
        assert message.body == f"æ{number}"
        await kari.respond(message, 200)

    await kari.within(leg, "INVITE", OTHER, "application/sdp")
    assert await kiosk.expect(ReinviteReceived) == ReinviteReceived(call_id, OTHER)
    kiosk.agent.answer_reinvite(call_id, ANSWER)
    again = await kari.expect(200)
    assert again.body == ANSWER
    await kari.send(kari.request("ACK", leg.target, leg, []))

    kiosk.agent.reinvite(call_id, OTHER)
    reinvite = await kari.expect("INVITE")
    assert reinvite.body == OTHER
    await kari.respond(reinvite, 200, None, ANSWER, "application/sdp")
    assert await kiosk.expect(ReinviteAnswered) == ReinviteAnswered(call_id, ANSWER)
    await kari.expect("ACK")

    await kari.within(leg, "BYE")
    assert await kiosk.expect(CallEnded) == CallEnded(call_id, True, None)
    assert (await kari.final("BYE")).status == 200


async def test_the_kiosk_hangs_up(kiosk: Kiosk, nurse: Connect) -> None:
    kari = await nurse("kari")
    call_id, _ = await talk(kiosk, kari)
    kiosk.agent.hang_up(call_id, "patient pressed")
    bye = await kari.expect("BYE")
    assert bye.get("Reason") == 'SIP;cause=200;text="patient pressed"'
    await kari.respond(bye, 200)


async def test_trying_at_once_ringing_only_when_told(kiosk: Kiosk, nurse: Connect) -> None:
    kari = await nurse("kari")
    await kari.invite(KIOSK)
    call = await kiosk.incoming()
    await kari.expect(100)
    await asyncio.sleep(0.3)
    assert kari.inbox.empty()
    kiosk.agent.ring(call.call_id)
    await kari.expect(180)
    kiosk.agent.hang_up(call.call_id)
    assert (await kari.final("INVITE")).status == 480


async def test_cancel(kiosk: Kiosk, nurse: Connect) -> None:
    kari = await nurse("kari")
    leg = await kari.invite(KIOSK)
    call = await kiosk.incoming()
    kiosk.agent.ring(call.call_id)
    await kari.expect(180)
    await kari.cancel(leg)
    assert await kiosk.expect(CallCancelled) == CallCancelled(call.call_id, False)
    assert (await kari.final("INVITE")).status == 487


@pytest.mark.parametrize("status", [603, 486, 488])
async def test_reject(kiosk: Kiosk, nurse: Connect, status: int) -> None:
    kari = await nurse("kari")
    await kari.invite(KIOSK)
    call = await kiosk.incoming()
    kiosk.agent.reject(call.call_id, status, "said no")
    final = await kari.final("INVITE")
    assert final.status == status
    assert final.get("Reason") == f'SIP;cause={status};text="said no"'


async def test_a_second_caller_is_reported_while_talking(kiosk: Kiosk, nurse: Connect) -> None:
    kari, ola = await nurse("kari"), await nurse("ola")
    call_id, leg = await talk(kiosk, kari)
    await ola.invite(KIOSK)
    second = await kiosk.incoming()
    assert second.asserted_identity == "sip:ola@svar.example" and second.call_id != call_id
    kiosk.agent.reject(second.call_id, 486)
    assert (await ola.final("INVITE")).status == 486
    await kari.within(leg, "BYE")
    await kiosk.expect(CallEnded)


async def test_answered_elsewhere(desk: Desk, kiosk: Kiosk, nurse: Connect) -> None:
    other = RawPeer(desk.kamailio.wss_address, "kiosk", PASSWORD)
    await other.connect(str(desk.authority.authority))
    assert (await other.register()).status == 200
    kari = await nurse("kari")
    leg = await kari.invite(KIOSK)
    call = await kiosk.incoming()
    kiosk.agent.ring(call.call_id)
    await kari.expect(180)  # Kamailio does not cancel a branch from which nothing has come yet (RFC 3261, 9.1)
    invite = await other.expect("INVITE")
    await other.respond(invite, 200, other.leg_of(invite), ANSWER, "application/sdp")
    await kari.confirm(leg, await kari.expect(200))
    assert await kiosk.expect(CallCancelled) == CallCancelled(call.call_id, True)
    await other.close()


async def test_spoofed_identities_are_not_believed(kiosk: Kiosk, nurse: Connect) -> None:
    ola = await nurse("ola")
    await ola.invite(KIOSK, sender="sip:kari@svar.example")
    assert (await ola.final("INVITE")).status == 403
    lies = [
        ("P-Asserted-Identity", "<sip:kari@svar.example>"),
        ("P-Preferred-Identity", "<sip:kari@svar.example>"),
        ("Remote-Party-ID", "<sip:kari@svar.example>"),
    ]
    await ola.invite(KIOSK, extra=lies)
    call = await kiosk.incoming()
    assert call.asserted_identity == "sip:ola@svar.example"
    kiosk.agent.reject(call.call_id, 603)


async def test_glare_is_retried(kiosk: Kiosk, nurse: Connect) -> None:
    kari = await nurse("kari")
    call_id, leg = await talk(kiosk, kari)
    kiosk.agent.reinvite(call_id, OTHER)
    await kari.within(leg, "INVITE", OTHER, "application/sdp")
    theirs = await kari.expect("INVITE")
    await kari.respond(theirs, 491)
    assert (await kari.final("INVITE")).status == 491
    theirs = await kari.expect("INVITE")
    await kari.respond(theirs, 200, None, ANSWER, "application/sdp")
    assert await kiosk.expect(ReinviteAnswered) == ReinviteAnswered(call_id, ANSWER)


@pytest.mark.parametrize("status, ends", [(488, False), (481, True), (408, True)])
async def test_a_refused_reinvite(kiosk: Kiosk, nurse: Connect, status: int, ends: bool) -> None:
    kari = await nurse("kari")
    call_id, _ = await talk(kiosk, kari)
    kiosk.agent.reinvite(call_id, OTHER)
    await kari.respond(await kari.expect("INVITE"), status)
    if ends:
        assert await kiosk.expect(CallEnded) == CallEnded(call_id, False, f"re-INVITE: {status}")
        await kari.expect("BYE")
    else:
        assert await kiosk.expect(ReinviteFailed) == ReinviteFailed(call_id, 488)


async def test_a_refused_message(kiosk: Kiosk, nurse: Connect) -> None:
    kari = await nurse("kari")
    call_id, _ = await talk(kiosk, kari)
    kiosk.agent.send_message(call_id, "text/plain", b"x")
    await kari.respond(await kari.expect("MESSAGE"), 415)
    assert await kiosk.expect(MessageFailed) == MessageFailed(call_id, 415)


async def test_wrong_password(desk: Desk, tmp_path: Path) -> None:
    kiosk = Kiosk(desk.settings(tmp_path), "wrong")
    told = await kiosk.expect(RegistrationChanged)
    assert told.state is RegistrationState.REFUSED
    assert "password" in told.detail and "wrong" not in told.detail
    await kiosk.stop()


async def test_unknown_authority(desk: Desk, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(desk.settings(tmp_path), certificate_authority=None)
    kiosk = Kiosk(settings)
    told = await kiosk.expect(RegistrationChanged)
    assert told.state is RegistrationState.OFFLINE and "certificate" in told.detail.lower()
    await kiosk.stop()


async def test_kamailio_comes_up_late_and_the_second_server_is_tried(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    kiosk = Kiosk(desk.settings(tmp_path, ("wss://127.0.0.1:1", desk.kamailio.wss_address)))
    assert (await kiosk.expect(RegistrationChanged)).state is RegistrationState.OFFLINE
    await desk.kamailio.start()
    await kiosk.registered()
    await kiosk.stop()
    await desk.kamailio.stop()


async def test_kamailio_restarts_during_a_call(desk: Desk, kiosk: Kiosk, nurse: Connect) -> None:
    kari = await nurse("kari")
    call_id, leg = await talk(kiosk, kari)
    await desk.kamailio.stop()
    assert (await kiosk.expect(RegistrationChanged)).state is RegistrationState.OFFLINE
    kiosk.agent.send_message(call_id, "text/plain", b"waits")
    await kari.close()
    await desk.kamailio.start()
    began = time.monotonic()
    await kari.connect()
    assert (await kari.register()).status == 200
    await kiosk.registered()
    assert time.monotonic() - began < 5
    message = await kari.expect("MESSAGE")
    assert message.body == "waits"
    await kari.respond(message, 200)
    await kari.within(leg, "MESSAGE", "still here", "text/plain")
    assert (await kiosk.expect(MessageReceived)).body == b"still here"
    kiosk.agent.hang_up(call_id)
    await kari.respond(await kari.expect("BYE"), 200)


async def test_a_connection_renewed_in_the_call_carries_the_next_offer(kiosk: Kiosk, nurse: Connect) -> None:
    kari = await nurse("kari")
    call_id, leg = await talk(kiosk, kari)
    kiosk.agent.reinvite(call_id, OTHER)
    unheard = await kari.expect("INVITE")
    kiosk.agent.renew()
    assert (await kiosk.expect(RegistrationChanged)).state is RegistrationState.OFFLINE
    await kiosk.registered()
    await kari.respond(unheard, 200, None, ANSWER, "application/sdp")  # nobody hears it any more
    kiosk.agent.reinvite(call_id, OFFER)
    acknowledged = False
    while (fresh := await kari.expect_any("ACK", "INVITE")).method == "ACK" or not acknowledged:
        if fresh.method == "ACK" and fresh.get("CSeq") == unheard.get("CSeq").replace("INVITE", "ACK"):
            acknowledged = True
        elif fresh.method == "INVITE":
            await kari.respond(fresh, 403)  # as JsSIP does until it has the ACK, which may have crossed the 200
    assert fresh.body == OFFER
    await kari.respond(fresh, 200, None, ANSWER, "application/sdp")
    assert await kiosk.expect(ReinviteAnswered) == ReinviteAnswered(call_id, ANSWER)
    await kari.within(leg, "MESSAGE", "still here", "text/plain")
    assert (await kiosk.expect(MessageReceived)).body == b"still here"
    kiosk.agent.hang_up(call_id)
    await kari.respond(await kari.expect("BYE"), 200)


async def test_it_leaves_politely_and_quickly(desk: Desk, nurse: Connect, tmp_path: Path) -> None:
    kiosk = Kiosk(desk.settings(tmp_path))
    await kiosk.registered()
    kari = await nurse("kari")
    await talk(kiosk, kari)
    began = time.monotonic()
    stopping = asyncio.create_task(kiosk.stop())
    await kari.respond(await kari.expect("BYE"), 200)
    await stopping
    assert time.monotonic() - began < 2
    await kari.invite(KIOSK)
    assert (await kari.final("INVITE")).status == 480


async def test_it_survives_an_offer_without_sdp_and_unknown_methods(kiosk: Kiosk, nurse: Connect) -> None:
    kari = await nurse("kari")
    await kari.invite(KIOSK, offer="no sdp at all")
    assert (await kari.final("INVITE")).status == 400
    call_id, leg = await talk(kiosk, kari)
    for method, status in (("INFO", 405), ("NONSENSE", 501), ("OPTIONS", 200), ("UPDATE", 200)):
        await kari.within(leg, method)
        assert (await kari.final(method)).status == status
    await kari.within(leg, "MESSAGE", "late", "text/plain", sequence=1)
    assert (await kari.final("MESSAGE")).status == 500
    kiosk.agent.hang_up(call_id)
    await kari.respond(await kari.expect("BYE"), 200)
    await asyncio.sleep(0.1)
    await kari.within(leg, "MESSAGE", "too late", "text/plain", sequence=99)
    assert (await kari.final("MESSAGE")).status == 481
    assert kiosk.events.empty()
