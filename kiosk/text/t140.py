"""One lane of real-time text: what T.140 makes of the characters that come, one writer's. Pure.

ITU-T T.140 with its addendum 1, carried as RFC 8865 says: each message holds whole UTF-8 characters. What can be shown
is kept, the rest is understood and left out: erasure (BS), new line (U+2028, CR LF), alert (BEL), the byte order mark,
control strings (SOS … ST), select graphic rendition (CSI … m) and the interrupt (ESC a).
"""

from __future__ import annotations

import enum
import unicodedata

import msgspec

from kiosk.text.graphemes import LONGEST_CLUSTER, without_last

BACKSPACE = "\b"
BELL = "\a"
NEW_LINE = "\u2028"
BYTE_ORDER_MARK = "\ufeff"
LOSS_MARK = "\ufffd"
"""Missing text (T.140 addendum 1, T140ad1)."""

START_OF_STRING = "\u0098"
STRING_TERMINATOR = "\u009c"
LONGEST_STRING = 256
"""Of a control string; what is longer is no control string, and ends unread."""

LONGEST_LANE = 4000
"""Characters of one writer that are kept; the oldest go."""

LONGEST_MESSAGE = 4000
"""Characters of one message. RFC 8865 expects 300 ms of typing; a pasted page is longer."""

_CONTROL_SEQUENCE = "\u009b"
_ESCAPE = "\x1b"
_LONGEST_SEQUENCE = 32

_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of what follows: one writer's could turn another's."""


class Reading(enum.Enum):
    """Inside what the next character stands."""

    TEXT = "text"
    STRING = "string"
    SEQUENCE = "sequence"
    ESCAPE = "escape"


class Lane(msgspec.Struct, frozen=True):
    """What one writer has written, as it is to be shown; new lines are ``\\n``.

    ``taken``: characters of the stream so far, those of control strings and byte order marks not counted: by this
    number two ends agree on where the stream goes on. ``shortened``: the oldest text has gone. The rest is what a
    message left unfinished.
    """

    text: str = ""
    taken: int = 0
    shortened: bool = False
    reading: Reading = Reading.TEXT
    unfinished: str = ""
    after_return: bool = False


class MessageError(ValueError):
    """A message that is not T.140 as RFC 8865 carries it; the text says why."""


def decoded(message: str | bytes) -> str:
    """The characters of a message, binary or text. Raises MessageError when they are not whole UTF-8 characters, or
    far too many."""
    if isinstance(message, bytes):
        if len(message) > 4 * LONGEST_MESSAGE:
            raise MessageError(f"{len(message)} bytes in one message")
        try:
            message = message.decode("utf-8")
        except UnicodeDecodeError as error:
            raise MessageError("a message without whole UTF-8 characters") from error
    if len(message) > LONGEST_MESSAGE:
        raise MessageError(f"{len(message)} characters in one message")
    return message


def take(lane: Lane, characters: str) -> tuple[Lane, tuple[str, ...]]:
    """The lane after these characters, and the control strings that were in them (without SOS and ST)."""
    text, taken = lane.text, lane.taken
    reading, unfinished, after_return = lane.reading, lane.unfinished, lane.after_return
    strings: list[str] = []
    run: list[str] = []  # plain characters that have not been put to the text yet

    for character in characters:
        if reading is Reading.STRING:
            if character == STRING_TERMINATOR or len(unfinished) >= LONGEST_STRING:
                if character == STRING_TERMINATOR:
                    strings.append(unfinished)
                reading, unfinished = Reading.TEXT, ""
            else:
                unfinished += character
            continue
        if character == BYTE_ORDER_MARK:
            continue
        if character == START_OF_STRING:
            reading, unfinished = Reading.STRING, ""
            continue
        taken += 1
        if reading is Reading.ESCAPE:
            reading = Reading.TEXT
            continue
        if reading is Reading.SEQUENCE:
            unfinished += character
            if "@" <= character <= "~" or len(unfinished) >= _LONGEST_SEQUENCE:
                reading, unfinished = Reading.TEXT, ""
            continue
        follows_return, after_return = after_return, character == "\r"
        if character == BACKSPACE:
            text, run = without_last(text + "".join(run)), []
        elif character in (NEW_LINE, "\u2029", "\r", "\u0085") or (character == "\n" and not follows_return):
            run.append("\n")
        elif character == _CONTROL_SEQUENCE:
            reading, unfinished = Reading.SEQUENCE, ""
        elif character == _ESCAPE:
            reading = Reading.ESCAPE
        elif character == "\t":
            run.append(" ")
        elif unicodedata.category(character) not in ("Cc", "Cs") and character not in _TURNS:
            run.append(character)

    text = _without_heaps(text, "".join(run))
    shortened = lane.shortened or len(text) > LONGEST_LANE
    kept = Lane(text[-LONGEST_LANE:], taken, shortened, reading, unfinished, after_return)
    return kept, tuple(strings)


def with_loss(lane: Lane) -> Lane:
    """The lane after text is known or feared to be missing (RFC 8865 section 5.4); two marks in a row say no more."""
    if lane.text.endswith(LOSS_MARK):
        return lane
    fresh = Lane(taken=lane.taken, text=lane.text + LOSS_MARK, shortened=lane.shortened)
    return msgspec.structs.replace(fresh, text=fresh.text[-LONGEST_LANE:])


def for_the_wire(text: str) -> str:
    """What is typed here, as T.140: new lines as U+2028, and nothing that would be read as a control string."""
    ours = text.replace("\r\n", NEW_LINE).replace("\n", NEW_LINE).replace("\r", NEW_LINE)
    return "".join(
        character
        for character in ours
        if character in (BACKSPACE, NEW_LINE)
        or (unicodedata.category(character) not in ("Cc", "Cs") and character != BYTE_ORDER_MARK)
    )


def _without_heaps(text: str, added: str) -> str:
    """Both, without the combining marks that are piled so high that they would cover other lines."""
    heap = 0
    for character in reversed(text[-LONGEST_CLUSTER:]):
        if not unicodedata.combining(character):
            break
        heap += 1
    kept: list[str] = []
    for character in added:
        heap = heap + 1 if unicodedata.combining(character) else 0
        if heap <= _MOST_COMBINING:
            kept.append(character)
    return text + "".join(kept)


_MOST_COMBINING = 4
