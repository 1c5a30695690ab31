"""Ratios of the engine against hand-written floors, in one run. `python -m bench`; never a test."""
