"""Starts the ui process: arguments only. ``python -m kiosk.ui --fd N`` under core, ``--socket PATH`` on a tablet."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kiosk.ui", description="draws what core says and tells what was pressed")
    parser.add_argument("--socket", type=Path, help="core's Unix socket (SOCK_SEQPACKET); tried until it is there")
    parser.add_argument("--fd", type=int, help="an open socket to core; the process ends when it closes")
    parser.add_argument("--windowed", action="store_true", help="an ordinary window instead of the whole screen")
    parser.add_argument("--width", type=int, default=1280, help="of the window, in pixels")
    parser.add_argument("--height", type=int, default=800, help="of the window, in pixels")
    parser.add_argument(
        "--scene-graph",
        default="auto",
        choices=["auto", "opengl", "software"],
        help="auto: opengl with a graphics card",
    )
    parsed = parser.parse_args(arguments)
    if (parsed.socket is None) == (parsed.fd is None):
        parser.error("give one of --socket and --fd")
    if parsed.width < 640 or parsed.height < 400:
        parser.error("the window must be at least 640x400")
    return parsed


def main() -> int:
    """Returns the exit code."""
    parsed = _arguments(sys.argv[1:])
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # Read by Qt when it is loaded. One thread draws and reads the socket: measured, the threaded loop paces no better
    # on two busy cores, and Python in two threads would share one lock anyway.
    os.environ.setdefault("QSG_RENDER_LOOP", "basic")
    os.environ.setdefault("QT_LINUX_ACCESSIBILITY_ALWAYS_ON", "1")
    from kiosk.ui import process

    return process.run(
        process.Options(
            socket_path=parsed.socket,
            descriptor=parsed.fd,
            windowed=parsed.windowed,
            width=parsed.width,
            height=parsed.height,
            scene_graph=parsed.scene_graph,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
