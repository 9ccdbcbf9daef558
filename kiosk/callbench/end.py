"""What the bench asks of one end of a call, and what that end reports; runs and judges nothing itself."""

from __future__ import annotations

from typing import Protocol

import msgspec


class EndError(Exception):
    """An end did not start, refused a description or died; the text says what happened and what to do."""


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """One presented frame of the other end's picture.

    ``at``: CLOCK_MONOTONIC seconds. ``clock_ms``: what its clock strip holds (kiosk/facts/clock_strip.py): Unix
    milliseconds modulo CLOCK_PERIOD where the picture was drawn live, the number of the frame in its file where it
    came from a file; None when the strip could not be read or was not looked at.
    """

    at: float
    width: int
    height: int
    clock_ms: int | None = None


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One figure at one moment. ``at``: CLOCK_MONOTONIC seconds."""

    at: float
    value: float


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """The picture that this end sends at one moment. ``rate``: bit/s on the wire without headers, since the last."""

    at: float
    width: int
    height: int
    frames_per_second: float
    rate: float


class EndReport(msgspec.Struct, frozen=True):
    """What one end saw and did between ``begin`` and ``report``. Absent is None or an empty tuple, never 0.

    ``began`` CLOCK_MONOTONIC seconds; ``seconds`` length of the window. ``frames`` every frame that was presented.
    ``decode_seconds``/``frames_decoded``/``freeze_seconds`` as the end's own statistics tell them.
    ``concealed_share`` 0..1: samples that were invented, of all that were played; ``silent_share`` the part of them
    (of all that were played, too) that was silence or comfort noise, where told apart.
    ``sound_delay``/``sound_target`` milliseconds a sample waits in the jitter buffer, and what it aims at, each over
    the last 200 ms. ``sound_missing`` share 0..1 of the pulses that were not heard; ``pulses`` when each was heard.
    ``lips`` milliseconds, sound later than picture positive. ``sent`` every 200 ms. ``target_rate`` bit/s what the
    estimator allows. ``processor_s`` seconds of processor time that the end's own processes took in the window.
    ``round_trip`` milliseconds. ``limitation``: why the sent picture is not better (W3C qualityLimitationReason).
    ``recording``: path of what the loudspeaker played (WAV). ``raw``: the last statistics as they came.
    """

    seconds: float
    began: float
    frames: tuple[Frame, ...] = ()
    frames_decoded: int | None = None
    freeze_seconds: float | None = None
    concealed_share: float | None = None
    silent_share: float | None = None
    sound_delay: tuple[Sample, ...] = ()
    sound_target: tuple[Sample, ...] = ()
    sound_missing: float | None = None
    pulses: tuple[float, ...] = ()
    lips: tuple[float, ...] = ()
    sent: tuple[Sent, ...] = ()
    target_rate: tuple[Sample, ...] = ()
    processor_s: float | None = None
    round_trip: tuple[Sample, ...] = ()
    limitation: str | None = None
    recording: str | None = None
    raw: dict[str, object] = {}


class End(Protocol):
    """One end: a browser, the kiosk's media process or stock aiortc.

    The order is ``start``, then either ``offer`` and ``take_answer`` or ``answer``, then ``begin`` once both ends have
    ``first_picture_at``, then ``report``, then ``stop`` (safe to call twice, and after a failed start). Descriptions
    hold their candidates and end-of-candidates. Methods raise EndError.
    """

    @property
    def accepted_at(self) -> float | None:
        """CLOCK_MONOTONIC seconds when this end began to answer (or to take the answer): signalling is not counted."""
        ...

    @property
    def connected_at(self) -> float | None:
        """When ICE and DTLS were through at this end."""
        ...

    @property
    def first_picture_at(self) -> float | None:
        """When the first frame of the other end was presented."""
        ...

    @property
    def first_sound_at(self) -> float | None:
        """When the first sound of the other end was played (not silence that fills the wait)."""
        ...

    async def start(self) -> None:
        """Camera and microphone are on when this returns; nothing is sent."""
        ...

    async def offer(self) -> str:
        """An offer of sound and picture both ways, with all candidates."""
        ...

    async def answer(self, offer: str) -> str:
        """Take the offer and answer it; connecting begins at once."""
        ...

    async def take_answer(self, answer: str) -> None:
        """The other end's answer to ``offer``; connecting begins at once."""
        ...

    async def begin(self, now: float) -> None:
        """The measured window begins: forget what was counted before. ``now``: CLOCK_MONOTONIC seconds."""
        ...

    async def report(self) -> EndReport:
        """The window ends. May be called again for a longer window from the same begin."""
        ...

    async def stop(self) -> None:
        """End the call and every process of this end."""
        ...
