"""Exposure sheets as tables: one row a frame, one column a cel.

    frame,A,B
    1,1,1
    2,,
    3,2,x
    4,-,

An empty cell goes on with the drawing of the row above, and so do the strokes of paper sheets (- and |) and the round
marks of inbetweens that CLIP STUDIO PAINT writes. x, or a real cross, is the empty cel of Japanese sheets: from there
on nothing is shown. An empty cell cannot mean that: a sheet has one entry for each new drawing, as XDTS has; whoever
fills in every frame gets the same exposures.

CLIP STUDIO PAINT and RETAS have two lines of headings: "Frame" and the names of folders, then the names of the cels.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import NamedTuple

from framecolor.core.text import quote
from framecolor.errors import InputError, ReadError
from framecolor.shot.exposure_sheet import Sheet, check_size, expose

_NOTHING = frozenset("xX\u00d7\u2715\u2573")
_AS_BEFORE = frozenset(["", "-", "|", "\uff5c", "\u2502", "\u2192", "\u25cb", "\u25cf", "\u30fb"])
_FRAME_HEADINGS = ("frame", "frames", "#", "")
_FPS = re.compile(r"#\s*fps\s*[:=,]?\s*(\d{1,4}(?:\.\d{1,6})?)\s*", re.IGNORECASE)
_FRAME = re.compile(r"\d{1,9}")
_LAYOUT = "write it as frame,A,B with a row for each frame"


class _Row(NamedTuple):
    """A row that is not empty: where it ends, counted from 1, and its cells without the spaces around them."""

    line: int
    cells: list[str]


def parse_csv(text: str, path: Path) -> Sheet:
    """A sheet from a table's text; `path` is what errors are about.

    Separated by commas, semicolons or tabs. The first row is the first frame, whatever its number; numbers rise, and
    where some are left out the row above holds. A first line "# fps 24" tells the frames a second. Columns without a
    name are passed over. Raises ReadError where it is no such table, InputError where a row makes no sense: the message
    names the line.
    """
    fps, text = _take_fps(text, path)
    rows = _read_rows(text, path)
    if not rows or rows[0].cells[0].casefold() not in _FRAME_HEADINGS or len(rows[0].cells) < 2:
        raise ReadError(path, "this is no exposure sheet: the first line is not frame,A,B", _LAYOUT)
    two_headings = len(rows) > 1 and not rows[1].cells[0]  # CLIP STUDIO, RETAS
    names = rows[1 if two_headings else 0].cells[1:]
    rows = rows[2 if two_headings else 1 :]
    if not rows or not any(names):
        raise InputError(path, "holds no frame" if any(names) else "names no cel in its first line", _LAYOUT)
    numbers = _read_frames(rows, path)
    frames = numbers[-1] - numbers[0] + 1
    check_size(path, frames, len(names))
    changes: list[list[tuple[int, str | None]]] = [[] for _ in names]
    for row, number in zip(rows, numbers, strict=True):
        if len(row.cells) > len(names) + 1:
            problem = f"has {len(row.cells) - 1} cells, where the first line names {len(names)} cels"
            raise InputError(f"{path}: line {row.line}", problem, _LAYOUT)
        for cell, found in zip(row.cells[1:], changes, strict=False):
            if cell not in _AS_BEFORE:
                found.append((number - numbers[0], None if cell in _NOTHING else cell))
    named = [(name, found) for name, found in zip(names, changes, strict=True) if name]
    return Sheet(path, frames, tuple(expose(name, found, frames) for name, found in named), fps)


def _take_fps(text: str, path: Path) -> tuple[float | None, str]:
    """What the line before the table tells, and the text without it (its lines keep their places)."""
    first, _, rest = text.partition("\n")
    match = _FPS.fullmatch(first)
    if match is None:
        return None, text
    fps = float(match[1])
    if not 1 <= fps <= 1000:
        raise InputError(f"{path}: line 1", f"{match[1]} frames a second make no film", "write it as # fps 24")
    return fps, "\n" + rest


def _read_rows(text: str, path: Path) -> list[_Row]:
    """All rows that say something."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator)
    rows: list[_Row] = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                rows.append(_Row(reader.line_num, stripped))
    except csv.Error as error:
        raise ReadError(f"{path}: line {reader.line_num}", f"this is no table ({error})", _LAYOUT) from None
    return rows


def _read_frames(rows: list[_Row], path: Path) -> list[int]:
    """The number of each row's frame; they rise."""
    numbers: list[int] = []
    for row in rows:
        subject = f"{path}: line {row.line}"
        if not _FRAME.fullmatch(row.cells[0]):
            raise InputError(subject, f"{quote(row.cells[0])} is not the number of a frame", _LAYOUT)
        numbers.append(int(row.cells[0]))
        if len(numbers) > 1 and numbers[-1] <= numbers[-2]:
            raise InputError(subject, f"frame {numbers[-1]} comes after {numbers[-2]}", "let the frames rise")
    return numbers
