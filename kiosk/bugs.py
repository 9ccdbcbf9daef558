"""A bug in words for the log: what it was and where, without its text, which may quote a reading."""

from __future__ import annotations

import traceback
from pathlib import Path


def described(error: BaseException) -> str:
    """``ValueError in collector.py:210 keep > outbox.py:121 keep``."""
    calls = [f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in traceback.extract_tb(error.__traceback__)]
    return f"{type(error).__name__} in {' > '.join(calls)}"
