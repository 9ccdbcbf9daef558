"""Which of the words on the screen are being said: for the mark under them. Pure.

What is said is written like what stands there, but not always in one piece: «Blodtrykket er 125 over 80» is said of
«125/80», and «Du kan velge Mål blodtrykk eller Mine målinger» of two buttons.
"""

from __future__ import annotations

import re

_STEM = 3
_ENDING = 3

_WORD = re.compile(r"[^\W_]+")


def is_spoken(text: str, spoken: str) -> bool:
    """Whether ``text``, as it stands on the screen, is what ``spoken`` says, or a part of it, or has it for a part."""
    shown, said = _words(text), _words(spoken)
    if not shown or not said:
        return False
    if len(shown) > len(said):
        starts = range(len(shown) - len(said) + 1)
        return any(all(map(_alike, shown[start:], said)) for start in starts)
    rest = iter(said)
    return all(any(_alike(word, other) for other in rest) for word in shown)


def _alike(one: str, other: str) -> bool:
    """The same word, also with an ending: «Puls» and «pulsen», «Mål» and «måle»."""
    short, long = sorted((one, other), key=len)
    return short == long or (len(short) >= _STEM and len(long) - len(short) <= _ENDING and long.startswith(short))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
