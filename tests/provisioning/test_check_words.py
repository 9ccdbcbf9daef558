"""The words that both ends show."""

from __future__ import annotations

from kiosk.provisioning.check_words import COUNT, WORDS, words_for


def test_each_byte_has_a_word_of_its_own() -> None:
    assert len(WORDS) == len(set(WORDS)) == 256
    assert all(word.isalpha() and word == word.lower() and 2 <= len(word) <= 9 for word in WORDS)


def test_both_ends_find_the_same_words_and_another_key_has_others() -> None:
    # The order of the words is part of what devices and offices of different ages must agree on.
    assert words_for(b"one key") == words_for(b"one key")
    assert words_for(b"one key") != words_for(b"another key")
    assert len(words_for(b"one key")) == COUNT
