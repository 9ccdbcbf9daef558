"""Digest authentication for SIP (RFC 3261 22, RFC 7616, RFC 8760): a challenge in, the proof out. Pure."""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Iterable

import msgspec

from kiosk.call.sip.grammar import quote, split_outside_quotes, unquote


class Algorithm(enum.Enum):
    """In the order in which we prefer them."""

    SHA_256 = "SHA-256"
    MD5 = "MD5"


class Challenge(msgspec.Struct, frozen=True):
    """One challenge that we can answer. ``qop``: whether the server asks for qop=auth."""

    realm: str
    nonce: str
    algorithm: Algorithm
    opaque: str | None
    qop: bool
    stale: bool


_SCHEME = re.compile(r"digest[ \t]+(.*)", re.IGNORECASE | re.DOTALL)


def parse_challenge(value: str) -> Challenge | None:
    """A WWW-Authenticate or Proxy-Authenticate value; None for a scheme, algorithm or qop that we do not know."""
    found = _SCHEME.fullmatch(value.strip())
    if found is None:
        return None
    given: dict[str, str] = {}
    for part in split_outside_quotes(found[1], ","):
        name, equals, raw = part.partition("=")
        if not equals or name.strip().lower() in given:
            return None
        given[name.strip().lower()] = unquote(raw.strip())
    try:
        algorithm = Algorithm(given.get("algorithm", "MD5").upper())
    except ValueError:
        return None
    offered = given.get("qop")
    if offered is not None and "auth" not in [one.strip().lower() for one in offered.split(",")]:
        return None
    if not given.get("realm") or not given.get("nonce"):
        return None
    return Challenge(
        realm=given["realm"],
        nonce=given["nonce"],
        algorithm=algorithm,
        opaque=given.get("opaque"),
        qop=offered is not None,
        stale=given.get("stale", "").lower() == "true",
    )


def choose(values: Iterable[str], *, allow_md5: bool) -> Challenge | None:
    """The best of several challenges (RFC 8760 2.3); None when none is acceptable to us."""
    known = [one for one in map(parse_challenge, values) if one is not None]
    for algorithm in Algorithm:
        if algorithm is Algorithm.MD5 and not allow_md5:
            continue
        for one in known:
            if one.algorithm is algorithm:
                return one
    return None


def answer(challenge: Challenge, username: str, password: str, method: str, uri: str, cnonce: str) -> str:
    """The value of Authorization or Proxy-Authorization (RFC 7616 3.4), first use of this nonce."""

    def digest(text: str) -> str:
        made = hashlib.sha256() if challenge.algorithm is Algorithm.SHA_256 else hashlib.md5()
        made.update(text.encode())
        return made.hexdigest()

    ha1 = digest(f"{username}:{challenge.realm}:{password}")
    ha2 = digest(f"{method}:{uri}")
    middle = f"00000001:{cnonce}:auth:" if challenge.qop else ""
    fields = [
        f"username={quote(username)}",
        f"realm={quote(challenge.realm)}",
        f"nonce={quote(challenge.nonce)}",
        f"uri={quote(uri)}",
        f'response="{digest(f"{ha1}:{challenge.nonce}:{middle}{ha2}")}"',
        f"algorithm={challenge.algorithm.value}",
    ]
    if challenge.opaque is not None:
        fields.append(f"opaque={quote(challenge.opaque)}")
    if challenge.qop:
        fields += ["qop=auth", f"cnonce={quote(cnonce)}", "nc=00000001"]
    return "Digest " + ", ".join(fields)
