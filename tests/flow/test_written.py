"""What is written in a call is told with the screen, beside a task too, and on the pages for writing."""

from __future__ import annotations

import tomllib

import msgspec
import pytest

from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import prompts
from kiosk.flow.state import KioskState, Measuring, Talking, Texting, Writing
from kiosk.flow.written import lanes
from kiosk.resources import assets
from kiosk.text.conversation import Conversation
from kiosk.text.t140 import Lane
from tests.flow.test_measuring import PRESSURE
from tests.flow.test_transitions import KARI, moment

TEXTING = Texting("1", "Kari Nordmann", Conversation(theirs=Lane("Hei Olga!\nHører du meg"), ours=Lane("Ja")))
TALK = KioskState(phase=Talking("1", KARI, 0.0), texting=TEXTING)
THEIRS = Utterance(Spoken.THEY_WROTE, (("name", "Kari Nordmann"), ("text", "Hei Olga! Hører du meg.")))
OURS = Utterance(Spoken.YOU_WROTE, (("text", "Ja."),))


def writing(how: Writing) -> KioskState:
    return msgspec.structs.replace(TALK, texting=msgspec.structs.replace(TEXTING, writing=how))


@pytest.mark.parametrize(
    "state",
    [
        TALK,
        msgspec.structs.replace(TALK, measurement=Measuring(PRESSURE, 1.0)),
        writing(Writing()),
        writing(Writing(keyboard=True)),
        writing(Writing(keyboard=True, group=2)),
    ],
)
def test_both_lanes_are_told_wherever_they_stand(state: KioskState) -> None:
    told = prompts.prompt(state, moment(1)).all()
    assert THEIRS in told
    assert OURS in told


def test_each_way_of_writing_is_a_screen_of_its_own() -> None:
    ways = [TALK, *(writing(how) for how in (Writing(), Writing(page=1), Writing(keyboard=True)))]
    assert len({prompts.screen_of(state) for state in ways}) == 4
    to = Utterance(Spoken.WRITE_TO, (("name", "Kari"),))
    assert [to in prompts.prompt(state, moment(1)).all() for state in ways] == [False, True, True, True]


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_every_ready_phrase_can_be_told(language: str) -> None:
    table = tomllib.loads((assets() / "phrases" / f"{language}.toml").read_text(encoding="utf-8"))
    assert len(table["screen"]["texting"]["phrases"]) == prompts.READY_PHRASES


def test_the_newest_words_are_told_whole() -> None:
    long = Texting("1", "Kari Nordmann", Conversation(theirs=Lane("ett to tre fire fem")))
    assert lanes(long, 11)[0].fields[1] == ("text", "fire fem.")
    assert lanes(long, 600)[0].fields[1] == ("text", "ett to tre fire fem.")
    assert lanes(Texting("1", "Kari"), 600) == []
