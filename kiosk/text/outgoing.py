"""What is written here on its way to the other end: sent as it is typed, kept until it has certainly arrived. Pure.

RFC 8865 sends what was not sent once a channel is there again, and must not send twice what arrived; but no end can
know what of the last moment arrived. So two ends that understand it tell each other, first thing in every channel, how
many characters they have taken (``receipt``): in a control string of T.140, which everybody else leaves out. Then
nothing is lost or doubled, whatever happened to the connection or the process between them. To an end that tells
nothing within WAIT_FOR_RECEIPT_S, nothing is told, and what was given to the old channel counts as arrived.
"""

from __future__ import annotations

import re

import msgspec

from kiosk.text.t140 import START_OF_STRING, STRING_TERMINATOR

AT_ONCE_AFTER_S = 0.2
"""Text goes out at once when nothing went out for so long, else together at the next tick (RFC 8865 section 5.3 has
300 ms for it, EN 301 549 6.2.4 allows 500)."""

CHARACTERS_PER_SECOND = 30
"""What the other end takes on average over OVER_S, where nothing else was agreed on (RFC 8865 section 4.2.1: cps)."""

OVER_S = 10.0

LONGEST_BLOCK = 300
"""Characters in one message."""

WAIT_FOR_RECEIPT_S = 1.5
"""After a channel is there again."""

LONGEST_KEPT = 4000
"""Characters that are kept to be sent again; the other end lacks some tens at most."""

LONGEST_UNSENT = 2000
"""Characters that wait; who writes more without a line has been told that nobody reads it."""

_RECEIPT = re.compile(r"svar-received=([0-9]{1,9})")


class Outgoing(msgspec.Struct, frozen=True):
    """One stream of characters to the other end; places in it are counted from 0.

    ``kept`` begins at ``kept_from``; ``given`` is the place up to which it was given to the channel that is ``open``;
    ``sent``: up to which it was really handed over. ``tells``: the other end tells receipts. ``waits_since``: a channel
    is there again and its receipt is waited for. ``recent``: (when, how many) of the last blocks.
    """

    kept: str = ""
    kept_from: int = 0
    given: int = 0
    sent: int = 0
    open: bool = False
    opened: int = 0
    tells: bool = False
    waits_since: float | None = None
    recent: tuple[tuple[float, int], ...] = ()

    @property
    def written(self) -> int:
        """The place where the next character will stand."""
        return self.kept_from + len(self.kept)

    @property
    def waiting(self) -> int:
        """Characters that have not been given to a channel."""
        return self.written - self.given


def write(outgoing: Outgoing, characters: str) -> Outgoing:
    """More to send (T.140 characters); what would be too much is left out."""
    room = max(0, LONGEST_UNSENT - outgoing.waiting)
    kept = outgoing.kept + characters[:room]
    surplus = max(0, min(len(kept) - LONGEST_KEPT, outgoing.sent - outgoing.kept_from))
    return msgspec.structs.replace(outgoing, kept=kept[surplus:], kept_from=outgoing.kept_from + surplus)


def channel_opened(outgoing: Outgoing, now: float) -> Outgoing:
    """A channel is there, the first or a new one: what the old one had taken without handing it over is sent again."""
    again = outgoing.opened > 0
    return msgspec.structs.replace(
        outgoing,
        open=True,
        opened=outgoing.opened + 1,
        given=outgoing.sent,
        waits_since=now if again else None,
    )


def channel_closed(outgoing: Outgoing) -> Outgoing:
    """Nothing can be sent until there is another."""
    return msgspec.structs.replace(outgoing, open=False, waits_since=None, given=outgoing.sent)


def handed_over(outgoing: Outgoing, count: int) -> Outgoing:
    """The channel has taken ``count`` characters more."""
    return msgspec.structs.replace(outgoing, sent=min(outgoing.sent + max(0, count), outgoing.given))


def receipt_came(outgoing: Outgoing, place: int) -> Outgoing:
    """The other end has taken the stream up to ``place``, and wants what follows.

    One that is not waited for changes nothing: what was sent after it was written is on its way.
    """
    if outgoing.waits_since is None:
        return msgspec.structs.replace(outgoing, tells=True)
    place = min(max(place, outgoing.kept_from), outgoing.written)
    return msgspec.structs.replace(outgoing, given=place, sent=place, tells=True, waits_since=None)


def due(outgoing: Outgoing, now: float, *, tick: bool) -> tuple[Outgoing, str]:
    """What to send now, empty when nothing. ``tick``: the time has come for what waited for more to be typed."""
    if not outgoing.open or not outgoing.waiting:
        return outgoing, ""
    if outgoing.waits_since is not None:
        if now - outgoing.waits_since < WAIT_FOR_RECEIPT_S:
            return outgoing, ""
        outgoing = msgspec.structs.replace(outgoing, waits_since=None)
    recent = tuple(one for one in outgoing.recent if now - one[0] < OVER_S)
    if recent and now - recent[-1][0] < AT_ONCE_AFTER_S and not tick:
        return outgoing, ""
    allowed = int(CHARACTERS_PER_SECOND * OVER_S) - sum(count for _, count in recent)
    begin = outgoing.given - outgoing.kept_from
    block = outgoing.kept[begin:][: max(0, min(allowed, LONGEST_BLOCK))]
    if not block:
        return outgoing, ""
    given = outgoing.given + len(block)
    return msgspec.structs.replace(outgoing, given=given, recent=(*recent, (now, len(block)))), block


def receipt(taken: int) -> str:
    """The control string that says how many characters have been taken."""
    return f"{START_OF_STRING}svar-received={taken}{STRING_TERMINATOR}"


def receipt_in(string: str) -> int | None:
    """The number in a control string; None when it is another's."""
    found = _RECEIPT.fullmatch(string)
    return int(found[1]) if found is not None else None
