"""What an end of a call may send us that is broken or means harm: no exception gets out, nothing grows or hangs."""

from __future__ import annotations

import asyncio
import os
import random
import struct
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.callbench.processor import belongings
from kiosk.media.engine.session import MediaSession
from kiosk.media.rtp import packet, rtcp
from tests.media.engine.session_door import (
    AGAIN,
    AGAIN_SSRC,
    MID_ID,
    OWN,
    PICTURE,
    PICTURE_SSRC,
    RED,
    TRANSPORT_ID,
    VOICE,
    VOICE_SSRC,
    Door,
    agreement_of,
    door,
    frame,
    real_packets,
)

MOST = settings(max_examples=40, deadline=None)

KNOWN_SSRCS = (VOICE_SSRC, PICTURE_SSRC, AGAIN_SSRC, *OWN["audio"], *OWN["video"], 0, 0xFFFFFFFF)
ssrcs = st.sampled_from(KNOWN_SSRCS) | st.integers(0, 0xFFFFFFFF)
types = st.sampled_from((VOICE, RED, PICTURE, AGAIN)) | st.integers(0, 127)


@st.composite
def made_up_rtp(draw: st.DrawFn) -> bytes:
    """RTP in its outer form, with anything inside."""
    return packet.build(
        draw(types),
        marker=draw(st.booleans()),
        number=draw(st.integers(0, 0xFFFF)),
        timestamp=draw(st.integers(0, 0xFFFFFFFF)),
        ssrc=draw(ssrcs),
        payload=draw(st.binary(max_size=60)),
        extensions=draw(
            st.dictionaries(st.sampled_from((1, TRANSPORT_ID, MID_ID, 14)), st.binary(min_size=1, max_size=16))
        ),
        padding=draw(st.sampled_from((0, 0, 1, 255))),
    )


@st.composite
def spoilt_rtp(draw: st.DrawFn) -> bytes:
    """A packet of a real call with some bytes changed, cut or added."""
    data = bytearray(draw(st.sampled_from(real_packets())))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data) - 1))
        data[at] = draw(st.integers(0, 255))
    end = draw(st.just(len(data)) | st.integers(0, len(data)))
    return bytes(data[:end]) + draw(st.just(b"") | st.binary(max_size=20))


@st.composite
def made_up_rtcp(draw: st.DrawFn) -> bytes:
    """Reports of every kind with anything inside, one or several."""

    def one() -> bytes:
        kind, count = draw(
            st.sampled_from(
                ((200, 0), (200, 1), (201, 1), (201, 31), (202, 1), (203, 2), (205, 1), (205, 15), (206, 1), (206, 4),
                 (206, 15), (204, 0), (207, 0), (192, 0), (205, 7)),
            )
        )  # fmt: skip
        body = struct.pack("!LL", draw(ssrcs), draw(ssrcs))
        if (kind, count) == (206, 15):
            body += b"REMB"
        elif (kind, count) == (205, 15):
            head = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 9000), st.integers(0, 0xFFFFFFFF))
            body += struct.pack("!HHL", *draw(head))
        body += draw(st.binary(max_size=80))
        body += bytes(-len(body) % 4)
        return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body

    return b"".join(one() for _ in range(draw(st.integers(1, 3))))


def _feed(rtps: list[bytes], rtcps: list[bytes], *, announced: bool) -> None:
    async def run() -> None:
        unknown = {} if announced else {"ssrc": None, "retransmission_ssrc": None}
        async with door(agreement_of("audio", **unknown), agreement_of("video", **unknown)) as opened:
            opened.session.show(frame(1))
            for number in range(max(len(rtps), len(rtcps))):
                for data in rtps[number : number + 1]:
                    await opened.rtp(data)
                for data in rtcps[number : number + 1]:
                    await opened.rtcp(data)
                opened.session.receiving.voice.pull()
            opened.session._tick()

    asyncio.run(run())


@MOST
@given(st.lists(st.binary(max_size=60), max_size=20), st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes(rtps: list[bytes], rtcps: list[bytes]) -> None:
    _feed(rtps, rtcps, announced=True)


@MOST
@given(st.lists(made_up_rtp() | spoilt_rtp(), max_size=30), st.lists(made_up_rtcp(), max_size=20), st.booleans())
def test_packets_with_anything_inside(rtps: list[bytes], rtcps: list[bytes], announced: bool) -> None:
    _feed(rtps, rtcps, announced=announced)


@MOST
@given(st.lists(spoilt_rtp(), min_size=1, max_size=10), st.integers(0, 60), st.booleans())
def test_a_real_call_with_spoilt_packets_in_between(spoilt: list[bytes], at: int, announced: bool) -> None:
    real = list(real_packets())
    _feed(real[:at] + spoilt + real[at : at + 60], [], announced=announced)


async def test_a_real_call_gives_pictures_and_voice() -> None:
    """That the packets which are spoilt above are good ones."""
    async with door() as opened:
        for data in real_packets():
            await opened.rtp(data)
        async with asyncio.timeout(5):
            while opened.session.receiving.pictures is None or opened.session.receiving.pictures.frames_decoded < 25:
                await asyncio.sleep(0.01)
        assert opened.session.refused == 0
        assert opened.session.receiving.voice_packets == 60
        assert opened.session.receiving.voice.figures().packets_discarded == 0


async def test_nothing_is_done_with_what_comes_after_the_end() -> None:
    async with door() as opened:
        await opened.rtp(real_packets()[0])
        await opened.session.close(silently=False)
        for data in real_packets():
            await opened.rtp(data)
        await opened.rtcp(rtcp.key_frame_wanted(1, OWN["video"][0]))
        opened.session.show(frame())


# what must not grow


def _sizes(session: MediaSession) -> dict[str, int]:
    pictures = session.receiving.pictures
    assert pictures is not None
    buffer = session.receiving.voice._buffer
    return {
        "sources": len(session.receiving._sources.by_ssrc),
        "carried": len(session.sending._carried),
        "due": len(session.receiving._due),
        "remembered": session.sending.estimate.remembered,
        "recently sent": len(session.sending.estimate._recently_sent),
        "loss reports": len(session.sending.estimate._losses._reports),
        "arrivals": len(session.receiving._arrivals._ticks),
        "sent pictures": len(session.sending._sent["video"]._sent),
        "sent sound": len(session.sending._sent["audio"]._sent),
        "copies": len(session.sending._sent["video"]._copies) + len(session.sending._sent["audio"]._copies),
        "voice packets": len(buffer._packets),
        "voice seen": len(buffer._seen),
        "voice missing": session.receiving._voice_missing.missing,
        "picture missing": pictures.missing.missing,
        "assembly": pictures._assembly.waiting_packets,
        "undecoded": pictures._undecoded,
        "waiting bytes": session.sending.pacer.waiting_bytes // 1000,
        "lip sync": len(session.receiving.lip_sync._ready),
    }


Attack = Callable[[random.Random, int], tuple[bytes, bool]]
"""Packet number n of an attack, and whether it is RTP."""


def _rtp(
    rng: random.Random, *, payload_type: int, ssrc: int, number: int, timestamp: int, payload: bytes, transport: int
) -> tuple[bytes, bool]:
    extensions = {TRANSPORT_ID: (transport & 0xFFFF).to_bytes(2, "big")}
    built = packet.build(
        payload_type,
        marker=rng.random() < 0.3,
        number=number,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=payload,
        extensions=extensions,
    )
    return built, True


def _strangers(rng: random.Random, n: int) -> tuple[bytes, bool]:
    kind = rng.choice((VOICE, RED, PICTURE, AGAIN))
    return _rtp(
        rng, payload_type=kind, ssrc=rng.getrandbits(32), number=n, timestamp=n * 960, payload=b"\x90abc", transport=n
    )


def _jumps(rng: random.Random, n: int) -> tuple[bytes, bool]:
    kind, ssrc = rng.choice(((VOICE, VOICE_SSRC), (PICTURE, PICTURE_SSRC), (AGAIN, AGAIN_SSRC)))
    payload = rng.choice((b"", b"\x10\x00" + rng.randbytes(30), b"\x10\x01" + rng.randbytes(3), rng.randbytes(40)))
    return _rtp(
        rng,
        payload_type=kind,
        ssrc=ssrc,
        number=rng.getrandbits(16),
        timestamp=rng.getrandbits(32),
        payload=payload,
        transport=rng.getrandbits(16),
    )


def _holes(rng: random.Random, n: int) -> tuple[bytes, bool]:
    """Every 17th packet only, so that each hole needs a field of its own in a NACK, and frames that never end."""
    return _rtp(
        rng,
        payload_type=PICTURE,
        ssrc=PICTURE_SSRC,
        number=n * 2,
        timestamp=n * 90,
        payload=b"\x10\x01" + bytes(rng.randrange(1, 200)),
        transport=n * 20,
    )


def _feedback(rng: random.Random, n: int) -> tuple[bytes, bool]:
    """Reports on hundreds of packets, told by two bytes, with any times; impossible round trips and clocks."""
    choice = n % 4
    if choice == 0:
        fci = struct.pack("!HHLH", rng.getrandbits(16), 400, rng.getrandbits(32), 400)
        return rtcp.transport_feedback(1, OWN["video"][0], fci), False
    if choice == 1:
        deltas = bytes(rng.getrandbits(8) for _ in range(14))
        fci = struct.pack("!HHLH", rng.getrandbits(16), 7, rng.getrandbits(32), 0xC000 | 0b10101010101010) + deltas
        return rtcp.transport_feedback(1, OWN["video"][0], fci), False
    if choice == 2:
        block = rtcp.ReportBlock(
            OWN["video"][0], rng.random(), 9, 9, 9, rng.getrandbits(32), rng.getrandbits(32) / 65536
        )
        return rtcp.receiver_report(1, [block]), False
    report = rtcp.SenderReport(PICTURE_SSRC, rng.getrandbits(64), rng.getrandbits(32), 1, 1)
    return rtcp.sender_report(report, []), False


@pytest.mark.parametrize(
    ("attack", "packets", "announced"),
    [(_strangers, 35_000, False), (_strangers, 15_000, True), (_jumps, 30_000, True), (_holes, 5_000, True),
     (_feedback, 15_000, True)],
)  # fmt: skip
async def test_a_flood_leaves_nothing_behind(attack: Attack, packets: int, announced: bool) -> None:
    rng = random.Random(4)
    unknown = {} if announced else {"ssrc": None, "retransmission_ssrc": None}
    async with door(agreement_of("audio", **unknown), agreement_of("video", **unknown)) as opened:

        async def flood(begin: int, end: int) -> None:
            for n in range(begin, end):
                data, is_rtp = attack(rng, n)
                await (opened.rtp(data) if is_rtp else opened.rtcp(data))
                if n % 500 == 0:
                    opened.session.show(frame(n))
                    opened.session.receiving.voice.pull()
                    await asyncio.sleep(0)
            await asyncio.sleep(0.05)
            opened.sent.clear()

        await flood(0, packets // 5)
        before = belongings(os.getpid()).memory_mb
        await flood(packets // 5, packets)
        grown = belongings(os.getpid()).memory_mb - before
        sizes = _sizes(opened.session)
        assert sizes["sources"] <= 6
        assert max(sizes.values()) <= 8000, sizes  # half a second of arrivals is kept
        assert grown < 15


async def test_questions_for_scattered_packets_fit_into_datagrams() -> None:
    async with door() as opened:
        for n in range(900):
            data, _ = _rtp(
                random.Random(n),
                payload_type=PICTURE,
                ssrc=PICTURE_SSRC,
                number=n * 18,
                timestamp=n * 90,
                payload=b"\x10\x01aaa",
                transport=n,
            )
            if n % 18:
                await opened.rtp(data)
        await asyncio.sleep(0.05)
        assert opened.session.datagrams.unsent == 0
        assert max(map(len, opened.sent)) < 1200


# storms


async def _running(opened: Door, seconds: float, disturb: Callable[[], list[bytes]]) -> None:
    """A camera of 30 frames a second for so long, and ``disturb`` every 5 ms."""
    for step in range(int(seconds / 0.005)):
        if step % 6 == 0:
            opened.session.show(frame(step, (320, 240)))
        for data in disturb():
            await opened.rtcp(data)
        await asyncio.sleep(0.005)


async def test_a_storm_of_questions_does_not_multiply_what_is_sent() -> None:
    async def sent_with(storm: bool) -> int:
        async with door() as opened:

            def ask() -> list[bytes]:
                if not storm:
                    return []
                numbers = [int.from_bytes(data[2:4], "big") for data in opened.sent[-300:]]
                return [rtcp.nack(1, OWN[kind][0], numbers) for kind in ("audio", "video") for _ in range(4)]

            await _running(opened, 1.5, ask)
            assert opened.session.sending.pacer.waiting_bytes < 200_000
            return sum(map(len, opened.sent))

    quiet = await sent_with(False)
    stormy = await sent_with(True)
    # The rate at the start is 300 kbit/s; pictures of a still room take less. 0.5 s of it may be ahead.
    assert quiet < stormy < 300_000 / 8 * (1.5 + 1.0)


async def test_a_storm_of_key_frame_wishes_gives_a_few_a_second() -> None:
    async with door() as opened:
        wish = rtcp.key_frame_wanted(1, OWN["video"][0])
        began = time.monotonic()
        await _running(opened, 1.5, lambda: [wish] * 20)
        took = time.monotonic() - began  # longer than it was meant to on a busy machine
        assert opened.session.sending.plis_received > 1000
        assert opened.session.sending.pictures is not None
        assert 2 <= opened.session.sending.pictures.key_frames <= took / 0.3 + 2
