"""Everything that is heard and recorded: playout, echo path, and the watch that opens the card again; decides no sound.

Every 10 ms: one PortAudio thread takes the next block of playout, another cleans the microphone's block of what was
played (some 0.15 ms) and hands it on. The event loop only hears of events. What the microphone can hear of a second
output, a ring loudspeaker beside a headset, is the canceller's to know too.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from kiosk.facts.profile import Hearing, Side
from kiosk.ipc.media_messages import MediaTrouble
from kiosk.media.card import STREAM_LATENCY_S, Card, Sides, SoundTroubleError
from kiosk.media.echo import EchoPath
from kiosk.media.playout import BLOCK, Playout, PlayoutEvent, Samples
from kiosk.media.second_output import SecondOutput, opened
from kiosk.media.threads import in_daemon_thread

_log = logging.getLogger(__name__)

STALLED_AFTER_S = 2.0
RETRY_S = 3.0
SECOND_RETRY_S = 60.0
"""A second output that is lost makes the first be opened again too; not more often than this."""
_WATCH_S = 0.2
_PROOF_BLOCKS = 5
_OPEN_LIMIT_S = 10.0
_CLOSE_LIMIT_S = 3.0


class Sound:
    """Owns the card from ``start`` to ``stop``; all but the two block functions runs on the event loop.

    ``on_state(trouble, detail)`` and ``on_event(event)`` are called on the loop; ``on_microphone(block)`` with each
    cleaned block of 480 samples in a PortAudio thread, while ``listening``. ``second_device``: plays the ring tone, and
    speech if ``second_speaks``, beside the first, which plays everything; a home rings without it too.
    """

    def __init__(
        self,
        device: str,
        *,
        echo_cancelling: bool,
        on_state: Callable[[MediaTrouble | None, str], None],
        on_event: Callable[[PlayoutEvent], None],
        on_microphone: Callable[[Samples], None],
        second_device: str = "",
        second_speaks: bool = True,
    ) -> None:
        self._device = device
        self._echo_cancelling = echo_cancelling
        self._on_state = on_state
        self._on_event = on_event
        self._on_microphone = on_microphone
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._playout = Playout(second_speaks=second_speaks)
        self._second_device = second_device
        self._second_speaks = second_speaks
        self._second: SecondOutput | None = None
        self._echo: EchoPath | None = None
        self._task: asyncio.Task[None] | None = None
        self._card: Card | None = None
        self._sides: Sides = (1.0, 1.0)
        self._two_channels = False
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
    def second_works(self) -> bool:
        """Whether there is a second output and it plays."""
        return self._second is not None and self._second.active

    def cancel_echo(self, wanted: bool) -> None:
        """False when a headset or an induction loop was put on: the microphone does not hear what is played. The
        canceller learns the room anew when it is wanted again."""
        self._echo_cancelling = wanted
        self._tell_echo_path()

    def follow(self, hearing: Hearing) -> None:
        """Everything sounds like this from now on. The first time that one side shall be louder than the other the card
        is opened anew, with two channels (some tenths of a second without sound)."""
        self._sides = sides_of(hearing)
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
                    self._second = await self._open_second()
                    self._tell_echo_path()
                    await self._watch(card)
                    continue
                except SoundTroubleError as error:
                    trouble, detail = error.trouble, error.detail
                finally:
                    await self._close_second()
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
        self._echo = echo

        def next_block() -> Samples:
            with self._lock:
                block, events = self._playout.next_block()
                alert = self._playout.second
            second = self._second
            if second is None:
                echo.played(block)
            else:
                second.put(alert)
                echo.played(_together(block, alert) if self._echo_cancelling else alert)
            for event in events:
                self._loop.call_soon_threadsafe(self._on_event, event)
            return block

        def recorded(block: Samples) -> None:
            if len(block) == BLOCK:
                cleaned = echo.clean(block, wanted=self.listening)
                if cleaned is not None:
                    self._on_microphone(cleaned)

        self._two_channels = self._wants_two_channels
        sides = (lambda: self._sides) if self._two_channels else None
        return Card(self._device, next_block=next_block, on_recorded=recorded, sides=sides)

    @property
    def _wants_two_channels(self) -> bool:
        return self._sides[0] != self._sides[1]

    async def _open_second(self) -> SecondOutput | None:
        """After the first: opening a card begins PortAudio anew."""
        if not self._second_device:
            return None
        try:
            return await in_daemon_thread(lambda: opened(self._second_device), limit_s=_OPEN_LIMIT_S)
        except TimeoutError:
            _log.warning("the second output takes too long to open; left out")
            return None

    async def _close_second(self) -> None:
        second, self._second = self._second, None
        if second is not None:
            await _close(second)

    def _tell_echo_path(self) -> None:
        heard = self._echo_cancelling or (self._second is not None and self._second_speaks)
        if self._echo is not None:
            self._echo.echo_cancelling = heard

    async def _watch(self, card: Card) -> None:
        """Return when the second output is lost and nobody is in a call, or when two channels are wanted: all is opened
        again. Raises SoundTroubleError when the card stands still."""
        earliest = time.monotonic() + SECOND_RETRY_S
        while self._second is None or self._second.active or self.listening or time.monotonic() < earliest:
            await asyncio.sleep(_WATCH_S)
            if self._wants_two_channels and not self._two_channels:
                return
            if time.monotonic() - min(card.played_at, card.recorded_at) > STALLED_AFTER_S:
                raise SoundTroubleError(MediaTrouble.STALLED, f"no block in {STALLED_AFTER_S:.0f} s")
            if not card.active:
                raise SoundTroubleError(MediaTrouble.FAILED, "a stream ended by itself")
        _log.warning("the second output is lost; the cards are opened again")

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


async def _close(card: Card | SecondOutput) -> None:
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


def _together(block: Samples, alert: Samples) -> Samples:
    """Both loudspeakers are in one room."""
    both: Samples = np.clip(block.astype(np.int32) + alert, -32768, 32767).astype(np.int16)
    return both
