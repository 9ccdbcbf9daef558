"""The data channels of a call that carry real-time text (RFC 8865) and captions; what is in them is core's.

The other end opens them, anew after every new connection; the newest one of a kind speaks, those before it are not
listened to any more. What is no T.140, no text, or comes in masses, is refused.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable

from aiortc import RTCDataChannel
from aiortc.exceptions import InvalidStateError

from kiosk.ipc.media_messages import CaptionReceived, FromMedia, TextChannel, TextReceived, TextSent
from kiosk.text import captions, t140

_log = logging.getLogger(__name__)

TEXT_BURST, TEXT_PER_SECOND = 12_000.0, 600.0
"""Characters. RFC 8865 has 30 a second; what was written without a line comes at once."""

CAPTION_BURST, CAPTIONS_PER_SECOND = 100.0, 20.0
"""Messages."""


class Kind(enum.Enum):
    """What a channel carries; the value is its protocol and its label."""

    TEXT = "t140"
    CAPTIONS = "captions"


class _Allowance:
    """So much at once, and so much a second."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._left, self._at = burst, 0.0

    def takes(self, amount: float, now: float) -> bool:
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if amount > self._left:
            return False
        self._left -= amount
        return True


class TextChannels:
    """Those of one call, over all its connections. ``tell`` gets what core shall know; ``clock`` in seconds."""

    def __init__(self, call_id: str, tell: Callable[[FromMedia], None], clock: Callable[[], float]) -> None:
        self._call_id = call_id
        self._tell = tell
        self._clock = clock
        self._current: dict[Kind, RTCDataChannel] = {}
        self._allowed = {
            Kind.TEXT: _Allowance(TEXT_BURST, TEXT_PER_SECOND),
            Kind.CAPTIONS: _Allowance(CAPTION_BURST, CAPTIONS_PER_SECOND),
        }
        self._ended = False
        self.refused = 0
        """Messages and channels."""

    def came(self, channel: RTCDataChannel) -> None:
        """The other end has opened a channel."""
        kind = next((one for one in Kind if one.value in (channel.protocol, channel.label)), None)
        # Text must be reliable and in order (RFC 8865 section 3); captions are numbered.
        loose = not channel.ordered or channel.maxRetransmits is not None or channel.maxPacketLifeTime is not None
        if kind is None or self._ended or (kind is Kind.TEXT and loose):
            self._refuse(channel, "a channel that is not used here")
            return
        self._current[kind] = channel
        channel.on("message", lambda message: self._message(kind, channel, message))
        channel.on("close", lambda: self._closed(kind, channel))
        if kind is Kind.TEXT:
            self._tell(TextChannel(call_id=self._call_id, open=True))

    def send(self, text: str, *, counted: bool) -> None:
        """T.140 characters; where a channel has taken them and they are ``counted``, core is told."""
        channel = self._current.get(Kind.TEXT)
        if channel is None:
            return
        try:
            channel.send(text)
        except (InvalidStateError, ValueError):
            return
        if counted:
            self._tell(TextSent(call_id=self._call_id, characters=len(text)))

    def end(self) -> None:
        """The call is over."""
        self._ended = True
        self._current.clear()

    def _message(self, kind: Kind, channel: RTCDataChannel, message: str | bytes) -> None:
        if self._current.get(kind) is not channel:
            return
        if kind is Kind.CAPTIONS:
            caption = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
            if len(caption) > captions.LONGEST_MESSAGE or not self._allowed[kind].takes(1, self._clock()):
                self.refused += 1
            else:
                self._tell(CaptionReceived(call_id=self._call_id, message=caption))
            return
        try:
            characters = t140.decoded(message)
        except t140.MessageError as error:
            self.refused += 1
            _log.warning("text was refused: %s", error)
            return
        if not self._allowed[kind].takes(len(characters), self._clock()):
            # Left out it would be lost; so the channel goes, and the other end may open another.
            self._refuse(channel, "far too much text")
            return
        if characters:
            self._tell(TextReceived(call_id=self._call_id, text=characters))

    def _closed(self, kind: Kind, channel: RTCDataChannel) -> None:
        if self._current.get(kind) is channel:
            del self._current[kind]
            if kind is Kind.TEXT and not self._ended:
                self._tell(TextChannel(call_id=self._call_id, open=False))

    def _refuse(self, channel: RTCDataChannel, why: str) -> None:
        self.refused += 1
        _log.warning("a data channel is closed: %s", why)
        channel.close()
