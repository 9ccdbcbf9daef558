"""User-perceived characters: what one erasure takes away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.text.graphemes import LONGEST_CLUSTER, clusters, without_last

WHOLE = {
    "a letter": "a",
    "one of ours": "å",
    "a letter and its ring": "a\u030a",
    "two marks on a letter": "e\u0301\u0323",
    "a new line of two characters": "\r\n",
    "an emoji": "😀",
    "a thumb with a skin": "👍🏽",
    "a heart with its style": "❤\ufe0f",
    "a family": "👩\u200d👩\u200d👧\u200d👦",
    "a flag": "🇳🇴",
    "a flag of a part of a country": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "a key cap": "1\ufe0f\u20e3",
    "a syllable of Korean letters": "\u1112\u1161\u11ab",
    "a Sámi letter": "č",
    "a vowel sign": "\u0915\u093f",
}


@pytest.mark.parametrize("cluster", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("before", ["", "x", "ø", "🇸🇪", "👩", "Hei "])
def test_one_erasure_takes_one_character_as_people_see_it(cluster: str, before: str) -> None:
    assert list(clusters(cluster)) == [cluster]
    assert without_last(before + cluster) == before


def test_neighbours_stay_apart() -> None:
    assert list(clusters("🇳🇴🇸🇪🇩")) == ["🇳🇴", "🇸🇪", "🇩"]
    assert list(clusters("a\r\n\nb")) == ["a", "\r\n", "\n", "b"]
    assert list(clusters("a\u200db")) == ["a\u200d", "b"]
    assert list(clusters("\n\u0301")) == ["\n", "\u0301"]


@given(st.text())
def test_clusters_are_the_text_and_the_last_is_the_one_erased(text: str) -> None:
    parts = list(clusters(text))
    assert "".join(parts) == text
    assert all(0 < len(part) <= LONGEST_CLUSTER for part in parts)
    assert without_last(text) == "".join(parts[:-1])


def test_a_heap_of_marks_does_not_cost_much_or_go_at_once() -> None:
    heap = "a" + "\u0301" * 4000
    assert 0 < len(heap) - len(without_last(heap)) <= LONGEST_CLUSTER
