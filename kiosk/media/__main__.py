"""Entry of the media process: ``python -m kiosk.media --fd N`` (inherited) or ``--socket PATH``; nothing else."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import threading

from kiosk.media.denormals import flush_denormals
from kiosk.media.process import Media

_END_LIMIT_S = 8.0


def _connection(arguments: argparse.Namespace) -> socket.socket:
    if arguments.fd is not None:
        return socket.socket(fileno=arguments.fd)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(arguments.socket)
    return connection


async def _serve(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    serving = asyncio.create_task(Media(connection).run())
    loop.add_signal_handler(signal.SIGTERM, serving.cancel)
    loop.add_signal_handler(signal.SIGINT, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("asked to end")
    finally:
        last_resort = threading.Timer(_END_LIMIT_S, os._exit, (1,))
        last_resort.daemon = True
        last_resort.start()


def main() -> int:
    """Run until core's end of the link closes."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.media")
    link = parser.add_mutually_exclusive_group(required=True)
    link.add_argument("--fd", type=int, help="an inherited SOCK_SEQPACKET socket")
    link.add_argument("--socket", help="the path of core's SOCK_SEQPACKET socket")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="media %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("aioice").setLevel(logging.WARNING)  # it tells of every candidate pair, with addresses
    # PipeWire's ALSA bridge may otherwise choose buffers of seconds (call.md C).
    os.environ.setdefault("PIPEWIRE_LATENCY", "480/48000")
    os.environ.setdefault("JACK_NO_START_SERVER", "1")  # PortAudio looks for JACK too; nobody wants it started
    try:
        connection = _connection(arguments)
    except OSError as error:
        logging.getLogger(__name__).error("no link to core: %s. Start media through `kiosk run`.", error.strerror)
        return 1
    # Threads take it over from here: the Opus encoder too is twice as slow in the silence after a word (measured).
    flush_denormals()
    asyncio.run(_serve(connection))
    return 0


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    # Not sys.exit: a sound server or a decoder that hangs in a library's thread would hold the process for ever.
    os._exit(status)
