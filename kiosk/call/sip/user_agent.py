"""The SIP user agent of the kiosk, whole and pure: bytes, commands and ``now`` in; bytes, events and wishes out.

No socket, clock or thread. ``agent.py`` gives it those; tests give it tables.
"""

from __future__ import annotations

from collections.abc import Callable

from kiosk.call import events
from kiosk.call.sip.calling import Calling
from kiosk.call.sip.calls import Call, CallState
from kiosk.call.sip.credentials import Account
from kiosk.call.sip.dialogs import Dialog, DialogError, dialog_key
from kiosk.call.sip.incoming import (
    ALLOW,
    SDP,
    SUPPORTED,
    accepted_types,
    asserted_identity,
    media_type,
    offer_of,
    refusal_of,
)
from kiosk.call.sip.messages import Header, Malformed, Message, parse
from kiosk.call.sip.registration import Registration
from kiosk.call.sip.session_timer import MINIMUM_INTERVAL, IntervalTooSmall, agree
from kiosk.call.sip.surroundings import Surroundings
from kiosk.call.sip.transactions import Notify, Output, ServerTransaction, TransactionLayer

MAXIMUM_CALLS = 8
"""More at once than any home has: the rest is busy without anybody being asked."""


class UserAgent:
    """``tokens`` makes fresh random hex text (at least 8 bytes), ``jitter`` numbers within 0 and 1.

    Every method returns what is to be done, in order. ``dropped`` counts nonsense that was not even answered.
    """

    def __init__(self, account: Account, tokens: Callable[[], str], jitter: Callable[[], float]) -> None:
        self._outputs: list[Output] = []
        self._tokens = tokens
        host = f"{tokens()}.invalid"
        self._contact_uri = f"sip:{tokens()}@{host};transport=ws"
        self._layer = TransactionLayer(host, tokens, self._outputs)
        self._registration = Registration(account, self._contact_uri, self._layer, self._outputs, tokens, jitter)
        self._around = Surroundings(
            layer=self._layer,
            outputs=self._outputs,
            credentials=self._registration.credentials,
            contact=self._contact,
            online=lambda: self._registration.registered,
            jitter=jitter,
        )
        self._address = account.address
        self._calls: dict[tuple[str, str, str], Call] = {}
        self._calling: dict[str, Calling] = {}
        self._was_online = False
        self.dropped = 0

    def _contact(self) -> str:
        """The GRUU outlives a connection (RFC 5627); without one, the address of this connection."""
        return f"<{self._registration.gruu or self._contact_uri}>"

    @property
    def registered(self) -> bool:
        """Whether a call can reach us."""
        return self._registration.registered

    @property
    def busy(self) -> bool:
        """Whether any call, ending ones included, is left."""
        return bool(self._calls or self._calling)

    # the connection

    def connected(self, now: float) -> list[Output]:
        """A new connection stands: register at once."""
        self._registration.connected(now)
        return self._finish(now)

    def disconnected(self, detail: str, now: float) -> list[Output]:
        """The connection is gone, or could not be had."""
        self._was_online = False
        self._registration.disconnected(detail)
        self._layer.connection_lost(now)
        for call in self._calls.values():
            call.offline()
        return self._finish(now)

    def leave(self, now: float) -> list[Output]:
        """The program ends: hang up and remove the binding."""
        for calling in self._calling.values():
            calling.take_back(now)
        for call in list(self._calls.values()):
            call.hang_up(None, now)
        self._registration.leave(now)
        return self._finish(now)

    def call(self, call_id: str, target: str, sdp: str, now: float) -> list[Output]:
        """Call ``target`` (``sip:user@host``) with our offer; ``call_id``: a fresh name, ours. → CallAnswered or
        CallRefused; ``hang_up`` takes it back."""
        if not self._registration.registered:
            self._outputs.append(Notify(events.CallRefused(call_id, 503)))
            return self._finish(now)
        calling = Calling(call_id, self._address, target, sdp, self._tokens, self._around)
        self._calling[call_id] = calling

        def answered(dialog: Dialog, answer: str, response: Message) -> None:
            self._calls[dialog.key] = Call.answered(dialog, sdp, answer, response, self._around)
            self._outputs.append(Notify(events.CallAnswered(call_id, answer)))

        calling.begin(answered, now)
        return self._finish(now)

    # commands; an unknown call_id is a call that has just ended

    def ring(self, call_id: str, now: float) -> list[Output]:
        return self._command(call_id, now, lambda call: call.ring(now))

    def accept(self, call_id: str, sdp: str, now: float) -> list[Output]:
        return self._command(call_id, now, lambda call: call.accept(sdp, now))

    def reject(self, call_id: str, status: int, reason: str | None, now: float) -> list[Output]:
        return self._command(call_id, now, lambda call: call.reject(status, reason, now))

    def hang_up(self, call_id: str, reason: str | None, now: float) -> list[Output]:
        calling = self._calling.get(call_id)
        if calling is not None:
            calling.take_back(now)
        return self._command(call_id, now, lambda call: call.hang_up(reason, now))

    def reinvite(self, call_id: str, sdp: str, now: float) -> list[Output]:
        return self._command(call_id, now, lambda call: call.reinvite(sdp, now))

    def answer_reinvite(self, call_id: str, sdp: str, now: float) -> list[Output]:
        return self._command(call_id, now, lambda call: call.answer_reinvite(sdp, now))

    def refuse_reinvite(self, call_id: str, status: int, now: float) -> list[Output]:
        return self._command(call_id, now, lambda call: call.refuse_reinvite(status, now))

    def send_message(self, call_id: str, content_type: str, body: bytes, now: float) -> list[Output]:
        return self._command(call_id, now, lambda call: call.send_message(content_type, body, now))

    def _command(self, call_id: str, now: float, do: Callable[[Call], None]) -> list[Output]:
        for call in self._calls.values():
            if call.call_id == call_id:
                do(call)
                break
        return self._finish(now)

    # time

    def next_deadline(self) -> float | None:
        """When tick is wanted, on the clock of ``now``."""
        waiting = [self._layer.next_deadline(), self._registration.next_deadline()]
        waiting += [call.next_deadline() for call in self._calls.values()]
        waiting += [calling.next_deadline() for calling in self._calling.values()]
        return min((one for one in waiting if one is not None), default=None)

    def tick(self, now: float) -> list[Output]:
        """Do what is due."""
        self._layer.tick(now)
        self._registration.tick(now)
        for call in list(self._calls.values()):
            call.tick(now)
        for calling in list(self._calling.values()):
            calling.tick(now)
        return self._finish(now)

    def _finish(self, now: float) -> list[Output]:
        if self._registration.registered and not self._was_online:
            self._was_online = True
            for call in list(self._calls.values()):
                call.online_again(now)
        self._calls = {key: call for key, call in self._calls.items() if call.state is not CallState.ENDED}
        self._calling = {name: calling for name, calling in self._calling.items() if not calling.over}
        outputs = list(self._outputs)
        self._outputs.clear()
        return outputs

    # what comes in

    def receive(self, data: bytes, now: float) -> list[Output]:
        """One frame from the server. Never raises for what stands in it."""
        if data.strip(b"\r\n"):  # else keepalive, RFC 5626 3.5.1
            try:
                message = parse(data)
            except Malformed:
                self.dropped += 1
            else:
                self._dispatch(message, now)
        return self._finish(now)

    def _dispatch(self, message: Message, now: float) -> None:
        if message.status:
            if message.fault is not None or not self._layer.receive_response(message, now):
                self.dropped += 1
            return
        transaction = self._layer.receive_request(message, now)
        if transaction is None:
            return
        if message.method == "ACK":
            call = self._calls.get(self._key(message))
            if call is not None and message.fault is None:
                call.acknowledged(message, now)
            return
        refusal = refusal_of(message)
        if refusal is not None:
            self._respond(transaction, refusal[0], now, refusal[1])
        elif message.method == "CANCEL":
            self._cancel(transaction, now)
        elif message.recipient_tag is not None:
            self._inside(transaction, now)
        elif self._layer.merged(message):
            self._respond(transaction, 482, now)
        elif message.method == "INVITE":
            self._invite(transaction, now)
        elif message.method == "OPTIONS":
            self._options(transaction, now)
        elif message.method == "MESSAGE":
            self._respond(transaction, 403, now)
        else:
            self._respond(transaction, 481, now)

    @staticmethod
    def _key(request: Message) -> tuple[str, str, str]:
        return dialog_key(request.call_id, request.recipient_tag, request.sender_tag)

    def _respond(
        self, transaction: ServerTransaction, status: int, now: float, headers: list[Header] | None = None
    ) -> None:
        self._layer.respond(transaction, status, now, tag=self._tokens(), headers=headers or [])

    def _options(self, transaction: ServerTransaction, now: float) -> None:
        """RFC 3261 11.2."""
        headers = [("Allow", ALLOW), ("Accept", SDP), ("Supported", SUPPORTED), ("Contact", self._contact())]
        self._respond(transaction, 200, now, headers)

    def _cancel(self, transaction: ServerTransaction, now: float) -> None:
        """RFC 3261 9.2."""
        invite = self._layer.invite_of(transaction.request)
        if invite is None:
            self._respond(transaction, 481, now)
            return
        self._respond(transaction, 200, now)
        for call in list(self._calls.values()):
            if call.invite is invite:
                call.cancelled(transaction.request, now)

    def _inside(self, transaction: ServerTransaction, now: float) -> None:
        """A request inside a dialog (RFC 3261 12.2.2)."""
        request = transaction.request
        call = self._calls.get(self._key(request))
        if call is None:
            self._respond(transaction, 481, now)
        elif not call.dialog.in_order(request):
            self._respond(transaction, 500, now)
        elif request.method == "OPTIONS":
            self._options(transaction, now)
        elif request.method == "MESSAGE" and media_type(request) is None:
            self._respond(transaction, 400, now)
        else:
            call.receive(transaction, now)

    def _invite(self, transaction: ServerTransaction, now: float) -> None:
        """A new call (RFC 3261 13.3.1): 100 at once; 180 only when somebody says ring."""
        request = transaction.request
        self._layer.respond(transaction, 100, now)
        offer, refusal = offer_of(request)
        if offer is None:
            status, headers = refusal or (488, [])
            self._respond(transaction, status, now, headers)
            return
        try:
            agree(request)
        except IntervalTooSmall:
            self._respond(transaction, 422, now, [("Min-SE", str(MINIMUM_INTERVAL))])
            return
        if len(self._calls) >= MAXIMUM_CALLS:
            self._respond(transaction, 486, now)
            return
        try:
            dialog = Dialog.of_invite(request, self._tokens(), 1)
        except DialogError:
            self._respond(transaction, 400, now)
            return
        call = Call(dialog, transaction, offer, self._around)
        self._calls[dialog.key] = call
        arrived = events.IncomingCall(call.call_id, asserted_identity(request), offer, accepted_types(request))
        self._outputs.append(Notify(arrived))
