"""What session.py, agreement.py and peer.py rely on in aiortc and pylibsrtp beyond their public interface.

As test_aiortc_contract.py: a failure means that the library was upgraded and what stands beside it must be read again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import aioice.ice
import aiortc
import aiortc.rtcdtlstransport
import aiortc.rtcsctptransport
import pylibsrtp
import pytest

from tests.media.engine.test_aiortc_contract import fingerprint

_Peer: Any = aiortc.RTCPeerConnection
_Dtls: Any = aiortc.rtcdtlstransport.RTCDtlsTransport
_Sctp: Any = aiortc.rtcsctptransport.RTCSctpTransport

FUNCTIONS: list[tuple[Callable[..., Any], str, str]] = [
    (_Peer.close, "peer.py", "b79bc7894b959057"),
    (_Peer.addTransceiver, "peer.py", "87505a94a89c749a"),
    (_Peer.createOffer, "peer.py", "fc32e11bcaa3ddb5"),
    (_Peer.getTransceivers, "engine/session.py", "0690e552ec454009"),
    (_Dtls._RTCDtlsTransport__run, "engine/dtls.py", "78dd3a7bd7732a72"),
    (_Dtls._register_data_receiver, "engine/dtls.py", "6098fb41b7cf42b0"),
    (_Sctp._handle_data, "engine/sctp_check.py", "12d6b33915be15a5"),
    (_Sctp._receive, "engine/channels.py", "597560fd02e0d1ae"),
    (_Sctp._data_channel_receive, "engine/channels.py", "6b4973f37d9a0c24"),
    (aiortc.rtcsctptransport.decode_params, "engine/sctp_check.py", "8c886cadce8b3ecc"),
    (aiortc.rtcsctptransport.parse_packet, "engine/sctp_check.py", "ca1b81f80eff4c51"),
    (aiortc.RTCRtpSender.stop, "engine/session.py", "d1a4c8c3f690a006"),
    (aiortc.RTCRtpReceiver.stop, "engine/session.py", "14277ee9b8c346d7"),
    (pylibsrtp.Session, "engine/datagrams.py", "ac61a7446e1cc168"),
    (aioice.ice.StunProtocol.send_data, "engine/datagrams.py", "2b2c2c6cbf081d9f"),
]


@pytest.mark.parametrize(
    ("function", "relied_on_by", "expected"), FUNCTIONS, ids=[function.__qualname__ for function, _, _ in FUNCTIONS]
)
def test_a_function_is_the_one_that_was_read(function: Callable[..., Any], relied_on_by: str, expected: str) -> None:
    assert fingerprint(function) == expected, f"see kiosk/media/{relied_on_by}"


def test_media_are_handed_over_by_attributes_that_can_be_replaced() -> None:
    source = inspect.getsource(_Dtls._recv_next)
    assert "await self._handle_rtcp_data(data)" in source
    assert "await self._handle_rtp_data(data, arrival_time_ms=arrival_time_ms)" in source
    connect = inspect.getsource(_Peer._RTCPeerConnection__connect)
    assert "transceiver.sender.send(" in connect and "transceiver.receiver.receive(" in connect


async def test_what_is_read_and_set_is_there_and_stands_in_the_description() -> None:
    peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    voice, picture = peer.addTransceiver("audio"), peer.addTransceiver("video")
    assert peer.getTransceivers() == [voice, picture]
    for transceiver in (voice, picture):
        sender: Any = transceiver.sender
        receiver: Any = transceiver.receiver
        assert isinstance(sender._ssrc, int) and isinstance(sender._rtx_ssrc, int)
        assert sender._enabled is True and receiver._enabled is True
        assert transceiver._bundled is False
        assert transceiver._codecs == [] and transceiver._headerExtensions == []
        assert callable(transceiver._set_mline_index)
    offer = await peer.createOffer()
    for transceiver in (voice, picture):
        assert f"a=ssrc:{transceiver.sender._ssrc} " in offer.sdp
    assert f"a=ssrc-group:FID {picture.sender._ssrc} {picture.sender._rtx_ssrc}" in offer.sdp
    await peer.close()


if __name__ == "__main__":
    for function, _, expected in FUNCTIONS:
        if (found := fingerprint(function)) != expected:
            print(f"{function.__qualname__}: {expected or '(none)'} -> {found}")  # noqa: T201
