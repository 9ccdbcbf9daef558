"""The transaction layer (RFC 3261 17, RFC 6026) over a reliable transport: what belongs together, and when to give up.

Pure: time comes in as ``now`` (seconds, monotonic), bytes go out through ``outputs``. A reliable transport needs no
retransmission by timers A, E and G, and timers I, J and K are zero; B, F and H remain. Final responses are kept for
a while all the same: behind our server a hop may be UDP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from kiosk.call.events import SipEvent
from kiosk.call.sip.messages import Header, Message, Outgoing, build_request, build_response

T1 = 0.5
T2 = 4.0
TIMEOUT = 64 * T1
"""Timers B, F, H and L, seconds."""
PROVISIONAL_LIMIT = 60.0
"""How long an INVITE of ours inside a dialog may stay at 1xx: no person is waited for there."""
MAXIMUM_TRANSACTIONS = 256


class Send(msgspec.Struct, frozen=True):
    """Bytes for the server."""

    data: bytes


class Notify(msgspec.Struct, frozen=True):
    """An event for the controller."""

    event: SipEvent


class Reconnect(msgspec.Struct, frozen=True):
    """The connection is of no use any more: open a new one."""

    reason: str


Output = Send | Notify | Reconnect

Responded = Callable[[Message | None, int, float], None]
"""Told of every response: (message, status, now). The message is None when the layer made the status itself: 408 when
nobody answered, 503 when the connection was lost."""


class ServerTransaction:
    """A request from the other side. ``final`` is the status of our final response."""

    def __init__(self, request: Message, now: float) -> None:
        self.request = request
        self.final: int | None = None
        self.response: bytes | None = None
        self.acknowledged = False
        self.expires = now + 10 * TIMEOUT

    @property
    def waits_for_ack(self) -> bool:
        """A refused INVITE whose ACK has not come."""
        return self.request.method == "INVITE" and (self.final or 0) >= 300 and not self.acknowledged


class ClientTransaction:
    """A request of ours. ``provisional``: a 1xx has come; ``unwanted``: it is to be cancelled, or has been."""

    def __init__(self, request: Outgoing, branch: str, user: Responded, now: float) -> None:
        self.request = request
        self.branch = branch
        self.user = user
        self.done = False
        self.provisional = False
        self.unwanted = False
        self.expires = now + TIMEOUT


class TransactionLayer:
    """All transactions of one user agent. ``via_host``: our random name; ``tokens``: fresh random hex text."""

    def __init__(self, via_host: str, tokens: Callable[[], str], outputs: list[Output]) -> None:
        self._via_host = via_host
        self._tokens = tokens
        self._outputs = outputs
        self._servers: dict[tuple[str, str, str], ServerTransaction] = {}
        self._clients: dict[tuple[str, str], ClientTransaction] = {}

    # their requests

    @staticmethod
    def _key(request: Message, method: str) -> tuple[str, str, str]:
        return request.branch, request.sent_by, method

    def receive_request(self, request: Message, now: float) -> ServerTransaction | None:
        """The new transaction of a request; None when it belonged to a known one and has been dealt with.

        An ACK for a 2xx is no transaction: it comes back as one that must not be answered.
        """
        if request.method == "ACK":
            known = self._servers.get(self._key(request, "INVITE"))
            if known is not None and (known.final or 0) >= 300:
                known.acknowledged = True
                return None
            return ServerTransaction(request, now)
        key = self._key(request, request.method)
        known = self._servers.get(key)
        if known is not None:
            if known.response is not None:
                self._outputs.append(Send(known.response))
            return None
        if len(self._servers) >= MAXIMUM_TRANSACTIONS:
            oldest = next(iter(self._servers))
            del self._servers[oldest]
        made = self._servers[key] = ServerTransaction(request, now)
        return made

    def invite_of(self, cancel: Message) -> ServerTransaction | None:
        """The INVITE that a CANCEL means (RFC 3261 9.2)."""
        return self._servers.get(self._key(cancel, "INVITE"))

    def merged(self, request: Message) -> bool:
        """Whether the same request has come by another way and is still being worked on (RFC 3261 8.2.2.2)."""
        return any(
            one.request.branch != request.branch
            and one.request.method == request.method
            and one.request.call_id == request.call_id
            and one.request.sender_tag == request.sender_tag
            and one.request.sequence == request.sequence
            for one in self._servers.values()
        )

    def respond(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        *,
        tag: str | None = None,
        headers: Sequence[Header] = (),
        body: bytes = b"",
    ) -> bytes:
        """Send a response, and return it for the INVITE's own repetition of 2xx. Nothing after a final one."""
        if transaction.final is not None or transaction.request.method == "ACK":
            return transaction.response or b""
        data = build_response(transaction.request, status, tag=tag, headers=headers, body=body)
        transaction.response = data
        if status >= 200:
            transaction.final = status
            transaction.expires = now + TIMEOUT
        self._outputs.append(Send(data))
        return data

    # our requests

    def send_request(self, request: Outgoing, now: float, user: Responded) -> ClientTransaction:
        """Send a request of ours; ``user`` is told of what comes back."""
        made = ClientTransaction(request, f"z9hG4bK{self._tokens()}", user, now)
        self._clients[made.branch, request.method] = made
        self._outputs.append(Send(build_request(request, self._via_host, made.branch)))
        return made

    def cancel(self, transaction: ClientTransaction, now: float) -> None:
        """CANCEL an INVITE of ours (RFC 3261 9.1): once a 1xx has come, before that it could overtake the INVITE. Its
        final response comes as ever, a 487 or a 2xx that crossed; 408 when there is none."""
        if transaction.done or transaction.unwanted:
            return
        transaction.unwanted = True
        transaction.expires = now + TIMEOUT
        if transaction.provisional:
            self._send_cancel(transaction, now)

    def _send_cancel(self, transaction: ClientTransaction, now: float) -> None:
        request = msgspec.structs.replace(transaction.request, method="CANCEL", headers=(), body=b"")
        made = ClientTransaction(request, transaction.branch, lambda message, status, then: None, now)
        self._clients[made.branch, "CANCEL"] = made
        self._outputs.append(Send(build_request(request, self._via_host, made.branch)))

    def acknowledge(self, request: Outgoing) -> bytes:
        """Send an ACK for a 2xx, which is a transaction of its own without an answer (RFC 3261 13.2.2.4)."""
        data = build_request(request, self._via_host, f"z9hG4bK{self._tokens()}")
        self._outputs.append(Send(data))
        return data

    def receive_response(self, response: Message, now: float) -> bool:
        """False when it answers nothing that we asked."""
        transaction = self._clients.get((response.branch, response.method))
        if transaction is None:
            return False
        request = transaction.request
        if request.method == "INVITE" and response.status >= 300:
            ack = msgspec.structs.replace(request, method="ACK", recipient=response.recipient, headers=(), body=b"")
            self._outputs.append(Send(build_request(ack, self._via_host, transaction.branch)))
        if response.status < 200:
            if not transaction.done and request.method == "INVITE":
                if transaction.unwanted and not transaction.provisional:
                    self._send_cancel(transaction, now)
                elif not transaction.unwanted:
                    transaction.expires = now + PROVISIONAL_LIMIT
                transaction.provisional = True
            return True
        repeated_answer = request.method == "INVITE" and response.status < 300
        if transaction.done and not repeated_answer:
            return True
        transaction.done = True
        transaction.expires = now + TIMEOUT
        transaction.user(response, response.status, now)
        return True

    # time

    def next_deadline(self) -> float | None:
        """When tick is wanted."""
        waiting = [one.expires for one in self._servers.values()] + [one.expires for one in self._clients.values()]
        return min(waiting, default=None)

    def tick(self, now: float) -> None:
        """Timers B and F: 408 for what nobody answered. Timers H and L: forget what is over."""
        for server_key in [key for key, one in self._servers.items() if one.expires <= now]:
            del self._servers[server_key]
        for client_key in [key for key, one in self._clients.items() if one.expires <= now]:
            transaction = self._clients.pop(client_key)
            if not transaction.done:
                transaction.done = True
                transaction.user(None, 408, now)

    def connection_lost(self, now: float) -> None:
        """Every open request of ours failed as if by 503 (RFC 3261 8.1.3.1)."""
        clients, self._clients = list(self._clients.values()), {}
        for transaction in clients:
            if not transaction.done:
                transaction.done = True
                transaction.user(None, 503, now)
