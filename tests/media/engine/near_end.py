"""Our end of one audio call for tests of the way: aiortc's own media over the connection under test."""

from __future__ import annotations

import asyncio
import time

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from kiosk.media.engine.connection import PeerConnection
from kiosk.media.engine.ice import IceSettings

CONFIGURATION = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)


class NearEnd:
    """``await prepare(offer)``, ``await answer()``; ``connected`` and ``heard`` become the times when that was so.

    ``ice`` None: stock aiortc, for comparison. ``as_client``: take DTLS's client role, as stock aiortc does.
    """

    def __init__(self, ice: IceSettings | None, *, as_client: bool = False) -> None:
        self.connection = RTCPeerConnection(CONFIGURATION) if ice is None else PeerConnection(ice, CONFIGURATION)
        self._as_client = as_client
        loop = asyncio.get_running_loop()
        self.connected: asyncio.Future[float] = loop.create_future()
        self.heard: asyncio.Future[float] = loop.create_future()
        self.connection.on("connectionstatechange", self._changed)

    async def prepare(self, offer: str) -> None:
        transceiver = self.connection.addTransceiver("audio", direction="sendrecv")
        transceiver._bundled = True
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        await asyncio.sleep(0)
        transceiver.sender.replaceTrack(AudioStreamTrack())
        dtls = transceiver.receiver.transport
        take = dtls._handle_rtp_data

        async def heard(data: bytes, arrival_time_ms: int) -> None:
            if not self.heard.done():
                self.heard.set_result(time.time())
            await take(data, arrival_time_ms=arrival_time_ms)

        dtls._handle_rtp_data = heard  # type: ignore[method-assign]
        if isinstance(self.connection, PeerConnection):
            await self.connection.gather()
        else:
            await dtls.transport.iceGatherer.gather()

    async def answer(self) -> str:
        if isinstance(self.connection, PeerConnection):
            await self.connection.first_relay()
            if not self._as_client:
                self.connection.answer_as_server()
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return str(self.connection.localDescription.sdp)

    async def close(self) -> None:
        await self.connection.close()

    def _changed(self) -> None:
        if self.connection.connectionState == "connected" and not self.connected.done():
            self.connected.set_result(time.time())
