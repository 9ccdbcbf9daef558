"""The SIP agent that the controller uses: the pure user agent joined to the transport, the clock and randomness."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine

from kiosk.call.events import RegistrationChanged, SipEvent
from kiosk.call.netlink import Reach
from kiosk.call.sip.credentials import Account
from kiosk.call.sip.transactions import Notify, Output, Reconnect, Send
from kiosk.call.sip.transport import Connection, ConnectionFailed, Transport
from kiosk.call.sip.user_agent import UserAgent
from kiosk.facts.loopback import is_loopback
from kiosk.settings import SipSettings

_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 15.0
_GOOD_CONNECTION_S = 10.0
_LEAVE_LIMIT_S = 1.0
_HURRY_S = 45.0
"""How long there is no back-off after somebody said that the line must come back at once."""
_STAGGER_S = 0.5
"""In a hurry the next attempt begins while the last ones still wait: a lost SYN is repeated only after 1, 3, 7 s."""
_MOST_ATTEMPTS = 10
_OUTBOX = 256

log = logging.getLogger(__name__)


class SipAgent:
    """Commands may be given at any time, from within ``on_event`` too; one for a call that is gone does nothing.

    ``on_event`` is called in the loop's own thread and must not block. Raises ValueError for settings that cannot be
    used, OSError or ssl.SSLError for an unusable authority file.
    """

    def __init__(self, settings: SipSettings, password: str, on_event: Callable[[SipEvent], None]) -> None:
        account = Account.checked(
            settings.address,
            settings.username,
            password,
            settings.instance_id,
            settings.allow_md5,
            settings.expires_s,
        )
        self._transport = Transport(settings.servers, settings.certificate_authority)
        self._random = random.SystemRandom()
        self._user_agent = UserAgent(account, lambda: secrets.token_hex(8), self._random.random)
        self._on_event = on_event
        self._connection: Connection | None = None
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue(_OUTBOX)
        self._todo: deque[Output] = deque()
        self._performing = False
        self._reconnect = asyncio.Event()
        self._renew = asyncio.Event()
        self._kick = asyncio.Event()
        self._hurried_until = 0.0
        self._began_at = 0.0
        self._retiring: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    @property
    def dropped(self) -> int:
        """How much nonsense has come from the server."""
        return self._user_agent.dropped

    # commands

    def ring(self, call_id: str) -> None:
        """Send 180: screen and sound run."""
        self._perform(self._user_agent.ring(call_id, time.monotonic()))

    def accept(self, call_id: str, sdp: str) -> None:
        """Send 200 with the answer; CallConfirmed or NoAck follows."""
        self._perform(self._user_agent.accept(call_id, sdp, time.monotonic()))

    def reject(self, call_id: str, status: int, reason: str | None = None) -> None:
        """Refuse an unanswered call with 300-699; ``reason`` travels in a Reason header (ASCII)."""
        self._perform(self._user_agent.reject(call_id, status, reason, time.monotonic()))

    def hang_up(self, call_id: str, reason: str | None = None) -> None:
        """BYE; 480 for an unanswered call. Nothing more is told of this call."""
        self._perform(self._user_agent.hang_up(call_id, reason, time.monotonic()))

    def call(self, call_id: str, target: str, sdp: str) -> None:
        """Call ``sip:user@host`` with our offer, under a fresh name; CallAnswered or CallRefused follows. ``hang_up``
        takes it back."""
        self._perform(self._user_agent.call(call_id, target, sdp, time.monotonic()))

    def reinvite(self, call_id: str, sdp: str) -> None:
        """Offer again, as soon as that can be; ReinviteAnswered, ReinviteFailed or CallEnded follows."""
        self._perform(self._user_agent.reinvite(call_id, sdp, time.monotonic()))

    def answer_reinvite(self, call_id: str, sdp: str) -> None:
        """Answer ReinviteReceived."""
        self._perform(self._user_agent.answer_reinvite(call_id, sdp, time.monotonic()))

    def refuse_reinvite(self, call_id: str, status: int = 488) -> None:
        """Refuse ReinviteReceived; the call goes on as it was."""
        self._perform(self._user_agent.refuse_reinvite(call_id, status, time.monotonic()))

    def send_message(self, call_id: str, content_type: str, body: bytes) -> None:
        """MESSAGE in the call; waits for the connection. MessageFailed when it was refused or unanswered."""
        self._perform(self._user_agent.send_message(call_id, content_type, body, time.monotonic()))

    def renew(self) -> None:
        """The line is in doubt: make a fresh connection at once, and keep trying; the one there is serves meanwhile.

        A connection that has lost packets comes back late (TCP doubles its pauses), or never from another address.
        """
        self._hurried_until = time.monotonic() + _HURRY_S
        self._renew.set()
        self._kick.set()

    def reach_changed(self, reach: Reach) -> bool:
        """Links or addresses are others now. True: the connection's own address has gone; a new one is being made."""
        own = self._connection.local_address if self._connection is not None else None
        if own is None:
            self._kick.set()
            return False
        if is_loopback(own) or own in reach.addresses:
            return False
        self._hurried_until = time.monotonic() + _HURRY_S
        self._reconnect.set()
        return True

    # the loop

    async def run(self) -> None:
        """Until cancelled: connect, register, stay registered. On the way out hangs up and un-REGISTERs, within 1 s."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._stay_connected())
                group.create_task(self._keep_time())
        finally:
            await self._leave()
            await asyncio.gather(*self._retiring, return_exceptions=True)

    async def _stay_connected(self) -> None:
        failures = 0
        opening: asyncio.Task[Connection] | None = None
        while True:
            try:
                self._connection = await (opening or self._open())
                opening = None
            except ConnectionFailed as error:
                opening = None
                self._perform(self._user_agent.disconnected(str(error), time.monotonic()))
            else:
                since = time.monotonic()
                detail, opening = await self._use(self._connection)
                self._retire(self._connection)
                self._connection = None
                self._perform(self._user_agent.disconnected(detail, time.monotonic()))
                if time.monotonic() - since >= _GOOD_CONNECTION_S:
                    failures = 0
                if opening is not None:
                    continue
            await self._pause(self._back_off(failures))
            failures += 1

    async def _pause(self, seconds: float) -> None:
        """Before the next attempt; ends at once when there is news of the line."""
        now = time.monotonic()
        if now < self._hurried_until:
            seconds = self._began_at + _STAGGER_S - now  # a server that hangs up at once must not be run into
            if seconds <= 0:
                return
        self._kick.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._kick.wait()
        except TimeoutError:
            pass

    async def _open(self) -> Connection:
        """A connection by one attempt; in a hurry by many at a time, until it is over. Raises ConnectionFailed."""
        attempts: list[asyncio.Task[Connection]] = []
        said = ""
        begin_at = time.monotonic()
        try:
            while True:
                now = time.monotonic()
                hurried = now < self._hurried_until
                if now >= begin_at or self._kick.is_set():
                    if len(attempts) >= _MOST_ATTEMPTS:
                        self._give_up(attempts.pop(0))
                    attempts.append(asyncio.create_task(self._transport.connect(remembered=hurried)))
                    self._began_at = now
                    begin_at = now + _STAGGER_S
                self._kick.clear()
                kicked = asyncio.create_task(self._kick.wait())
                patience = begin_at - now if hurried else None
                await asyncio.wait({*attempts, kicked}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                kicked.cancel()
                for attempt in [one for one in attempts if one.done()]:
                    attempts.remove(attempt)
                    try:
                        return attempt.result()
                    except ConnectionFailed as error:
                        said = str(error)
                if not attempts and not hurried and not self._kick.is_set():
                    raise ConnectionFailed(said)
        finally:
            for attempt in attempts:
                self._give_up(attempt)

    def _give_up(self, attempt: asyncio.Task[Connection]) -> None:
        async def close() -> None:
            await asyncio.wait({attempt})
            if not attempt.cancelled() and attempt.exception() is None:
                await attempt.result().close()

        attempt.cancel()
        self._in_background(close())

    def _retire(self, connection: Connection) -> None:
        """Close it without waiting: over a dead line that takes a while."""
        self._in_background(connection.close())

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    def _back_off(self, failures: int) -> float:
        """Seconds; random, so that a thousand kiosks do not come back at once."""
        longest: float = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2 ** min(failures, 10))
        return longest * (0.5 + self._random.random() / 2)

    async def _use(self, connection: Connection) -> tuple[str, asyncio.Task[Connection] | None]:
        """Until the connection ends or a fresh one stands; returns why, and what comes next if it is on its way."""
        while not self._outbox.empty():
            self._outbox.get_nowait()
        self._reconnect.clear()
        self._renew.clear()
        self._perform(self._user_agent.connected(time.monotonic()))
        tasks = [
            asyncio.create_task(self._read(connection)),
            asyncio.create_task(self._write(connection)),
            asyncio.create_task(self._reconnect.wait()),
        ]
        renew: asyncio.Task[bool] | None = None
        successor: asyncio.Task[Connection] | None = None
        kept = False
        try:
            while True:
                if successor is None and renew is None:
                    renew = asyncio.create_task(self._renew.wait())
                watched = [*tasks, *(one for one in (renew, successor) if one is not None)]
                done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
                kept = True
                for task in tasks:
                    if task in done:
                        try:
                            task.result()
                        except ConnectionFailed as error:
                            return str(error), successor
                        return "the connection is of no use any more", successor
                if successor in done and successor is not None:
                    if successor.exception() is None:
                        return "a fresh connection takes its place", successor
                    successor = None
                kept = False
                if renew in done:
                    self._renew.clear()
                    renew = None
                    successor = asyncio.create_task(self._open())
        finally:
            for one in (*tasks, renew, None if kept else successor):
                if one is not None:
                    one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, connection: Connection) -> None:
        while True:
            data = await connection.receive()
            self._perform(self._user_agent.receive(data, time.monotonic()))

    async def _write(self, connection: Connection) -> None:
        while True:
            await connection.send(await self._outbox.get())

    async def _keep_time(self) -> None:
        while True:
            self._changed.clear()
            deadline = self._user_agent.next_deadline()
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                self._perform(self._user_agent.tick(time.monotonic()))

    async def _leave(self) -> None:
        connection = self._connection
        if connection is None:
            return
        while not self._outbox.empty():
            self._outbox.get_nowait()
        try:
            async with asyncio.timeout(_LEAVE_LIMIT_S):
                self._perform(self._user_agent.leave(time.monotonic()))
                while True:
                    while not self._outbox.empty():
                        await connection.send(self._outbox.get_nowait())
                    if not self._user_agent.registered and not self._user_agent.busy:
                        break
                    data = await connection.receive()
                    self._perform(self._user_agent.receive(data, time.monotonic()))
        except (ConnectionFailed, TimeoutError):
            log.info("left without the server's goodbye")
        finally:
            self._connection = None
            await connection.close()

    def _perform(self, outputs: list[Output]) -> None:
        """In order, also when ``on_event`` gives new commands in the middle of it."""
        self._todo.extend(outputs)
        self._changed.set()
        if self._performing:
            return
        self._performing = True
        try:
            while self._todo:
                self._perform_one(self._todo.popleft())
        finally:
            self._performing = False

    def _perform_one(self, output: Output) -> None:
        match output:
            case Send(data):
                self._send(data)
            case Notify(event):
                if isinstance(event, RegistrationChanged):
                    log.info("registration %s: %s", event.state.value, event.detail)
                self._on_event(event)
            case Reconnect(reason):
                log.info("reconnecting: %s", reason)
                self._reconnect.set()

    def _send(self, data: bytes) -> None:
        """Without a connection it is dropped: the transaction layer knows how to live with that."""
        if self._connection is None:
            return
        try:
            self._outbox.put_nowait(data)
        except asyncio.QueueFull:
            self._reconnect.set()
