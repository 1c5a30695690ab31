"""Measure: one ratio against one floor, and the mark it should reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from bench.rounds import Rounds
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


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two contenders of the same rounds: the engine, and what it is measured against."""

    rounds: Rounds
    engine: str
    floor: str

    def at_least(self, mark: float, key: str, name: Text, floor: Text) -> Measure:
        """The engine's speed as a part of the floor's."""
        ratios = self.rounds.ratios(self.floor, self.engine)
        return Measure(key, name, floor, mark, at_least=True, ratios=ratios, figures=self._figures)

    def at_most(self, mark: float, key: str, name: Text, floor: Text) -> Measure:
        """The engine's time as a multiple of the floor's."""
        ratios = self.rounds.ratios(self.engine, self.floor)
        return Measure(key, name, floor, mark, at_least=False, ratios=ratios, figures=self._figures)

    @property
    def _figures(self) -> Mapping[str, float]:
        return {"engine_us": self.rounds.micros(self.engine), "floor_us": self.rounds.micros(self.floor)}
