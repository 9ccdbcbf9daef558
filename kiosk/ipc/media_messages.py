"""The words between core and media: core asks for sounds, pictures and a call; media says what became of them."""

from __future__ import annotations

import enum

import msgspec

from kiosk.facts.call_statistics import CallStatistics
from kiosk.facts.profile import Hearing, Output, RingTone


class MediaPart(enum.Enum):
    """A device that media owns."""

    CAMERA = "camera"
    SOUND = "sound"


class MediaTrouble(enum.Enum):
    """Why a part of media does not work."""

    NOT_FOUND = "not-found"
    BUSY = "busy"
    STALLED = "stalled"
    FAILED = "failed"


class SdpTrouble(enum.Enum):
    """Why an offer or answer cannot be used."""

    MALFORMED = "malformed"
    NO_USABLE_CODEC = "no-usable-codec"
    FAILED = "failed"


class LineState(enum.Enum):
    """What media knows of the path to the other end."""

    CONNECTED = "connected"
    SILENT = "silent"
    FAILED = "failed"


class IceServer(msgspec.Struct, frozen=True):
    """STUN or TURN, as in the W3C RTCIceServer."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


class Negotiated(msgspec.Struct, frozen=True):
    """What offerer and answerer agreed on first. A later offer must keep its m-line order, mids, payload types and
    header-extension ids, else a browser refuses it (measured: "RTP extension ID reassignment not supported")."""

    remote_sdp: str
    local_sdp: str


# core -> media


class Configure(msgspec.Struct, frozen=True, tag="configure"):
    """First message after the link is up. The words are those of the settings file's [media] table."""

    camera: str
    sound_device: str
    echo_cancelling: bool
    ice_servers: tuple[IceServer, ...]
    camera_width: int = 640
    camera_height: int = 480
    relay_only: bool = False
    relay_authority: str | None = None
    outputs: dict[Output, str] = {}


class SetHearing(msgspec.Struct, frozen=True, tag="set-hearing"):
    """How everything that is played shall sound, from now on; sent after Configure and at every change."""

    hearing: Hearing


class PrepareCall(msgspec.Struct, frozen=True, tag="prepare-call"):
    """It rings: take the offer and gather candidates. Nothing is sent to the other end and the camera stays off."""

    call_id: str
    offer: str


class AcceptCall(msgspec.Struct, frozen=True, tag="accept-call"):
    """The patient pressed: camera and microphone on; answer with CallAnswered and connect."""

    call_id: str


class ReofferCall(msgspec.Struct, frozen=True, tag="reoffer-call"):
    """Make a fresh peer connection for a call that goes on; offer it in the negotiated shape; → OfferReady."""

    call_id: str
    negotiated: Negotiated


class TakeAnswer(msgspec.Struct, frozen=True, tag="take-answer"):
    """The other end's answer to the last OfferReady."""

    call_id: str
    answer: str


class TakeOffer(msgspec.Struct, frozen=True, tag="take-offer"):
    """The other end offers again during the call (re-INVITE); answered with CallAnswered or CallRefused."""

    call_id: str
    offer: str


class DropCall(msgspec.Struct, frozen=True, tag="drop-call"):
    """The call is over or was never answered: close the peer connection, camera off, rings of frames go blank."""

    call_id: str


class SendText(msgspec.Struct, frozen=True, tag="send-text"):
    """T.140 characters for the other end (RFC 8865); → TextSent where there is a channel for them and they are
    ``counted``."""

    call_id: str
    text: str
    counted: bool = True


class StartRing(msgspec.Struct, frozen=True, tag="start-ring"):
    """Play the ring tone until StopRing; → RingSounding when the first block has gone to the sound card."""

    tone: RingTone


class StopRing(msgspec.Struct, frozen=True, tag="stop-ring"):
    """Silence the ring tone at once."""


class Speak(msgspec.Struct, frozen=True, tag="speak"):
    """Play speech. File descriptors: [memfd with signed 16-bit little-endian mono samples]. Ducks the ring tone."""

    speech_id: int
    sample_rate: int


class StopSpeaking(msgspec.Struct, frozen=True, tag="stop-speaking"):
    """Drop whatever is being said and all that waits."""


class ReportStatistics(msgspec.Struct, frozen=True, tag="report-statistics"):
    """Answer with Statistics now, after CallCounted where media flow."""


ToMedia = (
    Configure
    | SetHearing
    | PrepareCall
    | AcceptCall
    | ReofferCall
    | TakeAnswer
    | TakeOffer
    | DropCall
    | SendText
    | StartRing
    | StopRing
    | Speak
    | StopSpeaking
    | ReportStatistics
)

# media -> core


class MediaReady(msgspec.Struct, frozen=True, tag="media-ready"):
    """Configured. File descriptors: [remote ring memfd, remote eventfd, self-view ring memfd, self-view eventfd]."""


class PartState(msgspec.Struct, frozen=True, tag="part-state"):
    """A device works (trouble None) or does not; sent at every change. ``detail`` is for the log."""

    part: MediaPart
    trouble: MediaTrouble | None
    detail: str = ""


class OutputState(msgspec.Struct, frozen=True, tag="output-state"):
    """An output that the profile asks for plays, or is not there: the loudspeaker stands in. Sent at every change."""

    output: Output
    works: bool


class CallPrepared(msgspec.Struct, frozen=True, tag="call-prepared"):
    """Candidates are gathered: an answer will come at once."""

    call_id: str


class CallAnswered(msgspec.Struct, frozen=True, tag="call-answered"):
    """The answer to an offer, whole (candidates inside)."""

    call_id: str
    sdp: str


class OfferReady(msgspec.Struct, frozen=True, tag="offer-ready"):
    """The offer that ReofferCall asked for."""

    call_id: str
    sdp: str


class CallRefused(msgspec.Struct, frozen=True, tag="call-refused"):
    """The offer or answer cannot be used."""

    call_id: str
    trouble: SdpTrouble
    detail: str = ""


class LineChanged(msgspec.Struct, frozen=True, tag="line-changed"):
    """The path to the other end changed its state."""

    call_id: str
    line: LineState
    at: float


class FirstRemoteFrame(msgspec.Struct, frozen=True, tag="first-remote-frame"):
    """A frame of the remote picture has been decoded and put in the ring (``at``: CLOCK_MONOTONIC seconds)."""

    call_id: str
    at: float


class FirstRemoteSound(msgspec.Struct, frozen=True, tag="first-remote-sound"):
    """The first remote audio frame that is not digital silence has gone to the sound card."""

    call_id: str
    at: float


class TextChannel(msgspec.Struct, frozen=True, tag="text-channel"):
    """The other end has opened a channel for real-time text; a new one takes the place of the one before. Or: gone."""

    call_id: str
    open: bool


class TextReceived(msgspec.Struct, frozen=True, tag="text-received"):
    """T.140 characters of the other end, as they came; never empty."""

    call_id: str
    text: str


class TextSent(msgspec.Struct, frozen=True, tag="text-sent"):
    """So many characters of SendText have been given to the channel."""

    call_id: str
    characters: int


class CaptionReceived(msgspec.Struct, frozen=True, tag="caption-received"):
    """A message of the channel for captions: JSON, not looked into."""

    call_id: str
    message: str


class RingSounding(msgspec.Struct, frozen=True, tag="ring-sounding"):
    """The ring tone runs: its first block has been taken by the sound card."""

    at: float


class SpeechFinished(msgspec.Struct, frozen=True, tag="speech-finished"):
    """The last sample of this speech has gone to the sound card, or it was dropped."""

    speech_id: int
    dropped: bool


class Statistics(msgspec.Struct, frozen=True, tag="statistics"):
    """Counts since the call began (or since start where there is no call)."""

    call_id: str | None
    frames_received: int
    frames_sent: int
    audio_frames_received: int
    sound_blocks: int
    sound_underruns: int


class CallCounted(msgspec.Struct, frozen=True, tag="call-counted"):
    """Once a second while media flow, and when asked."""

    call_id: str
    statistics: CallStatistics


FromMedia = (
    MediaReady
    | PartState
    | OutputState
    | CallPrepared
    | CallAnswered
    | OfferReady
    | CallRefused
    | LineChanged
    | FirstRemoteFrame
    | FirstRemoteSound
    | TextChannel
    | TextReceived
    | TextSent
    | CaptionReceived
    | RingSounding
    | SpeechFinished
    | Statistics
    | CallCounted
)
