"""What the nurse's script makes of T.140 characters and of what she types."""

from __future__ import annotations

from tests.caredesk.page_script import evaluate
from tests.text.test_t140 import BYTES


def test_the_byte_table_in_her_script() -> None:
    script = (
        "return argument.map((messages) => { const lane = new page.Lane();"
        "messages.forEach((one) => lane.take(one)); return lane.text; });"
    )
    messages = [[one.decode() for one in row[1]] for row in BYTES]
    assert evaluate("real_time_text.js", script, messages) == [row[2] for row in BYTES]


def test_an_edit_is_erasures_and_characters() -> None:
    edits = [["", "a"], ["ab", "ac"], ["a👍🏽", "a"], ["a👍🏽", "a👍"], ["a\nb", "a"], ["", "a\r\nb"], ["abc", "xbc"]]
    found = evaluate("real_time_text.js", "return argument.map(([a, b]) => page.edit(a, b));", edits)
    assert found == ["a", "\bc", "\b", "\b👍", "\b\b", "a\u2028b", "\b\b\bxbc"]
