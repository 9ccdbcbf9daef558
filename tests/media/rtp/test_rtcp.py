"""RTCP as bytes: against aiortc's reading and writing, and nonsense; and the counts of receiver reports."""

from __future__ import annotations

import contextlib

from aiortc import rtp as theirs
from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.rtp import rtcp
from kiosk.media.rtp.reception import Reception


def test_a_sender_report_goes_both_ways() -> None:
    report = rtcp.SenderReport(ssrc=1, ntp=rtcp.ntp_of(1_700_000_000.5), timestamp=90_000, packets=12, bytes=3456)
    block = rtcp.ReportBlock(ssrc=2, lost_share=0.25, lost=-3, highest=70_000, jitter=11, last_report=77, delay=0.5)
    data = rtcp.sender_report(report, [block]) + rtcp.source_name(1, "kiosk")
    assert rtcp.parse(data) == [report, block]
    sender, names = theirs.RtcpPacket.parse(data)
    assert isinstance(sender, theirs.RtcpSrPacket)
    assert (sender.ssrc, sender.sender_info.rtp_timestamp) == (1, 90_000)
    assert (sender.reports[0].packets_lost, sender.reports[0].dlsr) == (-3, 32768)
    assert isinstance(names, theirs.RtcpSdesPacket)
    assert names.chunks[0].items == [(1, b"kiosk")]
    assert rtcp.middle(report.ntp) == (report.ntp >> 16) & 0xFFFFFFFF


def test_feedback_goes_both_ways() -> None:
    numbers = (65_535, 0, 1, 16, 17, 400)
    read = rtcp.parse(rtcp.nack(1, 2, numbers))[0]
    assert isinstance(read, rtcp.Nack)
    assert set(read.numbers) == set(numbers)
    assert isinstance(theirs.RtcpPacket.parse(rtcp.nack(1, 2, numbers))[0], theirs.RtcpRtpfbPacket)
    assert rtcp.parse(rtcp.key_frame_wanted(1, 2)) == [rtcp.KeyFrameWanted(2)]
    assert rtcp.parse(rtcp.bye([4, 5])) == [rtcp.Bye((4, 5))]
    for fci in (b"", b"12345", b"1234"):
        assert rtcp.parse(rtcp.transport_feedback(1, 2, fci)) == [rtcp.TransportFeedbackBytes(fci)]
    limit = theirs.RtcpPsfbPacket(fmt=15, ssrc=1, media_ssrc=0, fci=theirs.pack_remb_fci(300_000, [2, 3]))
    assert rtcp.parse(bytes(limit)) == [rtcp.ReceiverLimit(300_000, (2, 3))]
    request = theirs.RtcpPsfbPacket(fmt=4, ssrc=1, media_ssrc=0, fci=b"\0\0\0\x09\x01\0\0\0")
    assert rtcp.parse(bytes(request)) == [rtcp.KeyFrameWanted(9)]


@given(st.sampled_from([200, 201, 202, 203, 204, 205, 206, 207]), st.integers(0, 63), st.binary(max_size=120))
def test_nonsense_is_refused_or_read(kind: int, first: int, body: bytes) -> None:
    body = body[: len(body) // 4 * 4]
    data = bytes((0x80 | first, kind)) + (len(body) // 4).to_bytes(2, "big") + body
    for cut in range(0, len(data) + 1, 3):
        with contextlib.suppress(ValueError):
            rtcp.parse(data[:cut])


@given(st.sets(st.integers(0, 0xFFFF), min_size=1, max_size=60))
def test_every_missing_number_is_asked_for_and_no_other(numbers: set[int]) -> None:
    read = rtcp.parse(rtcp.nack(1, 2, numbers))[0]
    assert isinstance(read, rtcp.Nack)
    assert set(read.numbers) == numbers


def test_reception_is_counted_as_rfc_3550_says() -> None:
    reception = Reception(5, 90_000)
    assert reception.block(0.0) is None
    for number in (65_534, 65_535, 65_537, 65_538):
        reception.received(number, (number - 65_534) * 3000, 100, number / 30)
    reception.sender_reported(rtcp.SenderReport(5, 0x0001_0002_0003_0004, 0, 0, 0), 10.0)
    block = reception.block(10.5)
    assert block is not None
    assert (block.lost, block.lost_share, block.highest) == (1, 0.2, 65_538)
    assert (block.last_report, block.delay) == (0x0002_0003, 0.5)
    assert reception.jitter_s < 0.001
    reception.received(65_536, 6000, 100, 3000.0)
    later = reception.block(11.0)
    assert later is not None
    assert (later.lost, later.lost_share) == (0, 0.0)
