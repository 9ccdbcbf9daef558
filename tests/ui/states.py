"""The examples of every screen, by their old name in the tests."""

from kiosk.accessbench.examples import *  # noqa: F403 - all of them
