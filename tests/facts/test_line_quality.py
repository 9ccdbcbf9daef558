"""The verdict on a line: what counts, what lasts, and what is taken back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.line_quality import SECONDS_TO_BETTER, SECONDS_TO_WORSE, LineFigures, LineJudge, LineVerdict, judge

GOOD = LineFigures(0.04, 0.0, 0.0, 0.0, 0.0, 2_000_000.0)
WEAK = LineFigures(concealed_share=0.08)
BAD = LineFigures(frozen_share=0.6)


@pytest.mark.parametrize(
    "figures, verdict",
    [
        (LineFigures(), LineVerdict.GOOD),
        (GOOD, LineVerdict.GOOD),
        (LineFigures(round_trip_s=0.6), LineVerdict.WEAK),
        (LineFigures(round_trip_s=1.2), LineVerdict.BAD),
        (LineFigures(lost_share_sent=0.12), LineVerdict.WEAK),
        (LineFigures(lost_share_received=0.3), LineVerdict.BAD),
        (LineFigures(frozen_share=0.2), LineVerdict.WEAK),
        (LineFigures(concealed_share=0.2), LineVerdict.BAD),
        (LineFigures(available_bitrate=300_000.0), LineVerdict.GOOD),
        (LineFigures(available_bitrate=100_000.0), LineVerdict.WEAK),
        (LineFigures(available_bitrate=40_000.0), LineVerdict.BAD),
        (LineFigures(available_bitrate=100_000.0, frozen_share=0.5), LineVerdict.BAD),
        (LineFigures(round_trip_s=float("nan")), LineVerdict.GOOD),
    ],
)
def test_the_worst_figure_decides(figures: LineFigures, verdict: LineVerdict) -> None:
    assert judge(figures) is verdict


def test_a_single_dropout_is_no_weak_line() -> None:
    line = LineJudge()
    for figures in (GOOD, BAD, BAD, BAD, GOOD, GOOD, BAD, GOOD):
        assert line.take(figures) is LineVerdict.GOOD


def test_a_weak_line_is_said_when_it_lasts_and_taken_back_when_it_is_over() -> None:
    line = LineJudge()
    told = [line.take(WEAK) for _ in range(SECONDS_TO_WORSE)]
    assert told[-2:] == [LineVerdict.GOOD, LineVerdict.WEAK]
    told = [line.take(GOOD) for _ in range(SECONDS_TO_BETTER)]
    assert told[-2:] == [LineVerdict.WEAK, LineVerdict.GOOD]


def test_just_below_the_limit_is_not_better() -> None:
    line = LineJudge()
    for _ in range(SECONDS_TO_WORSE):
        line.take(LineFigures(concealed_share=0.06))
    for _ in range(5 * SECONDS_TO_BETTER):
        assert line.take(LineFigures(concealed_share=0.045)) is LineVerdict.WEAK


def test_bad_becomes_weak_before_it_is_good() -> None:
    line = LineJudge()
    for _ in range(SECONDS_TO_WORSE):
        line.take(BAD)
    told = [line.take(WEAK) for _ in range(SECONDS_TO_BETTER)]
    assert told[-2:] == [LineVerdict.BAD, LineVerdict.WEAK]


_shares = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))


@given(st.lists(st.builds(LineFigures, *([_shares] * 6)), max_size=40))
def test_any_figures_make_a_verdict_that_moves_rarely(seconds: list[LineFigures]) -> None:
    line = LineJudge()
    before, changed_at = LineVerdict.GOOD, -99
    for number, figures in enumerate(seconds):
        now = line.take(figures)
        if now is not before and now is LineVerdict.GOOD:
            assert number - changed_at >= SECONDS_TO_BETTER
        if now is not before:
            before, changed_at = now, number
