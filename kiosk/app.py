"""The composition root of core: the only file that knows every concrete class. Builds them, joins them, ends them."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import assert_never

import msgspec

from kiosk.button_end import ButtonEnd
from kiosk.call import events as sip
from kiosk.call.link_watch import LinkWatch
from kiosk.call.netlink import Reach
from kiosk.call.policy import ContactList
from kiosk.call.sip.agent import SipAgent
from kiosk.controller import Controller, Kept
from kiosk.device_end import DeviceEnd
from kiosk.ends import MediaEnd, UiEnd
from kiosk.facts.caller import Caller
from kiosk.facts.calls import CallOutcome
from kiosk.facts.choosing import Choosing
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.history import Span
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.profile import Language, Profile
from kiosk.facts.spoken import Utterance
from kiosk.facts.visit import Visit
from kiosk.flow import events as on
from kiosk.flow.state import KioskState
from kiosk.flow.transitions import FlowSettings
from kiosk.home_devices import kinds_of
from kiosk.ipc import media_messages as media
from kiosk.measurements.capture import Sender, desk_wording
from kiosk.measurements.wall_clock import WallClock
from kiosk.profile_file import PROFILE_FILE, KeptProfile, ProfileKeeper, read_profile
from kiosk.resources import assets
from kiosk.settings import PiperSettings, PlannedVisit, Settings
from kiosk.speech.speaker import PiperVoices
from kiosk.timeline import Timeline
from kiosk.voice_end import VoiceEnd

_log = logging.getLogger(__name__)

TICK_SECONDS = 0.25


def local_moment() -> Moment:
    """Now, in the zone of the home."""
    return Moment(datetime.now(UTC).astimezone(), time.monotonic())


def contacts(settings: Settings) -> list[Caller]:
    """The contact list of the settings as values."""
    return [
        Caller(one.uri, one.name, one.role, one.caller_class, str(one.picture) if one.picture else None)
        for one in settings.contacts
    ]


def first_state(settings: Settings, now: Moment, profile: Profile) -> KioskState:
    """What the screen shows before anything has happened."""
    fakes = []
    if settings.media.camera == "generated":
        fakes.append(FakePart.CAMERA)
    pretended = {kind for device in settings.devices if device.source == "fake" for kind in kinds_of(device)}
    if pretended:
        fakes.append(FakePart.CUFF if pretended == {MeasurementKind.BLOOD_PRESSURE} else FakePart.DEVICE)
    return KioskState(fakes=tuple(fakes), next_visit=_visit(settings.next_visit), started=now.wall, profile=profile)


def _visit(planned: PlannedVisit | None) -> Visit | None:
    return Visit(planned.start, planned.name, planned.role) if planned is not None else None


class App:
    """Core. ``run`` returns when the process is asked to end."""

    def __init__(self, settings: Settings, password: str, *, choose_profile: bool = False) -> None:
        self._settings = settings
        self._timeline = Timeline(settings.timeline_file)
        self._contacts = ContactList(contacts(settings))
        self._stop = asyncio.Event()

        settings.data_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.runtime_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        speech_folder = settings.runtime_directory / "speech"
        speech_folder.mkdir(exist_ok=True, mode=0o700)

        profile_file = settings.data_directory / PROFILE_FILE
        kept = read_profile(profile_file, settings.fhir.patient)
        profile = settings.profile if kept is None else kept.profile
        self._profile_keeper = ProfileKeeper(profile_file)
        self._choosing = None if kept is None else kept.choosing
        asked_for = choose_profile or (kept is None and settings.choose_profile)
        self._choose_profile = asked_for or self._choosing is not None
        phrases = (assets() / "phrases" / f"{profile.language.value}.toml").read_text(encoding="utf-8")
        self._screen = UiEnd(settings.screen, self._timeline)
        self._media = MediaEnd(settings.media, profile.hearing, self._timeline, self._screen)
        self._voice = VoiceEnd(
            *(profile, speech_folder, self._media, contacts(settings), local_moment),
            prompt_packs=settings.speech.prompt_packs,
            piper=_piper(settings.speech.piper),
        )
        self._sip = SipAgent(settings.sip, password, self._from_sip)
        clock = WallClock()
        self._devices = DeviceEnd(
            settings,
            Sender(settings.fhir.device, desk_wording(phrases)),
            clock,
            self._timeline,
        )
        self._controller = Controller(
            first_state(settings, local_moment(), profile),
            FlowSettings(settings.call.ended_card_seconds, settings.call.ring_seconds),
            settings.fhir.patient,
            self._sip,
            self,
            local_moment,
            self._timeline,
        )
        self._button = ButtonEnd(settings.button, self._controller, self._screen.press_button)
        self._screen.attach(self._controller)
        self._voice.attach(self._controller)
        self._media.attach(self._controller, self._voice.finished)
        self._devices.attach(self._controller)

    async def run(self) -> None:
        """Run core until SIGTERM or SIGINT; ends its children and takes back its registration."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._stop.set)
        parts = [self._screen.run(), self._media.run(), self._sip.run(), self._devices.run(), self._tick()]
        parts.append(LinkWatch(self._reach_changed).run())
        parts.append(self._profile_keeper.run())
        parts.append(self._voice.run())
        parts.append(self._button.run())
        tasks = [asyncio.create_task(part) for part in parts]
        if self._choose_profile:
            self._controller.handle(on.ChoosingOpened(self._choosing))
        stop = asyncio.create_task(self._stop.wait())
        try:
            done, _ = await asyncio.wait((*tasks, stop), return_when=asyncio.FIRST_COMPLETED)
            while not self._stop.is_set():
                for task in done:
                    task.result()  # a part that ended by an exception is a bug: raise it, systemd restarts us
                done, _ = await asyncio.wait(
                    (*[task for task in tasks if not task.done()], stop), return_when=asyncio.FIRST_COMPLETED
                )
        finally:
            self._controller.handle(on.HangUpPressed())
            stop.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._timeline.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._controller.handle(on.Tick())

    # -- signalling --------------------------------------------------------------------------------------------------

    def _from_sip(self, event: sip.SipEvent) -> None:
        controller = self._controller
        match event:
            case sip.RegistrationChanged(state, detail):
                _log.info("registration: %s %s", state.value, detail)
                self._note("registration", state=state.value)
                for fault, raised in (
                    (Fault.CALL_SERVER_UNREACHABLE, state is sip.RegistrationState.OFFLINE),
                    (Fault.CALL_SERVER_REFUSES, state is sip.RegistrationState.REFUSED),
                ):
                    controller.handle(on.FaultRaised(fault) if raised else on.FaultCleared(fault))
                if state is sip.RegistrationState.REGISTERED:
                    controller.handle(on.SignallingBack())
            case sip.IncomingCall(call_id, asserted_identity, offer, accepts):
                self._note("call-arrived")
                arrived = on.CallArrived(call_id, self._contacts.caller(asserted_identity))
                controller.call_arrived(arrived, offer, accepts)
            case sip.CallCancelled(call_id, answered_elsewhere):
                outcome = CallOutcome.ANSWERED_ELSEWHERE if answered_elsewhere else CallOutcome.CANCELLED
                controller.call_over(call_id, outcome)
            case sip.CallConfirmed():
                self._note("call-confirmed")
            case sip.CallAnswered(call_id, sdp):
                self._note("call-back-answered")
                controller.answered_there(call_id, sdp)
            case sip.CallRefused(call_id, status):
                _log.info("calling back came to nothing: %d", status)
                controller.call_over(call_id, CallOutcome.NOT_REACHED)
            case sip.CallEnded(call_id, by_peer, _):
                outcome = CallOutcome.HUNG_UP_THERE if by_peer else CallOutcome.CONNECTION_LOST
                controller.call_over(call_id, outcome)
            case sip.NoAck(call_id):
                controller.call_over(call_id, CallOutcome.CONNECTION_LOST)
            case sip.MessageFailed(call_id, status):
                _log.warning("a MESSAGE was refused with %d", status)
                controller.message_failed(call_id, status)
            case sip.MessageReceived(call_id, content_type, body):
                controller.message_received(call_id, content_type, body)
            case sip.ReinviteReceived(call_id, offer):
                self.to_media(media.TakeOffer(call_id, offer))
            case sip.ReinviteAnswered(call_id, sdp):
                self._note("reinvite-answered")
                self.to_media(media.TakeAnswer(call_id, sdp))
            case sip.ReinviteFailed(_, status):
                _log.warning("the re-INVITE was refused with %d", status)
            case _ as unreachable:
                assert_never(unreachable)

    def _reach_changed(self, reach: Reach) -> None:
        # How many, not which: addresses do not belong in a log.
        self._note("reach", addresses=len(reach.addresses), routes=len(reach.routes))
        if self._sip.reach_changed(reach):
            self._note("link-lost")
            self._controller.handle(on.LinkLost())

    # -- what the controller reaches (Outside) -----------------------------------------------------------------------

    def to_media(self, message: msgspec.Struct) -> None:
        """Send to media."""
        self._media.send(message)

    def show(self, revision: int, state: KioskState) -> None:
        """Let the screen draw this."""
        self._screen.show(revision, state)
        self._voice.look_at(state)

    def wake_screen(self) -> None:
        """Bright, now."""
        self._screen.wake()

    def say(self, utterance: Utterance) -> None:
        """Speak, instead of what is being said."""
        self._voice.say(utterance)

    def stop_saying(self) -> None:
        """Silence."""
        self._voice.stop()

    def measure(self, kind: MeasurementKind) -> Awaitable[Kept | MeasurementFault]:
        """The next reading of that kind that is taken now."""
        return self._devices.measure(kind)

    def stop_measuring(self) -> None:
        """Nobody waits any more."""
        self._devices.stop_measuring()

    def tell_desk(self, kind: MeasurementKind, fault: MeasurementFault, times: int) -> None:
        """Tell the care desk that this could not be measured."""
        self._devices.tell_desk(kind, fault, times)

    def answer_owner(self, reading_id: str, mine: bool) -> None:
        """Whose a held reading is."""
        self._devices.answer_owner(reading_id, mine)

    def load_history(self, kind: MeasurementKind, span: Span) -> None:
        """Read one's own readings."""
        self._devices.load_history(kind, span)

    def reading_was_kept(self) -> None:
        """Send it now."""
        self._devices.to_send()

    def apply_profile(self, profile: Profile) -> None:
        """Sound and speak by this profile from now on."""
        self._media.set_hearing(profile.hearing)
        self._voice.use(profile)

    def keep_profile(self, profile: Profile, choosing: Choosing | None) -> None:
        """Keep it on disk."""
        self._profile_keeper.keep(KeptProfile(self._settings.fhir.patient, profile, choosing))

    def _note(self, event: str, **details: str | int) -> None:
        self._timeline.note(time.monotonic(), event, **details)


def _piper(settings: PiperSettings | None) -> PiperVoices | None:
    if settings is None:
        return None
    return PiperVoices(settings.program, {Language(name): model for name, model in settings.models.items()})
