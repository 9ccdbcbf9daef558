"""G6: every screen as assistive programs get it, in this process; over the real bus see tests/at_spi."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject

from kiosk.accessbench import tree_faults
from kiosk.accessbench.stage import Stage
from kiosk.accessbench.tree import Node, act, showing, tree_of
from kiosk.accessbench.tree_checks import LANGUAGES, one_of_each, survey_screen
from kiosk.accessbench.tree_faults import Word
from kiosk.facts.profile import Language, Profile, Seeing
from tests.ui import states

STATES = states.every_state()


@pytest.fixture(scope="module")
def stage(qapp: QObject) -> Iterator[Stage]:
    stage = Stage((1280, 800))
    yield stage
    stage.close()


@pytest.mark.parametrize("name", STATES)
def test_every_screen_is_told_and_can_be_used(stage: Stage, name: str) -> None:
    stage.profile = Profile()
    for _, _, faults in survey_screen(stage, STATES[name]):
        assert {what: where for what, where in faults.items() if where} == {}


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one is not Language.BOKMAAL])
@pytest.mark.parametrize("name", one_of_each())
def test_names_are_in_the_language_of_the_screen(stage: Stage, name: str, language: Language) -> None:
    stage.profile = Profile(language=language)
    for _, _, faults in survey_screen(stage, STATES[name]):
        assert {what: where for what, where in faults.items() if where} == {}


@pytest.mark.parametrize("name", one_of_each())
def test_large_text_is_told_whole(stage: Stage, name: str) -> None:
    """At twice the size a text may go over sub-pages; every one of them tells what it shows."""
    stage.profile = Profile(seeing=Seeing(text_percent=200))
    for _, _, faults in survey_screen(stage, STATES[name]):
        assert {what: where for what, where in faults.items() if where and what != "outside"} == {}


def test_reading_order_and_values(stage: Stage) -> None:
    stage.profile = Profile()
    stage.show(STATES["measure-inflating"])
    nodes = list(showing(tree_of(stage.window)))
    [bar] = [node.value for node in nodes if node.role == "ProgressBar"]
    assert bar == pytest.approx((0.0, 1.0, 0.71))
    texts = [node.name for node in nodes if node.role in ("Heading", "StaticText")]
    assert texts.index("Mål blodtrykk") < texts.index("142") < texts.index("Mansjetten pumper.")
    stage.show(STATES["owner"])
    tree = list(showing(tree_of(stage.window)))
    assert [node.name for node in tree if node.role == "Dialog"] == ["Er dette din måling?"]
    question = next(place for place, node in enumerate(tree) if node.role == "Heading")
    buttons = [place for place, node in enumerate(tree) if node.role == "Button"]
    assert question < min(buttons)


def test_the_focus_is_where_the_tree_says(stage: Stage) -> None:
    stage.profile = Profile()
    stage.show(STATES["home"])
    stage.show(STATES["ring"])
    focused = [node.name for node in showing(tree_of(stage.window)) if node.focused]
    assert focused == ["Svar videotelefon"]


# -- the checks themselves: each must find what it is for ---------------------------------------------------------


def _button(**changes: object) -> Node:
    fields: dict[str, object] = {
        "role": "Button",
        "name": "Lukk",
        "rect": (10, 10, 100, 50),
        "focusable": True,
        "actions": ("Press", "SetFocus"),
        **changes,
    }
    return Node(**fields)  # type: ignore[arg-type]


def _window(*children: Node) -> Node:
    return Node("Window", "Svar", rect=(0, 0, 640, 400), children=children)


def test_each_fault_is_found() -> None:
    assert tree_faults.nameless(_window(_button(name=" ")))
    assert tree_faults.nameless(_window(Node("Graphic", "")))
    assert tree_faults.doubled(_window(_button(), _button()))
    assert tree_faults.outside(_window(_button(rect=(600, 10, 100, 50))))
    assert tree_faults.outside(_window(_button(rect=(0, 0, 0, 0))))
    assert tree_faults.unusable(_window(_button(focusable=False)))
    assert tree_faults.unusable(_window(_button(actions=("SetFocus",))))
    assert tree_faults.pages(_window(_button()))
    assert tree_faults.pages(_window(Node("Pane", "a"), Node("Pane", "b")))
    assert tree_faults.untold([Word("Hei", None)])
    assert tree_faults.untold([Word("Hei", Node("StaticText", "Ha det"))])
    assert tree_faults.ghosts(_window(Node("StaticText", "Hei", identity=7)), [])


def test_what_is_right_is_no_fault() -> None:
    window = _window(Node("Pane", "Siden", children=(_button(), _button(name="Nei"))))
    for faults in (tree_faults.nameless, tree_faults.doubled, tree_faults.outside, tree_faults.unusable):
        assert faults(window) == []
    assert tree_faults.pages(window) == []
    assert tree_faults.nameless(_window(_button(name="", visible=False))) == []
    told = Node("StaticText", "Ta på deg mansjetten. Sitt i ro.", identity=7)
    assert tree_faults.untold([Word("Sitt i ro.", told), Word("KN", Node("Graphic", "Bilde av Kari"))]) == []
    assert tree_faults.ghosts(_window(told), [Word("Sitt i ro.", told)]) == []


def test_a_press_that_is_not_offered_is_refused(stage: Stage) -> None:
    stage.show(STATES["home"])
    with pytest.raises(ValueError, match="no action"):
        act(stage.item("clock"), "Press")
