"""What is written and said in a call, as values for the screen: pure. How it is broken into lines is text_model's."""

from __future__ import annotations

import msgspec

from kiosk.facts.profile import Profile
from kiosk.flow.state import Ended, KioskState, Talking, Writing
from kiosk.text.captions import CaptionMessage
from kiosk.text.t140 import BACKSPACE
from kiosk.ui.texts import ScreenTexts

TAIL = 240
"""Characters of a lane that the screen may show; its newest lines."""


class TextCard(msgspec.Struct, frozen=True):
    """``who`` writes ``theirs``; ``we`` is the word for the patient. ``captions``: the last of ``captions_heard``.

    ``readable``: the other end can read what the patient writes. ``read_aloud``: the button that has it read, or empty.
    ``lost``: the line is, so nothing is said any more.
    """

    who: str
    we: str
    theirs: str = ""
    ours: str = ""
    readable: bool = False
    captions: tuple[CaptionMessage, ...] = ()
    captions_heard: int = 0
    call_id: str = ""
    read_aloud: str = ""
    lost: bool = False
    writing: WritingCard | None = None


class WritingCard(msgspec.Struct, frozen=True):
    """How the patient writes: with ``phrases``, or with ``keys``, ``columns`` of them in a row. ``keyboard``: whether
    by keys."""

    phrases: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    columns: int = 9
    keyboard: bool = False


class Key(msgspec.Struct, frozen=True):
    """``label`` on it, empty where it has a drawing; ``name`` for a screen reader. It writes ``text``, or opens the
    ``group``, or leads back to the groups. ``span``: columns that it takes."""

    label: str
    name: str
    text: str = ""
    group: int = -1
    span: int = 1


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZÆØÅ"
GROUPS = ("ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZÆØÅ")
"""Of letters that are chosen in two steps, each large."""

ALL_LETTERS = "A-Å"
"""On the key that leads back to the groups."""

_LARGE_COLUMNS = 4

LARGEST_FOR_LETTERS = 140
"""Per cent of the text size: with larger letters, or for a hand that trembles, a key is chosen in two steps."""


def _writing_card(writing: Writing, profile: Profile, texts: ScreenTexts) -> WritingCard:
    if not writing.keyboard:
        return WritingCard(phrases=texts.texting.phrases)
    space = Key("", texts.texting.space, " ", span=3)
    erase = Key("", texts.texting.erase, BACKSPACE, span=3)
    if not profile.pressing.tremor and profile.seeing.text_percent <= LARGEST_FOR_LETTERS:
        letters = tuple(Key(letter, letter, letter.lower()) for letter in LETTERS)
        return WritingCard(keys=(*letters, Key("?", "?", "?"), space, erase), keyboard=True)
    if writing.group is not None and 0 <= writing.group < len(GROUPS):
        letters = tuple(Key(letter, letter, letter.lower()) for letter in GROUPS[writing.group])
        back = Key(ALL_LETTERS, ALL_LETTERS, span=_LARGE_COLUMNS - len(letters) % _LARGE_COLUMNS)
        return WritingCard(keys=(*letters, back), columns=_LARGE_COLUMNS, keyboard=True)
    groups = tuple(Key(name, name, group=at) for at, name in enumerate(f"{one[0]}-{one[-1]}" for one in GROUPS))
    narrow = [msgspec.structs.replace(key, span=1) for key in (space, erase)]
    return WritingCard(keys=(*groups, Key("?", "?", "?"), *narrow), columns=_LARGE_COLUMNS, keyboard=True)


_SKINS = {code: None for code in range(0x1F3FB, 0x1F400)}
"""Modifiers of the colour of skin, which the fonts of the screen do not draw."""


def _shown(text: str) -> str:
    return text[-TAIL:].translate(_SKINS)


def text_card(state: KioskState, texts: ScreenTexts) -> TextCard | None:
    """None where nothing is or was written, and nothing can be."""
    texting = state.texting
    if texting is None:
        return None
    who = texting.name.split(" ")[0]
    match state.phase:
        case Talking() as talking:
            lanes = texting.conversation
            return TextCard(
                who=who,
                we=texts.texting.you,
                theirs=_shown(lanes.theirs.text),
                ours=_shown(lanes.ours.text),
                readable=texting.readable,
                captions=texting.captions,
                captions_heard=texting.captions_heard,
                call_id=texting.call_id,
                lost=talking.recovering,
                writing=_writing_card(texting.writing, state.profile, texts) if texting.writing is not None else None,
            )
        case Ended():
            return TextCard(who=who, we=texts.texting.you, read_aloud=texts.texting.read_aloud)
        case _:
            return None
