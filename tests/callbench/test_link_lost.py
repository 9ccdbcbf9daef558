"""The rows of a line that is cut, judged on stories that were made up by hand."""

from __future__ import annotations

from kiosk.callbench.end import EndReport
from kiosk.callbench.link_lost import LinkLost, p95
from kiosk.callbench.link_lost_story import Cut, Report, Way
from tests.callbench.test_conditions_table import FakeBench


def _told(*cuts: Cut, failures: tuple[str, ...] = ()) -> tuple[LinkLost, list[int]]:
    """The measurements of that story, and how often it was played."""
    played: list[int] = []

    async def play() -> Report:
        played.append(1)
        return Report(cuts=list(cuts), failures=list(failures))

    return LinkLost(play), played


NOTHING = EndReport(seconds=1.0, began=0.0)
WHOLE = (
    Cut(Way.UNPLUGGED, said=0.1, picture_back=0.4, nurse_picture_back=0.5, reinvites=1),
    Cut(Way.ELSEWHERE, said=0.2, picture_back=1.2, nurse_picture_back=1.3, reinvites=1),
    Cut(Way.UPSTREAM, said=0.7, picture_back=0.3, nurse_picture_back=0.6),
    Cut(Way.MOVED, picture_back=1.7, nurse_picture_back=1.8, reinvites=1),
)


async def test_each_row_counts_the_cuts_of_its_ways_and_the_story_is_played_once() -> None:
    rows, played = _told(*WHOLE)
    bench = FakeBench(NOTHING)
    said = await rows.shown(bench, "link_lost_shown")
    same = await rows.back_same_address(bench, "link_back_same_address")
    other = await rows.back_other_address(bench, "link_back_other_address")
    assert (said.value, said.met) == (0.7, True) and "tells nothing 0.70 s" in said.note
    assert (same.value, same.met) == (0.4, True)
    assert "median 0.30 s; at the nurse 0.60 s; fresh connections: 1" in same.note
    assert (other.value, other.met) == (1.7, False)
    assert "median 1.20 s; at the nurse 1.80 s; fresh connections: 2" in other.note
    assert len(played) == 1
    await rows.shown(FakeBench(NOTHING), "link_lost_shown")
    assert len(played) == 2, "another bench plays its own"


async def test_a_picture_that_did_not_come_back_is_no_figure() -> None:
    rows, _ = _told(Cut(Way.MOVED), failures=("4-moved: no picture",))
    found = await rows.back_other_address(FakeBench(NOTHING), "link_back_other_address")
    assert found.value is None and not found.met
    assert "did not always come back" in found.note and "4-moved: no picture" in found.note
    nothing = await rows.shown(FakeBench(NOTHING), "link_lost_shown")
    assert nothing.value is None and not nothing.met


async def test_without_namespaces_it_is_said() -> None:
    async def forbidden() -> str:
        return "run it as root"

    found = await LinkLost(forbidden).shown(FakeBench(NOTHING), "link_lost_shown")
    assert (found.value, found.met, found.note) == (None, False, "run it as root")


def test_the_percentile_of_few_is_the_longest() -> None:
    assert p95([0.1, 0.5, 0.2]) == 0.5
    assert p95([0.1, None]) is None
    assert p95([]) is None
