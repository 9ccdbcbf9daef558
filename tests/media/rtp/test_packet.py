"""RTP as bytes: both ways, against aiortc's reading, and nonsense."""

from __future__ import annotations

import contextlib

import pytest
from aiortc import rtp as aiortc_rtp
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.rtp import packet

extensions = st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=5)


@given(
    payload_type=st.integers(0, 127),
    marker=st.booleans(),
    number=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=50),
    extensions=extensions,
    padding=st.integers(0, 255),
)
def test_what_was_built_is_read(
    payload_type: int,
    marker: bool,
    number: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    extensions: dict[int, bytes],
    padding: int,
) -> None:
    data = packet.build(
        payload_type,
        marker=marker,
        number=number,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=payload,
        extensions=extensions,
        padding=padding,
    )
    read = packet.parse(data)
    assert read == packet.RtpPacket(payload_type, marker, number, timestamp, ssrc, payload, extensions)


@given(st.binary(max_size=80))
def test_nonsense_is_refused_or_read(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        packet.parse(b"\x90" + data)


def test_aiortc_reads_it_alike() -> None:
    known = aiortc_rtp.HeaderExtensionsMap()
    uri = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
    mid = "urn:ietf:params:rtp-hdrext:sdes:mid"
    known.configure(
        RTCRtpParameters(
            headerExtensions=[
                RTCRtpHeaderExtensionParameters(id=4, uri=uri),
                RTCRtpHeaderExtensionParameters(id=9, uri=mid),
            ]
        )
    )
    data = packet.build(
        96,
        marker=True,
        number=7,
        timestamp=9,
        ssrc=11,
        payload=b"picture",
        extensions={4: b"\x01\x02", 9: b"0"},
        padding=8,
    )
    theirs = aiortc_rtp.RtpPacket.parse(data, known)
    assert (theirs.payload, theirs.sequence_number, theirs.marker, theirs.padding_size) == (b"picture", 7, 1, 8)
    assert theirs.extensions.transport_sequence_number == 0x0102
    assert theirs.extensions.mid == "0"


def test_a_retransmission_carries_the_number_of_the_original() -> None:
    data = packet.build(
        97,
        marker=False,
        number=1,
        timestamp=2,
        ssrc=3,
        payload=packet.retransmission_payload(0x10005, b"lost"),
        extensions={},
    )
    assert packet.retransmission(packet.parse(data)) == (5, b"lost")
    padding = packet.build(97, marker=False, number=1, timestamp=2, ssrc=3, payload=b"", extensions={}, padding=200)
    assert packet.retransmission(packet.parse(padding)) is None


@pytest.mark.parametrize("kind", [b"\x80\xc8", b"\x81\xc9", b"\x8f\xcd", b"\x81\xce"])
def test_reports_are_told_from_packets(kind: bytes) -> None:
    assert packet.is_rtcp(kind + bytes(6))
    assert not packet.is_rtcp(b"\x80\x60" + bytes(10))
