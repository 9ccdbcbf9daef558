"""What a request of the other side means: its offer, its reason, who is asserted, whether we can serve it. Pure."""

from __future__ import annotations

from kiosk.call.sip.grammar import identity, parameters, parse_address, split_outside_quotes
from kiosk.call.sip.messages import Header, Message

SDP = "application/sdp"
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, UPDATE"
SUPPORTED = "timer, outbound, gruu"
KNOWN_BUT_NOT_ALLOWED = frozenset({"REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER"})
ALLOWED = frozenset(ALLOW.split(", "))
_EXTENSIONS = frozenset({"timer", "outbound", "gruu", "path"})
_MAXIMUM_SDP_LINES = 2000

Refusal = tuple[int, list[Header]]


def media_type(message: Message) -> str | None:
    """Content-Type in lower case without parameters."""
    value = message.get("Content-Type")
    return split_outside_quotes(value, ";")[0].replace(" ", "").lower() if value else None


def accepted_types(message: Message) -> tuple[str, ...]:
    """The media types of Accept (RFC 3261 20.1) in lower case without parameters; empty when it has none."""
    return tuple(split_outside_quotes(one, ";")[0].replace(" ", "").lower() for one in message.every("Accept"))


def refusal_of(request: Message) -> Refusal | None:
    """Why a request cannot be served at all (RFC 3261 8.2), as a status and its headers; None when it can."""
    if request.fault is not None:
        return request.fault, []
    if request.method in KNOWN_BUT_NOT_ALLOWED:
        return 405, [("Allow", ALLOW)]
    if request.method not in ALLOWED:
        return 501, [("Allow", ALLOW)]
    if request.method == "CANCEL":
        return None
    unknown = [one for one in request.every("Require") if one.lower() not in _EXTENSIONS]
    if unknown:
        return 420, [("Unsupported", ", ".join(unknown))]
    encoding = request.get("Content-Encoding")
    if encoding is not None and encoding.lower() != "identity":
        return 415, [("Accept-Encoding", "identity")]
    return None


def offer_of(message: Message) -> tuple[str | None, Refusal | None]:
    """The session description in a body: (sdp, None), or (None, refusal); 488 when there is none or no media in it."""
    if not message.body:
        return None, (488, [])
    if media_type(message) != SDP:
        return None, (415, [("Accept", SDP)])
    try:
        sdp = message.body.decode()
    except UnicodeDecodeError:
        return None, (400, [])
    lines = sdp.splitlines()
    if any(character < " " and character not in "\r\n\t" for character in sdp):
        return None, (400, [])  # RFC 8866 section 5: a byte-string, but these only serve to blow up what carries it
    if not lines or lines[0] != "v=0" or len(lines) > _MAXIMUM_SDP_LINES:
        return None, (400, [])
    if not any(line.startswith("m=") for line in lines):
        return None, (488, [])
    return sdp, None


def asserted_identity(request: Message) -> str | None:
    """The SIP identity of P-Asserted-Identity (RFC 3325 9.1: at most one sip: and one tel:), else None."""
    found: set[str | None] = set()
    for value in request.every("P-Asserted-Identity"):
        try:
            uri = parse_address(value).uri
        except ValueError:
            return None
        if not uri.lower().startswith("tel:"):
            found.add(identity(uri))
    return found.pop() if len(found) == 1 else None


def _reasons(message: Message) -> list[tuple[str, dict[str, str | None]]]:
    """RFC 3326 values: protocol in capitals and parameters."""
    made = []
    for value in message.every("Reason"):
        protocol, *rest = split_outside_quotes(value, ";")
        try:
            made.append((protocol.upper(), parameters(rest)))
        except ValueError:
            continue
    return made


def answered_elsewhere(message: Message) -> bool:
    """``Reason: SIP;cause=200``: another branch of the call was answered."""
    return any(protocol == "SIP" and of.get("cause") == "200" for protocol, of in _reasons(message))


def reason_of(message: Message) -> str | None:
    """Protocol and cause of the first reason, for the log; the other end's words stay out."""
    for protocol, of in _reasons(message):
        return f"{protocol[:16]} {(of.get('cause') or '')[:8]}".strip()
    return None
