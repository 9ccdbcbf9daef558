"""Times of day and of days in words, for every part of the screen. Pure."""

from __future__ import annotations

from datetime import datetime

from kiosk.ui.texts import ScreenTexts


def clock(when: datetime, texts: ScreenTexts) -> str:
    """The time of day: 10.30."""
    return texts.clock.format(hour=when.hour, minute=when.minute)


def daypart(hour: int, texts: ScreenTexts) -> str:
    """The part of the day, by the hour it began: night 0, morning 6, forenoon 9, afternoon 12, evening 18."""
    parts = texts.dayparts
    for first_hour, word in ((18, parts.evening), (12, parts.afternoon), (9, parts.forenoon), (6, parts.morning)):
        if hour >= first_hour:
            return word
    return parts.night


def when(at: datetime, now: datetime, texts: ScreenTexts) -> str:
    """When something was measured: today and yesterday with the time, older ones by their day."""
    at = at.astimezone(now.tzinfo)
    days = (now.date() - at.date()).days
    if days in (0, 1):
        return (texts.yesterday if days else texts.today).format(clock=clock(at, texts))
    return texts.on_day.format(day=at.day, month=texts.months[at.month - 1])
