"""aiortc's DTLS transport with flights that are sent again after 50 ms instead of a second; keys, SRTP are aiortc's.

OpenSSL's timer begins at 1 s and cannot be set through pyOpenSSL, so copies of the last flight are kept and sent. A
copy has the same record numbers: who has it drops it (RFC 6347 section 4.1.2.6), who lost it takes it. What a copy
cannot do is make the other end repeat an answer of its own that was lost. So we prefer to be the server: a browser as
client has a timer of twice the round trip, and our own last flight we repeat unasked. As client we would wait OpenSSL's
whole second whenever the server's last flight is lost.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Iterator
from typing import Any

from aiortc.exceptions import InvalidStateError
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport, State
from aiortc.rtcicetransport import RTCIceTransport
from OpenSSL import SSL

from kiosk.media.engine.sctp_check import is_sound

_log = logging.getLogger(__name__)

LARGEST_DATAGRAM = 1200
"""Bytes of DTLS in one datagram (RFC 8261 section 5 speaks of 1200 where the path is not known)."""

AGAIN_AFTER_S = (0.05, 0.05, 0.08, 0.1)
"""Pauses before the copies of a flight; the last one goes on until something newer is sent."""

LAST_FLIGHT_AGAIN_AFTER_S = (0.04, 0.06, 0.1, 0.15, 0.25)
"""Pauses before the copies of the flight that ended our handshake: nobody tells us that it arrived."""

_RECORD_HEADER = 13  # RFC 6347 section 4.1
_MOST_BYTES = 65_536
_STUMBLES = (
    ValueError,
    AssertionError,
    LookupError,
    AttributeError,
    TypeError,
    ArithmeticError,
    struct.error,
    InvalidStateError,
)


def datagrams(records: bytes) -> Iterator[bytes]:
    """Whole DTLS 1.2 records, as many as fit, in datagrams of at most LARGEST_DATAGRAM (one record may be larger).

    What does not look like a record (the end of a torn one, or DTLS 1.3's short header) is passed on in one piece.
    """
    begin = end = 0
    while end < len(records):
        length = len(records) - end
        if length >= _RECORD_HEADER and records[end] & 0xE0 == 0 and records[end + 1] == 0xFE:
            length = min(length, _RECORD_HEADER + int.from_bytes(records[end + 11 : end + 13], "big"))
        if end > begin and end + length - begin > LARGEST_DATAGRAM:
            yield records[begin:end]
            begin = end
        end += length
    if begin < end:
        yield records[begin:end]


class DtlsTransport(RTCDtlsTransport):
    """aiortc's, repeating its flights. Prefers the server's role when the other end leaves it to us."""

    def __init__(self, transport: RTCIceTransport, certificates: list[RTCCertificate]) -> None:
        super().__init__(transport, certificates)
        self._flight: tuple[bytes, ...] = ()
        self._flight_number = 0
        self._repeating: asyncio.Task[None] | None = None
        self.flights_repeated = 0
        self.refused = 0
        """Datagrams that what reads them stumbled over."""

    async def _do_handshake(self) -> None:
        self._repeating = asyncio.create_task(self._repeat(), name="DTLS flights")
        await super()._do_handshake()
        if not self.encrypted:
            self._stop_repeating()

    def _register_data_receiver(self, receiver: Any) -> None:
        """SCTP, behind a check of what it gets."""
        handle = receiver._handle_data

        async def checked(data: bytes) -> None:
            if not is_sound(data):
                raise ValueError("an SCTP packet that leads nowhere")
            await handle(data)

        receiver._handle_data = checked
        super()._register_data_receiver(receiver)

    async def _recv_next(self) -> None:
        """One datagram. In aiortc a single bad one ends the transport: an empty one or one longer than SRTP's 1500
        bytes, which anybody can send from the right address; text that is not UTF-8 or a strange SCTP chunk."""
        try:
            await super()._recv_next()
        except _STUMBLES as error:
            self.refused += 1
            _log.info("a datagram was refused (%s), %d so far", type(error).__name__, self.refused)

    async def stop(self) -> None:
        self._stop_repeating()
        await super().stop()

    async def _write_ssl(self) -> None:
        """All that OpenSSL wants to send; aiortc reads 1500 bytes once, which may cut a record and leave the rest."""
        if self._ssl is None:
            return
        try:
            records = self._ssl.bio_read(_MOST_BYTES)
        except SSL.Error:
            return
        flight = tuple(datagrams(records))
        if not self.encrypted:  # what comes later is data and alerts
            self._flight = flight
            self._flight_number += 1
        await self._send_all(flight)

    async def _send_all(self, flight: tuple[bytes, ...]) -> None:
        for datagram in flight:
            await self.transport._send(datagram)
            self._RTCDtlsTransport__tx_bytes += len(datagram)  # type: ignore[attr-defined]
            self._RTCDtlsTransport__tx_packets += 1  # type: ignore[attr-defined]

    async def _repeat(self) -> None:
        """Copies of the last flight until the next; of the one that ended the handshake, some more."""
        number, tries = -1, 0
        try:
            while self._state in (State.NEW, State.CONNECTING, State.CONNECTED):
                pauses = LAST_FLIGHT_AGAIN_AFTER_S if self.encrypted else AGAIN_AFTER_S
                if self._flight_number != number:
                    number, tries = self._flight_number, 0
                if self.encrypted and (tries == len(pauses) or self._role != "server"):
                    return
                await asyncio.sleep(pauses[min(tries, len(pauses) - 1)])
                if self._flight_number == number:
                    tries += 1
                    self.flights_repeated += bool(self._flight)
                    await self._send_all(self._flight)
        except ConnectionError:
            return  # the handshake sees the same and says so

    def _stop_repeating(self) -> None:
        if self._repeating is not None:
            self._repeating.cancel()
            self._repeating = None
