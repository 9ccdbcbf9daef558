"""Captions: what somebody says, in two or three lines that can be read as they pass. Pure; time is an argument.

Any source may send them (typed, a speech service, a local engine), as JSON over a data channel ``captions``. Messages
are numbered (``seq``); those with the same ``speaker`` and ``start`` are one utterance, each replacing the one before
until one is final. So messages that are lost or come in another order do no harm. A line that has been read never
changes: only the last one may, while its utterance is not final. No more than 180 words pass in a minute.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from typing import Annotated

import msgspec

from kiosk.text.lines import wrapped

LONGEST_MESSAGE = 4000
"""Characters of JSON."""

WORDS_PER_MINUTE = 160
"""At which lines follow one another. 180 is the limit (Ofcom), and the line that is there already counts too."""

LINES = 3
MOST_WAITING = 40
"""Lines; whoever speaks faster for so long is not followed word by word any more, and the oldest go unread."""

CLEAR_AFTER_S = 12.0
"""Of silence; nobody reads the last line any more, and it covers the picture."""

_CHANGE_AFTER_S = 0.6
"""The last line changes at most so often: a word at a time is hard to read."""


class CaptionMessage(msgspec.Struct, frozen=True):
    """One message. ``start``: seconds, when the utterance began, by the sender's clock. ``lang``: BCP 47.

    ``automatic``: written by a machine; taken for granted where nothing is said.
    """

    seq: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    text: Annotated[str, msgspec.Meta(max_length=600)]
    final: bool
    speaker: Annotated[str, msgspec.Meta(max_length=60)] = ""
    start: float = 0.0
    lang: Annotated[str, msgspec.Meta(max_length=35)] = ""
    automatic: bool = True


class CaptionError(ValueError):
    """A message that is no caption; the text says why."""


class Line(msgspec.Struct, frozen=True):
    """One line and who says it."""

    text: str
    speaker: str


class Utterance(msgspec.Struct, frozen=True):
    """What is being said. ``seq`` of its newest message; so many of its first words stand in lines that cannot change
    any more; ``tail`` is the line after them."""

    speaker: str
    start: float
    seq: int = -1
    final: bool = False
    words_done: int = 0
    tail: str = ""


class Captions(msgspec.Struct, frozen=True):
    """``shown`` can be read now, oldest first; ``live`` below it is the line that may still change; ``waiting`` follow.

    ``next_at``: when the next line may come; ``live_since``: when the live line came, ``live_changed``: when it last
    changed; ``news_at``: when something last came to the screen.
    """

    shown: tuple[Line, ...] = ()
    live: Line | None = None
    waiting: tuple[Line, ...] = ()
    utterance: Utterance | None = None
    automatic: bool = False
    next_at: float = -math.inf
    live_since: float = -math.inf
    live_changed: float = -math.inf
    news_at: float = -math.inf

    @property
    def lines(self) -> tuple[str, ...]:
        """What is on the screen: at most LINES, all of one speaker."""
        shown = self.shown if self.live is None else (*self.shown, self.live)
        return tuple(line.text for line in shown[-LINES:] if line.speaker == shown[-1].speaker)

    @property
    def speaker(self) -> str:
        """Who says what is on the screen; empty when nobody said who it is."""
        newest = self.live or (self.shown[-1] if self.shown else None)
        return newest.speaker if newest is not None else ""


_decoder = msgspec.json.Decoder(CaptionMessage)


def decode(message: str | bytes) -> CaptionMessage:
    """A message from outside. Raises CaptionError."""
    if len(message) > LONGEST_MESSAGE:
        raise CaptionError(f"{len(message)} characters in one message")
    try:
        caption = _decoder.decode(message)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise CaptionError(type(error).__name__) from error
    if not math.isfinite(caption.start):
        raise CaptionError("a start that is no time")
    return msgspec.structs.replace(caption, text=_plain(caption.text), speaker=_plain(caption.speaker))


def heard(captions: Captions, message: CaptionMessage, now: float, fits: Callable[[str], bool]) -> Captions:
    """A message has come: lines that are full wait for their turn, the last one may change until it is final.

    ``fits``: whether a line is narrow enough for the screen.
    """
    current = captions.utterance
    if current is not None:
        late = message.start < current.start
        same = (message.speaker, message.start) == (current.speaker, current.start)
        if late or (same and message.seq <= current.seq):
            return captions
        if not same or current.final:
            if current.tail:  # its end was lost: what came of it is what there is
                captions = _line_done(captions, Line(current.tail, current.speaker), now)
            current = None
    if current is None:
        current = Utterance(message.speaker, message.start)
    words = message.text.split()
    lines = [line for line in wrapped(" ".join(words[current.words_done :]), fits) if line]
    full = lines if message.final else lines[:-1]
    for line in full:
        captions = _line_done(captions, Line(line, message.speaker), now)
    current = msgspec.structs.replace(
        current,
        seq=message.seq,
        final=message.final,
        words_done=current.words_done + len(" ".join(full).split()),
        tail="" if message.final or not lines else lines[-1],
    )
    return passed(msgspec.structs.replace(captions, utterance=current, automatic=message.automatic), now)


def passed(captions: Captions, now: float) -> Captions:
    """Time has passed: the next line comes when the one before can have been read, and all go after long silence."""
    while captions.waiting and now >= captions.next_at:
        line, *waiting = captions.waiting
        captions = msgspec.structs.replace(
            captions,
            shown=(*captions.shown, line)[-LINES:],
            waiting=tuple(waiting),
            next_at=now + _reading_time(line),
            news_at=now,
        )
    tail = captions.utterance.tail if captions.utterance is not None else ""
    if captions.utterance is not None and tail and not captions.waiting and now >= captions.next_at:
        live = Line(tail, captions.utterance.speaker)
        if captions.live is None:
            captions = msgspec.structs.replace(captions, live=live, live_since=now, live_changed=now, news_at=now)
        elif live != captions.live and now - captions.live_changed >= _CHANGE_AFTER_S:
            captions = msgspec.structs.replace(captions, live=live, live_changed=now, news_at=now)
    if not captions.waiting and now - captions.news_at >= CLEAR_AFTER_S and captions.lines:
        utterance = captions.utterance and msgspec.structs.replace(captions.utterance, tail="")
        captions = msgspec.structs.replace(captions, shown=(), live=None, utterance=utterance)
    return captions


def _line_done(captions: Captions, line: Line, now: float) -> Captions:
    """A line that will not change any more: it stands where it was growing, or waits for its turn."""
    if captions.live is None:
        return msgspec.structs.replace(captions, waiting=(*captions.waiting, line)[-MOST_WAITING:])
    return msgspec.structs.replace(
        captions,
        shown=(*captions.shown, line)[-LINES:],
        live=None,
        next_at=max(now, captions.live_since + _reading_time(line)),
        news_at=now,
    )


def _reading_time(line: Line) -> float:
    return len(line.text.split()) * 60.0 / WORDS_PER_MINUTE


def _plain(text: str) -> str:
    """In one line, without controls and marks that turn the direction of what stands beside it."""
    kept = (" " if character.isspace() else character for character in text)
    return " ".join("".join(one for one in kept if unicodedata.category(one) not in ("Cc", "Cf", "Cs")).split())
