"""Prompt packs: a person's recordings that are heard in place of the voice, for sentences that are always the same.

A pack is a folder with ``pack.toml`` and WAV files (16-bit mono, 16 to 48 kHz):

    version = 1
    language = "nb"
    speaker = "Who speaks, and has agreed to be heard here"
    licence = "CC-BY-4.0"

    [[recordings]]
    text = "Alt er klart."
    file = "alt-er-klart.wav"

A recording stands for its words and no others: when a phrase changes, no sentence is the recorded one any more, and the
voice says it. ``kiosk speech check`` and the doctor tell which recordings nothing asks for.
"""

from __future__ import annotations

import enum
import io
import re
import tomllib
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

from kiosk.facts.profile import Language
from kiosk.speech.edges import trimmed
from kiosk.speech.loudness import at_voice_level
from kiosk.speech.normaliser import normalised
from kiosk.speech.phrases import Phrases
from kiosk.speech.sentences import sentences
from kiosk.speech.speaker import Samples

MANIFEST = "pack.toml"
VERSION = 1

MAXIMUM_MANIFEST_BYTES = 1_000_000
MAXIMUM_RECORDING_BYTES = 4_000_000
"""Twenty seconds at 48 kHz have two."""

_RATES = range(16_000, 48_001)
_FIELD = re.compile(r"\{\w+\}")
_TELLING_LETTERS = 5
_FILE = re.compile(r"[A-Za-z0-9æøåÆØÅ][\w.-]{0,100}\.wav")


class PackFault(enum.Enum):
    """Why a pack, or one of its recordings, cannot be used."""

    NO_MANIFEST = "no-manifest"
    NOT_UNDERSTOOD = "not-understood"
    NEWER_VERSION = "newer-version"
    FILE_NAME = "file-name"
    NO_SENTENCE = "no-sentence"
    TWICE = "twice"
    NO_RECORDING = "no-recording"
    NOT_A_RECORDING = "not-a-recording"
    SILENT = "silent"


class PackError(Exception):
    """A pack or a recording that cannot be used; ``about``: which file or sentence."""

    def __init__(self, fault: PackFault, about: str) -> None:
        super().__init__(f"{about}: {fault.value}")
        self.fault = fault
        self.about = about


class Recording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``file``: a name in the pack's folder; ``text``: one sentence, as it is written."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
    file: str


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    language: Language
    speaker: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    licence: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    recordings: tuple[Recording, ...] = ()


class PromptPack(msgspec.Struct, frozen=True):
    """``files``: by the sentence as the voice would get it."""

    language: Language
    speaker: str
    files: Mapping[str, Path]


def said(text: str, language: Language) -> str:
    """The one sentence of ``text`` as the voice gets it. PackError when it is none, or several."""
    found = sentences(normalised(text, language))
    if len(found) != 1:
        raise PackError(PackFault.NO_SENTENCE, text)
    return found[0]


def parse_pack(manifest: str, folder: Path) -> PromptPack:
    """The pack that a manifest describes; looks at no file. Raises PackError."""
    try:
        found = msgspec.convert(tomllib.loads(manifest), _Manifest)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise PackError(PackFault.NOT_UNDERSTOOD, f"{folder / MANIFEST} ({error})") from error
    if found.version != VERSION:
        raise PackError(PackFault.NEWER_VERSION, str(folder / MANIFEST))
    files: dict[str, Path] = {}
    for one in found.recordings:
        if _FILE.fullmatch(one.file) is None:
            raise PackError(PackFault.FILE_NAME, one.file)
        sentence = said(one.text, found.language)
        if sentence in files:
            raise PackError(PackFault.TWICE, one.text)
        files[sentence] = folder / one.file
    return PromptPack(found.language, found.speaker, files)


def load_pack(folder: Path) -> PromptPack:
    """Read a pack's manifest. Raises PackError."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            data = file.read(MAXIMUM_MANIFEST_BYTES + 1)
        if len(data) > MAXIMUM_MANIFEST_BYTES:
            raise PackError(PackFault.NOT_UNDERSTOOD, str(folder / MANIFEST))
        return parse_pack(data.decode(), folder)
    except OSError as error:
        raise PackError(PackFault.NO_MANIFEST, str(folder / MANIFEST)) from error
    except UnicodeDecodeError as error:
        raise PackError(PackFault.NOT_UNDERSTOOD, str(folder / MANIFEST)) from error


def outdated_in(pack: PromptPack, phrases: Phrases) -> tuple[str, ...]:
    """The recorded sentences that stand in no phrase any more."""
    asked = {one for text in phrases.fixed() for one in sentences(normalised(text, pack.language))}
    # «Du kan trykke på Lukk»: with the words of a button in it.
    patterns = [pattern for text in phrases.filled() for pattern in _patterns(text)]
    return tuple(
        sentence
        for sentence in pack.files
        if sentence not in asked and not any(pattern.fullmatch(sentence) for pattern in patterns)
    )


def _patterns(text: str) -> Iterator[re.Pattern[str]]:
    for sentence in sentences(text):
        pieces = _FIELD.split(sentence.rstrip(" .…"))
        if len(pieces) == 1 or sum(len(piece.strip()) for piece in pieces) < _TELLING_LETTERS:
            continue  # a name alone would be like anything
        yield re.compile(".+".join(re.escape(piece) for piece in pieces) + r"[.?!:]?")


def load_recording(path: Path) -> Samples:
    """A recording as loud as the voice, without its silent edges. Raises PackError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_RECORDING_BYTES + 1)
    except OSError as error:
        raise PackError(PackFault.NO_RECORDING, path.name) from error
    if len(data) > MAXIMUM_RECORDING_BYTES:
        raise PackError(PackFault.NOT_A_RECORDING, path.name)
    return levelled(*_decoded(data, path.name), path.name)


def _decoded(data: bytes, name: str) -> tuple[int, npt.NDArray[np.int16]]:
    try:
        with wave.open(io.BytesIO(data)) as sound:
            rate, frames = sound.getframerate(), sound.readframes(sound.getnframes())
            fits = sound.getnchannels() == 1 and sound.getsampwidth() == 2 and rate in _RATES
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:
        raise PackError(PackFault.NOT_A_RECORDING, name) from error
    if not fits or len(frames) % 2:
        raise PackError(PackFault.NOT_A_RECORDING, name)
    return rate, np.frombuffer(frames, dtype="<i2")


def levelled(rate: int, samples: npt.NDArray[np.int16], name: str) -> Samples:
    """The samples trimmed, and brought to the voice's level. PackError when there is nothing to hear."""
    speech = at_voice_level(trimmed(samples, rate), rate)
    if speech is None:
        raise PackError(PackFault.SILENT, name)
    return Samples(rate, speech.astype("<i2").tobytes())


class Recordings:
    """The recordings of some packs; the first pack that has a sentence is heard."""

    def __init__(self, packs: tuple[PromptPack, ...]) -> None:
        self._packs = packs

    def path(self, language: Language, sentence: str) -> Path | None:
        """The file for a sentence, as the voice would get it."""
        found = (pack.files.get(sentence) for pack in self._packs if pack.language is language)
        return next((path for path in found if path is not None), None)
