"""The SIP agent that the controller uses: the pure user agent joined to the transport, the clock and randomness."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from collections import deque
from collections.abc import Callable

from kiosk.call.events import RegistrationChanged, SipEvent
from kiosk.call.sip.credentials import Account
from kiosk.call.sip.transactions import Notify, Output, Reconnect, Send
from kiosk.call.sip.transport import Connection, ConnectionFailed, Transport
from kiosk.call.sip.user_agent import UserAgent
from kiosk.settings import SipSettings

_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 15.0
_GOOD_CONNECTION_S = 10.0
_LEAVE_LIMIT_S = 1.0
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

    # the loop

    async def run(self) -> None:
        """Until cancelled: connect, register, stay registered. On the way out hangs up and un-REGISTERs, within 1 s."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._stay_connected())
                group.create_task(self._keep_time())
        finally:
            await self._leave()

    async def _stay_connected(self) -> None:
        failures = 0
        while True:
            try:
                self._connection = await self._transport.connect()
            except ConnectionFailed as error:
                self._perform(self._user_agent.disconnected(str(error), time.monotonic()))
            else:
                since = time.monotonic()
                detail = await self._use(self._connection)
                await self._connection.close()
                self._connection = None
                self._perform(self._user_agent.disconnected(detail, time.monotonic()))
                if time.monotonic() - since >= _GOOD_CONNECTION_S:
                    failures = 0
            await asyncio.sleep(self._back_off(failures))
            failures += 1

    def _back_off(self, failures: int) -> float:
        """Seconds; random, so that a thousand kiosks do not come back at once."""
        longest: float = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2 ** min(failures, 10))
        return longest * (0.5 + self._random.random() / 2)

    async def _use(self, connection: Connection) -> str:
        """Until the connection ends; returns why."""
        while not self._outbox.empty():
            self._outbox.get_nowait()
        self._reconnect.clear()
        self._perform(self._user_agent.connected(time.monotonic()))
        tasks = [
            asyncio.create_task(self._read(connection)),
            asyncio.create_task(self._write(connection)),
            asyncio.create_task(self._reconnect.wait()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                try:
                    task.result()
                except ConnectionFailed as error:
                    return str(error)
            return "the connection is of no use any more"
        finally:
            for task in tasks:
                task.cancel()
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
