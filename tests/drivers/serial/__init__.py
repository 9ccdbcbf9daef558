"""Tests of drivers.serial, on pseudo-terminals."""
