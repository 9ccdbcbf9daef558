"""Says one thing at a time: words become samples for whoever plays them; the newest drops what came before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from kiosk.facts.spoken import Utterance
from kiosk.speech.phrases import Phrases
from kiosk.speech.speaker import Samples, Speaker


class Announcer:
    """``play`` takes the samples of a sentence; ``silence`` drops whatever is being played."""

    def __init__(
        self, phrases: Phrases, speaker: Speaker, play: Callable[[Samples], None], silence: Callable[[], None]
    ) -> None:
        self._phrases = phrases
        self._speaker = speaker
        self._play = play
        self._silence = silence
        self._saying: asyncio.Task[None] | None = None

    async def run(self, soon: Iterable[Utterance]) -> None:
        """Keep the voice alive until cancelled; make what must come at once (``soon``) ahead of need."""
        warm = asyncio.create_task(self._warm(tuple(soon)))
        try:
            await self._speaker.run()
        finally:
            warm.cancel()
            self._drop()

    def say(self, utterance: Utterance) -> None:
        """Say this instead of what is being said."""
        self.stop()
        self._saying = asyncio.create_task(self._speak(utterance))

    def stop(self) -> None:
        """Silence, also for a sentence that is still being made."""
        self._drop()
        self._silence()

    def _drop(self) -> None:
        if self._saying is not None:
            self._saying.cancel()
            self._saying = None

    async def _speak(self, utterance: Utterance) -> None:
        made = await self._speaker.samples(self._phrases.sentence(utterance))
        if made is not None:
            self._play(made)

    async def _warm(self, soon: tuple[Utterance, ...]) -> None:
        while True:
            await self._speaker.started()
            # Anew after every start: it also tells whether the new voice works.
            for utterance in soon:
                await self._speaker.samples(self._phrases.sentence(utterance), anew=True)
            await self._speaker.gone()
