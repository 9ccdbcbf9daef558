"""What is written and said in a call, on the real pages: where it stands, how long, and every way to write."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from PySide6.QtCore import QObject, QRectF, Qt
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from kiosk.accessbench import examples
from kiosk.accessbench.picture_feed import Picture, PictureFeed
from kiosk.accessbench.screen_measures import layout_faults
from kiosk.accessbench.stage import Stage
from kiosk.facts.profile import Language, Pressing, Profile, Seeing
from kiosk.flow.state import KioskState, Texting, Writing
from kiosk.ipc.ui_messages import Choice, Press
from kiosk.text.captions import CaptionMessage
from kiosk.text.lines import LONGEST_LINE
from kiosk.ui.text_room import RECENT_S

pytestmark = pytest.mark.qt_log_ignore("Using CPU conversion")

LARGE = Profile(seeing=Seeing(text_percent=200))
WRITTEN = examples.texting("Hei Olga!", "Jeg hører deg dårlig")
SAID = CaptionMessage(1, "Nå skal vi se på hvordan det går med beinet ditt i dag, og så tar vi.", True, "Kari N", 1.0)


@pytest.fixture
def stage(qapp: QObject) -> Iterator[Stage]:
    one = Stage((1280, 800))
    yield one
    one.close()


def talking(texting: Texting, writing: Writing | None = None) -> KioskState:
    return KioskState(phase=examples.TALKING, texting=msgspec.structs.replace(texting, writing=writing))


def lines(stage: Stage, name: str) -> list[str]:
    return [str(item.property("text")) for item in stage.items() if item.objectName() == name]


def press(stage: Stage, item: QQuickItem) -> None:
    stage.at += 10
    QTest.mouseClick(stage.window, Qt.MouseButton.LeftButton, pos=stage.rectangle(item).center().toPoint())


def test_both_lanes_stand_apart_with_names(stage: Stage, qtbot: QtBot) -> None:
    stage.show(talking(WRITTEN))
    assert lines(stage, "theirsWho") + lines(stage, "theirsLine") == ["Kari:", "Hei Olga!"]
    assert lines(stage, "oursWho") + lines(stage, "oursLine") == ["Du:", "Jeg hører deg dårlig"]
    stage.profile = LARGE
    stage.show(talking(WRITTEN))
    assert lines(stage, "theirsLine") == ["Kari: Hei Olga!"]
    assert lines(stage, "oursLine")[0].startswith("Du: ")


def test_what_is_written_stays_until_the_call_is_over(stage: Stage, qtbot: QtBot) -> None:
    stage.show(talking(WRITTEN))
    stage.at += 20 * 3600
    stage.model.tick()
    assert lines(stage, "theirsLine") == ["Hei Olga!"]


@pytest.mark.parametrize("percent", [100, 150, 200])
@pytest.mark.parametrize("language", [Language.BOKMAAL, Language.PSEUDO])
def test_nothing_overlaps_over_a_picture_and_with_a_weak_line(
    stage: Stage, percent: int, language: Language, qtbot: QtBot
) -> None:
    stage.profile = Profile(language=language, seeing=Seeing(text_percent=percent))
    feeds = [PictureFeed(stage, stage.model.remote), PictureFeed(stage, stage.model.own)]  # type: ignore[arg-type]
    for feed in feeds:
        feed.show(Picture.NOISE)
    long = "Hei Olga! Hører du meg bedre nå? Jeg skrur opp lyden litt, så ser vi om det hjelper deg."
    written = examples.texting(long, long, (SAID,))
    for phase in (examples.TALKING, examples.WEAK):
        stage.show(KioskState(phase=phase, texting=written))
        stage.grab()  # the name goes when the picture has come
        assert list(layout_faults(stage)) == []
        boxes = [item for item in stage.items() if item.objectName() in ("textPanel", "captionPanel", "ownPicture")]
        places = [stage.rectangle(box) for box in (*boxes, *stage.items("BigButton"))]
        assert all(QRectF(0, 0, 1280, 800).contains(place) for place in places)
        for number, place in enumerate(places):
            assert not any(place.intersects(other) for other in places[:number])
    for feed in feeds:
        feed.close()


def test_captions_pass_in_two_or_three_lines_and_go(stage: Stage, qtbot: QtBot) -> None:
    state = talking(examples.texting(captions=(SAID,)))
    seen: list[list[str]] = []
    for _ in range(300):
        stage.lay_out(state)
        seen.append(lines(stage, "captionLine"))
        stage.at += 0.1
    most = [part for part in seen if len(part) == 3]
    assert most and all(len(line) <= LONGEST_LINE for part in seen for line in part)
    assert seen[0] == most[0][:1], "what has been read stays as it is"
    assert seen[-1] == []
    assert lines(stage, "captionNoteLine") == []


def test_who_writes_captions_is_said(stage: Stage, qtbot: QtBot) -> None:
    stage.lay_out(talking(examples.texting(captions=(SAID,))))
    assert lines(stage, "captionNoteLine") == ["Automatisk teksting kan ha feil"]
    assert lines(stage, "captionWho") == ["Kari:"]
    stage.lay_out(talking(examples.texting("x", captions=(msgspec.structs.replace(SAID, automatic=False),))))
    assert lines(stage, "captionNoteLine") == []


def test_captions_pass_by_themselves(stage: Stage, qtbot: QtBot) -> None:
    stage.show(talking(examples.texting(captions=(SAID,))))
    before = lines(stage, "captionLine")
    stage.at += 60

    def gone() -> bool:
        return lines(stage, "captionLine") != before

    qtbot.waitUntil(gone)


def test_beside_a_task_the_text_can_be_read(stage: Stage, qtbot: QtBot) -> None:
    stage.show(msgspec.structs.replace(talking(WRITTEN), measurement=examples.MEASURING))
    assert "Olga!" in " ".join(lines(stage, "theirsLine"))
    assert stage.item("measurementTitle")
    assert list(layout_faults(stage)) == []


def test_a_task_that_fills_the_screen_makes_way_for_what_is_new(stage: Stage, qtbot: QtBot) -> None:
    stage.profile = LARGE
    state = msgspec.structs.replace(talking(examples.texting("Hei")), measurement=examples.MEASURING)
    stage.show(state)
    stage.at += RECENT_S + 1
    stage.show(state)
    pages = stage.sub_pages()
    assert lines(stage, "theirsLine") == []
    assert stage.item("measurementTitle")
    conversation = examples.texting("Hei. Sitt helt stille").conversation
    newer = msgspec.structs.replace(examples.texting("Hei"), conversation=conversation)
    state = msgspec.structs.replace(state, texting=newer)
    stage.show(state)
    assert lines(stage, "theirsLine") == ["Kari: Hei. Sitt helt", "stille"]
    assert not [item for item in stage.items() if item.objectName() == "measurementTitle"]
    assert stage.sub_pages() == pages
    assert list(layout_faults(stage)) == []
    stage.at += RECENT_S + 1
    stage.model.tick()
    assert stage.item("measurementTitle")


def test_a_lost_line_is_told_to_who_writes_and_the_keyboard_comes_back(stage: Stage, qtbot: QtBot) -> None:
    written = msgspec.structs.replace(WRITTEN, writing=Writing(keyboard=True))
    stage.show(KioskState(phase=examples.LOST, texting=written))
    assert "Linjen er borte" in "".join(lines(stage, "callNotice"))
    assert lines(stage, "oursLine") == ["Jeg hører deg dårlig"]
    assert not [item for item in stage.items() if item.objectName() in ("key", "writeText")]
    stage.show(KioskState(phase=examples.TALKING, texting=written))
    assert [item for item in stage.items() if item.objectName() == "key"]


def test_a_keyboard_that_is_plugged_in_writes(stage: Stage, qtbot: QtBot) -> None:
    stage.show(talking(WRITTEN, Writing()))
    stage.pressed.clear()
    for key in (Qt.Key.Key_L, Qt.Key.Key_L, Qt.Key.Key_Space):
        QTest.keyClick(stage.window, key)
    for key in (Qt.Key.Key_Backspace, Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_F1):
        QTest.keyClick(stage.window, key)
    QTest.keyClick(stage.window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    typed = [Choice(Press.TYPE, text=text) for text in ("l", "l", " ", "\b", "\n")]
    assert stage.pressed == [*typed, Choice(Press.BUTTON)], "F1 is the physical button, which writes nothing"


def test_keys_on_the_screen_write(stage: Stage, qtbot: QtBot) -> None:
    stage.show(talking(WRITTEN, Writing(keyboard=True)))
    keys = [item for item in stage.items() if item.objectName() == "key"]
    stage.pressed.clear()
    for key in keys:
        press(stage, key)
    letters = "abcdefghijklmnopqrstuvwxyzæøå? \b"
    assert stage.pressed == [Choice(Press.TYPE, text=text) for text in letters]


def test_in_two_steps(stage: Stage, qtbot: QtBot) -> None:
    stage.profile = Profile(pressing=Pressing(tremor=True))
    stage.show(talking(WRITTEN, Writing(keyboard=True)))
    stage.pressed.clear()
    keys = {str(item.property("text")): item for item in stage.items() if item.objectName() == "key"}
    assert all(
        min(stage.rectangle(key).width(), stage.rectangle(key).height()) >= 30 * stage.millimetre - 0.5
        for key in keys.values()
    )
    press(stage, keys["Y-Å"])
    stage.show(talking(WRITTEN, Writing(keyboard=True, group=4)))
    keys = {str(item.property("text")): item for item in stage.items() if item.objectName() == "key"}
    press(stage, keys["Æ"])
    press(stage, keys["A-Å"])
    assert stage.pressed == [
        Choice(Press.WRITE, writing=Writing(keyboard=True, group=4)),
        Choice(Press.TYPE, text="æ"),
        Choice(Press.WRITE, writing=Writing(keyboard=True)),
    ]


def test_three_ready_phrases_at_a_time(stage: Stage, qtbot: QtBot) -> None:
    stage.show(talking(WRITTEN, Writing()))
    seen: list[list[str]] = []
    for _ in range(stage.sub_pages()):
        seen.append([str(item.property("text")) for item in stage.items() if item.objectName() == "phrase"])
        stage.turn()
    assert [len(part) for part in seen] == [3, 3, 3]
    phrase = next(item for item in stage.items() if item.objectName() == "phrase")
    stage.pressed.clear()
    press(stage, phrase)
    press(stage, stage.item("keyboard"))
    press(stage, stage.item("writingDone"))
    assert stage.pressed == [
        Choice(Press.PHRASE, text="Ja"),
        Choice(Press.WRITE, writing=Writing(keyboard=True)),
        Choice(Press.WRITING_DONE),
    ]


def test_from_the_call_to_writing_and_the_text_aloud_after_it(stage: Stage, qtbot: QtBot) -> None:
    stage.show(talking(WRITTEN))
    stage.pressed.clear()
    press(stage, stage.item("writeText"))
    stage.show(examples.every_state()["ended-text"])
    press(stage, stage.item("readAloud"))
    assert stage.pressed == [Choice(Press.WRITE, writing=Writing()), Choice(Press.READ_ALOUD)]


def test_who_cannot_be_read_by_the_other_end_is_not_asked_to_write(stage: Stage, qtbot: QtBot) -> None:
    stage.show(KioskState(phase=examples.TALKING))
    assert not [item for item in stage.items() if item.objectName() == "write"]


def test_the_name_goes_when_the_picture_comes(stage: Stage, qtbot: QtBot) -> None:
    stage.show(KioskState(phase=examples.TALKING))
    assert stage.item("callName")
    feed = PictureFeed(stage, stage.model.remote)  # type: ignore[arg-type]  # a Property of Qt
    feed.show(Picture.WHITE)
    qtbot.waitUntil(lambda: "callName" not in {item.objectName() for item in stage.items()})
    feed.close()
