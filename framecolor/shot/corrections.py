"""corrections.json: the colors of regions that a painter corrected, each named by one pixel inside it.

    {"format": 1, "shot": "cut_012", "corrections": [
      {"frame": 12, "x": 340, "y": 210, "color": "#c83c28"},
      {"frame": 13, "x": 352, "y": 208, "color": "paper", "drawing": "5f0c..."},
      {"frame": 14, "x": 360, "y": 209, "color": "#ffe0bd", "name": "skin"}
    ]}

A pixel stays inside the right region when the gap settings change; a region's index does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framecolor.core.drawing_number import number_from_json, number_to_json
from framecolor.core.files import read_small, write_text_atomic
from framecolor.core.parsing import MISSHAPEN, parse_json, take_whole
from framecolor.core.text import plain_name, quote
from framecolor.errors import InputError, ReadError

Rgba = tuple[int, int, int, int]

CORRECTIONS_NAME = "corrections.json"
PAPER_COLOR: Rgba = (255, 255, 255, 0)
"""The value of "paper": no paint."""

_FORMAT = 1
_MAX_BYTES = 32 << 20
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_DRAWING = re.compile(r"[0-9a-f]{0,64}")
_ENTRY = 'frame, x and y, whole numbers of 0 or more, and a color as "#rrggbb", or "paper"'
_SAVE_AGAIN = "save it again from the report page"


@dataclass(frozen=True)
class Correction:
    """The color of one region of one drawing.

    number   number of the drawing
    x, y     a pixel inside the region, in pixels of the drawing
    color    straight RGBA; alpha is 255, or 0 for paper
    drawing  XXH3-128 of the corrected drawing, as `Shot.line_hash`; "" if unknown
    name     of the color in the shot's palette, for people; "" if it has none. The color decides
    """

    number: int
    x: int
    y: int
    color: Rgba
    drawing: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        if min(self.number, self.x, self.y) < 0:
            raise ValueError(f"Correction.number, x and y must be 0 or more, got {self}")
        if len(self.color) != 4 or not all(0 <= c <= 255 for c in self.color) or self.color[3] not in (0, 255):
            raise ValueError(f"Correction.color must be RGBA with alpha 0 or 255, got {self.color}")

    @property
    def is_paper(self) -> bool:
        """Whether the region stays unpainted."""
        return self.color[3] == 0


def read_corrections(path: str | Path) -> list[Correction]:
    """Read a file of corrections. Returns them by frame, those of one frame in the order of the file.

    The last correction of a pixel wins. Unknown fields are ignored. Raises ReadError if the file is missing, too large
    or not JSON, InputError if it is another kind of file or an entry is invalid: the message names the file, the entry
    (counted from 1) and the fix.
    """
    path = Path(path)
    table = _read_table(path)
    version = table.get("format") if isinstance(table, dict) else None
    if not isinstance(table, dict) or not isinstance(table.get("corrections"), list):
        raise InputError(path, 'is not a file of corrections: it has no list "corrections"', _SAVE_AGAIN)
    if type(version) is not int or version != _FORMAT:
        raise InputError(path, f"has format {quote(version)}, this version reads {_FORMAT}", _SAVE_AGAIN)
    found: dict[tuple[int, int, int], Correction] = {}
    for place, entry in enumerate(table["corrections"], 1):
        correction = parse_correction(entry, f"{path}: correction {place}")
        at = correction.number, correction.x, correction.y
        found.pop(at, None)  # the order is that of the last correction of a pixel
        found[at] = correction
    return sorted(found.values(), key=lambda correction: correction.number)


def parse_correction(entry: Any, subject: str) -> Correction:
    """Parse one entry of the file's list. Raises InputError about `subject`."""
    try:
        frame = entry["frame"]
        number = number_from_json(frame) if isinstance(frame, str) else take_whole(frame)
        x, y = take_whole(entry["x"]), take_whole(entry["y"])
        color, drawing = entry["color"], entry.get("drawing", "")
        if not _DRAWING.fullmatch(drawing) or (color != "paper" and not _HEX.fullmatch(color)):
            raise ValueError(f"color {quote(color)}, drawing {quote(drawing)}")
        rgba = PAPER_COLOR
        if color != "paper":
            red, green, blue = bytes.fromhex(color[1:])
            rgba = red, green, blue, 255
        name = entry.get("name", "")
        return Correction(number, x, y, rgba, drawing, plain_name(name) if isinstance(name, str) else "")
    except MISSHAPEN as error:
        problem = f"is invalid ({type(error).__name__}: {str(error)[:120]})"
        raise InputError(subject, problem, f"give it {_ENTRY}") from None


def write_corrections(path: str | Path, shot: str, corrections: Iterable[Correction]) -> None:
    """Write a file of corrections atomically. Raises OutputError."""
    lines = ",\n".join("  " + json.dumps(describe_correction(correction)) for correction in corrections)
    head = json.dumps({"format": _FORMAT, "shot": shot}).removesuffix("}")
    write_text_atomic(path, f'{head}, "corrections": [\n{lines}\n]}}\n')


def describe_correction(correction: Correction) -> dict[str, Any]:
    """Convert a correction to its entry in the file, which `parse_correction` reads."""
    red, green, blue, _ = correction.color
    color = "paper" if correction.is_paper else f"#{red:02x}{green:02x}{blue:02x}"
    entry: dict[str, Any] = {
        "frame": number_to_json(correction.number),
        "x": correction.x,
        "y": correction.y,
        "color": color,
    }
    more = {"drawing": correction.drawing, "name": correction.name}
    return entry | {key: text for key, text in more.items() if text}


def _read_table(path: Path) -> Any:
    data = read_small(path, _MAX_BYTES, "a file of corrections", "name a corrections.json")
    try:
        return parse_json(data.decode("utf-8-sig"))
    except ValueError as error:
        raise ReadError(path, f"is not JSON, or is cut off ({str(error)[:120]})", _SAVE_AGAIN) from None
