"""Core's side of the voice: sentences go to the speech child, samples come back; a child that hangs is replaced."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import msgspec

from kiosk.ipc.link import Link
from kiosk.ipc.supervision import Child
from kiosk.speech.messages import FromSpeech, NotSynthesized, Synthesize, Synthesized

_log = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
"""A sentence takes some 20 ms; a child that has not answered by then hangs and is killed."""

FIRST_ANSWER_SECONDS = 15.0
"""The first takes the start of Python and espeak-ng as well, on a machine that may be starting everything at once."""

KEPT_SENTENCES = 32
ESPEAK_RATE_PER_WORD_A_MINUTE = 162 / 140
"""Measured for bokmål (accessibility.md 4.2): espeak's rate 162 speaks 140 words a minute."""


class Samples(msgspec.Struct, frozen=True):
    """Signed 16-bit little-endian mono."""

    sample_rate: int
    data: bytes


class Speaker:
    """The voice. ``ready`` is told after every sentence, and when the child goes, whether the voice works.

    ``folder``: mode 0700, on a memory file system, used by nothing else.
    """

    def __init__(self, voice: str, words_per_minute: int, folder: Path, ready: Callable[[bool], None]) -> None:
        self._voice = voice
        self._rate = round(words_per_minute * ESPEAK_RATE_PER_WORD_A_MINUTE)
        self._ready = ready
        self._link: Link[FromSpeech] | None = None
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._has_answered = False
        self._next = 1
        self._waiting: dict[int, asyncio.Future[Samples | None]] = {}
        self._kept: OrderedDict[str, Samples] = OrderedDict()
        self._child: Child[FromSpeech] = Child(
            "speech",
            (sys.executable, "-m", "kiosk.speech", "--folder", str(folder)),
            msgspec.json.Decoder(FromSpeech),
            started=self._started,
            received=self._received,
            lost=self._lost,
        )

    @property
    def process_id(self) -> int | None:
        """The child's, for the bench and the doctor."""
        return self._child.process_id

    async def run(self) -> None:
        """Keep the child running until cancelled."""
        await self._child.run()

    async def started(self) -> None:
        """Wait until there is a child to ask."""
        await self._up.wait()

    async def gone(self) -> None:
        """Wait until the present child has gone."""
        await self._down.wait()

    async def samples(self, sentence: str, *, anew: bool = False) -> Samples | None:
        """The sentence as sound, from memory when it was made before (unless ``anew``); None when there is no voice."""
        kept = None if anew else self._kept.get(sentence)
        if kept is not None:
            self._kept.move_to_end(sentence)
            return kept
        if self._link is None:
            return None
        request_id = self._next
        self._next += 1
        answer: asyncio.Future[Samples | None] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answer
        self._link.send(Synthesize(request_id, sentence, self._voice, self._rate))
        try:
            made = await asyncio.wait_for(answer, ANSWER_SECONDS if self._has_answered else FIRST_ANSWER_SECONDS)
        except TimeoutError:
            _log.error("the speech child does not answer; killing it")
            if self._child.process_id is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._child.process_id, 9)
            self._ready(False)
            return None
        finally:
            self._waiting.pop(request_id, None)
        self._ready(made is not None)
        if made is not None:
            self._kept[sentence] = made
            while len(self._kept) > KEPT_SENTENCES:
                self._kept.popitem(last=False)
        return made

    def _started(self, link: Link[FromSpeech]) -> None:
        self._link = link
        self._has_answered = False
        self._down.clear()
        self._up.set()

    def _lost(self) -> None:
        self._link = None
        self._up.clear()
        self._down.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result(None)
        self._ready(False)

    def _received(self, message: FromSpeech, descriptors: list[int]) -> None:
        self._has_answered = True
        answer = self._waiting.get(message.request_id)
        match message:
            case Synthesized(_, sample_rate, samples):
                made = None
                if len(descriptors) == 1:
                    with os.fdopen(descriptors.pop(), "rb") as file:
                        file.seek(0)
                        data = file.read()
                    made = Samples(sample_rate, data) if len(data) == 2 * samples else None
                if answer is not None and not answer.done():
                    answer.set_result(made)
            case NotSynthesized(_, detail):
                _log.error("no speech: %s", detail)
                if answer is not None and not answer.done():
                    answer.set_result(None)
        for descriptor in descriptors:
            os.close(descriptor)
