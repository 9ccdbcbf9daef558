"""Digest answers against the RFC's own example, and challenges of every kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.call.sip.digest import Algorithm, Challenge, answer, choose, parse_challenge

# RFC 7616 section 3.9.1
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    "algorithm, response",
    [
        (Algorithm.SHA_256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        (Algorithm.MD5, "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_the_example_of_rfc_7616(algorithm: Algorithm, response: str) -> None:
    challenge = Challenge("http-auth@example.org", NONCE, algorithm, OPAQUE, True, False)
    made = answer(challenge, "Mufasa", "Circle of Life", "GET", "/dir/index.html", CNONCE)
    assert f'response="{response}"' in made
    assert "qop=auth" in made and "nc=00000001" in made and f'opaque="{OPAQUE}"' in made


def test_without_qop_as_in_rfc_2617() -> None:
    challenge = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", Algorithm.MD5, None, False, False)
    made = answer(challenge, "Mufasa", "Circle Of Life", "GET", "/dir/index.html", "unused")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in made  # RFC 2069's formula with these values
    assert "qop" not in made and "cnonce" not in made


def test_quotes_in_names_are_escaped() -> None:
    challenge = Challenge('a"b\\c', "n", Algorithm.MD5, None, True, False)
    made = answer(challenge, 'u"ser', "p", "REGISTER", "sip:x", "c")
    assert 'realm="a\\"b\\\\c"' in made and 'username="u\\"ser"' in made


SHA = 'Digest realm="r", nonce="n1", qop="auth,auth-int", algorithm=SHA-256'
MD5 = 'Digest realm="r", nonce="n2", qop="auth", algorithm=MD5, stale=TRUE, opaque="o"'


def test_what_a_challenge_says() -> None:
    assert parse_challenge(SHA) == Challenge("r", "n1", Algorithm.SHA_256, None, True, False)
    assert parse_challenge(MD5) == Challenge("r", "n2", Algorithm.MD5, "o", True, True)
    assert parse_challenge('digest nonce="a,b\\"c",realm="x"') == Challenge(
        "x", 'a,b"c', Algorithm.MD5, None, False, False
    )


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic realm=x",
        'Digest realm="r"',
        'Digest nonce="n"',
        'Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest realm="r", nonce="n", nonce="m"',
        'Digest realm="r" nonce',
    ],
)
def test_challenges_that_we_cannot_answer(value: str) -> None:
    assert parse_challenge(value) is None


@pytest.mark.parametrize(
    "values, allow_md5, algorithm",
    [
        ([MD5, SHA], True, Algorithm.SHA_256),
        ([MD5, SHA], False, Algorithm.SHA_256),
        ([MD5], True, Algorithm.MD5),
        ([MD5], False, None),
        ([], True, None),
    ],
)
def test_the_best_is_chosen_and_md5_only_when_allowed(
    values: list[str], allow_md5: bool, algorithm: Algorithm | None
) -> None:
    chosen = choose(values, allow_md5=allow_md5)
    assert (chosen.algorithm if chosen else None) is algorithm


@given(st.text(max_size=300))
def test_nonsense_is_survived(value: str) -> None:
    parse_challenge(value)
    parse_challenge("Digest " + value)
