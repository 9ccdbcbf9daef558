"""The enrolment code: what is written is read, and nothing else is."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as some

from kiosk.facts.profile import Language
from kiosk.provisioning import base45, enrolment_code
from kiosk.provisioning.enrolment_code import CodeFault, CodeRefused, EnrolmentCode, read, write

OFFICE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEYS = (OFFICE.public_key(),)
NOW = 1_790_000_000.0

CODE = EnrolmentCode(
    origin="https://svar.storfjord.example:8443",
    pins=(bytes(range(32)), bytes(range(100, 132))),
    token=bytes(range(16)),
    expires=int(NOW) + 7 * 86_400,
    device="T-0417",
    profile="hjemme",
    language=Language.NYNORSK,
)

_codes = some.builds(
    EnrolmentCode,
    origin=some.sampled_from(["https://a.no", "https://svar.example:1", "https://xn.example.org:65535", "https://h"]),
    pins=some.lists(some.binary(min_size=32, max_size=32), min_size=1, max_size=2).map(tuple),
    token=some.binary(min_size=16, max_size=16),
    expires=some.integers(int(NOW) + 1, (1 << 40) - 1),
    device=some.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", fullmatch=True),
    profile=some.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", fullmatch=True),
    language=some.sampled_from([Language.BOKMAAL, Language.NYNORSK, Language.ENGLISH]),
)


def refused(text: str, keys: tuple[Ed25519PublicKey, ...] = KEYS, now: float = NOW) -> CodeFault:
    """Why the text is not used."""
    with pytest.raises(CodeRefused) as caught:
        read(text, keys, now)
    return caught.value.fault


def as_text(data: bytes) -> str:
    return enrolment_code.PREFIX + base45.encode(data)


def unsigned(**changes: object) -> str:
    """A code that no office would write."""
    return as_text(b"\x01\x00" + msgspec.msgpack.encode(msgspec.structs.replace(CODE, **changes)))


@given(_codes)
def test_what_is_written_is_read(code: EnrolmentCode) -> None:
    offered = read(write(code, OFFICE), KEYS, NOW)
    assert offered.code == code
    assert offered.signed


@given(_codes)
def test_without_a_key_of_the_municipality_nothing_is_proven(code: EnrolmentCode) -> None:
    for key in (OFFICE, None):
        offered = read(write(code, key), (), NOW)
        assert offered.code == code
        assert not offered.signed


def test_a_full_code_fits_the_qr_code_that_a_tablet_can_read() -> None:
    # Version 12 at level M holds 419 alphanumeric signs (ISO/IEC 18004 table 7).
    assert len(write(CODE, OFFICE)) <= 419


@given(some.text(max_size=900))
def test_any_text_is_refused_or_read(text: str) -> None:
    for tried in (text, enrolment_code.PREFIX + text):
        with contextlib.suppress(CodeRefused):
            read(tried, (), NOW)


@given(some.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert refused(as_text(data)) is not None
    assert refused(as_text(b"\x01\x01" + data)) in (CodeFault.FORGED, CodeFault.DAMAGED)


@given(_codes, some.data())
def test_a_changed_bit_is_never_taken(code: EnrolmentCode, data: some.DataObject) -> None:
    whole = bytearray(base45.decode(write(code, OFFICE).removeprefix(enrolment_code.PREFIX)))
    place = data.draw(some.integers(0, 8 * len(whole) - 1))
    whole[place // 8] ^= 1 << place % 8
    refused(as_text(bytes(whole)))


def test_why_a_code_is_not_used() -> None:
    text = write(CODE, OFFICE)
    assert refused("WIFI:T:WPA;S:hjemme;P:1234;;") is CodeFault.NOT_A_CODE
    assert refused("SVAR2:AB") is CodeFault.NEWER_VERSION
    assert refused(as_text(b"\x02\x01" + bytes(200))) is CodeFault.NEWER_VERSION
    assert refused(text + "0" * enrolment_code.MAXIMUM_CHARACTERS) is CodeFault.TOO_LONG
    assert refused(text[:-5]) in (CodeFault.DAMAGED, CodeFault.FORGED)
    assert refused(text.lower()) is CodeFault.NOT_A_CODE
    assert refused(write(CODE, None)) is CodeFault.NOT_SIGNED
    assert refused(write(CODE, STRANGER)) is CodeFault.FORGED
    assert refused(text, now=CODE.expires) is CodeFault.EXPIRED
    assert read(text, (STRANGER.public_key(), *KEYS), NOW).signed


def test_a_signature_of_another_kind_of_document_is_forged() -> None:
    body = b"\x01\x01" + msgspec.msgpack.encode(CODE)
    assert refused(as_text(body + OFFICE.sign(body))) is CodeFault.FORGED


@pytest.mark.parametrize(
    "origin",
    [
        "http://svar.example",
        "https://svar.example/",
        "https://svar.example/x",
        "https://kari@svar.example",
        "https://SVAR.example",
        "https://svär.example",
        "https://xn--svr-qla.example",
        "https://svar.example:0",
        "https://svar.example:65536",
        "https://svar.example:",
        "https://-svar.example",
        "https://svar..example",
        "https://svar.example\n",
        "https://svar.example\u202e",
        "https://",
        "",
    ],
)
def test_an_origin_that_could_mislead_is_refused(origin: str) -> None:
    assert refused(unsigned(origin=origin), keys=()) is CodeFault.NOT_AN_ORIGIN
    with pytest.raises(CodeRefused):
        write(msgspec.structs.replace(CODE, origin=origin), OFFICE)


@pytest.mark.parametrize(
    "changes",
    [
        {"pins": ()},
        {"pins": (b"short",)},
        {"pins": (bytes(32),) * 3},
        {"token": bytes(15)},
        {"device": "Ola Nordmann"},
        {"device": "x" * 33},
        {"profile": "a\n"},
        {"expires": -1},
        {"language": Language.PSEUDO},
    ],
)
def test_a_code_outside_its_limits_is_damaged(changes: dict[str, object]) -> None:
    assert refused(unsigned(**changes), keys=()) is CodeFault.DAMAGED
    with pytest.raises(CodeRefused):
        write(msgspec.structs.replace(CODE, **changes), OFFICE)


def test_the_token_stands_in_no_text_about_the_code() -> None:
    assert CODE.token.hex() not in repr(CODE)
    assert repr(CODE.token) not in repr(CODE)
    assert repr(CODE.token) not in repr(read(write(CODE, OFFICE), KEYS, NOW))


def test_the_host_is_what_the_technician_reads() -> None:
    assert CODE.host == "svar.storfjord.example:8443"


@given(some.binary(max_size=200))
def test_base45_goes_there_and_back(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@pytest.mark.parametrize(
    ("data", "text"), [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0")]
)
def test_base45_by_the_examples_of_rfc_9285(data: bytes, text: str) -> None:
    assert base45.encode(data) == text
    assert base45.decode(text) == data


@pytest.mark.parametrize("text", ["GGW", "::", "A", "BB8A", "bb8", "ÆØÅ", ":::"])
def test_base45_refuses_what_stands_for_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r"group|sign"):
        base45.decode(text)
