"""What the kiosk itself sends during a call and may have to wait with: messages one by one, and new offers. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from kiosk.call import events
from kiosk.call.sip.dialogs import Dialog
from kiosk.call.sip.grammar import quote
from kiosk.call.sip.incoming import SDP, offer_of
from kiosk.call.sip.messages import Header, Message, Outgoing
from kiosk.call.sip.surroundings import Surroundings
from kiosk.call.sip.transactions import Send

_MAXIMUM_QUEUE = 32

Tell = Callable[[events.SipEvent], None]
Lost = Callable[[str, float], None]
"""The other end does not know the call any more: (why, now)."""


def reason_header(prefix: str, text: str | None) -> list[Header]:
    """A Reason header (RFC 3326) when there are words for it; only printable ASCII, at most 100 characters."""
    if text is None:
        return []
    plain = "".join(one if " " <= one <= "~" else "?" for one in text)[:100]
    return [("Reason", f"{prefix};text={quote(plain)}")]


class Patience:
    """Retries of a request that did not get through to the other end, which may just be reconnecting as we did.

    After 1, 2, 4, 8 and 16 s; then it has failed.
    """

    _TEMPORARY = frozenset({430, 480, 502, 503})
    _ATTEMPTS = 5

    def __init__(self) -> None:
        self._tried = 0
        self.due: float | None = None

    def wait(self, message: Message | None, status: int, now: float, passing: bool = False) -> bool:
        """Whether to try again at ``due`` instead of giving up; ``passing`` when this refusal is known to pass."""
        if message is None or self._tried >= self._ATTEMPTS:
            return False
        busy = status == 500 and message.get("Retry-After") is not None
        if status not in self._TEMPORARY and not busy and not passing:
            return False
        self.due = now + 2**self._tried
        self._tried += 1
        return True

    def over(self, now: float) -> bool:
        """Whether the wait has ended just now."""
        if self.due is None or self.due > now:
            return False
        self.due = None
        return True

    def reset(self) -> None:
        """It got through, or it is another request."""
        self._tried, self.due = 0, None


class MessageQueue:
    """MESSAGE requests (RFC 3428), in order, one at a time: two could overtake one another on a hop of UDP."""

    def __init__(self, dialog: Dialog, around: Surroundings, tell: Tell, lost: Lost) -> None:
        self._dialog = dialog
        self._around = around
        self._tell = tell
        self._lost = lost
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._under_way = False
        self._patience = Patience()

    def put(self, content_type: str, body: bytes) -> None:
        """Takes one more, or says at once that it cannot."""
        if len(self._waiting) >= _MAXIMUM_QUEUE:
            self._tell(events.MessageFailed(self._dialog.name, 503))
        else:
            self._waiting.append((content_type, body))

    def proceed(self, now: float) -> None:
        """Send the next one, if none is under way."""
        if self._waiting and not self._under_way and self._patience.due is None:
            content_type, body = self._waiting[0]
            self._under_way = True
            headers = (("Content-Type", content_type),)
            self._around.request(self._dialog, "MESSAGE", headers, body, self._done, now)

    def next_deadline(self) -> float | None:
        """When a retry is due."""
        return self._patience.due

    def tick(self, now: float) -> bool:
        """Whether it may go on now."""
        return self._patience.over(now)

    def close(self) -> None:
        """The call is over."""
        self._waiting.clear()
        self._patience.reset()

    def _done(self, _request: Outgoing, message: Message | None, status: int, now: float) -> None:
        self._under_way = False
        if not self._waiting or (message is None and status == 503):
            return  # over; or the connection went away, and it is sent again after the next registration
        if self._patience.wait(message, status, now):
            return
        self._patience.reset()
        self._waiting.popleft()
        if status >= 300:
            self._tell(events.MessageFailed(self._dialog.name, status))
        if status == 481:
            self._lost("MESSAGE: 481", now)
        else:
            self.proceed(now)


class Reoffer:
    """Our re-INVITE (RFC 3261 14.1). A newer offer replaces one that still waits; glare is retried by itself."""

    def __init__(
        self,
        dialog: Dialog,
        around: Surroundings,
        tell: Tell,
        lost: Lost,
        settled: Callable[[str, str | None, float], None],
    ) -> None:
        """``settled`` is told of the end of an attempt: (our offer, the answer or None when refused, now)."""
        self._dialog = dialog
        self._around = around
        self._tell = tell
        self._lost = lost
        self._settled = settled
        self._offer: str | None = None
        self._glare: float | None = None
        self._patience = Patience()
        self._ack: tuple[int, bytes] | None = None
        self._unheard: int | None = None
        self._closed = False
        self.under_way = False

    @property
    def wanted(self) -> bool:
        """Whether an offer waits or is under way."""
        return self._offer is not None

    def put(self, sdp: str) -> None:
        """Offer this as soon as may be."""
        self._offer = sdp

    def proceed(self, headers: tuple[Header, ...], now: float) -> None:
        """Send it, unless one is under way or glare is being waited out."""
        waiting = self.under_way or self._glare is not None or self._patience.due is not None
        if self._offer is not None and not waiting and not self._closed:
            if self._unheard is not None:
                # It may have been accepted, and its 200 lost with the connection: without an ACK the other end would
                # refuse this one (JsSIP with 403) and hang up after 32 s. One that it does not wait for is nothing
                # to it. It may cross the 200 in a server, which then drops it: a refusal brings it again.
                self._around.layer.acknowledge(self._dialog.ack(self._unheard))
            self.under_way = True
            everything = (*headers, ("Content-Type", SDP))
            self._around.request(self._dialog, "INVITE", everything, self._offer.encode(), self._done, now)

    def next_deadline(self) -> float | None:
        """When a retry is due."""
        return self._glare if self._glare is not None else self._patience.due

    def tick(self, now: float) -> bool:
        """Whether it may go on now."""
        if self._glare is not None and self._glare <= now:
            self._glare = None
            return True
        return self._patience.over(now)

    def forget(self) -> None:
        """What was offered leads nowhere any more: the connection went, and our address perhaps with it."""
        self._offer = self._glare = None
        self._patience.reset()

    def close(self) -> None:
        """The call is over; a late answer is only acknowledged."""
        self._closed = True
        self._offer = self._glare = None
        self._patience.reset()

    def _done(self, request: Outgoing, message: Message | None, status: int, now: float) -> None:
        if message is not None and status < 300:
            self._accepted(request, message, now)
            return
        self.under_way = False
        if message is None and status == 503:
            self._unheard = request.sequence
            return
        if self._closed:
            return
        if status == 491:
            # The other end made the Call-ID, so ours is the shorter wait: 0 to 2 s in steps of 10 ms.
            self._glare = now + round(self._around.jitter() * 2.0, 2)
        elif status in (408, 481):
            self._lost(f"re-INVITE: {status}", now)
        elif not self._patience.wait(message, status, now, passing=self._unheard is not None and status in (403, 500)):
            self._patience.reset()
            sent = request.body.decode()
            if self._offer == sent:
                self._offer = None
            self._tell(events.ReinviteFailed(self._dialog.name, status))
            self._settled(sent, None, now)

    def _accepted(self, request: Outgoing, message: Message, now: float) -> None:
        if self._ack is not None and self._ack[0] == request.sequence:
            self._around.outputs.append(Send(self._ack[1]))  # its 2xx came again: our ACK was lost
            return
        self._dialog.refresh_target(message)
        self._ack = request.sequence, self._around.layer.acknowledge(self._dialog.ack(request.sequence))
        self.under_way = False
        self._unheard = None
        self._patience.reset()
        if self._closed:
            return
        sent = request.body.decode()
        if self._offer == sent:
            self._offer = None
        answer, _ = offer_of(message)
        if self._offer is not None:
            pass  # a newer offer waits: this answer belongs to a connection that has been given up
        elif answer is None:
            self._tell(events.ReinviteFailed(self._dialog.name, 488))
        else:
            self._tell(events.ReinviteAnswered(self._dialog.name, answer))
        self._settled(sent, answer, now)
