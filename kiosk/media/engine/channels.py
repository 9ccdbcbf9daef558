"""Keeps the data channels that another end opens few: aiortc would make up to 65 536 of them, and keep each."""

from __future__ import annotations

import logging
from typing import Any

from aiortc.rtcsctptransport import DATA_CHANNEL_OPEN, WEBRTC_DCEP, RTCSctpTransport

_log = logging.getLogger(__name__)

MOST_CHANNELS = 16
"""At one time; those that are being closed count."""

LONGEST_NAME = 256
"""Bytes of an opening message: label and protocol (RFC 8832 section 5.1)."""


def bound(transport: RTCSctpTransport | None) -> None:
    """From now on further channels are not opened; safe to call twice. Guarded by test_session_contract.py."""
    inner: Any = transport
    if inner is None or getattr(inner, "_svar_bound", False):
        return
    inner._svar_bound = True
    receive = inner._data_channel_receive
    refused = 0

    async def bounded(stream_id: int, pp_id: int, data: bytes) -> None:
        nonlocal refused
        if pp_id == WEBRTC_DCEP and data[:1] == bytes([DATA_CHANNEL_OPEN]):
            known = inner._data_channels
            if len(data) > LONGEST_NAME or stream_id in known or len(known) >= MOST_CHANNELS:
                refused += 1
                if refused == 1:
                    _log.warning("a data channel too many, or one without measure: refused, like all that follow")
                return
        await receive(stream_id, pp_id, data)

    inner._data_channel_receive = bounded
