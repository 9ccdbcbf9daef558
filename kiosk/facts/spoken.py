"""What the kiosk can say aloud: names only. The words stand in the phrase files, under [say] by these names, or are
those that stand on the screen for the same thing."""

from __future__ import annotations

import enum

import msgspec


class Spoken(enum.Enum):
    """Each has a template in every phrase file; the comment names the template's fields."""

    SHOWN = "shown"  # what stands on the screen: the phrase that ``words`` names as "text"
    NAME = "name"  # name
    CALLER_RINGS = "caller-rings"  # name, role
    CALLER_WITHOUT_ROLE_RINGS = "caller-without-role-rings"  # name
    ANSWERED = "answered"  # name
    TALKING_WITH = "talking-with"  # name
    CLOCK_IS = "clock-is"  # hour, minute
    # What can be pressed, by the words on the buttons.
    CHOICE = "choice"  # first
    CHOICE_OF_TWO = "choice-of-two"  # first, last
    CHOICES = "choices"  # each follows by itself
    CALL_HUNG_UP_HERE = "call-hung-up-here"
    CALL_HUNG_UP_THERE = "call-hung-up-there"  # name
    CALL_DECLINED = "call-declined"
    CALL_CANCELLED = "call-cancelled"  # name
    CALL_RANG_OUT = "call-rang-out"  # name
    CALL_ANSWERED_ELSEWHERE = "call-answered-elsewhere"
    CALL_CONNECTION_LOST = "call-connection-lost"
    CALL_FAILED = "call-failed"
    CALL_NOT_REACHED = "call-not-reached"
    CALLING_BACK = "calling-back"  # name
    RECOVERING = "recovering"
    LINE_WEAK = "line-weak"
    MEASURE_BLOOD_PRESSURE = "measure-blood-pressure"
    MEASURE_PULSE_OXIMETRY = "measure-pulse-oximetry"
    MEASURE_WEIGHT = "measure-weight"
    MEASURE_TEMPERATURE = "measure-temperature"
    MEASURE_GLUCOSE = "measure-glucose"
    MEASURING_STOPPED = "measuring-stopped"
    # What was written in the call, read aloud afterwards.
    THEY_WROTE = "they-wrote"  # name, text
    YOU_WROTE = "you-wrote"  # text
    WRITE_TO = "write-to"  # name
    WRITE_LETTERS = "write-letters"
    # A result, put together: the value, the pulse where there is one, and that it is saved or what speaks against it.
    BLOOD_PRESSURE_IS = "blood-pressure-is"  # value, second
    PULSE_OXIMETRY_IS = "pulse-oximetry-is"  # value
    WEIGHT_IS = "weight-is"  # value
    TEMPERATURE_IS = "temperature-is"  # value
    GLUCOSE_IS = "glucose-is"  # value
    PULSE_IS = "pulse-is"  # pulse
    READING_SAVED = "reading-saved"
    READING_SENT = "reading-sent"
    READING_HELD = "reading-held"
    # In place of the numbers, where the patient has not consented to hear them.
    READING_CAME = "reading-came"
    NUMBER_ON_SCREEN = "number-on-screen"
    NUMBERS_ON_SCREEN = "numbers-on-screen"
    BLOOD_PRESSURE_HERE = "blood-pressure-here"
    PULSE_OXIMETRY_HERE = "pulse-oximetry-here"
    WEIGHT_HERE = "weight-here"
    TEMPERATURE_HERE = "temperature-here"
    GLUCOSE_HERE = "glucose-here"
    # One's own readings over time.
    BLOOD_PRESSURE_WAS = "blood-pressure-was"  # value, second
    PULSE_OXIMETRY_WAS = "pulse-oximetry-was"  # value
    WEIGHT_WAS = "weight-was"  # value
    TEMPERATURE_WAS = "temperature-was"  # value
    GLUCOSE_WAS = "glucose-was"  # value
    HISTORY_EMPTY = "history-empty"
    HISTORY_FAILED = "history-failed"
    # Whose reading it is.
    OWNER_ASKED = "owner-asked"
    OWNER_DENIED = "owner-denied"
    # Choosing the profile: every Question by its name, and what is listened to.
    CHOOSE_LANGUAGE = "choose-language"
    CHOOSE_THEME = "choose-theme"
    CHOOSE_SIZE = "choose-size"
    CHOOSE_VOICE_RATE = "choose-voice-rate"
    CHOOSE_RING_TONE = "choose-ring-tone"
    CHOOSE_SOUND_PROFILE = "choose-sound-profile"
    CHOOSE_VOLUME = "choose-volume"
    CHOOSE_STEADINESS = "choose-steadiness"
    CHOOSE_READINGS_ALOUD = "choose-readings-aloud"
    CHOOSE_READY = "choose-ready"
    CHOOSE_FIRST = "choose-first"
    CHOOSE_SECOND = "choose-second"
    CHOOSE_SAMPLE = "choose-sample"
    CHOOSE_CLOSED = "choose-closed"
    # Every MeasurementFault, by the same name.
    NO_VALUE = "no-value"
    CUFF_TOO_LOOSE = "cuff-too-loose"
    BODY_MOVED = "body-moved"
    IMPROPER_POSITION = "improper-position"
    NO_FINGER = "no-finger"
    NOT_STABLE = "not-stable"
    IMPLAUSIBLE = "implausible"
    NOT_A_PATIENT = "not-a-patient"
    TIME_UNKNOWN = "time-unknown"
    OWNER_UNKNOWN = "owner-unknown"
    ABOVE_RANGE = "above-range"
    BELOW_RANGE = "below-range"
    DEVICE_NOT_FOUND = "device-not-found"
    LINK_LOST = "link-lost"
    NOT_UNDERSTOOD = "not-understood"
    PAIR_AGAIN = "pair-again"
    BLUETOOTH_OFF = "bluetooth-off"
    NOT_SAVED = "not-saved"


NUMBERS = frozenset(
    {
        Spoken.BLOOD_PRESSURE_IS,
        Spoken.PULSE_OXIMETRY_IS,
        Spoken.WEIGHT_IS,
        Spoken.TEMPERATURE_IS,
        Spoken.GLUCOSE_IS,
        Spoken.PULSE_IS,
        Spoken.BLOOD_PRESSURE_WAS,
        Spoken.PULSE_OXIMETRY_WAS,
        Spoken.WEIGHT_WAS,
        Spoken.TEMPERATURE_WAS,
        Spoken.GLUCOSE_WAS,
    }
)
"""Those that carry the numbers of a reading: said only where the patient has consented to it."""

PRIVATE_FIELDS = frozenset({"value", "second", "pulse", "low", "high"})
"""The fields that hold numbers of a reading, wherever they stand."""


class Utterance(msgspec.Struct, frozen=True):
    """One thing to say: which, what fills its fields, and what is said after it in the same breath.

    ``words``: fields that are filled with a phrase of the screen, by its dotted name under [screen].
    """

    spoken: Spoken
    fields: tuple[tuple[str, str], ...] = ()
    then: tuple[Utterance, ...] = ()
    words: tuple[tuple[str, str], ...] = ()

    def all(self) -> tuple[Utterance, ...]:
        """This and all that follows it, in the order in which they are said."""
        return (self, *(one for following in self.then for one in following.all()))


def shown(name: str, **fields: str) -> Utterance:
    """Say what stands on the screen by this dotted name under [screen]."""
    return Utterance(Spoken.SHOWN, tuple(fields.items()), words=(("text", name),))


def chain(first: Utterance, *others: Utterance) -> Utterance:
    """All of them in one breath."""
    return msgspec.structs.replace(first, then=(*first.then, *others)) if others else first
