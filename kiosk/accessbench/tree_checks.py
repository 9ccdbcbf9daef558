"""G6: every screen in the accessibility tree, walked and pressed in this process, in every language."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import msgspec
import shiboken6
from PySide6.QtQuick import QQuickItem

from kiosk.accessbench import examples, tree_faults
from kiosk.accessbench.access_check import AccessCheck, Figure
from kiosk.accessbench.stage import Stage, application
from kiosk.accessbench.tree import Node, act, showing, tree_of
from kiosk.accessbench.tree_faults import Word
from kiosk.facts.profile import Language, Profile
from kiosk.flow.state import KioskState
from kiosk.resources import assets
from kiosk.ui.pseudo import every_language
from kiosk.ui.screens import screen_of

LANGUAGES = (Language.BOKMAAL, Language.NYNORSK, Language.ENGLISH)
_SIZE = (1280, 800)
_LATER_S = 10.0
"""Longer than any press is ignored for being the same as the one before."""


class Survey(msgspec.Struct, frozen=True):
    """How many sub-pages, usable elements and texts were looked at, and every fault by what it is, with its place."""

    sub_pages: int
    controls: int
    texts: int
    faults: dict[str, tuple[str, ...]]


def words(stage: Stage, tree: Node) -> list[Word]:
    """Every text that is drawn, with what tells it."""
    told = {node.identity: node for node in showing(tree) if node.role not in tree_faults.PAGE_ROLES | {"Window"}}
    return [Word(str(item.property("text")), _told_by(item, told)) for item in stage.texts()]


def _told_by(item: QQuickItem | None, told: dict[int, Node]) -> Node | None:
    while item is not None:
        node = told.get(shiboken6.getCppPointer(item)[0])
        if node is not None:
            return node
        item = item.parentItem()
    return None


def without_effect(stage: Stage) -> list[str]:
    """Usable elements whose press reaches nobody: an action is offered, and accepted, even where none is behind it."""
    found = []
    for item in stage.items("BigButton"):
        stage.at += _LATER_S
        stage.pressed.clear()
        before = stage.place()
        act(item, "Press")
        if stage.place() != before:
            for _ in range(stage.sub_pages() - 1):
                stage.turn()  # round to where it was
        elif not stage.pressed:
            found.append(f"«{item.property('text')}» does nothing")
    return found


def survey_screen(stage: Stage, state: KioskState) -> Iterator[tuple[Node, list[Word], dict[str, list[str]]]]:
    """Show it, and for every sub-page: its tree, its texts and its faults."""
    texts = every_language(assets() / "phrases")[stage.profile.language]
    stage.show(state)
    for _ in range(stage.sub_pages()):
        tree = tree_of(stage.window)
        drawn = words(stage, tree)
        yield (
            tree,
            drawn,
            {
                "untold": tree_faults.untold(drawn),
                "ghost": tree_faults.ghosts(tree, drawn),
                "name": tree_faults.nameless(tree) + tree_faults.doubled(tree) + tree_faults.pages(tree),
                "language": tree_faults.foreign(tree, texts),
                "outside": tree_faults.outside(tree),
                "unusable": tree_faults.unusable(tree),
                "no effect": without_effect(stage),
            },
        )
        stage.turn()


def one_of_each() -> dict[str, KioskState]:
    """An example of every kind of screen."""
    kinds = {screen_of(state): name for name, state in reversed(examples.every_state().items())}
    every = examples.every_state()
    return {name: every[name] for name in kinds.values()}


@functools.cache
def survey() -> Survey:
    """All examples in bokmål, and one of every kind of screen in the other languages."""
    application()
    stage = Stage(_SIZE)
    sub_pages = controls = texts = 0
    faults: dict[str, list[str]] = {}
    try:
        for language in LANGUAGES:
            stage.profile = Profile(language=language)
            states = examples.every_state() if language is Language.BOKMAAL else one_of_each()
            for name, state in states.items():
                for tree, drawn, found in survey_screen(stage, state):
                    sub_pages += 1
                    controls += sum(node.interactive for node in showing(tree))
                    texts += len(drawn)
                    for what, where in found.items():
                        faults.setdefault(what, []).extend(f"{one} on {name}, {language.value}" for one in where)
    finally:
        stage.close()
    return Survey(sub_pages, controls, texts, {what: tuple(where) for what, where in faults.items()})


def _share(total: int, wrong: tuple[str, ...], of: str) -> Figure:
    return Figure(100.0 * (total - len(wrong)) / total, wrong[0] if wrong else f"of {total} {of}")


def _count(what: str) -> Figure:
    wrong = survey().faults.get(what, ())
    return Figure(float(len(wrong)), wrong[0] if wrong else f"on {survey().sub_pages} sub-pages")


def texts_told() -> Figure:
    """Of every text that is drawn, the share that the tree tells."""
    return _share(survey().texts, survey().faults["untold"], "texts")


def presses_with_effect() -> Figure:
    """Of everything that can be used, the share whose press, by the tree, arrives."""
    return _share(survey().controls, survey().faults["unusable"] + survey().faults["no effect"], "controls")


CHECKS = (
    AccessCheck("g6_texts_told", "%", 100.0, texts_told, more=True),
    AccessCheck("g6_presses_with_effect", "%", 100.0, presses_with_effect, more=True),
    AccessCheck("g6_bad_names", "", 0.0, lambda: _count("name"), digits=0),
    AccessCheck("g6_foreign_names", "", 0.0, lambda: _count("language"), digits=0),
    AccessCheck("g6_hidden_told", "", 0.0, lambda: _count("ghost"), digits=0),
    AccessCheck("g6_outside", "", 0.0, lambda: _count("outside"), digits=0),
)
