"""What the SIP agent tells the controller: one frozen value per thing that happened. No behaviour."""

from __future__ import annotations

import enum

import msgspec


class RegistrationState(enum.Enum):
    """Whether calls can reach this device. OFFLINE: no connection, or the server is in trouble; it is being retried.
    REFUSED: the server answers and does not accept us (password, account); retried slowly."""

    OFFLINE = "offline"
    REGISTERED = "registered"
    REFUSED = "refused"


class RegistrationChanged(msgspec.Struct, frozen=True, tag="registration-changed"):
    """``detail`` is for the log: no secrets, no personal data."""

    state: RegistrationState
    detail: str


class IncomingCall(msgspec.Struct, frozen=True, tag="incoming-call"):
    """An INVITE; 100 has been sent, nothing else. ``call_id`` names the dialog in every later event and command.

    ``asserted_identity``: ``sip:user@host`` out of P-Asserted-Identity (RFC 3325), which our own server sets over
    our own authenticated connection; None when it asserts none. From is never used. ``accepts``: media types of the
    INVITE's Accept, in lower case.
    """

    call_id: str
    asserted_identity: str | None
    offer: str
    accepts: tuple[str, ...] = ()


class CallCancelled(msgspec.Struct, frozen=True, tag="call-cancelled"):
    """The caller gave up before we answered, or (RFC 3326, cause 200) another device of ours answered."""

    call_id: str
    answered_elsewhere: bool


class CallConfirmed(msgspec.Struct, frozen=True, tag="call-confirmed"):
    """ACK has come: both ends have offer and answer."""

    call_id: str


class CallAnswered(msgspec.Struct, frozen=True, tag="call-answered"):
    """The other end has answered our call with ``sdp``; ACK has been sent."""

    call_id: str
    sdp: str


class CallRefused(msgspec.Struct, frozen=True, tag="call-refused"):
    """Our call came to nothing: a final response, 408 when nobody answered, 503 without a connection. Not told of one
    that we took back."""

    call_id: str
    status: int


class CallEnded(msgspec.Struct, frozen=True, tag="call-ended"):
    """An answered call is over. Not told for one that we hung up. ``reason`` is for the log."""

    call_id: str
    by_peer: bool
    reason: str | None


class NoAck(msgspec.Struct, frozen=True, tag="no-ack"):
    """Our answer was never acknowledged (32 s): the call is over."""

    call_id: str


class MessageReceived(msgspec.Struct, frozen=True, tag="message-received"):
    """A MESSAGE in the dialog (RFC 3428), already accepted with 200. ``content_type`` in lower case, no parameters."""

    call_id: str
    content_type: str
    body: bytes


class MessageFailed(msgspec.Struct, frozen=True, tag="message-failed"):
    """A MESSAGE of ours did not arrive; ``status`` 408 also when nobody answered."""

    call_id: str
    status: int


class ReinviteReceived(msgspec.Struct, frozen=True, tag="reinvite-received"):
    """The other end offers again; wants answer_reinvite or refuse_reinvite."""

    call_id: str
    offer: str


class ReinviteAnswered(msgspec.Struct, frozen=True, tag="reinvite-answered"):
    """The other end's answer to our reinvite."""

    call_id: str
    sdp: str


class ReinviteFailed(msgspec.Struct, frozen=True, tag="reinvite-failed"):
    """Our reinvite was refused; the call goes on as it was."""

    call_id: str
    status: int


SipEvent = (
    RegistrationChanged
    | IncomingCall
    | CallCancelled
    | CallConfirmed
    | CallAnswered
    | CallRefused
    | CallEnded
    | NoAck
    | MessageReceived
    | MessageFailed
    | ReinviteReceived
    | ReinviteAnswered
    | ReinviteFailed
)
