"""What a nurse may be told of the patient's side of a call, and the JSON that tells it. Pure.

It goes as a SIP MESSAGE in the call's dialog, every two seconds, to a nurse whose INVITE has the type in ``Accept``.
Members that are not known are left out; a receiver ignores those that it does not know.
"""

from __future__ import annotations

import enum

import msgspec

from kiosk.facts.call_statistics import CallStatistics, InboundRtp, OutboundRtp, figures_between, inbound, outbound
from kiosk.facts.line_quality import LineVerdict
from kiosk.facts.profile import Output

CONTENT_TYPE = "application/vnd.svar.patient-side+json"
MAXIMUM_BYTES = 1300
"""RFC 3261 18.1.1 and RFC 3428 8: what surely goes over any hop."""


class PatientScreen(enum.Enum):
    """What the patient looks at during a call."""

    CALL = "call"
    MEASURING = "measuring"
    MEASURED = "measured"
    NOT_MEASURED = "not-measured"
    OWNER_QUESTION = "owner-question"


class PatientDevices(msgspec.Struct, frozen=True):
    """Whether these work: sound is loudspeaker and microphone together. ``voice``: where the patient hears the nurse;
    ``missing``: where it should be, if that is not there."""

    sound: bool
    camera: bool
    voice: Output = Output.LOUDSPEAKER
    missing: Output | None = None


class Way(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One direction in the last two seconds. Shares are 0 to 1; ``width`` and ``height``: pixels of the picture sent.

    ``lost``: of packets; ``concealed``: of the voice; ``frozen``: of the time. ``picture_after_voice``: seconds.
    """

    lost: float | None = None
    concealed: float | None = None
    frozen: float | None = None
    width: int | None = None
    height: int | None = None
    frames_per_second: float | None = None
    picture_after_voice: float | None = None


class PatientSide(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The message. ``to_patient`` is what the patient sees and hears, ``from_patient`` what is sent from there.

    ``voice_output`` is left out for the loudspeaker. ``microphone_level``: dBFS; ``round_trip``: seconds;
    ``available``: bit/s that the line takes from there.
    """

    screen: PatientScreen
    verdict: LineVerdict
    sound: bool
    camera: bool
    to_patient: Way
    from_patient: Way
    microphone_level: float | None = None
    round_trip: float | None = None
    available: int | None = None
    voice_output: Output = Output.LOUDSPEAKER
    missing_output: Output | None = None


def patient_side(
    screen: PatientScreen,
    verdict: LineVerdict,
    devices: PatientDevices,
    before: CallStatistics | None,
    after: CallStatistics,
) -> PatientSide:
    """From two looks at the same call; without ``before``, only what one look tells."""
    figures = figures_between(before or after, after)
    seconds = after.timestamp - (before or after).timestamp
    seen, shown = inbound(after, "video"), outbound(after, "video")
    seen_before = None if before is None else inbound(before, "video")
    shown_before = None if before is None else outbound(before, "video")
    return PatientSide(
        screen=screen,
        verdict=verdict,
        sound=devices.sound,
        camera=devices.camera,
        to_patient=Way(
            lost=_rounded(figures.lost_share_received, 3),
            concealed=_rounded(figures.concealed_share, 3),
            frozen=_rounded(figures.frozen_share, 3),
            width=None if seen is None else seen.frame_width,
            height=None if seen is None else seen.frame_height,
            frames_per_second=_rate(_decoded(seen_before), _decoded(seen), seconds),
            picture_after_voice=_rounded(after.transport.picture_after_voice, 3),
        ),
        from_patient=Way(
            lost=_rounded(figures.lost_share_sent, 3),
            width=None if shown is None else shown.frame_width,
            height=None if shown is None else shown.frame_height,
            frames_per_second=_rate(_encoded(shown_before), _encoded(shown), seconds),
        ),
        microphone_level=_rounded(after.microphone_level, 0),
        round_trip=_rounded(figures.round_trip_s, 3),
        available=None if figures.available_bitrate is None else int(figures.available_bitrate),
        voice_output=devices.voice,
        missing_output=devices.missing,
    )


def _decoded(stream: InboundRtp | None) -> int | None:
    return None if stream is None else stream.frames_decoded


def _encoded(stream: OutboundRtp | None) -> int | None:
    return None if stream is None else stream.frames_encoded


def _rate(before: int | None, after: int | None, seconds: float) -> float | None:
    if before is None or after is None or after < before or seconds <= 0:
        return None
    return round((after - before) / seconds, 1)


def _rounded(value: float | None, digits: int) -> float | None:
    """None also for what JSON has no number for."""
    if value is None or value != value or abs(value) == float("inf"):
        return None
    return round(value, digits)
