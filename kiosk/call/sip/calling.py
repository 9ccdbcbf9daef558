"""A call of ours, from INVITE to its answer (RFC 3261 13.2): proven, taken back, answered by several. Pure.

Once it is answered it is a Call like any other (calls.py).
"""

from __future__ import annotations

from collections.abc import Callable

from kiosk.call import events
from kiosk.call.sip.dialogs import Dialog, DialogError
from kiosk.call.sip.incoming import ALLOW, SDP, SUPPORTED, offer_of
from kiosk.call.sip.messages import Message, Outgoing
from kiosk.call.sip.surroundings import Surroundings
from kiosk.call.sip.transactions import ClientTransaction, Notify

RINGS_S = 45.0
"""Nobody answers after so long; a proxy would give up after three minutes."""

_NO_TIMER = ", ".join(one for one in SUPPORTED.split(", ") if one != "timer")
"""Who calls back for a moment asks for no session timer; the other end may still begin one."""

Answered = Callable[[Dialog, str, Message], None]
"""(the dialog, the answer's session description, the 2xx)"""


class Calling:
    """``name`` names the call outside of SIP, before and after it is answered. ``over`` once nothing is left to do."""

    def __init__(
        self, name: str, address: str, target: str, sdp: str, tokens: Callable[[], str], around: Surroundings
    ) -> None:
        """``address``: ours; ``target``: whom to call; both ``sip:user@host``."""
        self.name = name
        self.sdp = sdp
        self.over = False
        self._target = target
        self._tag = tokens()
        self._sender = f"<{address}>;tag={self._tag}"
        self._call_id = tokens()
        self._around = around
        self._sequence = 0
        self._transaction: ClientTransaction | None = None
        self._gives_up: float | None = None
        self._taken_back = False
        self._answers: dict[tuple[str, str, str], Dialog] = {}

    def begin(self, answered: Answered, now: float) -> None:
        """INVITE. ``answered`` is called at the first 2xx, when ACK has been sent."""
        self._gives_up = now + RINGS_S
        self._send((), answered, now)

    def take_back(self, now: float) -> None:
        """The patient has changed her mind, or nobody answers: CANCEL, and BYE to an answer that crosses it."""
        self._gives_up = None
        if self._transaction is not None and not self._answers and not self._taken_back:
            self._taken_back = True
            self._around.layer.cancel(self._transaction, now)

    def next_deadline(self) -> float | None:
        """When tick is wanted."""
        return self._gives_up

    def tick(self, now: float) -> None:
        """Nobody has answered for long."""
        if self._gives_up is not None and self._gives_up <= now:
            self.take_back(now)
            self._tell_refused(408)

    def _send(self, proof: tuple[tuple[str, str], ...], answered: Answered, now: float) -> None:
        self._sequence += 1
        contact = (("Contact", self._around.contact()), ("Allow", ALLOW), ("Supported", _NO_TIMER))
        request = Outgoing(
            method="INVITE",
            uri=self._target,
            sender=self._sender,
            recipient=f"<{self._target}>",
            call_id=self._call_id,
            sequence=self._sequence,
            headers=(*contact, *proof, ("Content-Type", SDP)),
            body=self.sdp.encode(),
        )

        def responded(message: Message | None, status: int, then: float) -> None:
            if message is not None and status < 300:
                self._accepted(request, message, answered, then)
                return
            again = None
            if message is not None and status in (401, 407) and not proof and not self._taken_back:
                again = self._around.credentials.answer(message, request)
            if again is None:
                self._refused(status)
            else:
                self._send((again,), answered, then)

        self._transaction = self._around.layer.send_request(request, now, responded)

    def _accepted(self, request: Outgoing, message: Message, answered: Answered, now: float) -> None:
        try:
            dialog = Dialog.of_answer(request, self._tag, message, self.name)
        except DialogError:
            return  # nobody can be told: there is no address to send an ACK to
        known = self._answers.get(dialog.key)
        if known is not None:
            self._around.layer.acknowledge(known.ack(request.sequence))  # its 2xx came again: our ACK was lost
            return
        first = not self._answers
        self._answers[dialog.key] = dialog
        self._around.layer.acknowledge(dialog.ack(request.sequence))
        answer, _ = offer_of(message)
        if not first or self._taken_back or answer is None:
            # Two telephones picked up (RFC 3261 13.2.2.4), or nobody wants it any more, or there is nothing in it.
            self._around.request(dialog, "BYE", (), b"", lambda *told: None, now)
            if first:
                self._refused(488)
            return
        self._gives_up = None
        self.over = True
        answered(dialog, answer, message)

    def _refused(self, status: int) -> None:
        self._gives_up = None
        self.over = True
        if not self._taken_back:
            self._tell_refused(status)

    def _tell_refused(self, status: int) -> None:
        self._around.outputs.append(Notify(events.CallRefused(self.name, status)))
