"""What of a screen is missing, nameless or wrong for assistive programs (G6), as lists of what and where. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from kiosk.accessbench.tree import TEXT_ROLES, Node, showing
from kiosk.ui.texts import ScreenTexts

PAGE_ROLES = frozenset({"Pane", "Dialog"})
_NAMED = PAGE_ROLES | {"Graphic", "ProgressBar", "Chart"}


class Word(msgspec.Struct, frozen=True):
    """A text on the screen, and the element that tells it: itself, or the button or picture around it; or nothing."""

    text: str
    told_by: Node | None


def nameless(tree: Node) -> list[str]:
    """Elements that can be used, pages, pictures and bars without a name of their own."""
    return [
        f"{node.role} {node.object_name} has no name"
        for node in showing(tree)
        if (node.interactive or node.role in _NAMED) and not node.name.strip()
    ]


def doubled(tree: Node) -> list[str]:
    """Names that more than one usable element has, and pictures that are called as another one is."""
    nodes = list(showing(tree))
    kinds = ([one.name for one in nodes if one.interactive], [one.name for one in nodes if one.role == "Graphic"])
    return [f"{count} are called «{name}»" for names in kinds for name, count in Counter(names).items() if count > 1]


def foreign(tree: Node, texts: ScreenTexts) -> list[str]:
    """Names of usable elements that are not made of this language's own words."""
    known = [re.compile(_pattern(text)) for text in _strings(msgspec.to_builtins(texts))]
    more = re.compile(f"{re.escape(texts.more)} {_pattern(texts.more_of)}")
    letters = re.compile("[A-ZÆØÅ?](-[A-ZÆØÅ])?")
    return [
        f"«{node.name}» is not of this language"
        for node in showing(tree)
        if node.interactive and not any(one.fullmatch(node.name) for one in (*known, more, letters))
    ]


def outside(tree: Node) -> list[str]:
    """Elements that are empty or do not lie wholly inside the window."""
    left, top, width, height = tree.rect
    found = []
    for node in showing(tree):
        if not (node.interactive or node.role in TEXT_ROLES or node.role == "Graphic"):
            continue
        x, y, wide, high = node.rect
        if wide <= 0 or high <= 0 or x < left or y < top or x + wide > left + width or y + high > top + height:
            found.append(f"{node.role} «{node.name}» at {node.rect}")
    return found


def unusable(tree: Node) -> list[str]:
    """Usable elements that cannot be focused, or offer no press."""
    return [
        f"«{node.name}» offers {' '.join(node.actions) or 'nothing'}"
        for node in showing(tree)
        if node.interactive and not (node.focusable and "Press" in node.actions)
    ]


def pages(tree: Node) -> list[str]:
    """Anything but one page with a name."""
    names = [node.name for node in showing(tree) if node.role in PAGE_ROLES]
    return [] if len(names) == 1 else [f"{len(names)} pages: {', '.join(names)}"]


def untold(words: Iterable[Word]) -> list[str]:
    """Texts on the screen that nothing in the tree tells. Letters that stand for a picture are told by its name."""
    return [
        f"«{word.text}» is not told"
        for word in words
        if word.told_by is None
        or not (word.told_by.role == "Graphic" or _plain(word.text) in _plain(word.told_by.name))
    ]


def ghosts(tree: Node, words: Iterable[Word]) -> list[str]:
    """Texts in the tree that do not stand on the screen, or not so often."""
    there = Counter(word.told_by.identity for word in words if word.told_by is not None)
    return [
        f"«{node.name}» is not on the screen"
        for node in showing(tree)
        if node.role in TEXT_ROLES and there[node.identity] != 1
    ]


def _plain(text: str) -> str:
    return "".join(text.split()).lower()


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def _pattern(template: str) -> str:
    """What a template becomes, whatever fills its fields."""
    return ".+".join(re.escape(part) for part in re.split(r"{[^}]*}", template))
