"""Region-index mattes: the id of each pixel's paint, so that compositing can recolor frames without a new run.

OUT/matte/NAME.png has one channel of 8 bits, or of 16 in a shot of more than 255 paints. Its values are ids:

    0   paper: no paint, transparent, also if `background = "paper"` fills it
    k   the paint of entry k of OUT/palette.gpl, counted from 1, and of the color with that id in OUT/palette.json

A .gpl file has neither alpha nor an entry for paper: each entry is a paint, so that positions are ids.

OUT/line-matte/NAME.png is written if keys recolor lines: the id of the color of each pixel with ink, 0 as drawn. Colors
of lines have ids in the same palette.

Ids continue under the lines as paint does, so that a recolored frame has no seams. In painted mode the id is that of
the region's flat color before shading.

A paint keeps its id while the shot is painted into the same folder: framecolor.json lists all paints that ever had one
(`mattes`), new ones are appended, and the id of an unused paint is not given to another.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor.core.files import read_file
from framecolor.core.types import Palette
from framecolor.errors import PaletteError, ReadError
from framecolor.media import Swatch, format_swatches, read_numbers, write_text_atomic
from framecolor.media.writers.flat import encode_gray

MATTE_FOLDER, LINE_MATTE_FOLDER = "matte", "line-matte"
PALETTE_GPL, PALETTE_JSON = "palette.gpl", "palette.json"
PAPER_ID = 0
_FORMAT = 1
_MOST_IDS = 65_535

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class MatteIds:
    """The ids of a shot's paints: `paints[k - 1]` has id k. All paints differ."""

    paints: tuple[Rgb, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.paints)) != len(self.paints):
            raise ValueError("MatteIds.paints must not repeat")
        if len(self.paints) > _MOST_IDS:
            problem = f"{len(self.paints)} colors are more than the {_MOST_IDS} ids of a matte"
            raise PaletteError("--mattes", problem, "paint into a new folder with -o, whose ids start at 1 again")

    @classmethod
    def read(cls, table: object) -> MatteIds:
        """Read `mattes` of framecolor.json; no ids if it is missing or damaged."""
        rows = [tuple(row) for row in table if isinstance(row, list)] if isinstance(table, list) else []
        right = all(len(row) == 3 and all(type(value) is int and 0 <= value <= 255 for value in row) for row in rows)
        whole = right and isinstance(table, list) and len(rows) == len(table) == len(set(rows)) <= _MOST_IDS
        return cls(tuple(rows)) if whole else cls()

    def extend(self, palette: Palette) -> MatteIds:
        """Add ids for the paints of a palette that have none yet, in its order. Returns the extended ids."""
        new = [(red, green, blue) for red, green, blue, alpha in palette.colors.tolist() if alpha]
        return MatteIds(tuple(dict.fromkeys((*self.paints, *new))))

    def find(self, colors: NDArray[np.uint8]) -> NDArray[np.uint16]:
        """Find the id of each color, uint8 [N, 4] straight RGBA. Raises KeyError for a paint without an id."""
        row = {paint: k for k, paint in enumerate(self.paints, start=1)}
        ids = [row[red, green, blue] if alpha else PAPER_ID for red, green, blue, alpha in colors.tolist()]
        return np.array(ids, np.uint16)

    def encode(self, matte: NDArray[np.uint16]) -> bytes:
        """Encode ids HxW as a matte's file."""
        return encode_gray(matte.astype(np.uint8) if len(self.paints) <= 255 else matte)


def write_palette_files(out: Path, ids: MatteIds, shot: str, names: Mapping[Rgb, str]) -> None:
    """Write OUT/palette.gpl and OUT/palette.json; a paint without a name gets its color code. Raises OutputError."""
    swatches = [Swatch((*paint, 255), names.get(paint, "")) for paint in ids.paints]
    rows = [{"id": PAPER_ID, "name": "paper", "rgba": [255, 255, 255, 0]}]
    rows += [{"id": k, "name": one.label, "rgba": list(one.color)} for k, one in enumerate(swatches, start=1)]
    texts = {PALETTE_GPL: format_swatches(swatches, shot), PALETTE_JSON: format_palette(shot, rows)}
    for name, text in texts.items():
        try:
            same = read_file(out / name) == text.encode()
        except OSError:
            same = False
        if not same:
            write_text_atomic(out / name, text)


def format_palette(shot: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """Format the text of a palette.json, one line per color."""
    lines = ",\n".join("  " + json.dumps(row) for row in rows)
    head = json.dumps({"format": _FORMAT, "shot": shot, "mattes": MATTE_FOLDER})
    return f'{head[:-1]}, "colors": [\n{lines}\n]}}\n'


def matte_name(file: str) -> str:
    """Name the matte of a painted frame's file, in `MATTE_FOLDER`."""
    return Path(file).with_suffix(".png").name


def read_matte(path: Path, size: tuple[int, int]) -> NDArray[np.uint16]:
    """Read the ids of a matte, uint16 HxW. Raises ReadError, also if its size is not `size`, (height, width)."""
    ids = read_numbers(path)
    if ids.shape != size:
        problem = f"the matte is {ids.shape[1]}x{ids.shape[0]}, the frame {size[1]}x{size[0]}"
        raise ReadError(path, problem, "paint the frame again with --mattes")
    return ids


def name_paints(palette: Sequence[Swatch]) -> dict[Rgb, str]:
    """Map paints to their names in a palette; the first name of a color wins."""
    names: dict[Rgb, str] = {}
    for one in palette:
        red, green, blue, alpha = one.color
        if alpha and one.name:
            names.setdefault((red, green, blue), one.name)
    return names
