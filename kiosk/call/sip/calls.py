"""One call that came to us, from INVITE to BYE (RFC 3261 13-15, RFC 3428, RFC 4028): what may be sent when. Pure.

The user agent finds the call and hands it requests; responses come back through the transaction layer. Commands that
cannot be carried out yet (no connection, glare, no ACK) wait and are carried out as soon as they can.
"""

from __future__ import annotations

import enum
from typing import Self

from kiosk.call import events
from kiosk.call.sip.dialogs import Dialog, DialogState
from kiosk.call.sip.incoming import ALLOW, SDP, SUPPORTED, answered_elsewhere, media_type, offer_of, reason_of
from kiosk.call.sip.messages import Header, Message, Outgoing
from kiosk.call.sip.outgoing import MessageQueue, Patience, Reoffer, reason_header
from kiosk.call.sip.session_timer import MINIMUM_INTERVAL, IntervalTooSmall, SessionTimer, agree
from kiosk.call.sip.surroundings import Surroundings
from kiosk.call.sip.transactions import T1, T2, TIMEOUT, Notify, Send, ServerTransaction

_RING_AGAIN = 60.0
_BYE_LIMIT = 64.0
_GRACE_AFTER_OUTAGE = 64.0


class CallState(enum.Enum):
    """RINGING: no final response yet. ACCEPTED: 200 sent. CONFIRMED: ACK came. ENDING: BYE wanted or sent."""

    RINGING = "ringing"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    ENDING = "ending"
    ENDED = "ended"


class _Unacknowledged:
    """A 2xx of ours that is repeated until its ACK comes, also over TCP (RFC 3261 13.3.1.4)."""

    def __init__(self, data: bytes, sequence: int, now: float) -> None:
        self.data = data
        self.sequence = sequence
        self.interval = T1
        self.due = now + T1
        self.give_up = now + TIMEOUT


class Call:
    """Raises nothing: a command that does not fit the state is dropped, since it races with the other end."""

    def __init__(self, dialog: Dialog, invite: ServerTransaction | None, offer: str, around: Surroundings) -> None:
        """``invite``: theirs; None for a call of ours (``answered``)."""
        self.dialog = dialog
        self.invite = invite
        self.state = CallState.RINGING
        self._around = around
        self._remote_sdp = offer
        self._local_sdp: str | None = None
        self._peer_updates = invite is not None and _allows_update(invite.request)
        self._ring_again: float | None = None
        self._unacknowledged: _Unacknowledged | None = None
        self._reinvite: ServerTransaction | None = None
        self._reinvite_offer: str | None = None
        self._reoffer = Reoffer(dialog, around, self._tell, self._ended_here, self._reoffered)
        self._messages = MessageQueue(dialog, around, self._tell, self._ended_here)
        self._bye_reason: str | None = None
        self._bye_sent = False
        self._bye_patience = Patience()
        self._ending_until: float | None = None
        self._timer: SessionTimer | None = None
        self._timer_due: float | None = None

    @classmethod
    def answered(cls, dialog: Dialog, local_sdp: str, answer: str, response: Message, around: Surroundings) -> Self:
        """A call of ours that has been answered and acknowledged."""
        call = cls(dialog, None, answer, around)
        call.state = CallState.CONFIRMED
        dialog.state = DialogState.CONFIRMED
        call._local_sdp = local_sdp
        call._peer_updates = _allows_update(response)
        return call

    @property
    def call_id(self) -> str:
        """The name outside of SIP."""
        return self.dialog.name

    # commands

    def ring(self, now: float) -> None:
        """180, and again every minute so that no proxy gives up (RFC 3261 13.3.1.1)."""
        if self.state is CallState.RINGING:
            self._respond_invite(180, now, self._dialog_headers())
            self._ring_again = now + _RING_AGAIN

    def accept(self, sdp: str, now: float) -> None:
        """200 with our answer."""
        if self.state is not CallState.RINGING or self.invite is None:
            return
        try:
            self._timer = agree(self.invite.request)
        except IntervalTooSmall:
            self._timer = None
        self._answer(self.invite, sdp, now)
        self.state = CallState.ACCEPTED
        self.dialog.state = DialogState.CONFIRMED
        self._ring_again = None

    def reject(self, status: int, reason: str | None, now: float) -> None:
        """A final response from 300 to 699, with our words in a Reason header (RFC 6432)."""
        if self.state is CallState.RINGING and 300 <= status < 700:
            self._respond_invite(status, now, reason_header(f"SIP;cause={status}", reason))
            self._end()

    def hang_up(self, reason: str | None, now: float) -> None:
        """BYE; an unanswered call gets 480. Without ACK the BYE waits for it (RFC 3261 15)."""
        if self.state is CallState.RINGING:
            self.reject(480, reason, now)
        elif self.state in (CallState.ACCEPTED, CallState.CONFIRMED):
            self._bye(reason, now)

    def reinvite(self, sdp: str, now: float) -> None:
        """Offer again; a newer offer replaces one that still waits."""
        if self.state in (CallState.ACCEPTED, CallState.CONFIRMED):
            self._reoffer.put(sdp)
            self._continue(now)

    def answer_reinvite(self, sdp: str, now: float) -> None:
        """200 to their re-INVITE."""
        if self._reinvite is not None and self._reinvite_offer is not None:
            reinvite, self._reinvite = self._reinvite, None
            self._remote_sdp, self._reinvite_offer = self._reinvite_offer, None
            # Media has followed their offer: the connection that ours speaks of is not there any more.
            self._reoffer.forget()
            self._answer(reinvite, sdp, now)

    def refuse_reinvite(self, status: int, now: float) -> None:
        """The call goes on as it was."""
        if self._reinvite is not None and 300 <= status < 700:
            reinvite, self._reinvite, self._reinvite_offer = self._reinvite, None, None
            self._around.layer.respond(reinvite, status, now)
            self._continue(now)

    def send_message(self, content_type: str, body: bytes, now: float) -> None:
        """MESSAGE, one at a time, in order."""
        if self.state not in (CallState.ACCEPTED, CallState.CONFIRMED):
            return
        self._messages.put(content_type, body)
        self._continue(now)

    # their requests

    def cancelled(self, cancel: Message, now: float) -> None:
        """CANCEL for the INVITE; its own 200 is the user agent's. Too late once there is a final response."""
        if self.state is CallState.RINGING:
            self._respond_invite(487, now)
            self._tell(events.CallCancelled(self.call_id, answered_elsewhere(cancel)))
            self._end()

    def acknowledged(self, ack: Message, now: float) -> None:
        """ACK for a 2xx of ours."""
        waiting = self._unacknowledged
        if waiting is None or waiting.sequence != ack.sequence:
            return
        self._unacknowledged = None
        if self.state is CallState.ACCEPTED:
            self.state = CallState.CONFIRMED
            self._tell(events.CallConfirmed(self.call_id))
        self._continue(now)

    def receive(self, transaction: ServerTransaction, now: float) -> None:
        """A request inside the dialog, already in order."""
        request = transaction.request
        respond = self._around.layer.respond
        if request.method == "BYE":
            respond(transaction, 200, now)
            self._ended_by_peer(request, now)
        elif self.state is CallState.ENDING:
            respond(transaction, 481, now)
        elif request.method == "INVITE":
            self._receive_reinvite(transaction, now)
        elif request.method == "UPDATE":
            self._receive_update(transaction, now)
        elif request.method == "MESSAGE" and self.state is CallState.RINGING:
            respond(transaction, 403, now)
        elif request.method == "MESSAGE":
            respond(transaction, 200, now)
            self._tell(events.MessageReceived(self.call_id, media_type(request) or "", request.body))

    def _ended_by_peer(self, bye: Message, now: float) -> None:
        if self.state is CallState.RINGING:
            self._respond_invite(487, now)
            self._tell(events.CallCancelled(self.call_id, answered_elsewhere(bye)))
        else:
            if self._reinvite is not None:
                self._around.layer.respond(self._reinvite, 487, now)
            self._tell(events.CallEnded(self.call_id, True, reason_of(bye)))
        self._end()

    def _receive_reinvite(self, transaction: ServerTransaction, now: float) -> None:
        """RFC 3261 14.2."""
        respond, request = self._around.layer.respond, transaction.request
        respond(transaction, 100, now)
        if self.state is CallState.RINGING or self._reinvite is not None or self._unacknowledged is not None:
            respond(transaction, 500, now, headers=[("Retry-After", str(1 + int(self._around.jitter() * 9)))])
            return
        if self._reoffer.under_way:
            respond(transaction, 491, now)
            return
        offer, refusal = offer_of(request)
        timer, too_small = self._asked_timer(request)
        if too_small:
            respond(transaction, 422, now, headers=[("Min-SE", str(MINIMUM_INTERVAL))])
            return
        if offer is None or refusal is not None:
            status, headers = refusal or (488, [])
            respond(transaction, status, now, headers=headers)
            return
        if not self.dialog.refresh_target(request):
            respond(transaction, 400, now)
            return
        self._timer = timer
        if offer == self._remote_sdp and self._local_sdp is not None:
            # Only a refresh of the session (RFC 4028 7.4): nothing for anybody to decide.
            self._answer(transaction, self._local_sdp, now)
            return
        self._reinvite, self._reinvite_offer = transaction, offer
        self._tell(events.ReinviteReceived(self.call_id, offer))

    def _receive_update(self, transaction: ServerTransaction, now: float) -> None:
        """RFC 3311: taken as a refresh of session and target; an offer in it is refused, re-INVITE is for that."""
        respond, request = self._around.layer.respond, transaction.request
        timer, too_small = self._asked_timer(request)
        if too_small:
            respond(transaction, 422, now, headers=[("Min-SE", str(MINIMUM_INTERVAL))])
        elif request.body:
            respond(transaction, 488, now)
        elif not self.dialog.refresh_target(request):
            respond(transaction, 400, now)
        else:
            self._timer = timer
            headers = [("Contact", self._around.contact()), *(timer.headers() if timer is not None else [])]
            respond(transaction, 200, now, headers=headers)
            self._restart_timer(now)

    @staticmethod
    def _asked_timer(request: Message) -> tuple[SessionTimer | None, bool]:
        try:
            return agree(request), False
        except IntervalTooSmall:
            return None, True

    # our requests

    def _continue(self, now: float) -> None:
        """Whatever waited and can be done now."""
        if self.state is CallState.ENDING:
            self._send_bye(now)
            return
        if self.state is not CallState.CONFIRMED or not self._around.online():
            return
        self._messages.proceed(now)
        if self._reinvite is None and self._unacknowledged is None:
            self._reoffer.proceed(self._refresh_headers(), now)

    def _reoffered(self, sent: str, answer: str | None, now: float) -> None:
        if answer is not None:
            self._local_sdp, self._remote_sdp = sent, answer
            self._restart_timer(now)
        self._continue(now)

    def _bye(self, reason: str | None, now: float) -> None:
        self._bye_reason = reason
        self._ending_until = now + _BYE_LIMIT
        self.state = CallState.ENDING
        self._close_outgoing()
        if self._reinvite is not None:
            self._around.layer.respond(self._reinvite, 487, now)
            self._reinvite = None
        self._send_bye(now)

    def _send_bye(self, now: float) -> None:
        # RFC 3261 15: the callee sends no BYE before the ACK or its time-out.
        if (
            self._bye_sent
            or self._bye_patience.due is not None
            or self._unacknowledged is not None
            or not self._around.online()
        ):
            return
        self._bye_sent = True
        headers = tuple(reason_header("SIP;cause=200", self._bye_reason))
        self._around.request(self.dialog, "BYE", headers, b"", self._bye_done, now)

    def _bye_done(self, _request: Outgoing, message: Message | None, status: int, now: float) -> None:
        if (message is None and status == 503) or self._bye_patience.wait(message, status, now):
            self._bye_sent = False
        else:
            self._end()

    # time and connection

    def next_deadline(self) -> float | None:
        """When tick is wanted."""
        waiting = [self._ring_again, self._ending_until, self._timer_due]
        waiting += [one.next_deadline() for one in (self._reoffer, self._messages)]
        waiting.append(self._bye_patience.due)
        if self._unacknowledged is not None:
            waiting.append(min(self._unacknowledged.due, self._unacknowledged.give_up))
        return min((one for one in waiting if one is not None), default=None)

    def tick(self, now: float) -> None:
        """Repeat, retry, refresh, give up."""
        if self._ring_again is not None and self._ring_again <= now:
            self.ring(now)
        if self._unacknowledged is not None:
            self._repeat_answer(self._unacknowledged, now)
        # Each of the three forgets its own wait; any of them lets the rest go on too.
        if any([self._reoffer.tick(now), self._messages.tick(now), self._bye_patience.over(now)]):
            self._continue(now)
        if self._timer_due is not None and self._timer_due <= now:
            self._session_due(now)
        if self._ending_until is not None and self._ending_until <= now:
            self._end()

    def offline(self) -> None:
        """The connection has gone: an offer that waited or was under way must be made anew, with new candidates."""
        self._reoffer.forget()

    def online_again(self, now: float) -> None:
        """Registered on a new connection: the other end must learn where we are now, and what waited goes out."""
        if self._timer_due is not None:
            self._timer_due = max(self._timer_due, now + _GRACE_AFTER_OUTAGE)
        if self.state is CallState.CONFIRMED and not self._reoffer.wanted:
            self._update(now)
        self._continue(now)

    def _repeat_answer(self, answer: _Unacknowledged, now: float) -> None:
        if answer.give_up <= now:
            self._unacknowledged = None
            if self.state is CallState.ACCEPTED:
                self._tell(events.NoAck(self.call_id))
                self._bye(None, now)
            elif self.state is CallState.CONFIRMED:
                self._ended_here("re-INVITE: no ACK", now)
            self._continue(now)
        elif answer.due <= now:
            self._around.outputs.append(Send(answer.data))
            answer.interval = min(2 * answer.interval, T2)
            answer.due = now + answer.interval

    def _session_due(self, now: float) -> None:
        if self._timer is None or self.state is not CallState.CONFIRMED:
            self._timer_due = None
        elif not self._around.online():
            self._timer_due = now + _GRACE_AFTER_OUTAGE
        elif not self._timer.we_refresh:
            self._timer_due = None
            self._ended_here("the session was not refreshed", now)
        else:
            self._restart_timer(now)
            self._update(now)

    def _update(self, now: float) -> None:
        """Refresh target and session without an offer (RFC 3311), where the other end knows how."""
        if self._peer_updates:
            self._around.request(self.dialog, "UPDATE", self._refresh_headers(), b"", self._update_done, now)

    def _update_done(self, _request: Outgoing, _message: Message | None, status: int, now: float) -> None:
        if status == 481 and self.state is CallState.CONFIRMED:
            self._ended_here("UPDATE: 481", now)

    def _restart_timer(self, now: float) -> None:
        self._timer_due = self._timer.deadline(now) if self._timer is not None else None

    # pieces

    def _answer(self, transaction: ServerTransaction, sdp: str, now: float) -> None:
        headers = self._dialog_headers() if transaction is self.invite else list(self._target_headers())
        if self._timer is not None:
            headers += self._timer.headers()
        headers.append(("Content-Type", SDP))
        data = self._around.layer.respond(
            transaction, 200, now, tag=self.dialog.local_tag, headers=headers, body=sdp.encode()
        )
        self._unacknowledged = _Unacknowledged(data, transaction.request.sequence, now)
        self._local_sdp = sdp
        self._restart_timer(now)

    def _respond_invite(self, status: int, now: float, headers: list[Header] | None = None) -> None:
        if self.invite is not None:
            self._around.layer.respond(self.invite, status, now, tag=self.dialog.local_tag, headers=headers or [])

    def _target_headers(self) -> tuple[Header, ...]:
        return ("Contact", self._around.contact()), ("Allow", ALLOW), ("Supported", SUPPORTED)

    def _refresh_headers(self) -> tuple[Header, ...]:
        """For a request of ours that refreshes target and session: who refreshes stays as it is (RFC 4028 7.1)."""
        if self._timer is None:
            return self._target_headers()
        refresher = "uac" if self._timer.we_refresh else "uas"
        return *self._target_headers(), ("Session-Expires", f"{self._timer.interval};refresher={refresher}")

    def _dialog_headers(self) -> list[Header]:
        return [*(("Record-Route", one) for one in self.dialog.record_route), *self._target_headers()]

    def _ended_here(self, reason: str, now: float) -> None:
        """The call is over for a reason that nobody asked for; the other end is told as well as can be."""
        self._tell(events.CallEnded(self.call_id, False, reason))
        self._bye(None, now)

    def _end(self) -> None:
        self.state = CallState.ENDED
        self.dialog.state = DialogState.ENDED
        self._ring_again = self._ending_until = self._timer_due = None
        self._unacknowledged = None
        self._bye_patience.reset()
        self._close_outgoing()

    def _close_outgoing(self) -> None:
        self._messages.close()
        self._reoffer.close()

    def _tell(self, event: events.SipEvent) -> None:
        if self.state is not CallState.ENDING:
            self._around.outputs.append(Notify(event))


def _allows_update(message: Message) -> bool:
    return "UPDATE" in [one.upper() for one in message.every("Allow")]
