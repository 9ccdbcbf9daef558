"""Shows the care platform who we are: access tokens by SMART backend services (``private_key_jwt``, ES384).

The device signs a short assertion with its own key and gets a token for it. Platforms refuse assertions whose times
are some minutes off, and a tablet's clock may be: the offset is learnt from the ``Date`` of the platform's own answers,
over TLS that has shown who it is. It serves the assertions alone, never the time of a reading.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from drivers.device import Clock
from kiosk.facts.loopback import is_loopback
from kiosk.measurements.bounded_body import read_body

_log = logging.getLogger(__name__)

ASSERTION_S = 240
"""Seconds that an assertion holds; SMART allows 300."""

LARGEST_OFFSET = timedelta(days=2)
"""A platform that claims to be further away in time is not believed."""

WORTH_ANOTHER_TRY = timedelta(seconds=5)
"""An offset that differs by less than this is no reason for a refusal."""

MAXIMUM_ANSWER = 65_536

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME_S = 300
"""Of a token whose platform does not say."""

_EARLY_S = 30.0
"""A token is renewed this long, or a tenth of its life, before its end."""


class TokenReason(enum.Enum):
    """Why there is no token."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NOT_UNDERSTOOD = "not-understood"
    KEY_UNUSABLE = "key-unusable"


class TokenError(Exception):
    """There is no token, for a reason out of :class:`TokenReason`. Holds no secret."""

    def __init__(self, reason: TokenReason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason


class TokenSource(Protocol):
    """Where the uploader gets its token from."""

    async def token(self, session: aiohttp.ClientSession) -> str:
        """A token that holds now. Raises TokenError."""
        ...

    def refuse(self, token: str) -> None:
        """The platform did not take it: the next one is new."""
        ...


class ServerOffset:
    """How far the platform's clock is ahead of ours, as learnt from its answers; nothing until then."""

    def __init__(self) -> None:
        self._offset = timedelta()

    @property
    def offset(self) -> timedelta:
        return self._offset

    def learn(self, date: str | None, now: datetime) -> bool:
        """From a ``Date`` header (RFC 9110, 6.6.1). True when it differs enough to be worth another try.

        Absent, nonsense or further away than LARGEST_OFFSET: nothing is learnt.
        """
        if date is None:
            return False
        try:
            theirs = parsedate_to_datetime(date)
        except (ValueError, TypeError, IndexError, OverflowError):
            return False
        if theirs.tzinfo is None:
            theirs = theirs.replace(tzinfo=UTC)
        offset = theirs - now
        if abs(offset) > LARGEST_OFFSET:
            _log.error("the care platform's clock differs from ours by %s; that is not believed", offset)
            return False
        changed = abs(offset - self._offset) > WORTH_ANOTHER_TRY
        if changed:
            _log.warning("the care platform's clock is ahead of ours by %s", offset)
        self._offset = offset
        return changed


class _Answer(msgspec.Struct):
    """As much of a token answer as matters (RFC 6749, 5.1)."""

    access_token: str
    token_type: str
    expires_in: float | None = None


class SignedTokens:
    """A TokenSource that signs. One token at a time, for as long as it holds."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        key_file: Path,
        key_id: str,
        scope: str,
        clock: Clock,
        *,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        """``key_file``: the device's P-384 private key (PEM); ``key_id``: its name at the platform. ``token_url`` is
        https, or http for loopback only (ValueError)."""
        parts = urlsplit(token_url)
        if not parts.hostname or not (
            parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
        ):
            raise ValueError(f"{token_url}: tokens come over https; plain http is for this machine only")
        self._url = token_url
        self._client_id = client_id
        self._key_file = key_file
        self._key_id = key_id
        self._scope = scope
        self._clock = clock
        self._new_id = new_id
        self._server = ServerOffset()
        self._turn = asyncio.Lock()
        self._token: str | None = None
        self._renew_at = 0.0  # loop time

    @property
    def clock_offset(self) -> timedelta:
        """How far the platform's clock is ahead of ours, for the technician."""
        return self._server.offset

    def refuse(self, token: str) -> None:
        """The platform did not take it: the next one is new."""
        if token == self._token:
            self._token = None

    async def token(self, session: aiohttp.ClientSession) -> str:
        """The token that holds, or a new one. Raises TokenError."""
        async with self._turn:
            if self._token is None or asyncio.get_running_loop().time() >= self._renew_at:
                self._token = await self._fetch(session)
            return self._token

    async def _fetch(self, session: aiohttp.ClientSession) -> str:
        key = await asyncio.to_thread(_read_key, self._key_file)
        status, date, body = await self._request(session, key)
        if status in (400, 401) and self._server.learn(date, self._clock.now()):
            status, date, body = await self._request(session, key)
        if status == 200:
            self._server.learn(date, self._clock.now())
            return self._accept(body)
        if status in (408, 425, 429) or status >= 500:
            raise TokenError(TokenReason.UNREACHABLE, f"HTTP {status}")
        raise TokenError(TokenReason.REFUSED, f"HTTP {status}")

    async def _request(
        self, session: aiohttp.ClientSession, key: ec.EllipticCurvePrivateKey
    ) -> tuple[int, str | None, bytes]:
        """Status, ``Date`` and body of one answer; a new assertion each time, for each is good once."""
        form = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._assertion(key),
        }
        headers = {"Accept": "application/json"}
        try:
            async with session.post(self._url, data=form, headers=headers, allow_redirects=False) as response:
                body = await read_body(response, MAXIMUM_ANSWER)
                return response.status, response.headers.get("Date"), body or b""
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TokenError(TokenReason.UNREACHABLE, type(error).__name__) from error

    def _assertion(self, key: ec.EllipticCurvePrivateKey) -> str:
        now = self._clock.now() + self._server.offset
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._url,
            "jti": self._new_id(),
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + ASSERTION_S,
        }
        return jwt.encode(claims, key, algorithm="ES384", headers={"kid": self._key_id})

    def _accept(self, body: bytes) -> str:
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TokenError(TokenReason.NOT_UNDERSTOOD, "the answer is no token") from error
        usable = answer.access_token.isascii() and answer.access_token.isprintable() and " " not in answer.access_token
        if answer.token_type.lower() != "bearer" or not answer.access_token or not usable:
            raise TokenError(TokenReason.NOT_UNDERSTOOD, "not a bearer token")
        lifetime = answer.expires_in if answer.expires_in is not None else _LIFETIME_S
        self._renew_at = asyncio.get_running_loop().time() + lifetime - max(_EARLY_S, lifetime / 10)
        return answer.access_token


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise TokenError(TokenReason.KEY_UNUSABLE, f"{path}: {type(error).__name__}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP384R1):
        raise TokenError(TokenReason.KEY_UNUSABLE, f"{path} holds no P-384 key")
    return key
