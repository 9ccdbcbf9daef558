"""The text of one call, both ways: two lanes, and what goes to the other end. Pure; time is an argument.

Every function gives the conversation after what happened and what to send now, as ``Block``s in their order.
"""

from __future__ import annotations

import msgspec

from kiosk.text import outgoing, t140
from kiosk.text.outgoing import Outgoing
from kiosk.text.t140 import Lane


class Block(msgspec.Struct, frozen=True):
    """Characters for the channel. ``counted``: of the stream; the others are told about it."""

    text: str
    counted: bool = True


class Conversation(msgspec.Struct, frozen=True):
    """``theirs`` and ``ours`` are to be shown. ``doubtful``: the channel was opened anew, nothing came by it yet."""

    theirs: Lane = Lane()
    ours: Lane = Lane()
    outgoing: Outgoing = Outgoing()
    doubtful: bool = False

    @property
    def empty(self) -> bool:
        """Whether neither has written anything that stands."""
        return not self.theirs.text.strip() and not self.ours.text.strip()


Step = tuple[Conversation, tuple[Block, ...]]


def channel_opened(conversation: Conversation, now: float) -> Step:
    """The other end has opened a channel, the first or a new one."""
    again = conversation.outgoing.opened > 0
    opened = outgoing.channel_opened(conversation.outgoing, now)
    return _due(msgspec.structs.replace(conversation, outgoing=opened, doubtful=again), now, tick=False)


def channel_closed(conversation: Conversation) -> Conversation:
    """Nothing can be sent until it opens another."""
    return msgspec.structs.replace(conversation, outgoing=outgoing.channel_closed(conversation.outgoing))


def received(conversation: Conversation, characters: str, now: float) -> Step:
    """T140 characters have come. What may be missing before them is marked, unless the other end counts with us."""
    lane, strings = t140.take(conversation.theirs, characters)
    receipts = [place for string in strings if (place := outgoing.receipt_in(string)) is not None]
    if conversation.doubtful and not receipts and not conversation.outgoing.tells:
        lane, strings = t140.take(t140.with_loss(conversation.theirs), characters)
    conversation = msgspec.structs.replace(conversation, theirs=lane, doubtful=False)
    blocks: tuple[Block, ...] = ()
    for place in receipts:
        # Ours goes first: the other end then knows where to go on.
        blocks = (Block(outgoing.receipt(lane.taken), counted=False),)
        told = outgoing.receipt_came(conversation.outgoing, place)
        conversation = msgspec.structs.replace(conversation, outgoing=told)
    conversation, more = _due(conversation, now, tick=False)
    return conversation, (*blocks, *more)


def write(conversation: Conversation, characters: str, now: float) -> Step:
    """Written here: shown at once, and sent."""
    characters = t140.for_the_wire(characters)[: max(0, outgoing.LONGEST_UNSENT - conversation.outgoing.waiting)]
    ours, _ = t140.take(conversation.ours, characters)
    if characters == t140.BACKSPACE and ours.text == conversation.ours.text:
        return conversation, ()  # there was nothing to erase
    written = outgoing.write(conversation.outgoing, characters)
    return _due(msgspec.structs.replace(conversation, ours=ours, outgoing=written), now, tick=False)


def handed_over(conversation: Conversation, count: int) -> Conversation:
    """The channel has taken so many characters of the stream."""
    return msgspec.structs.replace(conversation, outgoing=outgoing.handed_over(conversation.outgoing, count))


def passed(conversation: Conversation, now: float) -> Step:
    """Time has passed: what was gathered goes."""
    return _due(conversation, now, tick=True)


def _due(conversation: Conversation, now: float, *, tick: bool) -> Step:
    after, text = outgoing.due(conversation.outgoing, now, tick=tick)
    if after is conversation.outgoing:
        return conversation, ()
    conversation = msgspec.structs.replace(conversation, outgoing=after)
    return conversation, (Block(text),) if text else ()
