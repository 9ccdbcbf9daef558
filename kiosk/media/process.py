"""The media process: reads core's messages, owns sound, camera and call, and answers; decides nothing itself."""

from __future__ import annotations

import asyncio
import logging
import mmap
import os
import socket
import time
from collections import deque
from collections.abc import Callable

import msgspec
import numpy as np
from av.video.frame import VideoFrame

from kiosk.facts.profile import Hearing, Output
from kiosk.ipc import media_messages as messages
from kiosk.ipc import wire
from kiosk.ipc.frame_ring import FrameRingWriter
from kiosk.ipc.media_messages import FromMedia, MediaPart, MediaTrouble, PartState, ToMedia
from kiosk.media.call import Call, CallDevices
from kiosk.media.camera import GENERATED_SIZE, Camera, CameraTroubleError, SelfView, check_camera
from kiosk.media.playout import PlayoutEvent, RemoteHeard, RingBegan, Samples, SpeechEnded
from kiosk.media.relaying import Relaying, relaying_of
from kiosk.media.sound import Sound
from kiosk.media.threads import in_daemon_thread
from kiosk.media.voice import Microphone, to_card_rate

_log = logging.getLogger(__name__)

_MOST_UNSENT = 500
_LONGEST_SPEECH_BYTES = 2 * 48_000 * 120
_CHECK_LIMIT_S = 5.0
_CHECK_EVERY_S = 5.0
_END_LIMIT_S = 4.0
_COUNT_EVERY_S = 1.0


class Media:
    """Runs on one end of a SOCK_SEQPACKET pair; ``await run()`` returns when core has gone. Owns ``connection``."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._decoder: msgspec.json.Decoder[ToMedia] = msgspec.json.Decoder(ToMedia)
        self._unsent: deque[tuple[FromMedia, tuple[int, ...]]] = deque()
        self._loop = asyncio.get_running_loop()
        self._gone = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._remote_ring = FrameRingWriter("svar-remote")
        self._self_ring = FrameRingWriter("svar-self-view")
        self._microphone = Microphone()
        self._sound: Sound | None = None
        self._camera: Camera | None = None
        self._call: Call | None = None
        self._relaying = Relaying()
        self._parts: dict[MediaPart, MediaTrouble | None] = {}
        self.refused_messages = 0

    async def run(self) -> None:
        """Serve until core closes its end; then give every device back within some seconds."""
        self._loop.add_reader(self._connection.fileno(), self._read)
        try:
            await self._gone.wait()
        finally:
            self._loop.remove_reader(self._connection.fileno())
            self._loop.remove_writer(self._connection.fileno())
            await self._end()

    async def _end(self) -> None:
        try:
            async with asyncio.timeout(_END_LIMIT_S):
                call, self._call = self._call, None
                if call is not None:
                    await call.drop()
                if self._camera is not None:
                    self._camera.switch_off()
                if self._sound is not None:
                    await self._sound.stop()
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
        except TimeoutError:
            _log.warning("media did not end within %.0f s", _END_LIMIT_S)
        self._connection.close()
        self._remote_ring.close()
        self._self_ring.close()

    # messages

    def _read(self) -> None:
        try:
            packet, descriptors = wire.receive(self._connection)
        except BlockingIOError:
            return
        except wire.LinkClosed:
            self._gone.set()
            self._loop.remove_reader(self._connection.fileno())
            return
        except wire.WireError as error:
            self._refuse(str(error))
            return
        try:
            message = self._decoder.decode(packet)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._refuse(type(error).__name__)
        else:
            self._dispatch(message, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)

    def _refuse(self, reason: str) -> None:
        self.refused_messages += 1
        _log.warning("a message from core was refused (%s); %d so far", reason, self.refused_messages)

    def _dispatch(self, message: ToMedia, descriptors: list[int]) -> None:
        match message:
            case messages.Configure():
                self._configure(message)
            case messages.PrepareCall():
                self._new_call(message.call_id).prepare(message.offer)
            case messages.AcceptCall() | messages.TakeAnswer() | messages.TakeOffer():
                self._with_call(message)
            case messages.ReofferCall():
                call = self._call
                if call is None or call.call_id != message.call_id:
                    call = self._new_call(message.call_id)
                call.reoffer(message.negotiated)
            case messages.DropCall():
                if self._call is not None and self._call.call_id == message.call_id:
                    self._drop_call()
            case messages.SendText():
                if self._call is not None and self._call.call_id == message.call_id:
                    self._call.text.send(message.text, counted=message.counted)
            case messages.Speak():
                self._speak(message, descriptors)
            case messages.StartRing() | messages.StopRing() | messages.StopSpeaking():
                self._ring_or_hush(message)
            case messages.SetHearing():
                self._follow(message.hearing)
            case messages.ReportStatistics():
                self._report_statistics()

    def _with_call(self, message: messages.AcceptCall | messages.TakeAnswer | messages.TakeOffer) -> None:
        call = self._call
        if call is None or call.call_id != message.call_id:
            _log.warning("%s for a call that is not there", type(message).__name__)
            trouble = messages.SdpTrouble.FAILED
            self._tell(messages.CallRefused(call_id=message.call_id, trouble=trouble, detail="no such call"))
        elif isinstance(message, messages.AcceptCall):
            call.accept()
        elif isinstance(message, messages.TakeAnswer):
            call.take_answer(message.answer)
        else:
            call.take_offer(message.offer)

    def _tell(self, message: FromMedia, descriptors: tuple[int, ...] = ()) -> None:
        if len(self._unsent) >= _MOST_UNSENT:
            self._unsent.popleft()
            _log.warning("core does not read; a message was dropped")
        self._unsent.append((message, descriptors))
        self._write()

    def _write(self) -> None:
        while self._unsent and not self._gone.is_set():
            message, descriptors = self._unsent[0]
            try:
                wire.send(self._connection, message, descriptors)
            except BlockingIOError:
                self._loop.add_writer(self._connection.fileno(), self._write)
                return
            except (wire.LinkClosed, OSError):
                self._gone.set()
                return
            except wire.WireError as error:
                _log.error("a message could not be sent: %s", error)
            self._unsent.popleft()
        if self._connection.fileno() >= 0:
            self._loop.remove_writer(self._connection.fileno())

    # devices

    def _configure(self, wish: messages.Configure) -> None:
        if self._sound is not None:
            self._refuse("configured twice")
            return
        self._relaying = relaying_of(wish)
        self._sound = Sound(
            wish.sound_device,
            echo_cancelling=wish.echo_cancelling,
            outputs=wish.outputs,
            on_state=lambda trouble, detail: self._part(MediaPart.SOUND, trouble, detail),
            on_output=self._on_output,
            on_event=self._on_playout,
            on_microphone=self._microphone.put,
        )
        self._camera = Camera(
            wish.camera,
            size=(wish.camera_width, wish.camera_height),
            on_state=lambda trouble, detail: self._part(MediaPart.CAMERA, trouble, detail),
            on_frame=self._on_camera_frame,
            on_self_view=self._on_self_view,
        )
        rings = (self._remote_ring, self._self_ring)
        self._tell(messages.MediaReady(), tuple(d for ring in rings for d in (ring.memory, ring.bell)))
        self._sound.start()
        for work in (self._look_for_camera(wish.camera), self._count()):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look_for_camera(self, source: str) -> None:
        """Outside calls the camera stays closed, so only its being there is looked at, again and again: it may be
        unplugged. What opening it showed in a call stands until the next call, unless it was not found."""
        while True:
            known = self._parts.get(MediaPart.CAMERA)
            if self._camera is not None and not self._camera.is_on and known in (None, MediaTrouble.NOT_FOUND):
                try:
                    seen = await in_daemon_thread(lambda: check_camera(source), limit_s=_CHECK_LIMIT_S)
                except TimeoutError:
                    seen = CameraTroubleError(MediaTrouble.STALLED, "the check takes too long")
                if not self._camera.is_on:
                    self._part(MediaPart.CAMERA, seen.trouble if seen else None, seen.detail if seen else "")
            await asyncio.sleep(_CHECK_EVERY_S)

    def _part(self, part: MediaPart, trouble: MediaTrouble | None, detail: str) -> None:
        if part in self._parts and self._parts[part] is trouble:
            return
        self._parts[part] = trouble
        _log.info("%s: %s %s", part.value, trouble.value if trouble else "works", detail)
        self._tell(PartState(part=part, trouble=trouble, detail=detail))

    def _on_camera_frame(self, frame: VideoFrame) -> None:
        if self._call is not None:
            self._call.show(frame)

    def _on_self_view(self, view: SelfView) -> None:
        self._self_ring.write(view.width, view.height, view.planes, time.monotonic())

    # sounds

    def _follow(self, hearing: Hearing) -> None:
        if self._sound is None:
            self._refuse("a sound before Configure")
            return
        self._sound.follow(hearing)
        self._wait_for_voice()

    def _on_output(self, output: Output, works: bool) -> None:
        self._tell(messages.OutputState(output, works))
        self._wait_for_voice()

    def _wait_for_voice(self) -> None:
        if self._call is not None and self._sound is not None:
            self._call.delay_picture(self._sound.picture_delay_s)

    def _ring_or_hush(self, message: messages.StartRing | messages.StopRing | messages.StopSpeaking) -> None:
        if self._sound is None:
            self._refuse("a sound before Configure")
            return
        ended: list[SpeechEnded] = []
        with self._sound.playout() as playout:
            if isinstance(message, messages.StartRing):
                playout.start_ring(message.tone)
            elif isinstance(message, messages.StopRing):
                playout.stop_ring()
            else:
                ended = playout.stop_speaking()
        for event in ended:
            self._on_playout(event)

    def _speak(self, message: messages.Speak, descriptors: list[int]) -> None:
        samples = _samples_of(descriptors)
        if samples is None or self._sound is None or not self._sound.works:
            self._tell(messages.SpeechFinished(speech_id=message.speech_id, dropped=True))
            return
        try:
            at_card_rate = to_card_rate(samples, message.sample_rate)
        except ValueError as error:
            self._refuse(str(error))
            self._tell(messages.SpeechFinished(speech_id=message.speech_id, dropped=True))
            return
        with self._sound.playout() as playout:
            playout.say(message.speech_id, at_card_rate)

    def _on_playout(self, event: PlayoutEvent) -> None:
        match event:
            case RingBegan():
                self._tell(messages.RingSounding(at=time.monotonic()))
            case SpeechEnded():
                self._tell(messages.SpeechFinished(speech_id=event.speech_id, dropped=event.dropped))
            case RemoteHeard():
                if self._call is not None:
                    self._tell(messages.FirstRemoteSound(call_id=self._call.call_id, at=time.monotonic()))

    def _paint_remote(self, width: int, height: int, planes: bytes, at: float) -> None:
        self._remote_ring.write(width, height, planes, at)

    def _listen_to(self, voice: Callable[[], Samples]) -> None:
        if self._sound is not None:
            with self._sound.playout() as playout:
                playout.listen_to(voice)

    # the call

    def _new_call(self, call_id: str) -> Call:
        if self._call is not None:
            _log.warning("a new call while there is one: the old one is dropped")
            self._drop_call()
        devices = CallDevices(
            microphone=self._microphone,
            paint=self._paint_remote,
            listen_to=self._listen_to,
            on=self._devices_on,
            off=self._devices_off,
            picture_size=self._camera.size if self._camera is not None else GENERATED_SIZE,
        )
        self._call = Call(call_id, self._relaying, devices, self._tell)
        self._wait_for_voice()
        return self._call

    def _drop_call(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            task = asyncio.create_task(call.drop(), name="drop")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _devices_on(self) -> None:
        self._microphone.open()
        if self._sound is not None:
            self._sound.listening = True
        if self._camera is not None:
            self._camera.switch_on()

    def _devices_off(self) -> None:
        self._microphone.close()
        if self._camera is not None:
            self._camera.switch_off()
        self._self_ring.blank()
        self._remote_ring.blank()
        if self._sound is not None:
            self._sound.listening = False
            with self._sound.playout() as playout:
                playout.forget_remote()

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(_COUNT_EVERY_S)
            self._tell_counts()

    def _tell_counts(self) -> None:
        statistics = self._call.statistics(time.monotonic()) if self._call is not None else None
        if self._call is not None and statistics is not None:
            self._tell(messages.CallCounted(call_id=self._call.call_id, statistics=statistics))

    def _report_statistics(self) -> None:
        self._tell_counts()
        call = self._call
        self._tell(
            messages.Statistics(
                call_id=call.call_id if call else None,
                frames_received=call.frames_received if call else 0,
                frames_sent=call.frames_sent if call else 0,
                audio_frames_received=call.voice_packets_received if call else 0,
                sound_blocks=self._sound.blocks if self._sound else 0,
                sound_underruns=self._sound.underruns if self._sound else 0,
            )
        )


def _samples_of(descriptors: list[int]) -> Samples | None:
    """The samples in the memfd that came with Speak; None when there is none or it makes no sense."""
    if len(descriptors) != 1:
        return None
    try:
        size = os.fstat(descriptors[0]).st_size
        if not 2 <= size <= _LONGEST_SPEECH_BYTES:
            return None
        with mmap.mmap(descriptors[0], size, prot=mmap.PROT_READ) as memory:
            return np.frombuffer(memory.read(size // 2 * 2), dtype="<i2").astype(np.int16)
    except (OSError, ValueError):
        return None
