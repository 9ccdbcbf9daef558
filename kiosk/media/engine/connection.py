"""aiortc's peer connection with our ICE and DTLS below it; what is said over it is others' business."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from aiortc import RTCConfiguration, RTCIceCandidate, RTCPeerConnection
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceTransport

from kiosk.media.engine.dtls import DtlsTransport
from kiosk.media.engine.ice import IceGatherer, IceSettings


class PeerConnection(RTCPeerConnection):
    """``ice`` stands in for the configuration's iceServers and iceTransportPolicy."""

    def __init__(self, ice: IceSettings, configuration: RTCConfiguration) -> None:
        super().__init__(configuration)
        self._ice = ice
        self._gatherers: list[IceGatherer] = []

    async def gather(self) -> None:
        """Host candidates at once, and the servers begun to be asked. Sends nothing to the other end."""
        for gatherer in self._gatherers:
            await gatherer.gather()

    async def first_relay(self) -> None:
        """With relays only, wait for one. Raises NoRelayError."""
        for gatherer in self._gatherers:
            if gatherer.connection.relay_only:
                await gatherer.connection.first_relay()

    def permit(self, candidates: Iterable[RTCIceCandidate]) -> None:
        """Before an offer that takes a call over: hosts the other end was reached at. A browser may answer before it
        has gathered anew; a relay would drop its checks until a candidate says where they come from."""
        addresses = [(one.ip, one.port) for one in candidates if one.protocol.lower() == "udp" and _is_address(one.ip)]
        for gatherer in self._gatherers:
            gatherer.connection.permit(list(dict.fromkeys(addresses)))

    def answer_as_server(self) -> None:
        """Before createAnswer: take DTLS's server role if the offer leaves the choice to us (see dtls.py for why)."""
        if any(offered.role != "auto" for offered in self._RTCPeerConnection__remoteDtls.values()):  # type: ignore[attr-defined]
            return
        for transport in self._RTCPeerConnection__dtlsTransports:  # type: ignore[attr-defined]
            if transport._role == "auto":
                transport._set_role("server")

    def _RTCPeerConnection__createDtlsTransport(self) -> RTCDtlsTransport:
        """In place of aiortc's: the same transports and listeners, of our classes."""
        known = self._gatherers[0].getLocalParameters() if self._gatherers else None
        gatherer = IceGatherer(
            self._ice,
            local_username=known.usernameFragment if known else None,
            local_password=known.password if known else None,
        )
        self._gatherers.append(gatherer)
        gatherer.on("statechange", self._RTCPeerConnection__updateIceGatheringState)  # type: ignore[attr-defined]
        ice = RTCIceTransport(gatherer)
        ice.on("statechange", self._RTCPeerConnection__updateIceConnectionState)  # type: ignore[attr-defined]
        ice.on("statechange", self._RTCPeerConnection__updateConnectionState)  # type: ignore[attr-defined]
        self._RTCPeerConnection__iceTransports.add(ice)  # type: ignore[attr-defined]
        dtls = DtlsTransport(ice, self._RTCPeerConnection__certificates)  # type: ignore[attr-defined]
        dtls.on("statechange", self._RTCPeerConnection__updateConnectionState)  # type: ignore[attr-defined]
        self._RTCPeerConnection__dtlsTransports.add(dtls)  # type: ignore[attr-defined]
        self._RTCPeerConnection__updateIceGatheringState()  # type: ignore[attr-defined]
        self._RTCPeerConnection__updateIceConnectionState()  # type: ignore[attr-defined]
        self._RTCPeerConnection__updateConnectionState()  # type: ignore[attr-defined]
        return dtls


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:  # a multicast name
        return False
    return True
