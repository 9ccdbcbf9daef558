"""G1, G2, G4, G5 and G18: what is drawn, over the registry of all screens, in every theme, language and size."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from PySide6.QtGui import QColor

from kiosk.accessbench import examples
from kiosk.accessbench.access_check import AccessCheck, Figure
from kiosk.accessbench.screen_measures import (
    FIXED,
    WRITING,
    Found,
    capitals_degrees,
    choices,
    contrast,
    controls_mm,
    edge_contrast,
    gap_mm,
    layout_faults,
    lix,
    pixels,
    sentences,
    text_contrast,
    worst,
)
from kiosk.accessbench.stage import Stage, application
from kiosk.facts.profile import Language, Pressing, Profile, Seeing, Theme
from kiosk.flow.state import KioskState
from kiosk.resources import assets
from kiosk.ui.pseudo import every_language
from kiosk.ui.screens import screen_of

SCREENS = (((1280, 800), 10.1), ((1920, 1080), 15.6))
PERCENTS = (100, 150, 200)
SPOKEN = (Language.BOKMAAL, Language.NYNORSK, Language.ENGLISH)
HIGH_CONTRAST = (Theme.DARK, Theme.LIGHT, Theme.YELLOW_ON_BLACK)

_MORE = (
    *(
        "home-full",
        "home-two-kinds",
        "home-three-kinds-fault",
        "home-call-server-refuses-kinds",
        "talk-recovering-long",
        "talk-text-captions",
        "talk-text-measuring",
        "talk-text-recovering",
    ),
    *("failed-device-not-found", "ended-answered-elsewhere", "history-month", "measured-weight", "measured-glucose"),
)
"""Beside one of every kind of screen: those with most on them."""

_BODY = frozenset(
    {"day", "date", "visit", "statusDetail", "measurementStep", "endedAction", "ownerTitle", "callerLine"}
    | {"theirsLine", "oursLine", "captionLine"}
)
"""Texts that are read as sentences; headings and marks have colours of their own."""


def chosen() -> dict[str, KioskState]:
    """An example of every kind of screen, and those with most on them."""
    every = examples.every_state()
    kinds: dict[object, str] = {}
    for name, state in every.items():
        kinds.setdefault(screen_of(state), name)
    return {name: every[name] for name in dict.fromkeys((*kinds.values(), *_MORE))}


def real(state: KioskState, seeing: Seeing) -> KioskState:
    """At twice the size a small screen shows what a home shows: there is no line left for the mark of practice."""
    small = seeing.diagonal_inches < 12 and seeing.text_percent > 150
    return msgspec.structs.replace(state, fakes=()) if small else state


class Shown(msgspec.Struct, frozen=True):
    """A stage that shows one sub-page; ``where`` tells which, of what."""

    stage: Stage
    where: str


def shown(profiles: list[Profile], size: tuple[int, int] = (1280, 800)) -> Iterator[Shown]:
    """Every sub-page of every chosen screen for each profile."""
    application()
    stage = Stage(size)
    states = chosen()
    try:
        for profile in profiles:
            stage.profile = profile
            for name, state in states.items():
                stage.lay_out(real(state, profile.seeing))
                for page in range(stage.sub_pages()):
                    seeing = profile.seeing
                    what = f"{name} {page + 1}, {profile.language.value}, {seeing.theme.value}, {seeing.text_percent} %"
                    yield Shown(stage, f"{what}, {seeing.diagonal_inches} inches")
                    stage.turn()
    finally:
        stage.close()


def _themes(themes: tuple[Theme, ...] = tuple(Theme)) -> list[Profile]:
    return [Profile(seeing=Seeing(theme=theme)) for theme in themes]


def _least(each: Callable[[Shown], Iterator[Found]], views: Iterator[Shown]) -> Figure:
    found = worst(Found(one.value, f"{one.where} on {view.where}") for view in views for one in each(view))
    return Figure(found.value, found.where.replace("\n", " "))


def contrast_of_text() -> Figure:
    """The lowest of every text as drawn, in all themes."""
    return _least(lambda view: text_contrast(view.stage, pixels(view.stage.grab())), shown(_themes()))


def contrast_of_body() -> Figure:
    """The lowest of running text in the themes of high contrast."""

    def body(view: Shown) -> Iterator[Found]:
        drawn = pixels(view.stage.grab())
        names = {f"«{item.property('text')}»" for item in view.stage.texts() if item.objectName() in _BODY}
        return (one for one in text_contrast(view.stage, drawn) if one.where in names)

    return _least(body, shown(_themes(HIGH_CONTRAST)))


def contrast_at_night() -> Figure:
    """The lowest of every text between calls at three in the morning."""

    def night(view: Shown) -> Iterator[Found]:
        view.stage.now = view.stage.now.replace(hour=3)
        view.stage.model.tick()
        return text_contrast(view.stage, pixels(view.stage.grab()))

    return _least(night, shown(_themes((Theme.DARK, Theme.YELLOW_ON_BLACK))))


def contrast_of_edges() -> Figure:
    """The lowest of every button against what lies beside it."""
    return _least(lambda view: edge_contrast(view.stage, pixels(view.stage.grab())), shown(_themes()))


def contrast_when_pressed() -> Figure:
    """The lowest of the words on buttons while they are held."""

    def held(view: Shown) -> Iterator[Found]:
        buttons = view.stage.items("BigButton")
        for button in buttons:
            button.setProperty("keyHeld", True)
        words = {f"«{button.property('text')}»" for button in buttons}
        found = [one for one in text_contrast(view.stage, pixels(view.stage.grab())) if one.where in words]
        for button in buttons:
            button.setProperty("keyHeld", False)
        return iter(found)

    return _least(held, shown(_themes()))


def contrast_of_focus() -> Figure:
    """The lowest of the ring around the button that has the keyboard's focus, against the ground that it lies on."""

    def focused(view: Shown) -> Iterator[Found]:
        stage = view.stage
        ring = 1.4 * stage.millimetre
        for button in stage.items("BigButton"):
            button.setProperty("keyboardInUse", True)
            button.forceActiveFocus()
            drawn = pixels(stage.grab())
            place = stage.rectangle(button)
            row = round(place.center().y())
            columns = (place.left() - 1.5 * ring, place.left() - 0.5 * ring, place.left() - 2 * ring - 2)
            colour, within, beyond = (QColor(int(drawn[row, max(0, round(column))])) for column in columns)
            if place.left() > 3 * ring:
                yield Found(min(contrast(colour, within), contrast(colour, beyond)), button.objectName())

    return _least(focused, shown(_themes()))


def control_sizes(tremor: bool = False) -> Figure:
    """The smaller side of the smallest control, in millimetres, on both screens at every size."""
    found: list[Found] = []
    for size, diagonal in SCREENS:
        profiles = [
            Profile(seeing=Seeing(text_percent=percent, diagonal_inches=diagonal), pressing=Pressing(tremor=tremor))
            for percent in PERCENTS
        ]
        for view in shown(profiles, size):
            found += [Found(one.value, f"{one.where} on {view.where}") for one in controls_mm(view.stage)]
    least = worst(found)
    return Figure(least.value, least.where)


def control_sizes_of_tremor() -> Figure:
    """The same for a hand that trembles."""
    return control_sizes(tremor=True)


def controls_of_tremor() -> Figure:
    """The most controls of one sub-page for a hand that trembles, «Si igjen» and «Mer» counted, writing apart."""
    profile = Profile(pressing=Pressing(tremor=True))
    views = (
        (len([item for item in view.stage.items("BigButton") if item.objectName() not in WRITING]), view.where)
        for view in shown([profile])
    )
    count, where = max(views, key=lambda one: one[0])
    return Figure(count, where)


def _rings(each: Callable[[Stage], float]) -> Figure:
    found: list[Found] = []
    for size, diagonal in SCREENS:
        for percent in PERCENTS:
            seeing = Seeing(text_percent=percent, diagonal_inches=diagonal)
            application()
            stage = Stage(size, Profile(seeing=seeing))
            stage.lay_out(real(examples.every_state()["ring"], seeing))
            found.append(Found(each(stage), f"{percent} %, {diagonal} inches"))
            stage.close()
    least = worst(found)
    return Figure(least.value, least.where)


def answer_share() -> Figure:
    """How much of the screen the answer button takes, in per cent, where it is smallest."""

    def share(stage: Stage) -> float:
        place = stage.rectangle(stage.item("answer"))
        return 100 * place.width() * place.height() / (stage.window.width() * stage.window.height())

    return _rings(share)


def answer_height() -> Figure:
    """Height of the answer button in millimetres, where it is lowest."""
    return _rings(lambda stage: stage.rectangle(stage.item("answer")).height() / stage.millimetre)


def answer_apart() -> Figure:
    """Between the answer and the button that refuses, in millimetres."""
    return _rings(
        lambda stage: (
            gap_mm(stage.rectangle(stage.item("answer")), stage.rectangle(stage.item("decline"))) / stage.millimetre
        )
    )


def text_size() -> Figure:
    """The smallest capitals in degrees, over what the profile asks for (so 0.7 at 100, 150 and 200 %)."""
    found: list[Found] = []
    for size, diagonal in SCREENS:
        profiles = [Profile(seeing=Seeing(text_percent=each, diagonal_inches=diagonal)) for each in PERCENTS]
        for view in shown(profiles, size):
            asked = view.stage.profile.seeing.text_percent / 100
            found += [Found(one.value / asked, f"{one.where} on {view.where}") for one in capitals_degrees(view.stage)]
    least = worst(found)
    return Figure(least.value, least.where)


def layout() -> Figure:
    """How many texts or buttons are clipped, overlap or leave the screen: every language, size and screen."""
    faults: list[str] = []
    for size, diagonal in SCREENS:
        profiles = [
            Profile(language=language, seeing=Seeing(text_percent=percent, diagonal_inches=diagonal))
            for language in Language
            for percent in PERCENTS
        ]
        for view in shown(profiles, size):
            faults += [f"{fault} on {view.where}" for fault in layout_faults(view.stage)]
    return Figure(len(faults), faults[0].replace("\n", " ") if faults else "")


def most_choices() -> Figure:
    """The most buttons to choose from on a sub-page, «Si igjen» and «Mer» apart."""
    profiles = [Profile(seeing=Seeing(text_percent=percent)) for percent in PERCENTS]
    count, where = max(((choices(view.stage), view.where) for view in shown(profiles)), key=lambda one: one[0])
    return Figure(count, where)


def fixed_places() -> Figure:
    """At how many places «Si igjen» or «Mer» stand, over all pages of one patient's screen; each at one."""
    most = Figure(0.0)
    for percent in PERCENTS:
        places: dict[str, set[tuple[int, int, int, int]]] = {name: set() for name in FIXED}
        always = True
        for view in shown([Profile(seeing=Seeing(text_percent=percent))]):
            there = {item.objectName(): view.stage.rectangle(item) for item in view.stage.items("BigButton")}
            always = always and "sayAgain" in there
            for name in FIXED & there.keys():
                one = there[name]
                places[name].add((round(one.x()), round(one.y()), round(one.width()), round(one.height())))
        if not always:
            return Figure(None, "a page without «Si igjen»")
        count = max(len(found) for found in places.values())
        most = Figure(count, f"{percent} %") if count > (most.value or 0) else most
    return most


def longest_sentence() -> Figure:
    """Words of the longest sentence that the screen shows."""
    texts = every_language(assets() / "phrases")
    every = [
        (len(one.split()), f"{language.value}: {one}") for language in SPOKEN for one in sentences(texts[language])
    ]
    count, where = max(every)
    return Figure(count, where)


def readability() -> Figure:
    """LIX of all words of the screen, of the language where it is highest."""
    texts = every_language(assets() / "phrases")
    value, language = max((lix(sentences(texts[one])), one.value) for one in SPOKEN)
    return Figure(value, language)


CHECKS = (
    AccessCheck("g1_contrast_text", "to 1", 7.0, contrast_of_text, more=True),
    AccessCheck("g1_contrast_body", "to 1", 15.0, contrast_of_body, more=True),
    AccessCheck("g1_contrast_night", "to 1", 7.0, contrast_at_night, more=True),
    AccessCheck("g1_contrast_pressed", "to 1", 7.0, contrast_when_pressed, more=True),
    AccessCheck("g1_contrast_edges", "to 1", 3.0, contrast_of_edges, more=True),
    AccessCheck("g1_contrast_focus", "to 1", 3.0, contrast_of_focus, more=True),
    AccessCheck("g2_control_mm", "mm", 20.0, control_sizes, more=True),
    AccessCheck("g2_control_tremor_mm", "mm", 30.0, control_sizes_of_tremor, more=True),
    AccessCheck("g2_controls_tremor", "controls", 4.0, controls_of_tremor, digits=0),
    AccessCheck("g2_answer_share", "%", 25.0, answer_share, more=True),
    AccessCheck("g2_answer_height", "mm", 40.0, answer_height, more=True),
    AccessCheck("g2_answer_apart", "mm", 20.0, answer_apart, more=True),
    AccessCheck("g4_text_size", "degrees", 0.7, text_size, more=True, digits=2),
    AccessCheck("g5_layout", "faults", 0.0, layout, digits=0),
    AccessCheck("g18_choices", "choices", 3.0, most_choices, digits=0),
    AccessCheck("g18_fixed_places", "places", 1.0, fixed_places, digits=0),
    AccessCheck("g18_sentence", "words", 12.0, longest_sentence, digits=0),
    AccessCheck("g18_lix", "LIX", 30.0, readability),
)
