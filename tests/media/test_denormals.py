"""Denormal numbers are flushed in the thread that asked for it, and only there."""

from __future__ import annotations

import platform
import threading

import numpy as np
import pytest

from kiosk.media.denormals import flush_denormals

_SMALLEST = 5e-324


def _is_flushed() -> bool:
    return not (np.full(4, _SMALLEST) * np.ones(4)).any()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="known on these two machines only")
def test_only_the_asking_thread_flushes() -> None:
    seen: list[bool] = []

    def ask() -> None:
        seen.extend([_is_flushed(), flush_denormals(), _is_flushed()])

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert seen == [False, True, True]
    assert not _is_flushed()


def test_an_unknown_machine_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    assert flush_denormals() is False
