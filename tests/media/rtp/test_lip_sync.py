"""Pictures wait for their voice, and the voice for pictures that are always late."""

from __future__ import annotations

import pytest

from kiosk.media.rtp.freezes import Freezes
from kiosk.media.rtp.lip_sync import LATE_TOLERATED_S, MOST_HELD_S, MOST_VOICE_DELAY_S, LipSync
from kiosk.media.rtp.rtcp import ntp_of

SENDER = 1_700_000_000.0
"""The sender's wall clock at our second 0."""


def _synchronised(voice_delay: float) -> LipSync:
    """Reports have come, and the voice has been heard ``voice_delay`` after it was spoken."""
    sync = LipSync()
    sync.voice.reported(1_000, ntp_of(SENDER))
    sync.picture.reported(5_000, ntp_of(SENDER + 1))
    for step in range(20):
        sync.voice_heard(1_000 + step * 4_800, step / 10 + voice_delay)
    return sync


def _ticks(at: float) -> int:
    """The picture that was taken at our second ``at``."""
    return 5_000 + int((at - 1) * 90_000)


def test_without_reports_pictures_are_shown_at_once() -> None:
    assert LipSync().due(123, 7.0) == 7.0
    sync = LipSync()
    sync.picture.reported(0, ntp_of(SENDER))
    assert sync.due(900, 0.5) == 0.5


def test_a_picture_waits_for_its_voice() -> None:
    sync = _synchronised(voice_delay=0.1)
    assert sync.due(_ticks(2.0), 2.03) == pytest.approx(2.1, abs=0.002)
    assert sync.last_offset_s == pytest.approx(0, abs=0.002)


def test_a_late_picture_is_shown_at_once_and_the_voice_learns_to_wait() -> None:
    sync = _synchronised(voice_delay=0.05)
    for number in range(30):
        at = 2 + number / 30
        assert sync.due(_ticks(at), at + 0.12) == at + 0.12
    assert sync.last_offset_s == pytest.approx(0.07, abs=0.002)
    assert sync.voice_delay_wanted(0.03) == pytest.approx(0.03 + 0.07 - LATE_TOLERATED_S, abs=0.005)
    assert sync.voice_delay_wanted(0.5) == MOST_VOICE_DELAY_S


def test_pictures_that_are_in_time_ask_for_nothing() -> None:
    sync = _synchronised(voice_delay=0.1)
    for number in range(30):
        sync.due(_ticks(2 + number / 30), 2 + number / 30 + 0.02)
    assert sync.voice_delay_wanted(0.04) == 0.0


def test_clocks_that_do_not_belong_together_hold_nothing_back() -> None:
    sync = _synchronised(voice_delay=0.1)
    assert sync.due(_ticks(60.0), 2.0) == 2.0
    assert sync.due(_ticks(2.4), 2.0) <= 2.0 + MOST_HELD_S


def test_a_freeze_is_counted_while_it_lasts_and_once() -> None:
    freezes = Freezes()
    for number in range(10):
        freezes.shown(number / 30)
    assert (freezes.count, freezes.duration_s) == (0, 0.0)
    freezes.until(0.6)
    freezes.until(0.8)
    freezes.shown(1.0)
    freezes.shown(1.03)
    assert freezes.count == 1
    assert freezes.duration_s == pytest.approx(0.7)
    freezes.pause()
    freezes.shown(9.0)
    assert freezes.count == 1


def test_a_slow_output_keeps_the_pictures_waiting_as_long() -> None:
    sync = _synchronised(voice_delay=0.1)
    sync.output_delay_s = 0.3
    assert sync.due(_ticks(2.0), 2.03) == pytest.approx(2.4, abs=0.002)
    assert sync.last_offset_s == pytest.approx(0, abs=0.002)


def test_pictures_wait_for_a_slow_output_before_the_first_report_too() -> None:
    sync = LipSync()
    sync.output_delay_s = 0.2
    assert sync.due(123, 7.0) == pytest.approx(7.2)


def test_the_voice_need_not_wait_for_late_pictures_where_the_output_is_slow() -> None:
    sync = _synchronised(voice_delay=0.05)
    sync.output_delay_s = 0.2
    for number in range(30):
        at = 2 + number / 30
        assert sync.due(_ticks(at), at + 0.12) == pytest.approx(at + 0.25, abs=0.002)
    assert sync.voice_delay_wanted(0.03) == 0.0
