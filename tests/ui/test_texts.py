"""The phrase file: a word for everything, in plain and short Norwegian."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.facts.calls import CallOutcome
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.history import Span
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.resources import assets
from kiosk.ui.texts import TextsError, load_texts

_NB = assets() / "phrases/nb.toml"


def test_everything_has_words() -> None:
    texts = load_texts(_NB)
    assert set(texts.faults) == set(Fault)
    assert set(texts.ended) == set(CallOutcome)
    assert set(texts.not_measured) == set(MeasurementFault)
    assert set(texts.measuring) == set(MeasurementKind)
    assert set(texts.history.spans) == set(Span)
    assert all(texts.fakes.of(part) for part in FakePart)


def test_sentences_are_short() -> None:
    texts = load_texts(_NB)
    notices = [
        texts.history.empty,
        texts.history.failed,
        *texts.faults.values(),
        *texts.ended.values(),
        *texts.not_measured.values(),
    ]
    sentences = [part for notice in notices for part in (notice.sentence, notice.action) if part]
    sentences += [step for guidance in texts.measuring.values() for step in guidance.steps]
    assert [sentence for sentence in sentences if len(sentence.split()) > 12] == []


@pytest.mark.parametrize(
    "content", [b"", b"[screen]\nclock = 1\n", b"not toml at all =", b"\xff\xfe", b'[screen]\nunknown = "x"\n']
)
def test_an_unusable_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "nb.toml"
    path.write_bytes(content)
    with pytest.raises(TextsError, match=r"nb\.toml"):
        load_texts(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TextsError, match=r"xx\.toml"):
        load_texts(tmp_path / "xx.toml")
