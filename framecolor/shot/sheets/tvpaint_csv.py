r"""TVPaint's CSV export (File > Export to > Clip: Layers structure > CSV), which Krita reads and writes as well.

    UTF-8, TVPaint, "CSV 1.1"
    Project Name, Width, Height, Frame Count, Layer Count, Frame Rate, Pixel Aspect Ratio, Field Mode
    "cut 5", 1920, 1080, 3, 2, 24.000000, 1.000000, Progressive
    #Layers, "A", "BG"
    #Folder, "X:\out\cut5.layers\[001] A", "X:\out\cut5.layers\[002] BG"
    #Density, 1.000000, 1.000000
    #Blending, "Color", "Color"
    #Visible, 1, 1
    #00001, "[001][00001] A.png", "[002][00001] BG.png"
    #00002, "[001][00001] A.png", "[002][00001] BG.png"
    #00003, "[001][00003] A.png", "[002][00001] BG.png"

The uppermost layer comes first, and each row names the pictures that are shown. TVPaint writes a row where a layer
changes, and leaves out layers that show nothing, so that the number in a picture's first brackets is that of its layer.
Krita writes CSV 1.0 with a row for each frame, counted from 0, leaves cells empty, and has one folder for all layers.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

from framecolor.core.text import quote
from framecolor.errors import InputError, ReadError
from framecolor.shot.sheets.exposure_sheet import check_size
from framecolor.shot.sheets.layered import LayeredSheet, SheetLayer, build_sheet

_EXPORT_AGAIN = "export it again from TVPaint or Krita"
_FIRST_LINE = re.compile(r'\ufeff?\s*"?utf-8"?\s*,\s*"?tvpaint"?\s*,', re.IGNORECASE)
_LAYER = re.compile(r"\[(\d{1,6})\]\[\d{1,9}\]")
_FRAME = re.compile(r"#(\d{1,9})")
_KRITA = re.compile(r"frame\d{1,9}-\d{1,9}\.")


class _Row(NamedTuple):
    """A row: the number of its line, counted from 1, its first cell and the others, without outer spaces."""

    line: int
    name: str
    cells: list[str]


def is_tvpaint_csv(text: str) -> bool:
    """Tell whether a text begins as such an export."""
    return _FIRST_LINE.match(text) is not None


def parse_tvpaint_csv(text: str, path: Path) -> LayeredSheet:
    """Parse the text of an export; errors name `path`.

    Raises ReadError if it is no table or is cut off, InputError, naming the line, if a row is invalid.
    """
    rows = list(_read_rows(text, path))
    if len(rows) < 3 or text.count('"') % 2:
        what = "a cell has no end" if len(rows) >= 3 else "it has no description of the clip"
        raise ReadError(path, f"is cut off: {what}", _EXPORT_AGAIN)
    described = {name.casefold(): value for name, value in zip(_all(rows[1]), _all(rows[2]), strict=False)}
    heads = {row.name.casefold(): row.cells for row in rows[3:] if not _FRAME.fullmatch(row.name)}
    names = _trim(heads.get("#layers", []))
    if not names:
        raise ReadError(path, "is cut off or damaged: it has no row #Layers", _EXPORT_AGAIN)
    table = [row for row in rows[3:] if _FRAME.fullmatch(row.name)]
    frames = _count_frames(table, described.get("frame count", ""), path)
    check_size(path, frames, len(names))
    folders = [PureWindowsPath(_cell(heads, "#folder", index)).name for index in range(len(names))]
    columns = _read_columns(table, folders, frames, path)
    layers = []
    for index, name in enumerate(names):
        density = _read_number(_cell(heads, "#density", index), 1.0)
        blending = _cell(heads, "#blending", index)
        hidden = _read_number(_cell(heads, "#visible", index), 1.0) == 0
        usual = blending.casefold() in ("", "color")
        layers.append(SheetLayer(name, columns[index], hidden, min(1.0, max(0.0, density)), "" if usual else blending))
    return build_sheet(path, frames, _read_rate(described.get("frame rate", ""), path), layers[::-1])


def _read_rows(text: str, path: Path) -> Iterator[_Row]:
    reader = csv.reader(text.splitlines(keepends=True), skipinitialspace=True)
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield _Row(reader.line_num, stripped[0], stripped[1:])
    except csv.Error as error:
        raise ReadError(f"{path}: line {reader.line_num}", f"is not a table ({error})", _EXPORT_AGAIN) from None


def _all(row: _Row) -> list[str]:
    return [row.name, *row.cells]


def _trim(cells: Sequence[str]) -> list[str]:
    """Drop the empty cells at the end of a row, which a last comma leaves."""
    kept = list(cells)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _cell(heads: dict[str, list[str]], name: str, index: int) -> str:
    cells = heads.get(name, [])
    return cells[index] if index < len(cells) else ""


def _read_number(text: str, default: float) -> float:
    """Read a number of a row about layers; these rows only describe, so that a damaged one is no error."""
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) else default


def _read_rate(text: str, path: Path) -> float | None:
    if not text:
        return None
    rate = _read_number(text, 0.0)
    if not 1 <= rate <= 1000:
        raise InputError(path, f"has a frame rate of {quote(text)}, not one from 1 to 1000", _EXPORT_AGAIN)
    return rate


def _count_frames(table: Sequence[_Row], stated: str, path: Path) -> int:
    """Count the frames; the last row of TVPaint may be held to the end of the clip.

    Raises InputError unless the numbers of rows rise, ReadError if Krita's are missing at the end.
    """
    if not table:
        raise ReadError(path, "has no frames: it is cut off, or its clip is empty", _EXPORT_AGAIN)
    numbers = [int(row.name[1:]) for row in table]
    for row, before, number in zip(table[1:], numbers, numbers[1:], strict=False):
        if number <= before:
            raise InputError(f"{path}: line {row.line}", f"frame {number} follows {before}", _EXPORT_AGAIN)
    frames = numbers[-1] - numbers[0] + 1
    whole = int(stated) if stated.isdecimal() and len(stated) < 10 else frames
    if frames < whole and any(_KRITA.match(cell) for row in table for cell in row.cells):
        raise ReadError(path, f"is cut off: it has {frames} of {whole} frames", _EXPORT_AGAIN)
    return max(frames, whole)


def _read_columns(table: Sequence[_Row], folders: Sequence[str], frames: int, path: Path) -> list[list[str | None]]:
    """Read the pictures of each layer, for each frame; a row that is left out repeats the one before.

    folders  that of each layer, "" for none
    """
    columns: list[list[str | None]] = [[None] * frames for _ in folders]
    first = int(table[0].name[1:])
    ends = [int(row.name[1:]) - first for row in table[1:]] + [frames]
    for row, end in zip(table, ends, strict=True):
        begin = int(row.name[1:]) - first
        for position, cell in enumerate(row.cells):
            if not cell:
                continue
            prefix = _LAYER.match(cell)
            layer = position if prefix is None else int(prefix[1]) - 1
            if not 0 <= layer < len(folders):
                problem = f"names a picture of layer {layer + 1}, but #Layers has {len(folders)}"
                raise InputError(f"{path}: line {row.line}", problem, _EXPORT_AGAIN)
            picture = "/".join(filter(None, (folders[layer], cell.replace("\\", "/"))))
            columns[layer][begin:end] = [picture] * (end - begin)
    return columns
