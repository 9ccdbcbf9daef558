"""Text in lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiosk.text.graphemes import clusters
from kiosk.text.lines import last, wrapped


def test_whole_words_up_to_the_width() -> None:
    assert wrapped("Hei Kari, hvordan går det med deg i dag?", most=12) == [
        "Hei Kari,",
        "hvordan går",
        "det med deg",
        "i dag?",
    ]
    assert wrapped("Hei\nKari", most=12) == ["Hei", "Kari"]
    assert wrapped("") == [""]


def test_a_word_that_is_too_long_is_cut_between_characters() -> None:
    assert wrapped("a 👩\u200d👧👩\u200d👧👩\u200d👧 b", most=2) == ["a", "👩\u200d👧👩\u200d👧", "👩\u200d👧", "b"]


def test_the_newest_lines() -> None:
    assert last(["a", "b", "c", ""], 2) == ["b", "c"]
    assert last([""], 2) == []
    assert last(["a"], 0) == []


@given(st.text(alphabet="ab å\n👍🏽", max_size=200), st.integers(min_value=1, max_value=40))
def test_no_line_is_too_long_and_nothing_is_lost(text: str, most: int) -> None:
    lines = wrapped(text, most=most)
    assert all(len(list(clusters(line))) <= most for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
