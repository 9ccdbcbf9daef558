"""Three words that both ends of an enrolment show for the device's new key: alike on both, nobody stands between. Pure.

Three of 256 words are 24 bits, which somebody in between could match by making keys; each try is therefore made to cost
what a tablet needs some tenths of a second for (scrypt, RFC 7914), while the real request waits a few seconds at most.
"""

from __future__ import annotations

import hashlib

COUNT = 3

_COST = 1 << 15  # scrypt's N: 32 MiB with the block size of 8
_BLOCK_SIZE = 8
_MAXIMUM_MEMORY = 64 * 1024 * 1024
_SALT = b"svar check words 1"

# Short, everyday, unlike one another when heard over a bad telephone line. Names of things: no word says anything about
# anybody. The order is part of the format.
WORDS = tuple(
    """
    anker aprikos ark avis bakke ball bamse band bank bart basar bein belte benk bjelle bjørk bjørn blad blekk
    blomst blyant boks bolle bord bregne brev bro brygge brød brønn busk buss bær bøk bølge bøtte dal dam damp dekk
    diger disk dolk drage drue dråpe dukke dør edder egg eik ekorn elg elv eple eske fabel fakkel farge fasan fele
    felt fersken fest figur filt fisk fjell fjord fjær flagg flaske flette flis fløte fløyte flåte foss fot frø fugl
    furu fyr fyrstikk gaffel gran gras grind gris grotte grøt gull gulrot gynge gås hage hakke hale hals ham hammer
    hane hanske hare harpe hatt hav havre heis hengsel hest hjort hjul horn humle hund hus hval hvete høy jakke jern
    jord jul juni kaffe kajakk kake kalv kam kano kappe kart katt kikkert kirke kjede kjeks kjele klokke klump klype
    knapp kniv knute komfyr kopp korn krabbe krans krone krus kryss kråke kubbe kule kyst lampe leir lerke luft lupe
    lyng lys løk løype låve magnet maske mast maur melk mugge møll måke måne nebb nisse nøkkel nål ost ovn palme
    panne papir pels perle pil pinne pipe plog plomme pose potet pung pute radio reke ring rose rype saft sag saks
    salt sau seil sekk seng sild skap ski skje sko skog snø sol spade speil stein stige stol storm strand sukker tak
    tang tavle telt teppe tog tomat trapp tromme trost trøye tråd tønne ugle ull vaffel vann vase vei veske vifte
    vindu vogn vott vugge vår øks ørn øy åker ål
    """.split()  # noqa: SIM905 - 256 lines of one word each would be no better
)


def words_for(public_key: bytes) -> tuple[str, ...]:
    """COUNT words for a public key, given as its SubjectPublicKeyInfo (DER, RFC 5280 section 4.1).

    Takes some tenths of a second: call it off the loop.
    """
    digest = hashlib.scrypt(public_key, salt=_SALT, n=_COST, r=_BLOCK_SIZE, p=1, maxmem=_MAXIMUM_MEMORY, dklen=COUNT)
    return tuple(WORDS[byte] for byte in digest)
