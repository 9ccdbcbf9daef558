"""The values that QML binds to: the latest state, the clock and who presses. What they say is presentation's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
from PySide6.QtCore import Property, QObject, QUrl, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.facts.choosing import Tap
from kiosk.facts.profile import Language, Profile
from kiosk.flow.state import KioskState, Writing
from kiosk.ipc.ui_messages import Choice, Press
from kiosk.ui.appearance import dimmed, measures, palette
from kiosk.ui.choosing_model import ChoosingModel
from kiosk.ui.curve_item import CurveItem
from kiosk.ui.history_model import HistoryModel
from kiosk.ui.icon_item import IconItem
from kiosk.ui.layout_model import LayoutModel
from kiosk.ui.measurement_model import MeasurementModel, OwnerModel
from kiosk.ui.presentation import Screen, Tone, present
from kiosk.ui.press import RepeatGuard
from kiosk.ui.screens import PAGES
from kiosk.ui.spoken_words import is_spoken
from kiosk.ui.text_model import TextModel
from kiosk.ui.texts import ScreenTexts
from kiosk.ui.video_item import VideoFeed
from kiosk.ui.window_input import WindowInput

QML_IMPORT_NAME = "Svar.Screen"
QML_IMPORT_MAJOR_VERSION = 1

DRAWN_BY_QML = (CurveItem, IconItem, WindowInput)
"""Made by pages, never here; their modules must have been loaded before they are."""


@QmlElement
class ScreenModel(QObject):
    """Emits ``pressed(Choice)`` for every press that counts; ``changed`` when anything on screen is another, and then
    ``turned(before, after, readings_aloud)`` with the Screens.

    ``texts`` are the words of every language; the profile says which are shown. ``now`` gives the local time with its
    offset, ``monotonic`` seconds; ``cap_ratio`` is the height of a capital H over the pixel size of ``font_family``.

    ``shown`` comes after ``changed``, when all values are the new ones: pages lay themselves out then. ``restyled``
    when colours or sizes are others, ``reads`` when the voice has come to other words.
    """

    changed = Signal()
    shown = Signal()
    restyled = Signal()
    reads = Signal()
    settled = Signal()
    physicalButton = Signal()
    pressed = Signal(object)
    turned = Signal(object, object, bool)

    def __init__(
        self,
        texts: Mapping[Language, ScreenTexts],
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        font_family: str,
        cap_ratio: float,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._languages = texts
        self._texts = texts[Language.BOKMAAL]
        self._now = now
        self._monotonic = monotonic
        self._font_family = font_family
        self._cap_ratio = cap_ratio
        self._guard = RepeatGuard()
        self._state: KioskState | None = None
        self._screen = present(None, now(), self._texts)
        self._profile = Profile()
        self._size = (1280.0, 800.0)
        self._touched_at = -math.inf
        self._measures = measures(Profile(), *self._size, cap_ratio)
        self._palette = palette(Profile().seeing, dimmed=False)
        self._layout = LayoutModel(font_family, self)
        self._measurement = MeasurementModel(self)
        self._owner = OwnerModel(self)
        self._history = HistoryModel(self)
        self._text = TextModel(
            lambda words, weight: self._layout.width(words, self._measures.text, weight), monotonic, self
        )
        self._choosing = ChoosingModel(self)
        self._remote = VideoFeed(self)
        self._own = VideoFeed(self)
        self._video_page = QUrl()

    @property
    def screen(self) -> Screen:
        """What is shown, as a value."""
        return self._screen

    @property
    def profile(self) -> Profile:
        """How this patient sees, hears and presses."""
        return self._profile

    @property
    def remote_feed(self) -> VideoFeed:
        """Where the remote picture comes in."""
        return self._remote

    @property
    def own_feed(self) -> VideoFeed:
        """Where the patient's own picture comes in."""
        return self._own

    @property
    def plays_video(self) -> bool:
        """Whether it is decided how pictures are drawn."""
        return not self._video_page.isEmpty()

    def show(self, state: KioskState | None) -> None:
        """Draw this state; None while core has not spoken."""
        spoken_before, self._state = self._shown_state.speaking, state
        if self._shown_state.speaking != spoken_before:
            self.reads.emit()
        if state is not None:
            self._profile = state.profile
            self._guard.ignored_for = state.profile.pressing.repeat_seconds
        self.tick()

    def tick(self) -> None:
        """The clock may have moved on."""
        before, texts_before = self._screen, self._texts
        profile = self._profile
        self._texts = self._languages[profile.language]
        self._screen = present(self._state, self._now(), self._texts)
        if self._screen.call_id is not None and self._screen.call_id != before.call_id:
            self._remote.begin_call()
            self._own.begin_call()
        if self._screen.line_lost and not before.line_lost:
            self._remote.wait_for_next()
        self._measurement.take(self._screen.measurement)
        self._owner.take(self._screen.owner)
        self._history.take(self._screen.history)
        self._text.take(self._screen.text, self._texts.texting)
        self._choosing.take(self._screen.choosing)
        other = self._screen != before or self._texts is not texts_before
        styled = self._restyle()
        if other:
            self.changed.emit()
        if styled:
            self._text.restyle()
            self.restyled.emit()
        if other or styled:
            self.shown.emit()
        if self._screen != before:
            self.turned.emit(before, self._screen, self._profile.consents.readings_aloud)

    def _restyle(self) -> bool:
        """Colours and sizes of this profile, window and hour; whether they are others than before."""
        quiet_for = self._monotonic() - self._touched_at
        colours = palette(self._profile.seeing, dimmed(self._shown_state, self._now(), quiet_for))
        sizes = measures(self._profile, *self._size, self._cap_ratio)
        if (colours, sizes) == (self._palette, self._measures):
            return False
        self._palette, self._measures = colours, sizes
        return True

    @property
    def _shown_state(self) -> KioskState:
        return KioskState() if self._state is None else self._state

    @Slot(float, float)
    def resize(self, width: float, height: float) -> None:
        """The window is so large now, in pixels."""
        if width > 0 and height > 0 and (width, height) != self._size:
            self._size = (width, height)
            self.tick()

    @Slot()
    def touched(self) -> None:
        """A hand is there: full light, whatever the hour, and what is being said stops, wherever it came down."""
        self._touched_at = self._monotonic()
        self.tick()
        if self._shown_state.spoken is not None:
            self.pressed.emit(Choice(Press.HUSH))

    @Property(str, notify=reads)
    def spoken(self) -> str:
        """What the voice says now, as it is written; empty while it is silent."""
        return self._shown_state.speaking

    @Slot(str, str, result=bool)
    def isSpoken(self, text: str, spoken: str) -> bool:
        """Whether this text is what ``spoken`` says, or a part of it."""
        return is_spoken(text, spoken)

    @Slot(result=bool)
    def mayTurn(self) -> bool:
        """«Mer»: whether this press of it counts; turning is the page's own."""
        return self._guard.accepts("more", self._monotonic(), self._screen.page.value)

    @Slot()
    def sayAgain(self) -> None:
        """«Si igjen»."""
        self._press(Press.SAY_AGAIN)

    @Slot(int, int, result=str)
    def moreOf(self, page: int, pages: int) -> str:
        """1 av 2"""
        return self._texts.more_of.format(page=page, pages=pages)

    @Property(str, notify=changed)
    def sayAgainText(self) -> str:
        return self._texts.say_again

    @Property(str, notify=changed)
    def moreText(self) -> str:
        return self._texts.more

    @Property(str, notify=changed)
    def place(self) -> str:
        """Another word for another screen: sub-pages begin anew."""
        return self._screen.place

    @Property("QVariantMap", notify=restyled)  # type: ignore[arg-type]  # a name of Qt
    def colours(self) -> dict[str, str]:
        """appearance.Palette"""
        return {_camel(name): value for name, value in msgspec.structs.asdict(self._palette).items()}

    @Property("QVariantMap", notify=restyled)  # type: ignore[arg-type]  # a name of Qt
    def sizes(self) -> dict[str, float]:
        """appearance.Measures"""
        return {_camel(name): value for name, value in msgspec.structs.asdict(self._measures).items()}

    @Property(bool, notify=changed)
    def flash(self) -> bool:
        """Whether light may move while it rings."""
        return self._profile.seeing.flash

    @Property(LayoutModel, notify=settled)
    def layout(self) -> LayoutModel:
        return self._layout

    def play_video_with(self, page: QUrl) -> None:
        """From now on pictures are drawn by this QML file (VideoView.qml or PictureView.qml)."""
        self._video_page = page
        self.settled.emit()

    def _press(self, press: Press) -> None:
        self._choose(Choice(press))

    def _choose(self, choice: Choice) -> None:
        if self._guard.accepts(choice, self._monotonic(), self._screen.page.value):
            self.pressed.emit(choice)

    @Slot()
    def pressButton(self) -> None:
        """The physical button beside the screen."""
        self._press(Press.BUTTON)

    @Slot()
    def pressPhysicalButton(self) -> None:
        """A button that core listens to: what it means is the window's to say, as of one with a keyboard inside."""
        self.physicalButton.emit()

    @Slot()
    def answer(self) -> None:
        """«Svar videotelefon»."""
        self._press(Press.ANSWER)

    @Slot()
    def decline(self) -> None:
        """«Ikke nå»."""
        self._press(Press.DECLINE)

    @Slot()
    def undo(self) -> None:
        """«Angre»."""
        self._press(Press.UNDO)

    @Slot()
    def hangUp(self) -> None:
        """«Legg på»."""
        self._press(Press.HANG_UP)

    @Slot()
    def closeCard(self) -> None:
        """«Lukk»."""
        self._press(Press.CLOSE_CARD)

    @Slot(int)
    def measure(self, place: int) -> None:
        """«Mål blodtrykk»: the button at this place of the home page."""
        if 0 <= place < len(self._screen.buttons):
            self._choose(Choice(Press.MEASURE, kind=self._screen.buttons[place].kind))

    @Slot()
    def measureAgain(self) -> None:
        """«Prøv igjen»."""
        if self._screen.measurement is not None:
            self._choose(Choice(Press.MEASURE, kind=self._screen.measurement.kind))

    @Slot()
    def stopMeasuring(self) -> None:
        """«Avbryt»."""
        self._press(Press.STOP)

    @Slot()
    def write(self) -> None:
        """«Skriv»."""
        self._choose(Choice(Press.WRITE, writing=Writing()))

    @Slot()
    def openKeyboard(self) -> None:
        """«Tastatur», and «Tilbake» from a group of letters."""
        self._choose(Choice(Press.WRITE, writing=Writing(keyboard=True)))

    @Slot(int)
    def chooseGroup(self, group: int) -> None:
        """A group of letters."""
        self._choose(Choice(Press.WRITE, writing=Writing(keyboard=True, group=group)))

    @Slot()
    def writingDone(self) -> None:
        """«Ferdig»."""
        self._press(Press.WRITING_DONE)

    @Slot(str)
    def typeText(self, text: str) -> None:
        """A key on the screen."""
        self._choose(Choice(Press.TYPE, text=text))

    @Slot(str, bool)
    def typeKey(self, text: str, repeated: bool) -> None:
        """A key of a keyboard. Held down it counts once (EN 301 549 5.7); pressed twice it counts twice."""
        if not repeated:
            self.pressed.emit(Choice(Press.TYPE, text=text))

    @Slot(str)
    def writePhrase(self, words: str) -> None:
        """A ready phrase."""
        self._choose(Choice(Press.PHRASE, text=words))

    @Slot()
    def readTextAloud(self) -> None:
        """«Les teksten høyt»."""
        self._press(Press.READ_ALOUD)

    @Slot(bool)
    def answerOwner(self, mine: bool) -> None:
        """«Ja, min» or «Nei»."""
        if self._screen.owner is not None:
            press = Press.MINE if mine else Press.NOT_MINE
            self._choose(Choice(press, reading_id=self._screen.owner.reading_id))

    @Slot()
    def openHistory(self) -> None:
        """«Mine målinger»."""
        self._press(Press.HISTORY)

    @Slot()
    def nextSpan(self) -> None:
        """«Uke», «Måned», «År» in turn."""
        history = self._screen.history
        if history is not None:
            self._choose(Choice(Press.CURVE, kind=history.kind, span=history.next_span[0]))

    @Slot()
    def chooseOther(self) -> None:
        """«Vis oksygen»: the next kind."""
        history = self._screen.history
        if history is not None and history.other is not None:
            self._choose(Choice(Press.CURVE, kind=history.other[0], span=history.span))

    @Slot(int)
    def chooseAnswer(self, place: int) -> None:
        """The answer at this place."""
        card = self._screen.choosing
        if card is not None:
            self._choose(Choice(Press.CHOOSE, question=card.question, round=card.round, place=place))

    @Slot(float, float)
    def tap(self, x: float, y: float) -> None:
        """A finger came down, so many millimetres right of and below the ring's middle. Also the bounce is wanted."""
        if self._screen.choosing is not None:
            self.pressed.emit(Choice(Press.TAP, tap=Tap(round(x, 2), round(y, 2))))

    @Slot()
    def chooseBack(self) -> None:
        """«Tilbake», to the question before."""
        self._press(Press.CHOOSE_BACK)

    @Slot()
    def back(self) -> None:
        """«Tilbake»."""
        self._press(Press.BACK)

    @Property(str, notify=changed)
    def page(self) -> str:
        """Which page: the value of presentation.Page."""
        return self._screen.page.value

    @Property("QVariantList", notify=settled)  # type: ignore[arg-type]  # a name of Qt
    def pages(self) -> list[dict[str, str]]:
        """Every page there is: ``name`` and ``file``."""
        return [{"name": page.value, "file": file} for page, file in PAGES.items()]

    @Property(str, notify=changed)
    def pageTitle(self) -> str:
        """The page's name, for screen readers."""
        return self._screen.title

    @Property(str, notify=changed)
    def clock(self) -> str:
        """10.30"""
        return self._screen.clock

    @Property(str, notify=changed)
    def day(self) -> str:
        """Lørdag formiddag"""
        return self._screen.day

    @Property(str, notify=changed)
    def date(self) -> str:
        """21. november 2026"""
        return self._screen.date

    @Property(str, notify=changed)
    def visitWhen(self) -> str:
        """When the next visit comes."""
        return self._screen.visit[0] if self._screen.visit else ""

    @Property(str, notify=changed)
    def visitWho(self) -> str:
        """Who comes."""
        return self._screen.visit[1] if self._screen.visit else ""

    @Property(str, notify=changed)
    def statusText(self) -> str:
        """One calm line."""
        return self._screen.status.text

    @Property(str, notify=changed)
    def statusDetail(self) -> str:
        """What to do, or what waits."""
        return self._screen.status.detail

    @Property(bool, notify=changed)
    def statusGrave(self) -> bool:
        """Whether something is wrong that the patient should know."""
        return self._screen.status.tone is Tone.GRAVE

    @Property(str, notify=changed)
    def callerName(self) -> str:
        """Who is on the line."""
        return self._screen.caller.name if self._screen.caller else ""

    @Property(str, notify=changed)
    def callerLine(self) -> str:
        """Role, and that it rings."""
        return self._screen.caller.line if self._screen.caller else ""

    @Property(str, notify=changed)
    def callerInitials(self) -> str:
        """Stand for a missing picture."""
        return self._screen.caller.initials if self._screen.caller else ""

    @Property(str, notify=changed)
    def callerPicture(self) -> str:
        """File address of the picture, or empty."""
        picture = self._screen.caller.picture if self._screen.caller else ""
        return QUrl.fromLocalFile(picture).toString() if picture else ""

    @Property(str, notify=changed)
    def callerPictureName(self) -> str:
        """For screen readers."""
        return self._screen.caller.picture_name if self._screen.caller else ""

    @Property(bool, notify=changed)
    def connecting(self) -> bool:
        """Answered, no picture yet."""
        return self._screen.connecting

    @Property(bool, notify=changed)
    def lineLost(self) -> bool:
        """Nothing comes from the other end: no face is shown, since a still one looks alive."""
        return self._screen.line_lost

    @Property(str, notify=changed)
    def notice(self) -> str:
        """A word over the picture."""
        return self._screen.notice

    @Property(bool, notify=changed)
    def canUndo(self) -> bool:
        """Whether what was just pressed can be taken back."""
        return self._screen.can_undo

    @Property(str, notify=changed)
    def endedSentence(self) -> str:
        """How the call ended."""
        return self._screen.ended.sentence if self._screen.ended else ""

    @Property(str, notify=changed)
    def endedAction(self) -> str:
        """What comes next."""
        return self._screen.ended.action if self._screen.ended else ""

    @Property("QStringList", notify=changed)  # type: ignore[arg-type]  # a name of Qt, which the stubs do not foresee
    def measureButtons(self) -> list[str]:
        """What the patient can begin."""
        return [button.text for button in self._screen.buttons]

    @Property(MeasurementModel, notify=settled)
    def measurement(self) -> MeasurementModel:
        return self._measurement

    @Property(OwnerModel, notify=settled)
    def owner(self) -> OwnerModel:
        return self._owner

    @Property(TextModel, notify=settled)
    def text(self) -> TextModel:
        return self._text

    @Property(ChoosingModel, notify=settled)
    def choosing(self) -> ChoosingModel:
        return self._choosing

    @Property(HistoryModel, notify=settled)
    def history(self) -> HistoryModel:
        return self._history

    @Property(str, notify=changed)
    def fakeMark(self) -> str:
        """Says what is not real."""
        return self._screen.fake_mark

    @Property(str, notify=changed)
    def fakeMarkShort(self) -> str:
        """The same in one word."""
        return self._screen.fake_mark_short

    @Property(str, notify=changed)
    def answerText(self) -> str:
        return self._texts.answer

    @Property(str, notify=changed)
    def declineText(self) -> str:
        return self._texts.decline

    @Property(str, notify=changed)
    def undoText(self) -> str:
        return self._texts.undo

    @Property(str, notify=changed)
    def hangUpText(self) -> str:
        return self._texts.hang_up

    @Property(str, notify=changed)
    def closeText(self) -> str:
        return self._texts.close

    @Property(str, notify=changed)
    def stopText(self) -> str:
        return self._texts.stop

    @Property(str, notify=changed)
    def againText(self) -> str:
        return self._texts.again

    @Property(str, notify=changed)
    def mineText(self) -> str:
        return self._texts.mine

    @Property(str, notify=changed)
    def notMineText(self) -> str:
        return self._texts.not_mine

    @Property(str, notify=changed)
    def historyText(self) -> str:
        return self._texts.my_readings

    @Property(str, notify=changed)
    def targetText(self) -> str:
        return self._texts.history.target

    @Property(str, notify=changed)
    def backText(self) -> str:
        return self._texts.back

    @Property(str, notify=changed)
    def ownPictureText(self) -> str:
        return self._texts.own_picture

    @Property(str, notify=settled)
    def importantText(self) -> str:
        return self._texts.important

    @Property(str, notify=settled)
    def fontFamily(self) -> str:
        return self._font_family

    @Property(float, notify=settled)
    def capRatio(self) -> float:
        """Height of a capital letter over the font's pixel size."""
        return self._cap_ratio

    @Property(QUrl, notify=settled)
    def videoPage(self) -> QUrl:
        """The QML file that draws pictures; empty until one is chosen."""
        return self._video_page

    @Property(VideoFeed, notify=settled)
    def remote(self) -> VideoFeed:
        return self._remote

    @Property(VideoFeed, notify=settled)
    def own(self) -> VideoFeed:
        return self._own


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
