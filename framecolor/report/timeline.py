"""The timeline of a shot before it is painted: keys, spans, holds and gaps in the numbering, as shapes for an SVG."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from framecolor.core.number_ranges import format_numbers, format_range
from framecolor.shot.shot import Shot
from framecolor.shot.spans import plan_spans

WIDTH, LEFT, RIGHT = 1120, 10, 1110
KEY_Y, SPAN_TOP, SPAN_HEIGHT, CELL_TOP, CELL_HEIGHT, LABEL_Y, HEIGHT = 18, 12, 12, 36, 22, 76, 82
_MOST_LABELS, _WIDEST_PX = 28, 44


@dataclass(frozen=True)
class Cell:
    """A drawing or a gap in the numbering; `kind` is drawing, hold, broken, left out or missing.

    label     its number, or the range of missing ones
    drawing   the drawing that is shown on the page for it; None if none is
    key       "key", "partial" or ""
    is_open   whether a line is open or another fault is found
    """

    label: str
    x: float
    width: float
    kind: str
    drawing: int | None
    key: str
    is_open: bool
    title: str

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True)
class Bar:
    """A span. `reach`: both, before, after or none, the sides on which it has a key."""

    x: float
    width: float
    reach: str
    title: str


@dataclass(frozen=True)
class Timeline:
    """Cells from left to right, spans, labels (x, text), and sentences that say what is not reached from both sides."""

    cells: tuple[Cell, ...]
    spans: tuple[Bar, ...]
    labels: tuple[tuple[float, str], ...]
    texts: tuple[str, ...]


def lay_out_timeline(
    shot: Shot, repeats: Mapping[int, int], broken: Collection[int], faulty: Collection[int]
) -> Timeline:
    """Lay out one column for each drawing and each gap in the numbering.

    repeats  number -> drawing that it holds
    broken   drawings that cannot be read
    faulty   drawings with faults
    """
    columns = _list_columns(shot)
    pitch = min(_WIDEST_PX, (RIGHT - LEFT) / len(columns))
    wanted = set(shot.wanted)
    hints = {*shot.hints, *(correction.number for correction in shot.corrections)}
    cells, by_number = [], {}
    for place, column in enumerate(columns):
        x, width = LEFT + place * pitch, pitch * (0.84 if pitch > 4 else 1)
        if isinstance(column, range):
            label = format_range(column)
            cells.append(Cell(label, x, width, "missing", None, "", False, f"{label}: no drawing"))
            continue
        kind = "broken" if column in broken else "hold" if column in repeats else "drawing"
        kind = kind if column in wanted else "left out"
        key = "key" if column in shot.keys else "partial" if column in hints else ""
        drawing = repeats.get(column, column) if column in wanted else None
        title = _title(column, kind, key, repeats, column in faulty)
        by_number[column] = cell = Cell(str(column), x, width, kind, drawing, key, column in faulty, title)
        cells.append(cell)
    keys = shot.keys.keys() - set(broken)
    bars, texts = [], []
    for span in plan_spans(shot.numbers, keys, wanted):
        first, last = span.numbers[0], span.numbers[-1]
        reach = {(True, True): "both", (True, False): "before", (False, True): "after", (False, False): "none"}[
            first in keys, last in keys
        ]
        painted = format_numbers([number for number in span.paints if number not in keys])
        where = {
            "both": "keys on both sides", "before": "no key after them", "after": "no key before them",
            "none": "no key reaches them",
        }[reach]  # fmt: skip
        x, end = by_number[first].middle, by_number[last].middle
        if first == last or reach != "both":
            x = x if first in keys else by_number[first].x
            end = end if last in keys and first != last else by_number[last].x + by_number[last].width
        bars.append(Bar(x, end - x, reach, f"{first}-{last}: {where}"))
        if painted and reach != "both":
            texts.append(f"{painted}: {where}")
    step = max(1, math.ceil(len(cells) / _MOST_LABELS))
    labels = tuple((cell.middle, cell.label) for cell in cells[::step])
    return Timeline(tuple(cells), tuple(bars), labels, tuple(texts))


def _list_columns(shot: Shot) -> list[int | range]:
    """List drawings and the gaps between them, in order."""
    gaps = {gap.start - 1: gap for gap in shot.gaps}
    columns: list[int | range] = []
    for place, number in enumerate(shot.numbers):
        columns.append(number)
        after = shot.numbers[place + 1] if place + 1 < len(shot.numbers) else None
        if after is not None and int(after) != int(number) and int(number) in gaps:
            columns.append(gaps[int(number)])
    return columns


def _title(number: int, kind: str, key: str, repeats: Mapping[int, int], is_faulty: bool) -> str:
    parts = [f"drawing {number}"]
    if kind == "hold":
        parts.append(f"held: shows {repeats[number]}")
    elif kind == "broken":
        parts.append("cannot be read")
    elif kind == "left out":
        parts.append("not to be painted")
    if key:
        parts.append("key" if key == "key" else "partial key")
    if is_faulty:
        parts.append("has a fault")
    return ", ".join(parts)
