"""``kiosk speech``: what a person is asked to read for a prompt pack, and what of a pack is heard. Parsing only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from kiosk.facts.profile import Language

LANGUAGES = ("nb", "nn", "en")


@click.group()
def speech() -> None:
    """Recordings by a person in place of the voice (prompt packs)."""


@speech.command()
@click.option("--language", type=click.Choice(LANGUAGES), default="nb", show_default=True)
def script(language: str) -> None:
    """Write what is to be read, as the beginning of a pack.toml: every sentence that is always the same."""
    from kiosk.facts.profile import Language
    from kiosk.speech.prompt_pack import VERSION

    click.echo(f'version = {VERSION}\nlanguage = "{language}"\nspeaker = ""\nlicence = ""')
    for number, sentence in enumerate(fixed_sentences(Language(language)), start=1):
        click.echo(f'\n[[recordings]]\ntext = "{sentence}"\nfile = "{number:03}.wav"')


@speech.command()
@click.argument("pack", type=click.Path(path_type=Path, file_okay=False, exists=True))
def check(pack: Path) -> None:
    """Say which sentences of a pack are heard, which are missing, and which nothing asks for any more."""
    from kiosk.resources import assets
    from kiosk.speech.phrases import parse_phrases
    from kiosk.speech.prompt_pack import PackError, load_pack, load_recording, outdated_in, said

    try:
        found = load_pack(pack)
    except PackError as error:
        click.echo(f"The pack cannot be used: {error}.", err=True)
        sys.exit(1)
    wanted = {said(sentence, found.language): sentence for sentence in fixed_sentences(found.language)}
    phrases = parse_phrases((assets() / "phrases" / f"{found.language.value}.toml").read_text(encoding="utf-8"))
    outdated = outdated_in(found, phrases)
    for sentence in outdated:
        click.echo(f"outdated  {found.files[sentence].name}  {sentence}")
    wrong = len(outdated)
    for sentence, file in found.files.items():
        if sentence in outdated:
            continue
        try:
            load_recording(file)
        except PackError as error:
            wrong += 1
            click.echo(f"unusable  {error}")
    missing = [text for sentence, text in wanted.items() if sentence not in found.files]
    for text in missing:
        click.echo(f"missing   {text}")
    click.echo(f"{len(wanted) - len(missing)} of {len(wanted)} sentences are recorded by {found.speaker}.")
    sys.exit(1 if wrong else 0)


def fixed_sentences(language: Language) -> tuple[str, ...]:
    """What the screens say in the same words in every home, as it is written, in the order of the screens."""
    found: dict[str, None] = {}
    for sentence in _sentences(language):
        found.setdefault(sentence)
    return tuple(found)


def _sentences(language: Language) -> Iterator[str]:
    from kiosk.accessbench.voice_checks import prompts_in
    from kiosk.speech.announcer import pieces_of
    from kiosk.speech.prompt_pack import PackError, said

    for part in prompts_in(language):
        for piece in pieces_of(part, language):
            try:
                said(piece.written, language)
            except PackError:
                continue  # the voice cuts it otherwise than it is written
            yield piece.written
