"""A bad line inside one process: datagrams of the ICE sockets opened under it are lost or delayed; no rate, no queue.

Both directions are treated at the near end, so the far end may be a browser or anything else.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from aioice.ice import StunProtocol

from kiosk.media.engine.relays import RelayTransport


class LossyLine:
    """``loss`` of the datagrams each way vanish, the rest are ``delay_s`` late; drawn from ``seed``."""

    def __init__(self, loss: float, delay_s: float, seed: int) -> None:
        self.loss = loss
        self.delay_s = delay_s
        self.lost = 0
        self.carried = 0
        self._random = random.Random(seed)

    def passes(self) -> bool:
        """Draw whether the next datagram gets through."""
        if self._random.random() < self.loss:
            self.lost += 1
            return False
        self.carried += 1
        return True


_line: ContextVar[LossyLine | None] = ContextVar("lossy_line", default=None)


class _LossyTransport:
    def __init__(self, transport: Any, line: LossyLine) -> None:
        self._transport = transport
        self._line = line

    def sendto(self, data: bytes, address: tuple[str, int]) -> None:
        if self._line.passes():
            asyncio.get_running_loop().call_later(self._line.delay_s, self._send, data, address)

    def _send(self, data: bytes, address: tuple[str, int]) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, address)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


@contextmanager
def over(line: LossyLine) -> Iterator[None]:
    """ICE sockets that this task (and those it starts) opens meanwhile are on that line as long as they live."""
    made = StunProtocol.connection_made

    def connection_made(self: Any, transport: Any) -> None:
        here = _line.get()
        if here is None or isinstance(transport, RelayTransport):  # what leads to a relay is another line
            made(self, transport)
            return
        received = self.datagram_received

        def datagram_received(data: Any, address: Any) -> None:
            if here.passes():
                asyncio.get_running_loop().call_later(here.delay_s, received, data, address)

        self.datagram_received = datagram_received
        made(self, _LossyTransport(transport, here))  # type: ignore[arg-type]

    token = _line.set(line)
    StunProtocol.connection_made = connection_made  # type: ignore[method-assign]
    try:
        yield
    finally:
        _line.reset(token)
        StunProtocol.connection_made = made  # type: ignore[method-assign]
