"""Descriptions, datagrams, data channels and shared pictures from an end or a process that means harm or is broken."""

from __future__ import annotations

import asyncio
import os
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiortc import RTCCertificate, RTCIceTransport
from aiortc.rtcsctptransport import RTCSctpTransport
from google_crc32c import value as crc32c
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kiosk.ipc.frame_ring import MAXIMUM_HEIGHT, MAXIMUM_WIDTH, SLOTS, FrameRingReader, FrameRingWriter, picture_bytes
from kiosk.media.engine.dtls import DtlsTransport
from kiosk.media.engine.ice import IceGatherer, settings_for
from kiosk.media.engine.session import MediaSession
from kiosk.media.negotiation import SdpRefusedError
from kiosk.media.peer import Peer
from kiosk.media.rtp import rtcp
from kiosk.media.voice import Microphone
from tests.media.descriptions import AUDIO, DATA, OFFER, SESSION, VIDEO

# descriptions

LINES = OFFER.splitlines()
STRANGE = (
    "a=rtpmap:300 VP8/90000", "a=rtpmap:96 VP8/0", "a=rtpmap:-1 opus/48000/2", "a=ssrc:99999999999 cname:x",
    "a=ssrc-group:FID 1", "a=ssrc-group:FID 99999999999 4", "a=extmap:0 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:99 urn:ietf:params:rtp-hdrext:sdes:mid", "a=mid:" + "é" * 16, "a=mid:" + "9" * 300, "a=setup:passive",
    "a=setup:active", "a=setup:nothing", "a=fingerprint:sha-256 00", "a=fingerprint:md5 " + ":".join(["AB"] * 16),
    "a=ice-ufrag:", "a=ice-pwd:x", "a=ice-lite", "a=candidate:1 1 udp 1 999.1.1.1 99999 typ host", "a=candidate:",
    "a=candidate:1 1 tcp 1 127.0.0.1 9 typ host tcptype active", "a=candidate:1 2 udp 1 ::1 9 typ srflx",
    "a=rtcp-fb:* nack", "a=rtcp-fb:96", "a=fmtp:111 x=" + "y" * 2000, "a=fmtp:97 apt=97", "a=sctp-port:0", "a=inactive",
    "a=sctp-port:99999", "a=max-message-size:0", "a=group:BUNDLE", "a=group:BUNDLE 0 0 7", "m=audio 0 RTP/AVP", "m=",
    "m=video 9 UDP/TLS/RTP/SAVPF 96", "v=1", "o=", "c=IN IP4", "c=IN IP6 ::", "a=end-of-candidates", "a=rtcp-rsize",
)  # fmt: skip


@st.composite
def spoilt_offers(draw: st.DrawFn) -> str:
    """A browser's offer with lines dropped, doubled, moved, changed or put in."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(("drop", "double", "move", "strange", "cut", "letter", "number")))
        if what == "drop":
            del lines[at]
        elif what == "double":
            lines.insert(draw(st.integers(0, len(lines))), lines[at])
        elif what == "move":
            lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(at))
        elif what == "strange":
            lines.insert(at, draw(st.sampled_from(STRANGE)))
        elif what == "cut":
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
        elif what == "letter":
            place = draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:place] + draw(st.characters(codec="utf-8")) + lines[at][place + 1 :]
        else:
            digits = [place for place, letter in enumerate(lines[at]) if letter.isdigit()]
            if digits:
                place = draw(st.sampled_from(digits))
                lines[at] = (
                    lines[at][:place] + draw(st.sampled_from(("", "-1", "0", "999999999999"))) + lines[at][place + 1 :]
                )
    return "\r\n".join(lines) + "\r\n"


def _with_first(line: str, part: str) -> str:
    """``line`` in a section, before everything else of its kind."""
    head, _, rest = part.partition("\r\n")
    return f"{head}\r\n{line}\r\n{rest}"


def _dcep(of: tuple[int, str]) -> bytes:
    """A DATA chunk's value with the opening of a data channel, an acknowledgement or text that may be no UTF-8."""
    kind, label = of
    name = label.encode()
    head = struct.pack("!LHHL", 1, kind, 0, 50 if kind < 2 else 51)
    if kind == 0:
        return head + struct.pack("!BBHLHH", 3, 0, 0, 0, len(name) + 3, 0) + name
    return head + (b"\x02" if kind == 1 else b"\xff\xfe" + name)


def _sctp(tag: int, chunk: tuple[int, int, bytes]) -> bytes:
    """A packet of one chunk with the right tag and checksum."""
    kind, flags, value = chunk
    body = struct.pack("!BBH", kind, flags, 4 + len(value)) + value + bytes(-len(value) % 4)
    head = struct.pack("!HHL", 5000, 5000, tag)
    check = crc32c(head + bytes(4) + body)
    return head + struct.pack("<L", check) + body


async def _tried(*steps: Callable[[Peer], Any]) -> list[bool]:
    """Each step on one peer; whether it was done, or refused in the one way there is."""
    troubles: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, trouble: troubles.append(trouble))
    microphone = Microphone()
    reader = microphone.reader()
    session = MediaSession(reader, on_picture=lambda _: None, on_voice=lambda _: None)
    peer = Peer([], session, on_line=lambda _: None)
    done = []
    try:
        for step in steps:
            try:
                await step(peer)
                done.append(True)
            except SdpRefusedError:
                done.append(False)
                break
        if done[0]:
            await _use(session)
    finally:
        await peer.close(silently=True)
    assert [trouble for trouble in troubles if trouble.get("exception")] == []
    return done


async def _use(session: MediaSession) -> None:
    """Whatever was agreed on can be sent and asked with."""
    for kind in list(session._agreements):
        await session._begin(kind, sending=True)(None)
        await session._begin(kind, sending=False)(None)
        stream = session.sending.streams[kind]
        again = stream.fresh(stream.agreement.payload_type, 0, b"abc", marker=True)
        for outgoing in (again, again._replace(again=True)):
            data = stream.bytes_of(outgoing, 7)
            assert data[0] >> 6 == 2 and len(data) < 100
        session.datagrams.send(rtcp.nack(1, session.receiving.streams[kind].ssrc, [1]))
    session.receiving.ask_for_key_frame()
    session._tick()
    session._report(time.monotonic())
    await asyncio.sleep(0)


async def _prepare_and_answer(peer: Peer, offer: str) -> None:
    await peer.prepare(offer)
    await peer.answer()


@settings(max_examples=70, deadline=None)
@given(spoilt_offers())
@example(SESSION + AUDIO + _with_first("a=ssrc:99999999999 cname:x", VIDEO) + DATA)
@example(OFFER.replace("VP8/90000", "VP8/90000\r\na=rtpmap:300 VP8/90000").replace("SAVPF 96", "SAVPF 300 96"))
@example(OFFER.replace(" 96", " 300").replace(":96 ", ":300 ").replace("apt=96", "apt=300"))
@example(OFFER.replace(" 111", " 77").replace(":111 ", ":77 "))
@example(OFFER.replace("a=mid:1", "a=mid:" + "é" * 16))
def test_a_spoilt_offer_is_taken_or_refused(offer: str) -> None:
    asyncio.run(_tried(lambda peer: _prepare_and_answer(peer, offer)))


@settings(max_examples=50, deadline=None)
@given(spoilt_offers())
def test_a_spoilt_offer_in_a_call_is_taken_or_refused(offer: str) -> None:
    done = asyncio.run(
        _tried(
            lambda peer: _prepare_and_answer(peer, OFFER),
            lambda peer: _restart_or_renegotiate(peer, offer),
        )
    )
    assert done[0]


async def _restart_or_renegotiate(peer: Peer, offer: str) -> None:
    if not peer.restarts_ice(offer):
        await peer.renegotiate(offer)


# datagrams and data channels


class _Line:
    """Datagrams in place of ICE."""

    def __init__(self, datagrams: list[bytes]) -> None:
        self._waiting = list(datagrams)

    async def receive(self) -> bytes:
        if not self._waiting:
            raise ConnectionError
        return self._waiting.pop(0)


class _Srtp:
    """Genuine, all of it; too long for pylibsrtp above 1500 bytes."""

    def unprotect(self, data: bytes) -> bytes:
        if len(data) > 1500:
            raise ValueError("packet is too long")
        return data

    unprotect_rtcp = unprotect


class _Tls:
    """What SCTP gets is what came."""

    def __init__(self) -> None:
        self._came = b""

    def bio_write(self, data: bytes) -> int:
        self._came = data
        return len(data)

    def recv(self, _: int) -> bytes:
        return self._came

    def bio_read(self, _: int) -> bytes:
        return b""

    def DTLSv1_get_timeout(self) -> None:
        return None


class _Reader:
    """In place of SCTP."""

    def __init__(self, handle: Callable[[bytes], Any]) -> None:
        self._handle = handle

    async def _handle_data(self, data: bytes) -> None:
        await self._handle(data)


async def _through_dtls(datagrams: list[bytes], handle: Callable[[bytes], Any]) -> tuple[int, list[bytes]]:
    """(datagrams that were read until the line went, those that reached RTP)."""
    ice: Any = RTCIceTransport(IceGatherer(settings_for([])))
    line = _Line(datagrams)
    ice._recv = line.receive
    dtls: Any = DtlsTransport(ice, [RTCCertificate.generateCertificate()])
    dtls._rx_srtp, dtls._ssl, dtls._data_receiver = _Srtp(), _Tls(), _Reader(handle)
    arrived: list[bytes] = []

    async def rtp_came(data: bytes, arrival_time_ms: int) -> None:
        arrived.append(data)

    async def rtcp_came(data: bytes) -> None:
        arrived.append(data)

    dtls._handle_rtp_data, dtls._handle_rtcp_data = rtp_came, rtcp_came
    read = 0
    with pytest.raises(ConnectionError):
        while True:
            await dtls._recv_next()
            read += 1
    await ice.stop()
    return read, arrived


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=10))
@example([b"", b"\x80", b"\x80" + bytes(1600), b"\x80" + bytes(20)])
def test_no_datagram_ends_the_transport(datagrams: list[bytes]) -> None:
    async def broken(data: bytes) -> None:
        data.decode("utf8")

    read, arrived = asyncio.run(_through_dtls([*datagrams, b"\x80good"], broken))
    assert read == len(datagrams) + 1
    assert arrived[-1] == b"\x80good"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from((0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 14, 130, 192)),
            st.integers(0, 255),
            st.binary(max_size=60) | st.tuples(st.integers(0, 3), st.text(max_size=9)).map(_dcep),
        ),
        max_size=12,
    )
)
@example([(4, 0, bytes(8))])
def test_no_chunk_of_sctp_ends_the_transport(chunks: list[tuple[int, int, bytes]]) -> None:
    async def run() -> None:
        ice: Any = RTCIceTransport(IceGatherer(settings_for([])))
        sctp: Any = RTCSctpTransport(DtlsTransport(ice, [RTCCertificate.generateCertificate()]))

        async def sent_nowhere(_: bytes) -> None:
            return

        sctp.transport._send_data = sent_nowhere
        sctp._remote_port = 5000
        sctp.transport._register_data_receiver(sctp)
        sctp._set_state(RTCSctpTransport.State.ESTABLISHED)
        datagrams = [_sctp(sctp._local_verification_tag, chunk) for chunk in chunks]
        read, _ = await _through_dtls(
            [b"\x17" + datagram for datagram in datagrams], lambda d: sctp._handle_data(d[1:])
        )
        assert read == len(chunks)
        await sctp.stop()
        await ice.stop()

    asyncio.run(run())


# pictures in shared memory


words = st.sampled_from((0, 1, 2, 1 << 31, (1 << 32) - 1)) | st.integers(0, (1 << 32) - 1)
longs = st.sampled_from((0, 1, 2, 5, (1 << 64) - 1)) | st.integers(0, (1 << 64) - 1)


@settings(max_examples=200, deadline=None)
@given(longs, longs, longs, words, words, st.binary(min_size=8, max_size=8))
def test_a_writer_of_nonsense_shows_nothing_or_a_whole_picture(
    newest: int, begun: int, finished: int, width: int, height: int, at: bytes
) -> None:
    writer = FrameRingWriter("test")
    reader = FrameRingReader(os.dup(writer.memory), os.dup(writer.bell))
    try:
        struct.pack_into("<Q", writer._map, 16, newest)
        for slot in range(SLOTS):
            offset = 64 + slot * writer._stride
            struct.pack_into("<QQII", writer._map, offset, begun, finished, width, height)
            writer._map[offset + 24 : offset + 32] = at
        shown = reader.read()
        assert shown is None or len(shown.planes) == picture_bytes(shown.width, shown.height)
        assert shown is None or len(shown.planes) <= picture_bytes(MAXIMUM_WIDTH, MAXIMUM_HEIGHT)
    finally:
        reader.close()
        writer.close()
