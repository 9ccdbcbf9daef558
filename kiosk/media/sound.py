"""Everything that is heard and recorded: playout, echo path, and the watch that opens the card again; decides no sound.

Every 10 ms: one PortAudio thread takes the next block of playout, another cleans the microphone's block of what was
played (some 0.15 ms) and hands it on. The event loop only hears of events. Which of several outputs plays is decided in
outputs.py.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from kiosk.facts.profile import Hearing, Output, Side
from kiosk.ipc.media_messages import MediaTrouble
from kiosk.media.card import STREAM_LATENCY_S, Card, Sides, SoundTroubleError
from kiosk.media.echo import EchoPath
from kiosk.media.outputs import Outputs
from kiosk.media.playout import BLOCK, Playout, PlayoutEvent, Samples
from kiosk.media.threads import in_daemon_thread

_log = logging.getLogger(__name__)

STALLED_AFTER_S = 2.0
RETRY_S = 3.0
NEW_LIST_S = 60.0
"""An output that PortAudio does not know of makes the card be opened again, when all is quiet; not more often."""
_WATCH_S = 0.2
_PROOF_BLOCKS = 5
_OPEN_LIMIT_S = 10.0
_CLOSE_LIMIT_S = 3.0


class Sound:
    """Owns the card from ``start`` to ``stop``; all but the two block functions runs on the event loop.

    ``on_state(trouble, detail)`` and ``on_event(event)`` are called on the loop; ``on_microphone(block)`` with each
    cleaned block of 480 samples in a PortAudio thread, while ``listening``. ``outputs``: the others that this home has,
    with PortAudio's names; ``on_output(output, works)`` is told of those that the profile asks for.
    """

    def __init__(
        self,
        device: str,
        *,
        echo_cancelling: bool,
        on_state: Callable[[MediaTrouble | None, str], None],
        on_event: Callable[[PlayoutEvent], None],
        on_microphone: Callable[[Samples], None],
        outputs: Mapping[Output, str] | None = None,
        on_output: Callable[[Output, bool], None] = lambda _output, _works: None,
    ) -> None:
        self._device = device
        self._echo_cancelling = echo_cancelling
        self._on_state = on_state
        self._on_event = on_event
        self._on_microphone = on_microphone
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._playout = Playout()
        self._outputs = Outputs(outputs or {}, on_output)
        self._task: asyncio.Task[None] | None = None
        self._card: Card | None = None
        self._sides: Sides = (1.0, 1.0)
        self._tell_sides = lambda: self._sides
        self._two_channels = False
        self._picture_delay_s = 0.0
        self._blocks_before = 0
        self._underruns_before = 0
        self.listening = False
        """Whether someone wants the microphone. If not, and nothing is played, no time is spent on cleaning it."""

    @property
    def works(self) -> bool:
        """Whether the card is taking blocks now."""
        return self._card is not None

    @property
    def blocks(self) -> int:
        """Blocks of 10 ms that the card has taken since the start."""
        return self._blocks_before + (self._card.played if self._card else 0)

    @property
    def underruns(self) -> int:
        """Blocks that came too late to be played or recorded whole, as PortAudio tells."""
        return self._underruns_before + (self._card.underruns if self._card else 0)

    @property
    def picture_delay_s(self) -> float:
        """How much later than from the card the voice comes out; not late where the loudspeaker stands in."""
        return self._outputs.voice_delay_s + (self._picture_delay_s if self._outputs.voice_works else 0.0)

    def follow(self, hearing: Hearing) -> None:
        """Everything sounds like this from now on. The first time that one side shall be louder than the other the card
        is opened anew, with two channels (some tenths of a second without sound)."""
        self._sides = sides_of(hearing)
        self._picture_delay_s = hearing.picture_delay_ms / 1000
        self._outputs.follow(hearing, self._tell_sides if self._wants_two_channels or self._two_channels else None)
        with self._lock:
            self._playout.follow(hearing)

    @contextmanager
    def playout(self) -> Iterator[Playout]:
        """The playout, for a moment (the playing thread waits meanwhile)."""
        with self._lock:
            yield self._playout

    def start(self) -> None:
        """Open the card, and again whenever it is lost, until ``stop``."""
        self._task = asyncio.create_task(self._keep_open(), name="sound")

    async def stop(self) -> None:
        """Close the card; bounded by some seconds even when the sound server hangs."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _keep_open(self) -> None:
        told: MediaTrouble | str | None = "nothing yet"
        while True:
            try:
                card = await in_daemon_thread(self._open, limit_s=_OPEN_LIMIT_S)
            except SoundTroubleError as error:
                trouble, detail = error.trouble, error.detail
            except TimeoutError:
                trouble, detail = MediaTrouble.STALLED, "opening takes too long"
            else:
                try:
                    await _prove(card)
                    self._card = card
                    told = None
                    self._on_state(None, "")
                    await self._watch(card)
                    continue
                except SoundTroubleError as error:
                    trouble, detail = error.trouble, error.detail
                finally:
                    await self._outputs.close()
                    self._card = None
                    self._blocks_before += card.played
                    self._underruns_before += card.underruns
                    await _close(card)
            if trouble is not told:
                told = trouble
                self._on_state(trouble, detail)
            self._drop_speech()
            await asyncio.sleep(RETRY_S)

    def _open(self) -> Card:
        """In a thread of its own. Raises SoundTroubleError."""
        echo = EchoPath(echo_cancelling=self._echo_cancelling, stream_delay_ms=int(STREAM_LATENCY_S * 2000))

        def next_block() -> Samples:
            with self._lock:
                block, events = self._playout.next_block()
                alert = self._playout.alert
            block, heard = self._outputs.route(block, alert)
            echo.played(heard)
            for event in events:
                self._loop.call_soon_threadsafe(self._on_event, event)
            return block

        def recorded(block: Samples) -> None:
            if len(block) == BLOCK:
                cleaned = echo.clean(block, wanted=self.listening)
                if cleaned is not None:
                    self._on_microphone(cleaned)

        self._two_channels = self._wants_two_channels
        sides = self._tell_sides if self._two_channels else None
        return Card(self._device, next_block=next_block, on_recorded=recorded, sides=sides)

    @property
    def _wants_two_channels(self) -> bool:
        return self._sides[0] != self._sides[1]

    async def _watch(self, card: Card) -> None:
        """Return when PortAudio must make a new list of devices and nobody hears it, or when two channels are wanted:
        all is opened again. Raises SoundTroubleError when the card stands still."""
        earliest = time.monotonic() + NEW_LIST_S
        while not (self._outputs.unlisted and self._quiet and time.monotonic() > earliest):
            await asyncio.sleep(_WATCH_S)
            await self._outputs.tend(time.monotonic())
            if self._wants_two_channels and not self._two_channels:
                return
            if time.monotonic() - min(card.played_at, card.recorded_at) > STALLED_AFTER_S:
                raise SoundTroubleError(MediaTrouble.STALLED, f"no block in {STALLED_AFTER_S:.0f} s")
            if not card.active:
                raise SoundTroubleError(MediaTrouble.FAILED, "a stream ended by itself")

    @property
    def _quiet(self) -> bool:
        return not self.listening and self._playout.quiet

    def _drop_speech(self) -> None:
        with self._lock:
            ended = self._playout.stop_speaking()
        for event in ended:
            self._on_event(event)


async def _prove(card: Card) -> None:
    """Wait until blocks flow both ways: an open stream is not yet a running one. Raises SoundTroubleError."""
    opened = time.monotonic()
    while min(card.played, card.recorded) < _PROOF_BLOCKS:
        if time.monotonic() - opened > STALLED_AFTER_S:
            raise SoundTroubleError(MediaTrouble.STALLED, f"{card.played} played, {card.recorded} recorded in 2 s")
        await asyncio.sleep(0.02)


async def _close(card: Card) -> None:
    try:
        await in_daemon_thread(card.close, limit_s=_CLOSE_LIMIT_S)
    except TimeoutError:
        _log.warning("the sound card does not close; left behind")


def sides_of(hearing: Hearing) -> Sides:
    """What each channel gets: the chosen side alone, or both, that away from the balance softer."""
    if hearing.side is not Side.BOTH:
        return (1.0, 0.0) if hearing.side is Side.LEFT else (0.0, 1.0)
    balance = hearing.balance / 100
    return min(1.0, 1.0 - balance), min(1.0, 1.0 + balance)
