"""Colours and sizes as values: by degrees at a distance, for a trembling hand, and darker at night."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import msgspec
import pytest
from PySide6.QtGui import QColor

from kiosk.accessbench import examples
from kiosk.accessbench.screen_measures import contrast
from kiosk.facts.profile import Pressing, Profile, Seeing, Theme
from kiosk.flow.state import Ended, KioskState
from kiosk.ui.appearance import dimmed, measures, palette

CAP = 0.668
LONG_AGO = 1000.0


def test_a_capital_is_as_high_as_the_standard_asks() -> None:
    """EN 301 549, 5.1.4: 0.7 degrees; 8.6 mm at 0.7 m."""
    for percent in (100, 150, 200):
        sizes = measures(Profile(seeing=Seeing(text_percent=percent)), 1280, 800, CAP)
        height = sizes.text * CAP / sizes.millimetre
        assert height == pytest.approx(8.55 * percent / 100, abs=0.15)
        assert math.degrees(math.atan(height / 700)) >= 0.69 * percent / 100


def test_a_pixel_is_a_pixel_of_the_configured_screen() -> None:
    small = measures(Profile(seeing=Seeing(diagonal_inches=10.1)), 1280, 800, CAP)
    fine = measures(Profile(seeing=Seeing(diagonal_inches=10.1)), 1920, 1200, CAP)
    large = measures(Profile(seeing=Seeing(diagonal_inches=15.6)), 1920, 1080, CAP)
    assert small.millimetre == pytest.approx(5.88, abs=0.01)
    assert fine.millimetre == pytest.approx(8.83, abs=0.01)
    assert large.millimetre == pytest.approx(5.56, abs=0.01)
    assert (small.target / small.millimetre, small.apart / small.millimetre) == pytest.approx((20, 20))


def test_a_trembling_hand_has_larger_controls() -> None:
    sizes = measures(Profile(pressing=Pressing(tremor=True)), 1280, 800, CAP)
    assert sizes.target / sizes.millimetre == pytest.approx(30)
    assert sizes.choices == 4


def test_letters_that_no_screen_has_room_for_are_as_large_as_can_be() -> None:
    far = measures(Profile(seeing=Seeing(text_percent=200, distance_m=2.0)), 1280, 800, CAP)
    assert 4 * far.line <= 800
    assert far.whole_percent < 100
    assert measures(Profile(seeing=Seeing(text_percent=200)), 1280, 800, CAP).whole_percent == 100


@pytest.mark.parametrize(
    ("hour", "quiet_for", "expected"),
    [
        (21, LONG_AGO, False),
        (22, LONG_AGO, True),
        (0, LONG_AGO, True),
        (6, LONG_AGO, True),
        (7, LONG_AGO, False),
        (12, LONG_AGO, False),
        (3, 0.0, False),
        (3, 29.9, False),
        (3, 30.0, True),
    ],
)
def test_between_calls_it_is_darker_at_night_until_touched(hour: int, quiet_for: float, expected: bool) -> None:
    now = datetime(2026, 11, 24, hour, 30, tzinfo=UTC)
    assert dimmed(KioskState(), now, quiet_for) is expected
    awake = KioskState(profile=Profile(seeing=Seeing(night_dimming=False)))
    assert dimmed(awake, now, quiet_for) is False


def test_a_ring_a_call_and_a_measurement_are_never_dark() -> None:
    night = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    for phase in (examples.RINGING, examples.CONNECTING, examples.TALKING):
        assert not dimmed(KioskState(phase=phase), night, LONG_AGO)
    assert not dimmed(KioskState(measurement=examples.MEASURING), night, LONG_AGO)
    ended = examples.every_state()["ended-failed"].phase
    assert isinstance(ended, Ended)
    assert dimmed(KioskState(phase=ended), night, LONG_AGO)


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("night", [False, True])
def test_the_colours_of_every_theme(theme: Theme, night: bool) -> None:
    one = msgspec.structs.asdict(palette(Seeing(theme=theme), night))

    def ratio(ink: str, ground: str) -> float:
        return contrast(QColor(one[ink]), QColor(one[ground]))

    body = 7.0 if night or theme is Theme.CALM else 15.0
    assert min(ratio("text", "background"), ratio("text", "panel"), ratio("quiet_text", "background")) >= body
    for ink, ground in (
        *(("title", "background"), ("plain_ink", "plain"), ("quiet_ink", "quiet"), ("good_ink", "good")),
        *(("mark_ink", "mark"), ("grave", "background"), ("grave_ink", "grave"), ("text", "band")),
    ):
        assert ratio(ink, ground) >= 7.0, (ink, ground)
    for edge in ("edge", "good_edge", "focus", "band_edge"):
        assert ratio(edge, "background") >= 3.0, edge
