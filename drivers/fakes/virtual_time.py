"""An event loop whose clock jumps to the next timer when nothing is ready: hours of silence take milliseconds.

    asyncio.sleep(3600)        nothing is ready  ──▶  the clock is set to 3600 s, the sleeper wakes

What happens is the same as on an ordinary loop, in the same order, every time: only nobody waits. Work given to threads
is really waited for, and the clock stands still meanwhile. When there is neither a timer nor a thread left, nothing can
ever happen any more: that is a hang, and it is raised instead of waited for.
For tests and for trying a long conversation quickly; the product itself runs on an ordinary loop.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar, TypeVarTuple, Unpack

_Result = TypeVar("_Result")
_Arguments = TypeVarTuple("_Arguments")

SUMMER_MORNING = datetime(2026, 7, 31, 9, 30, 0, tzinfo=timezone(timedelta(hours=2)))
"""What the host's clock shows at second 0 unless told otherwise."""


class HangError(RuntimeError):
    """Nothing is ready, no timer runs and no thread works, or the virtual time limit is over."""


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: instead of sleeping until a timer it moves ``seconds`` there."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self.threads_at_work = 0
        self.limit = math.inf

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Descriptors that are ready. Raises HangError when nothing is left to wait for."""
        if self.threads_at_work:
            # A thread's answer belongs to this moment, however long the thread took.
            return super().select(timeout if timeout == 0 else None)
        ready = super().select(0)
        if ready or timeout == 0:
            # A timer for this very moment is due only once the clock has passed it, if by the smallest step there is.
            self.seconds = math.nextafter(self.seconds, math.inf)
            return ready
        if timeout is None:
            raise HangError(f"everything waits for something that nobody does (second {self.seconds:.3f})")
        self.seconds = math.nextafter(self.seconds + timeout, math.inf)
        if self.seconds > self.limit:
            raise HangError(f"still not done after {self.limit:g} virtual seconds")
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop on virtual time. ``limit_s``: virtual seconds after which it raises :class:`HangError`.

    Sockets and descriptors work, but nobody waits for their far end: give those an ordinary loop.
    """

    def __init__(self, limit_s: float = math.inf) -> None:
        self._jumping = _JumpingSelector()
        self._jumping.limit = limit_s
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.seconds

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[Unpack[_Arguments]], _Result],
        *args: *_Arguments,
    ) -> asyncio.Future[_Result]:
        """As ever; the clock stands still until the thread has answered."""
        future: asyncio.Future[_Result] = super().run_in_executor(executor, func, *args)
        self._jumping.threads_at_work += 1
        future.add_done_callback(self._thread_done)
        return future

    async def shutdown_default_executor(self, *limit_s: float | None) -> None:
        """As ever: it waits for a thread that waits for the threads. (Python 3.12 added a limit.)"""
        self._jumping.threads_at_work += 1
        try:
            await super().shutdown_default_executor(*limit_s)
        finally:
            self._jumping.threads_at_work -= 1

    def _thread_done(self, _future: object) -> None:
        self._jumping.threads_at_work -= 1


class VirtualClock:
    """A :class:`drivers.device.Clock` that follows a loop's time. ``start``: what it shows at second 0, with an offset.

    ``jump`` sets it, as when a person or a time server sets a host's clock: the loop's timers take no notice.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, start: datetime = SUMMER_MORNING) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.time())

    def jump(self, by: timedelta) -> None:
        self._start += by


def run(main: Callable[[VirtualClock], Coroutine[Any, Any, _Result]], *, limit_s: float = 24 * 3600.0) -> _Result:
    """Run ``main`` to its end on a fresh virtual loop; it is given the clock. Raises HangError instead of hanging."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(limit_s)) as runner:
        return runner.run(main(VirtualClock(runner.get_loop())))
