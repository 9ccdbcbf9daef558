"""T.140 as it comes: a table of bytes, and whatever a stranger may send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.text.t140 import (
    LONGEST_LANE,
    LONGEST_MESSAGE,
    LOSS_MARK,
    Lane,
    MessageError,
    decoded,
    for_the_wire,
    take,
    with_loss,
)

BYTES: list[tuple[str, list[bytes], str]] = [
    ("plain", [b"Hei"], "Hei"),
    ("our letters", ["ÆØÅæøå".encode()], "ÆØÅæøå"),
    ("Sámi letters", ["čđŋšŧž".encode()], "čđŋšŧž"),
    ("erasure", [b"Hai\x08\x08ei"], "Hei"),
    ("erasure in the next message", [b"Ha", b"\x08", b"ei"], "Hei"),
    ("erasure of nothing", [b"\x08\x08a"], "a"),
    ("erasure of a new line", [b"a\xe2\x80\xa8\x08b"], "ab"),
    ("erasure of CR LF", [b"a\r\n\x08b"], "ab"),
    ("erasure of an emoji", ["a😀\b".encode()], "a"),
    ("erasure of a family", ["a👩\u200d👧\b".encode()], "a"),
    ("erasure of a letter with a combining ring", ["xa\u030a\b".encode()], "x"),
    ("erasure of a flag", ["🇳🇴🇸🇪\b".encode()], "🇳🇴"),
    ("CR LF", [b"a\r\nb"], "a\nb"),
    ("CR LF in two messages", [b"a\r", b"\nb"], "a\nb"),
    ("CR alone", [b"a\rb"], "a\nb"),
    ("LF alone", [b"a\nb"], "a\nb"),
    ("two empty lines", [b"a\r\n\r\nb"], "a\n\nb"),
    ("U+2028", [b"a\xe2\x80\xa8b"], "a\nb"),
    ("U+2029", [b"a\xe2\x80\xa9b"], "a\nb"),
    ("byte order mark first", [b"\xef\xbb\xbfHei"], "Hei"),
    ("byte order mark later", [b"He", b"\xef\xbb\xbfi"], "Hei"),
    ("bell", [b"a\x07b"], "ab"),
    ("loss mark", [b"a\xef\xbf\xbdb"], "a\ufffdb"),
    ("erasure of a loss mark", [b"a\xef\xbf\xbd\x08b"], "ab"),
    ("emoji", ["😀".encode()], "😀"),
    ("combining letter", ["a\u030a".encode()], "a\u030a"),
    ("combining letter in two messages", [b"a", "\u030a".encode()], "a\u030a"),
    ("control string", ["a\u0098hemmelig\u009cb".encode()], "ab"),
    ("control string in two messages", ["a\u0098hem".encode(), "melig\u009cb".encode()], "ab"),
    ("graphic rendition", ["a\u009b1;31mb".encode()], "ab"),
    ("graphic rendition in two messages", ["a\u009b1".encode(), b"mb"], "ab"),
    ("interrupt", [b"a\x1bab"], "ab"),
    ("other controls", [b"a\x00\x01\x05\x0e\x7fb"], "ab"),
    ("other controls of the second set", ["a\u0080\u0090b".encode()], "ab"),
    ("tab", [b"a\tb"], "a b"),
    ("marks that turn the direction", ["a\u202eb\u202c".encode()], "ab"),
    ("empty", [b""], ""),
]


def taken(messages: list[bytes]) -> Lane:
    lane = Lane()
    for message in messages:
        lane, _ = take(lane, decoded(message))
    return lane


@pytest.mark.parametrize(("messages", "shown"), [row[1:] for row in BYTES], ids=[row[0] for row in BYTES])
def test_the_byte_table(messages: list[bytes], shown: str) -> None:
    assert taken(messages).text == shown


@pytest.mark.parametrize("row", BYTES, ids=[row[0] for row in BYTES])
def test_it_does_not_matter_how_characters_are_put_into_messages(row: tuple[str, list[bytes], str]) -> None:
    whole = b"".join(row[1]).decode()
    assert taken([character.encode() for character in whole]).text == row[2]
    assert taken([whole.encode()]).text == row[2]


@pytest.mark.parametrize(
    "message", [b"\xc3", b"a\xff", "å".encode()[:1], "å".encode()[1:], "😀".encode()[:3], b"\xed\xa0\x80", b"\xc0\x80"]
)
def test_a_message_without_whole_characters_is_refused(message: bytes) -> None:
    with pytest.raises(MessageError):
        decoded(message)


def test_a_message_that_is_far_too_long_is_refused() -> None:
    assert decoded("a" * LONGEST_MESSAGE)
    for message in ("a" * (LONGEST_MESSAGE + 1), b"a" * (4 * LONGEST_MESSAGE + 1)):
        with pytest.raises(MessageError):
            decoded(message)


def test_control_strings_are_told_and_not_counted() -> None:
    lane, strings = take(Lane(), "ab\u0098one\u009cc\u0098two")
    assert (lane.text, lane.taken, strings) == ("abc", 3, ("one",))
    lane, strings = take(lane, "\u009c\ufeffd")
    assert (lane.text, lane.taken, strings) == ("abcd", 4, ("two",))


def test_a_control_string_without_end_does_not_swallow_the_conversation() -> None:
    lane, strings = take(Lane(), "\u0098" + "x" * 300)
    assert strings == ()
    assert 0 < len(lane.text) < 60


def test_a_lane_does_not_grow_for_ever() -> None:
    lane = Lane()
    for _ in range(5):
        lane, _ = take(lane, "0123456789" * 200)
    assert len(lane.text) == LONGEST_LANE
    assert lane.taken == 10_000
    assert lane.shortened


def test_a_heap_of_combining_marks_does_not_cover_other_lines() -> None:
    lane, _ = take(Lane(), "a" + "\u0301" * 100)
    for _ in range(20):
        lane, _ = take(lane, "\u0301")
    assert len(lane.text) < 8


def test_missing_text_is_marked_once() -> None:
    lane, _ = take(Lane(), "Hei")
    marked = with_loss(with_loss(lane))
    assert marked.text == "Hei" + LOSS_MARK
    assert marked.taken == 3
    assert take(marked, "\b")[0].text == "Hei"


def test_what_is_typed_here_is_sent_as_t140() -> None:
    assert for_the_wire("a\r\nb\nc\b\u0098x\u009c\x00🙂") == "a\u2028b\u2028c\bx🙂"


@given(st.lists(st.text(max_size=40)))
def test_anything_can_come(messages: list[str]) -> None:
    lane = Lane()
    for message in messages:
        lane, _ = take(lane, message)
    together, _ = take(Lane(), "".join(messages))
    assert lane == together
    assert len(lane.text) <= LONGEST_LANE
    assert not set(lane.text) & {"\b", "\r", "\x00", "\u0098", "\u009c", "\u2028", "\ufeff"}


@given(st.text(alphabet="abå😀\u030a \n"), st.integers(min_value=0, max_value=10))
def test_typing_and_erasing_leaves_what_is_left(text: str, erased: int) -> None:
    lane, _ = take(Lane(), for_the_wire(text) + "\b" * (len(text) + erased))
    assert lane.text == ""


@given(st.binary(max_size=200))
def test_any_bytes_are_characters_or_refused(message: bytes) -> None:
    try:
        characters = decoded(message)
    except MessageError:
        return
    take(Lane(), characters)
