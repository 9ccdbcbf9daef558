"""What is read, what is refused, what is dropped; and that nothing can be smuggled into what is written."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.call.sip.grammar import identity, parse_address, split_outside_quotes, unquote
from kiosk.call.sip.incoming import answered_elsewhere, asserted_identity, offer_of, reason_of
from kiosk.call.sip.messages import MAXIMUM_BODY, Malformed, Message, Outgoing, build_request, build_response, parse
from tests.call.sip.peer import OFFER, text

FIXED = [
    ("Via", "SIP/2.0/WSS 10.0.0.1;branch=z9hG4bK1"),
    ("From", '"A <b>" <sip:kari@svar.example>;tag=f'),
    ("To", "<sip:kiosk@svar.example>"),
    ("Call-ID", "c"),
    ("CSeq", "1 INVITE"),
]
START = "INVITE sip:x@y.invalid;transport=ws SIP/2.0"


def request(**changed: str | None) -> bytes:
    """The fixed headers, some changed (None: left out)."""
    names = {name.replace("_", "-").lower(): value for name, value in changed.items()}
    headers = [(name, names.pop(name.lower(), value)) for name, value in FIXED]
    headers += list(names.items())
    return text(START, [(name, value) for name, value in headers if value is not None])


def parsed(**changed: str | None) -> Message:
    return parse(request(**changed))


def test_compact_forms_folding_and_several_vias() -> None:
    data = (
        b"INVITE sip:x@y SIP/2.0\r\nv: SIP/2.0/WSS a.example;branch=z9hG4bK1 , SIP/2.0/WS b;branch=2\r\n"
        b"f:\r\n <sip:a@b>\r\n\t;tag=1\r\nt : <sip:c@d>;tag=2\r\ni: x\r\nCSEQ: 007   INVITE\r\nl: 0\r\n\r\n"
    )
    made = parse(data)
    assert (made.branch, len(made.via), made.sender_tag, made.recipient_tag) == ("z9hG4bK1", 2, "1", "2")
    assert (made.sequence, made.call_id, made.fault) == (7, "x", None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"INVITE sip:x@y SIP/2.0\r\n",
        b"INVITE sip:x@y SIP/3.0\r\n\r\n",
        b"SIP/2.0 99 Low\r\n\r\n",
        b"SIP/2.0 +200 OK\r\n\r\n",
        request(via=None),
        request(**{"from": None}),
        request(to=None),
        request(call_id=None),
        request(cseq=None),
        request(cseq="1 BYE"),
        request(cseq="-1 INVITE"),
        request(cseq="99999999999 INVITE"),
        request(via="nonsense"),
        request(to="<sip:a@b"),
        request(to="<>"),
        request(subject="a\x00b"),
        request(subject="a\nb"),
        request(subject="a" * 5000),
        request().replace(b"Call-ID: c\r\n", b"Call-ID: c\r\nCall-ID: d\r\n"),
        request().replace(b"Call-ID: c", b"no header at all"),
        request().replace(b"Call-ID: c", b"Call-ID: \xff"),
        text(START, [*FIXED, *[("X", "y")] * 200]),
        text(START, [*FIXED, *[("X", "y" * 4000)] * 10]),
        b"x" * 200_000,
    ],
)
def test_what_cannot_be_answered_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


@pytest.mark.parametrize(
    "data, fault",
    [
        (request(), None),
        (request().replace(b"Content-Length: 0", b"Content-Length: 3"), 400),
        (request().replace(b"Content-Length: 0", b"Content-Length: x"), 400),
        (request(via="SIP/2.0/WSS 10.0.0.1;branch=old"), 400),
        (request(**{"from": "<sip:a@b>"}), 400),
        (request(max_forwards="many"), 400),
        (text(START, FIXED, "body"), 400),
        (text("INVITE nonsense SIP/2.0", FIXED), 400),
        (text("INVITE sip: SIP/2.0", FIXED), 400),
        (text(START, [*FIXED, ("Content-Type", "a/b")], "x" * (MAXIMUM_BODY + 1)), 413),
    ],
)
def test_what_can_be_answered_is_refused(data: bytes, fault: int | None) -> None:
    assert parse(data).fault == fault


@pytest.mark.parametrize(
    "asserted, expected",
    [
        (["<sip:kari@svar.example>"], "sip:kari@svar.example"),
        (['"Kari, N" <sip:kari@SVAR.example:5061;user=phone>'], "sip:kari@svar.example"),
        (["<sips:kari@svar.example>", "<tel:+4790000000>"], "sip:kari@svar.example"),
        (["<sip:kari@svar.example>, <tel:+4790000000>"], "sip:kari@svar.example"),
        (["<sip:kari@svar.example>", "<sip:ola@svar.example>"], None),
        (["<sip:svar.example>"], None),
        (["<http://kari@svar.example>"], None),
        (["<sip:kari@svar.example"], None),
        ([""], None),
        ([], None),
    ],
)
def test_the_asserted_identity(asserted: list[str], expected: str | None) -> None:
    message = parse(text(START, [*FIXED, *(("P-Asserted-Identity", one) for one in asserted)]))
    assert asserted_identity(message) == expected


@pytest.mark.parametrize(
    "reason, elsewhere, said",
    [
        ('SIP;cause=200;text="Call completed elsewhere"', True, "SIP 200"),
        ('Q.850;cause=16, sip ; cause=200 ; text="a;b,c"', True, "Q.850 16"),
        ("SIP;cause=603", False, "SIP 603"),
        ("SIP;cause=200;cause=1", False, None),
        (";;;", False, None),
    ],
)
def test_reasons(reason: str, elsewhere: bool, said: str | None) -> None:
    message = parsed(reason=reason)
    assert answered_elsewhere(message) is elsewhere
    assert reason_of(message) == said


@pytest.mark.parametrize(
    "kind, body, status",
    [
        ("application/sdp", OFFER, None),
        ("Application/SDP;charset=utf-8", OFFER, None),
        ("text/plain", OFFER, 415),
        ("application/sdp", "v=0\r\n", 488),
        ("application/sdp", "hello", 400),
        ("application/sdp", "", 488),
        ("application/sdp", "v=0\r\n" + "a=x\r\n" * 3000, 400),
        ("application/sdp", OFFER + "a=" + "\x01" * 1000 + "\r\n", 400),
    ],
)
def test_offers(kind: str, body: str, status: int | None) -> None:
    sdp, refusal = offer_of(parse(text(START, [*FIXED, ("Content-Type", kind)], body)))
    assert (refusal[0] if refusal else None) == status
    assert (sdp == body) is (status is None)


def test_a_response_repeats_what_it_must() -> None:
    made = parse(build_response(parsed(), 603, tag="t", headers=[("Reason", "SIP")]))
    assert (made.status, made.recipient_tag, made.sender, made.branch) == (603, "t", FIXED[1][1], "z9hG4bK1")


@pytest.mark.parametrize("value", ["a\r\nVia: b", "a\nb", "a\x00"])
def test_no_line_can_be_smuggled_in(value: str) -> None:
    with pytest.raises(ValueError, match="control"):
        build_response(parsed(), 200, headers=[("Contact", value)])
    with pytest.raises(ValueError, match="control"):
        build_request(Outgoing("BYE", f"sip:{value}", "<sip:a@b>", "<sip:c@d>", "c", 1), "h.invalid", "z9hG4bK2")


def test_splitting_and_quoting() -> None:
    assert split_outside_quotes('a;b="x;y\\";z";<c;d>;e', ";") == ["a", 'b="x;y\\";z"', "<c;d>", "e"]
    assert unquote('"a\\"b\\\\c"') == 'a"b\\c'
    address = parse_address('"x <y>" <sip:a@b;gr=urn:uuid:1>;Tag=Q;pub-gruu="sip:a@b;gr=1"')
    assert address.uri == "sip:a@b;gr=urn:uuid:1"
    assert address.parameters == {"tag": "Q", "pub-gruu": "sip:a@b;gr=1"}
    assert identity("sip:a@b?x=y") is None


@given(st.binary(max_size=2000))
@example(b"INVITE sip:x@y SIP/2.0\r\n\r\n")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        parse(data)


LINES = st.sampled_from(
    [*(f"{name}: {value}" for name, value in FIXED), "Content-Length: 0", "v:", "f: <", 't: "', "x"]
)
VALUES = st.text(alphabet='<>";,=:@/ sip.a1\\%[]()+-\r\n\t', max_size=60)


@given(st.lists(LINES | VALUES, max_size=12), st.data())
def test_lines_in_any_order_are_read_or_refused(lines: list[str], data: st.DataObject) -> None:
    lines = [START, *(f"{name}: {value}" for name, value in FIXED), *lines]
    lines[data.draw(st.integers(0, len(lines) - 1))] += data.draw(VALUES)
    try:
        message = parse("\r\n".join(lines).encode() + b"\r\n\r\n")
    except Malformed:
        return
    asserted_identity(message)
    answered_elsewhere(message)
    parse(build_response(message, 400, tag="t"))


@pytest.mark.parametrize(
    "data",
    [
        request(via="SIP/2.0/WSS " + "a." * 500 + "!"),
        request(to="<sip:" + "a" * 1000 + ">"),
        request(to='"' + '\\"' * 2000 + "<"),
        request(contact="<" * 4000),
        text("INVITE sip:" + "a-" * 1000 + "! SIP/2.0", FIXED),
        request(p_asserted_identity="<sip:" + "%41" * 300 + "@" + "a-" * 100 + ">"),
        request(record_route=",".join(["<sip:a;lr>"] * 300)),
    ],
)
def test_nothing_takes_long(data: bytes) -> None:
    began = time.perf_counter()
    with contextlib.suppress(Malformed):
        asserted_identity(parse(data))
    assert time.perf_counter() - began < 0.2
