"""Colours and sizes of every page for one patient's eyes and hands, this screen and this hour. Pure."""

from __future__ import annotations

import math
from datetime import datetime

import msgspec

from kiosk.facts.profile import Profile, Seeing, Theme
from kiosk.flow.state import Connecting, Ended, Idle, KioskState, Measuring, Ringing, Talking

CAPITAL_DEGREES = 0.7
"""EN 301 549, 5.1.4: height of a capital H at the distance from which the screen is read."""

BUTTON_DEGREES = 1.2
"""Of the text on a large button, where there is room."""

TARGET_MM, TREMOR_TARGET_MM = 20.0, 30.0
"""Sides of a control at least."""

APART_MM = 20.0
"""Between two buttons that mean the opposite."""

LINE = 1.16
"""Height of a line over the font's pixel size."""

LEAST_LINES = 4.4
"""So many lines of text fit on any screen: nothing can be read where fewer do, however large the letters."""

CHOICES, TREMOR_CONTROLS = 3, 4
"""Choices on a page beside «Si igjen» and «Mer»; controls of a page in all for a hand that trembles."""

NIGHT_BEGINS, NIGHT_ENDS = 22, 7
"""Hours of the local clock."""

AWAKE_SECONDS = 30.0
"""How long a touch keeps the full light at night."""


class Palette(msgspec.Struct, frozen=True):
    """Colours by what they are for, as #rrggbb. Every text has 7:1 on its ground, edges and focus 3:1.

    ``panel`` is a raised card with ``panel_edge``; ``plain`` the main button, ``quiet`` the others (with ``edge``);
    ``good`` the answer; ``grave`` what is wrong; ``band`` the target of a curve.
    """

    background: str
    panel: str
    panel_edge: str
    text: str
    quiet_text: str
    title: str
    edge: str
    plain: str
    plain_ink: str
    quiet: str
    quiet_ink: str
    good: str
    good_ink: str
    good_edge: str
    mark: str
    mark_ink: str
    grave: str
    grave_ink: str
    focus: str
    band: str
    band_edge: str


PALETTES = {
    Theme.DARK: Palette(
        background="#0B1520",
        panel="#122132",
        panel_edge="#122132",
        text="#FDFAF2",
        quiet_text="#FDFAF2",
        title="#FFD400",
        edge="#FDFAF2",
        plain="#F7F3E8",
        plain_ink="#14202C",
        quiet="#122132",
        quiet_ink="#FDFAF2",
        good="#00592B",
        good_ink="#FFFFFF",
        good_edge="#FFFFFF",
        mark="#FFD400",
        mark_ink="#0B0B0B",
        grave="#FFD400",
        grave_ink="#0B0B0B",
        focus="#FFD400",
        band="#00592B",
        band_edge="#5FD39A",
    ),
    Theme.LIGHT: Palette(
        background="#FFFFFF",
        panel="#F1F4F8",
        panel_edge="#6B7683",
        text="#0B0F14",
        quiet_text="#0B0F14",
        title="#00205B",
        edge="#0B0F14",
        plain="#14202C",
        plain_ink="#FFFFFF",
        quiet="#FFFFFF",
        quiet_ink="#0B0F14",
        good="#00592B",
        good_ink="#FFFFFF",
        good_edge="#003318",
        mark="#FFD400",
        mark_ink="#0B0B0B",
        grave="#8C0014",
        grave_ink="#FFFFFF",
        focus="#0046AD",
        band="#CDEBD9",
        band_edge="#00592B",
    ),
    Theme.YELLOW_ON_BLACK: Palette(
        background="#000000",
        panel="#000000",
        panel_edge="#FFE100",
        text="#FFE100",
        quiet_text="#FFE100",
        title="#FFE100",
        edge="#FFE100",
        plain="#FFE100",
        plain_ink="#000000",
        quiet="#000000",
        quiet_ink="#FFE100",
        good="#FFE100",
        good_ink="#000000",
        good_edge="#FFFFFF",
        mark="#FFFFFF",
        mark_ink="#000000",
        grave="#FFFFFF",
        grave_ink="#000000",
        focus="#FFFFFF",
        band="#3D3600",
        band_edge="#FFE100",
    ),
    Theme.CALM: Palette(
        background="#FAF6EC",
        panel="#F3ECDC",
        panel_edge="#8A7F68",
        text="#1A1A1A",
        quiet_text="#1A1A1A",
        title="#1F4A46",
        edge="#4A453B",
        plain="#2B4A47",
        plain_ink="#FFFFFF",
        quiet="#FAF6EC",
        quiet_ink="#1A1A1A",
        good="#1B5638",
        good_ink="#FFFFFF",
        good_edge="#0C2E1D",
        mark="#E8D9A8",
        mark_ink="#1A1A1A",
        grave="#7A2B14",
        grave_ink="#FFFFFF",
        focus="#7A3E00",
        band="#D5E6D3",
        band_edge="#1B5638",
    ),
}

_NIGHT = Palette(
    background="#000000",
    panel="#0A0A09",
    panel_edge="#0A0A09",
    text="#B9B09C",
    quiet_text="#B9B09C",
    title="#B9B09C",
    edge="#8A8375",
    plain="#1C1A17",
    plain_ink="#C4BBA7",
    quiet="#000000",
    quiet_ink="#B9B09C",
    good="#002A14",
    good_ink="#C4BBA7",
    good_edge="#8A8375",
    mark="#1C1A17",
    mark_ink="#C4BBA7",
    grave="#C4BBA7",
    grave_ink="#000000",
    focus="#B9B09C",
    band="#06200F",
    band_edge="#6E8F79",
)

_YELLOW_NIGHT = msgspec.structs.replace(
    _NIGHT,
    text="#B8A200",
    quiet_text="#B8A200",
    title="#B8A200",
    edge="#8F7E00",
    plain_ink="#C4AD00",
    quiet_ink="#B8A200",
    mark_ink="#C4AD00",
    grave="#C4AD00",
    focus="#B8A200",
    band="#020A04",
)


class Measures(msgspec.Struct, frozen=True):
    """Sizes in pixels; ``text`` and ``button_text`` are pixel sizes of the font. ``choices``: on one page at most.

    ``whole_percent``: 100, or how much of the wanted text size this screen has room for.
    """

    millimetre: float
    text: int
    button_text: int
    line: int
    target: float
    apart: float
    choices: int
    whole_percent: int


def capital_mm(seeing: Seeing) -> float:
    """Height of the smallest capitals that this patient is to be shown."""
    return math.tan(math.radians(CAPITAL_DEGREES)) * seeing.distance_m * 1000 * seeing.text_percent / 100


def millimetre_of(seeing: Seeing, width: float, height: float) -> float:
    """Pixels of a millimetre on a screen of ``width`` by ``height`` pixels."""
    return math.hypot(width, height) / (seeing.diagonal_inches * 25.4)


def measures(profile: Profile, width: float, height: float, cap_ratio: float) -> Measures:
    """Sizes on a screen of ``width`` by ``height`` pixels, for a font whose capitals are ``cap_ratio`` of its size."""
    millimetre = millimetre_of(profile.seeing, width, height)
    wanted = capital_mm(profile.seeing) * millimetre / cap_ratio
    text = math.ceil(min(wanted, height / LEAST_LINES / LINE))
    tremor = profile.pressing.tremor
    return Measures(
        millimetre=millimetre,
        text=text,
        button_text=math.ceil(text * BUTTON_DEGREES / CAPITAL_DEGREES),
        line=math.ceil(text * LINE),
        target=(TREMOR_TARGET_MM if tremor else TARGET_MM) * millimetre,
        apart=APART_MM * millimetre,
        choices=TREMOR_CONTROLS if tremor else CHOICES,
        whole_percent=min(100, math.floor(100 * text / wanted)),
    )


def palette(seeing: Seeing, dimmed: bool) -> Palette:
    """The colours of the theme; ``dimmed``: of the night."""
    if not dimmed:
        return PALETTES[seeing.theme]
    return _YELLOW_NIGHT if seeing.theme is Theme.YELLOW_ON_BLACK else _NIGHT


def dimmed(state: KioskState, now: datetime, quiet_for: float) -> bool:
    """Whether the screen is darker at ``now`` (local time). ``quiet_for``: seconds since it was last touched.

    A call and a measurement are never dark; nor are the first seconds after a touch.
    """
    if not state.profile.seeing.night_dimming or quiet_for < AWAKE_SECONDS:
        return False
    match state.phase:
        case Ringing() | Connecting() | Talking():
            return False
        case Idle() | Ended():
            if isinstance(state.measurement, Measuring):
                return False
    return now.hour >= NIGHT_BEGINS or now.hour < NIGHT_ENDS
