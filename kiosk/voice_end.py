"""Core's end of the voice: it speaks the patient's language at the patient's rate, and follows the profile at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kiosk.controller import Controller
from kiosk.ends import MediaEnd
from kiosk.facts.caller import Caller
from kiosk.facts.faults import Fault
from kiosk.facts.moment import Moment
from kiosk.facts.profile import Language, Profile
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import events as on
from kiosk.flow import prompts
from kiosk.flow.state import KioskState
from kiosk.ipc import media_messages as media
from kiosk.resources import assets
from kiosk.speech.announcer import Announcer
from kiosk.speech.phrases import Phrases, parse_phrases
from kiosk.speech.prompt_pack import PackError, PromptPack, Recordings, load_pack
from kiosk.speech.speaker import PiperVoices, Speaker
from kiosk.speech.voices import VOICES

_log = logging.getLogger(__name__)

RECORDED_RATE = 140
"""Words a minute at which people who read for a pack are asked to speak."""

RATE_TOLERANCE = 20
"""A patient whose voice is slower or faster by more than this hears the voice, which keeps the speed chosen."""


class VoiceEnd:
    """``attach`` the controller before ``run``. Raises PhraseError for a language whose phrases are not whole."""

    def __init__(
        self,
        profile: Profile,
        folder: Path,
        media_end: MediaEnd,
        callers: Sequence[Caller],
        now: Callable[[], Moment],
        prompt_packs: Sequence[Path] = (),
        piper: PiperVoices | None = None,
    ) -> None:
        self._profile = profile
        self._media = media_end
        self._callers = tuple(callers)
        self._now = now
        self._controller: Controller | None = None
        self._screen = ""
        self._speaker = Speaker(VOICES[profile.language], profile.speaking.words_per_minute, folder, self._works, piper)
        self._announcer = Announcer(
            phrases_of(profile.language),
            profile.language,
            self._speaker,
            lambda samples: media_end.speak(samples.sample_rate, samples.data),
            lambda: media_end.send(media.StopSpeaking()),
            self._reached,
            self._ended,
            Recordings(tuple(_usable(prompt_packs))),
        )
        self._announcer.use_recordings(_at_recorded_rate(profile))

    def attach(self, controller: Controller) -> None:
        """Whom to tell."""
        self._controller = controller

    async def run(self) -> None:
        """Keep the voice alive until cancelled; who may ring is named without delay."""
        always = Utterance(Spoken.RECOVERING)
        await self._announcer.run([*(prompts.rings(caller) for caller in self._callers), always])

    def say(self, utterance: Utterance) -> None:
        """Speak, instead of what is being said; a patient who wants no voice hears none."""
        if self._profile.speaking.enabled:
            self._announcer.say(utterance)
        else:
            self._ended()

    def stop(self) -> None:
        """Silence."""
        self._announcer.stop()

    def finished(self, speech_id: int) -> None:
        """Media has played this speech to its end, or dropped it."""
        self._announcer.finished(speech_id)

    def look_at(self, state: KioskState) -> None:
        """This is on the screen now: «Si igjen» may be pressed at any moment."""
        screen = prompts.screen_of(state)
        if screen != self._screen and self._profile.speaking.enabled:
            self._screen = screen
            self._announcer.expect(prompts.prompt(state, self._now()))

    def use(self, profile: Profile) -> None:
        """Speak by this profile from now on."""
        before, self._profile = self._profile, profile
        if profile.language is not before.language:
            self._announcer.use(phrases_of(profile.language), profile.language)
        self._speaker.use(VOICES[profile.language], profile.speaking.words_per_minute)
        self._announcer.use_recordings(_at_recorded_rate(profile))
        if not profile.speaking.enabled:
            self._announcer.stop()
            self._ended()

    def _reached(self, words: str) -> None:
        if self._controller is not None:
            self._controller.handle(on.SpeechReached(words))

    def _ended(self) -> None:
        if self._controller is not None:
            self._controller.handle(on.SpeechEnded())

    def _works(self, works: bool) -> None:
        if self._controller is not None:
            raised = not works and self._profile.speaking.enabled
            self._controller.handle(on.FaultRaised(Fault.NO_VOICE) if raised else on.FaultCleared(Fault.NO_VOICE))


def phrases_of(language: Language) -> Phrases:
    """The phrases of a language, out of its file. Raises PhraseError, OSError."""
    return parse_phrases((assets() / "phrases" / f"{language.value}.toml").read_text(encoding="utf-8"))


def _at_recorded_rate(profile: Profile) -> bool:
    return abs(profile.speaking.words_per_minute - RECORDED_RATE) <= RATE_TOLERANCE


def _usable(folders: Sequence[Path]) -> Iterator[PromptPack]:
    """The packs that can be read; of the others the doctor tells."""
    for folder in folders:
        try:
            yield load_pack(folder)
        except PackError as error:
            _log.error("a prompt pack cannot be used, the voice speaks: %s", error)
