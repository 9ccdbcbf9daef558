"""How one patient sees, hears, presses and is spoken to: chosen at installation by trying, changeable from the desk."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec


class Language(enum.Enum):
    """A phrase file each. PSEUDO is bokmål made 40 % longer: for tests of the layout, never for a home."""

    BOKMAAL = "nb"
    NYNORSK = "nn"
    ENGLISH = "en"
    PSEUDO = "pseudo"


class Theme(enum.Enum):
    """Colours of every screen; the first three are of high contrast (body text 15:1 or more)."""

    DARK = "dark"
    LIGHT = "light"
    YELLOW_ON_BLACK = "yellow-on-black"
    CALM = "calm"


class RingTone(enum.Enum):
    """Which ring tone; how each sounds is media's."""

    STANDARD = "standard"
    DEEP = "deep"
    MELODY = "melody"


class SoundProfile(enum.Enum):
    """«Klangprofil»: Av, Lett, Middels, Kraftig, or by an audiogram. No hearing aid, and none is claimed."""

    OFF = "off"
    LIGHT = "light"
    MEDIUM = "medium"
    STRONG = "strong"
    AUDIOGRAM = "audiogram"


class Side(enum.Enum):
    """Which loudspeaker carries a mono mix; BOTH is the ordinary case."""

    BOTH = "both"
    LEFT = "left"
    RIGHT = "right"


class Output(enum.Enum):
    """What a sound comes out of. LOUDSPEAKER is the sound card's own; of the others a home has those that its settings
    name. LOOP: an induction loop, as on a 3.5 mm socket."""

    LOUDSPEAKER = "loudspeaker"
    LOOP = "loop"
    HEADSET = "headset"
    BLUETOOTH = "bluetooth"


class Audiogram(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hearing threshold levels in dB HL of the better ear at 250, 500, 1000, 2000, 3000, 4000, 6000 and 8000 Hz."""

    levels: tuple[
        Annotated[int, msgspec.Meta(ge=-10, le=120)],
        Annotated[int, msgspec.Meta(ge=-10, le=120)],
        Annotated[int, msgspec.Meta(ge=-10, le=120)],
        Annotated[int, msgspec.Meta(ge=-10, le=120)],
        Annotated[int, msgspec.Meta(ge=-10, le=120)],
        Annotated[int, msgspec.Meta(ge=-10, le=120)],
        Annotated[int, msgspec.Meta(ge=-10, le=120)],
        Annotated[int, msgspec.Meta(ge=-10, le=120)],
    ]


class Seeing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``text_percent`` of the smallest size that EN 301 549 5.1.4 asks for at ``distance_m``.

    ``diagonal_inches``: of the screen, as written on it; what the screen itself tells is often wrong.
    ``flash``: whether the screen may move its light while it rings. ``night_dimming``: darker at night between calls.
    """

    theme: Theme = Theme.DARK
    text_percent: Annotated[int, msgspec.Meta(ge=100, le=200)] = 100
    distance_m: Annotated[float, msgspec.Meta(ge=0.4, le=2.0)] = 0.7
    diagonal_inches: Annotated[float, msgspec.Meta(ge=7.0, le=32.0)] = 10.1
    flash: bool = True
    night_dimming: bool = True


class Hearing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``volume_percent``: of what the loudspeaker gives, on a scale of equal steps in decibels (100: full; 0: 30 dB
    below). ``ring_volume_percent`` likewise. ``balance``: -100 all left, 100 all right.
    ``picture_delay_ms``: how late the chosen output sounds; the picture waits as long. ``voice_output``: where call,
    speech and ring sound; ``ring_output``: where it rings besides. The loudspeaker stands in for what is not there.
    """

    ring_tone: RingTone = RingTone.STANDARD
    ring_seconds: Annotated[int, msgspec.Meta(ge=30, le=180)] = 60
    volume_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 80
    ring_volume_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 100
    sound_profile: SoundProfile = SoundProfile.OFF
    audiogram: Audiogram | None = None
    side: Side = Side.BOTH
    balance: Annotated[int, msgspec.Meta(ge=-100, le=100)] = 0
    picture_delay_ms: Annotated[int, msgspec.Meta(ge=0, le=400)] = 0
    voice_output: Output = Output.LOUDSPEAKER
    ring_output: Output = Output.LOUDSPEAKER


class Speaking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kiosk's own voice. ``words_per_minute`` as measured, not espeak's parameter; ``voice``: empty for the
    language's own, else the name of an installed one."""

    enabled: bool = True
    words_per_minute: Annotated[int, msgspec.Meta(ge=90, le=200)] = 140
    voice: str = ""


class Pressing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``tremor``: controls of 30 mm instead of 20, four at most. ``repeat_seconds``: how long an identical press is
    ignored (EN 301 549 5.8). ``one_switch``: the highlight goes from control to control by itself, every
    ``scan_seconds``; one switch chooses."""

    tremor: bool = False
    repeat_seconds: Annotated[float, msgspec.Meta(ge=0.0, le=2.0)] = 0.5
    one_switch: bool = False
    scan_seconds: Annotated[float, msgspec.Meta(ge=0.5, le=5.0)] = 2.0


class Consents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the patient has said yes to at installation. The desk may take one back, never give one."""

    readings_aloud: bool = False


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One per patient."""

    language: Language = Language.BOKMAAL
    seeing: Seeing = Seeing()
    hearing: Hearing = Hearing()
    speaking: Speaking = Speaking()
    pressing: Pressing = Pressing()
    consents: Consents = Consents()
