"""Packets in any order become the frames that were sent; and what the picture does on lossy lines, simulated."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.rtp.frame_assembly import AssembledFrame, FrameAssembly
from kiosk.media.rtp.vp8_payload import pack
from tests.media.rtp.lossy_pictures import BrowserQuestions, LossyPictures


class Packet(NamedTuple):
    number: int
    timestamp: int
    marker: bool
    payload: bytes


def _sent(
    shapes: list[tuple[bool, int]], *, number: int = 100, layers: bool = False, padding_after: int | None = None
) -> tuple[list[Packet], dict[int, bytes]]:
    """Packets of frames given as (key frame, packets), and the frames' bytes by timestamp."""
    packets: list[Packet] = []
    frames: dict[int, bytes] = {}
    base = 0
    for place, (key_frame, count) in enumerate(shapes):
        data = bytes((0 if key_frame else 1, place & 0xFF)) + random.Random(place).randbytes(count * 90 - 40)
        timestamp = place * 3000
        frames[timestamp] = data
        layer = 0 if key_frame or not layers else place % 2
        base += layer == 0
        payloads = pack(
            data,
            limit=100,
            picture_id=place,
            tl0picidx=base if layers else None,
            temporal_layer=layer,
            layer_sync=layer > 0,
        )
        for piece, payload in enumerate(payloads):
            packets.append(Packet(number, timestamp, piece == len(payloads) - 1, payload))
            number += 1
        if place == padding_after:
            packets.append(Packet(number, timestamp, False, b""))
            number += 1
    return packets, frames


def _put(assembly: FrameAssembly, packets: list[Packet], now: float = 0.0) -> list[AssembledFrame]:
    taken = []
    for packet in packets:
        assembly.put(*packet, now)
        taken += assembly.take(now)
    return taken


def test_a_frame_is_there_with_its_marker() -> None:
    packets, frames = _sent([(True, 3), (False, 1), (False, 2)])
    assembly = FrameAssembly()
    assert _put(assembly, packets[:2], 1.0) == []
    (first,) = _put(assembly, packets[2:3], 1.1)
    assert first == AssembledFrame(frames[0], 0, True, 0, 100, 102, 1.0, 1.1)
    assert [frame.data for frame in _put(assembly, packets[3:], 1.2)] == [frames[3000], frames[6000]]
    assert assembly.next_number == 106
    assert assembly.waiting_packets == 0


def test_nothing_before_a_key_frame() -> None:
    packets, frames = _sent([(False, 1), (False, 2), (True, 2), (False, 1)])
    assembly = FrameAssembly()
    assert _put(assembly, packets[:3], 1.0) == []
    assert assembly.needs_key_frame
    assert assembly.began_inside
    assert assembly.waiting_since(1.1) == 1.0
    assert [frame.data for frame in _put(assembly, packets[3:], 2.0)] == [frames[6000], frames[9000]]
    assert not assembly.needs_key_frame


def test_a_hole_holds_back_what_follows_until_it_heals() -> None:
    packets, frames = _sent([(True, 1), (False, 3), (False, 1), (False, 1)])
    lost = packets.pop(2)
    assembly = FrameAssembly()
    assert len(_put(assembly, packets[:3], 1.0)) == 1
    assert assembly.waiting_since(1.0) == 1.0  # the marker is there, the frame is not whole
    assert _put(assembly, packets[3:], 1.1) == []
    assert assembly.waiting_since(1.5) == 1.1
    assert [frame.data for frame in _put(assembly, [lost], 1.2)] == list(frames.values())[1:]
    assert assembly.waiting_since(1.5) is None


def test_a_whole_key_frame_beyond_a_hole_is_jumped_to() -> None:
    packets, frames = _sent([(True, 1), (False, 2), (False, 1), (True, 2), (False, 1)])
    lost = packets.pop(1)
    assembly = FrameAssembly()
    taken = _put(assembly, packets)
    assert [frame.data for frame in taken] == [frames[0], frames[9000], frames[12000]]
    assert _put(assembly, [lost]) == []
    assert assembly.late == 1
    assert assembly.waiting_packets == 0


def test_padding_fills_its_number() -> None:
    packets, frames = _sent([(True, 1), (False, 1), (False, 1)], padding_after=0)
    assert [frame.data for frame in _put(FrameAssembly(), packets)] == list(frames.values())
    padding = packets.pop(1)
    assembly = FrameAssembly()
    assert len(_put(assembly, packets)) == 1
    assert len(_put(assembly, [padding])) == 0 or assembly.next_number == 104


def test_a_missing_frame_of_a_higher_layer_does_not_block_the_base_layer_for_long() -> None:
    packets, frames = _sent([(True, 1), (False, 1), (False, 1), (False, 1), (False, 1)], layers=True)
    lost = packets.pop(1)
    assembly = FrameAssembly(patience=0.05)
    assert len(_put(assembly, packets[:1], 1.0)) == 1
    assert _put(assembly, packets[1:], 1.1) == []
    due = assembly.next_due(1.1)
    assert due is not None
    assert due == pytest.approx(1.15)
    taken = assembly.take(due)
    assert [frame.data for frame in taken] == [frames[6000], frames[9000], frames[12000]]
    assert [frame.temporal_layer for frame in taken] == [0, 1, 0]
    assert _put(assembly, [lost], 1.2) == []


def test_a_missing_frame_of_the_base_layer_blocks() -> None:
    packets, _ = _sent([(True, 1), (False, 1), (False, 1), (False, 1), (False, 1)], layers=True)
    del packets[2]
    assembly = FrameAssembly(patience=0.05)
    assert len(_put(assembly, packets, 1.0)) == 2
    assert assembly.take(9.0) == []
    assert assembly.next_due(9.0) is None


def test_a_frame_of_a_layer_that_lacks_one_is_left_out_unless_it_depends_on_the_base_layer_only() -> None:
    data = [bytes((place > 0, place)) * 10 for place in range(6)]
    layers = [(0, False), (1, False), (0, False), (1, False), (0, False), (1, True)]
    assembly = FrameAssembly(patience=0.0)
    taken = []
    for place, (layer, synced) in enumerate(layers):
        if place == 1:
            continue
        (payload,) = pack(
            data[place], limit=100, picture_id=place, tl0picidx=place // 2, temporal_layer=layer, layer_sync=synced
        )
        taken += _put(assembly, [Packet(place, place * 3000, True, payload)], place / 30)
    assert [frame.timestamp // 3000 for frame in taken] == [0, 2, 4, 5]
    assert assembly.skipped == 1


def test_after_a_decoder_error_only_a_key_frame_is_given() -> None:
    packets, frames = _sent([(True, 1), (False, 1), (False, 1), (True, 1)])
    assembly = FrameAssembly()
    _put(assembly, packets[:2])
    assembly.await_key_frame()
    assert _put(assembly, packets[2:3]) == []
    assert [frame.data for frame in _put(assembly, packets[3:])] == [frames[9000]]


def test_a_key_frame_that_is_arriving_is_told() -> None:
    packets, _ = _sent([(False, 2), (True, 3)])
    assembly = FrameAssembly()
    _put(assembly, packets[:3], 1.0)
    assert assembly.key_frame_progress() == 1.0
    assert assembly.next_number == 102  # what is before it is of no use
    _put(assembly, packets[3:], 1.1)
    assert assembly.key_frame_progress() is None


def test_what_is_held_is_bounded() -> None:
    packets, _ = _sent([(False, 5)] * 100)
    assembly = FrameAssembly(most_packets=40, most_bytes=10_000_000)
    _put(assembly, packets)
    assert assembly.waiting_packets <= 40
    assembly = FrameAssembly(most_bytes=3000)
    _put(assembly, packets)
    assert assembly.waiting_packets <= 40
    assert assembly.needs_key_frame


def test_numbers_that_begin_anew_are_followed() -> None:
    packets, _ = _sent([(True, 1)], number=50_000)
    again, frames = _sent([(True, 1)], number=10)
    assembly = FrameAssembly()
    _put(assembly, packets)
    assert [frame.data for frame in _put(assembly, again)] == [frames[0]]


@given(
    shapes=st.lists(st.tuples(st.sampled_from([False, False, False, True]), st.integers(1, 6)), max_size=30),
    order=st.randoms(use_true_random=False),
    disorder=st.integers(0, 40),
    loss=st.floats(0, 0.3),
    layers=st.booleans(),
    start=st.sampled_from([0, 65_530, -10]),
)
def test_every_frame_that_is_given_was_sent_and_in_its_order(
    shapes: list[tuple[bool, int]], order: random.Random, disorder: int, loss: float, layers: bool, start: int
) -> None:
    packets, frames = _sent(shapes, number=start, layers=layers)
    came = [packet for packet in packets for _ in range(order.choice((1, 1, 1, 2))) if order.random() >= loss]
    came.sort(key=lambda packet: packet.number + order.uniform(0, disorder))
    assembly = FrameAssembly(patience=0.02, most_packets=100)
    taken: list[AssembledFrame] = []
    now = 0.0
    for packet in came:
        now += 0.004
        assembly.put(*packet, now)
        taken += assembly.take(now)
        assert assembly.waiting_packets <= 200
        assembly.waiting_since(now)
    assert all(frames[frame.timestamp] == frame.data for frame in taken)
    numbers = [frame.first_number for frame in taken]
    assert numbers == sorted(set(numbers))
    if taken:
        assert taken[0].key_frame
    if loss == 0 and not disorder and shapes and shapes[0][0]:
        assert len(taken) == len(shapes)


@given(
    st.lists(
        st.tuples(st.integers(-5000, 70_000), st.integers(0, 5), st.booleans(), st.binary(max_size=12)), max_size=200
    )
)
def test_any_packets_are_survived_in_bounds(packets: list[tuple[int, int, bool, bytes]]) -> None:
    assembly = FrameAssembly(patience=0.01, most_packets=20, most_bytes=100)
    for place, packet in enumerate(packets):
        now = place * 0.005
        assembly.put(*packet, now)
        for frame in assembly.take(now):
            assert frame.first_number <= frame.last_number
            assert len(frame.data) <= 100
        assembly.next_number, assembly.began_inside, assembly.key_frame_progress(), assembly.waiting_since(now)
        assert assembly.waiting_packets <= 40


@pytest.mark.parametrize(
    ("loss", "burst", "frozen"),
    [(0.0, 1, 0.0), (0.05, 1, 0.002), (0.1, 1, 0.01), (0.2, 1, 0.04), (0.05, 3, 0.02), (0.1, 3, 0.04)],
)
def test_the_picture_stands_still_no_longer_than_the_goal(loss: float, burst: float, frozen: float) -> None:
    runs = [LossyPictures(loss, burst=burst, bitrate=600_000, seed=seed).run(20.0) for seed in (1, 2, 3, 4)]
    assert sum(run.frozen for run in runs) / len(runs) <= frozen
    assert all(run.wrong == 0 and run.frames >= 580 for run in runs)
    assert sum(run.key_frames for run in runs) <= len(runs) + 4


@pytest.mark.parametrize(("loss", "frozen"), [(0.05, 0.002), (0.1, 0.01), (0.2, 0.02)])
def test_what_a_browser_shows_of_our_picture_stands_still_no_longer_than_the_goal(loss: float, frozen: float) -> None:
    runs = [
        LossyPictures(
            loss, bitrate=600_000, seed=seed, told_loss=loss, transport_feedback=True, missing=BrowserQuestions()
        ).run(20.0)
        for seed in (1, 2, 3, 4)
    ]
    assert sum(run.frozen for run in runs) / len(runs) <= frozen
    assert all(run.wrong == 0 for run in runs)


def test_temporal_layers_freeze_less() -> None:
    runs = [LossyPictures(0.2, bitrate=600_000, layers=2, seed=seed).run(20.0) for seed in (1, 2, 3, 4)]
    assert sum(run.frozen for run in runs) / len(runs) <= 0.03
    assert all(run.wrong == 0 for run in runs)


@pytest.mark.parametrize("seconds", [0.5, 2.0, 8.0])
def test_after_a_link_that_was_gone_the_picture_is_back_at_once(seconds: float) -> None:
    line = LossyPictures(0.0, outage=(2.0, 2.0 + seconds))
    line.run(4.0 + seconds)
    assert min(at for at in line.shown if at > 2.0 + seconds) <= 2.0 + seconds + 0.3


def test_jitter_is_not_taken_for_loss() -> None:
    outcome = LossyPictures(0.0, jitter=0.03).run(20.0)
    assert outcome.frozen == 0.0
    assert outcome.again <= 0.01 * outcome.sent
