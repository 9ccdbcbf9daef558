"""STUN requests that are repeated as fast as a call needs, and the sockets that carry them; decides nothing of ICE.

aioice waits 0.5 s before it repeats, doubling (RFC 8489 section 6.2.1): one lost check then costs half a second of the
set-up. A browser sends a check every 48 ms; so do we, slowing down where nobody answers.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

import msgspec
from aioice import stun
from aioice.ice import StunProtocol

Address = tuple[str, int]


class Repeat(msgspec.Struct, frozen=True):
    """When an unanswered request is sent again: ``first_s`` after the first, every pause ``growth`` times the one
    before and none over ``longest_s``; given up ``limit_s`` after the first. All in seconds."""

    first_s: float
    growth: float
    longest_s: float
    limit_s: float


CHECK = Repeat(first_s=0.04, growth=1.25, longest_s=1.0, limit_s=20.0)
CONSENT = Repeat(first_s=0.25, growth=1.0, longest_s=0.25, limit_s=1.5)
SERVER = Repeat(first_s=0.1, growth=1.5, longest_s=1.0, limit_s=8.0)
OVER_STREAM = Repeat(first_s=8.0, growth=1.0, longest_s=8.0, limit_s=8.0)
FAREWELL = Repeat(first_s=0.1, growth=1.0, longest_s=0.1, limit_s=0.35)

NONSENSE = (struct.error, LookupError, AssertionError, ValueError)
"""What aioice raises for attributes that are cut short, missing or contradict what was signalled."""

NOMINATION = "NOMINATION"
"""A check's attribute: which nomination is the newer one. draft-thatcher-ice-renomination, with libwebrtc's type
number; who does not know it passes over it."""

stun.ATTRIBUTES_BY_NAME[NOMINATION] = (0xC001, NOMINATION, stun.pack_unsigned, stun.unpack_unsigned)

_SOONEST_AGAIN_S = 0.01
_RESPONSE_AGAIN_AFTER_S = 0.012


class Transaction:
    """One request until its response (RFC 8489 section 6.2); ``send`` puts it on the wire once."""

    __slots__ = (
        "_answer",
        "_ends_at",
        "_key",
        "_long_term",
        "_loop",
        "_pause",
        "_repeat",
        "_send",
        "_sent_at",
        "_timer",
    )

    def __init__(
        self, send: Callable[[], None], repeat: Repeat, *, integrity_key: bytes | None, long_term: bool = False
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[tuple[stun.Message, Address]] = self._loop.create_future()
        self._send = send
        self._repeat = repeat
        self._key = integrity_key
        self._long_term = long_term
        self._pause = repeat.first_s
        self._sent_at = 0.0
        self._ends_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> tuple[stun.Message, Address]:
        """Raises stun.TransactionFailed with the response, stun.TransactionTimeout, or what ``fail`` was given."""
        self._ends_at = self._loop.time() + self._repeat.limit_s
        self._again()
        try:
            return await self._answer
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def response_received(self, message: stun.Message, address: Address) -> None:
        """A response with this transaction's number; one that is not signed as it must be is ignored."""
        if self._answer.done() or not self._believed(message):
            return
        if message.message_class == stun.Class.RESPONSE:
            self._answer.set_result((message, address))
        else:
            self._answer.set_exception(stun.TransactionFailed(message))

    def repeat_now(self) -> None:
        """The far end has just been heard: do not wait for the timer, and be quick again."""
        if self._timer is None or self._answer.done() or self._loop.time() - self._sent_at < _SOONEST_AGAIN_S:
            return
        self._timer.cancel()
        self._pause = self._repeat.first_s
        self._again()

    def fail(self, error: Exception) -> None:
        """No response will come."""
        if not self._answer.done():
            self._answer.set_exception(error)

    def _again(self) -> None:
        now = self._loop.time()
        if self._answer.done():
            return
        if now >= self._ends_at:
            self._answer.set_exception(stun.TransactionTimeout())
            return
        self._sent_at = now
        self._send()
        self._timer = self._loop.call_at(min(now + self._pause, self._ends_at), self._again)
        self._pause = min(self._pause * self._repeat.growth, self._repeat.longest_s)

    def _believed(self, message: stun.Message) -> bool:
        if self._key is None:
            return True
        if self._long_term and message.message_class == stun.Class.ERROR and message.error_code in (401, 438):
            return True  # it says which realm and nonce to sign with (RFC 8489 sections 9.2.4 and 9.2.5)
        return bool(message.check_message_integrity(self._key))


class IceSocket(StunProtocol):
    """A local candidate's socket: aioice's, with our transactions, and media passed on without being read as STUN."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._latest: dict[Address, Transaction] = {}
        self.twice_until = 0.0
        """Until then (event loop's time) every response goes twice: the other end learns of a lost one 50 ms later."""
        self.trusted: set[Address] = set()
        """Whose media is taken: those who proved by a check that they know the call's password. aioice takes anyone's,
        so that a stranger's forged record could end the DTLS handshake."""
        self.refused = 0
        """Datagrams of strangers, and what looked like STUN and was nonsense."""

    def send_stun(self, message: stun.Message, addr: Address) -> None:
        super().send_stun(message, addr)
        if message.message_class == stun.Class.RESPONSE:
            loop = asyncio.get_running_loop()
            if loop.time() < self.twice_until:
                loop.call_later(_RESPONSE_AGAIN_AFTER_S, self._send_again, bytes(message), addr)

    def _send_again(self, response: bytes, addr: Address) -> None:
        if not self.transport.is_closing():
            self.transport.sendto(response, addr)

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        if isinstance(data, bytes) and data and data[0] > 3:  # RFC 7983 section 7: STUN begins with 0 to 3
            if (addr[0], addr[1]) in self.trusted:
                self.receiver._queue.put_nowait((data, 1))
            else:
                self.refused += 1
        elif data:
            try:
                super().datagram_received(data, addr)
            except NONSENSE:
                self.refused += 1

    async def request(
        self,
        request: stun.Message,
        addr: Address,
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
        repeat: Repeat = CHECK,
    ) -> tuple[stun.Message, Address]:
        """As aioice's, but repeated by ``repeat``; ``retransmissions`` is not heeded."""
        if integrity_key is not None:
            request.add_message_integrity(integrity_key)
        transaction = Transaction(lambda: self.send_stun(request, addr), repeat, integrity_key=integrity_key)
        self.transactions[request.transaction_id] = transaction  # type: ignore[assignment]
        self._latest[addr] = transaction
        try:
            return await transaction.run()
        finally:
            del self.transactions[request.transaction_id]
            if self._latest.get(addr) is transaction:
                del self._latest[addr]

    def repeat_now(self, address: Address) -> None:
        """Send the unanswered request to that address again at once, if there is one."""
        transaction = self._latest.get(address)
        if transaction is not None:
            transaction.repeat_now()
