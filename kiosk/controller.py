"""The hub of core: takes events, asks flow, performs the effects, publishes the state. Decides nothing itself."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Protocol, assert_never

import msgspec

from drivers.readings import Measurement, Reading
from kiosk.bugs import described
from kiosk.call.profile_request import CONTENT_TYPE as PROFILE
from kiosk.call.profile_request import ProfileRequestError, changed, parse_change, told
from kiosk.call.session import CallSession
from kiosk.call.task import CONTENT_TYPE, TaskError, TaskStatus, news, parse_request
from kiosk.facts.call_statistics import CallStatistics
from kiosk.facts.caller import CallerClass
from kiosk.facts.calls import CallOutcome
from kiosk.facts.choosing import Choosing
from kiosk.facts.faults import Fault
from kiosk.facts.history import Span
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.patient_side import CONTENT_TYPE as PATIENT_SIDE
from kiosk.facts.patient_side import PatientDevices, patient_side
from kiosk.facts.profile import Output, Profile
from kiosk.facts.spoken import Utterance
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.state import Connecting, KioskState, Phase, Ringing, Talking, patient_screen
from kiosk.flow.transitions import FlowSettings, call_id_of, step
from kiosk.ipc import media_messages as media
from kiosk.ipc import ui_messages as ui
from kiosk.presses import event_of
from kiosk.text import captions
from kiosk.timeline import Timeline

_log = logging.getLogger(__name__)

REMEMBERED_REVISIONS = 128
_UNSUPPORTED_MEDIA_TYPE = 415


class Signalling(Protocol):
    """What the controller needs of SIP. None of these raises for a call that has ended meanwhile."""

    def ring(self, call_id: str) -> None: ...

    def accept(self, call_id: str, sdp: str) -> None: ...

    def reject(self, call_id: str, status: int) -> None: ...

    def hang_up(self, call_id: str) -> None: ...

    def call(self, call_id: str, target: str, sdp: str) -> None: ...

    def reinvite(self, call_id: str, sdp: str) -> None: ...

    def renew(self) -> None: ...

    def answer_reinvite(self, call_id: str, sdp: str) -> None: ...

    def refuse_reinvite(self, call_id: str) -> None: ...

    def send_message(self, call_id: str, content_type: str, body: bytes) -> None: ...


class Kept(msgspec.Struct, frozen=True):
    """A durable reading. ``server_id``, ``held``: it had been delivered, or refused, before. ``doubt``: the device says
    something against it."""

    reading_id: str
    reading: Reading
    server_id: str | None = None
    held: bool = False
    doubt: MeasurementFault | None = None


class Outside(Protocol):
    """The rest of the world that effects reach."""

    def to_media(self, message: msgspec.Struct) -> None: ...

    def show(self, revision: int, state: KioskState) -> None: ...

    def wake_screen(self) -> None: ...

    def say(self, utterance: Utterance) -> None: ...

    def stop_saying(self) -> None: ...

    def measure(self, kind: MeasurementKind) -> Awaitable[Kept | MeasurementFault]:
        """The next reading of that kind that is taken now."""

    def stop_measuring(self) -> None:
        """Nobody waits for ``measure`` any more: let it return, with any fault, or with a reading that came all the
        same. The next ``measure`` may begin before the last has returned."""

    def tell_desk(self, kind: MeasurementKind, fault: MeasurementFault, times: int) -> None:
        """Tell the care desk that this could not be measured; what becomes of it comes as on.DeskTold."""

    def answer_owner(self, reading_id: str, mine: bool) -> None:
        """Whose a held reading is; mine: it comes back by ``measure`` or ``reading_kept``."""

    def load_history(self, kind: MeasurementKind, span: Span) -> None:
        """Read one's own readings; they come as on.HistoryLoaded, or on.HistoryFailed."""

    def reading_was_kept(self) -> None: ...

    def apply_profile(self, profile: Profile) -> None:
        """Sound and speak by this profile from now on; the screen has it with the state."""

    def keep_profile(self, profile: Profile, choosing: Choosing | None) -> None:
        """Keep it on disk, and how far the choosing of another has come; soon, not at once."""


class Controller:
    """One per core; everything happens on the event loop's thread."""

    def __init__(
        self,
        state: KioskState,
        settings: FlowSettings,
        patient: str,
        signalling: Signalling,
        outside: Outside,
        now: Callable[[], Moment],
        timeline: Timeline,
    ) -> None:
        self.state = state
        self._settings = settings
        self._patient = patient
        self._signalling = signalling
        self._outside = outside
        self._now = now
        self._timeline = timeline
        self._revision = 0
        self._phases: OrderedDict[int, Phase] = OrderedDict()
        self._sessions: dict[str, CallSession] = {}
        self._hung_up: CallSession | None = None
        self._pending: deque[on.Event] = deque()
        self._stepping = False
        self._server_ids: dict[str, str] = {}
        self._held_ids: set[str] = set()
        self._measuring: set[asyncio.Task[None]] = set()
        self._measurements = 0
        self._outputs: dict[Output, bool] = {}
        self._publish()

    # -- events ------------------------------------------------------------------------------------------------------

    def handle(self, event: on.Event) -> None:
        """Take an event; events that effects cause at once wait their turn."""
        self._pending.append(event)
        if self._stepping:
            return
        self._stepping = True
        try:
            while self._pending:
                self._step(self._pending.popleft())
        finally:
            self._stepping = False

    def _step(self, event: on.Event) -> None:
        before = self.state
        self.state, effects = step(before, event, self._now(), self._settings)
        if self.state != before:
            self._publish()
            if type(self.state.phase) is not type(before.phase):
                self._note("phase", phase=type(self.state.phase).__name__.lower(), revision=self._revision)
            if _recovers(self.state.phase) != _recovers(before.phase):
                self._note("recovering", recovering=int(_recovers(self.state.phase)), revision=self._revision)
            if self.state.faults != before.faults:
                self._note("faults", faults=" ".join(fault.value for fault in self.state.faults))
            if type(self.state.measurement) is not type(before.measurement):
                self._note("measurement", measurement=type(self.state.measurement).__name__.lower())
        for effect in effects:
            self._perform(effect)

    def call_arrived(self, arrived: on.CallArrived, offer: str, accepts: tuple[str, ...] = ()) -> None:
        """An INVITE with an offer; ``accepts``: the media types that the caller takes besides."""
        takes = PATIENT_SIDE in accepts
        self._sessions[arrived.call_id] = CallSession(arrived.call_id, offer, takes_patient_side=takes)
        self.handle(arrived)
        if self._current_call() != arrived.call_id:
            self._sessions.pop(arrived.call_id, None)

    def call_over(self, call_id: str, outcome: CallOutcome) -> None:
        """Signalling says that the call is gone."""
        self.handle(on.CallOver(call_id, outcome))
        self._sessions.pop(call_id, None)

    def message_received(self, call_id: str, content_type: str, body: bytes) -> None:
        """A SIP MESSAGE inside a call's dialog: a request for a measurement, a change of the profile, or nonsense."""
        session = self._sessions.get(call_id)
        media_type = content_type.split(";")[0].strip().lower()
        if session is not None and media_type == PROFILE:
            self._change_profile(call_id, body)
            return
        if session is None or media_type != CONTENT_TYPE:
            _log.warning("ignored a MESSAGE of type %.60r", content_type)
            return
        try:
            request = parse_request(body, self._patient)
        except TaskError as error:
            _log.warning("ignored a request: %s", error)
            return
        session.ask(request)
        self.handle(on.MeasurementAsked(call_id, request.kind))

    def _change_profile(self, call_id: str, body: bytes) -> None:
        """A nurse may make the screen louder, larger or plainer once the patient has answered, also before the first
        picture has come; she hears how it then is."""
        phase = self.state.phase
        if not isinstance(phase, Connecting | Talking) or phase.call_id != call_id:
            return
        if phase.caller.caller_class is not CallerClass.CARE:
            _log.warning("ignored a change of the profile: only care may ask for one")
            return
        refused = False
        try:
            profile = changed(self.state.profile, parse_change(body))
        except ProfileRequestError as error:
            _log.warning("ignored a change of the profile: %s", error)
            refused = True
        else:
            if profile != self.state.profile:
                _log.info("the care desk has changed the profile")
                self.handle(on.ProfileChanged(profile))
        self._signalling.send_message(call_id, PROFILE, told(self.state.profile, refused=refused))

    def message_failed(self, call_id: str, status: int) -> None:
        """A MESSAGE of ours was refused."""
        if status == _UNSUPPORTED_MEDIA_TYPE and (session := self._sessions.get(call_id)) is not None:
            session.takes_patient_side = False

    def call_counted(self, call_id: str, statistics: CallStatistics) -> None:
        """What media has counted in the last second: a nurse who takes it is told how it is at the patient's."""
        session, phase = self._sessions.get(call_id), self.state.phase
        if session is None or not session.takes_patient_side or not session.telling_due(statistics):
            return
        if not isinstance(phase, Talking) or phase.call_id != call_id:
            return
        if phase.recovering or Fault.CALL_SERVER_UNREACHABLE in self.state.faults:
            return  # what waits for the line to come back is old by then
        if phase.caller.caller_class is not CallerClass.CARE:
            return
        side = patient_side(
            patient_screen(self.state), phase.verdict, self._devices(), session.telling(statistics), statistics
        )
        self._signalling.send_message(call_id, PATIENT_SIDE, msgspec.json.encode(side))

    def output_state(self, output: Output, works: bool) -> None:
        """An output that the profile asks for plays, or is not there."""
        self._note("output", name=output.value, works=int(works))
        self._outputs[output] = works

    def _devices(self) -> PatientDevices:
        faults, wanted = self.state.faults, self.state.profile.hearing.voice_output
        works = self._outputs.get(wanted)
        return PatientDevices(
            sound=Fault.NO_SOUND not in faults,
            camera=Fault.NO_CAMERA not in faults,
            voice=wanted if works else Output.LOUDSPEAKER,
            missing=wanted if works is False else None,
        )

    def reading_delivered(self, reading_id: str, server_id: str) -> None:
        """The server holds the reading as ``Observation/<server_id>``."""
        self._note("reading-delivered")
        self._server_ids[reading_id] = server_id
        self.handle(on.ReadingDelivered(reading_id))

    def reading_held(self, reading_id: str) -> None:
        """The server will not take the reading as it is."""
        self._note("reading-held")
        self._held_ids.add(reading_id)
        self.handle(on.ReadingHeld(reading_id))

    def reading_kept(self, kept: Kept) -> None:
        """A durable reading that was taken just now, asked for or not."""
        self._note("reading-kept")
        self.handle(on.ReadingKept(kept.reading_id, kept.reading, kept.doubt))
        self._note("reading-shown", revision=self._revision)
        # The uploader may have been faster than the device's goodbye, or the device replays its memory.
        if kept.server_id is not None:
            self._server_ids.setdefault(kept.reading_id, kept.server_id)
        if kept.reading_id in self._server_ids:
            self.handle(on.ReadingDelivered(kept.reading_id))
        elif kept.held or kept.reading_id in self._held_ids:
            self.handle(on.ReadingHeld(kept.reading_id))
        self._outside.reading_was_kept()

    def measurement_failed(self, kind: MeasurementKind, fault: MeasurementFault) -> None:
        """A device was used just now without being asked, and gave nothing."""
        self.handle(on.MeasurementFailed(fault, kind))

    def progress(self, measurement: Measurement) -> None:
        """A provisional value; not more than a few a second."""
        self.handle(on.MeasurementProgress(measurement))

    def owner_asked(self, reading_id: str, reading: Reading) -> None:
        """A kept reading of which only a person can say whose it is."""
        self.handle(on.OwnerAsked(reading_id, reading))

    def old_readings(self, count: int) -> None:
        """Readings of earlier days have come out of a device's memory."""
        self.handle(on.OldReadingsKept(count))

    # -- the screen --------------------------------------------------------------------------------------------------

    def pressed(self, pressed: ui.Pressed) -> None:
        """A press, if it still means what it meant on the screen that the person saw. Any press silences the voice,
        also one that means nothing any more."""
        self._outside.stop_saying()
        self.handle(on.SpeechEnded(hushed=True))
        event = event_of(pressed)
        if event is None:
            _log.warning("ignored a press of %s without what it is about", pressed.press.value)
        elif self.meant_for_this_screen(pressed.revision):
            self.handle(event)
        else:
            _log.info("a press for a screen that has gone")

    def painted(self, revision: int) -> None:
        """The screen shows this revision."""
        phase = self._phases.get(revision)
        if isinstance(phase, Ringing):
            self.handle(on.RingPainted(phase.call_id))

    def meant_for_this_screen(self, revision: int) -> bool:
        """Whether a press on ``revision`` still means what it meant: same page, same call."""
        phase = self._phases.get(revision)
        now = self.state.phase
        if phase is None or type(phase) is not type(now):
            # «Legg på» is the same button while connecting and while talking.
            return isinstance(phase, Connecting) and isinstance(now, Talking) and phase.call_id == now.call_id
        if isinstance(phase, Ringing | Connecting | Talking) and isinstance(now, Ringing | Connecting | Talking):
            return phase.call_id == now.call_id
        return True

    # -- news of media -----------------------------------------------------------------------------------------------

    def call_answered(self, call_id: str, sdp: str) -> None:
        """Media has an answer: for the INVITE, or for a re-INVITE of the other end."""
        session = self._sessions.get(call_id)
        if session is None:
            return
        if session.answered:
            self._signalling.answer_reinvite(call_id, sdp)
        else:
            session.local_sdp = sdp
            self._signalling.accept(call_id, sdp)

    def call_refused(self, call_id: str) -> None:
        """Media cannot use an offer or an answer."""
        session = self._sessions.get(call_id)
        if session is not None and session.answered:
            self._signalling.refuse_reinvite(call_id)
        else:
            self.handle(on.OfferRefused(call_id))

    def caption_received(self, call_id: str, message: str) -> None:
        """A message of a source of captions, or nonsense."""
        try:
            caption = captions.decode(message)
        except captions.CaptionError as error:
            _log.warning("ignored a caption: %s", error)
            return
        self.handle(on.CaptionCame(call_id, caption))

    def offer_ready(self, call_id: str, sdp: str) -> None:
        """Media offers a fresh peer connection."""
        session = self._sessions.get(call_id)
        if session is None:
            return
        if session.calls is None:
            self._signalling.reinvite(call_id, sdp)
        elif session.local_sdp is None:
            session.local_sdp = sdp
            self._signalling.call(call_id, session.calls, sdp)

    def answered_there(self, call_id: str, sdp: str) -> None:
        """Whom we call has answered."""
        session = self._sessions.get(call_id)
        if session is None:
            return
        session.calls, session.offer = None, sdp
        self._outside.to_media(media.TakeAnswer(call_id, sdp))
        self.handle(on.CallAnswered(call_id))

    # -- effects -----------------------------------------------------------------------------------------------------

    def _perform(self, effect: do.Effect) -> None:
        match effect:
            case do.PrepareCall(call_id):
                if (session := self._sessions.get(call_id)) is not None:
                    self._outside.to_media(media.PrepareCall(call_id, session.offer))
            case do.SendRinging(call_id):
                self._note("ringing-sent")
                self._signalling.ring(call_id)
            case do.Refuse(call_id, refusal):
                self._note("refused", status=refusal.value)
                self._signalling.reject(call_id, refusal.value)
                self._sessions.pop(call_id, None)
            case do.Accept(call_id):
                self._outside.to_media(media.AcceptCall(call_id))
            case do.HangUp(call_id):
                self._hang_up(call_id)
            case do.CallBack(before, call_id, uri):
                self._call_back(before, call_id, uri)
            case do.DropMedia(call_id):
                self._outside.to_media(media.DropCall(call_id))
            case do.RestoreMedia(call_id):
                self._restore(call_id)
            case do.RenewSignalling():
                self._note("renew-signalling")
                self._signalling.renew()
            case do.StartRing():
                self._outside.to_media(media.StartRing(self.state.profile.hearing.ring_tone))
            case do.StopRing():
                self._outside.to_media(media.StopRing())
                self._outside.stop_saying()
            case do.Say(utterance):
                self._note("saying", spoken=utterance.spoken.value)
                self._outside.say(utterance)
            case do.WakeScreen():
                self._outside.wake_screen()
            case do.Measure(kind):
                self._measure(kind)
            case do.StopMeasuring():
                self._measurements += 1
                self._outside.stop_measuring()
            case do.TellDesk(kind, fault, times):
                self._outside.tell_desk(kind, fault, times)
            case do.AnswerOwner(reading_id, mine):
                self._outside.answer_owner(reading_id, mine)
            case do.LoadHistory(kind, span):
                self._outside.load_history(kind, span)
            case do.SendText(call_id, text, counted):
                self._outside.to_media(media.SendText(call_id, text, counted))
            case do.ApplyProfile(profile):
                self._outside.apply_profile(profile)
            case do.KeepProfile(profile, choosing):
                self._outside.keep_profile(profile, choosing)
            case do.TellNurse():
                self._tell_nurse(effect)
            case _ as unreachable:
                assert_never(unreachable)

    def _hang_up(self, call_id: str) -> None:
        session = self._sessions.pop(call_id, None)
        self._hung_up = session
        if session is not None and not session.answered:
            # Pressed «Legg på» before the answer went out: the caller gets a decline, not a BYE.
            self._signalling.reject(call_id, do.Refusal.DECLINE.value)
        else:
            self._signalling.hang_up(call_id)

    def _call_back(self, before: str, call_id: str, uri: str) -> None:
        """Offer in the shape of the call before, which the other end is known to understand."""
        last, self._hung_up = self._hung_up, None
        if last is None or last.call_id != before or last.local_sdp is None:
            self.handle(on.CallOver(call_id, CallOutcome.NOT_REACHED))
            return
        self._note("call-back")
        self._sessions[call_id] = CallSession(
            call_id, last.offer, takes_patient_side=last.takes_patient_side, calls=uri
        )
        negotiated = media.Negotiated(remote_sdp=last.offer, local_sdp=last.local_sdp)
        self._outside.to_media(media.ReofferCall(call_id, negotiated))

    def _restore(self, call_id: str) -> None:
        session = self._sessions.get(call_id)
        if session is None:
            return
        self._note("restore-media")
        if session.calls is not None:
            self._sessions.pop(call_id)
            self._signalling.hang_up(call_id)
            self.handle(on.CallOver(call_id, CallOutcome.NOT_REACHED))
            return
        if session.local_sdp is None:
            self._outside.to_media(media.PrepareCall(call_id, session.offer))
            self._outside.to_media(media.AcceptCall(call_id))
        else:
            # An offer of the other end that the lost connection was to answer cannot be answered any more.
            self._signalling.refuse_reinvite(call_id)
            negotiated = media.Negotiated(remote_sdp=session.offer, local_sdp=session.local_sdp)
            self._outside.to_media(media.ReofferCall(call_id, negotiated))

    def _measure(self, kind: MeasurementKind) -> None:
        self._measurements += 1
        number = self._measurements

        async def measure() -> None:
            if number != self._measurements:
                return  # stopped before it began
            try:
                result = await self._outside.measure(kind)
            except Exception as error:
                # A bug, here or in a driver. The patient and the nurse must not wait for ever. Where it was is logged,
                # not its text, which may quote a reading.
                _log.error("a bug in measuring: %s", described(error))
                result = MeasurementFault.NOT_UNDERSTOOD
            if isinstance(result, Kept):
                self.reading_kept(result)
            elif number == self._measurements:
                # Of one that was stopped, or has been followed by another, nobody wants to hear why it gave nothing.
                self.handle(on.MeasurementFailed(result))

        task = asyncio.create_task(measure())
        self._measuring.add(task)
        task.add_done_callback(self._measuring.discard)

    def _tell_nurse(self, effect: do.TellNurse) -> None:
        call_id = self._current_call()
        session = self._sessions.get(call_id) if call_id is not None else None
        if session is None:
            return
        what, reading_id = effect.news, effect.reading_id
        if reading_id is None:
            requests = session.open_requests(effect.kind)
        else:
            if what is do.TaskNews.SAVED and effect.kind is not None:
                session.answer_with(reading_id, effect.kind)
            requests = session.answered_by(reading_id)
        status = _TASK_STATUS[what]
        server_id = self._server_ids.get(reading_id) if reading_id else None
        observation = f"Observation/{server_id}" if server_id and status is TaskStatus.COMPLETED else None
        for request in requests:
            body = news(request, status, observation=observation, reason=effect.reason)
            self._signalling.send_message(session.call_id, CONTENT_TYPE, body)
        if reading_id is None and status in (TaskStatus.REJECTED, TaskStatus.FAILED):
            session.close_requests(effect.kind)

    # -- the rest ----------------------------------------------------------------------------------------------------

    def _current_call(self) -> str | None:
        return call_id_of(self.state)

    @property
    def revision(self) -> int:
        """Of what is on screen, or on its way there."""
        return self._revision

    def show_again(self) -> None:
        """Publish the present state once more: a new ui has come."""
        self._outside.show(self._revision, self.state)

    def _publish(self) -> None:
        self._revision += 1
        self._phases[self._revision] = self.state.phase
        while len(self._phases) > REMEMBERED_REVISIONS:
            self._phases.popitem(last=False)
        self._outside.show(self._revision, self.state)

    def _note(self, event: str, **details: str | int | float) -> None:
        self._timeline.note(self._now().monotonic, event, **details)


def _recovers(phase: Phase) -> bool:
    return isinstance(phase, Talking) and phase.recovering


_TASK_STATUS = {
    do.TaskNews.ACCEPTED: TaskStatus.ACCEPTED,
    do.TaskNews.WAITING: TaskStatus.ON_HOLD,
    do.TaskNews.REJECTED: TaskStatus.REJECTED,
    do.TaskNews.SAVED: TaskStatus.IN_PROGRESS,
    do.TaskNews.FAILED: TaskStatus.FAILED,
    do.TaskNews.DELIVERED: TaskStatus.COMPLETED,
}
