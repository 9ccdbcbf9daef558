"""Key frames are asked for when nothing else helps, and not more often than they can come."""

from __future__ import annotations

from kiosk.media.rtp.key_frame_requests import KeyFrameRequests


def _requests() -> KeyFrameRequests:
    requests = KeyFrameRequests(10.0)
    requests.set_round_trip(0.04)
    return requests


def _running() -> KeyFrameRequests:
    requests = _requests()
    requests.frame_taken(True, 10.1)
    return requests


def _asked(
    requests: KeyFrameRequests,
    begin: float,
    end: float,
    *,
    needs: bool = False,
    waiting: float | None = None,
    progress: float | None = None,
    missing: int = 0,
) -> list[float]:
    times = [begin + step * 0.01 for step in range(round((end - begin) * 100))]
    return [
        round(at, 2)
        for at in times
        if requests.ask(at, needs_key_frame=needs, waiting_since=waiting, key_frame_progress=progress, missing=missing)
    ]


def test_at_the_start_it_is_asked_for_until_it_comes() -> None:
    requests = _requests()
    asked = _asked(requests, 10.0, 10.7, needs=True)
    assert len(asked) == 3
    assert 10.15 <= asked[0] <= 10.21
    requests.frame_taken(True, 10.7)
    assert _asked(requests, 10.7, 12.0) == []
    assert requests.requests == 3


def test_a_key_frame_that_is_arriving_is_given_time() -> None:
    requests = _requests()
    assert _asked(requests, 10.0, 10.4, needs=True, progress=10.15) == []
    assert _asked(requests, 10.4, 10.5, needs=True, progress=10.15) != []


def test_a_hole_is_given_time_to_heal() -> None:
    requests = _running()
    requests.frame_taken(False, 11.0)
    asked = _asked(requests, 11.0, 11.6, waiting=11.04)
    assert 11.3 <= asked[0] <= 11.4
    assert asked[1] - asked[0] >= 0.19
    requests.set_round_trip(0.2)
    requests.frame_taken(False, 13.0)
    assert _asked(requests, 13.0, 13.95, waiting=13.0) == []


def test_a_hole_that_is_more_than_a_key_frame_is_not() -> None:
    requests = _running()
    requests.frame_taken(False, 11.0)
    assert _asked(requests, 11.05, 11.1, waiting=11.05, missing=500) == [11.05]


def test_after_a_link_that_was_gone_there_is_no_waiting() -> None:
    requests = _running()
    requests.frame_taken(False, 11.0)
    assert _asked(requests, 14.0, 14.1, waiting=14.0) == [14.0]


def test_what_the_decoder_refused_is_asked_for_at_once_and_then_with_measure() -> None:
    requests = _running()
    requests.decoder_failed()
    assert _asked(requests, 11.0, 11.35) == [11.0, 11.2]
    requests.frame_taken(True, 11.35)
    assert _asked(requests, 11.35, 12.0) == []
    for _ in range(10):  # key frames that cannot be decoded either
        requests.decoder_failed()
        requests.frame_taken(True, 12.0)
        requests.decoder_failed()
        _asked(requests, 12.0, 12.1)
    assert requests.requests == 3


def test_without_anything_wrong_nothing_is_asked() -> None:
    requests = _running()
    assert _asked(requests, 10.1, 20.0) == []
