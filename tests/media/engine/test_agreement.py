"""What is agreed on with a browser's offer, beyond aiortc's tables; and that nothing is made up."""

from __future__ import annotations

from aiortc import sdp
from aiortc.rtcrtpparameters import RTCRtcpFeedback

from kiosk.media.engine.agreement import MID, TRANSPORT_NUMBER, codecs_and_extensions

BROWSER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=ssrc:77 cname:x
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104
c=IN IP4 0.0.0.0
a=mid:1
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=sendrecv
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=ssrc-group:FID 5 6
a=ssrc:5 cname:x
a=ssrc:6 cname:x
""".replace("\n", "\r\n")


def _sections(text: str = BROWSER) -> list[sdp.MediaDescription]:
    return sdp.SessionDescription.parse(text).media


def test_redundant_speech_comes_first_with_its_shape() -> None:
    codecs, extensions = codecs_and_extensions(_sections()[0])
    assert [(codec.mimeType, codec.payloadType) for codec in codecs] == [("audio/red", 63), ("audio/opus", 111)]
    assert codecs[0].parameters == {"111/111": None}
    assert codecs[1].parameters == {"minptime": 10, "useinbandfec": 1}
    assert codecs[1].rtcpFeedback == [RTCRtcpFeedback(type="transport-cc")]
    assert {(extension.id, extension.uri) for extension in extensions} == {(3, TRANSPORT_NUMBER), (4, MID)}


def test_of_pictures_only_vp8_and_its_own_retransmission() -> None:
    codecs, _ = codecs_and_extensions(_sections()[1])
    assert [(codec.mimeType, codec.payloadType) for codec in codecs] == [("video/VP8", 96), ("video/rtx", 97)]
    feedback = {(one.type, one.parameter) for one in codecs[0].rtcpFeedback}
    assert feedback == {("transport-cc", None), ("nack", None), ("nack", "pli"), ("ccm", "fir")}


def test_nothing_is_agreed_to_that_was_not_offered() -> None:
    plain = BROWSER.replace("a=rtcp-fb:111 transport-cc\r\n", "").replace("a=fmtp:63 111/111", "a=fmtp:63 9/9")
    codecs, _ = codecs_and_extensions(_sections(plain)[0])
    assert [codec.mimeType for codec in codecs] == ["audio/opus"]
    assert codecs[0].rtcpFeedback == []
    assert codecs_and_extensions(_sections(BROWSER.replace("VP8/90000", "VP9/90000"))[1])[0] == []
