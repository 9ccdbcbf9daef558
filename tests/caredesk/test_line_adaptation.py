"""What the nurse's browser sends on which line, decided by the page's own module."""

from __future__ import annotations

from typing import Any

import pytest

from tests.caredesk.page_script import evaluate

GOOD = {"available": 2_000_000, "lost": 0.0, "roundTrip": 0.04}
LOSSY = {"available": 800_000, "lost": 0.05, "roundTrip": 0.045}
VERY_LOSSY = {"available": 110_000, "lost": 0.2, "roundTrip": 0.045}
NARROW = {"available": 90_000, "lost": 0.0, "roundTrip": 0.09}
FULL = {"available": 300_000, "lost": 0.4, "roundTrip": 0.6}
UNKNOWN = {"available": None, "lost": None, "roundTrip": None}

OFFER = "\r\n".join(
    (
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 63 111 9",
        "a=setup:actpass",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
        "a=rtpmap:111 opus/48000/2",
        "a=rtcp-fb:111 transport-cc",
        "a=ptime:20",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "a=setup:actpass",
        "a=rtpmap:96 VP8/90000",
        "",
    )
)


def decided(*figures: dict[str, Any]) -> list[dict[str, Any]]:
    script = "let state; return argument.map((one) => (state = page.decide(one, state)));"
    found = evaluate("line_adaptation.js", script, figures)
    assert isinstance(found, list)
    return found


def test_a_good_line_carries_speech_once_and_any_picture() -> None:
    for state in decided(UNKNOWN, *[GOOD] * 20):
        assert (state["redundant"], state["narrow"], state["pictureBitrate"]) == (False, False, None)


def test_loss_brings_copies_of_speech_and_they_go_when_it_has_healed() -> None:
    states = decided(GOOD, LOSSY, *[GOOD] * 12)
    assert [state["redundant"] for state in states[:5]] == [False, True, True, True, True]
    assert not states[-1]["redundant"]


def test_a_narrow_line_keeps_room_for_speech() -> None:
    states = decided(GOOD, LOSSY, NARROW)
    assert (states[-1]["redundant"], states[-1]["narrow"]) == (False, True)
    assert 30_000 <= states[-1]["pictureBitrate"] < 90_000 - 16_000


def test_a_full_queue_is_believed_before_the_estimate() -> None:
    assert decided(GOOD, FULL)[-1]["narrow"]


def test_much_loss_without_a_queue_is_no_narrow_line() -> None:
    states = decided(GOOD, *[VERY_LOSSY] * 10)
    assert all(state["redundant"] and not state["narrow"] for state in states[1:])


def test_a_line_that_has_widened_is_used_after_a_while() -> None:
    states = decided(GOOD, NARROW, *[GOOD] * 6)
    assert states[2]["narrow"]
    assert not states[-1]["narrow"]
    assert states[-1]["pictureBitrate"] is None


def test_a_rich_line_carries_the_whole_picture_until_it_is_poor() -> None:
    middling = {**GOOD, "available": 1_000_000}
    poor = {**GOOD, "available": 700_000}
    states = decided(middling, GOOD, middling, poor, GOOD, {**GOOD, "lost": 0.06})
    assert [state["sharp"] for state in states] == [False, True, True, False, True, False]


def test_pictures_come_in_layers_while_much_is_lost_and_a_while_after() -> None:
    states = decided(GOOD, {**GOOD, "lost": 0.03}, VERY_LOSSY, *[{**GOOD, "lost": 0.0}] * 10)
    assert [state["layered"] for state in states] == [False, False, *[True] * 10, False]


def test_the_pictures_limit_follows_in_steps() -> None:
    states = decided(GOOD, NARROW, {**NARROW, "available": 93_000}, {**NARROW, "available": 110_000}, UNKNOWN)
    limits = [state["pictureBitrate"] for state in states]
    assert limits[1] == limits[2] < limits[3] == limits[4]


@pytest.mark.parametrize("line", [NARROW, FULL, VERY_LOSSY, GOOD, UNKNOWN])
def test_a_limit_is_never_below_what_a_picture_needs(line: dict[str, Any]) -> None:
    for available in (None, 0, 1_000, 50_000):
        for state in decided(*[{**line, "available": available}] * 3):
            assert state["pictureBitrate"] is None or state["pictureBitrate"] >= 30_000


def test_figures_are_read_from_the_browsers_statistics() -> None:
    report = [
        ["T", {"type": "transport", "id": "T", "selectedCandidatePairId": "P"}],
        ["P", {"type": "candidate-pair", "id": "P", "availableOutgoingBitrate": 5e5, "currentRoundTripTime": 0.2}],
        ["A", {"type": "remote-inbound-rtp", "id": "A", "kind": "audio", "fractionLost": 0.1, "roundTripTime": 0.05}],
        ["V", {"type": "remote-inbound-rtp", "id": "V", "kind": "video", "fractionLost": 0.02}],
    ]
    script = "return page.figuresOf(new Map(argument));"
    assert evaluate("line_adaptation.js", script, report) == {"available": 5e5, "lost": 0.1, "roundTrip": 0.05}
    assert evaluate("line_adaptation.js", script, []) == UNKNOWN


def spoken(sdp: str, ours: str, redundant: bool, packet: int) -> str:
    found = evaluate("line_adaptation.js", "return page.speaking(...argument);", [sdp, ours, redundant, packet])
    assert isinstance(found, str)
    return found


def test_a_description_becomes_an_answer_that_prefers_one_way_of_speaking() -> None:
    once = spoken(OFFER, "a=setup:active", False, 40)
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9\r\n" in once
    assert once.count("a=ptime:") == 1
    assert "a=ptime:40\r\nm=video" in once
    assert once.count("a=setup:passive") == 2
    again = spoken(once, "a=setup:actpass", True, 20)
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 63 111 9\r\n" in again
    assert "a=ptime:20\r\nm=video" in again
    assert again.count("a=setup:passive") == 2
    assert spoken(OFFER, "a=setup:passive", False, 20).count("a=setup:active") == 2


def test_redundancy_that_was_not_agreed_on_is_not_spoken() -> None:
    without = OFFER.replace(" 63", "").replace("a=rtpmap:63 red/48000/2\r\n", "")
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 111 9\r\n" in spoken(without, "", True, 20)


def test_speech_may_be_asked_for_again() -> None:
    script = "return page.askingAgain(argument);"
    asking = evaluate("line_adaptation.js", script, OFFER)
    assert isinstance(asking, str)
    assert "a=rtcp-fb:111 nack\r\n" in asking
    assert asking.replace("a=rtcp-fb:111 nack\r\n", "") == OFFER
    assert evaluate("line_adaptation.js", script, asking) == asking
    assert evaluate("line_adaptation.js", script, "v=0\r\nm=audio 9 RTP/AVP 0\r\n") == "v=0\r\nm=audio 9 RTP/AVP 0\r\n"
