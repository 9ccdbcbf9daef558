"""RED payloads: what is written can be read, nonsense is refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.media.rtp.opus_red import pack, unpack


def test_a_payload_by_hand() -> None:
    # One copy of type 111, 960 samples older, 2 bytes; then the primary of type 111.
    payload = bytes([0x80 | 111, 0x0F, 0x00, 0x02, 111]) + b"ab" + b"cde"
    assert unpack(payload) == [(960, 111, b"ab"), (0, 111, b"cde")]
    assert pack(b"cde", 111, [(960, 111, b"ab")]) == payload


def test_only_a_primary() -> None:
    assert unpack(b"\x6fxyz") == [(0, 111, b"xyz")]
    assert pack(b"xyz", 111, []) == b"\x6fxyz"


def test_copies_that_do_not_fit_are_left_out() -> None:
    fits = (960, 111, b"b" * 1023)
    packed = pack(b"p", 111, [(16384, 111, b"a"), (1920, 111, b"a" * 1024), fits, (0, 111, b"c"), (480, 111, b"")])
    assert unpack(packed) == [fits, (0, 111, b"p")]


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xef", b"\xef\x0f\x00", b"\xef\x0f\x00\x02", b"\xef\x0f\x00\x02\x6fa", b"\xef\x00\x00\x00" * 33 + b"\x6f"],
)
def test_nonsense_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="RED"):
        unpack(payload)


def test_a_payload_type_has_seven_bits() -> None:
    with pytest.raises(ValueError, match="payload type"):
        pack(b"p", 128, [])


types = st.integers(min_value=0, max_value=127)
copies = st.tuples(st.integers(min_value=1, max_value=16383), types, st.binary(min_size=1, max_size=200))


@given(primary=st.binary(max_size=300), primary_type=types, redundant=st.lists(copies, max_size=5))
def test_round_trip(primary: bytes, primary_type: int, redundant: list[tuple[int, int, bytes]]) -> None:
    assert unpack(pack(primary, primary_type, redundant)) == [*redundant, (0, primary_type, primary)]


@given(payload=st.binary(max_size=200))
@example(payload=b"\x80" * 200)
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    try:
        blocks = unpack(payload)
    except ValueError:
        return
    assert sum(len(data) for _, _, data in blocks) < len(payload)
    assert blocks[-1][0] == 0
