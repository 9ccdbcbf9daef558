"""G15: text that is written in a call arrives whole and in time, and captions can be read as they pass."""

from __future__ import annotations

import asyncio
import math
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from kiosk.accessbench.access_check import AccessCheck, Figure
from kiosk.accessbench.examples import KARI, TALKING, texting
from kiosk.accessbench.picture_feed import Picture, PictureFeed
from kiosk.accessbench.screen_measures import Found, pixels, text_contrast, worst
from kiosk.accessbench.stage import Stage, application
from kiosk.accessbench.written_call import play
from kiosk.facts.profile import Profile, Seeing, Theme
from kiosk.flow.state import KioskState
from kiosk.text import captions as spoken
from kiosk.text import conversation as texts
from kiosk.text.captions import CaptionMessage, Captions
from kiosk.text.conversation import Block, Conversation
from kiosk.text.graphemes import clusters
from kiosk.text.outgoing import receipt

SPEECH = (
    "Nå skal vi se på hvordan det går med beinet ditt i dag, og så tar vi blodtrykket etterpå. "
    "Har du sovet godt i natt, eller var det vondt igjen slik som på tirsdag?"
)
SPOKEN_PER_MINUTE = 145
"""Words, of a nurse who takes her time."""
HURRIED_PER_MINUTE = 260
MINUTES = 3.0
STEP_S = 0.1
STORIES = 200
SCREEN = (1280, 800)


class Seen(msgspec.Struct, frozen=True):
    """What stood on the screen at a moment: the lines of captions."""

    at: float
    lines: tuple[str, ...]


def spoken_words(per_minute: float) -> Iterator[tuple[float, CaptionMessage]]:
    """When and which messages: a word at a time, as a speech service sends them, sentences of twelve words."""
    words = SPEECH.split()
    for number in range(int(MINUTES * per_minute)):
        begin = number - number % 12
        text = " ".join(words[one % len(words)] for one in range(begin, number + 1))
        yield number * 60.0 / per_minute, CaptionMessage(number, text, number % 12 == 11, KARI.name, float(begin))


def watched(per_minute: float) -> list[Seen]:
    """The lines on the real screen of 10.1 inches while somebody speaks, with messages lost and in disorder."""
    chance = random.Random(1)
    coming = [(at + chance.random() * 0.2, one) for at, one in spoken_words(per_minute) if chance.random() > 0.05]
    coming.sort(key=lambda one: one[0])
    application()
    stage = Stage(SCREEN)
    seen: list[Seen] = []
    begin, heard = stage.at, 0
    recent: tuple[CaptionMessage, ...] = ()
    try:
        for step in range(int((MINUTES * 60 + 5) / STEP_S)):
            now = step * STEP_S
            while coming and coming[0][0] <= now:
                recent, heard = (*recent, coming.pop(0)[1])[-8:], heard + 1
            written = msgspec.structs.replace(texting(), captions=recent, captions_heard=heard)
            stage.at = begin + now
            stage.lay_out(KioskState(phase=TALKING, texting=written))
            lines = tuple(stage.model.text.captions)  # type: ignore[attr-defined]  # a Property of Qt
            if not seen or lines != seen[-1].lines:
                seen.append(Seen(now, lines))
    finally:
        stage.close()
    return seen


def caption_lines() -> Figure:
    """The most lines of captions at a time."""
    return Figure(max(len(one.lines) for one in watched(SPOKEN_PER_MINUTE)))


def caption_characters() -> Figure:
    """The most characters (as people perceive them) of a line."""
    lines = [line for one in watched(SPOKEN_PER_MINUTE) for line in one.lines]
    longest = max(lines, key=lambda line: len(list(clusters(line))))
    return Figure(len(list(clusters(longest))), f"«{longest}»")


def new_words(seen: Sequence[Seen]) -> list[tuple[float, int]]:
    """When so many words came to the screen that were not there before."""
    found: list[tuple[float, int]] = []
    before: list[str] = []
    for one in seen:
        words = " ".join(one.lines).split()
        # What was there goes at the top: the longest end of the old that begins the new has stayed.
        stays = next((old for old in range(len(before) + 1) if words[: len(before) - old] == before[old:]), len(before))
        fresh = len(words) - (len(before) - stays)
        if fresh > 0:
            found.append((one.at, fresh))
        before = words
    return found


def caption_speed() -> Figure:
    """The most words of captions that come to the screen within any minute, while somebody speaks far too fast."""
    came = new_words(watched(HURRIED_PER_MINUTE))
    most = max(sum(count for at, count in came if begin <= at < begin + 60) for begin, _ in came)
    return Figure(most, f"spoken: {HURRIED_PER_MINUTE} a minute")


def caption_delay() -> Figure:
    """Seconds from a word's message to the word on the screen, the 95th percentile, at a nurse's pace."""
    captions, now, shown = Captions(), 0.0, 0
    said: list[float] = []
    delays: list[float] = []
    coming = list(spoken_words(SPOKEN_PER_MINUTE))
    while now < MINUTES * 60 + 5:
        while coming and coming[0][0] <= now:
            said.append(coming[0][0])
            captions = spoken.heard(captions, coming.pop(0)[1], now, lambda line: len(line) <= 30)
        captions = spoken.passed(captions, now)
        total = _words_shown(captions, len(said))
        delays += [now - at for at in said[shown:total]]
        shown = max(shown, total)
        now += STEP_S
    delays.sort()
    return Figure(delays[math.ceil(0.95 * len(delays)) - 1], f"{SPOKEN_PER_MINUTE} words a minute")


def _words_shown(captions: Captions, said: int) -> int:
    """How many of the words said so far have come to the screen."""
    waiting = sum(len(line.text.split()) for line in captions.waiting)
    tail = captions.utterance.tail if captions.utterance is not None else ""
    there = captions.live.text if captions.live is not None else ""
    return said - waiting - (len(tail.split()) - len(there.split()) if tail else 0)


class _Line:
    """A channel between two ends: what it has taken it hands over in order, or, when it breaks, not at all."""

    def __init__(self) -> None:
        self.waiting: list[Block] = []


def lost_characters() -> Figure:
    """Characters that were lost or doubled in calls whose connection breaks at any moment, both ends writing."""
    faults = 0
    for seed in range(STORIES):
        faults += _story(random.Random(seed))
    return Figure(faults, f"{STORIES} calls")


def _story(chance: random.Random) -> int:
    ends = [Conversation(), Conversation()]
    lines = [_Line(), _Line()]
    typed = ["", ""]
    now, is_open = 0.0, False

    def took(end: int, step: tuple[Conversation, tuple[Block, ...]]) -> None:
        ends[end] = step[0]
        # The first end is the nurse's page, which opens channels: it tells its receipt first and does not answer one.
        lines[end].waiting += [block for block in step[1] if block.counted or end == 1]

    def open_both() -> None:
        lines[0].waiting.append(Block(receipt(ends[0].theirs.taken), counted=False))
        for end in (0, 1):
            took(end, texts.channel_opened(ends[end], now))

    for step in range(400):
        now += 0.05
        if not is_open or chance.random() < 0.02:
            for end in (0, 1):
                ends[end] = texts.channel_closed(ends[end])
                lines[end].waiting.clear()  # on its way, and gone
            is_open = True
            open_both()
        for end in (0, 1):
            if step < 360 and chance.random() < 0.4:
                letter = chance.choice("abcæøå ")
                typed[end] += letter
                took(end, texts.write(ends[end], letter, now))
            took(end, texts.passed(ends[end], now))
            for _ in range(chance.randrange(3)):
                if lines[end].waiting:
                    block = lines[end].waiting.pop(0)
                    if block.counted:
                        ends[end] = texts.handed_over(ends[end], len(block.text))
                    took(1 - end, texts.received(ends[1 - end], block.text, now))
    for _ in range(200):
        now += 0.3
        for end in (0, 1):
            took(end, texts.passed(ends[end], now))
            while lines[end].waiting:
                block = lines[end].waiting.pop(0)
                if block.counted:
                    ends[end] = texts.handed_over(ends[end], len(block.text))
                took(1 - end, texts.received(ends[1 - end], block.text, now))
    return sum(
        max(len(typed[end]), len(ends[1 - end].theirs.text)) - _same(typed[end], ends[1 - end].theirs.text)
        for end in (0, 1)
    )


def _same(one: str, other: str) -> int:
    """Characters that are the same at the same place."""
    return sum(a == b for a, b in zip(one, other, strict=False))


def contrast_over_pictures() -> Figure:
    """The lowest contrast of captions and written text over a black, a white and a noisy picture, in all themes."""
    said = (CaptionMessage(1, "Nå skal vi se på beinet ditt.", True, KARI.name, 1.0),)
    state = KioskState(phase=TALKING, texting=texting("Hei Olga!", "Jeg hører deg dårlig", said))
    application()
    found: list[Found] = []
    for theme in Theme:
        stage = Stage(SCREEN, Profile(seeing=Seeing(theme=theme)))
        stage.lay_out(state)
        feed = PictureFeed(stage, stage.model.remote)  # type: ignore[arg-type]  # a Property of Qt
        for picture in Picture:
            feed.show(picture)
            stage.lay_out(state)
            drawn = pixels(stage.grab())
            where = f"{theme.value} over {picture.value}"
            found += [Found(one.value, f"{one.where} {where}") for one in text_contrast(stage, drawn)]
        feed.close()
        stage.close()
    least = worst(found)
    return Figure(least.value, least.where)


def _live_text(direction: int) -> Figure:
    with tempfile.TemporaryDirectory(prefix="svar-text-") as folder:
        delays = sorted(asyncio.run(play(Path(folder)))[direction])
    most = f"{len(delays)} letters, the slowest {1000 * delays[-1]:.0f} ms"
    return Figure(1000 * delays[math.ceil(0.95 * len(delays)) - 1], most)


def to_the_patient() -> Figure:
    """Milliseconds from her key in Chromium to the letter painted on the kiosk's screen, the 95th percentile."""
    return _live_text(0)


def to_the_nurse() -> Figure:
    """Milliseconds from a key of the kiosk's keyboard to the letter on the nurse's page, the 95th percentile."""
    return _live_text(1)


CHECKS = (
    AccessCheck("g15_text_to_patient", "ms", 500.0, to_the_patient, digits=0),
    AccessCheck("g15_text_to_nurse", "ms", 500.0, to_the_nurse, digits=0),
    AccessCheck("g15_text_lost", "characters", 0.0, lost_characters, digits=0),
    AccessCheck("g15_caption_lines", "lines", 3.0, caption_lines, digits=0),
    AccessCheck("g15_caption_characters", "characters", 40.0, caption_characters, digits=0),
    AccessCheck("g15_caption_speed", "words a minute", 180.0, caption_speed, digits=0),
    AccessCheck("g15_caption_delay", "s", 2.0, caption_delay),
    AccessCheck("g15_caption_contrast", "to 1", 7.0, contrast_over_pictures, more=True),
)
