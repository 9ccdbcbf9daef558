"""A voice of Piper's, where the municipality has installed one: a program of its own, asked line by line.

Piper (OHF-Voice/piper1-gpl, GPL) is never imported. It is started as ``piper -m MODEL -d FOLDER --length-scale N``,
reads sentences from its standard input, one a line, and writes each as a WAV file into FOLDER (mode 0700, on a memory
file system), whose header is right once the file is whole. What is to be said stands in no argument. Whatever Piper
does not do in time is said by espeak-ng.

Checked against the program of piper-tts 1.8.0 as far as it goes without a voice: options, standard input, file names,
and that it ends where there is no model. Not heard: no voice could be had where this was written.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kiosk.speech.edges import trimmed
from kiosk.speech.loudness import at_voice_level

_log = logging.getLogger(__name__)

ANSWER_SECONDS = 0.8
"""A sentence that takes longer is said by espeak-ng: core waits 1.2 s before it takes the child for hung."""

LOADING_SECONDS = 30.0
"""A voice that is not there by then does not come."""

AGAIN_SECONDS = 60.0
"""After a failure, before it is started anew."""

CALIBRATION = "Dette er en vanlig setning, som leses for å høre hvor fort stemmen snakker."
"""Its words over its length, without pauses, are how fast a voice speaks by itself. Any language will do."""

SLOWEST, FASTEST = 2.0, 0.5
"""Length scales; beyond them no voice is understood."""

_LOOK_SECONDS = 0.005


class Piper:
    """One voice. ``folder`` is its own: emptied at the start. Not thread-safe; never raises for what Piper does."""

    def __init__(
        self, program: str, model: Path, folder: Path, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._program = program
        self._model = model
        self._folder = folder
        self._monotonic = monotonic
        self._process: subprocess.Popen[bytes] | None = None
        self._scale = 1.0
        self._natural: float | None = None
        self._loading_since: float | None = None
        self._not_before = 0.0

    def samples(self, text: str, words_per_minute: int) -> tuple[int, npt.NDArray[np.int16]] | None:
        """Rate and samples of a sentence; None when espeak-ng must say it: Piper is starting, busy, gone or slow."""
        if not self._ready(words_per_minute):
            return None
        made = self._say(text, ANSWER_SECONDS)
        if made is None:
            self._give_up("a sentence was not made in time")
        return made

    def close(self) -> None:
        """End the program."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        self._empty()

    def _ready(self, words_per_minute: int) -> bool:
        """Whether a sentence would be said now, at this speed; else what is lacking is begun, and not waited for."""
        wanted = self._scale_for(words_per_minute)
        if self._process is not None and self._loading_since is None and abs(wanted - self._scale) > 0.01:
            self.close()  # it takes its speed at its start only
        if self._process is None:
            if self._monotonic() >= self._not_before:
                self._start(wanted)
            return False
        if self._loading_since is None:
            return True
        made = self._finished()
        if made is not None:
            rate, samples = made
            self._natural = self._natural or len(CALIBRATION.split()) * 60 * rate / len(samples) * self._scale
            self._loading_since = None
            return abs(self._scale_for(words_per_minute) - self._scale) <= 0.01
        if self._process.poll() is not None or self._monotonic() - self._loading_since > LOADING_SECONDS:
            self._give_up("the voice does not load")
        return False

    def _scale_for(self, words_per_minute: int) -> float:
        if self._natural is None:
            return self._scale
        return min(SLOWEST, max(FASTEST, self._natural / words_per_minute))

    def _start(self, scale: float) -> None:
        self._empty()
        command = (self._program, "-m", str(self._model), "-d", str(self._folder), "--length-scale", f"{scale:.3f}")
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            self._give_up(f"it cannot be started: {error.strerror}")
            return
        self._scale = scale
        self._loading_since = self._monotonic()
        if not self._ask(CALIBRATION):
            self._give_up("it ended at once")

    def _say(self, text: str, seconds: float) -> tuple[int, npt.NDArray[np.int16]] | None:
        if not self._ask(text):
            return None
        deadline = self._monotonic() + seconds
        while self._monotonic() < deadline:
            made = self._finished()
            if made is not None:
                return made
            if self._process is None or self._process.poll() is not None:
                return None
            time.sleep(_LOOK_SECONDS)
        return None

    def _ask(self, text: str) -> bool:
        process = self._process
        if process is None or process.stdin is None:
            return False
        try:
            process.stdin.write(" ".join(text.split()).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            return False
        return True

    def _finished(self) -> tuple[int, npt.NDArray[np.int16]] | None:
        """The one file that is there, once it is whole; it is gone then."""
        for file in self._folder.glob("*.wav"):
            try:
                with wave.open(str(file), "rb") as sound:
                    rate, count = sound.getframerate(), sound.getnframes()
                    frames = sound.readframes(count)
                    fits = sound.getnchannels() == 1 and sound.getsampwidth() == 2
            except (OSError, EOFError, wave.Error):
                return None
            if not fits or count == 0 or len(frames) != 2 * count:
                return None
            file.unlink(missing_ok=True)
            levelled = at_voice_level(trimmed(np.frombuffer(frames, dtype="<i2"), rate), rate)
            return None if levelled is None else (rate, levelled)
        return None

    def _give_up(self, why: str) -> None:
        _log.error("Piper is not heard for a while: %s", why)
        self.close()
        self._loading_since = None
        self._not_before = self._monotonic() + AGAIN_SECONDS

    def _empty(self) -> None:
        self._loading_since = None
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for left_behind in self._folder.iterdir():
            left_behind.unlink(missing_ok=True)
