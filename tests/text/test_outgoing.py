"""What is written here arrives once, whatever becomes of the channels between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kiosk.text import outgoing
from kiosk.text.outgoing import AT_ONCE_AFTER_S, LONGEST_KEPT, LONGEST_UNSENT, Outgoing
from kiosk.text.t140 import Lane, take


def opened() -> Outgoing:
    return outgoing.channel_opened(Outgoing(), 0.0)


def test_a_character_goes_at_once_and_those_that_follow_fast_together() -> None:
    stream = outgoing.write(opened(), "H")
    stream, block = outgoing.due(stream, 1.0, tick=False)
    assert block == "H"
    stream = outgoing.write(stream, "e")
    stream, block = outgoing.due(stream, 1.0 + AT_ONCE_AFTER_S / 2, tick=False)
    assert block == ""
    stream = outgoing.write(stream, "i")
    stream, block = outgoing.due(stream, 1.0 + AT_ONCE_AFTER_S / 2 + 0.05, tick=True)
    assert block == "ei"
    stream, block = outgoing.due(stream, 9.0, tick=True)
    assert block == ""


def test_nothing_goes_without_a_channel_and_all_when_there_is_one() -> None:
    stream = outgoing.write(Outgoing(), "Hei")
    assert outgoing.due(stream, 1.0, tick=True)[1] == ""
    assert outgoing.due(outgoing.channel_opened(stream, 1.0), 1.0, tick=False)[1] == "Hei"


def test_no_more_than_thirty_characters_a_second_on_average() -> None:
    stream, sent = outgoing.write(opened(), "x" * 900), []
    for quarter in range(200):
        stream, block = outgoing.due(stream, quarter / 4, tick=True)
        sent.append((quarter / 4, len(block)))
    assert sum(count for _, count in sent) == 900
    for begin in range(40):
        assert sum(count for at, count in sent if begin <= at < begin + 10) <= 300


def test_an_end_that_tells_nothing_gets_what_was_not_handed_over() -> None:
    stream, _ = outgoing.due(outgoing.write(opened(), "abc"), 1.0, tick=False)
    stream = outgoing.handed_over(stream, 2)
    stream = outgoing.write(outgoing.channel_closed(stream), "d")
    stream = outgoing.channel_opened(stream, 2.0)
    assert outgoing.due(stream, 2.0, tick=False)[1] == ""
    assert outgoing.due(stream, 2.0 + outgoing.WAIT_FOR_RECEIPT_S, tick=True)[1] == "cd"


def test_a_receipt_that_was_written_before_the_text_came_sends_nothing_twice() -> None:
    stream, sent = outgoing.due(outgoing.write(opened(), "abc"), 1.0, tick=False)
    stream = outgoing.receipt_came(stream, 0)
    assert (sent, stream.tells) == ("abc", True)
    assert outgoing.due(stream, 5.0, tick=True)[1] == ""


def test_an_end_that_tells_receipts_gets_what_it_lacks_when_it_has_told() -> None:
    stream = outgoing.receipt_came(opened(), 0)
    stream, _ = outgoing.due(outgoing.write(stream, "abcdef"), 1.0, tick=False)
    stream = outgoing.handed_over(stream, 6)
    stream = outgoing.channel_opened(stream, 5.0)
    stream = outgoing.write(stream, "g")
    assert outgoing.due(stream, 5.5, tick=True)[1] == ""
    assert outgoing.due(outgoing.receipt_came(stream, 4), 5.5, tick=True)[1] == "efg"
    assert outgoing.due(stream, 5.0 + outgoing.WAIT_FOR_RECEIPT_S, tick=True)[1] == "g"


@given(st.integers(min_value=0, max_value=10**9))
def test_a_receipt_for_what_was_never_written_does_no_harm(place: int) -> None:
    stream = outgoing.receipt_came(outgoing.write(opened(), "abc"), place)
    assert 0 <= stream.given <= 3


def test_receipts_are_control_strings() -> None:
    lane, strings = take(Lane(), "a" + outgoing.receipt(12) + "b")
    assert (lane.text, lane.taken) == ("ab", 2)
    assert [outgoing.receipt_in(string) for string in strings] == [12]
    for other in ("", "svar-received=", "svar-received=-1", "svar-received=1 ", "svar-received=99999999999", "x"):
        assert outgoing.receipt_in(other) is None


def test_it_does_not_grow_for_ever() -> None:
    stream = outgoing.write(Outgoing(), "x" * 10_000)
    assert stream.waiting == LONGEST_UNSENT
    stream = outgoing.channel_opened(stream, 0.0)
    for second in range(2000):
        stream = outgoing.write(stream, "y" * 20)
        stream, block = outgoing.due(stream, float(second), tick=True)
        stream = outgoing.handed_over(stream, len(block))
        assert len(stream.kept) <= LONGEST_KEPT + LONGEST_UNSENT
        assert len(stream.recent) <= 40


class Reconnecting(RuleBasedStateMachine):
    """Two ends that tell receipts, channels that break with text under way, and media that dies with text in it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.stream = Outgoing()
        self.written = ""
        self.there = Lane()
        self.media = ""
        self.wire = ""
        self.number = 0

    @rule(count=st.integers(min_value=1, max_value=8))
    def write(self, count: int) -> None:
        text = "".join(chr(ord("a") + (self.number + one) % 26) for one in range(count))
        self.number += count
        self.written += text
        self.stream = outgoing.write(self.stream, text)

    @rule(tick=st.booleans())
    def time_passes(self, tick: bool) -> None:
        self.now += 0.25
        self.stream, block = outgoing.due(self.stream, self.now, tick=tick)
        self.media += block

    @precondition(lambda self: self.media)
    @rule()
    def media_sends(self) -> None:
        self.wire += self.media
        self.stream = outgoing.handed_over(self.stream, len(self.media))
        self.media = ""

    @precondition(lambda self: self.wire)
    @rule(count=st.integers(min_value=1, max_value=8))
    def arrives(self, count: int) -> None:
        part, self.wire = self.wire[:count], self.wire[count:]
        self.there, _ = take(self.there, part)

    @rule()
    def breaks_and_comes_again(self) -> None:
        self.media = self.wire = ""
        self.stream = outgoing.channel_opened(outgoing.channel_closed(self.stream), self.now)
        self.stream = outgoing.receipt_came(self.stream, self.there.taken)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        assert self.written.startswith(self.there.text)

    def teardown(self) -> None:
        if not self.stream.open:
            self.breaks_and_comes_again()
        for _ in range(80):
            self.time_passes(True)
            if self.media:
                self.media_sends()
        if self.wire:
            self.there, _ = take(self.there, self.wire)
        assert self.there.text == self.written


TestReconnecting = Reconnecting.TestCase
