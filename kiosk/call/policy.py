"""Who may ring: the asserted identity against the kiosk's own contact list. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from kiosk.facts.caller import Caller


def normal_identity(uri: str) -> str | None:
    """``sip:user@host`` in its comparable form: no parameters, headers, port or password; host in lower case.

    The user part is compared as it stands (RFC 3261 section 19.1.4). None for anything else than a sip: or sips: URI
    with a user.
    """
    scheme, colon, rest = uri.strip().partition(":")
    if not colon or scheme.lower() not in ("sip", "sips"):
        return None
    rest = rest.split("?", 1)[0].split(";", 1)[0]
    user, at, host = rest.rpartition("@")
    user = user.split(":", 1)[0]
    host = host.split(":", 1)[0].lower() if not host.startswith("[") else host.split("]", 1)[0].lower() + "]"
    if not at or not user or not host:
        return None
    return f"sip:{user}@{host}"


class ContactList:
    """The contacts by identity. The name that is shown is the list's, never the caller's own."""

    def __init__(self, contacts: Iterable[Caller]) -> None:
        self._contacts = {identity: caller for caller in contacts if (identity := normal_identity(caller.uri))}

    def caller(self, asserted_identity: str | None) -> Caller | None:
        """Who this is; None for a caller who is not on the list and must not ring (product.md C3)."""
        if asserted_identity is None:
            return None
        identity = normal_identity(asserted_identity)
        return self._contacts.get(identity) if identity else None
