"""Which codecs, feedback and header extensions are agreed on with the other end; aiortc's own tables know too few.

aiortc agrees by tables of its module, which every connection of the process shares and which lack transport-wide
feedback and redundancy. So what it agreed on is replaced, on the transceiver, before the answer is written.
"""

from __future__ import annotations

import copy

import msgspec
from aiortc import sdp
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpCodecParameters, RTCRtpHeaderExtensionParameters
from aiortc.rtcrtptransceiver import RTCRtpTransceiver

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
TRANSPORT_NUMBER = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

_FEEDBACK = {
    "audio": (("transport-cc", None), ("nack", None)),
    "video": (("transport-cc", None), ("nack", None), ("nack", "pli"), ("ccm", "fir"), ("goog-remb", None)),
}
_WIDE, _LIMIT = ("transport-cc", None), ("goog-remb", None)
_MEDIA = {"audio": ("audio/opus", 48_000), "video": ("video/vp8", 90_000)}
_OPUS_PARAMETERS: dict[str, int | str | None] = {"minptime": 10, "useinbandfec": 1}


class Agreement(msgspec.Struct, frozen=True):
    """What two ends agreed on for one section, payload types and extension IDs as on the wire.

    ``redundant_type``: RFC 2198; ``retransmission_type``: RFC 4588; None where it was not agreed on. ``ssrc`` and
    ``retransmission_ssrc`` are the other end's, as far as it announced them.
    """

    kind: str
    mid: str
    payload_type: int
    redundant_type: int | None
    retransmission_type: int | None
    mid_extension: int | None
    transport_extension: int | None
    asks_again: bool
    ssrc: int | None
    retransmission_ssrc: int | None


def codecs_and_extensions(
    remote: sdp.MediaDescription,
) -> tuple[list[RTCRtpCodecParameters], list[RTCRtpHeaderExtensionParameters]]:
    """Of an offer's or answer's section, what is spoken here, in our order. Empty codecs: nothing in common."""
    kind = str(remote.kind)
    name, rate = _MEDIA[kind]
    spoken = [codec for codec in remote.rtp.codecs if _is_payload_type(codec.payloadType)]
    main = next((c for c in spoken if c.mimeType.lower() == name and c.clockRate == rate), None)
    if main is None:
        return [], []
    offered = {(feedback.type, feedback.parameter) for feedback in main.rtcpFeedback}
    ours = copy.deepcopy(main)
    if _WIDE in offered:  # one way of telling what the line carries is enough, and the other end may prefer the worse
        offered.discard(_LIMIT)
    ours.rtcpFeedback = [RTCRtcpFeedback(type=t, parameter=p) for t, p in _FEEDBACK[kind] if (t, p) in offered]
    codecs = [ours]
    if kind == "audio":
        ours.parameters = dict(_OPUS_PARAMETERS)
        redundant = _redundant(spoken, main)
        if redundant is not None:  # first: a browser sends with the first that it finds in an answer
            codecs.insert(0, redundant)
    else:
        ours.parameters = {}
        codecs += [
            copy.deepcopy(c)
            for c in spoken
            if c.mimeType.lower() == "video/rtx" and c.parameters.get("apt") == main.payloadType
        ][:1]
    extensions = [copy.deepcopy(e) for e in remote.rtp.headerExtensions if e.uri in (MID, TRANSPORT_NUMBER)]
    return codecs, [extension for extension in extensions if 1 <= extension.id <= 14]


def _is_payload_type(number: int | None) -> bool:
    """Whether RTP can carry it beside RTCP (RFC 5761 section 4)."""
    return number is not None and 0 <= number <= 127 and not 64 <= number <= 95


def _redundant(spoken: list[RTCRtpCodecParameters], opus: RTCRtpCodecParameters) -> RTCRtpCodecParameters | None:
    """RED whose blocks are all Opus, with its format parameters, which aiortc would lose."""
    shape = f"{opus.payloadType}/{opus.payloadType}"
    for codec in spoken:
        if codec.mimeType.lower() == "audio/red" and codec.clockRate == opus.clockRate and shape in codec.parameters:
            ours = copy.deepcopy(codec)
            ours.parameters = {shape: None}
            ours.rtcpFeedback = []
            return ours
    return None


def put_on(transceiver: RTCRtpTransceiver, remote: sdp.MediaDescription) -> Agreement | None:
    """Replace what aiortc agreed on for this transceiver; what it came to, or None where nothing is in common."""
    codecs, extensions = codecs_and_extensions(remote)
    if not codecs:
        return None
    transceiver._codecs = codecs
    transceiver._headerExtensions = extensions
    by_name = {codec.mimeType.partition("/")[2].lower(): codec for codec in codecs}
    main = by_name["opus" if remote.kind == "audio" else "vp8"]
    if main.payloadType is None:
        return None
    ids = {extension.uri: extension.id for extension in extensions}
    again = {ssrc for group in remote.ssrc_group if group.semantic == "FID" for ssrc in group.items[1:]}
    ssrcs = [one.ssrc for one in remote.ssrc if 0 < one.ssrc < 1 << 32]
    feedback = {(one.type, one.parameter) for one in main.rtcpFeedback}
    return Agreement(
        kind=str(remote.kind),
        mid=str(remote.rtp.muxId),
        payload_type=main.payloadType,
        redundant_type=by_name["red"].payloadType if "red" in by_name else None,
        retransmission_type=by_name["rtx"].payloadType if "rtx" in by_name else None,
        mid_extension=ids.get(MID),
        transport_extension=ids.get(TRANSPORT_NUMBER) if ("transport-cc", None) in feedback else None,
        asks_again=("nack", None) in feedback,
        ssrc=next((ssrc for ssrc in ssrcs if ssrc not in again), None),
        retransmission_ssrc=next((ssrc for ssrc in ssrcs if ssrc in again), None),
    )
