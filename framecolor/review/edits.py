"""Make edits of a shot's files from what a painter does on the page: corrections, strokes and painted keys.

Each function checks its arguments, which come from outside, and raises InputError with one line for the painter.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.drawing_number import number_to_json
from framecolor.core.files import read_small
from framecolor.core.parsing import parse_json
from framecolor.core.text import count_of, quote
from framecolor.errors import InputError
from framecolor.media import IMAGE_SUFFIXES, decode_bytes, encode_image, read_image
from framecolor.media.levels.member import is_level, is_member
from framecolor.review.journal import Edit
from framecolor.review.places import CORRECTIONS, HINTS, KEYS, Places
from framecolor.shot.corrections import Correction, describe_correction, parse_correction, read_corrections
from framecolor.shot.match_painted import Drawings
from framecolor.shot.shot import MAX_DRAWING_PX, Shot

_MAX_BYTES = 32 << 20
_MOST_POINTS = 20_000
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def correct(shot: Shot, places: Places, put: Any, drop: Any) -> Edit:
    """Put entries into the shot's file of corrections, and drop others.

    put   entries as in the file; one of a pixel that has a correction replaces it
    drop  entries whose frame, x and y, and color if given, are those of corrections to remove

    Everything else in the file stays. Raises InputError if an entry is invalid or outside of the shot, or if the file
    is no file of corrections.
    """
    if not isinstance(put, list) or not isinstance(drop, list):
        raise InputError("corrections", "put and drop are not lists", "give two lists of entries")
    added = [_check(parse_correction(entry, f"correction {place}"), shot) for place, entry in enumerate(put, 1)]
    gone = [parse_correction({"color": "paper", **_table(entry)}, "drop") for entry in drop]
    exact = {(*_place(one), one.color) for one, entry in zip(gone, drop, strict=True) if "color" in entry}
    anywhere = {_place(one) for one, entry in zip(gone, drop, strict=True) if "color" not in entry}
    anywhere |= {_place(one) for one in added}
    table = read_table(places.corrections, shot.name)
    kept = []
    for entry in table["corrections"]:
        one = parse_correction(entry, str(places.corrections))
        if _place(one) not in anywhere and (*_place(one), one.color) not in exact:
            kept.append(entry)
    last = {_place(one): one for one in added}
    table["corrections"] = [*kept, *map(describe_correction, last.values())]
    return Edit(_name_corrections(added, gone), {CORRECTIONS: _format_table(table)})


def read_table(path: Path, shot: str) -> dict[str, Any]:
    """Read a file of corrections with all that it holds; without a file, one of no corrections.

    Raises as `read_corrections`.
    """
    if not path.exists():
        return {"format": 1, "shot": shot, "corrections": []}
    read_corrections(path)
    return parse_json(read_small(path, _MAX_BYTES, "a file of corrections", "").decode("utf-8-sig"))


def draw_stroke(shot: Shot, places: Places, number: int, color: Any, width: Any, points: Any) -> Edit:
    """Draw a stroke over the hint of a drawing, without antialiasing; a hint that is there already is kept below.

    color   "#rrggbb"
    width   of the brush, pixels of the drawing
    points  (x, y) in pixels of the drawing, one or more; they may lie outside
    """
    if not isinstance(color, str) or not _HEX.fullmatch(color):
        raise InputError("stroke", f"color {quote(color)} is invalid", 'give it as "#rrggbb"')
    height, wide = shot.size
    most = max(height, wide)
    if type(width) not in (int, float) or not 1 <= width <= most:
        raise InputError("stroke", f"width {quote(width)} is invalid", f"give it in pixels, 1 to {most}")
    canvas, older = _open_hint(shot, places, number)
    _draw(canvas, (*bytes.fromhex(color[1:]), 255), round(width), _take_points(points, 2 * most))
    name = f"{Path(shot.output_name(number)).stem}.png"
    files: dict[str, bytes | None] = {f"{HINTS}/{name}": encode_image(canvas)}
    if older is not None and older.name != name:
        if older.suffix.lower() == ".png":
            name = older.name
            files = {f"{HINTS}/{name}": encode_image(canvas)}
        else:
            files[f"{HINTS}/{older.name}"] = None
    return Edit(f"stroke on frame {number}", files)


def put_key(shot: Shot, places: Places, number: int, name: str, data: bytes) -> Edit:
    """Save a painted picture as the key of a drawing, in place of the one that is there.

    name  of the painter's file; only its ending counts
    data  its bytes, which are decoded to check them

    Raises InputError if it cannot be read or does not fit the drawing.
    """
    _refuse_level(places.keys, KEYS)
    suffix = Path(name).suffix.lower()
    if suffix not in IMAGE_SUFFIXES:
        raise InputError(
            quote(name), "its ending is none of a picture that is read", "save it as PNG, TGA, TIFF or PSD"
        )
    fitting = Drawings({}, shot.numbers, shot.size, resized=True)

    def accept(size: tuple[int, int]) -> None:
        if size[0] * size[1] > MAX_DRAWING_PX or not fitting.fits(size):
            problem = f"is {size[1]}x{size[0]}, the drawing is {shot.size[1]}x{shot.size[0]}"
            raise InputError(quote(name), problem, "save it at the size of the drawing")

    decode_bytes(Path(f"{Path(name).name[:80]}"), data, accept)
    file = Path(shot.output_name(number)).stem + suffix
    files: dict[str, bytes | None] = {f"{KEYS}/{file}": data}
    older = shot.keys.get(number)
    if older is not None and is_member(older):
        problem = f"the key of drawing {number} is in this level"
        raise InputError(older.parent, problem, "paint it there, or remove the level")
    if older is not None and older.parent == places.keys and older.name != file:
        files[f"{KEYS}/{older.name}"] = None
    return Edit(f"key of frame {number}", files)


def _check(correction: Correction, shot: Shot) -> Correction:
    height, width = shot.size
    if correction.number not in shot.numbers:
        raise InputError("correction", f"the shot has no drawing {correction.number}", "correct another frame")
    if correction.x >= width or correction.y >= height:
        problem = f"x {correction.x}, y {correction.y} is outside the drawing, which is {width}x{height}"
        raise InputError(f"correction of frame {correction.number}", problem, "give a pixel inside")
    return correction


def _place(correction: Correction) -> tuple[int, int, int]:
    return correction.number, correction.x, correction.y


def _table(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise InputError("corrections", f"{quote(entry)} is no entry", "give an object with frame, x and y")
    return entry


def _name_corrections(added: Sequence[Correction], gone: Sequence[Correction]) -> str:
    numbers = dict.fromkeys(one.number for one in (*added, *gone))
    frames = f"of frame {next(iter(numbers))}" if len(numbers) == 1 else f"of {count_of(len(numbers), 'frame')}"
    if not added:
        return f"removal of {'a correction' if len(gone) == 1 else count_of(len(gone), 'correction')} {frames}"
    return f"{'correction' if len(added) == 1 else count_of(len(added), 'correction')} {frames}"


def _format_table(table: dict[str, Any]) -> bytes:
    """Format a file of corrections, an entry a line, as the page writes it."""
    rest = {key: value for key, value in table.items() if key not in ("format", "shot", "corrections")}
    head = json.dumps({"format": table["format"], "shot": table.get("shot", "")}).removesuffix("}")
    lines = ",\n".join("  " + json.dumps(entry) for entry in table["corrections"])
    more = "".join(f", {json.dumps(key)}: {json.dumps(value)}" for key, value in rest.items())
    data = f'{head}, "corrections": [\n{lines}\n]{more}}}\n'.encode()
    if len(data) > _MAX_BYTES:
        raise InputError("corrections.json", f"would be larger than {_MAX_BYTES >> 20} MiB", "remove corrections")
    return data


def _open_hint(shot: Shot, places: Places, number: int) -> tuple[NDArray[np.uint8], Path | None]:
    """Open the hint of a drawing to draw on it. Returns its pixels, transparent without one, and its file."""
    _refuse_level(places.hints, HINTS)
    own = places.hints / f"{Path(shot.output_name(number)).stem}.png"
    older = own if own.is_file() else shot.hints.get(number)
    if older is None:
        return np.zeros((*shot.size, 4), np.uint8), None
    if is_member(older):
        raise InputError(older.parent, f"the hint of drawing {number} is in this level", "draw there")
    canvas = np.ascontiguousarray(read_image(older))
    if canvas.shape[:2] != shot.size:
        raise InputError(older, "is not of the drawing's size", "save it at the size of the drawings")
    if canvas[..., 3].min() == 255:
        raise InputError(older, "is fully opaque, so a stroke on it would not be found", "save it on transparent")
    return canvas, older if older.parent == places.hints else None


def _take_points(points: Any, most_px: int) -> NDArray[np.int32]:
    """Check the points of a stroke. Returns them as int32 [N, 2], not farther outside than `most_px`."""
    fix = "give a list of [x, y], in pixels of the drawing"
    if not isinstance(points, list) or not 1 <= len(points) <= _MOST_POINTS:
        raise InputError("stroke", f"its points are not a list of 1 to {_MOST_POINTS:,}", fix)
    for point in points:
        if not isinstance(point, list) or len(point) != 2:
            raise InputError("stroke", f"{quote(point)} is no point", fix)
        if not all(type(value) in (int, float) and math.isfinite(value) for value in point):
            raise InputError("stroke", f"{quote(point)} is no point", fix)
    clipped = [[min(max(value, -most_px), most_px) for value in point] for point in points]
    return np.array(clipped, np.float64).round().astype(np.int32)


def _draw(canvas: NDArray[np.uint8], color: Sequence[int], width: int, points: NDArray[np.int32]) -> None:
    """Draw a line with round ends through points; a dot for one point."""
    if len(points) == 1 or width > 1:
        for x, y in points[[0, -1]].tolist():
            cv2.circle(canvas, (x, y), width // 2, color, -1, cv2.LINE_8)
    if len(points) > 1:
        cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, color, width, cv2.LINE_8)


def _refuse_level(folder: Path, role: str) -> None:
    if is_level(folder):
        raise InputError(
            folder, f"the {role} of this shot are a level", f"change it there, or name a folder with --{role}"
        )


def describe_corrections(shot: Shot, places: Places) -> list[dict[str, Any]]:
    """List the entries of the shot's file of corrections. Raises as `read_corrections`."""
    return [
        entry | {"frame": number_to_json(one.number)}
        for entry in read_table(places.corrections, shot.name)["corrections"]
        for one in [parse_correction(entry, str(places.corrections))]
    ]
