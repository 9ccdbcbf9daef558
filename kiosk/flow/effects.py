"""What flow wants done. The controller performs these, in order; none of them answers, news comes as events."""

from __future__ import annotations

import enum

import msgspec

from kiosk.facts.choosing import Choosing
from kiosk.facts.history import Span
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.facts.profile import Profile
from kiosk.facts.spoken import Utterance


class Refusal(enum.Enum):
    """Final SIP responses to a call that is not taken (RFC 3261 section 21)."""

    BUSY = 486
    RANG_OUT = 480
    NOT_ACCEPTABLE = 488
    DECLINE = 603


class PrepareCall(msgspec.Struct, frozen=True):
    """Let media take the offer and gather candidates while it rings."""

    call_id: str


class SendRinging(msgspec.Struct, frozen=True):
    """180: screen and sound really run."""

    call_id: str


class Refuse(msgspec.Struct, frozen=True):
    """A final response other than 200."""

    call_id: str
    refusal: Refusal


class Accept(msgspec.Struct, frozen=True):
    """Camera on, 200 with the answer, connect."""

    call_id: str


class HangUp(msgspec.Struct, frozen=True):
    """BYE."""

    call_id: str


class CallBack(msgspec.Struct, frozen=True):
    """Call ``uri``, with whom ``before`` was the call that has just been hung up here; → on.CallAnswered, on.CallOver.
    ``call_id`` is the new call's name."""

    before: str
    call_id: str
    uri: str


class DropMedia(msgspec.Struct, frozen=True):
    """Close the call's peer connection; camera off."""

    call_id: str


class RestoreMedia(msgspec.Struct, frozen=True):
    """A fresh peer connection for a call that goes on, by re-INVITE; or, not answered yet, prepare again."""

    call_id: str


class RenewSignalling(msgspec.Struct, frozen=True):
    """Reach the call server over a fresh connection, and at once; → on.SignallingBack."""


class StartRing(msgspec.Struct, frozen=True):
    """Ring tone on."""


class StopRing(msgspec.Struct, frozen=True):
    """Ring tone off, and whatever is being said about it."""


class Say(msgspec.Struct, frozen=True):
    """Speak; what is being said is dropped first."""

    utterance: Utterance


class WakeScreen(msgspec.Struct, frozen=True):
    """Bright, now."""


class Measure(msgspec.Struct, frozen=True):
    """Wait for the next reading of that kind."""

    kind: MeasurementKind


class StopMeasuring(msgspec.Struct, frozen=True):
    """Nobody waits any more; a reading that comes all the same is kept as ever."""


class TellDesk(msgspec.Struct, frozen=True):
    """Tell the care desk that this kind could not be measured, so many times in a row; → on.DeskTold."""

    kind: MeasurementKind
    fault: MeasurementFault
    times: int


class AnswerOwner(msgspec.Struct, frozen=True):
    """A person has said whose a reading is."""

    reading_id: str
    mine: bool


class LoadHistory(msgspec.Struct, frozen=True):
    """Read one's own readings from the disk."""

    kind: MeasurementKind
    span: Span


class ApplyProfile(msgspec.Struct, frozen=True):
    """Sound and speak by this profile from now on."""

    profile: Profile


class KeepProfile(msgspec.Struct, frozen=True):
    """This is the patient's profile, also after a power cut; and so far the choosing of another has come."""

    profile: Profile
    choosing: Choosing | None = None


class SendText(msgspec.Struct, frozen=True):
    """T.140 characters for the other end of the call; ``counted``: media says when they have gone."""

    call_id: str
    text: str
    counted: bool


class TaskNews(enum.Enum):
    """What became of the nurse's request; becomes a FHIR Task status."""

    ACCEPTED = "accepted"
    WAITING = "waiting"
    REJECTED = "rejected"
    SAVED = "saved"
    FAILED = "failed"
    DELIVERED = "delivered"


class TellNurse(msgspec.Struct, frozen=True):
    """News of the request, inside the dialog. ``reading_id`` with SAVED, DELIVERED; ``reason`` with FAILED, WAITING.

    Without a reading the news is of what is still open, of that ``kind``; None: whatever was asked.
    """

    news: TaskNews
    reading_id: str | None = None
    reason: str | None = None
    kind: MeasurementKind | None = None


Effect = (
    PrepareCall
    | SendRinging
    | Refuse
    | Accept
    | HangUp
    | CallBack
    | DropMedia
    | RestoreMedia
    | RenewSignalling
    | StartRing
    | StopRing
    | Say
    | WakeScreen
    | Measure
    | StopMeasuring
    | TellDesk
    | AnswerOwner
    | LoadHistory
    | ApplyProfile
    | SendText
    | KeepProfile
    | TellNurse
)
