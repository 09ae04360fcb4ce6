"""Write the preview: one page that shows a shot before it is painted. No network is needed for it.

Each drawing has its regions in colors of their own, the gaps that are closed, trace lines in their hues, and the faults
of its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framecolor.config.settings import Settings
from framecolor.core.faults import Fault
from framecolor.core.number_ranges import format_numbers
from framecolor.core.stages import overlapped
from framecolor.errors import ReadError
from framecolor.lineart.drawn import read_lines, segment
from framecolor.media import write_text_atomic
from framecolor.report.environment import make_environment
from framecolor.report.region_picture import draw_regions
from framecolor.report.view import hide_folders
from framecolor.report.webp import encode_webp
from framecolor.shot.shot import Shot
from framecolor.shot.spans import find_repeats

_LONG_SIDE_PX, _QUALITY = 640, 80
# Pictures of more drawings than this have half the size, so that a long shot's page opens quickly.
_MANY_DRAWINGS = 240


@dataclass(frozen=True)
class _Mark:
    """A fault's place: left and top in percent of the picture, and the number of the fault in the drawing's list."""

    left: float
    top: float
    fault: int


@dataclass(frozen=True)
class _Drawing:
    """What the page shows of a drawing. `picture` is a data URI, "" if the drawing cannot be read."""

    number: int
    picture: str
    count: int
    gaps: int
    is_key: bool
    holds: str
    faults: tuple[str, ...]
    marks: tuple[_Mark, ...]


def write_preview(
    shot: Shot, settings: Settings, faults: Sequence[Fault], plan: Mapping[str, Any], target: Path
) -> Path:
    """Write the preview of a shot, one HTML file, atomically. Returns its path.

    settings  how the drawings are read (`keys.drawing_style`)
    faults    of its keys
    plan      of `shot.spans.describe_plan`, with all warnings

    Drawings that cannot be read have no picture. Raises OutputError if the file cannot be written.
    """
    repeats = {
        number: first
        for number, first in find_repeats(shot).items()
        if number not in shot.keys and first in shot.wanted
    }
    drawings = [number for number in shot.wanted if number not in repeats]
    size_px = _LONG_SIDE_PX if len(drawings) <= _MANY_DRAWINGS else _LONG_SIDE_PX // 2

    def view(number: int) -> _Drawing:
        return _view(shot, number, settings, [one for one in faults if one.frame == number], repeats, size_px)

    with ThreadPoolExecutor(settings.count_cores(), "framecolor") as pool:
        views = list(overlapped(pool, view, iter(drawings), settings.count_cores()))
    at_keys = {str(fault) for fault in faults}
    general = [text for text in plan["warnings"] if text not in at_keys]
    text = make_environment().get_template("preview.html.j2").render(
        shot=shot.name, plan=plan, drawings=views, width=shot.size[1], height=shot.size[0],
        warnings=[hide_folders(text, target.parent) for text in general], gaps=sum(one.gaps for one in views),
        trace=settings.trace,
    )  # fmt: skip
    write_text_atomic(target, text)
    return target


def _view(
    shot: Shot, number: int, settings: Settings, faults: Sequence[Fault], repeats: Mapping[int, int], size_px: int
) -> _Drawing:
    height, width = shot.size
    try:
        frame = read_lines(number, shot.read_line(number), settings)
    except ReadError:
        picture, count, gaps = "", 0, 0
    else:
        drawn = draw_regions(frame, segment(frame, settings), size_px)
        picture, count, gaps = encode_webp(drawn.rgba, size_px, _QUALITY), drawn.count, len(drawn.gaps)
    marks = (
        _Mark(100 * (x + 0.5) / width, 100 * (y + 0.5) / height, index)
        for index, fault in enumerate(faults, 1)
        for x, y in fault.places
    )
    holds = format_numbers([later for later, drawing in repeats.items() if drawing == number])
    return _Drawing(number, picture, count, gaps, number in shot.keys, holds, tuple(map(str, faults)), tuple(marks))
