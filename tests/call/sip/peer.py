"""The other end of a pure user agent: builds what a server would send, reads what the agent says. Time is a number."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from kiosk.call.events import IncomingCall, SipEvent
from kiosk.call.sip.credentials import Account
from kiosk.call.sip.messages import Message, parse
from kiosk.call.sip.transactions import Notify, Output, Reconnect, Send
from kiosk.call.sip.user_agent import UserAgent

OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
ANSWER = OFFER.replace("o=- 1", "o=- 2")
INSTANCE = "urn:uuid:00000000-0000-4000-8000-000000000001"
ACCOUNT = Account.checked("sip:kiosk@svar.example", "kiosk", "secret", INSTANCE, False, 300)
GRUU = f"sip:kiosk@svar.example;gr={INSTANCE}"
ROUTES = ("<sip:10.0.0.1:443;transport=ws;r2=on;lr>", "<sip:10.0.0.1;r2=on;lr>")


def text(start: str, headers: Sequence[tuple[str, str]], body: str = "") -> bytes:
    lines = [start, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body.encode())}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Bench:
    """A user agent with counting tokens. ``now`` moves only when a test says so."""

    def __init__(self, account: Account = ACCOUNT, jitter: float = 0.5) -> None:
        numbers = itertools.count(1)
        self.agent = UserAgent(account, lambda: f"token{next(numbers):04d}", lambda: jitter)
        self.now = 1000.0
        self.sent: list[Message] = []
        self.events: list[SipEvent] = []
        self.reconnects: list[str] = []
        self._branches = itertools.count(1)

    def do(self, outputs: list[Output]) -> None:
        """Sort what the agent wants."""
        for output in outputs:
            match output:
                case Send(data):
                    self.sent.append(parse(data))
                case Notify(event):
                    self.events.append(event)
                case Reconnect(reason):
                    self.reconnects.append(reason)

    def take(self) -> list[Message]:
        """What was sent since the last time."""
        taken, self.sent = self.sent, []
        return taken

    def one(self) -> Message:
        """The only message that was sent."""
        taken = self.take()
        assert len(taken) == 1, [(one.method, one.status) for one in taken]
        return taken[0]

    def told(self) -> list[SipEvent]:
        taken, self.events = self.events, []
        return taken

    def statuses(self) -> list[int]:
        return [one.status for one in self.take()]

    def receive(self, data: bytes) -> None:
        self.do(self.agent.receive(data, self.now))

    def wait(self, seconds: float) -> None:
        """Let time pass, ticking at every deadline on the way."""
        end = self.now + seconds
        while (deadline := self.agent.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.do(self.agent.tick(self.now))
        self.now = end

    def answer(self, request: Message, status: int, headers: Sequence[tuple[str, str]] = (), body: str = "") -> bytes:
        """A response to a request of the agent; gives it in, and returns it."""
        fixed = [("Via", via) for via in request.via]
        to = request.recipient if request.recipient_tag else f"{request.recipient};tag=server"
        fixed += [("From", request.sender), ("To", to), ("Call-ID", request.call_id)]
        fixed.append(("CSeq", f"{request.sequence} {request.method}"))
        data = text(f"SIP/2.0 {status} Said", [*fixed, *headers], body)
        self.receive(data)
        return data

    def register(self, *, gruu: bool = True, expires: int = 300) -> None:
        """Connect and be accepted without a challenge; nothing stays behind in the lists."""
        self.do(self.agent.connected(self.now))
        self.accept_register(self.take()[-1], gruu=gruu, expires=expires)
        self.told()

    def accept_register(self, register: Message, *, gruu: bool = True, expires: int = 300) -> None:
        uri = (register.get("Contact") or "").split(">")[0].lstrip("<")
        value = f"<{uri}>;expires={expires}" + (f';pub-gruu="{GRUU}"' if gruu else "")
        self.answer(register, 200, [("Contact", f"<sip:other@x.invalid>;expires=7, {value}")])


class Caller:
    """One caller's dialog with the agent."""

    def __init__(self, bench: Bench, name: str = "one") -> None:
        self.bench = bench
        self.call_id = f"call-{name}"
        self.sender = f"<sip:kari@svar.example>;tag=from-{name}"
        self.recipient = "<sip:kiosk@svar.example>"
        self.sequence = 10
        self.branch = ""
        self.name = ""

    def request(
        self,
        method: str,
        headers: Sequence[tuple[str, str]] = (),
        body: str = "",
        *,
        kind: str = "application/sdp",
        sequence: int | None = None,
        branch: str | None = None,
    ) -> bytes:
        """Give a request in. A new branch and, but for ACK and CANCEL, a new sequence number unless told."""
        if sequence is None:
            if method not in ("ACK", "CANCEL"):
                self.sequence += 1
            sequence = self.sequence
        self.branch = branch or f"z9hG4bK{self.name}{next(self.bench._branches)}"
        fixed = [
            ("Via", f"SIP/2.0/WSS 10.0.0.1:443;branch={self.branch};rport"),
            ("Via", "SIP/2.0/WS desk.invalid;branch=z9hG4bKfar"),
            ("Max-Forwards", "60"),
            ("From", self.sender),
            ("To", self.recipient),
            ("Call-ID", self.call_id),
            ("CSeq", f"{sequence} {method}"),
        ]
        if body and kind:
            fixed.append(("Content-Type", kind))
        data = text(f"{method} sip:token0002@token0001.invalid;transport=ws SIP/2.0", [*fixed, *headers], body)
        self.bench.receive(data)
        return data

    def invite(self, headers: Sequence[tuple[str, str]] = (), body: str = OFFER) -> bytes:
        fixed = [("Record-Route", route) for route in ROUTES]
        fixed += [("Contact", "<sip:kari@desk.invalid;transport=ws;alias=1~2~5>"), ("Supported", "timer")]
        fixed.append(("Allow", "INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE"))
        return self.request("INVITE", [*fixed, *headers], body)

    def ring(self, headers: Sequence[tuple[str, str]] = ()) -> str:
        """INVITE and the event for it; the call's name."""
        self.invite(headers)
        event = self.bench.events.pop()
        assert isinstance(event, IncomingCall)
        assert self.bench.one().status == 100
        self.name = event.call_id
        return event.call_id

    def talk(self, headers: Sequence[tuple[str, str]] = ()) -> str:
        """Up to ACK; nothing stays behind in the lists."""
        name = self.ring(headers)
        self.bench.do(self.bench.agent.accept(name, ANSWER, self.bench.now))
        answer = self.bench.one()
        assert answer.status == 200
        self.recipient = answer.recipient
        self.ack()
        self.bench.told()
        return name

    def ack(self) -> None:
        self.request("ACK")
