"""Buttons that are pressed instead of the screen, on a serial line. Pure: bytes or levels and times in, presses out."""
