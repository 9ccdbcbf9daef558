"""What goes out to the other end: encrypted and handed to ICE by aiortc's DTLS transport, at once, and counted."""

from __future__ import annotations

import logging
from typing import Any

import pylibsrtp

_log = logging.getLogger(__name__)


class Datagrams:
    """``dtls``: aiortc's RTCDtlsTransport of the connection; None until it is known, and nothing is sent before."""

    def __init__(self) -> None:
        self.dtls: Any = None
        self.bytes_sent = 0
        self.unsent = 0
        """Packets that SRTP or the network refused."""

    def send(self, data: bytes) -> None:
        """One RTP or RTCP packet. aiortc's coroutine never waits on the way (the contract tests hold it to that)."""
        self.bytes_sent += len(data)
        sending = self.dtls._send_rtp(data)
        try:
            sending.send(None)
        except StopIteration:
            return
        except (OSError, ValueError, pylibsrtp.Error):  # the line is gone; too long; SRTP will not
            self.unsent += 1
            return
        sending.close()
        _log.warning("a packet could not be sent at once")
