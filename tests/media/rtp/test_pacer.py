"""The order and the pace in which packets leave."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.rtp.pacer import Kind, Pacer
from kiosk.media.rtp.probing import Probe


def _run(pacer: Pacer, since: float, until: float) -> list[tuple[float, object]]:
    out: list[tuple[float, object]] = []
    now = since
    while now < until:
        due = pacer.next_due(now)
        if due is None:
            break
        now = max(now, due)
        if now >= until:
            break
        out.extend((now, packet) for packet in pacer.take(now))
    return out


def test_sound_leaves_at_once_and_before_everything_else() -> None:
    pacer = Pacer(rate=100_000)
    for index in range(5):
        pacer.put(f"picture {index}", 1200, Kind.PICTURE, 1.0)
    pacer.put("again", 1200, Kind.RETRANSMISSION, 1.0)
    assert pacer.take(1.0) == ["again"]
    pacer.put("sound", 200, Kind.SOUND, 1.001)
    assert pacer.next_due(1.001) == 1.001
    assert pacer.take(1.001) == ["sound"]
    assert [packet for _, packet in _run(pacer, 1.001, 3.0)] == [f"picture {index}" for index in range(5)]


def test_sound_is_charged() -> None:
    quiet, talking = Pacer(rate=200_000), Pacer(rate=200_000)
    for pacer in (quiet, talking):
        for _ in range(30):
            pacer.put("picture", 1000, Kind.PICTURE, 0.0)
    talking.put("sound", 4000, Kind.SOUND, 0.0)
    assert len(_run(quiet, 0.0, 0.5)) > len(_run(talking, 0.0, 0.5))


def test_a_key_frame_goes_out_faster_than_the_target_and_a_backlog_does_not() -> None:
    pacer = Pacer(rate=300_000)
    for _ in range(4):
        pacer.put("key", 1000, Kind.PICTURE, 10.0)
    times = [at for at, _ in _run(pacer, 10.0, 11.0)]
    assert 0.04 < times[-1] - times[0] < 0.08  # at the target 4 kB take 107 ms
    for _ in range(100):
        pacer.put("backlog", 1000, Kind.PICTURE, 20.0)
    sent = len(_run(pacer, 20.0, 22.0)) * 8000
    assert sent < 2.0 * 300_000 * 1.1


def test_not_woken_more_often_than_every_five_milliseconds() -> None:
    pacer = Pacer(rate=5_000_000)
    for _ in range(50):
        pacer.put("picture", 1200, Kind.PICTURE, 0.0)
    times = sorted({at for at, _ in _run(pacer, 0.0, 1.0)})
    assert all(later - earlier > 0.0049 for earlier, later in pairwise(times))
    assert len(times) > 5


def test_nothing_waiting_is_nothing_due() -> None:
    pacer = Pacer(rate=300_000)
    assert pacer.next_due(5.0) is None
    assert pacer.take(5.0) == []
    assert pacer.waiting_s == 0


def test_dropped_pictures_are_given_back_and_sound_stays() -> None:
    pacer = Pacer(rate=300_000)
    pacer.put("sound", 100, Kind.SOUND, 0.0)
    pacer.put("old", 1000, Kind.PICTURE, 0.0)
    pacer.put("again", 1000, Kind.RETRANSMISSION, 0.0)
    assert pacer.waiting_s > 0.05
    assert pacer.drop_pictures() == ["again", "old"]
    assert pacer.waiting_bytes == 100
    assert pacer.take(0.0) == ["sound"]
    assert pacer.waiting_bytes == 0


def test_a_probe_is_filled_with_padding_where_no_picture_waits() -> None:
    pacer = Pacer(rate=300_000)
    probe = Probe(cluster=7, rate=900_000, size=2812, packets=5)
    pacer.begin_probe(probe, 1.0)
    now, times, sizes = 1.0, [], []
    while (due := pacer.next_due(now)) is not None and now < 2.0:
        now = max(now, due)
        assert pacer.take(now) == []
        wanted = pacer.padding_wanted(now)
        if wanted:
            pacer.put("padding", wanted, Kind.PADDING, now)
            assert pacer.take(now) == ["padding"]
            assert pacer.cluster == 7
            times.append(now)
            sizes.append(wanted)
    assert sum(sizes) >= 2812 and len(sizes) >= 5
    rate = sum(sizes[:-1]) * 8 / (times[-1] - times[0])
    assert 0.8 * 900_000 < rate < 1.3 * 900_000
    pacer.put("picture", 500, Kind.PICTURE, now)
    pacer.take(now + 0.1)
    assert pacer.cluster is None


def test_a_probe_that_nobody_fills_ends() -> None:
    pacer = Pacer(rate=300_000)
    pacer.begin_probe(Probe(cluster=1, rate=600_000, size=2000, packets=5), 1.0)
    assert pacer.next_due(1.0) is not None
    pacer.take(1.5)
    assert pacer.cluster is None
    assert pacer.next_due(1.5) is None


@given(
    st.lists(st.tuples(st.sampled_from(Kind), st.integers(1, 1500), st.floats(0, 0.1)), max_size=40),
    st.integers(1, 5_000_000),
)
def test_every_packet_leaves_once_and_each_kind_in_order(puts: list[tuple[Kind, int, float]], rate: int) -> None:
    pacer = Pacer(rate=max(rate, 200_000))
    now, out = 0.0, []
    for number, (kind, size, pause) in enumerate(puts):
        now += pause
        pacer.put((kind, number), size, kind, now)
        out.extend(pacer.take(now))
    out.extend(packet for _, packet in _run(pacer, now, now + 60.0))
    assert len(out) == len(puts)
    assert pacer.waiting_bytes == 0
    for kind in Kind:
        numbers = [packet[1] for packet in out if packet[0] is kind]  # type: ignore[index]
        assert numbers == sorted(numbers)
