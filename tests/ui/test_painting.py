"""The book of what was painted, told by hand what a window would tell."""

from __future__ import annotations

from kiosk.ipc.ui_messages import Painted, PaintReport, RemoteFramePainted
from kiosk.ui.painting import PaintBook


def test_a_revision_counts_when_the_frame_that_holds_it_is_swapped() -> None:
    book = PaintBook()
    book.synchronized()
    book.revision = 7  # arrived after the scene was taken over: this frame does not hold it
    assert book.swapped(1.0) == []
    book.synchronized()
    assert book.swapped(2.0) == [Painted(7, 2.0)]
    book.synchronized()
    assert book.swapped(3.0) == []
    assert book.painted_revision == 7


def test_only_the_newest_of_several_revisions_is_painted() -> None:
    book = PaintBook()
    for revision in (1, 2, 3):
        book.revision = revision
    book.synchronized()
    assert book.swapped(1.0) == [Painted(3, 1.0)]


def test_the_first_remote_frame_is_told_once_a_call() -> None:
    book = PaintBook()
    book.new_picture()
    for number, at in ((1, 1.0), (2, 1.1), (2, 1.2)):
        book.remote_frame = number
        book.synchronized()
        expected = [RemoteFramePainted(1.0)] if at == 1.0 else []
        assert book.swapped(at) == expected
    book.new_picture()
    book.synchronized()
    assert book.swapped(2.0) == []
    book.remote_frame = 2
    book.synchronized()
    assert book.swapped(2.1) == [RemoteFramePainted(2.1)]


def test_reports_count_distinct_remote_frames_and_gaps() -> None:
    book = PaintBook()
    book.swapped(1.0)
    book.begin_reports()
    for number, at in ((1, 10.0), (1, 10.02), (2, 10.05)):
        book.remote_frame = number
        book.synchronized()
        book.swapped(at)
    assert book.report(10.5, "software") == PaintReport(10.5, 3, 2, (20.0, 30.0), "software")
    book.swapped(10.55)
    assert book.report(11.0, "software") == PaintReport(11.0, 1, 0, (500.0,), "software")
    assert book.report(12.0, "software") == PaintReport(12.0, 0, 0, (), "software")
