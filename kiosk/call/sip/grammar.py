"""The little of SIP's header grammar (RFC 3261 25) that must be exact: lists, parameters, addresses. Pure.

Beside sipmessage, not instead of it: sipmessage 0.7.1 splits at separators inside quoted strings
(``pub-gruu="…;gr=…"``, ``qop="auth,auth-int"``) and writes URIs back with other escapes than they came with, which
breaks routes and GRUUs.
"""

from __future__ import annotations

import msgspec
import sipmessage

from kiosk.call.policy import normal_identity

MAXIMUM_URI = 1024


class Address(msgspec.Struct, frozen=True):
    """A name-addr or addr-spec: the URI as it was written, and the header's parameters with names in lower case."""

    uri: str
    parameters: dict[str, str | None]


def quote(text: str) -> str:
    """A quoted-string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """The text of a quoted-string; anything else stays as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    made, escaped = [], False
    for character in text[1:-1]:
        if character == "\\" and not escaped:
            escaped = True
            continue
        made.append(character)
        escaped = False
    return "".join(made)


def split_outside_quotes(value: str, separator: str) -> list[str]:
    """Split at ``separator`` where it stands outside quoted strings and angle brackets; parts are stripped."""
    parts: list[str] = []
    start, quoted, escaped, bracketed = 0, False, False, False
    for index, character in enumerate(value):
        if quoted:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character == "<":
            bracketed = True
        elif character == ">":
            bracketed = False
        elif character == separator and not bracketed:
            parts.append(value[start:index].strip())
            start = index + 1
    parts.append(value[start:].strip())
    return parts


def parameters(parts: list[str]) -> dict[str, str | None]:
    """``name=value`` and ``name`` parts; names in lower case, values unquoted. Raises ValueError for a repeated one."""
    made: dict[str, str | None] = {}
    for part in parts:
        name, equals, raw = part.partition("=")
        name = name.strip().lower()
        if not name or name in made:
            raise ValueError("parameters are empty or repeated")
        made[name] = unquote(raw.strip()) if equals else None
    return made


def parse_address(value: str) -> Address:
    """A From, To, Contact, Route or P-Asserted-Identity value. Raises ValueError."""
    whole, *rest = split_outside_quotes(value, ";")
    if whole.endswith(">"):
        _, bracket, uri = whole[:-1].rpartition("<")
        if not bracket:
            raise ValueError("address without <")
    else:
        uri = whole
    if not uri or len(uri) > MAXIMUM_URI or any(character.isspace() or character in '<>"' for character in uri):
        raise ValueError("address without a usable URI")
    return Address(uri, parameters(rest))


def identity(value: str) -> str | None:
    """``sip:user@host`` in the form that the contact list compares; None when it is no valid SIP URI with a user."""
    if len(value) > MAXIMUM_URI:
        return None
    try:
        sipmessage.URI.parse(value)
    except ValueError:
        return None
    return normal_identity(value)
