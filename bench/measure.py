"""Measure: one ratio against one floor, and the mark it should reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from engine import Text


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio as every round saw it. `at_least`: more is better; else less is."""

    key: str
    name: Text
    floor: Text
    mark: float
    at_least: bool
    ratios: tuple[float, ...]
    figures: Mapping[str, float]

    @property
    def ratio(self) -> float:
        """The median over the rounds."""
        return median(self.ratios)

    @property
    def reached(self) -> bool:
        """Whether the median is on the right side of the mark."""
        return self.ratio >= self.mark if self.at_least else self.ratio <= self.mark

    def document(self) -> dict[str, object]:
        """The measure as JSON values."""
        return {
            "measure": self.key,
            "ratio": self.ratio,
            "min": min(self.ratios),
            "max": max(self.ratios),
            "mark": self.mark,
            "at_least": self.at_least,
            "reached": self.reached,
            "rounds": len(self.ratios),
            **self.figures,
        }
