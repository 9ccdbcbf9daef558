"""What can happen to the kiosk, as flow sees it. The controller translates the world into these."""

from __future__ import annotations

import msgspec

from drivers.readings import Measurement, Reading
from kiosk.facts.caller import Caller
from kiosk.facts.calls import CallOutcome
from kiosk.facts.choosing import Choosing, Question, Tap
from kiosk.facts.faults import Fault
from kiosk.facts.history import Curve, Span
from kiosk.facts.line_quality import LineVerdict
from kiosk.facts.measurement import DeskNews, MeasurementFault, MeasurementKind
from kiosk.facts.profile import Profile
from kiosk.flow.state import Writing
from kiosk.text.captions import CaptionMessage


class CallArrived(msgspec.Struct, frozen=True):
    """An INVITE; ``caller`` is None when the asserted identity is not on the contact list."""

    call_id: str
    caller: Caller | None


class OfferRefused(msgspec.Struct, frozen=True):
    """Media cannot use the offer of a call that has not been answered."""

    call_id: str


class RingPainted(msgspec.Struct, frozen=True):
    """The ring page of this call is on the screen."""

    call_id: str


class RingSounding(msgspec.Struct, frozen=True):
    """The ring tone runs on the sound card."""


class AnswerPressed(msgspec.Struct, frozen=True):
    """«Svar videotelefon»."""


class DeclinePressed(msgspec.Struct, frozen=True):
    """«Ikke nå»."""


class UndoPressed(msgspec.Struct, frozen=True):
    """«Angre»."""


class HangUpPressed(msgspec.Struct, frozen=True):
    """«Legg på»."""


class ButtonPressed(msgspec.Struct, frozen=True):
    """The physical button beside the screen: what matters most on this screen."""


class CardClosed(msgspec.Struct, frozen=True):
    """«Lukk» on the card after a call or on a result."""


class MeasurePressed(msgspec.Struct, frozen=True):
    """«Mål blodtrykk» and its like, or «Prøv igjen»."""

    kind: MeasurementKind


class StopPressed(msgspec.Struct, frozen=True):
    """«Avbryt»: not now."""


class OwnerAnswered(msgspec.Struct, frozen=True):
    """«Ja, min» or «Nei» to the question whose reading it is."""

    reading_id: str
    mine: bool


class HistoryPressed(msgspec.Struct, frozen=True):
    """«Mine målinger»."""


class HistoryChosen(msgspec.Struct, frozen=True):
    """Another kind or span of one's own readings."""

    kind: MeasurementKind
    span: Span


class HistoryClosed(msgspec.Struct, frozen=True):
    """«Tilbake»."""


class SayAgainPressed(msgspec.Struct, frozen=True):
    """«Si igjen»."""


class SpeechReached(msgspec.Struct, frozen=True):
    """The voice says these words now, as they are written."""

    words: str


class SpeechEnded(msgspec.Struct, frozen=True):
    """Nothing is being said any more: it was finished, stopped, or there is no voice. ``hushed``: by a press."""

    hushed: bool = False


class CallAnswered(msgspec.Struct, frozen=True):
    """Whom we call has answered."""

    call_id: str


class CallOver(msgspec.Struct, frozen=True):
    """The call ended without us: cancelled, hung up there, lost."""

    call_id: str
    outcome: CallOutcome


class PeerSeenOrHeard(msgspec.Struct, frozen=True):
    """The first remote picture or sound."""

    call_id: str


class LineUp(msgspec.Struct, frozen=True):
    """Media reached the other end, first or again."""

    call_id: str


class LineSilent(msgspec.Struct, frozen=True):
    """Nothing has come for a moment."""

    call_id: str


class LineDown(msgspec.Struct, frozen=True):
    """The path to the other end is gone; a fresh peer connection is needed."""

    call_id: str


class LineJudged(msgspec.Struct, frozen=True):
    """How good the line is has changed, and it lasts."""

    call_id: str
    verdict: LineVerdict


class LinkLost(msgspec.Struct, frozen=True):
    """The network that the home was reached by has gone: nothing can come by it any more."""


class SignallingBack(msgspec.Struct, frozen=True):
    """The call server is reached, over a connection that is new."""


class MediaLost(msgspec.Struct, frozen=True):
    """The media process has gone."""


class MediaBack(msgspec.Struct, frozen=True):
    """A media process is ready (also at the first start)."""


class MeasurementAsked(msgspec.Struct, frozen=True):
    """The nurse asks, inside the call's dialog."""

    call_id: str
    kind: MeasurementKind


class CanMeasure(msgspec.Struct, frozen=True):
    """What this home has devices for."""

    kinds: tuple[MeasurementKind, ...]


class MeasurementProgress(msgspec.Struct, frozen=True):
    """A provisional value: the pressure in the cuff, an SpO2 that is not final. The sender sends few of them."""

    measurement: Measurement


class ReadingKept(msgspec.Struct, frozen=True):
    """Taken just now, on disk, synced; asked for or not. ``doubt``: the device says something against it."""

    reading_id: str
    reading: Reading
    doubt: MeasurementFault | None = None


class MeasurementFailed(msgspec.Struct, frozen=True):
    """Nothing came of the measurement that was asked for; with ``kind``: of one that nobody asked for."""

    fault: MeasurementFault
    kind: MeasurementKind | None = None


class DeskTold(msgspec.Struct, frozen=True):
    """What has become of the message to the desk about this kind."""

    kind: MeasurementKind
    news: DeskNews


class OwnerAsked(msgspec.Struct, frozen=True):
    """A reading taken now, kept, of which only a person can say whose it is."""

    reading_id: str
    reading: Reading


class OldReadingsKept(msgspec.Struct, frozen=True):
    """Readings of earlier days have come out of a device's memory."""

    count: int


class HistoryLoaded(msgspec.Struct, frozen=True):
    """One's own readings, as asked for by LoadHistory."""

    curve: Curve


class HistoryFailed(msgspec.Struct, frozen=True):
    """One's own readings cannot be read now."""


class ReadingDelivered(msgspec.Struct, frozen=True):
    """The server has said that it holds the reading."""

    reading_id: str


class ReadingHeld(msgspec.Struct, frozen=True):
    """The server will not take the reading as it is; it stays here, visible."""

    reading_id: str


class FaultRaised(msgspec.Struct, frozen=True):
    """Something in the surroundings does not work."""

    fault: Fault


class FaultCleared(msgspec.Struct, frozen=True):
    """It works again."""

    fault: Fault


class UnsentCounted(msgspec.Struct, frozen=True):
    """How many readings wait to be sent."""

    unsent: int


class ProfileChanged(msgspec.Struct, frozen=True):
    """The patient is to see, hear and press otherwise, from now on."""

    profile: Profile


class TextChannel(msgspec.Struct, frozen=True):
    """The other end has opened a channel for real-time text, the first or a new one; or it is gone."""

    call_id: str
    open: bool


class TextReceived(msgspec.Struct, frozen=True):
    """T.140 characters of the other end."""

    call_id: str
    text: str


class TextSent(msgspec.Struct, frozen=True):
    """So many characters have been given to the channel."""

    call_id: str
    characters: int


class CaptionCame(msgspec.Struct, frozen=True):
    """What somebody in the call says, in writing."""

    call_id: str
    caption: CaptionMessage


class WritePressed(msgspec.Struct, frozen=True):
    """«Skriv», «Mer», «Tastatur», a group of letters: how the patient wants to write now."""

    writing: Writing


class WritingClosed(msgspec.Struct, frozen=True):
    """«Ferdig»."""


class Typed(msgspec.Struct, frozen=True):
    """T.140 characters of the patient's: letters, or BS for «Slett»."""

    text: str


class PhraseChosen(msgspec.Struct, frozen=True):
    """A ready phrase."""

    text: str


class ReadAloudPressed(msgspec.Struct, frozen=True):
    """«Les teksten høyt», on the card after a call."""


class ScreenReaderChanged(msgspec.Struct, frozen=True):
    """A screen reader began to speak in this home, or went."""

    running: bool


class ChoosingOpened(msgspec.Struct, frozen=True):
    """The technician is here: choose the profile, or go on with what was kept."""

    kept: Choosing | None = None


class Chosen(msgspec.Struct, frozen=True):
    """The button at ``place``, in the ``round`` of that question (so many pairs have been answered before)."""

    question: Question
    round: int
    place: int


class Tapped(msgspec.Struct, frozen=True):
    """A finger came down while targets are to be tapped."""

    tap: Tap


class ChoosingBack(msgspec.Struct, frozen=True):
    """«Tilbake», to the question before."""


class Tick(msgspec.Struct, frozen=True):
    """Time has passed; the controller sends one at least every half second."""


Event = (
    CallArrived
    | OfferRefused
    | RingPainted
    | RingSounding
    | AnswerPressed
    | DeclinePressed
    | UndoPressed
    | HangUpPressed
    | ButtonPressed
    | CardClosed
    | MeasurePressed
    | StopPressed
    | OwnerAnswered
    | HistoryPressed
    | HistoryChosen
    | HistoryClosed
    | SayAgainPressed
    | SpeechReached
    | SpeechEnded
    | CallAnswered
    | CallOver
    | PeerSeenOrHeard
    | LineUp
    | LineSilent
    | LineDown
    | LineJudged
    | LinkLost
    | SignallingBack
    | MediaLost
    | MediaBack
    | MeasurementAsked
    | CanMeasure
    | MeasurementProgress
    | ReadingKept
    | MeasurementFailed
    | DeskTold
    | OwnerAsked
    | OldReadingsKept
    | HistoryLoaded
    | HistoryFailed
    | ReadingDelivered
    | ReadingHeld
    | FaultRaised
    | FaultCleared
    | UnsentCounted
    | ProfileChanged
    | TextChannel
    | TextReceived
    | TextSent
    | CaptionCame
    | WritePressed
    | WritingClosed
    | Typed
    | PhraseChosen
    | ReadAloudPressed
    | ScreenReaderChanged
    | ChoosingOpened
    | Chosen
    | Tapped
    | ChoosingBack
    | Tick
)
