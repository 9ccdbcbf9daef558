"""The speech child: pyttsx3 (espeak-ng, GPL, hence a process of its own) makes samples of sentences, never plays them.

pyttsx3's own playback blocks, cannot be interrupted and drops text; and it writes every sentence as a WAV file. Here
the file lives for milliseconds in the folder that core gives (mode 0700, on a memory file system), and is gone before
the answer is sent; one that a killed child left behind is removed by the next.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import socket
import sys
import time
import wave
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pyttsx3
from pyttsx3.drivers import _espeak

from kiosk.ipc import wire
from kiosk.speech.edges import trimmed
from kiosk.speech.messages import NotSynthesized, Synthesize, Synthesized
from kiosk.speech.piper import Piper
from kiosk.speech.voices import words_per_minute

_log = logging.getLogger("kiosk.speech")


ATTEMPTS = 3
FILE_SECONDS = 0.3

QUIET_SECONDS = 0.3
"""espeak-ng's thread has come to rest by then, a millisecond or so after the last sample."""


class VoiceError(Exception):
    """The engine made nothing that is sound."""


class Voice:
    """pyttsx3, told to write files only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for left_behind in folder.iterdir():
            left_behind.unlink()
        self._engine = pyttsx3.init("espeak")

    def samples(self, request: Synthesize) -> tuple[int, bytes]:
        """Sample rate and signed 16-bit mono samples. Raises VoiceError."""
        file = self._folder / "sentence.wav"
        try:
            self._engine.setProperty("voice", request.voice)
            self._engine.setProperty("rate", request.rate)
            for _ in range(ATTEMPTS):
                _wait_for_rest()
                self._engine.save_to_file(request.text, str(file))
                self._engine.runAndWait()
                made = _whole_sound(file)
                if made is not None:
                    sample_rate, frames = made
                    return sample_rate, trimmed(np.frombuffer(frames, dtype="<i2"), sample_rate).tobytes()
            raise VoiceError("no sound was made")
        except (OSError, wave.Error, ValueError, RuntimeError) as error:
            raise VoiceError(str(error)) from error
        finally:
            file.unlink(missing_ok=True)


def _wait_for_rest() -> None:
    """Wait until espeak-ng's thread is done with the sentence before.

    ``runAndWait`` cancels whatever still plays, and what is begun right behind a cancelled sentence comes to nothing:
    it took 480 ms to notice, in one sentence of ten (``kiosk bench access --only g9_first_sound_new``).
    """
    deadline = time.monotonic() + QUIET_SECONDS
    while _espeak.IsPlaying() and time.monotonic() < deadline:
        time.sleep(0.001)


def _whole_sound(file: Path) -> tuple[int, bytes] | None:
    """The sound in a file once it is whole; None when it does not become so.

    On a busy machine ``runAndWait`` comes back before the file is written, or without having begun.
    """
    deadline = time.monotonic() + FILE_SECONDS
    while time.monotonic() < deadline:
        try:
            with wave.open(str(file), "rb") as sound:
                frames = sound.readframes(sound.getnframes())
                whole = sound.getnframes() > 0 and len(frames) == 2 * sound.getnframes() * sound.getnchannels()
                if whole and sound.getsampwidth() == 2 and sound.getnchannels() == 1 and any(frames):
                    return sound.getframerate(), frames
        except (FileNotFoundError, EOFError, wave.Error):
            pass
        time.sleep(0.005)
    return None


def made_by(request: Synthesize, voice: Voice, pipers: Mapping[str, Piper]) -> tuple[int, bytes]:
    """By Piper where there is one for this voice and it is in time, else by espeak-ng. Raises VoiceError."""
    piper = pipers.get(request.voice)
    made = None if piper is None else piper.samples(request.text, words_per_minute(request.voice, request.rate))
    return voice.samples(request) if made is None else (made[0], made[1].tobytes())


def serve(connection: socket.socket, voice: Voice, pipers: Mapping[str, Piper]) -> None:
    """Answer requests until core closes the link."""
    decoder = msgspec.json.Decoder(Synthesize)
    while True:
        try:
            packet, _ = wire.receive(connection)
            request = decoder.decode(packet)
        except wire.LinkClosed:
            return
        except (wire.WireError, msgspec.DecodeError) as error:
            _log.warning("refused a request: %s", error)
            continue
        try:
            rate, samples = made_by(request, voice, pipers)
        except VoiceError as error:
            wire.send(connection, NotSynthesized(request.request_id, str(error)))
            continue
        memory = os.memfd_create("speech", os.MFD_CLOEXEC)
        with os.fdopen(memory, "wb", closefd=False) as file:
            file.write(samples)
        wire.send(connection, Synthesized(request.request_id, rate, len(samples) // 2), (memory,))
        os.close(memory)


def main() -> None:
    """Started by core with one end of the link."""
    parser = argparse.ArgumentParser(prog="kiosk.speech")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--piper", default="piper", help="Piper's program")
    parser.add_argument("--piper-voice", action="append", default=[], metavar="VOICE=MODEL")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="speech: %(levelname)s %(message)s")
    # pyttsx3 announces every file on standard output.
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the life of the process
    connection = socket.socket(fileno=arguments.fd)
    with contextlib.suppress(KeyboardInterrupt, wire.LinkClosed):
        voice = Voice(arguments.folder)
        models = dict(one.split("=", 1) for one in arguments.piper_voice)
        beside = f"{arguments.folder.name}-piper-"
        pipers = {
            name: Piper(arguments.piper, Path(model), arguments.folder.with_name(f"{beside}{number}"))
            for number, (name, model) in enumerate(models.items())
        }
        try:
            serve(connection, voice, pipers)
        finally:
            for piper in pipers.values():
                piper.close()


if __name__ == "__main__":
    main()
