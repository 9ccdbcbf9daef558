"""Svar: the screen in a patient's home on which a nurse visits by video."""
