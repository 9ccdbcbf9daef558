"""What is written and how it is said, by heart in each language; and that nothing with a digit is left to the voice."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.profile import Language
from kiosk.speech.normaliser import normalised
from kiosk.speech.sentences import sentences

BOKMAAL = {
    "Vekten er 4,5 kg.": "Vekten er fire komma fem kilo.",
    "Blodtrykket er 132 over 84.": "Blodtrykket er hundre og trettito over åttifire.",
    "Blodtrykket er 132/84.": "Blodtrykket er hundre og trettito over åttifire.",
    "Blodtrykket er 132/84 mmHg.": "Blodtrykket er hundre og trettito over åttifire millimeter kvikksølv.",
    "Lørdag 2. desember": "Lørdag andre desember",
    "Onsdag 21. november 2026.": "Onsdag tjueførste november to tusen og tjueseks.",
    "Kari ringer kl. 10.30.": "Kari ringer klokken ti tretti.",
    "Klokken er 13:05.": "Klokken er tretten null fem.",
    "Hun kommer kl. 1.00 i natt.": "Hun kommer klokken ett i natt.",
    "Ta Metoprolol 50 mg kl. 8.": "Ta Metoprolol femti milligram klokken åtte.",
    "Ta 2 tabletter, f.eks. til maten.": "Ta to tabletter, for eksempel til maten.",
    "Ring 22 33 44 55.": "Ring tjueto trettitre førtifire femtifem.",
    "Ring 912 34 067.": "Ring ni hundre og tolv trettifire null seks sju.",
    "Ring +47 22 03 44 55.": "Ring pluss førtisju tjueto null tre førtifire femtifem.",
    "Oksygenet er 97 %.": "Oksygenet er nittisju prosent.",
    "Det er 37,8 °C.": "Det er trettisju komma åtte grader.",
    "Blodsukkeret er 6,2 mmol/L.": "Blodsukkeret er seks komma to millimol per liter.",
    "Det er -5 grader ute.": "Det er minus fem grader ute.",
    "Drikk 1 l vann, ca. 3 glass osv.": "Drikk en liter vann, omtrent tre glass og så videre.",
    "Gå til 3. etasje.": "Gå til tredje etasje.",
    "Du har 12 målinger.": "Du har tolv målinger.",
}
NYNORSK = {
    "Kari ringjer kl. 10.30.": "Kari ringjer klokka ti tretti.",
    "Vekta er 4,5 kg.": "Vekta er fire komma fem kilo.",
    "Laurdag 7. november": "Laurdag sjuande november",
    "Ta 1 tablett, t.d. til maten.": "Ta ein tablett, til dømes til maten.",
}
ENGLISH = {
    "Kari calls at 10.30.": "Kari calls at ten thirty.",
    "The time is 9.05.": "The time is nine oh five.",
    "Your blood sugar is 6.20 mmol/L.": "Your blood sugar is six point twenty millimoles per litre.",
    "Your weight is 81.5 kg.": "Your weight is eighty-one point five kilos.",
    "Your blood pressure is 132 over 84.": "Your blood pressure is one hundred and thirty-two over eighty-four.",
    "Saturday 21 November": "Saturday the twenty-first of November",
    "Take 1 mg, e.g. with food.": "Take one milligram, for example with food.",
}
GOLDEN = [
    (language, written, said)
    for language, table in (
        (Language.BOKMAAL, BOKMAAL),
        (Language.NYNORSK, NYNORSK),
        (Language.ENGLISH, ENGLISH),
    )
    for written, said in table.items()
]


@pytest.mark.parametrize(("language", "written", "said"), GOLDEN)
def test_it_is_said_like_this(language: Language, written: str, said: str) -> None:
    assert normalised(written, language) == said


def test_a_date_and_a_time_end_no_sentence() -> None:
    text = "I dag er det 21. november 2026. Kari ringer kl. 10.30."
    assert sentences(normalised(text, Language.BOKMAAL)) == [
        "I dag er det tjueførste november to tusen og tjueseks.",
        "Kari ringer klokken ti tretti.",
    ]


@given(
    text=st.one_of(st.text(max_size=60), st.from_regex(r"[0-9.,:/ +kgl%°C-]{0,30}", fullmatch=True)),
    language=st.sampled_from(Language),
)
def test_no_digit_is_left_and_nothing_grows_without_bound(text: str, language: Language) -> None:
    said = normalised(text, language)
    assert not re.search("[0-9]", said)
    assert len(said) <= 40 * len(text) + 40


@given(number=st.integers(0, 999_999), language=st.sampled_from(Language))
def test_two_numbers_are_never_said_alike(number: int, language: Language) -> None:
    other = (number * 7 + 13) % 1_000_000
    assert (normalised(str(number), language) == normalised(str(other), language)) == (number == other)
