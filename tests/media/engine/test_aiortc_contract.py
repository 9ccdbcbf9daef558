"""What the engine relies on in aiortc, aioice and pyOpenSSL beyond their public interface, for the pinned versions.

A failure here is no bug: the library was upgraded. Read what changed in the function named, look at the module that
relies on it (second column), then write the new fingerprint: ``python -m tests.media.engine.test_aiortc_contract``.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
from collections.abc import Callable
from typing import Any

import aioice.candidate
import aioice.ice
import aioice.stun
import aioice.turn
import aiortc
import aiortc.rtcdtlstransport
import aiortc.rtcicetransport
import aiortc.rtcpeerconnection
import pytest
from OpenSSL import SSL

PINNED = {"aiortc": "1.16.0", "aioice": "0.13.0"}


def fingerprint(function: Callable[..., Any]) -> str:
    """The first 16 hex digits of the SHA-256 of a function's or class's source, without its indentation."""
    source = inspect.cleandoc(inspect.getsource(function))
    return hashlib.sha256(source.encode()).hexdigest()[:16]


_Ice = aioice.ice.Connection
_Stun = aioice.ice.StunProtocol
_Turn = aioice.turn.TurnClientMixin
_Gatherer = aiortc.rtcicetransport.RTCIceGatherer
_IceTransport = aiortc.rtcicetransport.RTCIceTransport
_Dtls = aiortc.rtcdtlstransport.RTCDtlsTransport
_Peer = aiortc.RTCPeerConnection

FUNCTIONS: list[tuple[Callable[..., Any], str, str]] = [
    # replaced or extended by ours
    (_Ice.__init__, "engine/ice.py", "0dc5a17c4b02e3a9"),
    (_Ice.gather_candidates, "engine/ice.py", "e07296cb78f26f7c"),
    (_Ice.add_remote_candidate, "engine/ice.py", "fa0ba626ada91c90"),
    (_Ice.connect, "engine/ice.py", "a283d09419c14441"),
    (_Ice.close, "engine/ice.py", "cb4112c94b874b84"),
    (_Ice.send, "engine/ice.py", "0ce831835c03984c"),
    (_Ice.sendto, "engine/ice.py", "928679878b078f4e"),
    (_Ice.check_incoming, "engine/ice.py", "d9a6e51962b0f837"),
    (_Ice.check_complete, "engine/ice.py", "e90d3bbd0c47d400"),
    (_Ice.query_consent, "engine/ice.py", "9be37a09ab190522"),
    (_Ice._check_periodic, "engine/ice.py", "5834d8ddde2672e8"),
    (_Ice._check_list_maybe_fail, "engine/ice.py", "2dab9829e4f01dd7"),
    (_Ice._pair_remote_candidate, "engine/ice.py", "72a04978c4d6f79d"),
    (_Ice.get_component_candidates, "engine/ice.py", "908bc8ea17ca373d"),
    (aioice.ice.relayed_candidate, "engine/relays.py", "e3144adf4c20d258"),
    (aioice.ice.server_reflexive_candidate, "engine/ice.py", "fb8e407505c2ff1c"),
    (_Stun.datagram_received, "engine/transactions.py", "c0ac974f04d88880"),
    (_Stun.request, "engine/transactions.py", "81d2741e1be91724"),
    (_Stun.send_stun, "engine/transactions.py", "f97c0e8040312127"),
    (aioice.stun.Transaction, "engine/transactions.py", "11454a8a8534cd94"),
    (_Turn.__init__, "engine/relays.py", "1d41ad1599c4735b"),
    (_Turn.request, "engine/relays.py", "058be5be11f2789f"),
    (_Turn.send_data, "engine/relays.py", "e1ba1ecd8387da31"),
    (_Turn.refresh, "engine/relays.py", "77e49669bf8944fd"),
    (_Turn.delete, "engine/relays.py", "04ea9154393f2a1c"),
    (_Turn.connection_lost, "engine/relays.py", "9092cf6677002da9"),
    (aioice.turn.TurnTransport, "engine/relays.py", "cffc33422b601ffa"),
    (aioice.turn.create_turn_endpoint, "engine/relays.py", "c207f50c574dcdbb"),
    (_Gatherer.__init__, "engine/ice.py", "32d7d6eee323c59e"),
    (_Gatherer.gather, "engine/ice.py", "e7d51b7336269e93"),
    (_Dtls._do_handshake, "engine/dtls.py", "02d48412eac3f3cd"),
    (_Dtls._write_ssl, "engine/dtls.py", "6fd3184867c8f4f6"),
    (_Dtls.stop, "engine/dtls.py", "2f4413f0f0d4d935"),
    (_Peer._RTCPeerConnection__createDtlsTransport, "engine/connection.py", "daf6b0dc2be48eb6"),  # type: ignore[attr-defined]
    # called by ours, or calling ours, in a way that must stay
    (_Ice.check_start, "engine/ice.py", "5ca7887b9a9c2ff3"),
    (_Ice._check_list_maybe_complete, "engine/ice.py", "df42f32361cbcd02"),
    (_Ice.build_request, "engine/ice.py", "4ac36c4fe5ae4823"),
    (_Ice.request_received, "engine/ice.py", "4ad29502006286c5"),
    (_Ice.data_received, "engine/ice.py", "0ced6db64b363541"),
    (_Ice.protocol_lost, "engine/ice.py", "347dee2f6d1b76b1"),
    (_Ice.recvfrom, "engine/ice.py", "061872d53cb71f19"),
    (_Stun.connection_made, "engine/relays.py", "c64fed90916c1fa7"),
    (_Stun.connection_lost, "engine/relays.py", "7435039da010c95c"),
    (_Turn.connect, "engine/relays.py", "f52c3523964446cc"),
    (_Turn.channel_bind, "engine/relays.py", "1ac4dc770cb3c553"),
    (_Turn.request_with_retry, "engine/relays.py", "adad677bb84c46ae"),
    (_Turn.datagram_received, "engine/relays.py", "b473ca5267c48f57"),
    (aioice.turn.TurnStreamMixin, "engine/relays.py", "64f73b4db1051297"),
    (_IceTransport.__init__, "engine/connection.py", "d8604e575d88928e"),
    (_IceTransport.start, "engine/ice.py", "af9258f7d1157feb"),
    (_IceTransport.stop, "engine/ice.py", "6daa98785fd1cc7e"),
    (_Dtls.start, "engine/dtls.py", "9fc376ede25791f6"),
    (_Dtls._recv_next, "engine/dtls.py", "01fd3148d6fc9fd1"),
    (_Dtls._send_data, "engine/dtls.py", "92ad14ce9421d79c"),
    (_Dtls._handle_rtp_data, "engine/session.py", "b368a99ddb94abd6"),
    (_Dtls._handle_rtcp_data, "engine/session.py", "4218de31364346cc"),
    (_Dtls._send_rtp, "engine/datagrams.py", "4cff79c741e4da69"),
    (_Peer._RTCPeerConnection__connect, "peer.py", "5935db5b7dfa40a5"),  # type: ignore[attr-defined]
    (_Peer._RTCPeerConnection__gather, "peer.py", "e588b01fcaa6d0e5"),  # type: ignore[attr-defined]
    (_Peer.createAnswer, "engine/connection.py", "e4c4ca61b97b8acc"),
    (_Peer.setLocalDescription, "peer.py", "97df609c13aeee97"),
    (_Peer.setRemoteDescription, "peer.py", "7e22880aaa5e0132"),
]


def test_the_versions_are_those_that_were_read() -> None:
    assert {name: importlib.metadata.version(name) for name in PINNED} == PINNED


@pytest.mark.parametrize(
    ("function", "relied_on_by", "expected"), FUNCTIONS, ids=[function.__qualname__ for function, _, _ in FUNCTIONS]
)
def test_a_function_is_the_one_that_was_read(function: Callable[..., Any], relied_on_by: str, expected: str) -> None:
    assert fingerprint(function) == expected, f"see kiosk/media/{relied_on_by}"


async def test_what_is_read_and_set_in_their_objects_is_there() -> None:
    connection = _Ice(ice_controlling=False)
    for name in [
        "_check_list",
        "_check_list_done",
        "_closing",
        "_early_checks_done",
        "_local_candidates",
        "_local_candidates_end",
        "_local_candidates_start",
        "_nominated",
        "_protocols",
        "_query_consent_task",
        "_remote_candidates",
        "_transport_policy",
        "_use_ipv4",
        "_use_ipv6",
    ]:
        assert hasattr(connection, name), name
    peer = _Peer(aiortc.RTCConfiguration(iceServers=[]))
    for name in ["certificates", "dtlsTransports", "iceTransports", "remoteDtls"]:
        assert hasattr(peer, f"_RTCPeerConnection__{name}"), name
    for name in ["updateConnectionState", "updateIceConnectionState", "updateIceGatheringState"]:
        assert callable(getattr(peer, f"_RTCPeerConnection__{name}")), name
    peer.addTransceiver("audio")
    dtls = peer.getTransceivers()[0].receiver.transport
    for name in ["tx_bytes", "tx_packets"]:
        assert hasattr(dtls, f"_RTCDtlsTransport__{name}"), name
    assert dtls._role == "auto" and dtls._ssl is None and dtls.encrypted is False
    gatherer = dtls.transport.iceGatherer
    assert callable(gatherer._RTCIceGatherer__setState)  # type: ignore[attr-defined]
    assert gatherer._connection is dtls.transport._connection
    await peer.close()


def test_openssl_cannot_be_told_when_to_repeat_and_reads_a_whole_flight() -> None:
    """Should pyOpenSSL learn to set DTLS timers, engine/dtls.py can become smaller."""
    assert not [name for name in dir(SSL.Connection) if "timer" in name.lower()]
    assert not [name for name in dir(SSL._lib) if "DTLS_set_timer" in name]  # type: ignore[attr-defined]
    assert callable(SSL.Connection.bio_read) and issubclass(SSL.WantReadError, SSL.Error)


if __name__ == "__main__":
    for function, _, expected in FUNCTIONS:
        if (found := fingerprint(function)) != expected:
            print(f"{function.__qualname__}: {expected or '(none)'} -> {found}")  # noqa: T201
