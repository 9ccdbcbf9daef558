"""SIP messages: bytes to a checked value and back, with strict limits before anything is parsed. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import sipmessage
from sipmessage.message import COMPACT_FORMS

from kiosk.call.sip.grammar import MAXIMUM_URI, parse_address, split_outside_quotes

MAXIMUM_HEAD = 16_384
MAXIMUM_BODY = 65_536
MAXIMUM_MESSAGE = 2 * MAXIMUM_BODY
"""Bytes. A body between the two limits is still refused in words (413); beyond, the message is dropped unread."""
_MAXIMUM_HEADERS = 100
_MAXIMUM_VALUE = 4096
_MAXIMUM_VIAS = 20

_TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]+"
_REQUEST_LINE = re.compile(rf"({_TOKEN}) (\S+) SIP/2\.0")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) ?([^\r\n]*)")
_HEADER = re.compile(rf"({_TOKEN})[ \t]*:[ \t]*(.*)")
_FOLD = re.compile(r"\r\n[ \t]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ONCE = ("from", "to", "call-id", "cseq", "content-length", "content-type", "max-forwards")
_MAXIMUM_SEQUENCE = 2**31

Header = tuple[str, str]

PHRASES = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    600: "Busy Everywhere",
    603: "Decline",
    606: "Not Acceptable",
}


class Malformed(ValueError):
    """Bytes that are no SIP message which we could answer."""


class Message(msgspec.Struct, frozen=True):
    """A request (``status`` 0) or a response, with what every one must have already read.

    ``sender`` and ``recipient`` are From and To as written; ``via`` one entry per hop, topmost first. ``fault`` is the
    status with which a request must be refused although it can be answered, None when it is fine.
    """

    method: str
    status: int
    uri: str
    via: tuple[str, ...]
    branch: str
    sent_by: str
    sender: str
    sender_tag: str | None
    recipient: str
    recipient_tag: str | None
    call_id: str
    sequence: int
    headers: tuple[Header, ...]
    body: bytes
    fault: int | None = None

    def get(self, name: str) -> str | None:
        """The first value of a header, as written."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)

    def every(self, name: str) -> list[str]:
        """All values of a header that may hold a list, one by one."""
        wanted = name.lower()
        values = (value for key, value in self.headers if key == wanted)
        return [part for value in values for part in split_outside_quotes(value, ",") if part]

    def whole(self, name: str) -> list[str]:
        """All values of a header that holds commas of its own (challenges)."""
        wanted = name.lower()
        return [value for key, value in self.headers if key == wanted]


def _head_lines(head: bytes) -> list[str]:
    """Unfolded, checked lines. Raises Malformed."""
    if len(head) > MAXIMUM_HEAD:
        raise Malformed("head too large")
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        raise Malformed("head is not UTF-8") from error
    lines = _FOLD.sub(" ", text).split("\r\n")
    if len(lines) > _MAXIMUM_HEADERS or any(_FORBIDDEN.search(line) for line in lines):
        raise Malformed("too many lines, or control characters")
    return lines


def _headers(lines: Sequence[str]) -> tuple[Header, ...]:
    made: list[Header] = []
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None or len(found[2]) > _MAXIMUM_VALUE:
            raise Malformed("a line is no header")
        name = found[1].lower()
        made.append((COMPACT_FORMS.get(name, name).lower(), found[2].strip()))
    names = [name for name, _ in made]
    if any(names.count(name) > 1 for name in _ONCE):
        raise Malformed("a header that may stand once stands twice")
    return tuple(made)


def parse(data: bytes) -> Message:
    """Read one message (RFC 3261 7, RFC 7118 5). Raises Malformed for what cannot even be answered."""
    if len(data) > MAXIMUM_MESSAGE:
        raise Malformed("message too large")
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        raise Malformed("no end of headers")
    start, *rest = _head_lines(head)
    headers = _headers(rest)
    request, status = _REQUEST_LINE.fullmatch(start), _STATUS_LINE.fullmatch(start)
    if request is None and status is None:
        raise Malformed("neither request nor response")
    of = dict(reversed(headers))
    try:
        cseq = sipmessage.CSeq.parse(of["cseq"])
        hops = [part for name, value in headers if name == "via" for part in split_outside_quotes(value, ",")]
        if len(hops) > _MAXIMUM_VIAS or any(len(hop) > MAXIMUM_URI for hop in hops):
            raise Malformed("too many or too long Via")
        via = sipmessage.Via.parse(hops[0])
        sender, recipient = parse_address(of["from"]), parse_address(of["to"])
        call_id = of["call-id"]
    except (KeyError, IndexError, ValueError) as error:
        raise Malformed("Via, From, To, Call-ID or CSeq is missing or unreadable") from error
    branch = via.parameters.get("branch") or ""
    if not call_id or cseq.sequence >= _MAXIMUM_SEQUENCE or (request is not None and cseq.method != request[1]):
        raise Malformed("Call-ID or CSeq cannot be")
    return Message(
        method=cseq.method,
        status=int(status[1]) if status is not None else 0,
        uri=request[2] if request is not None else "",
        via=tuple(hops),
        branch=branch,
        sent_by=f"{via.host}:{via.port or ''}".lower(),
        sender=of["from"],
        sender_tag=sender.parameters.get("tag"),
        recipient=of["to"],
        recipient_tag=recipient.parameters.get("tag"),
        call_id=call_id,
        sequence=cseq.sequence,
        headers=headers,
        body=body,
        fault=_fault(request[2] if request is not None else None, branch, of, body, sender.parameters.get("tag")),
    )


def _fault(uri: str | None, branch: str, of: dict[str, str], body: bytes, tag: str | None) -> int | None:
    """What is wrong with a message that can be answered: RFC 3261 8.1.1, 8.2."""
    if len(body) > MAXIMUM_BODY:
        return 413
    length = of.get("content-length")
    if length is not None and (not re.fullmatch("[0-9]{1,9}", length) or int(length) != len(body)):
        return 400
    # Without the magic cookie the branch identifies nothing (RFC 3261 8.1.1.7); a From without tag is RFC 2543's.
    if not branch.startswith("z9hG4bK") or not tag or (body and not of.get("content-type")):
        return 400
    if uri is None:
        return None
    hops = of.get("max-forwards", "70")
    if not re.fullmatch("[0-9]{1,3}", hops) or len(uri) > MAXIMUM_URI:
        return 400
    try:
        sipmessage.URI.parse(uri)
    except ValueError:
        return 400
    return None


def _checked(value: str) -> str:
    """Nothing that we write may smuggle in a line. Raises ValueError."""
    if _FORBIDDEN.search(value):
        raise ValueError("control character in a header")
    return value


def _join(start: str, headers: Sequence[Header], body: bytes) -> bytes:
    lines = [_checked(start), *(f"{name}: {_checked(value)}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def build_response(
    request: Message, status: int, *, tag: str | None = None, headers: Sequence[Header] = (), body: bytes = b""
) -> bytes:
    """RFC 3261 8.2.6: Via, From, To, Call-ID and CSeq as they came; ``tag`` is put on a To that has none."""
    recipient = request.recipient
    if tag is not None and request.recipient_tag is None:
        recipient += f";tag={tag}"
    fixed = [("Via", hop) for hop in request.via]
    fixed += [
        ("From", request.sender),
        ("To", recipient),
        ("Call-ID", request.call_id),
        ("CSeq", f"{request.sequence} {request.method}"),
    ]
    return _join(f"SIP/2.0 {status} {PHRASES.get(status, 'Refused')}", [*fixed, *headers], body)


class Outgoing(msgspec.Struct, frozen=True):
    """A request of ours before it has a branch. ``sender`` and ``recipient``: From and To with their tags."""

    method: str
    uri: str
    sender: str
    recipient: str
    call_id: str
    sequence: int
    route: tuple[str, ...] = ()
    headers: tuple[Header, ...] = ()
    body: bytes = b""


def build_request(request: Outgoing, via_host: str, branch: str) -> bytes:
    """RFC 3261 8.1.1 and RFC 7118 5.2.2 (a random host under .invalid in Via)."""
    fixed = [("Via", f"SIP/2.0/WS {via_host};branch={branch}"), ("Max-Forwards", "70")]
    fixed += [("Route", one) for one in request.route]
    fixed += [
        ("From", request.sender),
        ("To", request.recipient),
        ("Call-ID", request.call_id),
        ("CSeq", f"{request.sequence} {request.method}"),
    ]
    return _join(f"{request.method} {request.uri} SIP/2.0", [*fixed, *request.headers], request.body)
