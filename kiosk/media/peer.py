"""One aiortc peer connection: prepared, answered or offered, watched, closed; knows nothing of calls and devices.

aiortc is used as it comes except for three things, each said where it is done: candidates are gathered before the local
description is set, an RTCP BYE does not end reception, and the old connection of a taken-over call closes in silence.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtp import RtcpByePacket
from aiortc.sdp import candidate_from_sdp

from kiosk.ipc.media_messages import LineState, Negotiated, SdpTrouble
from kiosk.media import negotiation
from kiosk.media.negotiation import SdpRefusedError, Section

_log = logging.getLogger(__name__)

SILENT_AFTER_S = 1.5
FAILED_AFTER_S = 8.0
CONNECT_LIMIT_S = 15.0
_WATCH_S = 0.25
_CLOSE_LIMIT_S = 3.0

_AIORTC_ERRORS = (
    ValueError,
    AssertionError,
    LookupError,
    AttributeError,
    TypeError,
    OSError,
    InvalidAccessError,
    InvalidStateError,
    OperationError,
)


class Peer:
    """``on_track(track)`` for each remote track, ``on_line(state)`` at every change; both on the event loop."""

    def __init__(
        self,
        ice_servers: list[RTCIceServer],
        voice: MediaStreamTrack,
        picture: MediaStreamTrack,
        *,
        on_track: Callable[[MediaStreamTrack], None],
        on_line: Callable[[LineState], None],
    ) -> None:
        self._ice_servers = ice_servers
        self._tracks = {"audio": voice, "video": picture}
        self._on_track = on_track
        self._on_line = on_line
        self._connection: RTCPeerConnection | None = None
        self._line: LineState | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sections: tuple[Section, ...] = ()
        self._hidden: tuple[tuple[str, str], ...] = ()

    @property
    def line(self) -> LineState | None:
        """What was last told of the line; None before it first connected."""
        return self._line

    async def prepare(self, offer: str) -> None:
        """Take the first offer and gather candidates; nothing is sent to the other end. Raises SdpRefusedError."""
        offer, self._hidden = negotiation.without_hidden_hosts(negotiation.with_mids(offer))
        offer = negotiation.with_directions(offer)
        self._sections = negotiation.check(offer)
        connection = self._make(data_channel=False)
        try:
            self._add_sections(connection, self._sections)
            await connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
            # Its connecting task must find no candidates yet, else it would start before anyone accepted.
            await asyncio.sleep(0)
            # aiortc gathers inside setLocalDescription, which would also connect; so ask the gatherer itself.
            await connection.getTransceivers()[0].receiver.transport.transport.iceGatherer.gather()
        except _AIORTC_ERRORS as error:
            raise _refused(error) from error

    async def answer(self) -> str:
        """Attach the tracks, answer the offer and begin to connect. Raises SdpRefusedError."""
        connection = self._used()
        try:
            self._attach_tracks(connection)
            await connection.setLocalDescription(await connection.createAnswer())
        except _AIORTC_ERRORS as error:
            raise _refused(error) from error
        self._begin_watch()
        self._spawn(self._find_hidden_hosts())
        return str(connection.localDescription.sdp)

    async def offer(self, negotiated: Negotiated) -> str:
        """A fresh offer in the negotiated shape, candidates inside. Raises SdpRefusedError."""
        agreed = negotiation.negotiated_sections(negotiated)
        try:
            connection = self._make(data_channel=any(media.kind == "application" for media in agreed))
            of_kind: set[str] = set()
            for media in agreed:
                if media.kind in negotiation.USABLE:
                    direction = "sendrecv" if media.kind not in of_kind else (media.direction or "recvonly")
                    of_kind.add(media.kind)
                    _set_up(connection.addTransceiver(media.kind, direction=direction))
            self._attach_tracks(connection)
            fresh = await connection.createOffer()
            shaped = negotiation.shape_offer(fresh.sdp, agreed)
            media_lines = [number for number, media in enumerate(agreed) if media.kind in negotiation.USABLE]
            for transceiver, number in zip(connection.getTransceivers(), media_lines, strict=True):
                transceiver._set_mline_index(number)
            await connection.setLocalDescription(RTCSessionDescription(sdp=shaped, type="offer"))
        except _AIORTC_ERRORS as error:
            raise _refused(error) from error
        return str(connection.localDescription.sdp)

    async def take_answer(self, answer: str) -> None:
        """Apply the answer to the offer and connect. Raises SdpRefusedError."""
        answer, self._hidden = negotiation.without_hidden_hosts(negotiation.with_mids(answer))
        answer = negotiation.with_directions(answer)
        sections = negotiation.check(answer)
        try:
            await self._used().setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        except _AIORTC_ERRORS as error:
            raise _refused(error) from error
        self._sections = sections
        self._begin_watch()
        self._spawn(self._find_hidden_hosts())

    async def _find_hidden_hosts(self) -> None:
        """Candidates behind multicast names, one after the other, while the connection is already being made."""
        for mid, line in self._hidden:
            connection = self._connection
            if connection is None or connection.connectionState == "connected":
                return
            try:
                candidate = candidate_from_sdp(line.removeprefix("candidate:"))
                candidate.sdpMid = mid
                # Not addIceCandidate: it passes over bundled sections, and here all are (see _set_up).
                await connection.getTransceivers()[0].receiver.transport.transport.addRemoteCandidate(candidate)
            except _AIORTC_ERRORS as error:
                _log.info("a hidden candidate was not found: %s", type(error).__name__)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def restarts_ice(self, offer: str) -> bool:
        """Whether an offer begins anew with ICE, which aiortc cannot follow. Raises SdpRefusedError."""
        sections = negotiation.check(negotiation.with_mids(offer))
        known = {section.mid: section.ice_username for section in self._sections}
        return any(known.get(section.mid, section.ice_username) != section.ice_username for section in sections)

    async def renegotiate(self, offer: str) -> str:
        """Answer a later offer on the running connection. Raises SdpRefusedError; the call goes on as it was."""
        offer = negotiation.with_directions(negotiation.with_mids(offer))
        sections = negotiation.check(offer)
        connection = self._used()
        known = {section.mid for section in self._sections}
        try:
            self._add_sections(connection, tuple(section for section in sections if section.mid not in known))
            await connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
            await connection.setLocalDescription(await connection.createAnswer())
        except _AIORTC_ERRORS as error:
            raise _refused(error) from error
        self._sections = sections
        return str(connection.localDescription.sdp)

    async def ask_for_key_frame(self) -> None:
        """A PLI (RFC 4585 section 6.3.1) for the remote picture: a receiver that joins late cannot begin without one.

        aiortc asks only after a decoder has failed, which takes a second and more.
        """
        connection = self._connection
        if connection is None or connection.connectionState != "connected":
            return
        ssrcs = negotiation.picture_ssrcs(connection.remoteDescription.sdp)
        for transceiver in connection.getTransceivers():
            if transceiver.kind == "video":
                for ssrc in ssrcs:
                    await transceiver.receiver._send_rtcp_pli(ssrc)
                return

    async def close(self, *, silently: bool = False) -> None:
        """Close within some seconds. ``silently``: no BYE and no DTLS alert, which would end the other end's side of a
        connection that a fresh one has taken over."""
        for task in [*self._tasks, *([self._watcher] if self._watcher else [])]:
            task.cancel()
        for track in self._tracks.values():
            track.stop()
        connection, self._connection = self._connection, None
        if connection is None:
            return
        connection.remove_all_listeners()
        try:
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                if silently:
                    for transceiver in connection.getTransceivers()[:1]:
                        await transceiver.receiver.transport.transport.stop()
                await connection.close()
        except TimeoutError:
            _log.warning("a peer connection did not close within %.0f s", _CLOSE_LIMIT_S)
        except _AIORTC_ERRORS as error:
            _log.warning("closing a peer connection: %s", type(error).__name__)

    def _make(self, *, data_channel: bool) -> RTCPeerConnection:
        configuration = RTCConfiguration(
            iceServers=self._ice_servers,  # explicit, also when empty: aiortc's default is a public STUN server
            bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
            alwaysNegotiateDataChannels=data_channel,
        )
        connection = RTCPeerConnection(configuration)
        connection.on("track", self._on_track)
        connection.on("connectionstatechange", self._connection_changed)
        self._connection = connection
        return connection

    def _used(self) -> RTCPeerConnection:
        if self._connection is None:
            raise SdpRefusedError(SdpTrouble.FAILED, "the connection is closed or was never prepared")
        return self._connection

    def _add_sections(self, connection: RTCPeerConnection, sections: tuple[Section, ...]) -> None:
        """Transceivers before the offer is applied: only then do our codec preferences count."""
        have = {transceiver.kind for transceiver in connection.getTransceivers()}
        for section in sections:
            if section.kind in negotiation.USABLE:
                direction = "recvonly" if section.kind in have else "sendrecv"
                have.add(section.kind)
                _set_up(connection.addTransceiver(section.kind, direction=direction))

    def _attach_tracks(self, connection: RTCPeerConnection) -> None:
        attached: set[str] = set()
        for transceiver in connection.getTransceivers():
            if transceiver.kind not in attached:
                attached.add(transceiver.kind)
                transceiver.sender.replaceTrack(self._tracks[transceiver.kind])
            _survive_bye(transceiver.receiver)

    def _connection_changed(self) -> None:
        state = self._connection.connectionState if self._connection is not None else "closed"
        if state == "connected":
            self._tell(LineState.CONNECTED)
        elif state in ("failed", "closed"):
            self._tell(LineState.FAILED)

    def _tell(self, line: LineState) -> None:
        if line is not self._line:
            self._line = line
            self._on_line(line)

    def _begin_watch(self) -> None:
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch(), name="line")

    async def _watch(self) -> None:
        """Tell of silence by the bytes that arrive (media and its RTCP; ICE checks do not count)."""
        heard, heard_at = 0, time.monotonic()
        began = heard_at
        while self._connection is not None:
            await asyncio.sleep(_WATCH_S)
            state = self._connection.connectionState if self._connection is not None else "closed"
            now = time.monotonic()
            if state == "connecting" and now - began > CONNECT_LIMIT_S:
                self._tell(LineState.FAILED)
            if state != "connected" or self._connection is None:
                heard_at = now
                continue
            received = await _bytes_received(self._connection)
            if received != heard:
                heard, heard_at = received, now
                self._tell(LineState.CONNECTED)
            elif now - heard_at > FAILED_AFTER_S:
                self._tell(LineState.FAILED)
            elif now - heard_at > SILENT_AFTER_S and self._line is not LineState.FAILED:
                self._tell(LineState.SILENT)


async def _bytes_received(connection: RTCPeerConnection) -> int:
    report = await connection.getStats()
    return sum(entry.bytesReceived for entry in report.values() if entry.type == "transport")


def _set_up(transceiver: RTCRtpTransceiver) -> None:
    # All share one transport (MAX_BUNDLE); unmarked, aiortc stops it when the BUNDLE group begins with another mid.
    transceiver._bundled = True
    usable = {f"{transceiver.kind}/{name}" for name, _ in negotiation.USABLE[transceiver.kind]}
    usable.add("video/rtx")
    capabilities = RTCRtpReceiver.getCapabilities(transceiver.kind)
    if capabilities is not None:
        transceiver.setCodecPreferences([codec for codec in capabilities.codecs if codec.mimeType.lower() in usable])


def _survive_bye(receiver: RTCRtpReceiver) -> None:
    """A browser says BYE when it replaces a track; aiortc would end the remote track for good."""
    handle: Callable[[Any], Coroutine[Any, Any, None]] = receiver._handle_rtcp_packet

    async def handle_all_but_bye(packet: Any) -> None:
        if not isinstance(packet, RtcpByePacket):
            await handle(packet)

    if getattr(handle, "__name__", "") != handle_all_but_bye.__name__:
        receiver._handle_rtcp_packet = handle_all_but_bye  # type: ignore[method-assign]


def _refused(error: Exception) -> SdpRefusedError:
    if isinstance(error, SdpRefusedError):
        return error
    if isinstance(error, OperationError):
        return SdpRefusedError(SdpTrouble.NO_USABLE_CODEC, "no codec in common")
    if isinstance(error, ValueError):
        return SdpRefusedError(SdpTrouble.MALFORMED, f"{type(error).__name__}: {str(error)[:100]}")
    return SdpRefusedError(SdpTrouble.FAILED, f"{type(error).__name__}: {str(error)[:100]}")
