"""Core's side of the voice: sentences go to the speech child, samples come back; a child that hangs is replaced."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from kiosk.facts.profile import Language
from kiosk.ipc.link import Link
from kiosk.ipc.supervision import Child
from kiosk.speech.messages import FromSpeech, NotSynthesized, Synthesize, Synthesized
from kiosk.speech.voices import VOICES, Voice, espeak_rate

_log = logging.getLogger(__name__)

ANSWER_SECONDS = 1.2
"""A sentence takes some 20 ms; a child that has not answered by then hangs and is killed."""

FIRST_ANSWER_SECONDS = 15.0
"""The first takes the start of Python and espeak-ng as well, on a machine that may be starting everything at once."""

GIVE_UP_SECONDS = 6.0
"""A sentence that cannot be made by then is not said any more."""

UNSEEN_SECONDS = 2.0
"""A voice that is back by then was never away."""

KEPT_SENTENCES = 128


class Samples(msgspec.Struct, frozen=True):
    """Signed 16-bit little-endian mono."""

    sample_rate: int
    data: bytes


class PiperVoices(msgspec.Struct, frozen=True):
    """``models``: Piper's, by the language that each speaks."""

    program: str
    models: Mapping[Language, Path]


def _arguments(piper: PiperVoices | None) -> tuple[str, ...]:
    if piper is None:
        return ()
    voices = (f"{VOICES[language].name}={model}" for language, model in piper.models.items())
    return ("--piper", piper.program, *(part for voice in voices for part in ("--piper-voice", voice)))


class _Lost:
    """The child went before it answered."""


class Speaker:
    """The voice. ``ready`` is told, when it changes, whether the voice works; a child that goes and comes again within
    UNSEEN_SECONDS is no change.

    ``piper``: voices that stand in for espeak-ng's. ``folder``: mode 0700, on a memory file system, used by nothing
    else.
    """

    def __init__(
        self,
        voice: Voice,
        words_per_minute: int,
        folder: Path,
        ready: Callable[[bool], None],
        piper: PiperVoices | None = None,
    ) -> None:
        self._voice = voice
        self._rate = espeak_rate(voice, words_per_minute)
        self._ready = ready
        self._works: bool | None = None
        self._doubt: asyncio.TimerHandle | None = None
        self._link: Link[FromSpeech] | None = None
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._answered_at_all = False
        self._next = 1
        self._waiting: dict[int, asyncio.Future[Samples | _Lost | None]] = {}
        self._kept: OrderedDict[Synthesize, Samples] = OrderedDict()
        self._child: Child[FromSpeech] = Child(
            "speech",
            (sys.executable, "-m", "kiosk.speech", "--folder", str(folder), *_arguments(piper)),
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

    def use(self, voice: Voice, words_per_minute: int) -> None:
        """Speak like this from the next sentence on."""
        self._voice = voice
        self._rate = espeak_rate(voice, words_per_minute)

    async def samples(self, sentence: str, *, anew: bool = False) -> Samples | None:
        """The sentence as sound, from memory when it was made before (unless ``anew``); None when there is no voice.

        A child that goes or hangs meanwhile is replaced, and asked again.
        """
        wanted = Synthesize(0, sentence, self._voice.name, self._rate)
        kept = None if anew else self._kept.get(wanted)
        if kept is not None:
            self._kept.move_to_end(wanted)
            return kept
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS if self._answered_at_all else FIRST_ANSWER_SECONDS):
                made: Samples | _Lost | None = _Lost()
                while isinstance(made, _Lost):
                    await self._up.wait()
                    made = await self._asked(wanted)
        except TimeoutError:
            made = None
        if made is None:
            self._tell(False)
            return None
        self._tell(True)
        self._kept[wanted] = made
        while len(self._kept) > KEPT_SENTENCES:
            self._kept.popitem(last=False)
        return made

    async def _asked(self, wanted: Synthesize) -> Samples | _Lost | None:
        if self._link is None:
            return _Lost()
        request_id = self._next
        self._next += 1
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Samples | _Lost | None] = loop.create_future()
        self._waiting[request_id] = answer
        self._link.send(msgspec.structs.replace(wanted, request_id=request_id))
        hangs = loop.call_later(ANSWER_SECONDS if self._answered_at_all else FIRST_ANSWER_SECONDS, self._kill)
        try:
            return await answer
        finally:
            hangs.cancel()
            self._waiting.pop(request_id, None)

    def _kill(self) -> None:
        _log.error("the speech child does not answer; killing it")
        if self._child.process_id is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child.process_id, signal.SIGKILL)

    def _tell(self, works: bool) -> None:
        if self._doubt is not None:
            self._doubt.cancel()
            self._doubt = None
        if works is not self._works:
            self._works = works
            self._ready(works)

    def _started(self, link: Link[FromSpeech]) -> None:
        self._link = link
        self._down.clear()
        self._up.set()

    def _lost(self) -> None:
        self._link = None
        self._up.clear()
        self._down.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result(_Lost())
        if self._doubt is None and self._works is not False:
            self._doubt = asyncio.get_running_loop().call_later(UNSEEN_SECONDS, self._tell, False)

    def _received(self, message: FromSpeech, descriptors: list[int]) -> None:
        self._answered_at_all = True
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
