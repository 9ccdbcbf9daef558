"""The VP8 payload descriptor: what is written is read back, whatever comes is survived."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.rtp.vp8_payload import pack, parse

INTER = b"\x01\x02\x03"
KEY = b"\x10\x02\x00\x9d\x01\x2a"


def test_the_shortest_descriptor_says_almost_nothing() -> None:
    read = parse(b"\x10" + KEY)
    assert read.start_of_partition
    assert (read.picture_id, read.tl0picidx, read.temporal_layer, read.keyidx) == (None, None, None, None)
    assert (read.header_bytes, read.key_frame) == (1, True)


def test_a_descriptor_as_chromium_writes_it() -> None:
    # X S, I L T, 15-bit id 0x1234, TL0PICIDX 7, TID 1 with sync
    read = parse(bytes((0x90, 0xE0, 0x92, 0x34, 0x07, 0x60)) + INTER)
    assert read.picture_id == 0x1234
    assert read.long_picture_id
    assert (read.tl0picidx, read.temporal_layer, read.layer_sync) == (7, 1, True)
    assert (read.header_bytes, read.key_frame) == (6, False)


def test_a_short_picture_id_and_a_key_index() -> None:
    read = parse(bytes((0x80 | 0x20, 0x90, 0x55, 0x1F)) + INTER)
    assert (read.picture_id, read.long_picture_id, read.keyidx) == (0x55, False, 0x1F)
    assert (read.temporal_layer, read.layer_sync, read.non_reference) == (None, False, True)
    assert read.key_frame is None


@pytest.mark.parametrize(
    "cut",
    [b"", b"\x10", b"\x90", b"\x90\x80", b"\x90\x80\x81", b"\x90\x40", b"\x90\x20", b"\x90\xe0\x92\x34\x07\x60"],
)
def test_what_is_cut_short_is_refused(cut: bytes) -> None:
    with pytest.raises(ValueError, match="VP8"):
        parse(cut)


@given(st.binary(max_size=40))
def test_anything_is_read_or_refused(payload: bytes) -> None:
    try:
        read = parse(payload)
    except ValueError:
        return
    assert 1 <= read.header_bytes < len(payload)


@given(
    data=st.binary(min_size=1, max_size=5000),
    limit=st.integers(min_value=7, max_value=1500),
    picture_id=st.integers(min_value=0, max_value=1 << 16),
    tl0picidx=st.none() | st.integers(min_value=0, max_value=300),
    layer=st.integers(min_value=0, max_value=3),
    sync=st.booleans(),
    droppable=st.booleans(),
)
def test_what_is_written_is_read_back(
    data: bytes, limit: int, picture_id: int, tl0picidx: int | None, layer: int, sync: bool, droppable: bool
) -> None:
    payloads = pack(
        data,
        limit=limit,
        picture_id=picture_id,
        tl0picidx=tl0picidx,
        temporal_layer=layer,
        layer_sync=sync,
        non_reference=droppable,
    )
    reads = [parse(payload) for payload in payloads]
    assert b"".join(payload[read.header_bytes :] for payload, read in zip(payloads, reads, strict=True)) == data
    assert [read.start_of_partition for read in reads] == [True] + [False] * (len(reads) - 1)
    assert reads[0].key_frame is not (data[0] & 1 == 1)
    sizes = [len(payload) for payload in payloads]
    assert max(sizes) <= limit
    assert max(sizes) - min(sizes) <= 1
    for read in reads:
        assert (read.partition, read.keyidx, read.non_reference) == (0, None, droppable)
        assert (read.picture_id, read.long_picture_id) == (picture_id % (1 << 15), True)
        if tl0picidx is None:
            assert (read.tl0picidx, read.temporal_layer, read.layer_sync) == (None, None, False)
        else:
            assert (read.tl0picidx, read.temporal_layer, read.layer_sync) == (tl0picidx % 256, layer, sync)


def test_no_packet_more_than_needed() -> None:
    assert len(pack(b"x" * 2000, limit=1004, picture_id=1)) == 2
    assert len(pack(b"x" * 2001, limit=1004, picture_id=1)) == 3


def test_a_packet_must_have_room() -> None:
    with pytest.raises(ValueError, match="room"):
        pack(b"x", limit=4, picture_id=0)
    with pytest.raises(ValueError, match="empty"):
        pack(b"", limit=1200, picture_id=0)
    with pytest.raises(ValueError, match="layer"):
        pack(b"x", limit=1200, picture_id=0, tl0picidx=0, temporal_layer=4)
