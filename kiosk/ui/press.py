"""Which presses count: an identical second one shortly after the first does not. Pure; places and sizes are QML's."""

from __future__ import annotations

from collections.abc import Hashable

REPEAT_SECONDS = 0.5
"""EN 301 549 clause 5.8: how long an identical press is ignored."""


class RepeatGuard:
    """Remembers the last press that counted. ``ignored_for``: seconds, 0 to 2; a new value counts at once."""

    def __init__(self, ignored_for: float = REPEAT_SECONDS) -> None:
        self.ignored_for = ignored_for
        self._last: tuple[Hashable, str, float] | None = None

    def accepts(self, choice: Hashable, now: float, page: str = "") -> bool:
        """Whether this press counts; ``now`` is monotonic seconds. A refused one does not lengthen the wait.

        A hand that strikes twice must not hit what the first strike has brought to the same place: so soon after a
        press that counted, none counts on another ``page``.
        """
        if self._last is not None:
            before, where, at = self._last
            if now - at < self.ignored_for and (choice == before or page != where):
                return False
        self._last = (choice, page, now)
        return True
