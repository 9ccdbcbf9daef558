"""Real Kamailio with two raw SIP peers: who gets in, what is asserted, and that requests find their way both ways."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from kiosk.caredesk.certificates import make_authority
from kiosk.caredesk.kamailio import Account, DigestAlgorithm, Kamailio, KamailioError, account
from tests.call.raw_peer import ANSWER, OFFER, RawPeer

KIOSK = "sip:kiosk@svar.example"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[tuple[Kamailio, Path]]:
    made = make_authority(tmp_path / "certificates")
    accounts = [
        account("kiosk", "kiosk-password", DigestAlgorithm.SHA_256),
        account("kari", "kari-password", DigestAlgorithm.MD5),
        account("ola", "ola-password", DigestAlgorithm.MD5),
    ]
    kamailio = Kamailio(tmp_path / "kamailio", made.certificate, made.key, accounts, free_port(), free_port())
    await kamailio.start()
    yield kamailio, made.authority
    await kamailio.stop()


Connect = Callable[[str, str], Awaitable[RawPeer]]


@pytest.fixture
async def connect(desk: tuple[Kamailio, Path]) -> AsyncIterator[Connect]:
    kamailio, authority = desk
    made: list[RawPeer] = []

    async def peer(user: str, password: str) -> RawPeer:
        kiosk = user == "kiosk"
        one = RawPeer(kamailio.wss_address if kiosk else kamailio.ws_address, user, password)
        await one.connect(str(authority) if kiosk else None)
        made.append(one)
        return one

    yield peer
    for one in made:
        await one.close()


async def both(connect: Connect) -> tuple[RawPeer, RawPeer]:
    kiosk = await connect("kiosk", "kiosk-password")
    kari = await connect("kari", "kari-password")
    assert (await kiosk.register()).status == 200
    assert (await kari.register()).status == 200
    return kiosk, kari


@pytest.mark.parametrize("gruu", [True, False])
async def test_a_call_with_requests_both_ways(connect: Connect, gruu: bool) -> None:
    kiosk, kari = await both(connect)
    if not gruu:
        kiosk.contact = f"<sip:x@{kiosk.host};transport=ws>"
        kari.contact = f"<sip:y@{kari.host};transport=ws>"
    leg = await kari.invite(KIOSK, extra=[("P-Asserted-Identity", "<sip:chief@svar.example>")])
    invite = await kiosk.expect("INVITE")
    assert invite.all("P-Asserted-Identity") == ["<sip:kari@svar.example>"]
    assert invite.body == OFFER
    there = kiosk.leg_of(invite)
    await kiosk.respond(invite, 180, there)
    await kari.expect(180)
    await kiosk.respond(invite, 200, there, ANSWER, "application/sdp")
    answer = await kari.expect(200)
    assert answer.body == ANSWER
    await kari.confirm(leg, answer)
    await kiosk.expect("ACK")

    for method in ("MESSAGE", "INVITE", "BYE"):
        await kari.within(leg, method, "x", "text/plain")
        request = await kiosk.expect(method)
        await kiosk.respond(request, 200)
        await kari.expect(200)
        await kiosk.within(there, method, "x", "text/plain")
        request = await kari.expect(method)
        await kari.respond(request, 200)
        await kiosk.expect(200)


async def test_cancel_reaches_the_callee(connect: Connect) -> None:
    kiosk, kari = await both(connect)
    leg = await kari.invite(KIOSK)
    invite = await kiosk.expect("INVITE")
    there = kiosk.leg_of(invite)
    await kiosk.respond(invite, 180, there)
    await kari.expect(180)
    await kari.cancel(leg)
    await kiosk.respond(await kiosk.expect("CANCEL"), 200)
    await kiosk.respond(invite, 487, there)
    assert (await kari.final("INVITE")).status == 487


async def test_answered_elsewhere_is_told_to_the_loser(connect: Connect) -> None:
    kiosk, kari = await both(connect)
    second = await connect("kiosk", "kiosk-password")
    assert (await second.register()).status == 200
    leg = await kari.invite(KIOSK)
    invite, also = await kiosk.expect("INVITE"), await second.expect("INVITE")
    await second.respond(also, 180, second.leg_of(also))
    # A branch that has not answered at all yet is not cancelled (RFC 3261, 9.1), and Kamailio drops what it says later.
    await kari.expect(180)
    await kiosk.respond(invite, 200, kiosk.leg_of(invite), ANSWER, "application/sdp")
    await kari.confirm(leg, await kari.expect(200))
    assert "cause=200" in (await second.expect("CANCEL")).get("Reason")


async def test_a_reboot_replaces_its_binding(connect: Connect) -> None:
    first = await connect("kiosk", "kiosk-password")
    assert (await first.register()).status == 200
    again = await connect("kiosk", "kiosk-password")
    again.instance = first.instance
    reply = await again.register()
    assert len(reply.all("Contact")) == 1
    assert again.host in reply.get("Contact")


async def test_nobody_is_there(connect: Connect) -> None:
    kari = await connect("kari", "kari-password")
    await kari.register()
    for callee, status in ((KIOSK, 480), ("sip:nobody@svar.example", 480), ("sip:a@elsewhere.example", 404)):
        await kari.invite(callee)
        assert (await kari.final("INVITE")).status == status


async def test_a_client_that_goes_away_is_soon_unavailable(connect: Connect) -> None:
    kiosk, kari = await both(connect)
    await kiosk.close()
    async with asyncio.timeout(20):
        while True:
            await kari.invite(KIOSK)
            if (await kari.final("INVITE", 20)).status == 480:
                return
            await asyncio.sleep(0.5)


@pytest.mark.parametrize("user, password", [("kari", "wrong"), ("nobody", "x"), ("kiosk", "wrong")])
async def test_wrong_password(connect: Connect, user: str, password: str) -> None:
    peer = await connect(user, password)
    assert (await peer.register()).status == 401


async def test_from_must_be_the_account(connect: Connect) -> None:
    kiosk, kari = await both(connect)
    await kari.invite(KIOSK, sender="sip:ola@svar.example")
    assert (await kari.final("INVITE")).status == 403
    assert kiosk.inbox.empty()


async def test_in_dialog_requests_need_a_proven_connection_and_a_recorded_route(connect: Connect) -> None:
    kiosk, kari = await both(connect)
    leg = await kari.invite(KIOSK)
    invite = await kiosk.expect("INVITE")
    await kiosk.respond(invite, 200, kiosk.leg_of(invite), ANSWER, "application/sdp")
    await kari.confirm(leg, await kari.expect(200))
    await kiosk.expect("ACK")
    stranger = await connect("ola", "ola-password")
    await stranger.send(kari.request("BYE", leg.target, leg, []))
    assert (await stranger.final("BYE")).status == 403
    own = leg.route[:2]  # Kamailio records itself once per transport
    leg.route = [*own, "<sip:127.0.0.1:9;lr>"]
    await kari.within(leg, "BYE")
    assert (await kari.final("BYE")).status == 403
    leg.route = own
    leg.target = "sip:x@127.0.0.1:9;alias=127.0.0.1~9~1"
    await kari.within(leg, "BYE")
    assert (await kari.final("BYE")).status == 404
    assert kiosk.inbox.empty()


async def test_oversize_and_malformed_are_survived(connect: Connect) -> None:
    for nonsense in ("INVITE\r\n\r\n", "\x00" * 200, b"\xff" * 200, "x" * 100_000):
        await (await connect("ola", "ola-password")).send(nonsense)
    kari = await connect("kari", "kari-password")
    await kari.register()
    await kari.invite(KIOSK, "x" * 31_000)
    assert (await kari.final("INVITE")).status == 413


@pytest.mark.parametrize(
    "origin, allowed",
    [("http://localhost:8080", True), ("http://127.0.0.1:1", True), ("http://localhost.example.org", False)],
)
async def test_only_pages_of_this_machine_may_connect(desk: tuple[Kamailio, Path], origin: str, allowed: bool) -> None:
    kamailio, _ = desk
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(kamailio.ws_address, protocols=("sip",), origin=origin) as connection:
                assert allowed and connection.protocol == "sip"
        except aiohttp.WSServerHandshakeError as error:
            assert not allowed and error.status == 403


async def test_the_certificate_holds_for_loopback_only(desk: tuple[Kamailio, Path]) -> None:
    kamailio, authority = desk
    context = ssl.create_default_context(cafile=str(authority))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    async with aiohttp.ClientSession() as session:
        for host in ("localhost", "127.0.0.1"):
            address = kamailio.wss_address.replace("127.0.0.1", host)
            async with session.ws_connect(address, protocols=("sip",), ssl=context) as connection:
                assert connection.protocol == "sip"
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.ws_connect(kamailio.wss_address, protocols=("sip",))


async def test_a_taken_port_is_said(tmp_path: Path) -> None:
    made = make_authority(tmp_path / "certificates")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        kamailio = Kamailio(tmp_path / "k", made.certificate, made.key, [], free_port(), taken.getsockname()[1])
        with pytest.raises(KamailioError, match="desk edge ended"):
            await kamailio.start()


def test_accounts_are_checked() -> None:
    with pytest.raises(ValueError, match="user name"):
        account('x") = 1;', "p", DigestAlgorithm.MD5)
    with pytest.raises(ValueError, match="cannot be used"):
        Kamailio(Path("k"), Path("c"), Path("k"), [Account("kari", "zz", DigestAlgorithm.MD5)], 1, 2)
