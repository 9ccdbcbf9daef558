"""Says one thing at a time: words become samples for whoever plays them; the newest drops what came before.

A text goes out sentence by sentence, each with its pause behind it: the first is heard while the next is being made.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from kiosk.facts.profile import Language
from kiosk.facts.spoken import Utterance
from kiosk.speech.normaliser import normalised
from kiosk.speech.phrases import PhraseError, Phrases
from kiosk.speech.prompt_pack import PackError, Recordings, load_recording
from kiosk.speech.sentences import sentences
from kiosk.speech.speaker import Samples, Speaker

_log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.6
"""Between sentences; what an old ear needs to take one in before the next comes (accessibility.md 3.3)."""

_LOOK_SECONDS = 0.3
"""A screen that stays so long gets its prompt made ahead of need."""


class Piece(msgspec.Struct, frozen=True):
    """What is made in one go: ``said`` as the voice gets it, ``written`` as it may stand on the screen."""

    said: str
    written: str


class Announcer:
    """``play`` takes the samples of a sentence and gives its number, None when nothing can play it. ``silence`` drops
    whatever is being played; ``reached`` is told what is being said now, as it is written, and ``ended`` when nothing
    is any more, unless ``stop`` or a newer ``say`` ended it. ``recordings`` are heard in place of the voice."""

    def __init__(
        self,
        phrases: Phrases,
        language: Language,
        speaker: Speaker,
        play: Callable[[Samples], int | None],
        silence: Callable[[], None],
        reached: Callable[[str], None],
        ended: Callable[[], None],
        recordings: Recordings | None = None,
    ) -> None:
        self._phrases = phrases
        self._language = language
        self._speaker = speaker
        self._play = play
        self._silence = silence
        self._recordings = Recordings(()) if recordings is None else recordings
        self._reached = reached
        self._ended = ended
        self._saying: asyncio.Task[None] | None = None
        self._recorded_too = True
        self._unusable: set[Path] = set()
        self._last: int | None = None
        self._playing: deque[tuple[int, str]] = deque()
        self._soon: tuple[Utterance, ...] = ()
        self._expected: Utterance | None = None
        self._look = asyncio.Event()

    async def run(self, soon: Iterable[Utterance]) -> None:
        """Keep the voice alive until cancelled; make what must come at once (``soon``) ahead of need."""
        self._soon = tuple(soon)
        warm = [asyncio.create_task(self._warm()), asyncio.create_task(self._make_expected())]
        try:
            await self._speaker.run()
        finally:
            for task in warm:
                task.cancel()
            await asyncio.gather(*warm, return_exceptions=True)
            self._drop()

    def use(self, phrases: Phrases, language: Language) -> None:
        """Speak this language from the next words on."""
        self._phrases = phrases
        self._language = language
        self._look.set()

    def use_recordings(self, wanted: bool) -> None:
        """Whether recordings are heard: not by a patient who hears at another speed than they were spoken."""
        self._recorded_too = wanted

    def expect(self, utterance: Utterance) -> None:
        """This may be asked for at any moment: make it ahead."""
        self._expected = utterance
        self._look.set()

    def say(self, utterance: Utterance) -> None:
        """Say this instead of what is being said."""
        self.stop()
        self._saying = asyncio.create_task(self._speak(utterance))

    def stop(self) -> None:
        """Silence, also for a sentence that is still being made."""
        self._drop()
        self._silence()

    def finished(self, number: int) -> None:
        """Whoever plays has played this one to its end, or dropped it."""
        if self._playing and self._playing[0][0] == number:
            self._playing.popleft()
            if self._playing:
                self._reached(self._playing[0][1])
        if number == self._last:
            self._last = None
            self._ended()

    def _drop(self) -> None:
        self._last = None
        self._playing.clear()
        if self._saying is not None:
            self._saying.cancel()
            self._saying = None

    async def _speak(self, utterance: Utterance) -> None:
        number: int | None = None
        pieces = self._pieces(utterance)
        for place, piece in enumerate(pieces):
            made = await self._recorded(piece) or await self._speaker.samples(piece.said)
            if made is None:
                break
            number = self._play(made if place == len(pieces) - 1 else with_pause(made))
            if number is not None:
                self._playing.append((number, piece.written))
                if len(self._playing) == 1:
                    self._reached(piece.written)
        self._last = number
        if number is None:
            self._ended()

    async def _recorded(self, piece: Piece) -> Samples | None:
        path = self._recordings.path(self._language, piece.said) if self._recorded_too else None
        if path is None or path in self._unusable:
            return None
        try:
            return await asyncio.to_thread(load_recording, path)
        except PackError as error:
            self._unusable.add(path)
            _log.error("a recording cannot be used, the voice speaks: %s", error)
            return None

    def _pieces(self, utterance: Utterance) -> list[Piece]:
        try:
            parts = self._phrases.parts(utterance)
        except PhraseError as error:
            _log.error("a phrase cannot be said: %s", error)
            return []
        return [piece for part in parts for piece in pieces_of(part, self._language)]

    async def _warm(self) -> None:
        while True:
            await self._speaker.started()
            # Anew after every start: it also tells whether the new voice works.
            for utterance in self._soon:
                for piece in self._pieces(utterance):
                    await self._speaker.samples(piece.said, anew=True)
            await self._speaker.gone()

    async def _make_expected(self) -> None:
        while True:
            await self._look.wait()
            await asyncio.sleep(_LOOK_SECONDS)
            self._look.clear()
            if self._expected is not None:
                for piece in self._pieces(self._expected):
                    await self._speaker.samples(piece.said)


def pieces_of(part: str, language: Language) -> list[Piece]:
    """The sentences of a part; where the voice's are not the written ones («2. desember»), each is the whole part's."""
    said, written = sentences(normalised(part, language)), sentences(part)
    if len(said) != len(written):
        written = [part] * len(said)
    return [Piece(*one) for one in zip(said, written, strict=True)]


def with_pause(made: Samples) -> Samples:
    """The sentence, and the silence behind it."""
    return Samples(made.sample_rate, made.data + bytes(2 * int(PAUSE_SECONDS * made.sample_rate)))
