"""Which descriptions are refused and why, what is inserted, and that a re-offer has exactly the negotiated shape."""

from __future__ import annotations

import asyncio

import pytest
from aiortc import RTCConfiguration, RTCIceCandidate, RTCPeerConnection, RTCSessionDescription, sdp
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.ipc.media_messages import LineState, Negotiated, SdpTrouble
from kiosk.media.engine.session import MediaSession
from kiosk.media.negotiation import (
    LONGEST_SDP,
    SdpRefusedError,
    check,
    negotiated_sections,
    parse,
    shape_offer,
    with_directions,
    with_mids,
    without_hidden_hosts,
)
from kiosk.media.peer import Peer
from kiosk.media.voice import Microphone
from tests.media.descriptions import AUDIO, DATA, OFFER, SESSION, VIDEO


def _peer() -> Peer:
    def ignore(_: object) -> None:
        return None

    session = MediaSession(Microphone().reader(), on_picture=ignore, on_voice=ignore)
    return Peer([], session, on_line=_ignore_line)


def _ignore_line(_: LineState) -> None:
    return None


REFUSED = {
    "empty": ("", SdpTrouble.MALFORMED),
    "not SDP": ("hello, nurse", SdpTrouble.MALFORMED),
    "JSON": ('{"sdp": "v=0"}', SdpTrouble.MALFORMED),
    "no media": (SESSION, SdpTrouble.MALFORMED),
    "port is a word": (OFFER.replace("m=audio 9", "m=audio nine"), SdpTrouble.MALFORMED),
    "payload type out of range": (OFFER.replace("SAVPF 111", "SAVPF 999"), SdpTrouble.MALFORMED),
    "fmtp of an unknown payload type": (OFFER.replace("a=fmtp:97 ", "a=fmtp:55 "), SdpTrouble.MALFORMED),
    "attribute without value": (OFFER.replace("a=setup:actpass", "a=setup"), SdpTrouble.MALFORMED),
    "candidate cut short": (OFFER.replace(" typ host", ""), SdpTrouble.MALFORMED),
    "connection line is nonsense": (OFFER.replace("c=IN IP4 0.0.0.0", "c=IN"), SdpTrouble.MALFORMED),
    "no fingerprint": (OFFER.replace("a=fingerprint", "a=fingertip"), SdpTrouble.MALFORMED),
    "no ICE": (OFFER.replace("a=ice-ufrag", "a=ice-cream"), SdpTrouble.MALFORMED),
    "no rtcp-mux": (OFFER.replace("a=rtcp-mux\r\n", ""), SdpTrouble.MALFORMED),
    "mids not unique": (OFFER.replace("a=mid:1", "a=mid:0"), SdpTrouble.MALFORMED),
    "nine sections": (SESSION + AUDIO * 9, SdpTrouble.MALFORMED),
    "too long": (OFFER + "a=x:" + "y" * LONGEST_SDP, SdpTrouble.MALFORMED),
    "only H.264": (
        OFFER.replace("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP9/90000"),
        SdpTrouble.NO_USABLE_CODEC,
    ),
    "only telephone codecs": (OFFER.replace("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 speex/16000"), None),
    "no audio": (SESSION + VIDEO, SdpTrouble.NO_USABLE_CODEC),
    "only a data channel": (SESSION + DATA, SdpTrouble.NO_USABLE_CODEC),
    "text over RTP": (OFFER.replace("m=application", "m=text"), SdpTrouble.NO_USABLE_CODEC),
    "BFCP": (OFFER.replace("UDP/DTLS/SCTP webrtc-datachannel", "TCP/BFCP *"), SdpTrouble.NO_USABLE_CODEC),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_with_its_reason(name: str) -> None:
    offer, trouble = REFUSED[name]
    with pytest.raises(SdpRefusedError) as refused:
        check(with_mids(offer))
    assert refused.value.trouble is (trouble or SdpTrouble.NO_USABLE_CODEC)
    assert refused.value.detail


@pytest.mark.parametrize("name", REFUSED)
async def test_the_peer_refuses_the_same(name: str) -> None:
    peer = _peer()
    with pytest.raises(SdpRefusedError):
        await peer.prepare(REFUSED[name][0])
    await peer.close()


def test_a_browser_s_offer_is_taken() -> None:
    assert [(s.kind, s.mid, s.direction) for s in check(OFFER)] == [
        ("audio", "0", "sendrecv"),
        ("video", "1", "sendrecv"),
        ("application", "2", "sendrecv"),
    ]


def test_missing_mids_are_inserted_without_a_clash() -> None:
    bare = OFFER.replace("a=mid:0\r\n", "").replace("a=mid:2\r\n", "").replace("a=mid:1", "a=mid:0")
    assert [section.mid for section in check(with_mids(bare))] == ["1", "0", "2"]
    assert with_mids(OFFER) == OFFER


async def test_an_offer_without_mids_is_answered() -> None:
    peer = _peer()
    bare = (SESSION.replace("a=group:BUNDLE 0 1 2\r\n", "") + AUDIO).replace("a=mid:0\r\n", "")
    await peer.prepare(bare)
    answer = await peer.answer()
    assert "a=mid:0" in answer
    await peer.close()


async def test_sections_without_a_direction_are_sendrecv() -> None:
    bare = OFFER.replace("a=sendrecv\r\n", "")
    assert [m.direction for m in parse(with_directions(bare)).media][:2] == ["sendrecv", "sendrecv"]
    held = bare.replace("t=0 0\r\n", "t=0 0\r\na=recvonly\r\n")
    assert [m.direction for m in parse(with_directions(held)).media][:2] == ["recvonly", "recvonly"]
    peer = _peer()
    await peer.prepare(bare)
    assert "a=sendrecv" in await peer.answer()
    await peer.close()


async def test_the_answer_speaks_opus_and_vp8_only() -> None:
    peer = _peer()
    await peer.prepare(OFFER)
    media = parse(await peer.answer()).media
    assert [(c.payloadType, c.name) for c in media[0].rtp.codecs] == [(111, "opus")]
    assert [(c.payloadType, c.name) for c in media[1].rtp.codecs] == [(96, "VP8"), (97, "rtx")]
    assert [m.kind for m in media] == ["audio", "video", "application"]
    assert all(m.ice_candidates and m.ice_candidates_complete for m in media)
    await peer.close()


def _shape(description: sdp.SessionDescription) -> list[tuple[object, ...]]:
    return [
        (
            m.kind,
            m.rtp.muxId,
            [(c.payloadType, c.mimeType, c.parameters) for c in m.rtp.codecs],
            sorted((e.id, e.uri) for e in m.rtp.headerExtensions),
        )
        for m in description.media
    ]


ORDERS = {
    "audio video": SESSION.replace("0 1 2", "0 1") + AUDIO + VIDEO,
    "audio only": SESSION.replace("0 1 2", "0") + AUDIO,
    "audio video data": OFFER,
    "video audio": SESSION.replace("0 1 2", "1 0") + VIDEO + AUDIO,
    "data first": SESSION.replace("0 1 2", "2 0 1") + DATA + AUDIO + VIDEO,
    "data between": SESSION.replace("0 1 2", "0 2 1") + AUDIO + DATA + VIDEO,
    "odd mids": OFFER.replace("0 1 2", "snd pic txt")
    .replace("a=mid:0", "a=mid:snd")
    .replace("a=mid:1", "a=mid:pic")
    .replace("a=mid:2", "a=mid:txt"),
    "other numbers": OFFER.replace("96", "120").replace("apt=120", "apt=120").replace("97", "121"),
}


@pytest.mark.parametrize("order", ORDERS)
async def test_a_reoffer_has_exactly_the_negotiated_shape(order: str) -> None:
    first = _peer()
    await first.prepare(ORDERS[order])
    answer = await first.answer()
    await first.close()
    second = _peer()
    offer = parse(await second.offer(Negotiated(remote_sdp=ORDERS[order], local_sdp=answer)))
    assert _shape(offer) == _shape(parse(answer))
    assert all(media.ice_candidates for media in [*offer.media, *parse(answer).media])
    assert all(media.dtls is not None and media.dtls.role == "auto" for media in offer.media)
    assert {media.ice.usernameFragment for media in offer.media if media.ice}.isdisjoint(
        {media.ice.usernameFragment for media in parse(answer).media if media.ice}
    )
    assert [group.items for group in offer.group if group.semantic == "BUNDLE"] == [[m.rtp.muxId for m in offer.media]]
    await second.close()


async def test_an_aiortc_peer_takes_the_reoffer_and_its_answer_fits() -> None:
    first = _peer()
    await first.prepare(OFFER)
    negotiated = Negotiated(remote_sdp=OFFER, local_sdp=await first.answer())
    await first.close()
    second = _peer()
    other = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    await other.setRemoteDescription(RTCSessionDescription(sdp=await second.offer(negotiated), type="offer"))
    await other.setLocalDescription(await other.createAnswer())
    await second.take_answer(other.localDescription.sdp)
    await second.close()
    await other.close()


async def test_descriptions_that_do_not_belong_together_are_refused() -> None:
    peer = _peer()
    await peer.prepare(OFFER)
    answer = await peer.answer()
    await peer.close()
    for remote, local in [(ORDERS["video audio"], answer), (OFFER, "rubbish"), ("", answer)]:
        with pytest.raises(SdpRefusedError):
            negotiated_sections(Negotiated(remote_sdp=remote, local_sdp=local))
    with pytest.raises(SdpRefusedError):
        shape_offer(AUDIO, negotiated_sections(Negotiated(remote_sdp=OFFER, local_sdp=answer)))


@given(st.text(max_size=400))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(SdpRefusedError):
        check(with_mids(text))


@given(st.data())
@settings(max_examples=300)
def test_an_offer_with_lines_damaged_is_taken_or_refused(data: st.DataObject) -> None:
    lines = OFFER.split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        lines[place] = data.draw(
            st.sampled_from(
                [
                    "",
                    lines[place][: len(lines[place]) // 2],
                    lines[place] + " -1",
                    lines[place].replace(":", " "),
                    lines[place] * 2,
                    data.draw(st.text(max_size=30)),
                ]
            )
        )
    try:
        check(with_directions(with_mids("\r\n".join(lines))))
    except SdpRefusedError as error:
        assert error.detail


def test_hosts_that_hide_behind_multicast_names_are_put_aside() -> None:
    offer = (
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
        "a=candidate:1 1 udp 2113937151 5f2c.local 50000 typ host generation 0\r\n"
        "a=candidate:2 1 udp 2113937150 192.0.2.7 50001 typ host\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"
        "a=candidate:1 1 udp 2113937151 5F2C.LOCAL 50002 typ host\r\n"
    )
    plain, hidden = without_hidden_hosts(offer)
    assert ".local" not in plain.lower()
    assert "192.0.2.7 50001" in plain
    assert plain.startswith("v=0\r\no=- 1 2") and plain.endswith("a=mid:1\r\n")
    assert [mid for mid, _ in hidden] == ["0", "1"]
    assert hidden[0][1].startswith("candidate:1 1 udp 2113937151 5f2c.local")
    assert without_hidden_hosts(plain) == (plain, ())


async def test_a_hidden_host_is_given_to_the_transport_after_the_answer() -> None:
    peer = _peer()
    await peer.prepare(OFFER.replace("127.0.0.1 50000", "0f8fad5b.local 50000"))
    assert peer._connection is not None
    transport = peer._connection.getTransceivers()[0].receiver.transport.transport
    given: list[str] = []

    async def take(candidate: RTCIceCandidate | None) -> None:
        if candidate is not None:
            given.append(candidate.ip)

    transport.addRemoteCandidate = take  # type: ignore[method-assign]
    await peer.answer()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert "0f8fad5b.local" in given
    await peer.close()
