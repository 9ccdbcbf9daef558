"""Which output plays what: voices and the ring each where the patient's profile says, at the loudspeaker where that is
not there; opens what is asked for, and again when it comes back.

The loudspeaker is the sound card's own, whose clock drives everything. Where voices go, everything sounds; the ring's
output, if it is another one, has the ring and what is said while it rings.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from kiosk.facts.profile import Hearing, Output
from kiosk.ipc.media_messages import MediaTrouble
from kiosk.media.card import Sides
from kiosk.media.drift_correction import WAITING
from kiosk.media.further_output import FurtherOutput, opened
from kiosk.media.playout import BLOCK, Samples
from kiosk.media.ring_tone import RATE_HZ
from kiosk.media.threads import in_daemon_thread

_log = logging.getLogger(__name__)

RETRY_S, MOST_RETRY_S = 5.0, 30.0
"""An output that is not there is looked for again after so long, then after twice as long, up to the most: PortAudio
writes lines about each try."""
_LOOK_S = 1.0
"""And one that plays, whether it is still there."""
_LIMIT_S = 5.0
"""For opening, looking and closing: meanwhile nobody watches the card."""
_HEARD_IN_THE_ROOM = frozenset({Output.LOUDSPEAKER, Output.BLUETOOTH})
"""A headset and an induction loop reach the ear alone; what is paired by Bluetooth may be a loudspeaker."""

_SILENCE = np.zeros(BLOCK, dtype=np.int16)

_Result = TypeVar("_Result")


class Outputs:
    """``devices``: PortAudio's name of each output that this home has. ``on_change(output, works)`` is told of each
    that the profile asks for, when it is opened or found missing. ``route`` belongs to the playing thread, all else to
    the event loop."""

    def __init__(self, devices: Mapping[Output, str], on_change: Callable[[Output, bool], None]) -> None:
        self._devices = dict(devices)
        self._on_change = on_change
        self._voice = self._ring = Output.LOUDSPEAKER
        self._sides: Callable[[], Sides] | None = None
        self._open: dict[Output, FurtherOutput] = {}  # replaced, never changed: the playing thread reads it
        self._told: dict[Output, bool] = {}
        self._next_try: dict[Output, float] = {}
        self._pause: dict[Output, float] = {}
        self._next_look = 0.0
        self._unlisted: set[Output] = set()

    @property
    def voice_works(self) -> bool:
        """Whether voices sound where the profile says."""
        return self._voice is Output.LOUDSPEAKER or self._voice in self._open

    @property
    def voice_delay_s(self) -> float:
        """How much later voices sound than at the loudspeaker, by what waits between the two clocks."""
        return WAITING / RATE_HZ if self._voice in self._open else 0.0

    @property
    def unlisted(self) -> bool:
        """Whether something is missing that PortAudio will not find before it has made a new list of devices."""
        return bool(self._unlisted)

    def follow(self, hearing: Hearing, sides: Callable[[], Sides] | None) -> None:
        """From the next block on where outputs are open; others are opened by ``tend``. ``sides`` as for the card."""
        if (hearing.voice_output, hearing.ring_output) != (self._voice, self._ring):
            self._next_try, self._pause = {}, {}
        self._voice, self._ring = hearing.voice_output, hearing.ring_output
        self._sides = sides

    def route(self, whole: Samples, alert: Samples) -> tuple[Samples, Samples]:
        """Give every other output its 10 ms; returns the loudspeaker's, and what the microphone may hear of all.

        ``alert``: of ``whole``, the ring and what is said while it rings.
        """
        there = self._open
        voice = self._voice if self._voice in there else Output.LOUDSPEAKER
        ring = self._ring if self._ring in there else Output.LOUDSPEAKER
        blocks = {ring: alert, voice: whole}
        for output, block in blocks.items():
            if output is not Output.LOUDSPEAKER:
                there[output].put(block)
        heard = [block for output, block in blocks.items() if output in _HEARD_IN_THE_ROOM]
        return blocks.get(Output.LOUDSPEAKER, _SILENCE), _together(heard)

    async def tend(self, now: float) -> None:
        """Close what is lost or not wanted any more and open what is wanted; some milliseconds, some seconds where a
        sound server hangs. ``now`` as time.monotonic; to be called a few times a second while the card is open."""
        wanted = {self._voice, self._ring} - {Output.LOUDSPEAKER}
        look = now >= self._next_look
        if look:
            self._next_look = now + _LOOK_S
        for output, stream in self._open.items():
            fits = output in wanted and stream.sides is self._sides and stream.plays(now)
            if not fits or (look and not await _bounded(stream.there, False)):
                await self._drop(output)
        self._unlisted &= wanted
        for output in wanted - self._open.keys():
            if now >= self._next_try.get(output, 0.0):
                pause = self._pause.get(output, RETRY_S)
                self._next_try[output], self._pause[output] = now + pause, min(2 * pause, MOST_RETRY_S)
                await self._try(output)
        self._told = {output: works for output, works in self._told.items() if output in wanted}
        for output in wanted:
            self._tell(output)

    async def close(self) -> None:
        """All; what is wanted is opened again by ``tend`` at once."""
        for output in list(self._open):
            await self._drop(output)
        self._next_try = {}

    async def _try(self, output: Output) -> None:
        device, sides = self._devices.get(output), self._sides
        if device is None:
            return
        found = await _bounded(lambda: opened(device, sides), None)
        if isinstance(found, FurtherOutput):
            self._unlisted.discard(output)
            self._pause.pop(output, None)
            self._open = {**self._open, output: found}
        elif found is not None and found.trouble is MediaTrouble.NOT_FOUND:
            self._unlisted.add(output)

    async def _drop(self, output: Output) -> None:
        stream = self._open[output]
        self._open = {other: stays for other, stays in self._open.items() if other is not output}
        await _bounded(stream.close, None)

    def _tell(self, output: Output) -> None:
        works = output in self._open
        if self._told.get(output) is not works:
            self._told[output] = works
            level, word = (logging.INFO, "plays") if works else (logging.WARNING, "is missing")
            _log.log(level, "%s %s", output.value, word)
            self._on_change(output, works)


async def _bounded(call: Callable[[], _Result], otherwise: _Result) -> _Result:
    try:
        return await in_daemon_thread(call, limit_s=_LIMIT_S)
    except TimeoutError:
        _log.warning("an output hangs; left behind")
        return otherwise


def _together(blocks: list[Samples]) -> Samples:
    """All of them are in one room."""
    if len(blocks) == 1:
        return blocks[0]
    mixture = np.sum(blocks, axis=0, dtype=np.int32) if blocks else _SILENCE
    together: Samples = np.clip(mixture, -32768, 32767).astype(np.int16)
    return together
