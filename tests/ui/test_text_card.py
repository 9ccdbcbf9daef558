"""What is written in a call, as values for the screen."""

from __future__ import annotations

import msgspec

from kiosk.accessbench import examples
from kiosk.facts.calls import CallOutcome
from kiosk.facts.profile import Pressing, Profile, Seeing
from kiosk.flow.state import Ended, KioskState, Writing
from kiosk.resources import assets
from kiosk.text.t140 import BACKSPACE
from kiosk.ui.presentation import present
from kiosk.ui.screens import Page, ScreenKind, page_of, screen_of
from kiosk.ui.text_card import LETTERS, TAIL, WritingCard, text_card
from kiosk.ui.texts import load_texts

TEXTS = load_texts(assets() / "phrases" / "nb.toml")
TREMOR = Profile(pressing=Pressing(tremor=True))
LARGE = Profile(seeing=Seeing(text_percent=200))


def writing(how: Writing, profile: Profile) -> WritingCard:
    written = msgspec.structs.replace(examples.texting("Hei"), writing=how)
    card = text_card(KioskState(phase=examples.TALKING, texting=written, profile=profile), TEXTS)
    assert card is not None and card.writing is not None
    return card.writing


def test_without_text_there_is_no_card() -> None:
    assert text_card(KioskState(phase=examples.TALKING), TEXTS) is None


def test_lanes_have_names_and_only_their_newest_text() -> None:
    card = text_card(KioskState(phase=examples.TALKING, texting=examples.texting("x" * 1000, "Ja 👍🏽")), TEXTS)
    assert card is not None
    assert (card.who, card.we) == ("Kari", "Du")
    assert len(card.theirs) == TAIL
    assert card.ours == "Ja 👍"
    assert card.readable


def test_a_line_that_is_lost_is_known() -> None:
    card = text_card(KioskState(phase=examples.LOST, texting=examples.texting("Hei")), TEXTS)
    assert card is not None and card.lost


def test_after_the_call_its_text_can_be_read_aloud() -> None:
    ended = KioskState(phase=Ended(examples.KARI, CallOutcome.HUNG_UP_THERE, 1.0), texting=examples.texting("Hei"))
    card = text_card(ended, TEXTS)
    assert card is not None
    assert (card.read_aloud, card.theirs) == ("Les teksten høyt", "")


def test_ready_phrases_are_short_and_the_most_needed_come_first() -> None:
    phrases = writing(Writing(), Profile()).phrases
    assert phrases[:3] == ("Ja", "Nei", "Takk")
    assert len(phrases) % 3 == 0


def test_all_letters_lie_in_nine_columns() -> None:
    card = writing(Writing(keyboard=True), Profile())
    assert card.columns == 9
    assert "".join(key.label for key in card.keys[: len(LETTERS)]) == LETTERS
    assert {key.text for key in card.keys} == {*LETTERS.lower(), "?", " ", BACKSPACE}


def test_a_trembling_hand_and_large_letters_have_two_steps() -> None:
    for profile in (TREMOR, LARGE):
        groups = [key for key in writing(Writing(keyboard=True), profile).keys if key.group >= 0]
        found = ""
        for group in groups:
            *letters, back = writing(Writing(keyboard=True, group=group.group), profile).keys
            assert group.name == f"{letters[0].label}-{letters[-1].label}"
            assert (back.text, back.group, back.name) == ("", -1, "A-Å")
            found += "".join(key.text for key in letters)
        assert found == LETTERS.lower()


def test_every_key_has_a_name_of_its_own() -> None:
    for how in (Writing(keyboard=True), Writing(keyboard=True, group=4)):
        for profile in (Profile(), TREMOR):
            names = [key.name for key in writing(how, profile).keys]
            assert all(names) and len(set(names)) == len(names)


def test_a_task_lies_over_the_keyboard_and_gives_it_back() -> None:
    written = msgspec.structs.replace(examples.texting("Hei"), writing=Writing(keyboard=True))
    state = KioskState(phase=examples.TALKING, texting=written)
    assert page_of(state) is Page.WRITE
    assert present(state, examples.NOW, TEXTS).page is Page.WRITE
    assert page_of(msgspec.structs.replace(state, measurement=examples.MEASURING)) is Page.CALL


def test_the_kinds_of_screens() -> None:
    text = examples.texting("Hei")
    kinds = {
        ScreenKind.TALK_TEXT: text,
        ScreenKind.WRITE_PHRASES: msgspec.structs.replace(text, writing=Writing()),
        ScreenKind.WRITE_KEYBOARD: msgspec.structs.replace(text, writing=Writing(keyboard=True)),
        ScreenKind.WRITE_GROUP: msgspec.structs.replace(text, writing=Writing(keyboard=True, group=0)),
    }
    for kind, written in kinds.items():
        assert screen_of(KioskState(phase=examples.TALKING, texting=written)) is kind
