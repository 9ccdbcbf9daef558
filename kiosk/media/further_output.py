"""An output beside the sound card's own, as a headset or an induction loop: one PortAudio stream on its own clock."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from kiosk.media.card import Sides, SoundTroubleError, as_played, exists, open_output
from kiosk.media.drift_correction import DriftCorrection
from kiosk.media.playout import Samples

_log = logging.getLogger(__name__)

_STALLED_AFTER_S = 3.0
"""A sound server may take so much ahead when a stream begins."""


class FurtherOutput:
    """Open from the moment it is made until ``close``; making, ``there`` and closing block. ``put`` may be called by
    any one thread. ``sides`` as for the card. Raises SoundTroubleError.

    PortAudio must have been initialised by the card, and the card must not be opened again while this is open:
    PortAudio then begins anew for the whole process.
    """

    def __init__(self, device: str, sides: Callable[[], Sides] | None = None) -> None:
        self._device = device
        self._correction = DriftCorrection()
        self._closed = False
        self._failed = False
        self._played_at = time.monotonic()
        self.sides = sides
        self._stream: Any = open_output(device, self._play, channels=1 if sides is None else 2)

    def plays(self, now: float) -> bool:
        """Whether PortAudio still runs the stream and its blocks are taken; ``now`` as time.monotonic."""
        return bool(self._stream.active) and not self._failed and now - self._played_at < _STALLED_AFTER_S

    def there(self) -> bool:
        """Whether the device is: a sound server lets a stream go on at another device when its own is taken away."""
        return exists(self._device)

    def put(self, block: Samples) -> None:
        """The next 10 ms, on the card's clock."""
        self._correction.put(block)

    def close(self) -> None:
        """Stop; nothing sounds any more."""
        self._closed = True
        self._stream.close(ignore_errors=True)

    def _play(self, loudspeaker: Any, _frames: int, _time: Any, _status: Any) -> None:
        self._played_at = time.monotonic()
        block: Samples | None = None
        if not self._closed:
            try:
                block = self._correction.pull()
            except Exception:  # the documented boundary of this thread: PortAudio would end the stream
                if not self._failed:
                    _log.exception("a block of a further output failed")
                self._failed = True
        if block is None:
            loudspeaker[:] = bytes(len(loudspeaker))
        else:
            loudspeaker[:] = as_played(block, self.sides if len(loudspeaker) > block.nbytes else None)


def opened(device: str, sides: Callable[[], Sides] | None) -> FurtherOutput | SoundTroubleError:
    """The output, or why it cannot be had."""
    try:
        return FurtherOutput(device, sides)
    except SoundTroubleError as error:
        return error
