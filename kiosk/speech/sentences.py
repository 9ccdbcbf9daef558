"""Where a text is cut for the voice: by sentences, so that the first is heard at once and each has its pause."""

from __future__ import annotations

import re

_END = re.compile(r"(?<=[.!?:…])[»\"]?\s+")
_INITIAL = re.compile(r"(?:^|\s)\w\.$")


def sentences(text: str) -> list[str]:
    """The sentences of a text in order; an initial («K. Nordmann») ends none."""
    found: list[str] = []
    begun = ""
    for piece in _END.split(text.strip()):
        begun = f"{begun} {piece}".strip()
        if begun and not _INITIAL.search(begun):
            found.append(begun)
            begun = ""
    return [*found, begun] if begun else found
