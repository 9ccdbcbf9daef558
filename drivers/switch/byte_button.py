"""A button that sends a byte when it is pressed, over a serial line. Pure.

    ... 01 ......... 01 01 01 01 01 ........     ``press`` = 0x01; a button that is held says it again and again
        └ press      └ press, held

Which byte, and how fast the line is, stands in the button's own papers and then in the settings.
"""

from __future__ import annotations

import math
from typing import Final

HELD_S: Final = 0.3
"""What is said again within this time is said by a button that is held (keyboards repeat after 0.25 s or so, and then
thirty times a second)."""


class ByteButton:
    """``press``: the byte that stands for it, 0 to 255; all others mean nothing. ``now`` is monotonic seconds."""

    def __init__(self, press: int) -> None:
        """ValueError for what is no byte."""
        if not 0 <= press <= 0xFF:
            raise ValueError("a button sends a byte of 0 to 255")
        self._press = press
        self._heard = -math.inf

    def take(self, chunk: bytes, now: float) -> bool:
        """What has come; True when the button has been pressed, and not only held."""
        if self._press not in chunk:
            return False
        pressed = now - self._heard >= HELD_S
        self._heard = now
        return pressed
