"""Tokens: signed right, renewed in time, whatever our clock shows. Against sekmet-fhir's SMART backend services."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from kiosk.caredesk.fhir_server import FhirServer
from kiosk.facts.faults import Fault
from kiosk.measurements.outbox import Outbox
from kiosk.measurements.token import (
    LARGEST_OFFSET,
    ServerOffset,
    SignedTokens,
    TokenError,
    TokenReason,
)
from kiosk.measurements.wall_clock import WallClock
from tests.measurements.conftest import free_port
from tests.measurements.faulty_server import FaultyServer
from tests.measurements.samples import capture, until
from tests.measurements.uploading import running

CLIENT, KEY_ID = "kiosk-17", "key-1"
SCOPE = "system/Observation.cu system/Device.cu system/Communication.cu"


class WrongClock:
    """A host clock that is off."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return WallClock().now() + self._by


def write_key(path: Path, curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(curve if curve is not None else ec.SECP384R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[FhirServer, Path]]:
    """A server that wants tokens, and the key of the one client that it knows."""
    folder = tmp_path_factory.mktemp("guarded")
    key_file = folder / "device.pem"
    public = write_key(key_file).public_key()
    (folder / "device.pub").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    access = (
        "server_auth:\n  types: [smart]\n  smart_clients:\n"
        f"    - client_id: {CLIENT}\n      public_key_path: {folder / 'device.pub'}\n      scopes: '{SCOPE}'\n"
    )
    server = FhirServer(folder / "server", free_port(), access=access)
    await server.start()
    try:
        yield server, key_file
    finally:
        await server.stop()


def token_url(server: FhirServer) -> str:
    return server.base_url.removesuffix("/fhir") + "/auth/token"


def signed(
    url: str,
    key_file: Path,
    *,
    off: timedelta = timedelta(),
    scope: str = SCOPE,
    new_id: Callable[[], str] | None = None,
) -> SignedTokens:
    clock = WrongClock(off)
    if new_id is None:
        return SignedTokens(url, CLIENT, key_file, KEY_ID, scope, clock)
    return SignedTokens(url, CLIENT, key_file, KEY_ID, scope, clock, new_id=new_id)


# --- a real token server -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "off",
    [timedelta(), timedelta(minutes=-10), timedelta(minutes=10), timedelta(hours=-7), timedelta(hours=30)],
    ids=str,
)
async def test_a_reading_arrives_with_a_token_whatever_our_clock_shows(
    guarded: tuple[FhirServer, Path], outbox: Outbox, off: timedelta
) -> None:
    server, key_file = guarded
    tokens = signed(token_url(server), key_file, off=off)
    one = capture(whole=True)
    outbox.keep(one)
    async with running(outbox, server.base_url, tokens=tokens) as (_, heard):
        await until(lambda: len(heard.arrived) == len(one.resources))
    assert heard.faults == []
    assert abs(tokens.clock_offset + off) < timedelta(seconds=5)


async def test_our_clock_changes_no_time_of_a_reading(
    guarded: tuple[FhirServer, Path], faulty: FaultyServer, outbox: Outbox
) -> None:
    server, key_file = guarded
    tokens = signed(token_url(server), key_file, off=timedelta(hours=5))
    one = capture()
    outbox.keep(one)
    async with running(outbox, faulty.base_url, tokens=tokens) as (_, heard):
        await until(lambda: len(heard.arrived) == 1)
    assert tokens.clock_offset < timedelta(hours=-4)
    assert faulty.store[one.reading_id]["effectiveDateTime"] == "2026-07-31T09:30:00+02:00"


async def test_a_clock_too_far_away_is_refused_and_nothing_is_lost(
    guarded: tuple[FhirServer, Path], outbox: Outbox
) -> None:
    server, key_file = guarded
    outbox.keep(capture())
    tokens = signed(token_url(server), key_file, off=LARGEST_OFFSET + timedelta(hours=1))
    async with running(outbox, server.base_url, tokens=tokens) as (_, heard):
        await until(lambda: heard.faults == [Fault.CARE_PLATFORM_REFUSES])
    assert outbox.counts().waiting == 1


async def test_an_assertion_is_good_once(guarded: tuple[FhirServer, Path]) -> None:
    server, key_file = guarded
    async with aiohttp.ClientSession() as session:
        assert await signed(token_url(server), key_file, new_id=lambda: "always-the-same").token(session)
        with pytest.raises(TokenError) as caught:
            await signed(token_url(server), key_file, new_id=lambda: "always-the-same").token(session)
    assert caught.value.reason is TokenReason.REFUSED


async def test_another_key_is_refused(guarded: tuple[FhirServer, Path], tmp_path: Path) -> None:
    server, _ = guarded
    write_key(tmp_path / "other.pem")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TokenError) as caught:
            await signed(token_url(server), tmp_path / "other.pem").token(session)
    assert caught.value.reason is TokenReason.REFUSED


async def test_a_token_without_the_right_holds_the_queue(guarded: tuple[FhirServer, Path], outbox: Outbox) -> None:
    server, key_file = guarded
    outbox.keep(capture())
    tokens = signed(token_url(server), key_file, scope="system/Device.cu")
    async with running(outbox, server.base_url, tokens=tokens) as (_, heard):
        await until(lambda: heard.faults == [Fault.CARE_PLATFORM_REFUSES])
    (entry,) = outbox.items()
    assert (outbox.counts().waiting, entry.last_error) == (1, "HTTP 403")


async def test_a_server_that_forgets_its_tokens_gets_a_new_one(
    guarded: tuple[FhirServer, Path], outbox: Outbox
) -> None:
    server, key_file = guarded
    tokens = signed(token_url(server), key_file)
    tokens._token, tokens._renew_at = "forgotten", asyncio.get_running_loop().time() + 3600
    outbox.keep(capture())
    async with running(outbox, server.base_url, tokens=tokens) as (_, heard):
        await until(lambda: len(heard.arrived) == 1)
    assert heard.faults == []


# --- a difficult token server ----------------------------------------------------------------------------------------

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TokenServer:
    """Gives what a test tells it; ``claims`` and ``headers`` of the assertions that came."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.claims: list[dict[str, Any]] = []
        self.headers: list[dict[str, Any]] = []
        self.forms: list[dict[str, str]] = []
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[TokenServer]:
        app = web.Application()
        app.router.add_post("/token", self._post)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/token"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _post(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        self.claims.append(jwt.decode(form["client_assertion"], options={"verify_signature": False}))
        self.headers.append(jwt.get_unverified_header(form["client_assertion"]))
        return await self._answer(request)


def plain(status: int = 200, body: object = None, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, headers=headers, content_type="application/json")

    return answer


def good(expires_in: float | None = 3600) -> dict[str, object]:
    body: dict[str, object] = {"access_token": "abc.def", "token_type": "Bearer"}
    return body if expires_in is None else {**body, "expires_in": expires_in}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    write_key(tmp_path / "key.pem")
    return tmp_path / "key.pem"


async def test_what_is_signed(key_file: Path) -> None:
    async with TokenServer(plain(body=good())).running() as server, aiohttp.ClientSession() as session:
        assert await signed(server.url, key_file).token(session) == "abc.def"
    (claims,), (header,), (form,) = server.claims, server.headers, server.forms
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, server.url)
    assert 0 < claims["exp"] - datetime.now(UTC).timestamp() <= 300
    assert (header["alg"], header["kid"], header["typ"]) == ("ES384", KEY_ID, "JWT")
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == SCOPE
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


async def test_a_token_is_used_until_shortly_before_its_end(key_file: Path) -> None:
    async with TokenServer(plain(body=good(30.2))).running() as server, aiohttp.ClientSession() as session:
        tokens = signed(server.url, key_file)
        await asyncio.gather(*(tokens.token(session) for _ in range(5)))
        assert len(server.claims) == 1
        await asyncio.sleep(0.3)
        await tokens.token(session)
        assert len(server.claims) == 2
        tokens.refuse("another")
        await tokens.token(session)
    assert len({claims["jti"] for claims in server.claims}) == len(server.claims) == 2


async def test_a_token_without_a_life_is_kept_for_a_while(key_file: Path) -> None:
    async with TokenServer(plain(body=good(None))).running() as server, aiohttp.ClientSession() as session:
        tokens = signed(server.url, key_file)
        await tokens.token(session)
        await tokens.token(session)
        tokens.refuse("abc.def")
        await tokens.token(session)
    assert len(server.claims) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (plain(500), TokenReason.UNREACHABLE),
        (plain(429), TokenReason.UNREACHABLE),
        (plain(400), TokenReason.REFUSED),
        (plain(401), TokenReason.REFUSED),
        (plain(403), TokenReason.REFUSED),
        (plain(302, Location="https://example.org/"), TokenReason.REFUSED),
        (plain(body="<html>hotel</html>"), TokenReason.NOT_UNDERSTOOD),
        (plain(body=[]), TokenReason.NOT_UNDERSTOOD),
        (plain(body={"access_token": "a", "token_type": "mac"}), TokenReason.NOT_UNDERSTOOD),
        (plain(body={"access_token": "", "token_type": "bearer"}), TokenReason.NOT_UNDERSTOOD),
        (plain(body={"access_token": "a\r\nX: y", "token_type": "bearer"}), TokenReason.NOT_UNDERSTOOD),
        (plain(body='"' + "x" * 100_000 + '"'), TokenReason.NOT_UNDERSTOOD),
    ],
    ids=str,
)
async def test_what_is_no_token(key_file: Path, answer: Answer, reason: TokenReason) -> None:
    async with TokenServer(answer).running() as server, aiohttp.ClientSession() as session:
        with pytest.raises(TokenError) as caught:
            await signed(server.url, key_file).token(session)
    assert caught.value.reason is reason
    assert len(server.claims) == 1


async def test_nobody_there(key_file: Path) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TokenError) as caught:
            await signed(f"http://127.0.0.1:{free_port()}/token", key_file).token(session)
    assert caught.value.reason is TokenReason.UNREACHABLE


async def test_a_key_that_cannot_be_used(tmp_path: Path) -> None:
    write_key(tmp_path / "p256.pem", ec.SECP256R1())
    rsa_key = rsa.generate_private_key(65537, 2048)
    (tmp_path / "rsa.pem").write_bytes(rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "junk.pem").write_text("junk")
    async with aiohttp.ClientSession() as session:
        for name in ("p256.pem", "rsa.pem", "junk.pem", "absent.pem"):
            with pytest.raises(TokenError) as caught:
                await signed("http://127.0.0.1:1/token", tmp_path / name).token(session)
            assert caught.value.reason is TokenReason.KEY_UNUSABLE


@pytest.mark.parametrize("url", ["http://auth.example.org/token", "127.0.0.1/token", "ftp://localhost/token", ""])
def test_a_token_travels_in_the_clear_never(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="https"):
        signed(url, tmp_path / "key.pem")


# --- the clock -----------------------------------------------------------------------------------------------------

NOW = datetime(2026, 7, 31, 9, 30, tzinfo=UTC)


def test_the_offset_is_learnt_within_bounds() -> None:
    server = ServerOffset()
    assert not server.learn(None, NOW)
    assert not server.learn("yesterday", NOW)
    assert not server.learn(format_datetime(NOW + LARGEST_OFFSET + timedelta(seconds=1), usegmt=True), NOW)
    assert server.offset == timedelta()
    assert server.learn(format_datetime(NOW + timedelta(hours=3), usegmt=True), NOW)
    assert server.offset == timedelta(hours=3)
    assert not server.learn(format_datetime(NOW + timedelta(hours=3, seconds=2), usegmt=True), NOW)
    assert server.learn(format_datetime(NOW, usegmt=True), NOW)
    assert server.offset == timedelta()


@given(st.text())
def test_any_date_header_is_survived(text: str) -> None:
    server = ServerOffset()
    server.learn(text, NOW)
    assert abs(server.offset) <= LARGEST_OFFSET
