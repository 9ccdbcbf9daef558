"""What a nurse is told of the patient's side: only what is known, never too long for a message."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.call_statistics import CallStatistics, InboundRtp, OutboundRtp, Transport
from kiosk.facts.line_quality import LineVerdict
from kiosk.facts.patient_side import MAXIMUM_BYTES, PatientDevices, PatientScreen, patient_side
from kiosk.facts.profile import Output

WORKS = PatientDevices(sound=True, camera=True)


def look(number: int) -> CallStatistics:
    seen = InboundRtp("video", 100 * number, 0, 10 * number, 0.0, frames_decoded=60 * number, frame_width=640)
    shown = OutboundRtp("video", 0, 0, 0, 0, frames_encoded=50 * number, frame_width=320, frame_height=240)
    heard = InboundRtp("audio", 90 * number, 0, 10 * number, 0.0)
    transport = Transport(0, 0, 812_345.6, 0.0432, 0.0, 0.0, 0.0191)
    return CallStatistics(2.0 * number, (seen, shown, heard), transport, microphone_level=-31.6)


def test_what_is_known_is_told() -> None:
    side = patient_side(PatientScreen.CALL, LineVerdict.WEAK, WORKS, look(1), look(2))
    assert msgspec.json.decode(msgspec.json.encode(side)) == {
        "screen": "call",
        "verdict": "weak",
        "sound": True,
        "camera": True,
        "toPatient": {"lost": 0.1, "width": 640, "framesPerSecond": 30.0, "pictureAfterVoice": 0.019},
        "fromPatient": {"width": 320, "height": 240, "framesPerSecond": 25.0},
        "microphoneLevel": -32.0,
        "roundTrip": 0.043,
        "available": 812345,
    }


def test_where_the_patient_hears_her_is_told_unless_it_is_the_loudspeaker() -> None:
    headset = PatientDevices(sound=True, camera=True, voice=Output.HEADSET)
    gone = PatientDevices(sound=True, camera=True, missing=Output.HEADSET)
    sides = [
        msgspec.json.decode(msgspec.json.encode(patient_side(PatientScreen.CALL, LineVerdict.GOOD, one, None, look(1))))
        for one in (headset, gone)
    ]
    assert (sides[0]["voiceOutput"], "missingOutput" in sides[0]) == ("headset", False)
    assert (sides[1]["missingOutput"], "voiceOutput" in sides[1]) == ("headset", False)


def test_the_first_look_tells_no_rates() -> None:
    side = patient_side(PatientScreen.MEASURING, LineVerdict.GOOD, WORKS, None, look(1))
    assert side.to_patient.frames_per_second is None
    assert side.to_patient.lost is None
    assert side.from_patient.width == 320


def test_a_look_that_counts_anew_tells_no_nonsense() -> None:
    side = patient_side(PatientScreen.CALL, LineVerdict.GOOD, WORKS, look(3), look(1))
    assert side.to_patient.frames_per_second is None


_numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(_numbers, _numbers, _numbers, st.integers(0, 2**63))
def test_any_figures_fit_in_a_message(level: float, trip: float, lips: float, count: int) -> None:
    streams = (
        InboundRtp("video", count, count, count, 0.0, frames_decoded=count, frame_width=count, frame_height=count),
        OutboundRtp("video", count, count, count, count, frames_encoded=count, frame_width=count, frame_height=count),
    )
    after = CallStatistics(4.0, streams, Transport(0, 0, 1e12, trip, 0.0, 0.0, lips), microphone_level=level)
    side = patient_side(PatientScreen.NOT_MEASURED, LineVerdict.GOOD, WORKS, look(1), after)
    body = msgspec.json.encode(side)
    assert len(body) <= MAXIMUM_BYTES
    assert msgspec.json.decode(body)["screen"] == "not-measured"
