"""What a press on the screen means to flow. Pure; whether it still counts is the controller's."""

from __future__ import annotations

from kiosk.facts.choosing import Question, Tap
from kiosk.facts.history import Span
from kiosk.facts.measurement import MeasurementKind
from kiosk.flow import events as on
from kiosk.flow.state import Writing
from kiosk.ipc import ui_messages as ui


def event_of(pressed: ui.Pressed) -> on.Event | None:
    """What a press means; None when it lacks what it is about."""
    match pressed:
        case ui.Pressed(press=ui.Press.ANSWER):
            return on.AnswerPressed()
        case ui.Pressed(press=ui.Press.DECLINE):
            return on.DeclinePressed()
        case ui.Pressed(press=ui.Press.UNDO):
            return on.UndoPressed()
        case ui.Pressed(press=ui.Press.HANG_UP):
            return on.HangUpPressed()
        case ui.Pressed(press=ui.Press.BUTTON):
            return on.ButtonPressed()
        case ui.Pressed(press=ui.Press.CLOSE_CARD):
            return on.CardClosed()
        case ui.Pressed(press=ui.Press.MEASURE, kind=MeasurementKind() as kind):
            return on.MeasurePressed(kind)
        case ui.Pressed(press=ui.Press.STOP):
            return on.StopPressed()
        case ui.Pressed(press=ui.Press.MINE | ui.Press.NOT_MINE as press, reading_id=str() as reading_id):
            return on.OwnerAnswered(reading_id, press is ui.Press.MINE)
        case ui.Pressed(press=ui.Press.HISTORY):
            return on.HistoryPressed()
        case ui.Pressed(press=ui.Press.CURVE, kind=MeasurementKind() as kind, span=Span() as span):
            return on.HistoryChosen(kind, span)
        case ui.Pressed(press=ui.Press.BACK):
            return on.HistoryClosed()
        case ui.Pressed(press=ui.Press.WRITE, writing=Writing() as writing):
            return on.WritePressed(writing)
        case ui.Pressed(press=ui.Press.WRITING_DONE):
            return on.WritingClosed()
        case ui.Pressed(press=ui.Press.TYPE, text=str() as text):
            return on.Typed(text)
        case ui.Pressed(press=ui.Press.PHRASE, text=str() as text):
            return on.PhraseChosen(text)
        case ui.Pressed(press=ui.Press.READ_ALOUD):
            return on.ReadAloudPressed()
        case ui.Pressed(press=ui.Press.SAY_AGAIN):
            return on.SayAgainPressed()
        case ui.Pressed(press=ui.Press.HUSH):
            return on.SpeechEnded(hushed=True)
        case ui.Pressed(press=ui.Press.CHOOSE, question=Question() as question, round=round_, place=place):
            return on.Chosen(question, round_, place) if place >= 0 else None
        case ui.Pressed(press=ui.Press.TAP, tap=Tap() as tap):
            return on.Tapped(tap)
        case ui.Pressed(press=ui.Press.CHOOSE_BACK):
            return on.ChoosingBack()
        case _:
            return None
