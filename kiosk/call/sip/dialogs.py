"""A dialog (RFC 3261 12): tags, sequence numbers, route set and remote target. Pure; knows no timers and no calls."""

from __future__ import annotations

import enum
import hashlib
from typing import Self

from kiosk.call.sip.grammar import parse_address
from kiosk.call.sip.messages import Header, Message, Outgoing


class DialogState(enum.Enum):
    """EARLY until a 2xx."""

    EARLY = "early"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class DialogError(ValueError):
    """A request that cannot make a dialog; the answer is 400."""


def dialog_key(call_id: str, local_tag: str | None, remote_tag: str | None) -> tuple[str, str, str]:
    """What identifies a dialog at our end."""
    return call_id, local_tag or "", remote_tag or ""


def _target(message: Message) -> str:
    """The URI of the one Contact. Raises DialogError."""
    contacts = message.every("Contact")
    if len(contacts) != 1:
        raise DialogError("not exactly one Contact")
    try:
        uri = parse_address(contacts[0]).uri
    except ValueError as error:
        raise DialogError("Contact cannot be read") from error
    if not uri.lower().startswith(("sip:", "sips:")):
        raise DialogError("Contact is no SIP URI")
    return uri


class Dialog:
    """Our side of a dialog that an INVITE makes: the callee's (``of_invite``), or the caller's (``of_answer``).

    ``name`` names it outside of SIP. ``record_route`` in the order in which our requests go along it.
    """

    def __init__(
        self,
        key: tuple[str, str, str],
        name: str,
        *,
        local: str,
        remote: str,
        target: str,
        route: tuple[str, ...],
        local_sequence: int,
        remote_sequence: int,
    ) -> None:
        """``local`` and ``remote``: From and To of our requests, with their tags. Raises DialogError."""
        self.state = DialogState.EARLY
        self.key = key
        self.name = name
        self.local_tag = key[1]
        self.remote_target = target
        self.record_route = route
        self.remote_sequence = remote_sequence
        self._local = local
        self._remote = remote
        self._local_sequence = local_sequence
        for one in route:
            try:
                parse_address(one)
            except ValueError as error:
                raise DialogError("Record-Route cannot be read") from error

    @classmethod
    def of_invite(cls, invite: Message, local_tag: str, first_sequence: int) -> Self:
        """The callee's (RFC 3261 12.1.1). Raises DialogError."""
        key = dialog_key(invite.call_id, local_tag, invite.sender_tag)
        return cls(
            key,
            hashlib.sha256("\n".join(key).encode()).hexdigest()[:16],
            local=f"{invite.recipient};tag={local_tag}",
            remote=invite.sender,
            target=_target(invite),
            route=tuple(invite.every("Record-Route")),
            local_sequence=first_sequence,
            remote_sequence=invite.sequence,
        )

    @classmethod
    def of_answer(cls, invite: Outgoing, local_tag: str, answer: Message, name: str) -> Self:
        """The caller's, by a 2xx (RFC 3261 12.1.2): the other end has not counted its requests yet. Raises
        DialogError."""
        return cls(
            dialog_key(invite.call_id, local_tag, answer.recipient_tag),
            name,
            local=invite.sender,
            remote=answer.recipient,
            target=_target(answer),
            route=tuple(reversed(answer.every("Record-Route"))),
            local_sequence=invite.sequence,
            remote_sequence=-1,
        )

    def in_order(self, request: Message) -> bool:
        """RFC 3261 12.2.2: whether the sequence number has grown; remembers it. Not for ACK and CANCEL."""
        if request.sequence <= self.remote_sequence:
            return False
        self.remote_sequence = request.sequence
        return True

    def refresh_target(self, message: Message) -> bool:
        """RFC 3261 12.2: a re-INVITE, an UPDATE or the 2xx to one may move the other end. False: unreadable Contact."""
        if message.get("Contact") is None:
            return True
        try:
            self.remote_target = _target(message)
        except DialogError:
            return False
        return True

    def request(self, method: str, headers: tuple[Header, ...] = (), body: bytes = b"") -> Outgoing:
        """The next request of ours in this dialog."""
        self._local_sequence += 1
        return self._outgoing(method, self._local_sequence, headers, body)

    def ack(self, sequence: int) -> Outgoing:
        """The ACK for the 2xx to our INVITE with this sequence number."""
        return self._outgoing("ACK", sequence, (), b"")

    def _outgoing(self, method: str, sequence: int, headers: tuple[Header, ...], body: bytes) -> Outgoing:
        """RFC 3261 12.2.1.1. A first route without ``lr`` is a strict router, which RFC 3261 still serves."""
        uri, route = self.remote_target, self.record_route
        if route:
            first = parse_address(route[0]).uri
            if ";lr" not in first.lower():
                uri, route = first, (*route[1:], f"<{self.remote_target}>")
        return Outgoing(
            method=method,
            uri=uri,
            sender=self._local,
            recipient=self._remote,
            call_id=self.key[0],
            sequence=sequence,
            route=route,
            headers=headers,
            body=body,
        )
