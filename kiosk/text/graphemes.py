"""Where one user-perceived character ends and the next begins: what one press on «slett» takes away. Pure.

Follows Unicode Standard Annex #29 (extended grapheme clusters) as far as it matters for what people write here:
combining marks, emoji with modifiers, flags and joiners, Hangul, CR LF. The properties come from ``unicodedata``;
Python has no table of Extended_Pictographic, so symbols (So) and the emoji blocks stand for it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

LONGEST_CLUSTER = 32
"""Code points. Real ones have at most some ten (a family emoji, a flag of tags); a longer one is cut into several."""

_LOOK_BACK = 4 * LONGEST_CLUSTER

_ZERO_WIDTH_JOINER = "\u200d"
_EXTENDING_CATEGORIES = frozenset({"Mn", "Me", "Mc"})


def clusters(text: str) -> Iterator[str]:
    """The user-perceived characters of a text, in order; joined they are the text."""
    begin = 0
    for at in range(1, len(text)):
        if at - begin >= LONGEST_CLUSTER or _breaks(text, begin, at):
            yield text[begin:at]
            begin = at
    if text:
        yield text[begin:]


def without_last(text: str) -> str:
    """The text less its last user-perceived character."""
    if not text:
        return text
    # No cluster reaches over a break that is certain: begin at a plain letter, space or new line before the end.
    begin, first = len(text) - 1, max(0, len(text) - _LOOK_BACK)
    while begin > first and not _is_certain(text, begin):
        begin -= 1
    *_, newest = clusters(text[begin:])
    return text[: len(text) - len(newest)]


def _is_certain(text: str, at: int) -> bool:
    """Whether a cluster begins here whatever stands further back."""
    here, before = text[at], text[at - 1]
    return here.isascii() and here != "\n" and before.isascii()


def _breaks(text: str, begin: int, at: int) -> bool:
    """Whether there is a border before ``at`` in a cluster that began at ``begin`` (the rules GB3 to GB13)."""
    before, here = text[at - 1], text[at]
    if before == "\r" and here == "\n":
        return False
    if _is_control(before) or _is_control(here):
        return True
    if here == _ZERO_WIDTH_JOINER or _extends(here):
        return False
    if before == _ZERO_WIDTH_JOINER:
        return not (_is_pictographic(text[begin]) and _is_pictographic(here))
    if _is_regional(before) and _is_regional(here):
        return (at - begin) % 2 == 0
    return not _is_hangul_syllable(before, here)


def _is_control(character: str) -> bool:
    category = unicodedata.category(character)
    return category in ("Cc", "Zl", "Zp") or (
        category == "Cf" and character != _ZERO_WIDTH_JOINER and not _extends(character)
    )


def _extends(character: str) -> bool:
    code = ord(character)
    return (
        unicodedata.category(character) in _EXTENDING_CATEGORIES
        or 0x1F3FB <= code <= 0x1F3FF  # skin tones
        or 0xE0020 <= code <= 0xE007F  # tags, for flags of parts of a country
        or code == 0x200C
        or 0xFF9E <= code <= 0xFF9F
    )


def _is_regional(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _is_pictographic(character: str) -> bool:
    code = ord(character)
    if 0x1F000 <= code <= 0x1FAFF:
        return not _is_regional(character) and not _extends(character)
    return 0xA8 < code < 0x3300 and unicodedata.category(character) in ("So", "Sm")


def _is_hangul_syllable(before: str, here: str) -> bool:
    first, second = ord(before), ord(here)
    leading, vowel = 0x1100 <= first <= 0x115F, 0x1160 <= first <= 0x11A7
    trailing = 0x11A8 <= first <= 0x11FF
    whole = 0xAC00 <= first <= 0xD7A3
    open_syllable = whole and (first - 0xAC00) % 28 == 0
    then_vowel, then_trailing = 0x1160 <= second <= 0x11A7, 0x11A8 <= second <= 0x11FF
    if leading:
        return then_vowel or 0x1100 <= second <= 0x115F or 0xAC00 <= second <= 0xD7A3
    if vowel or open_syllable:
        return then_vowel or then_trailing
    return (trailing or whole) and then_trailing
