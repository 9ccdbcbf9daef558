"""Sends what waits in the outbox to the FHIR server, one at a time, until the server says that it has it.

Each resource goes as a conditional create on its identifier: sent twice, it is there once. At most one request is under
way, and those of one patient go in the order of capture. References to what has been delivered before become literal.
Whatever goes wrong, the reading stays in the outbox; see retry.py for what each answer means.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
import msgspec

from drivers.device import Clock
from kiosk.facts.faults import Fault
from kiosk.facts.loopback import is_loopback
from kiosk.measurements import retry
from kiosk.measurements.bounded_body import read_body
from kiosk.measurements.fhir import IDENTIFIER_SYSTEM
from kiosk.measurements.outbox import Outbox, OutboxError
from kiosk.measurements.outbox_values import Waiting
from kiosk.measurements.references import with_literal_references
from kiosk.measurements.retry import Answer
from kiosk.measurements.token import TokenError, TokenReason, TokenSource

_log = logging.getLogger(__name__)

MAXIMUM_BODY = 1_048_576
"""Bytes of an answer that are read; an Observation has some three thousand."""

_STORAGE_PAUSE_S = 30.0
_TRUST_PAUSE_S = 60.0
_LOCATION = re.compile(r"(?:^|/)([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]*)?$")
_SERVER_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class UploadListener(Protocol):
    """Who wants to know. Called on the event loop, not to be kept waiting.

    Told of every resource: the identifier of a reading's own Observation is the reading's, that of a Device or of a
    coincident time is nobody's.
    """

    def delivered(self, reading_id: str, server_id: str) -> None:
        """The server has the resource, under this id."""

    def held(self, reading_id: str) -> None:
        """The server will not take the resource; it stays here."""

    def trouble(self, fault: Fault | None) -> None:
        """What keeps readings from arriving, at every change; None: nothing."""


class _Body(msgspec.Struct):
    """As much of an answer as matters."""

    resource_type: str | None = msgspec.field(name="resourceType", default=None)
    id: str | None = None


class _Outcome(msgspec.Struct, frozen=True):
    """What became of one attempt. ``unauthorised``: our token was not taken."""

    answer: Answer
    fault: Fault | None = None
    error: str = ""
    server_id: str = ""
    retry_after_s: float | None = None
    unauthorised: bool = False


class _Pause(msgspec.Struct, frozen=True):
    """Seconds until the next pass, None until woken; ``everything``: it tries what is not due by itself, too, since it
    was the queue that had to wait."""

    seconds: float | None
    everything: bool = False


class Uploader:
    """``run()`` until it is cancelled; ``wake()`` when there is something new or the network is back."""

    def __init__(
        self,
        outbox: Outbox,
        base_url: str,
        listener: UploadListener,
        clock: Clock,
        *,
        certificate_authority: Path | None = None,
        tokens: TokenSource | None = None,
        request_s: float = 20.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``base_url`` as ``https://…/fhir``; plain http is for loopback only (ValueError). ``chance`` in [0, 1).

        Without ``tokens`` nothing is shown to the server: for loopback, or where the network says who we are.
        """
        _refuse_plain_text(base_url)
        self._outbox = outbox
        self._url = base_url.rstrip("/")
        self._tokens = tokens
        self._listener = listener
        self._clock = clock
        self._certificate_authority = certificate_authority
        self._request_s = request_s
        self._chance = chance
        self._woken = asyncio.Event()
        self._fault: Fault | None = None
        self._not_before = 0.0  # loop time until which the server has asked us to stay away

    def wake(self) -> None:
        """Try at once, unless the server has asked for patience."""
        self._woken.set()

    async def run(self) -> None:
        """Send for ever; ends only by being cancelled."""
        timeout = aiohttp.ClientTimeout(total=self._request_s)
        connector = aiohttp.TCPConnector(ssl=await self._trust(), limit=1)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            at_once = True
            while True:
                await self._patience()
                pause = await self._pass(session, at_once)
                at_once = await self._wait(pause.seconds) or pause.everything

    async def _trust(self) -> ssl.SSLContext | bool:
        """Whom to believe: the system's authorities, or the one of the settings once it can be read."""
        while self._certificate_authority is not None:
            try:
                return ssl.create_default_context(cafile=str(self._certificate_authority))
            except OSError as error:  # ssl.SSLError is one
                _log.error("the certificate authority %s cannot be used: %s", self._certificate_authority, error)
                self._report(Fault.CARE_PLATFORM_REFUSES)
                await self._wait(_TRUST_PAUSE_S)
        return True

    async def _patience(self) -> None:
        left = self._not_before - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)

    async def _wait(self, pause: float | None) -> bool:
        """Until the pause is over (False) or somebody wakes us (True)."""
        try:
            async with asyncio.timeout(pause):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    async def _pass(self, session: aiohttp.ClientSession, at_once: bool) -> _Pause:
        """Send what is due (or, at once, all that waits)."""
        try:
            return await self._send_all(session, at_once)
        except OutboxError as error:
            _log.error("outbox: %s", error)
            self._report(Fault.STORAGE_FAILED)
            return _Pause(_STORAGE_PAUSE_S)

    async def _send_all(self, session: aiohttp.ClientSession, at_once: bool) -> _Pause:
        now = None if at_once else self._clock.now().timestamp()
        blocked: dict[str, float] = {}  # patient → seconds until that one is due for which the later ones wait
        worst: Fault | None = None
        tried = False
        last = 0
        while batch := await asyncio.to_thread(self._outbox.waiting, now, last):
            for item in batch:
                last = item.sequence
                if item.patient in blocked:
                    continue
                tried = True
                outcome = await self._attempt(session, item)
                pause = await self._settle(item, outcome)
                if outcome.answer in (Answer.RETRY_ALL, Answer.REFUSED) or outcome.retry_after_s is not None:
                    self._report(outcome.fault)
                    return _Pause(pause, everything=True)
                if outcome.answer is Answer.RETRY_ITEM and item.alone + 1 < retry.OVERTAKEN_AFTER:
                    blocked[item.patient] = pause
                worst = outcome.fault or worst
        if tried:
            self._report(worst)
        due = await asyncio.to_thread(self._outbox.next_attempt)
        if due is None:
            return _Pause(None)
        if blocked:
            # The next pass tries all that waits, in the order of capture, whatever the wall clock does meanwhile.
            return _Pause(min(blocked.values()), everything=True)
        wait = max(due - self._clock.now().timestamp(), retry.SHORTEST_DELAY_S)
        return _Pause(min(wait, retry.LONGEST_DELAY_S))

    async def _settle(self, item: Waiting, outcome: _Outcome) -> float:
        """Write down what became of an attempt, and tell. Seconds to pause if the whole queue has to."""
        match outcome.answer:
            case Answer.DELIVERED:
                at = self._clock.now()
                await asyncio.to_thread(self._outbox.mark_delivered, item.reading_id, outcome.server_id, at)
                self._listener.delivered(item.reading_id, outcome.server_id)
                return 0.0
            case Answer.HOLD:
                _log.error(
                    "the care platform will not take %s %s (%s); it is held",
                    item.resource_type,
                    item.reading_id,
                    outcome.error,
                )
                await asyncio.to_thread(self._outbox.mark_held, item.reading_id, outcome.error)
                self._listener.held(item.reading_id)
                return 0.0
            case Answer.RETRY_ITEM | Answer.RETRY_ALL | Answer.REFUSED:
                pause = retry.delay(item.attempts + 1, self._chance(), outcome.retry_after_s)
                if outcome.retry_after_s is not None:
                    self._not_before = asyncio.get_running_loop().time() + pause
                _log.warning("%s was not delivered (%s); again in %.1f s", item.resource_type, outcome.error, pause)
                next_attempt = self._clock.now().timestamp() + pause
                alone = outcome.answer is Answer.RETRY_ITEM
                await asyncio.to_thread(
                    self._outbox.mark_retry, item.reading_id, outcome.error, next_attempt, alone=alone
                )
                return pause

    async def _attempt(self, session: aiohttp.ClientSession, item: Waiting) -> _Outcome:
        body = await self._payload(item)
        if self._tokens is None:
            return await self._send(session, item, body, None)
        try:
            token = await self._tokens.token(session)
            outcome = await self._send(session, item, body, token)
            if outcome.unauthorised:
                # It may have been withdrawn before its time: one new token, then it is us who are refused.
                self._tokens.refuse(token)
                outcome = await self._send(session, item, body, await self._tokens.token(session))
        except TokenError as error:
            if error.reason is TokenReason.UNREACHABLE:
                return _Outcome(Answer.RETRY_ALL, Fault.CARE_PLATFORM_UNREACHABLE, f"no token: {error}")
            return _Outcome(Answer.REFUSED, Fault.CARE_PLATFORM_REFUSES, f"no token: {error}")
        return outcome

    async def _payload(self, item: Waiting) -> bytes:
        """With literal references to what the server has by now."""
        found: dict[str, str] = {}
        for reference in item.refers:
            server_id = await asyncio.to_thread(self._outbox.server_id, reference.identifier)
            if server_id is not None:
                found[reference.pointer] = server_id
        return with_literal_references(item.payload, found)

    async def _send(self, session: aiohttp.ClientSession, item: Waiting, body: bytes, token: str | None) -> _Outcome:
        headers = {
            "Content-Type": "application/fhir+json",
            "Accept": "application/fhir+json",
            "Prefer": "return=representation",
            "If-None-Exist": f"identifier={IDENTIFIER_SYSTEM}|{item.reading_id}",
        }
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = f"{self._url}/{item.resource_type}"
        try:
            async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                answer = await read_body(response, MAXIMUM_BODY)
                return self._judge(response, answer, item.resource_type)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return _Outcome(Answer.RETRY_ALL, Fault.CARE_PLATFORM_UNREACHABLE, type(error).__name__)

    def _judge(self, response: aiohttp.ClientResponse, body: bytes | None, resource_type: str) -> _Outcome:
        status = response.status
        answer = retry.answer(status)
        error = f"HTTP {status}"
        match answer:
            case Answer.DELIVERED:
                server_id = _server_id(response.headers.get("Location"), body, resource_type)
                if server_id is None:
                    # Some other server, such as a hotel's log-in page, says 200: nobody has the reading.
                    return _Outcome(Answer.REFUSED, Fault.CARE_PLATFORM_REFUSES, f"{error} without {resource_type}")
                return _Outcome(answer, server_id=server_id)
            case Answer.HOLD:
                return _Outcome(answer, error=error)
            case Answer.REFUSED:
                return _Outcome(answer, Fault.CARE_PLATFORM_REFUSES, error, unauthorised=status == 401)
            case Answer.RETRY_ITEM | Answer.RETRY_ALL:
                wait = retry.retry_after(response.headers.get("Retry-After"), self._clock.now())
                return _Outcome(answer, Fault.CARE_PLATFORM_UNREACHABLE, error, retry_after_s=wait)

    def _report(self, fault: Fault | None) -> None:
        if fault is not self._fault:
            self._fault = fault
            self._listener.trouble(fault)


def _server_id(location: str | None, body: bytes | None, resource_type: str) -> str | None:
    """The logical id that the server gave, from the resource or from the Location header."""
    if body:
        try:
            parsed = msgspec.json.decode(body, type=_Body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            parsed = _Body()
        if parsed.resource_type == resource_type and parsed.id and _SERVER_ID.fullmatch(parsed.id):
            return parsed.id
    found = _LOCATION.search((location or "").partition("?")[0])
    return found.group(2) if found and found.group(1) == resource_type else None


def _refuse_plain_text(base_url: str) -> None:
    parts = urlsplit(base_url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname and is_loopback(parts.hostname):
        return
    raise ValueError(f"{base_url}: readings go over https; plain http is for this machine only")
