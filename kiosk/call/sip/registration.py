"""Keeping this device registered (RFC 3261 10, RFC 5626, RFC 5627): when to send REGISTER, and what its answer means.

Pure: the connection, the clock and randomness come from outside. One binding, named by +sip.instance and reg-id, so
that a reboot replaces it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kiosk.call.events import RegistrationChanged, RegistrationState
from kiosk.call.sip.credentials import Account, Credentials
from kiosk.call.sip.grammar import parse_address
from kiosk.call.sip.messages import Header, Message, Outgoing
from kiosk.call.sip.transactions import Notify, Output, Reconnect, TransactionLayer

MAXIMUM_EXPIRES = 86_400
_SHORTEST_REFRESH = 5.0
_FIRST_RETRY = 2.0
_LONGEST_RETRY = 60.0
_REFUSED_RETRY = 60.0
_MAXIMUM_PROOFS = 4


def seconds(value: str | None) -> int | None:
    """A delta-seconds; None when there is none or it is nonsense."""
    if value is None:
        return None
    found = re.match(r"\s*([0-9]{1,9})", value)
    return int(found[1]) if found else None


class Registration:
    """``contact_uri`` is ours as the transport sees it; ``gruu`` the server's lasting name for it, once given."""

    def __init__(
        self,
        account: Account,
        contact_uri: str,
        layer: TransactionLayer,
        outputs: list[Output],
        tokens: Callable[[], str],
        jitter: Callable[[], float],
    ) -> None:
        self._account = account
        self._contact_uri = contact_uri
        self._layer = layer
        self._outputs = outputs
        self._jitter = jitter
        self._call_id = tokens()
        self._tag = tokens()
        self._sequence = 0
        self._wanted = account.expires_s
        self._state: RegistrationState | None = None
        self._connected = False
        self._leaving = False
        self._failures = 0
        self._proofs = 0
        self._due: float | None = None
        self._valid_until = 0.0
        self.credentials = Credentials(account, tokens)
        self.gruu: str | None = None

    @property
    def registered(self) -> bool:
        """Whether the server has a binding for this connection."""
        return self._connected and self._state is RegistrationState.REGISTERED

    # what happens

    def connected(self, now: float) -> None:
        """A fresh connection: the old binding leads nowhere any more."""
        self._connected = True
        self._failures = 0
        self._register(now)

    def disconnected(self, detail: str) -> None:
        """The connection is gone; ``detail`` says why."""
        self._connected = False
        self._due = None
        self._tell(RegistrationState.OFFLINE, detail)

    def leave(self, now: float) -> bool:
        """Remove the binding; False when there is nothing to remove."""
        if not self.registered:
            return False
        self._leaving = True
        self._register(now)
        return True

    def next_deadline(self) -> float | None:
        """The next REGISTER, or the end of the binding."""
        waiting = [self._due, self._valid_until if self.registered else None]
        return min((one for one in waiting if one is not None), default=None)

    def tick(self, now: float) -> None:
        """Register again when it is time."""
        if self.registered and now >= self._valid_until:
            self._tell(RegistrationState.OFFLINE, "the binding has run out")
        if self._due is not None and self._due <= now:
            self._register(now)

    # REGISTER

    def _register(self, now: float, proof: Header | None = None) -> None:
        self._due = None
        self._sequence += 1
        expires = 0 if self._leaving else self._wanted
        contact = f'<{self._contact_uri}>;reg-id=1;+sip.instance="<{self._account.instance_id}>";expires={expires}'
        headers = [
            ("Contact", contact),
            ("Expires", str(expires)),
            ("Supported", "path, outbound, gruu"),
            ("User-Agent", "Svar"),
        ]
        if proof is not None:
            headers.append(proof)
        request = Outgoing(
            method="REGISTER",
            uri=f"sip:{self._account.domain}",
            sender=f"<{self._account.address}>;tag={self._tag}",
            recipient=f"<{self._account.address}>",
            call_id=self._call_id,
            sequence=self._sequence,
            headers=tuple(headers),
        )

        def responded(message: Message | None, status: int, then: float) -> None:
            self._responded(request, proof is not None, message, status, then)

        self._layer.send_request(request, now, responded)

    def _responded(self, request: Outgoing, proven: bool, message: Message | None, status: int, now: float) -> None:
        if not self._connected:
            return
        if self._leaving:
            self._responded_to_leaving(request, proven, message, status, now)
            return
        if message is None:
            # Nobody answered on this connection: it is dead, whatever TCP believes.
            self._outputs.append(Reconnect(f"REGISTER: {status}"))
        elif status < 300:
            self._accepted(message, now)
        elif status in (401, 407):
            self._challenged(request, proven, message, now)
        elif status == 423:
            least = seconds(message.get("Min-Expires"))
            if least is None or not self._wanted < least <= MAXIMUM_EXPIRES:
                self._refused(status, now)
            else:
                self._wanted = least
                self._register(now)
        elif 500 <= status < 600 or status == 408:
            self._failed(f"REGISTER: {status}", now, seconds(message.get("Retry-After")))
        else:
            self._refused(status, now)

    def _responded_to_leaving(
        self, request: Outgoing, proven: bool, message: Message | None, status: int, now: float
    ) -> None:
        """One challenge is answered; whatever else comes, we are gone."""
        if message is not None and status in (401, 407) and not proven:
            proof = self.credentials.answer(message, request)
            if isinstance(proof, tuple):
                self._register(now, proof)
                return
        self._state = None

    def _challenged(self, request: Outgoing, proven: bool, message: Message, now: float) -> None:
        challenge = self.credentials.choose(message)
        if challenge is None:
            self._refused(message.status, now, "no challenge that we may answer")
        elif proven and not challenge.stale:
            self._refused(message.status, now, "the password is not accepted")
        else:
            self.credentials.trust(challenge.realm)
            proof = self.credentials.answer(message, request)
            # A server that finds every nonce stale must not keep us busy.
            self._proofs += 1
            if proof is None or self._proofs > _MAXIMUM_PROOFS:
                self._refused(message.status, now, "the challenge cannot be answered")
            else:
                self._register(now, proof)

    def _accepted(self, message: Message, now: float) -> None:
        granted = self._granted(message)
        if granted is None:
            self._failed("the server does not list our binding", now, None)
            return
        self._failures = 0
        self._proofs = 0
        self._valid_until = now + granted
        self._due = now + max(_SHORTEST_REFRESH, granted / 2)
        self._tell(RegistrationState.REGISTERED, f"for {granted} s")

    def _granted(self, message: Message) -> int | None:
        """Seconds that the server keeps our own binding; takes the GRUU along (RFC 5627 4.2)."""
        for value in message.every("Contact"):
            try:
                one = parse_address(value)
            except ValueError:
                continue
            if one.uri.split(";")[0] != self._contact_uri.split(";")[0]:
                continue
            granted = seconds(one.parameters.get("expires"))
            if granted is None:
                granted = seconds(message.get("Expires"))
            granted = self._wanted if granted is None else granted
            if not 0 < granted <= MAXIMUM_EXPIRES:
                return None
            gruu = one.parameters.get("pub-gruu")
            self.gruu = gruu if gruu and re.fullmatch(r"sips?:[^\s<>\",]{1,500}", gruu) else None
            return granted
        return None

    def _failed(self, detail: str, now: float, retry_after: int | None) -> None:
        delay = min(_LONGEST_RETRY, _FIRST_RETRY * 2**self._failures) * (0.5 + self._jitter() / 2)
        self._failures = min(self._failures + 1, 10)
        self._due = now + max(delay, min(retry_after or 0, 600))
        if self._state is not RegistrationState.REGISTERED or now >= self._valid_until:
            self._tell(RegistrationState.OFFLINE, detail)

    def _refused(self, status: int, now: float, detail: str = "") -> None:
        self._proofs = 0
        self._due = now + _REFUSED_RETRY * (1 + self._jitter())
        self._tell(RegistrationState.REFUSED, f"REGISTER: {status} {detail}".rstrip())

    def _tell(self, state: RegistrationState, detail: str) -> None:
        if state is not self._state:
            self._state = state
            self._outputs.append(Notify(RegistrationChanged(state, detail)))
