"""Plots: counts as stacked bars, drawn by matplotlib, as SVG to stand in a page. Text stays text.

A plot shows names and numbers only, which need no language; its title, its legend and its table are the page's.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET

import matplotlib.style
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from engine import Sort, Text

COLOURS: Mapping[Sort, str] = {
    Sort.VIOLATION: "#b3261e",
    Sort.REFUSED: "#1f5fa8",
    Sort.WAIVED: "#94620a",
    Sort.LATE: "#6b3fa0",
    Sort.NOTED: "#8a929b",
}
"""One for each sort; on white each stands out at least 3 : 1."""

_SVG = "http://www.w3.org/2000/svg"
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "gongdan", "font.size": 9, "axes.edgecolor": "#c5cad0"}
_NOTHING_ELSE = {"Date": None, "Creator": None, "Format": None, "Type": None}
_LONGEST = 38
_WIDTH = 7.2
"""In inches."""


class Row(NamedTuple):
    """A name, and how often each sort."""

    name: str
    counts: Mapping[Sort, int]

    @property
    def total(self) -> int:
        """All sorts together."""
        return sum(self.counts.values())


def bars(id: str, title: Text, description: Text, rows: Sequence[Row], *, upright: bool = False) -> Markup:
    """The rows as stacked bars: lying, the first on top; upright, from left to right."""
    with matplotlib.style.context(["default", _STYLE]):
        height = 2.4 if upright else 0.55 + 0.27 * len(rows)
        figure = Figure(figsize=(_WIDTH, height))
        FigureCanvasSVG(figure)
        axes = figure.add_axes(_box(height, upright=upright))
        (_upright if upright else _lying)(axes, rows)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata=_NOTHING_ELSE, transparent=True)
    return _embedded(drawn.getvalue(), id, title, description)


def _box(height: float, *, upright: bool) -> tuple[float, float, float, float]:
    """Where the bars stand: room for names on the left, or below."""
    left, below = (0.6, 0.75) if upright else (2.75, 0.3)
    return left / _WIDTH, below / height, (_WIDTH - left - 0.4) / _WIDTH, (height - below - 0.15) / height


def _lying(axes: Axes, rows: Sequence[Row]) -> None:
    places = range(len(rows))
    for sort, sizes, before in _stacks(rows):
        axes.barh(places, sizes, left=before, height=0.68, color=COLOURS[sort], edgecolor="white", linewidth=0.6)
    axes.set_yticks(places, labels=[_plain(row.name) for row in rows], parse_math=False)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    for place, row in zip(places, rows, strict=True):
        axes.annotate(str(row.total), (row.total, place), (3, 0), textcoords="offset points", va="center")
    _bare(axes, "x")


def _upright(axes: Axes, rows: Sequence[Row]) -> None:
    places = range(len(rows))
    for sort, sizes, before in _stacks(rows):
        axes.bar(places, sizes, bottom=before, width=0.68, color=COLOURS[sort], edgecolor="white", linewidth=0.6)
    axes.set_xticks(places, labels=[_plain(row.name) for row in rows], parse_math=False, rotation=90)
    axes.set_xlim(-0.7, max(len(rows), 8) - 0.3)
    axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
    _bare(axes, "y")


def _stacks(rows: Sequence[Row]) -> Iterable[tuple[Sort, list[int], list[int]]]:
    """For each sort, how long its part of every bar is, and where it begins."""
    before = [0] * len(rows)
    for sort in COLOURS:
        sizes = [row.counts.get(sort, 0) for row in rows]
        yield sort, sizes, before
        before = [start + size for start, size in zip(before, sizes, strict=True)]


def _bare(axes: Axes, direction: str) -> None:
    """Only faint lines to read a number by."""
    axes.spines[["top", "right", "left" if direction == "x" else "bottom"]].set_visible(False)
    axes.grid(axis="x" if direction == "x" else "y", color="#e3e6ea", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor="#30363d")


def _plain(name: str) -> str:
    """A name that every font has: ids are ASCII, and what a forger wrote instead is not to break a plot."""
    text = "".join(one if one.isascii() and one.isprintable() else "?" for one in name)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


# --- into the page -----------------------------------------------------------------------------------------------


def _embedded(drawn: str, id: str, title: Text, description: Text) -> Markup:
    """A drawing as part of a page: its ids are its own there, it has a name, and no size but its shape."""
    ET.register_namespace("", _SVG)
    root = ET.fromstring(drawn)  # noqa: S314 - what matplotlib has just written
    for part in root.iter():
        for name, value in part.attrib.items():
            part.set(name, _own(name, value, id))
    for name in ("width", "height"):
        del root.attrib[name]
    for definitions in root.findall(f"{{{_SVG}}}defs"):
        for style in definitions.findall(f"{{{_SVG}}}style"):  # it would be the whole page's
            definitions.remove(style)
    root.attrib |= {"role": "img", "aria-label": str(title), "aria-describedby": f"{id}-desc"}
    root.insert(0, _text("desc", str(description), f"{id}-desc"))
    root.insert(0, _text("title", str(title), f"{id}-title"))
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - serialised, so escaped


def _own(name: str, value: str, id: str) -> str:
    """An attribute whose ids, its own or those that it points at, are this drawing's alone."""
    return f"{id}-{value}" if name == "id" else value.replace("url(#", f"url(#{id}-")


def _text(tag: str, text: str, id: str) -> ET.Element:
    element = ET.Element(f"{{{_SVG}}}{tag}", {"id": id})
    element.text = text
    return element
