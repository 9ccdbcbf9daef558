"""A small FHIR server that does a conditional create rightly, except where a test tells it to be difficult."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Trick = Callable[["FaultyServer", web.Request, dict[str, Any]], Awaitable[web.StreamResponse | None]]


class FaultyServer:
    """``tricks`` are used up one per POST, oldest first; None among them is an ordinary answer.

    ``store``: identifier → resource, of any type. ``posts``: the identifiers that were sent, ``posted_at``: when, by
    the loop's clock; ``at_once``: how many requests were under way together at most. ``tokens``: those that are taken,
    None for no access control; ``shown``: what was shown.
    """

    def __init__(self) -> None:
        self.tricks: list[Trick | None] = []
        self.always: Trick | None = None
        self.store: dict[str, dict[str, Any]] = {}
        self.posts: list[str] = []
        self.posted_at: list[float] = []
        self.at_once = 0
        self.tokens: set[str] | None = None
        self.shown: list[str | None] = []
        self._under_way = 0
        self._runner: web.AppRunner | None = None
        self.base_url = ""

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        app = web.Application()
        app.router.add_post("/fhir/{type}", self._post)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        host, bound = self._runner.addresses[0][:2]
        scheme = "http" if tls is None else "https"
        self.base_url = f"{scheme}://{host}:{bound}/fhir"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def commit(self, resource: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The conditional create."""
        identifier = resource["identifier"][0]["value"]
        if identifier in self.store:
            return 200, self.store[identifier]
        self.store[identifier] = {**resource, "id": str(len(self.store) + 1)}
        return 201, self.store[identifier]

    async def _post(self, request: web.Request) -> web.StreamResponse:
        self._under_way += 1
        self.at_once = max(self.at_once, self._under_way)
        try:
            resource = msgspec.json.decode(await request.read())
            identifier = resource["identifier"][0]["value"]
            self.posts.append(identifier)
            self.posted_at.append(asyncio.get_running_loop().time())
            assert request.match_info["type"] == resource["resourceType"]
            assert request.headers["If-None-Exist"] == f"identifier=urn:ietf:rfc:3986|{identifier}"
            self.shown.append(request.headers.get("Authorization"))
            if self.tokens is not None and (self.shown[-1] or "").removeprefix("Bearer ") not in self.tokens:
                return web.Response(status=401)
            trick = self.tricks.pop(0) if self.tricks else self.always
            if trick is not None:
                response = await trick(self, request, resource)
                if response is not None:
                    return response
            status, stored = self.commit(resource)
            return web.json_response(stored, status=status, content_type="application/fhir+json")
        finally:
            self._under_way -= 1


def status(code: int, body: bytes = b"", **headers: str) -> Trick:
    """Answer with a status; nothing is stored."""

    async def trick(_: FaultyServer, __: web.Request, ___: dict[str, Any]) -> web.StreamResponse:
        return web.Response(
            status=code, body=body, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )

    return trick


async def lose_the_answer(server: FaultyServer, request: web.Request, resource: dict[str, Any]) -> None:
    """Store it, then cut the line before a word is said."""
    server.commit(resource)
    if request.transport is not None:
        request.transport.abort()


async def commit_and_hang(server: FaultyServer, _: web.Request, resource: dict[str, Any]) -> None:
    """Store it, then say nothing."""
    server.commit(resource)
    await asyncio.sleep(30)


async def hang(_: FaultyServer, __: web.Request, ___: dict[str, Any]) -> None:
    """Say nothing and store nothing for a while."""
    await asyncio.sleep(30)


def self_signed(authority: Path) -> ssl.SSLContext:
    """A server's TLS for 127.0.0.1 whose certificate, for others to trust, is written to ``authority``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = authority.with_suffix(".key")
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    authority.write_bytes(pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority, private)
    return context
