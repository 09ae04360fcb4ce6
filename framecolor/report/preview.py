"""Write the preview: one page that shows a shot before it is painted. No network is needed for it.

A timeline of keys, spans and holds; each drawing with its regions in tints of their own, closed gaps, trace lines by
what they mean, and faults; each key that has faults.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.config.trace_map import HUES
from framecolor.core.faults import Fault, FaultKind
from framecolor.core.number_ranges import format_numbers
from framecolor.core.stages import overlapped
from framecolor.core.types import Box, Frame
from framecolor.errors import ReadError
from framecolor.lineart.drawn import read_lines, segment
from framecolor.lineart.packed import PackedDrawing
from framecolor.lineart.paper import find_other_paper
from framecolor.lineart.trace_hues import HueVotes
from framecolor.media import write_text_atomic
from framecolor.report import timeline as layout
from framecolor.report.environment import make_environment
from framecolor.report.key_picture import draw_key
from framecolor.report.open_lines import OpenLine, find_lost
from framecolor.report.region_picture import Closing, draw_closing, draw_regions, find_closings
from framecolor.report.region_tints import Outline, TintChooser, Tints, make_outline
from framecolor.report.timeline import lay_out_timeline
from framecolor.report.trace_legend import count_hues, list_hues, make_hue_colors, suggest_trace
from framecolor.report.view import hide_folders
from framecolor.report.webp import encode_png, encode_webp
from framecolor.shot.shot import Shot
from framecolor.shot.spans import find_repeats

_LONG_SIDE_PX, _QUALITY = 640, 80
# Pictures of more drawings than this have half the size, so that a long shot's page opens quickly.
_MANY_DRAWINGS = 120
# So many closed gaps are enlarged: of each drawing, and at the top of the page. Places nearer to each other than this
# share of the figure, in two drawings, are one gap.
_ENLARGED, _ENLARGED_OF_SHOT, _SAME_PLACE = 3, 8, 0.05
# Room around the figures.
_MARGIN_PX = 24


@dataclass(frozen=True, eq=False)
class _Read:
    """A drawing that was read: its pack, outline, closed gaps, pixels of trace lines by hue, and own faults."""

    packed: PackedDrawing
    box: Box
    outline: Outline
    closings: tuple[Closing, ...]
    hues: NDArray[np.int64]
    faults: tuple[Fault, ...]

    def from_middle(self, closing: Closing) -> tuple[float, float]:
        """Measure where a closed gap lies from the figure's middle, as a share of its larger side."""
        box, (x, y) = self.box, closing.place
        size = max(box.right - box.left, box.bottom - box.top)
        return (x - (box.left + box.right) / 2) / size, (y - (box.top + box.bottom) / 2) / size


class _Mark(NamedTuple):
    """A place on the page: left and top in percent of the picture, and the number of its fault in the list."""

    left: float
    top: float
    number: int = 0


@dataclass(frozen=True)
class _Gap:
    """A closed gap, enlarged: its picture as a data URI, and its place from the figure's middle, in its sizes."""

    drawing: int
    picture: str
    place: tuple[float, float]
    closing: Closing


@dataclass(frozen=True)
class _Drawing:
    """What the page shows of a drawing. Pictures are data URIs, "" if there is none."""

    number: int
    picture: str
    key_picture: str
    count: int
    rings: tuple[_Mark, ...]
    gaps: tuple[_Gap, ...]
    is_key: bool
    holds: str
    faults: tuple[Fault, ...]
    marks: tuple[_Mark, ...]


def write_preview(
    shot: Shot,
    settings: Settings,
    faults: Sequence[Fault],
    votes: Mapping[int, HueVotes],
    plan: Mapping[str, Any],
    target: Path,
) -> tuple[Path, list[Fault]]:
    """Write the preview of a shot, one HTML file, atomically. Returns its path, and the faults of drawings it found.

    settings  how the drawings are read (`keys.drawing_style`)
    faults    of its keys
    votes     of `keys.trace_meanings`
    plan      of `shot.spans.describe_plan`, with all warnings

    Drawings that cannot be read have no picture. Raises OutputError if the file cannot be written.
    """
    repeats = {
        number: first
        for number, first in find_repeats(shot).items()
        if number not in shot.keys and first in shot.wanted
    }
    numbers = [number for number in shot.wanted if number not in repeats]
    with ThreadPoolExecutor(settings.count_cores(), "framecolor") as pool:
        reads, tints = _read_all(shot, numbers, settings, pool)
        own = _find_faults(
            reads, settings, shot.keys.keys() | {one.frame for one in faults if one.kind == "leak"}, pool
        )
        hues = sum((read.hues for read in reads.values()), np.zeros(len(HUES), np.int64))
        by_number: dict[int, list[Fault]] = {}
        for fault in (*faults, *own):
            by_number.setdefault(fault.frame, []).append(fault)
        holds: dict[int, list[int]] = {}
        for number, first in repeats.items():
            holds.setdefault(first, []).append(number)
        size_px = _LONG_SIDE_PX if len(numbers) <= _MANY_DRAWINGS else _LONG_SIDE_PX // 2
        view, colors = _find_view(shot.size, reads, faults), make_hue_colors(hues, votes, settings)
        painter = _Painter(shot, view, colors, reads, tints, by_number, holds, size_px)
        drawings = list(overlapped(pool, painter.paint, iter(numbers), 2 * settings.count_cores()))
    at_place = {str(fault) for fault in (*faults, *own)}
    trace = list_hues(hues, votes, settings)
    broken = {number for number in numbers if number not in reads}
    text = make_environment().get_template("preview.html.j2").render(
        shot=shot.name, plan=plan, drawings=drawings, width=shot.size[1], height=shot.size[0],
        wide=view.right - view.left, high=view.bottom - view.top,
        warnings=[hide_folders(one, target.parent) for one in plan["warnings"] if one not in at_place],
        gaps=sum(len(one.rings) for one in drawings), largest=_choose_largest(drawings), layout=layout,
        timeline=lay_out_timeline(shot, repeats, broken, by_number), trace=trace,
        trace_option=suggest_trace(trace, settings),
    )  # fmt: skip
    write_text_atomic(target, text)
    return target, own


def _read_all(
    shot: Shot, numbers: Sequence[int], settings: Settings, pool: ThreadPoolExecutor
) -> tuple[dict[int, _Read], dict[int, Tints]]:
    """Read drawings, but for those that cannot be, and choose the tints of their regions, both by number."""
    reads: dict[int, _Read] = {}
    tints: dict[int, Tints] = {}
    chooser = TintChooser()
    found = overlapped(pool, lambda number: _read(shot, number, settings), iter(numbers), 2 * settings.count_cores())
    for number, read in zip(numbers, found, strict=True):
        if read is not None:
            reads[number], tints[number] = read, chooser.choose(read.outline)
    return reads, tints


def _find_faults(
    reads: Mapping[int, _Read], settings: Settings, known: Collection[int], pool: ThreadPoolExecutor
) -> list[Fault]:
    """Find the faults of drawings, by frame; of some, it is known whether their lines are open."""
    lost = find_lost([read.outline for read in reads.values()])
    finder = OpenLine(settings)

    def find(number: int) -> Fault | None:
        packed = reads[number].packed
        return finder.find(packed.frame(), packed.regions(), lost[number])

    opened = pool.map(find, (number for number in lost if number not in known))
    faults = [fault for read in reads.values() for fault in read.faults]
    return sorted([*faults, *(fault for fault in opened if fault)], key=lambda fault: fault.frame)


def _read(shot: Shot, number: int, settings: Settings) -> _Read | None:
    try:
        rgba = shot.read_line(number)
    except ReadError:
        return None
    frame = read_lines(number, rgba, settings)
    regions = segment(frame, settings)
    faults = ()
    if settings.paper != "white" and find_other_paper(rgba, settings.read_paper) is not None:
        text = "is on other paper than most: its lines and regions are read wrong"
        faults = (Fault("paper", number, text, "save all drawings of a shot alike", role="drawing"),)
    packed = PackedDrawing.pack(frame, regions, "")
    closings = find_closings(frame, regions)
    return _Read(packed, frame.box, make_outline(frame, regions), closings, count_hues(frame), faults)


def _find_view(size: tuple[int, int], reads: Mapping[int, _Read], faults: Sequence[Fault]) -> Box:
    """Find the part of the pictures to show: all figures and faults, with room around them."""
    height, width = size
    inked = [read.box for read in reads.values() if not read.packed.blank]
    if not inked:
        return Box(0, height, 0, width, height, width)
    xs = [x for fault in faults for x, _ in fault.places]
    ys = [y for fault in faults for _, y in fault.places]
    left, right = min([one.left for one in inked] + xs), max([one.right for one in inked] + xs)
    top, bottom = min([one.top for one in inked] + ys), max([one.bottom for one in inked] + ys)
    wide, high = right - left + 2 * _MARGIN_PX, bottom - top + 2 * _MARGIN_PX
    # No wider or higher than cards look well.
    wide, high = max(wide, high), max(high, wide // 2)
    x, y = (left + right) // 2, (top + bottom) // 2
    left, top = max(0, min(x - wide // 2, width - wide)), max(0, min(y - high // 2, height - high))
    return Box(top, min(height, top + high), left, min(width, left + wide), height, width)


@dataclass(frozen=True, eq=False)
class _Painter:
    """Paints what the page shows of each drawing."""

    shot: Shot
    view: Box
    hues: NDArray[np.uint8]
    reads: Mapping[int, _Read]
    tints: Mapping[int, Tints]
    faults: Mapping[int, Sequence[Fault]]
    holds: Mapping[int, Sequence[int]]
    size_px: int

    def paint(self, number: int) -> _Drawing:
        """Paint one drawing."""
        faults, read = tuple(self.faults.get(number, ())), self.reads.get(number)
        is_key, holds = number in self.shot.keys, format_numbers(self.holds.get(number, ()))
        marks = tuple(self._mark(x, y, i) for i, one in enumerate(faults, 1) for x, y in one.places)
        if read is None:
            return _Drawing(number, "", "", 0, (), (), is_key, holds, faults, marks)
        frame, regions, tints = read.packed.frame(), read.packed.regions(), self.tints[number]
        drawn = draw_regions(frame, regions, tints, read.closings, self.hues, self.view, self.size_px)
        picture = encode_webp(drawn, self.size_px, _QUALITY)
        gaps = tuple(
            _Gap(number, encode_png(draw_closing(frame, regions, tints, one)), read.from_middle(one), one)
            for one in read.closings[:_ENLARGED]
        )
        rings = tuple(self._mark(*one.place) for one in read.closings)
        key = self._draw_key(frame, [one for one in faults if one.role != "drawing"])
        return _Drawing(number, picture, key, regions.count, rings, gaps, is_key, holds, faults, marks)

    def _draw_key(self, frame: Frame, faults: Sequence[Fault]) -> str:
        if not faults or frame.number not in self.shot.keys:
            return ""
        with suppress(ReadError):
            painted = self.shot.read_key(frame.number)
            kinds: set[FaultKind] = {fault.kind for fault in faults}
            return encode_webp(draw_key(painted, frame, kinds, self.view, self.size_px), self.size_px, _QUALITY)
        return ""

    def _mark(self, x: int, y: int, number: int = 0) -> _Mark:
        box = self.view
        left, top = (x + 0.5 - box.left) / (box.right - box.left), (y + 0.5 - box.top) / (box.bottom - box.top)
        return _Mark(round(100 * left, 2), round(100 * top, 2), number)


def _choose_largest(drawings: Sequence[_Drawing]) -> list[_Gap]:
    """Choose the gaps that keep the most paint apart, each place once."""
    gaps = sorted((gap for one in drawings for gap in one.gaps), key=lambda gap: -gap.closing.joins_px)
    chosen: list[_Gap] = []
    for gap in gaps:
        apart = [max(abs(a - b) for a, b in zip(gap.place, one.place, strict=True)) for one in chosen]
        if min(apart, default=1) >= _SAME_PLACE:
            chosen.append(gap)
        if len(chosen) == _ENLARGED_OF_SHOT:
            break
    return chosen
