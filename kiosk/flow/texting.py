"""What is written during a call, both ways, and captions: shown at once, kept until the card after the call is closed.

Pure. What the other end writes wakes and says nothing: nobody is talked over. The kiosk reads it aloud when it is asked
to, after the call.
"""

from __future__ import annotations

import msgspec

from kiosk.facts.moment import Moment
from kiosk.facts.spoken import chain
from kiosk.flow import effects as do
from kiosk.flow.state import Connecting, Ended, KioskState, Talking, Texting, Writing
from kiosk.flow.written import lanes
from kiosk.text import conversation as texts
from kiosk.text.captions import CaptionMessage
from kiosk.text.conversation import Block, Conversation

KEPT_CAPTIONS = 8
"""Messages; the screen takes each as it comes."""

LONGEST_READ = 600
"""Characters of one writer that are read aloud: the last ones."""

LONGEST_TYPED = 200
"""Characters of one press: a ready phrase."""

Step = tuple[KioskState, tuple[do.Effect, ...]]


def channel(state: KioskState, call_id: str, is_open: bool, now: Moment) -> Step:
    """The other end has opened a channel for text, the first or a new one; or it is gone."""
    texting = _of_call(state, call_id)
    if texting is None:
        return state, ()
    if not is_open:
        return _with(state, texting, texts.channel_closed(texting.conversation)), ()
    return _stepped(state, texting, texts.channel_opened(texting.conversation, now.monotonic))


def received(state: KioskState, call_id: str, characters: str, now: Moment) -> Step:
    """The other end writes."""
    texting = _of_call(state, call_id)
    if texting is None:
        return state, ()
    return _stepped(state, texting, texts.received(texting.conversation, characters, now.monotonic))


def handed_over(state: KioskState, call_id: str, count: int) -> KioskState:
    """Media has given so many characters to the channel."""
    texting = _of_call(state, call_id)
    if texting is None:
        return state
    return _with(state, texting, texts.handed_over(texting.conversation, count))


def media_lost(state: KioskState) -> KioskState:
    """What was on its way through the process that has gone is sent again."""
    if state.texting is None:
        return state
    return _with(state, state.texting, texts.channel_closed(state.texting.conversation))


def caption(state: KioskState, call_id: str, message: CaptionMessage) -> KioskState:
    """Somebody says something, in writing."""
    texting = _of_call(state, call_id)
    if texting is None:
        return state
    captions = (*texting.captions, message)[-KEPT_CAPTIONS:]
    fresh = msgspec.structs.replace(texting, captions=captions, captions_heard=texting.captions_heard + 1)
    return msgspec.structs.replace(state, texting=fresh)


def writing(state: KioskState, wanted: Writing | None) -> KioskState:
    """«Skriv», «Tastatur», «Mer», «Ferdig»: only in a call whose other end can read."""
    texting = state.texting
    if not isinstance(state.phase, Talking) or texting is None or not texting.readable:
        return state
    return msgspec.structs.replace(state, texting=msgspec.structs.replace(texting, writing=wanted))


def typed(state: KioskState, characters: str, now: Moment) -> Step:
    """A letter, an erasure or a ready phrase of the patient's; a ready phrase stands on a line of its own."""
    texting = state.texting
    if not isinstance(state.phase, Talking) or texting is None or texting.writing is None:
        return state, ()
    characters = characters[:LONGEST_TYPED]
    if texting.writing.group is not None:  # the letter of the group has been chosen
        texting = msgspec.structs.replace(texting, writing=msgspec.structs.replace(texting.writing, group=None))
    return _stepped(state, texting, texts.write(texting.conversation, characters, now.monotonic))


def phrase(state: KioskState, words: str, now: Moment) -> Step:
    """A ready phrase: on a line of its own."""
    texting = state.texting
    if texting is None:
        return state, ()
    ours = texting.conversation.ours.text
    before = "\n" if ours and not ours.endswith("\n") else ""
    return typed(state, f"{before}{words}\n", now)


def aged(state: KioskState, now: Moment) -> Step:
    """Time has passed: what was gathered is sent."""
    if state.texting is None or not isinstance(state.phase, Talking):
        return state, ()
    return _stepped(state, state.texting, texts.passed(state.texting.conversation, now.monotonic))


def follows(state: KioskState) -> KioskState:
    """After the call its text is kept for its card, unless there is none; then it goes."""
    texting = state.texting
    if texting is None or isinstance(state.phase, Connecting | Talking):
        return state
    if not isinstance(state.phase, Ended) or texting.conversation.empty:
        return msgspec.structs.replace(state, texting=None)
    if not texting.conversation.outgoing.open and texting.writing is None and not texting.captions:
        return state
    closed = texts.channel_closed(texting.conversation)
    kept = msgspec.structs.replace(texting, writing=None, captions=(), conversation=closed)
    return msgspec.structs.replace(state, texting=kept)


def read_aloud(state: KioskState) -> Step:
    """«Les teksten høyt», on the card after the call."""
    texting = state.texting
    if not isinstance(state.phase, Ended) or texting is None:
        return state, ()
    parts = lanes(texting, LONGEST_READ)
    if not parts:
        return state, ()
    return state, (do.Say(chain(parts[0], *parts[1:])),)


def _of_call(state: KioskState, call_id: str) -> Texting | None:
    """The text of the running call, begun where there was none."""
    phase = state.phase
    if not isinstance(phase, Connecting | Talking) or phase.call_id != call_id:
        return None
    if state.texting is not None and state.texting.call_id == call_id:
        return state.texting
    return Texting(call_id, phase.caller.name)


def _with(state: KioskState, texting: Texting, conversation: Conversation) -> KioskState:
    return msgspec.structs.replace(state, texting=msgspec.structs.replace(texting, conversation=conversation))


def _stepped(state: KioskState, texting: Texting, step: tuple[Conversation, tuple[Block, ...]]) -> Step:
    conversation, blocks = step
    if conversation is texting.conversation and texting is state.texting:
        return state, ()
    sent = tuple(do.SendText(texting.call_id, block.text, block.counted) for block in blocks)
    return _with(state, texting, conversation), sent
