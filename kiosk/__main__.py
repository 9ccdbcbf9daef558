"""``python -m kiosk`` and the ``kiosk`` command."""

from __future__ import annotations


def main() -> None:
    """The command line."""
    from kiosk.cli import kiosk

    kiosk(prog_name="kiosk")


if __name__ == "__main__":
    main()
