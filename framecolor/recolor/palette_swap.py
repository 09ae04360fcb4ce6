"""Read a palette that replaces a shot's own: the new color of each matte id."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor.core.files import read_small
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.core.text import quote
from framecolor.errors import FramecolorError, PaletteError
from framecolor.media import fold_name, read_swatches
from framecolor.output.mattes import PALETTE_GPL, PAPER_ID, MatteIds

_PAPER = (255, 255, 255, 0)
_MOST_BYTES = 1 << 22


def read_swap(path: Path, out: Path, ids: MatteIds) -> NDArray[np.uint8]:
    """Read the new color of each id, uint8 [ids + 1, 4] straight RGBA; row 0 is paper.

    path  a .json file like OUT/palette.json, matched by id; or a palette with as many entries as OUT/palette.gpl,
          matched by name (`fold_name`) if all names are unique and the same in both, else by order
    out   folder of the painted frames

    A transparent entry (alpha 0, only in JSON and "Channels: RGBA") turns its paint into paper. Colors may repeat.
    Raises PaletteError if an entry is missing, there are too many, or names stand in another order and not all match.
    """
    count = len(ids.paints)
    colors = _read_json(path, count) if path.suffix.lower() == ".json" else _match(path, out, count)
    return np.array([_PAPER, *(color if color[3] else _PAPER for color in colors)], np.uint8)


def _match(path: Path, out: Path, count: int) -> list[tuple[int, int, int, int]]:
    swatches = read_swatches(path)
    if len(swatches) != count:
        problem = f"has {len(swatches)} colors, {out / PALETTE_GPL} has {count}"
        raise PaletteError(path, problem, "give it one entry for each of them, in the same order")
    names: list[str] = []
    with suppress(FramecolorError):  # missing or damaged: match by order
        names = [one.name for one in read_swatches(out / PALETTE_GPL)]
    given, wanted = [fold_name(one.name) for one in swatches], [fold_name(name) for name in names]
    by_name = {name: one.color for name, one in zip(given, swatches, strict=True)}
    if len(wanted) == count == len(by_name) and set(wanted) == set(by_name) and "" not in by_name:
        return [by_name[name] for name in wanted]
    for place, name in enumerate(given):
        if name and given.count(name) == 1 == wanted.count(name) and wanted.index(name) != place:
            problem = (
                f"has {quote(swatches[place].name)} as color {place + 1}, not {wanted.index(name) + 1}, and not all"
            )
            fix = f"keep the order of {PALETTE_GPL}, or all of its names, each of them once"
            raise PaletteError(path, f"{problem} names of {out / PALETTE_GPL}", fix)
    return [one.color for one in swatches]


def _read_json(path: Path, count: int) -> list[tuple[int, int, int, int]]:
    fix = f"give it colors as OUT/palette.json has them, with the ids 1 to {count}"
    data = read_small(path, _MOST_BYTES, "a palette", fix, PaletteError)
    try:
        table = parse_json(data)
        rows = table["colors"] if isinstance(table, Mapping) else None
        if not isinstance(rows, list):
            raise PaletteError(path, "is not a palette", fix)
        colors = dict(_read_row(row) for row in rows)
    except MISSHAPEN as error:
        raise PaletteError(path, f"is not a palette ({type(error).__name__}: {error})"[:200], fix) from None
    if len(colors) != len(rows):
        raise PaletteError(path, "has an id twice", fix)
    colors.pop(PAPER_ID, None)
    if sorted(colors) != list(range(1, count + 1)):
        raise PaletteError(path, f"its ids are not 1 to {count}", fix)
    return [colors[k] for k in range(1, count + 1)]


def _read_row(row: Any) -> tuple[int, tuple[int, int, int, int]]:
    values = [*row["rgba"], 255][:4]
    right = all(type(value) is int and 0 <= value <= 255 for value in values)
    if type(row["id"]) is not int or len(values) != 4 or not right or values[3] not in (0, 255):
        raise ValueError(f"{row!r} is not a color with an id")
    return row["id"], (values[0], values[1], values[2], values[3])
