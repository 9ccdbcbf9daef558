"""Everything that the screen shows, as one value. The ui draws it; only ``flow.transitions`` makes a new one."""

from __future__ import annotations

from datetime import datetime

import msgspec

from drivers.readings import Measurement, Reading
from kiosk.facts.caller import Caller
from kiosk.facts.calls import CallOutcome
from kiosk.facts.choosing import Choosing
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.history import Curve, Span
from kiosk.facts.line_quality import LineVerdict
from kiosk.facts.measurement import Delivery, DeskNews, MeasurementFault, MeasurementKind
from kiosk.facts.patient_side import PatientScreen
from kiosk.facts.profile import Profile
from kiosk.facts.spoken import Utterance
from kiosk.facts.visit import Visit
from kiosk.text.captions import CaptionMessage
from kiosk.text.conversation import Conversation


class Idle(msgspec.Struct, frozen=True, tag="idle"):
    """Between visits."""


class Ringing(msgspec.Struct, frozen=True, tag="ringing"):
    """A known caller waits. ``alerted`` is set when 180 was sent: screen painted and sound running."""

    call_id: str
    caller: Caller
    since: float
    painted: bool = False
    sounding: bool = False
    alerted: bool = False


class Connecting(msgspec.Struct, frozen=True, tag="connecting"):
    """Answered; no picture from the nurse yet. ``calling``: it is we who call, and she has not answered yet."""

    call_id: str
    caller: Caller
    since: float
    calling: bool = False


class Talking(msgspec.Struct, frozen=True, tag="talking"):
    """Picture and voice both ways.

    ``recovering_since`` is set while the line or the media process is being brought back; ``tried_at`` is when
    something was last done about it, ``said_at`` when it was last said aloud (all CLOCK_MONOTONIC seconds).
    ``given_time``: it takes longer than a moment. ``verdict`` is of the line while it is there.
    """

    call_id: str
    caller: Caller
    since: float
    recovering_since: float | None = None
    tried_at: float | None = None
    said_at: float | None = None
    given_time: bool = False
    verdict: LineVerdict = LineVerdict.GOOD

    @property
    def recovering(self) -> bool:
        """Whether the screen should say that the call is being brought back."""
        return self.recovering_since is not None


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """A calm word about the call that ended; it stays until it is closed or something else happens.

    ``undo_to``: «Ikke nå» can still be taken back; the caller has not been told yet and waits, hearing nothing new.
    ``back_to``: «Legg på» can be: she will be called back.
    """

    caller: Caller
    outcome: CallOutcome
    since: float
    undo_to: Ringing | None = None
    back_to: Talking | None = None

    @property
    def can_undo(self) -> bool:
        """Whether «Angre» is there."""
        return self.undo_to is not None or self.back_to is not None


Phase = Idle | Ringing | Connecting | Talking | Ended


class Measuring(msgspec.Struct, frozen=True, tag="measuring"):
    """The patient has been asked, or has asked; the device is waited for. ``progress``: what it shows meanwhile."""

    kind: MeasurementKind
    since: float
    progress: Measurement | None = None


class Measured(msgspec.Struct, frozen=True, tag="measured"):
    """On disk, synced. ``reading_id`` is the outbox's identity of it; ``doubt`` is what the device says against it.

    ``resume``: another kind is still being waited for.
    """

    reading_id: str
    reading: Reading
    delivery: Delivery
    since: float
    doubt: MeasurementFault | None = None
    resume: Measuring | None = None


class NotMeasured(msgspec.Struct, frozen=True, tag="not-measured"):
    """It gave nothing, and why. ``resume``: another kind is still being waited for."""

    kind: MeasurementKind
    fault: MeasurementFault
    since: float
    resume: Measuring | None = None


class Trouble(msgspec.Struct, frozen=True):
    """A kind that has given nothing so many times in a row, at home. ``telling``: the desk is to be told; ``desk``:
    what has become of that."""

    kind: MeasurementKind
    times: int
    telling: bool = False
    desk: DeskNews | None = None


MeasurementStage = Measuring | Measured | NotMeasured


class OwnerQuestion(msgspec.Struct, frozen=True):
    """Whose reading is it? ``since``: when it came to be the one that is asked."""

    reading_id: str
    reading: Reading
    since: float


class OldReadings(msgspec.Struct, frozen=True):
    """So many came out of a device's memory."""

    count: int
    since: float


class History(msgspec.Struct, frozen=True):
    """One's own readings are being looked at. ``curve`` is None until it is read; ``failed``: it cannot be.

    ``since`` is the last press.
    """

    kind: MeasurementKind
    span: Span
    since: float
    curve: Curve | None = None
    failed: bool = False


class Writing(msgspec.Struct, frozen=True):
    """The patient writes: with ready phrases (``page`` of them), or with letters (``group`` of them, where letters are
    chosen in two steps and the group has been)."""

    keyboard: bool = False
    page: int = 0
    group: int | None = None


class Texting(msgspec.Struct, frozen=True):
    """What is written in a call; kept until the card after it is closed. ``name``: the other writer's.

    ``captions``: the last messages of what is said, the newest last; ``captions_heard``: how many there were.
    """

    call_id: str
    name: str
    conversation: Conversation = Conversation()
    writing: Writing | None = None
    captions: tuple[CaptionMessage, ...] = ()
    captions_heard: int = 0

    @property
    def readable(self) -> bool:
        """Whether the other end can read what the patient writes: it has opened a channel in this call."""
        return self.conversation.outgoing.opened > 0


class Said(msgspec.Struct, frozen=True):
    """What was said last, when (CLOCK_MONOTONIC seconds), and about which screen (``flow.prompts.screen_of``).

    ``repeated``: it has been asked for again.
    """

    utterance: Utterance
    at: float
    screen: str
    repeated: bool = False


class Worry(msgspec.Struct, frozen=True):
    """A fault that was there at ``since``; ``said_at``: when it was last said aloud (CLOCK_MONOTONIC seconds)."""

    fault: Fault
    since: float
    said_at: float | None = None


class KioskState(msgspec.Struct, frozen=True):
    """All that is on screen. ``faults`` is sorted by name so that equal states compare equal.

    ``can_measure``: what the home has devices for. ``questions``: the first is asked, the others wait.
    ``screen_reader``: a screen reader speaks in this home, so our own voice is silent (EN 301 549 11.6.2).
    ``spoken`` is being said now, and of it the words ``speaking``, as they are written; ``said`` was said last;
    ``worries``: what is remembered of saying faults. ``troubles``: what has not been measured, one for each kind.
    """

    phase: Phase = Idle()
    measurement: MeasurementStage | None = None
    faults: tuple[Fault, ...] = ()
    fakes: tuple[FakePart, ...] = ()
    next_visit: Visit | None = None
    unsent: int = 0
    started: datetime | None = None
    can_measure: tuple[MeasurementKind, ...] = ()
    questions: tuple[OwnerQuestion, ...] = ()
    old_readings: OldReadings | None = None
    history: History | None = None
    profile: Profile = Profile()
    choosing: Choosing | None = None
    texting: Texting | None = None
    screen_reader: bool = False
    spoken: Utterance | None = None
    speaking: str = ""
    said: Said | None = None
    worries: tuple[Worry, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    def desk_of(self, kind: MeasurementKind) -> DeskNews | None:
        """What the desk knows of this kind's failing."""
        return next((one.desk for one in self.troubles if one.kind is kind), None)

    @property
    def aloud(self) -> bool:
        """Whether the numbers of readings may be said in the room."""
        return self.profile.consents.readings_aloud


def writing_of(state: KioskState) -> Writing | None:
    """How the patient writes; None where nothing is written, or a task, a question or a lost line comes first."""
    phase = state.phase
    if state.texting is None or state.measurement is not None or state.questions:
        return None
    return state.texting.writing if isinstance(phase, Talking) and not phase.recovering else None


def waits_for(stage: MeasurementStage | None) -> Measuring | None:
    """The measurement that is still waited for, also behind a result of another kind."""
    return stage if stage is None or isinstance(stage, Measuring) else stage.resume


def patient_screen(state: KioskState) -> PatientScreen:
    """What the patient looks at in a call; in the order in which the screen gives way (kiosk/ui/presentation.py)."""
    if state.questions:
        return PatientScreen.OWNER_QUESTION
    match state.measurement:
        case None:
            return PatientScreen.CALL
        case Measuring():
            return PatientScreen.MEASURING
        case Measured():
            return PatientScreen.MEASURED
        case NotMeasured():
            return PatientScreen.NOT_MEASURED
