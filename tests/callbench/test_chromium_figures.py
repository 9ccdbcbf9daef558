"""A browser's statistics become the bench's figures."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.callbench.chromium_figures import PageReport, report_of
from kiosk.callbench.end import EndReport

_HEARD = {
    "concealedSamples": 100,
    "silentConcealedSamples": 10,
    "totalSamplesReceived": 10_000,
    "jitterBufferDelay": 200.0,
    "jitterBufferTargetDelay": 150.0,
    "jitterBufferEmittedCount": 5_000,
    "estimatedPlayoutTimestamp": 4_000_000.0,
}
_LATER = {
    "concealedSamples": 580,
    "silentConcealedSamples": 250,
    "totalSamplesReceived": 19_600,
    "jitterBufferDelay": 776.0,
    "jitterBufferTargetDelay": 630.0,
    "jitterBufferEmittedCount": 14_600,
    "estimatedPlayoutTimestamp": 4_000_200.0,
}


def _told(**others: object) -> PageReport:
    sample = {"at": 1000.0, "heard": _HEARD, "sent": {"bytesSent": 1000}, "seen": {}}
    later = {
        "at": 1200.0,
        "heard": _LATER,
        "seen": {"framesDecoded": 6, "totalFreezesDuration": 0.5, "estimatedPlayoutTimestamp": 4_000_230.0},
        "sent": {
            "bytesSent": 26_000,
            "frameWidth": 640,
            "frameHeight": 480,
            "framesPerSecond": 30,
            "targetBitrate": 1_200_000.0,
            "qualityLimitationReason": "bandwidth",
        },
        "pair": {"currentRoundTripTime": 0.041},
    }
    return msgspec.convert({"frames": [], "samples": [sample, later], **others}, PageReport)


def _report(told: PageReport) -> EndReport:
    return report_of(told, offset=500.0, began=501.0, ended=502.0, processor_s=0.25, raw={})


def test_differences_are_taken_over_the_window() -> None:
    report = _report(_told())
    assert report.concealed_share == pytest.approx(0.05)
    assert report.silent_share == pytest.approx(0.025)
    assert [sample.at for sample in report.sound_delay] == pytest.approx([501.2])
    assert [sample.value for sample in report.sound_delay] == pytest.approx([60.0])
    assert [sample.value for sample in report.sound_target] == [pytest.approx(50.0)]
    assert report.lips == (30.0,)
    assert (report.frames_decoded, report.freeze_seconds) == (6, 0.5)
    (sent,) = report.sent
    assert (sent.width, sent.height) == (640, 480)
    assert sent.rate == pytest.approx(1_000_000)
    assert [sample.value for sample in report.target_rate] == [1_200_000]
    assert [sample.value for sample in report.round_trip] == [pytest.approx(41)]
    assert report.limitation == "bandwidth"


def test_what_is_absent_stays_absent() -> None:
    report = _report(msgspec.convert({"frames": [], "samples": [{"at": 1.0}, {"at": 2.0}]}, PageReport))
    assert report.concealed_share is None
    assert report.frames_decoded is None
    assert (report.sound_delay, report.lips, report.sent, report.round_trip) == ((), (), (), ())


def test_frames_without_a_callback_stand_between_their_neighbours() -> None:
    report = _report(_told(frames=[[1000.0, 640, 480, 7, 41], [1100.0, 640, 480, None, 44]]))
    assert [frame.at for frame in report.frames] == pytest.approx([501.0, 501.0333, 501.0667, 501.1], abs=0.001)
    assert [frame.clock_ms for frame in report.frames] == [7, None, None, None]


@given(st.lists(st.tuples(st.floats(1, 60), st.integers(1, 20)), max_size=30))
def test_there_are_as_many_frames_as_were_presented(steps: list[tuple[float, int]]) -> None:
    at, number, frames = 0.0, 10, [[0.0, 320, 240, None, 10]]
    for wait, more in steps:
        at, number = at + wait, number + more
        frames.append([at, 320, 240, None, number])
    found = _report(_told(frames=frames)).frames
    assert len(found) == number - 10 + 1
    assert all(later.at > earlier.at for earlier, later in pairwise(found))
