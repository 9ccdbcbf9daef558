"""What was written in a call, for the ear: read aloud afterwards, or its newest lines told with the screen. Pure."""

from __future__ import annotations

from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow.state import Texting
from kiosk.text.t140 import LOSS_MARK


def lanes(texting: Texting, longest: int) -> list[Utterance]:
    """Hers first, then the patient's; of each so many characters, the newest."""
    parts: list[Utterance] = []
    theirs, ours = (_to_read(lane.text, longest) for lane in (texting.conversation.theirs, texting.conversation.ours))
    if theirs:
        parts.append(Utterance(Spoken.THEY_WROTE, (("name", texting.name), ("text", theirs))))
    if ours:
        parts.append(Utterance(Spoken.YOU_WROTE, (("text", ours),)))
    return parts


def _to_read(text: str, longest: int) -> str:
    """Lines as sentences; what is missing is a pause. What is cut off is cut between words."""
    newest = text[-longest:]
    if len(newest) < len(text) and " " in newest:
        newest = newest.partition(" ")[2]
    lines = [line.strip() for line in newest.replace(LOSS_MARK, " … ").split("\n")]
    return " ".join(line if line[-1] in ".!?…:," else f"{line}." for line in lines if line)
