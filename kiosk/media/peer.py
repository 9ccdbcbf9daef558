"""One aiortc peer connection: prepared, answered or offered, watched, closed; knows nothing of calls and devices.

What aiortc keeps doing is ICE, DTLS, SRTP, SDP and data channels; its media are taken over by a ``MediaSession``. Also,
each said where it is done: candidates are gathered before the local description is set, what is agreed on goes beyond
aiortc's tables, and the old connection of a taken-over call closes in silence.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Coroutine
from typing import Any

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.sdp import candidate_from_sdp

from kiosk.ipc.media_messages import LineState, Negotiated, SdpTrouble
from kiosk.media import negotiation
from kiosk.media.engine import agreement, channels
from kiosk.media.engine.connection import PeerConnection
from kiosk.media.engine.ice import settings_for
from kiosk.media.engine.session import MediaSession
from kiosk.media.negotiation import SdpRefusedError, Section

_log = logging.getLogger(__name__)

SILENT_AFTER_S = 0.6
"""Without a packet, where media are expected: a browser sends 50 a second."""
QUIET_AFTER_S = 6.0
"""The same on hold, where only reports come."""
FAILED_AFTER_S = 8.0
CONNECT_LIMIT_S = 15.0
_WATCH_S = 0.05
_HEARD_WITHIN_S = 0.2
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
    """``on_line(state)`` at every change, ``on_channel(channel)`` for every data channel that the other end opens, on
    the event loop. Owns ``session``.

    ``relay_only``: our own addresses are told to nobody; answering then waits for the first relay, and is refused when
    there is none. ``tls`` for relays behind TLS; None trusts the system's authorities.
    """

    def __init__(
        self,
        ice_servers: list[RTCIceServer],
        session: MediaSession,
        *,
        on_line: Callable[[LineState], None],
        on_channel: Callable[[RTCDataChannel], None] = lambda channel: channel.close(),
        relay_only: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._ice = settings_for(ice_servers, relay_only=relay_only, tls=tls)
        self._session = session
        self._on_line = on_line
        self._on_channel = on_channel
        self._connection: PeerConnection | None = None
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
            self._agree(connection, offer)
            channels.bound(connection.sctp)
            # Its connecting task must find no candidates yet, else it would start before anyone accepted.
            await asyncio.sleep(0)
            # aiortc gathers inside setLocalDescription, which would also connect.
            await connection.gather()
        except _AIORTC_ERRORS as error:
            raise _refused(error) from error

    async def answer(self) -> str:
        """Attach the tracks, answer the offer and begin to connect. Raises SdpRefusedError."""
        connection = self._used()
        try:
            self._session.take_over(connection)
            await connection.first_relay()
            connection.answer_as_server()
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
            self._session.take_over(connection)
            fresh = await connection.createOffer()
            shaped = negotiation.shape_offer(fresh.sdp, agreed)
            media_lines = [number for number, media in enumerate(agreed) if media.kind in negotiation.USABLE]
            for transceiver, number in zip(connection.getTransceivers(), media_lines, strict=True):
                transceiver._set_mline_index(number)
            before = negotiation.parse(negotiated.remote_sdp)
            connection.permit(candidate for media in before.media for candidate in media.ice_candidates)
            await connection.gather()
            await connection.first_relay()
            channels.bound(connection.sctp)
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
            connection = self._used()
            await connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
            self._agree(connection, answer)
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
            self._agree(connection, offer)
            self._session.take_over(connection)
            channels.bound(connection.sctp)
            await connection.setLocalDescription(await connection.createAnswer())
        except _AIORTC_ERRORS as error:
            raise _refused(error) from error
        self._sections = sections
        return str(connection.localDescription.sdp)

    async def close(self, *, silently: bool = False) -> None:
        """Close within some seconds. ``silently``: no BYE and no DTLS alert, which would end the other end's side of a
        connection that a fresh one has taken over."""
        for task in [*self._tasks, *([self._watcher] if self._watcher else [])]:
            task.cancel()
        await self._session.close(silently=silently)
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

    def _make(self, *, data_channel: bool) -> PeerConnection:
        configuration = RTCConfiguration(
            iceServers=[],
            bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
            alwaysNegotiateDataChannels=data_channel,
        )
        connection = PeerConnection(self._ice, configuration)
        connection.on("connectionstatechange", self._connection_changed)
        connection.on("datachannel", self._on_channel)
        self._connection = connection
        return connection

    def _used(self) -> PeerConnection:
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

    def _agree(self, connection: RTCPeerConnection, remote: str) -> None:
        """In place of what aiortc agreed on; the first section of each kind is the session's."""
        sections = {media.rtp.muxId: media for media in negotiation.parse(remote).media}
        agreed: set[str] = set()
        for transceiver in connection.getTransceivers():
            section = sections.get(transceiver.mid or "")
            found = agreement.put_on(transceiver, section) if section is not None else None
            if found is not None and transceiver.kind not in agreed:
                agreed.add(transceiver.kind)
                self._session.agree(found)

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
        """Tell of silence by the packets that arrive (media and its RTCP; ICE checks do not count)."""
        began = time.monotonic()
        connected_at = began
        while self._connection is not None:
            await asyncio.sleep(_WATCH_S)
            state = self._connection.connectionState if self._connection is not None else "closed"
            now = time.monotonic()
            if state == "connecting" and now - began > CONNECT_LIMIT_S:
                self._tell(LineState.FAILED)
            if state != "connected" or self._connection is None:
                connected_at = now
                continue
            silent = now - max(self._session.heard_at or 0.0, connected_at)
            limit = SILENT_AFTER_S if self._session.expects_media else QUIET_AFTER_S
            if silent <= _HEARD_WITHIN_S:
                self._tell(LineState.CONNECTED)
            elif silent > max(FAILED_AFTER_S, limit):
                self._tell(LineState.FAILED)
            elif silent > limit and self._line is not LineState.FAILED:
                self._tell(LineState.SILENT)


def _set_up(transceiver: RTCRtpTransceiver) -> None:
    # All share one transport (MAX_BUNDLE); unmarked, aiortc stops it when the BUNDLE group begins with another mid.
    transceiver._bundled = True
    usable = {f"{transceiver.kind}/{name}" for name, _ in negotiation.USABLE[transceiver.kind]}
    usable.add("video/rtx")
    capabilities = RTCRtpReceiver.getCapabilities(transceiver.kind)
    if capabilities is not None:
        transceiver.setCodecPreferences([codec for codec in capabilities.codecs if codec.mimeType.lower() in usable])


def _refused(error: Exception) -> SdpRefusedError:
    if isinstance(error, SdpRefusedError):
        return error
    if isinstance(error, OperationError):
        return SdpRefusedError(SdpTrouble.NO_USABLE_CODEC, "no codec in common")
    if isinstance(error, ValueError):
        return SdpRefusedError(SdpTrouble.MALFORMED, f"{type(error).__name__}: {str(error)[:100]}")
    return SdpRefusedError(SdpTrouble.FAILED, f"{type(error).__name__}: {str(error)[:100]}")
