"""The token typed by hand: slips are seen."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kiosk.provisioning import typed_code
from kiosk.provisioning.typed_code import TypedFault, TypedRefused

_tokens = some.binary(min_size=16, max_size=16)


def refused(typed: str) -> TypedFault:
    with pytest.raises(TypedRefused) as caught:
        typed_code.read(typed)
    return caught.value.fault


@given(_tokens)
def test_a_token_is_typed_as_it_stands_on_the_sheet(token: bytes) -> None:
    text = typed_code.write(token)
    assert [len(group) for group in text.split("-")] == [4] * 8
    for typed in (text, text.lower(), text.replace("-", " "), text.replace("-", "")):
        assert typed_code.read(typed) == token


@given(_tokens, some.integers(0, 31), some.sampled_from(typed_code.SIGNS))
def test_one_wrong_letter_is_seen(token: bytes, place: int, wrong: str) -> None:
    signs = list(typed_code.write(token).replace("-", ""))
    if signs[place] == wrong:
        return
    signs[place] = wrong
    assert refused("".join(signs)) is TypedFault.MISTYPED


@given(_tokens, some.integers(0, 29), some.integers(0, 29))
def test_two_letters_that_changed_places_are_seen(token: bytes, one: int, other: int) -> None:
    signs = list(typed_code.write(token).replace("-", ""))
    if signs[one] == signs[other]:
        return
    signs[one], signs[other] = signs[other], signs[one]
    assert refused("".join(signs)) is TypedFault.MISTYPED


def test_what_else_is_wrong() -> None:
    text = typed_code.write(bytes(range(16)))
    assert refused(text[:-1]) is TypedFault.TOO_SHORT
    assert refused("") is TypedFault.TOO_SHORT
    assert refused(text + "B") is TypedFault.TOO_LONG
    assert refused(text.replace(text[0], "A", 1)) is TypedFault.FOREIGN_SIGN
    assert refused("Z" * 30 + "BB") is TypedFault.MISTYPED


@given(some.text(max_size=60))
def test_any_text_is_refused_or_read(typed: str) -> None:
    with contextlib.suppress(TypedRefused):
        typed_code.read(typed)


@pytest.mark.parametrize("token", [b"", bytes(15), bytes(17)])
def test_a_token_has_sixteen_bytes(token: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        typed_code.write(token)
