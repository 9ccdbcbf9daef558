"""What is written, as it is said: numbers, units, dates, times, telephone numbers and short forms as words. Pure.

A synthesizer's own reading of these differs from voice to voice, and some of it is wrong («2. desember» as two
sentences). Numbers come out as words of the language of the text; nothing that has a digit is left to the voice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from kiosk.facts.profile import Language
from kiosk.speech.numbers import WORDS, NumberWords, cardinal, decimal, ordinal, spelled


class _Says(msgspec.Struct, frozen=True):
    """How a language says what is written short. ``units``: singular and plural by what is written; ``short``: short
    forms; ``nought``: that of 10.05."""

    months: str
    units: Mapping[str, tuple[str, str]]
    short: Mapping[str, str]
    nought: str
    over: str
    minus: str
    plus: str


_NB = _Says(
    months="januar|februar|mars|april|mai|juni|juli|august|september|oktober|november|desember",
    units={
        "mmHg": ("millimeter kvikksølv", "millimeter kvikksølv"),
        "mmol/l": ("millimol per liter", "millimol per liter"),
        "mmol/L": ("millimol per liter", "millimol per liter"),
        "kPa": ("kilopascal", "kilopascal"),
        "kg": ("kilo", "kilo"),
        "mg": ("milligram", "milligram"),
        "µg": ("mikrogram", "mikrogram"),
        "ml": ("milliliter", "milliliter"),
        "dl": ("desiliter", "desiliter"),
        "cm": ("centimeter", "centimeter"),
        "mm": ("millimeter", "millimeter"),
        "g": ("gram", "gram"),
        "l": ("liter", "liter"),
        "m": ("meter", "meter"),
        "min": ("minutt", "minutter"),
        "stk.": ("stykk", "stykker"),
        "°C": ("grad", "grader"),
        "°": ("grad", "grader"),
        "%": ("prosent", "prosent"),
        "kr": ("krone", "kroner"),
    },
    short={
        "kl.": "klokken",
        "f.eks.": "for eksempel",
        "ca.": "omtrent",
        "bl.a.": "blant annet",
        "dvs.": "det vil si",
        "osv.": "og så videre",
        "evt.": "eventuelt",
        "tlf.": "telefon",
        "nr.": "nummer",
        "dr.": "doktor",
        "pga.": "på grunn av",
        "mmHg": "millimeter kvikksølv",
        "mmol/l": "millimol per liter",
        "mmol/L": "millimol per liter",
    },
    nought="null",
    over="over",
    minus="minus",
    plus="pluss",
)
_NN = msgspec.structs.replace(
    _NB,
    units={**_NB.units, "min": ("minutt", "minutt"), "stk.": ("stykke", "stykke"), "kr": ("krone", "kroner")},
    short={
        **_NB.short,
        "kl.": "klokka",
        "f.eks.": "til dømes",
        "t.d.": "til dømes",
        "bl.a.": "mellom anna",
        "dvs.": "det vil seie",
        "osv.": "og så vidare",
        "pga.": "på grunn av",
    },
)
_EN = _Says(
    months="January|February|March|April|May|June|July|August|September|October|November|December",
    units={
        "mmHg": ("millimetre of mercury", "millimetres of mercury"),
        "mmol/l": ("millimole per litre", "millimoles per litre"),
        "mmol/L": ("millimole per litre", "millimoles per litre"),
        "kPa": ("kilopascal", "kilopascals"),
        "kg": ("kilo", "kilos"),
        "mg": ("milligram", "milligrams"),
        "µg": ("microgram", "micrograms"),
        "ml": ("millilitre", "millilitres"),
        "dl": ("decilitre", "decilitres"),
        "cm": ("centimetre", "centimetres"),
        "mm": ("millimetre", "millimetres"),
        "g": ("gram", "grams"),
        "l": ("litre", "litres"),
        "m": ("metre", "metres"),
        "min": ("minute", "minutes"),
        "°C": ("degree", "degrees"),
        "°": ("degree", "degrees"),
        "%": ("per cent", "per cent"),
        "kr": ("krone", "kroner"),
    },
    short={
        "e.g.": "for example",
        "i.e.": "that is",
        "approx.": "about",
        "etc.": "and so on",
        "tel.": "telephone",
        "no.": "number",
        "Dr.": "Doctor",
        "Mr.": "Mister",
        "Mrs.": "Missis",
        "mmHg": "millimetres of mercury",
        "mmol/l": "millimoles per litre",
        "mmol/L": "millimoles per litre",
    },
    nought="oh",
    over="over",
    minus="minus",
    plus="plus",
)
_SAYS = {Language.BOKMAAL: _NB, Language.NYNORSK: _NN, Language.ENGLISH: _EN, Language.PSEUDO: _NB}

_BEFORE, _AFTER = r"(?<![\w.,])", r"(?![\w])"
_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_EIGHT = re.compile(
    rf"{_BEFORE}(\+47 ?)?([0-9]{{2}} [0-9]{{2}} [0-9]{{2}} [0-9]{{2}}|[0-9]{{3}} [0-9]{{2}} [0-9]{{3}}){_AFTER}"
)
_TIME = re.compile(rf"\b(kl\.|[Kk]lokken|[Kk]lokka|[Aa]t|[Tt]ime is) ([0-9]{{1,2}})[.:]([0-9]{{2}}){_AFTER}")
_COLON_TIME = re.compile(rf"{_BEFORE}([0-9]{{1,2}}):([0-9]{{2}}){_AFTER}")
_PAIR = re.compile(rf"{_BEFORE}([0-9]{{2,3}}) ?/ ?([0-9]{{2,3}})(?![\w/])")
_LONE = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_ORDINAL = re.compile(r"(?<![\w.,])([0-9]{1,2})\.(?= [a-zæøå])")


def normalised(text: str, language: Language) -> str:
    """``text`` without digits and short forms, to be said in ``language``. Never raises."""
    says, words = _SAYS[language], WORDS[language]
    text = _EIGHT.sub(lambda found: _telephone(found, says, words), text)
    text = _TIME.sub(lambda found: f"{found.group(1)} {_time(found.group(2), found.group(3), words, says)}", text)
    text = _COLON_TIME.sub(lambda found: _time(found.group(1), found.group(2), words, says), text)
    text = _dates(text, says, words, language)
    text = _PAIR.sub(rf"\1 {says.over} \2", text)
    text = _units(text, says, words)
    if language is not Language.ENGLISH:
        text = _ORDINAL.sub(lambda found: ordinal(int(found.group(1)), words) or found.group(), text)
    text = re.sub(r"(?<![\w.,])[-−](?=[0-9])", f"{says.minus} ", text)
    text = _LONE.sub(lambda found: _number(found.group(), words), text)
    return _short(text, says)


def _number(text: str, words: NumberWords) -> str:
    """A number as it is written: whole, with a decimal mark, or with so many that it is read piece by piece."""
    parts = re.split(r"[.,]", text)
    if len(parts) == 2:
        return decimal(parts[0], parts[1], words)
    return " ".join(spelled(part, words) for part in parts)


def _telephone(found: re.Match[str], says: _Says, words: NumberWords) -> str:
    groups = " ".join(spelled(group, words) for group in found.group(2).split())
    return f"{says.plus} {cardinal(47, words)} {groups}" if found.group(1) else groups


def _time(hour: str, minute: str, words: NumberWords, says: _Says) -> str:
    if int(hour) > 24 or int(minute) > 59:
        return f"{hour}.{minute}"
    said = words.one_oclock if int(hour) == 1 else cardinal(int(hour), words)
    if int(minute) == 0:
        return said
    if int(minute) < 10:
        return f"{said} {says.nought} {words.units[int(minute)]}"
    return f"{said} {cardinal(int(minute), words)}"


def _dates(text: str, says: _Says, words: NumberWords, language: Language) -> str:
    def said(found: re.Match[str]) -> str:
        day = ordinal(int(found.group(1)), words)
        if day is None:
            return found.group()
        return f"the {day} of {found.group(2)}" if language is Language.ENGLISH else f"{day} {found.group(2)}"

    mark = r"\.?" if language is Language.ENGLISH else r"\."
    return re.sub(rf"{_BEFORE}([0-9]{{1,2}}){mark} ({says.months})\b", said, text)


def _units(text: str, says: _Says, words: NumberWords) -> str:
    """A number with its unit, the longest units first."""
    units = "|".join(re.escape(unit) for unit in sorted(says.units, key=len, reverse=True))

    def said(found: re.Match[str]) -> str:
        singular, plural = says.units[found.group(2)]
        return f"{_number(found.group(1), words)} {singular if found.group(1) == '1' else plural}"

    return re.sub(rf"(?<![0-9.,])({_NUMBER}) ?({units})(?!\w)", said, text)


def _short(text: str, says: _Says) -> str:
    """Short forms in full; one that ends the text leaves its full stop behind."""
    forms = "|".join(re.escape(short) for short in sorted(says.short, key=len, reverse=True))

    def said(found: re.Match[str]) -> str:
        ends = found.group().endswith(".") and found.end() == len(text)
        return says.short[found.group()] + ("." if ends else "")

    return re.sub(rf"(?<!\w)(?:{forms})(?!\w)", said, text)
