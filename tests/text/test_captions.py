"""Captions: at most 180 words a minute, lines that have been read do not change, lost and late messages do no harm."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.text.captions import (
    CLEAR_AFTER_S,
    LINES,
    MOST_WAITING,
    CaptionError,
    CaptionMessage,
    Captions,
    Line,
    decode,
    heard,
    passed,
)
from kiosk.text.lines import LONGEST_LINE

SPEECH = (
    "Nå skal vi se på hvordan det går med beinet ditt i dag, og så tar vi blodtrykket etterpå. "
    "Har du sovet godt i natt, eller var det vondt igjen slik som på tirsdag?"
)


def anything(line: str) -> bool:
    return True


def say(captions: Captions, text: str, now: float, *, seq: int, final: bool = True, start: float = 1.0) -> Captions:
    return heard(captions, CaptionMessage(seq, text, final, "Kari", start), now, anything)


def test_a_short_sentence_is_there_at_once_with_who_says_it() -> None:
    captions = say(Captions(), "Hei, Olga!", 10.0, seq=1)
    assert captions.lines == ("Hei, Olga!",)
    assert captions.speaker == "Kari"
    assert captions.automatic


def test_long_speech_passes_as_fast_as_it_can_be_read() -> None:
    captions, now, words, before = Captions(), 0.0, [], 0
    passed_at: list[tuple[float, int]] = []
    for number in range(10):
        captions = say(captions, SPEECH, now, seq=number, start=float(number))
        words += SPEECH.split()
    seen: list[str] = []
    while now < 600 and (captions.waiting or now < 1):
        now += 0.05
        captions = passed(captions, now)
        assert len(captions.lines) <= LINES
        assert all(len(line) <= LONGEST_LINE for line in captions.lines)
        if captions.lines and (not seen or captions.shown[-1].text != seen[-1] or len(captions.waiting) != before):
            seen.append(captions.shown[-1].text)
            passed_at.append((now, len(seen[-1].split())))
        before = len(captions.waiting)
    for begin, _ in passed_at:
        assert sum(count for at, count in passed_at if begin <= at < begin + 60) <= 180
    assert sum(count for _, count in passed_at) > 150


def test_only_the_last_line_changes_while_it_is_spoken() -> None:
    captions, now = Captions(), 0.0
    before: tuple[Line, ...] = ()
    words = SPEECH.split()
    for count in range(1, len(words) + 1):
        now += 0.4
        guess = [*words[: count - 1], words[count - 1] if count % 3 else "hva"]
        captions = passed(say(captions, " ".join(guess), now, seq=count, final=False), now)
        lines = captions.shown
        if len(before) <= len(lines) <= LINES and lines[: len(before)] != before:
            assert [one.text for one in lines[: LINES - 1]] == [one.text for one in before[-(LINES - 1) :]]
        before = lines
    assert len(before) >= 2


def test_a_partial_line_changes_seldom() -> None:
    captions, changes, line = Captions(), 0, ""
    for step in range(40):
        captions = say(captions, "ord " + "x" * (step % 9), step * 0.1, seq=step, final=False)
        changes += captions.lines[-1] != line
        line = captions.lines[-1]
    assert changes <= 8


def test_what_comes_late_or_twice_changes_nothing() -> None:
    captions = say(Captions(), "Hei Olga", 1.0, seq=3, final=False)
    for seq, start in ((2, 1.0), (3, 1.0), (9, 0.5)):
        assert say(captions, "noe annet", 1.1, seq=seq, start=start) == captions
    captions = say(captions, "Hei Olga, hei", 2.0, seq=5)
    assert say(captions, "Hei", 2.1, seq=4) == captions


def test_when_the_end_of_a_sentence_is_lost_the_next_one_goes_on() -> None:
    captions = say(Captions(), "Hei Olga, hvor", 1.0, seq=1, final=False)
    captions = passed(say(captions, "Det er fint.", 2.0, seq=7, start=2.0), 30.0)
    captions = passed(captions, 33.0)
    assert captions.lines == ("Hei Olga, hvor", "Det er fint.")


def test_without_times_every_sentence_that_follows_a_final_one_is_new() -> None:
    captions = say(Captions(), "En.", 1.0, seq=1, start=0.0)
    captions = passed(say(captions, "To.", 5.0, seq=2, start=0.0), 9.0)
    assert captions.lines == ("En.", "To.")


def test_another_speaker_has_the_box_alone() -> None:
    captions = say(Captions(), "Hei.", 1.0, seq=1)
    captions = passed(heard(captions, CaptionMessage(2, "God dag.", True, "Lege Berg", 2.0), 3.0, anything), 5.0)
    assert (captions.lines, captions.speaker) == (("God dag.",), "Lege Berg")


def test_the_box_goes_after_long_silence() -> None:
    captions = say(Captions(), "Hei.", 1.0, seq=1)
    assert passed(captions, CLEAR_AFTER_S).lines == ("Hei.",)
    assert passed(captions, 1.0 + CLEAR_AFTER_S).lines == ()


def test_who_speaks_without_end_does_not_fill_memory() -> None:
    captions = Captions()
    for number in range(300):
        captions = say(captions, SPEECH, 0.0, seq=number, start=float(number))
    assert len(captions.waiting) <= MOST_WAITING


@given(st.randoms(use_true_random=False), st.integers(min_value=0, max_value=60))
def test_loss_and_reorder(chance: random.Random, lost: int) -> None:
    words = SPEECH.split()
    messages = [CaptionMessage(n, " ".join(words[:n]), n == len(words), "Kari", 1.0) for n in range(1, len(words) + 1)]
    kept = [one for one in messages[:-1] if chance.randrange(100) >= lost] + messages[-1:]
    for at in range(0, len(kept) - 3, 3):
        kept[at], kept[at + 2] = kept[at + 2], kept[at]
    captions, now, seen = Captions(), 0.0, []
    for message in kept:
        now += 0.35
        captions = heard(captions, message, now, anything)
    seen = [line.text for line in (*captions.shown, *captions.waiting)]
    assert SPEECH.endswith(" ".join(seen[-2:]))


@pytest.mark.parametrize(
    "message",
    [
        "", "[]", "null", "{", '{"seq": 1}', '{"seq": -1, "text": "a", "final": true}', "x" * 5000, b"\xff\xfe",
        '{"seq": 1, "text": "' + "a" * 601 + '", "final": true}', '{"seq": "1", "text": "a", "final": true}',
        '{"seq": 1, "text": "a", "final": true, "speaker": "' + "a" * 61 + '"}',
        '{"seq": 1, "text": "a", "final": true, "start": 1e999}', '{"seq": 1, "text": "\ud800", "final": true}',
    ],
)  # fmt: skip
def test_nonsense_is_refused(message: str | bytes) -> None:
    with pytest.raises(CaptionError):
        decode(message)


def test_a_message_is_read() -> None:
    caption = decode(
        '{"seq": 4, "lang": "nb", "text": "Hei\\n\\u202eOlga\\u0007 ", "final": false, "speaker": "Kari", "start": 2}'
    )
    assert caption == CaptionMessage(4, "Hei Olga", False, "Kari", 2.0, "nb")
    assert decode(b'{"seq": 1, "text": "", "final": true, "automatic": false, "more": 1}').automatic is False


@given(st.text(max_size=100))
def test_any_text_is_a_caption_or_refused(message: str) -> None:
    try:
        captions = heard(Captions(), decode(message), 0.0, anything)
    except CaptionError:
        return
    assert len(captions.lines) <= LINES
