"""Which presses count: an identical second one shortly after the first does not. Pure; places and sizes are QML's."""

from __future__ import annotations

from kiosk.ipc.ui_messages import Choice

REPEAT_SECONDS = 0.5
"""EN 301 549 clause 5.8: how long an identical press is ignored."""


class RepeatGuard:
    """Remembers the last press that counted."""

    def __init__(self, ignored_for: float = REPEAT_SECONDS) -> None:
        self._ignored_for = ignored_for
        self._last: tuple[Choice, float] | None = None

    def accepts(self, choice: Choice, now: float) -> bool:
        """Whether this press counts; ``now`` is monotonic seconds. A refused one does not lengthen the wait."""
        if self._last is not None:
            before, at = self._last
            if choice == before and now - at < self._ignored_for:
                return False
        self._last = (choice, now)
        return True
