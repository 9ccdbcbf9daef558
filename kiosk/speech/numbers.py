"""Numbers as words, as people say them in each language: pure."""

from __future__ import annotations

import msgspec

from kiosk.facts.profile import Language

LARGEST = 999_999
"""More is read digit by digit: no number that a person is told is larger."""


class NumberWords(msgspec.Struct, frozen=True):
    """``units`` 0 to 19, ``tens`` 20 to 90; ``joint`` stands between a ten and a unit. ``hundred`` and ``thousand``
    take ``{}`` as how many, ``one_hundred`` and ``one_thousand`` are without. ``and_`` stands before the last two
    digits. ``ordinals`` 1 to 31, for the days of a month. ``one_oclock``: 1 as an hour."""

    units: tuple[str, ...]
    tens: tuple[str, ...]
    joint: str
    one_hundred: str
    hundred: str
    one_thousand: str
    thousand: str
    and_: str
    comma: str
    ordinals: tuple[str, ...]
    one_oclock: str


def _all(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_NB = NumberWords(
    units=_all(
        "null en to tre fire fem seks sju åtte ni ti elleve tolv tretten fjorten femten seksten sytten atten nitten"
    ),
    tens=_all("tjue tretti førti femti seksti sytti åtti nitti"),
    joint="",
    one_hundred="hundre",
    hundred="{} hundre",
    one_thousand="tusen",
    thousand="{} tusen",
    and_="og",
    comma="komma",
    ordinals=_all(
        "første andre tredje fjerde femte sjette sjuende åttende niende tiende ellevte tolvte trettende fjortende "
        "femtende sekstende syttende attende nittende tjuende tjueførste tjueandre tjuetredje tjuefjerde tjuefemte "
        "tjuesjette tjuesjuende tjueåttende tjueniende trettiende trettiførste"
    ),
    one_oclock="ett",
)
_NN = msgspec.structs.replace(
    _NB,
    units=("null", "ein", *_NB.units[2:]),
    ordinals=_all(
        "første andre tredje fjerde femte sjette sjuande åttande niande tiande ellevte tolvte trettande fjortande "
        "femtande sekstande syttande attande nittande tjuande tjueførste tjueandre tjuetredje tjuefjerde tjuefemte "
        "tjuesjette tjuesjuande tjueåttande tjueniande trettiande trettiførste"
    ),
    one_oclock="eitt",
)
_EN = NumberWords(
    units=_all(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen"
    ),
    tens=_all("twenty thirty forty fifty sixty seventy eighty ninety"),
    joint="-",
    one_hundred="one hundred",
    hundred="{} hundred",
    one_thousand="one thousand",
    thousand="{} thousand",
    and_="and",
    comma="point",
    ordinals=_all(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third "
        "twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth "
        "thirty-first"
    ),
    one_oclock="one",
)

WORDS = {Language.BOKMAAL: _NB, Language.NYNORSK: _NN, Language.ENGLISH: _EN, Language.PSEUDO: _NB}


def cardinal(number: int, words: NumberWords) -> str:
    """132 is «hundre og trettito». Raises ValueError outside 0 to LARGEST."""
    if not 0 <= number <= LARGEST:
        raise ValueError(f"{number} is read digit by digit")
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        head = words.one_thousand if thousands == 1 else words.thousand.format(cardinal(thousands, words))
        return head if rest == 0 else _after(head, rest, words)
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        head = words.one_hundred if hundreds == 1 else words.hundred.format(words.units[hundreds])
        return head if rest == 0 else _after(head, rest, words)
    if number < 20:
        return words.units[number]
    ten, unit = divmod(number, 10)
    return words.tens[ten - 2] + (words.joint + words.units[unit] if unit else "")


def _after(head: str, rest: int, words: NumberWords) -> str:
    tail = cardinal(rest, words)
    return f"{head} {words.and_} {tail}" if rest < 100 else f"{head} {tail}"


def digits(text: str, words: NumberWords) -> str:
    """Every digit by itself: «null to åtte null null»."""
    return " ".join(words.units[int(one)] for one in text)


def spelled(text: str, words: NumberWords) -> str:
    """A run of digits as a number; one that begins with 0, or is too long for a number, digit by digit."""
    if (len(text) > 1 and text.startswith("0")) or len(text) > len(str(LARGEST)):
        return digits(text, words)
    return cardinal(int(text), words)


def decimal(whole: str, part: str, words: NumberWords) -> str:
    """4,5 is «fire komma fem»; after the comma two digits at most are one number."""
    said = spelled(part, words) if len(part) <= 2 else digits(part, words)
    return f"{spelled(whole, words)} {words.comma} {said}"


def ordinal(number: int, words: NumberWords) -> str | None:
    """1 to 31; None for others."""
    return words.ordinals[number - 1] if 1 <= number <= len(words.ordinals) else None
