"""A SIP user agent by hand over a WebSocket, with JsSIP's manners, which a test can bend: it knows nothing of ours."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import ssl
import uuid
from dataclasses import dataclass, field

import aiohttp

OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"
ANSWER = "v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"


@dataclass
class Message:
    """A received message: start line, headers as they came, body."""

    start: str
    headers: list[tuple[str, str]]
    body: str

    @property
    def status(self) -> int:
        """0 for a request."""
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        return self.get("CSeq").split()[1] if self.status else self.start.split(" ")[0]

    def all(self, name: str) -> list[str]:
        """Every value of a header, also where several stand in one line."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return [part.strip() for value in found for part in re.split(r",(?=\s*(?:<|SIP/))", value)]

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def parse(text: str) -> Message:
    head, _, body = text.partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    return Message(start, [(k.strip(), v.strip()) for k, _, v in (line.partition(":") for line in lines)], body)


def uri_of(value: str) -> str:
    found = re.search(r"<([^>]+)>", value)
    return found[1] if found else value.split(";")[0]


@dataclass
class Leg:
    """What one end remembers of a dialog."""

    call_id: str
    local: str
    remote: str
    target: str
    route: list[str] = field(default_factory=list)
    sequence: int = 1
    via: str = ""


class RawPeer:
    """``await connect()`` first. Answers challenges with MD5 or SHA-256, whichever it is asked for."""

    def __init__(self, address: str, user: str, password: str, domain: str = "svar.example") -> None:
        self.address, self.user, self.password, self.domain = address, user, password, domain
        self.host = f"{secrets.token_hex(6)}.invalid"
        self.binding = f"<sip:{secrets.token_hex(4)}@{self.host};transport=ws>"
        self.contact = self.binding
        self.instance = str(uuid.uuid4())
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def identity(self) -> str:
        return f"sip:{self.user}@{self.domain}"

    async def connect(self, authority: str | None = None) -> None:
        context = ssl.create_default_context(cafile=authority) if authority else True
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(self.address, protocols=("sip",), ssl=context)
        self._reader = asyncio.create_task(self._read(self._socket))

    async def _read(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in connection:
            if isinstance(frame.data, str) and frame.data.strip():
                self.inbox.put_nowait(parse(frame.data))

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._session is not None:
            await self._session.close()
        if self._reader is not None:
            await self._reader

    async def send(self, data: str | bytes) -> None:
        assert self._socket is not None
        if isinstance(data, bytes):
            await self._socket.send_bytes(data)
        else:
            await self._socket.send_str(data)

    async def expect(self, wanted: int | str, limit: float = 5.0) -> Message:
        """The next message with this status or method; others are dropped. Raises TimeoutError."""
        return await self.expect_any(wanted, limit=limit)

    async def expect_any(self, *wanted: int | str, limit: float = 5.0) -> Message:
        """The next message with one of these statuses or methods; others are dropped. Raises TimeoutError."""
        async with asyncio.timeout(limit):
            while True:
                message = await self.inbox.get()
                if (message.status or message.method) in wanted:
                    return message

    async def final(self, method: str, limit: float = 5.0) -> Message:
        """The next final response to this method."""
        async with asyncio.timeout(limit):
            while True:
                message = await self.inbox.get()
                if message.status >= 200 and message.method == method:
                    return message

    def credentials(self, challenge: str, method: str, uri: str) -> str:
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.partition(" ")[2]))
        name = given.get("algorithm", "MD5").upper()
        algorithm = hashlib.sha256 if name == "SHA-256" else hashlib.md5

        def digest(text: str) -> str:
            return algorithm(text.encode()).hexdigest()

        cnonce = secrets.token_hex(8)
        secret = digest(f"{self.user}:{given['realm']}:{self.password}")
        response = digest(f"{secret}:{given['nonce']}:00000001:{cnonce}:auth:{digest(f'{method}:{uri}')}")
        return (
            f'Digest algorithm={name}, username="{self.user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
            f'uri="{uri}", response="{response}", qop=auth, cnonce="{cnonce}", nc=00000001'
        )

    def build(self, start: str, headers: list[tuple[str, str]], body: str = "") -> str:
        lines = [start, *(f"{k}: {v}" for k, v in headers), f"Content-Length: {len(body.encode())}"]
        return "\r\n".join(lines) + "\r\n\r\n" + body

    def request(
        self, method: str, uri: str, leg: Leg, extra: list[tuple[str, str]], body: str = "", kind: str = ""
    ) -> str:
        leg.via = f"SIP/2.0/WS {self.host};branch=z9hG4bK{secrets.token_hex(6)}"
        headers = [
            *(("Route", route) for route in leg.route),
            ("Via", leg.via),
            ("Max-Forwards", "69"),
            ("To", leg.remote),
            ("From", leg.local),
            ("Call-ID", leg.call_id),
            ("CSeq", f"{leg.sequence} {method}"),
            *extra,
        ]
        if kind:
            headers.append(("Content-Type", kind))
        return self.build(f"{method} {uri} SIP/2.0", headers, body)

    async def register(self, expires: int = 300) -> Message:
        leg = Leg(secrets.token_hex(8), f"<{self.identity}>;tag={secrets.token_hex(4)}", f"<{self.identity}>", "")
        contact = f'{self.binding};+sip.ice;reg-id=1;+sip.instance="<urn:uuid:{self.instance}>";expires={expires}'
        extra = [("Contact", contact), ("Supported", "path,gruu,outbound")]
        await self.send(self.request("REGISTER", f"sip:{self.domain}", leg, extra))
        reply = await self.final("REGISTER")
        if reply.status == 401:
            leg.sequence += 1
            proof = self.credentials(reply.get("WWW-Authenticate"), "REGISTER", f"sip:{self.domain}")
            await self.send(self.request("REGISTER", f"sip:{self.domain}", leg, [*extra, ("Authorization", proof)]))
            reply = await self.final("REGISTER")
        gruu = re.search(r'pub-gruu="([^"]+)"', reply.get("Contact"))
        if gruu:
            self.contact = f"<{gruu[1]}>"
        return reply

    async def invite(
        self, callee: str, offer: str = OFFER, extra: list[tuple[str, str]] | None = None, sender: str | None = None
    ) -> Leg:
        """Sends INVITE and, when challenged, again with the proof. ``sender``: another From than our own."""
        leg = Leg(
            secrets.token_hex(8), f"<{sender or self.identity}>;tag={secrets.token_hex(4)}", f"<{callee}>", callee
        )
        more = [("Contact", self.contact), ("Supported", "ice,replaces,outbound"), *(extra or [])]
        await self.send(self.request("INVITE", callee, leg, more, offer, "application/sdp"))
        async with asyncio.timeout(5):
            while (first := await self.inbox.get()).status not in (407, 401):
                if first.status >= 200:
                    self.inbox.put_nowait(first)
                    return leg
        await self.send(self.acknowledgement(leg, first))
        leg.sequence += 1
        proof = self.credentials(first.get("Proxy-Authenticate"), "INVITE", callee)
        more.append(("Proxy-Authorization", proof))
        await self.send(self.request("INVITE", callee, leg, more, offer, "application/sdp"))
        return leg

    def acknowledgement(self, leg: Leg, final: Message) -> str:
        """ACK for a response of 300 and above: same branch, same target."""
        headers = [
            ("Via", leg.via),
            ("Max-Forwards", "69"),
            ("To", final.get("To")),
            ("From", leg.local),
            ("Call-ID", leg.call_id),
            ("CSeq", f"{leg.sequence} ACK"),
        ]
        return self.build(f"ACK {leg.target} SIP/2.0", headers)

    async def cancel(self, leg: Leg) -> None:
        headers = [
            ("Via", leg.via),
            ("Max-Forwards", "69"),
            ("To", leg.remote),
            ("From", leg.local),
            ("Call-ID", leg.call_id),
            ("CSeq", f"{leg.sequence} CANCEL"),
        ]
        await self.send(self.build(f"CANCEL {leg.target} SIP/2.0", headers))

    async def confirm(self, leg: Leg, answer: Message) -> None:
        """Takes the dialog from a 200 to our INVITE, and acknowledges it."""
        leg.remote = answer.get("To")
        leg.target = uri_of(answer.get("Contact"))
        leg.route = list(reversed(answer.all("Record-Route")))
        await self.send(self.request("ACK", leg.target, leg, []))

    async def within(self, leg: Leg, method: str, body: str = "", kind: str = "", sequence: int | None = None) -> None:
        """A request in the dialog."""
        leg.sequence = sequence if sequence is not None else leg.sequence + 1
        await self.send(self.request(method, leg.target, leg, [("Contact", self.contact)], body, kind))

    def leg_of(self, request: Message) -> Leg:
        """Our side of a dialog that the other end's INVITE makes."""
        return Leg(
            request.get("Call-ID"),
            f"{request.get('To')};tag={secrets.token_hex(4)}",
            request.get("From"),
            uri_of(request.get("Contact")),
            request.all("Record-Route"),
        )

    async def respond(
        self, request: Message, status: int, leg: Leg | None = None, body: str = "", kind: str = ""
    ) -> None:
        headers = [("Via", via) for via in request.all("Via")]
        headers += [("Record-Route", route) for route in request.all("Record-Route")]
        headers += [
            ("To", leg.local if leg is not None else request.get("To")),
            ("From", request.get("From")),
            ("Call-ID", request.get("Call-ID")),
            ("CSeq", request.get("CSeq")),
            ("Contact", self.contact),
        ]
        if kind:
            headers.append(("Content-Type", kind))
        await self.send(self.build(f"SIP/2.0 {status} Said", headers, body))
