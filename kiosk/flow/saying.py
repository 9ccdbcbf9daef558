"""What is being said and was said last: for the mark on the screen, and for «Si igjen». Pure.

«Si igjen» repeats what was just said, as long as the screen it was about is still there; pressed once more, or later,
it says the whole screen: whoever asks twice has missed more than the last words.
"""

from __future__ import annotations

import msgspec

from kiosk.facts.moment import Moment
from kiosk.facts.spoken import chain
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow import prompts, spoken_faults
from kiosk.flow.state import Connecting, KioskState, Said

FRESH_SECONDS = 30.0
"""What was said longer ago is not what the person means by «igjen»."""

CONNECTING_SECONDS = 3.0
"""A call that connects sooner needs no word: the nurse's own comes."""

_SILENT_ARRIVALS = on.CardClosed | on.HistoryClosed
"""Presses that bring another screen, and of which nothing else is said."""

Step = tuple[KioskState, tuple[do.Effect, ...]]


def again(state: KioskState, now: Moment) -> Step:
    """«Si igjen»."""
    said = state.said
    fresh = said is not None and not said.repeated and now.monotonic - said.at < FRESH_SECONDS
    if said is not None and fresh and said.screen == prompts.screen_of(state):
        state = msgspec.structs.replace(state, said=msgspec.structs.replace(said, repeated=True))
        return state, (do.Say(said.utterance),)
    return state, (do.Say(prompts.prompt(state, now)),)


def reached(state: KioskState, words: str) -> KioskState:
    """The voice is here now. A late word of what has been dropped meanwhile marks nothing."""
    return state if state.spoken is None else msgspec.structs.replace(state, speaking=words)


def ended(state: KioskState) -> KioskState:
    """Nothing is being said any more."""
    return state if state.spoken is None else msgspec.structs.replace(state, spoken=None, speaking="")


def aged(state: KioskState, now: Moment) -> Step:
    """Time has passed: a call that takes its time to connect, a fault that has lasted."""
    phase = state.phase
    if isinstance(phase, Connecting) and now.monotonic - phase.since >= CONNECTING_SECONDS:
        if state.said is not None and state.said.at >= phase.since:
            return state, ()
        first, *others = prompts.connecting(phase)
        return state, (do.Say(chain(first, *others)),)
    return spoken_faults.aged(state, now)


def told(before: KioskState, state: KioskState, event: on.Event, effects: tuple[do.Effect, ...], now: Moment) -> Step:
    """The step with what it says: a word for a screen that a press has brought, and what is being said from now on."""
    speechless = not any(isinstance(effect, do.Say) for effect in effects)
    if isinstance(event, _SILENT_ARRIVALS) and speechless and prompts.screen_of(state) != prompts.screen_of(before):
        effects = (*effects, do.Say(prompts.arrival(state, now)))
    if state.screen_reader:  # it speaks, and we do not (EN 301 549 11.6.2)
        effects = tuple(effect for effect in effects if not isinstance(effect, do.Say))
    for effect in effects:
        match effect:
            case do.StopRing():
                state = ended(state)
            case do.Say(utterance):
                repeated = isinstance(event, on.SayAgainPressed) and state.said is not None and state.said.repeated
                said = Said(utterance, now.monotonic, prompts.screen_of(state), repeated)
                state = msgspec.structs.replace(state, spoken=utterance, speaking="", said=said)
            case _:
                pass
    return state, effects
