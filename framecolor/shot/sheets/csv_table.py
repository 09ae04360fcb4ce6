"""Exposure sheets as tables: one row per frame, one column per cel.

    frame,A,B
    1,1,1
    2,,
    3,2,x
    4,-,

An empty cell, a stroke of paper sheets (- or |) or a round inbetween mark of CLIP STUDIO PAINT repeats the drawing of
the row above. x, or a cross, is the empty cel of Japanese sheets: nothing is shown until the next entry. A sheet needs
an entry only for each new drawing, as XDTS does; one that names every frame's drawing gives the same exposures.

CLIP STUDIO PAINT and RETAS write two heading lines: "Frame" and the names of folders, then the names of the cels.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import NamedTuple

from framecolor.core.text import quote
from framecolor.errors import InputError, ReadError
from framecolor.shot.sheets.exposure_sheet import Sheet, check_size, expose

_NOTHING = frozenset("xX\u00d7\u2715\u2573")
_AS_BEFORE = frozenset(["", "-", "|", "\uff5c", "\u2502", "\u2192", "\u25cb", "\u25cf", "\u30fb"])
_FRAME_HEADINGS = ("frame", "frames", "#", "")
_FPS = re.compile(r"#\s*fps\s*[:=,]?\s*(\d{1,4}(?:\.\d{1,6})?)\s*", re.IGNORECASE)
_FRAME = re.compile(r"\d{1,9}")
_LAYOUT = "write it as frame,A,B with a row for each frame"


class _Row(NamedTuple):
    """A row that is not empty: the number of its last line, counted from 1, and its cells without outer spaces."""

    line: int
    cells: list[str]


def parse_csv(text: str, path: Path) -> Sheet:
    """Parse the text of a table; errors name `path`.

    Cells are separated by commas, semicolons or tabs. The first row is the first frame, whatever its number. Numbers
    rise; a skipped number repeats the row above. A first line "# fps 24" sets the frames per second. Columns without a
    name are ignored. Raises ReadError if the text is not such a table, InputError, naming the line, if a row is
    invalid.
    """
    fps, text = _take_fps(text, path)
    rows = _read_rows(text, path)
    if not rows or rows[0].cells[0].casefold() not in _FRAME_HEADINGS or len(rows[0].cells) < 2:
        raise ReadError(path, "is not an exposure sheet: its first line is not like frame,A,B", _LAYOUT)
    two_headings = len(rows) > 1 and not rows[1].cells[0]  # CLIP STUDIO, RETAS
    names = rows[1 if two_headings else 0].cells[1:]
    rows = rows[2 if two_headings else 1 :]
    if not rows or not any(names):
        raise InputError(path, "has no frames" if any(names) else "names no cel in its first line", _LAYOUT)
    numbers = _read_frames(rows, path)
    frames = numbers[-1] - numbers[0] + 1
    check_size(path, frames, len(names))
    changes: list[list[tuple[int, str | None]]] = [[] for _ in names]
    for row, number in zip(rows, numbers, strict=True):
        if len(row.cells) > len(names) + 1:
            problem = f"has {len(row.cells) - 1} cells, but the first line names {len(names)} cels"
            raise InputError(f"{path}: line {row.line}", problem, _LAYOUT)
        for cell, column in zip(row.cells[1:], changes, strict=False):
            if cell not in _AS_BEFORE:
                column.append((number - numbers[0], None if cell in _NOTHING else cell))
    named = [(name, column) for name, column in zip(names, changes, strict=True) if name]
    return Sheet(path, frames, tuple(expose(name, column, frames) for name, column in named), fps)


def _take_fps(text: str, path: Path) -> tuple[float | None, str]:
    """Read the fps line before the table. Returns fps, None if missing, and the text with that line emptied."""
    first, _, rest = text.partition("\n")
    match = _FPS.fullmatch(first)
    if match is None:
        return None, text
    fps = float(match[1])
    if not 1 <= fps <= 1000:
        raise InputError(f"{path}: line 1", f"fps must be from 1 to 1000, not {match[1]}", "write it as # fps 24")
    return fps, "\n" + rest


def _read_rows(text: str, path: Path) -> list[_Row]:
    """Read the rows that are not empty."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=_find_separator(text))
    rows: list[_Row] = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                rows.append(_Row(reader.line_num, stripped))
    except csv.Error as error:
        raise ReadError(f"{path}: line {reader.line_num}", f"is not a table ({error})", _LAYOUT) from None
    return rows


def _find_separator(text: str) -> str:
    """Find what separates cells: of those with which the first line begins with a heading, the one that it has most."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    fitting = [one for one in ",;\t" if first.partition(one)[0].strip(' "').casefold() in _FRAME_HEADINGS]
    return max(fitting or ",;\t", key=first.count)


def _read_frames(rows: list[_Row], path: Path) -> list[int]:
    """Read the frame number of each row. Raises InputError unless they rise."""
    numbers: list[int] = []
    for row in rows:
        subject = f"{path}: line {row.line}"
        if not _FRAME.fullmatch(row.cells[0]):
            raise InputError(subject, f"{quote(row.cells[0])} is not the number of a frame", _LAYOUT)
        numbers.append(int(row.cells[0]))
        if len(numbers) > 1 and numbers[-1] <= numbers[-2]:
            raise InputError(subject, f"frame {numbers[-1]} follows {numbers[-2]}", "sort the rows by frame")
    return numbers
