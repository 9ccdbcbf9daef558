"""Wired devices: found by their stable names, probed by their bytes, opened for us alone, waited for when unplugged."""
