"""A session with nothing behind its door: fakes for what it uses of aiortc, and real packets to be spoilt."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from av.video.frame import VideoFrame

from kiosk.media.codec.libopus import OpusEncoder
from kiosk.media.codec.libvpx import Vp8Encoder
from kiosk.media.engine.agreement import Agreement
from kiosk.media.engine.session import MediaSession
from kiosk.media.rtp import opus_red, packet, vp8_payload
from kiosk.media.voice import Microphone

VOICE, VOICE_SSRC = 111, 1001
RED = 63
PICTURE, PICTURE_SSRC = 96, 2001
AGAIN, AGAIN_SSRC = 97, 2002
TRANSPORT_ID, MID_ID = 3, 4
OWN = {"audio": (11, 12), "video": (21, 22)}


def agreement_of(kind: str, **changes: Any) -> Agreement:
    """As two of ours agree, with announced SSRCs."""
    voice = kind == "audio"
    fields: dict[str, Any] = {
        "kind": kind,
        "mid": "0" if voice else "1",
        "payload_type": VOICE if voice else PICTURE,
        "redundant_type": RED if voice else None,
        "retransmission_type": None if voice else AGAIN,
        "mid_extension": MID_ID,
        "transport_extension": TRANSPORT_ID,
        "asks_again": True,
        "ssrc": VOICE_SSRC if voice else PICTURE_SSRC,
        "retransmission_ssrc": None if voice else AGAIN_SSRC,
    }
    return Agreement(**{**fields, **changes})


class _Dtls:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def _send_rtp(self, data: bytes) -> None:
        if len(data) > 1500 - 16 - 4:
            raise ValueError("packet is too long")  # as pylibsrtp
        self.sent.append(data)


class _End:
    def __init__(self, kind: str, dtls: _Dtls) -> None:
        self._ssrc, self._rtx_ssrc = OWN[kind]
        self._enabled = True
        self.transport = dtls
        self.send: Any = None
        self.receive: Any = None


class _Transceiver:
    def __init__(self, kind: str, dtls: _Dtls) -> None:
        self.kind = kind
        self.sender = _End(kind, dtls)
        self.receiver = _End(kind, dtls)


class _Connection:
    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.dtls = _Dtls()
        self.transceivers = [_Transceiver(kind, self.dtls) for kind in kinds]

    def getTransceivers(self) -> list[_Transceiver]:
        return self.transceivers


class Door:
    """A running session. ``sent``: what it sent, unencrypted; ``troubles``: exceptions that reached the event loop."""

    def __init__(self, session: MediaSession, connection: _Connection) -> None:
        self.session = session
        self.connection = connection
        self.sent = connection.dtls.sent
        self.troubles: list[dict[str, Any]] = []
        self.pictures = 0

    async def rtp(self, data: bytes) -> None:
        await self.connection.dtls._handle_rtp_data(data, arrival_time_ms=0)  # type: ignore[attr-defined]

    async def rtcp(self, data: bytes) -> None:
        await self.connection.dtls._handle_rtcp_data(data)  # type: ignore[attr-defined]


@asynccontextmanager
async def door(*agreements: Agreement, sending: bool = True, kinds: tuple[str, ...] = ()) -> AsyncIterator[Door]:
    """``agreements``: those of ``agreement_of`` when there are none. Fails for trouble on the event loop."""
    agreements = agreements or (agreement_of("audio"), agreement_of("video"))
    microphone = Microphone()
    reader = microphone.reader()
    connection = _Connection(kinds or tuple(one.kind for one in agreements))
    pictures: list[VideoFrame] = []
    session = MediaSession(reader, on_picture=lambda frame: pictures.append(frame), on_voice=lambda _: None)
    opened = Door(session, connection)
    asyncio.get_running_loop().set_exception_handler(lambda _, trouble: opened.troubles.append(trouble))
    for one in agreements:
        session.agree(one)
    session.take_over(connection)  # type: ignore[arg-type]
    for transceiver in connection.transceivers:
        if sending:
            await transceiver.sender.send(None)
        await transceiver.receiver.receive(None)
    try:
        yield opened
        await asyncio.sleep(0.02)  # the timer and the threads have had their turn
        session.receiving.voice.pull()
    finally:
        await session.close(silently=False)
    assert opened.troubles == []


def frame(number: int = 0, size: tuple[int, int] = (160, 120)) -> VideoFrame:
    """A picture that differs from the one before."""
    width, height = size
    planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    planes[: height // 2] = 100 + number % 8 * 4
    planes[number % height, :] = 255
    return VideoFrame.from_ndarray(planes, format="yuv420p")


@functools.cache
def real_packets() -> tuple[bytes, ...]:
    """Some hundred packets of a call, in order: Opus, RED, VP8 and retransmissions, with header extensions."""
    encoder, opus = Vp8Encoder(160, 120, bitrate=400_000), OpusEncoder(bitrate=24_000)
    rng = np.random.default_rng(1)
    made: list[bytes] = []
    transport = 65_500
    numbers = {VOICE_SSRC: 65_530, PICTURE_SSRC: 32_760, AGAIN_SSRC: 7}

    def add(payload_type: int, ssrc: int, timestamp: int, payload: bytes, marker: bool) -> None:
        nonlocal transport
        transport += 1
        numbers[ssrc] += 1
        made.append(
            packet.build(
                payload_type,
                marker=marker,
                number=numbers[ssrc],
                timestamp=timestamp,
                ssrc=ssrc,
                payload=payload,
                extensions={TRANSPORT_ID: (transport & 0xFFFF).to_bytes(2, "big"), MID_ID: b"1"},
            )
        )

    before = b""
    for number in range(30):
        picture = encoder.encode(frame(number), pts_ms=number * 33, key_frame=number % 10 == 0)
        assert picture is not None
        payloads = vp8_payload.pack(picture.data, limit=300, picture_id=number, tl0picidx=number)
        for at, payload in enumerate(payloads):
            add(PICTURE, PICTURE_SSRC, 0xFFFFF000 + number * 3000, payload, at == len(payloads) - 1)
        again = packet.retransmission_payload(numbers[PICTURE_SSRC], payloads[-1])
        add(AGAIN, AGAIN_SSRC, 0xFFFFF000 + number * 3000, again, True)
        voice = opus.encode((rng.standard_normal(960) * 3000).astype(np.int16))
        ticks = 0xFFFFFF00 + number * 960
        add(VOICE, VOICE_SSRC, ticks, voice, False)
        add(RED, VOICE_SSRC, ticks, opus_red.pack(voice, VOICE, [(960, VOICE, before)] if before else []), False)
        before = voice
    encoder.close()
    opus.close()
    return tuple(made)
