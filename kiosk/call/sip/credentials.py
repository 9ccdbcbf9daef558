"""Who we are, and the answering of challenges to that: which realm, which algorithm, with what secret. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import msgspec

from kiosk.call.sip.digest import Challenge, answer, choose
from kiosk.call.sip.grammar import identity
from kiosk.call.sip.messages import Header, Message, Outgoing


class Account(msgspec.Struct, frozen=True):
    """Our address of record. ``instance_id`` is ``urn:uuid:…`` (RFC 5626 4.1)."""

    address: str
    username: str
    password: str
    instance_id: str
    allow_md5: bool
    expires_s: int

    @classmethod
    def checked(
        cls, address: str, username: str, password: str, instance_id: str, allow_md5: bool, expires_s: int
    ) -> Self:
        """Raises ValueError, whose text names what is wrong and never the password."""
        if identity(address) != address:
            raise ValueError(f"address {address!r} is not of the form sip:name@domain")
        if not instance_id.startswith("urn:uuid:") or not instance_id[9:].replace("-", "").isalnum():
            raise ValueError("instance_id is not of the form urn:uuid:…")
        if not password.isprintable() or not password or not username.isprintable():
            raise ValueError("user name or password is empty or has control characters")
        if not 10 <= expires_s <= 86_400:
            raise ValueError("expires_s is not within 10 and 86400")
        return cls(address, username, password, instance_id, allow_md5, expires_s)

    @property
    def domain(self) -> str:
        """The host part of the address."""
        return self.address.rpartition("@")[2]


class Credentials:
    """Answers challenges, but only for the realm that our own registrar named first: no other may test our password."""

    def __init__(self, account: Account, tokens: Callable[[], str]) -> None:
        self._account = account
        self._tokens = tokens
        self._realm: str | None = None

    def trust(self, realm: str) -> None:
        """The registrar's realm."""
        if self._realm is None:
            self._realm = realm

    def choose(self, response: Message) -> Challenge | None:
        """The challenge of a 401 or 407 that we would answer."""
        name = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
        return choose(response.whole(name), allow_md5=self._account.allow_md5)

    def answer(self, response: Message, request: Outgoing) -> Header | None:
        """The header that proves us, for the repetition of ``request``; None when we cannot or will not."""
        challenge = self.choose(response)
        if challenge is None or challenge.realm != self._realm:
            return None
        name = "Authorization" if response.status == 401 else "Proxy-Authorization"
        return name, answer(
            challenge,
            self._account.username,
            self._account.password,
            request.method,
            request.uri,
            self._tokens(),
        )
