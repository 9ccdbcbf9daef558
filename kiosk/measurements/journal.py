"""The raw bytes of every device conversation, synced before anything else is done with them, for playing them again.

What was recorded of a session that was cut short (killed, out of power) becomes readings at the next start: the device
has been told that we have it and may have forgotten. Settled sessions stay for a while, for support.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import msgspec

from drivers.device import RawPacket
from kiosk.measurements.sealing import BrokenSealError
from kiosk.measurements.storage import Database

_log = logging.getLogger(__name__)

PACKETS_KEPT = timedelta(days=30)
"""How long the bytes of a settled session stay."""

_PACKET = msgspec.json.Decoder(RawPacket)


class UnsettledSession(msgspec.Struct, frozen=True):
    """A conversation that was cut short, its packets in the order in which they came."""

    session: str
    packets: tuple[RawPacket, ...]


class JournalStore:
    """In the same file as the outbox, which lends its database. Waits for the disk: call in a thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, packet: RawPacket) -> None:
        """On disk, synced, when it returns. Raises OutboxError."""
        key = self._database.key
        sealed = key.seal(msgspec.json.encode(packet), "packet", packet.session)
        device = key.digest(packet.device.address.encode())
        with self._database.transaction() as connection:
            connection.execute("INSERT INTO session (session) VALUES (?) ON CONFLICT DO NOTHING", (packet.session,))
            connection.execute(
                "INSERT INTO packet (session, device, characteristic, received, sealed) VALUES (?, ?, ?, ?, ?)",
                (packet.session, device, packet.characteristic, packet.received.timestamp(), sealed),
            )

    def settle(self, session: str) -> None:
        """Its packets need not be played again. Raises OutboxError."""
        self._database.write("UPDATE session SET settled = 1 WHERE session = ?", (session,))

    def unsettled_sessions(self) -> tuple[UnsettledSession, ...]:
        """What an earlier run could not finish, oldest first. A packet that cannot be opened is left out."""
        rows = self._database.read(
            "SELECT session, sealed FROM packet WHERE session IN (SELECT session FROM session WHERE NOT settled)"
            " ORDER BY number"
        )
        sessions: dict[str, list[RawPacket]] = {}
        for session, sealed in rows:
            packets = sessions.setdefault(session, [])
            try:
                packets.append(_PACKET.decode(self._database.key.open(sealed, "packet", session)))
            except (BrokenSealError, msgspec.DecodeError):  # or written by another Svar in another way
                _log.error("a packet in the journal cannot be opened")
        return tuple(UnsettledSession(session, tuple(packets)) for session, packets in sessions.items())

    def expire(self, now: datetime) -> int:
        """Delete the packets of settled sessions that came more than 30 days ago; how many."""
        settled = "session IN (SELECT session FROM session WHERE settled)"
        with self._database.transaction() as connection:
            # Received in the future: the clock has been put back since, so their time begins now.
            connection.execute(
                f"UPDATE packet SET received = ?1 WHERE received > ?1 + 86400.0 AND {settled}", (now.timestamp(),)
            )
            gone = connection.execute(
                f"DELETE FROM packet WHERE received <= ? AND {settled}", ((now - PACKETS_KEPT).timestamp(),)
            ).rowcount
            connection.execute("DELETE FROM session WHERE settled AND session NOT IN (SELECT session FROM packet)")
        return gone
