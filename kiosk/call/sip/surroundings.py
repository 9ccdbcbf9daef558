"""What the calls of one user agent share, and how any of them sends a request in its dialog. Pure."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.call.sip.credentials import Credentials
from kiosk.call.sip.dialogs import Dialog
from kiosk.call.sip.messages import Header, Message, Outgoing
from kiosk.call.sip.transactions import Output, TransactionLayer

Final = Callable[[Outgoing, Message | None, int, float], None]
"""Told of the final response: (request as sent last, message or None, status, now); see transactions.Responded."""


class Surroundings:
    """The layer below, the way out, who we are, where we are, whether there is a registration, and chance."""

    def __init__(
        self,
        layer: TransactionLayer,
        outputs: list[Output],
        credentials: Credentials,
        contact: Callable[[], str],
        online: Callable[[], bool],
        jitter: Callable[[], float],
    ) -> None:
        self.layer = layer
        self.outputs = outputs
        self.credentials = credentials
        self.contact = contact
        self.online = online
        self.jitter = jitter

    def request(
        self, dialog: Dialog, method: str, headers: tuple[Header, ...], body: bytes, final: Final, now: float
    ) -> None:
        """Send a request in the dialog; a challenge is answered once (RFC 3261 22.2), anything else is final."""
        request = dialog.request(method, headers, body)

        def responded(message: Message | None, status: int, then: float) -> None:
            proof = self.credentials.answer(message, request) if message is not None and status in (401, 407) else None
            if proof is None:
                final(request, message, status, then)
                return
            again = dialog.request(method, (*headers, proof), body)
            self.layer.send_request(again, then, lambda *told: final(again, *told))

        self.layer.send_request(request, now, responded)
