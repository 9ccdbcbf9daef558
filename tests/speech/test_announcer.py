"""What is played, in which order, and what is told of it; with the real voice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from kiosk.facts.profile import Language
from kiosk.facts.spoken import Spoken, Utterance, chain, shown
from kiosk.resources import assets
from kiosk.speech.announcer import Announcer, pieces_of
from kiosk.speech.phrases import parse_phrases
from kiosk.speech.speaker import Samples
from tests.speech.test_speech import speaker

TWO = chain(shown("all_well"), Utterance(Spoken.READING_SAVED))


class Player:
    """Plays nothing, and is told when to have played."""

    def __init__(self) -> None:
        self.played: list[Samples] = []
        self.reached: list[str] = []
        self.ended = 0
        self.changed = asyncio.Event()

    def play(self, samples: Samples) -> int:
        self.played.append(samples)
        self.changed.set()
        return len(self.played)

    def end(self) -> None:
        self.ended += 1
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for it, with a limit."""
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


async def test_the_words_that_are_played_are_told_one_after_another(tmp_path: Path) -> None:
    phrases = parse_phrases((assets() / "phrases" / "nb.toml").read_text(encoding="utf-8"))
    async with speaker(tmp_path) as (voice, _):
        player = Player()
        announcer = Announcer(
            phrases, Language.BOKMAAL, voice, player.play, lambda: None, player.reached.append, player.end
        )
        announcer.say(TWO)
        await player.until(lambda: len(player.played) == 2)
        assert player.reached == ["Alt er klart."]
        announcer.finished(1)
        assert player.reached == ["Alt er klart.", "Målingen er lagret."]
        announcer.finished(2)
        assert player.ended == 1
        assert len(player.reached) == 2

        announcer.say(TWO)
        await player.until(lambda: len(player.played) == 4)
        announcer.stop()
        announcer.finished(3)  # dropped
        announcer.finished(4)
        assert player.reached[2:] == ["Alt er klart."]
        assert player.ended == 1


def test_a_piece_is_known_by_its_written_words() -> None:
    pieces = pieces_of("Neste besøk 2. desember kl. 10.30. Alt er klart.", Language.BOKMAAL)
    assert [piece.said for piece in pieces][-1] == "Alt er klart."
    assert all("2. desember" in piece.written or piece.written == "Alt er klart." for piece in pieces)
    assert "2." not in pieces[0].said
