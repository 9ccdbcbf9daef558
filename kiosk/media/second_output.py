"""A second loudspeaker, for the ring tone beside a headset: one PortAudio stream on a clock of its own."""

from __future__ import annotations

import logging
from typing import Any

from kiosk.ipc.media_messages import MediaTrouble
from kiosk.media.card import SoundTroubleError, open_output
from kiosk.media.drift_correction import DriftCorrection
from kiosk.media.playout import Samples

_log = logging.getLogger(__name__)


class SecondOutput:
    """Open from the moment it is made until ``close``; making and closing block. ``put`` may be called by any one
    thread. Raises SoundTroubleError.

    PortAudio must have been initialised by the first card, and the first card must not be opened again while this is
    open: PortAudio then begins anew for the whole process.
    """

    def __init__(self, device: str) -> None:
        self._correction = DriftCorrection()
        self._closed = False
        self._failed = False
        self.played = 0
        self._stream: Any = open_output(device, self._play)

    @property
    def active(self) -> bool:
        """Whether PortAudio still runs the stream."""
        return bool(self._stream.active) and not self._failed

    @property
    def ppm(self) -> float:
        """How much faster its clock runs than that of the first card."""
        return self._correction.ppm

    def put(self, block: Samples) -> None:
        """The next 10 ms, on the first card's clock."""
        self._correction.put(block)

    def close(self) -> None:
        """Stop; nothing sounds any more."""
        self._closed = True
        self._stream.close(ignore_errors=True)

    def _play(self, loudspeaker: Any, _frames: int, _time: Any, _status: Any) -> None:
        self.played += 1
        block: Samples | None = None
        if not self._closed:
            try:
                block = self._correction.pull()
            except Exception:  # the documented boundary of this thread: PortAudio would end the stream
                if not self._failed:
                    _log.exception("a block of the second output failed")
                self._failed = True
        loudspeaker[:] = bytes(len(loudspeaker)) if block is None else block.tobytes()


def opened(device: str) -> SecondOutput | None:
    """The second output, if it can be had. A home without it still rings at the first card."""
    try:
        return SecondOutput(device)
    except SoundTroubleError as error:
        level = logging.INFO if error.trouble is MediaTrouble.NOT_FOUND else logging.WARNING
        _log.log(level, "the second output: %s", error)
        return None
