"""TVPaint's JSON export (File > Export to > Clip: Layers structure > JSON), which OpenToonz also writes.

    {"version": {"major": 5, "minor": 1}, "project": {"clip": {"framerate": 24.0, "image-count": 12, "layers": [
      {"name": "A", "position": 1, "visible": true, "opacity": 255, "blending-mode": "Color", "start": 0, "end": 11,
       "pre-behavior": 0, "post-behavior": 0, "repeat": [],
       "link": [{"instance-index": 0, "instance-name": "1", "file": "[001] A/[0001] A.png", "images": [0]},
                {"instance-index": 6, "instance-name": "2", "file": "[001] A/[0007] A.png", "images": [6]}]}]}}}

`link` lists the instances that have a picture, and the frames at which each begins, counted from 0; it lasts until the
next one, or to the layer's `end`. A `repeat` replays the `value` frames before its `index`. Behaviors continue the
layer outside of its span: 1 repeats it, 2 runs to and fro, 3 holds. The uppermost layer comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from framecolor.core.files import read_name
from framecolor.core.parsing import MISSHAPEN, take_whole
from framecolor.core.text import plain_name
from framecolor.errors import InputError
from framecolor.shot.file_names import split_name
from framecolor.shot.sheets.exposure_sheet import check_size, read_rate
from framecolor.shot.sheets.layered import LayeredSheet, SheetLayer, build_sheet

_EXPORT_AGAIN = "export it again as JSON from TVPaint, or as XDTS or CSV"
_REPEAT, _TO_AND_FRO, _HOLD = 1, 2, 3


def is_tvpaint_json(table: Any) -> bool:
    """Tell whether parsed JSON is such an export."""
    project = table.get("project") if isinstance(table, dict) else None
    return isinstance(project, dict) and isinstance(project.get("clip"), dict)


def parse_tvpaint_json(table: Any, path: Path) -> LayeredSheet:
    """Parse the JSON of an export; errors name `path`. Raises InputError if its content is invalid."""
    try:
        return _read_clip(table["project"]["clip"], path)
    except MISSHAPEN as error:
        problem = f"is not a valid export of TVPaint ({type(error).__name__}: {str(error)[:120]})"
        raise InputError(path, problem, _EXPORT_AGAIN) from None


def _read_clip(clip: Any, path: Path) -> LayeredSheet:
    """Read the layers of a clip. Raises one of MISSHAPEN if it is malformed."""
    rows = clip["layers"][::-1]  # their "position" counts from the top in TVPaint, from the bottom in OpenToonz
    frames = take_whole(clip.get("image-count") or 1 + max((take_whole(row["end"]) for row in rows), default=0))
    first = min((take_whole(row["start"]) for row in rows), default=0)
    check_size(path, frames - min(0, first), len(rows))
    if frames < 1 or not any(row["link"] for row in rows):
        raise InputError(path, "has no layer with pictures", "export the layers with their images")
    layers = [_read_layer(row, frames, path) for row in rows]
    rate = read_rate(clip.get("framerate"), path, "framerate", _EXPORT_AGAIN)
    return build_sheet(path, frames, rate, layers, list(_list_unused(clip, rows)))


def _read_layer(row: Any, frames: int, path: Path) -> SheetLayer:
    """Read one layer. Raises one of MISSHAPEN if it is malformed."""
    start, end = take_whole(row["start"]), min(take_whole(row["end"]), frames - 1)
    begins: dict[int, str | None] = {}
    for item in row["link"]:
        picture = _read_picture(item, path.parent)
        for frame in item.get("images") or [item["instance-index"]]:
            begins[take_whole(frame)] = picture
    span = _fill(begins, _read_repeats(row), start, end)
    before, after = take_whole(row.get("pre-behavior", 0)), take_whole(row.get("post-behavior", 0))
    pictures = [_find(span, frame - start, before if frame < start else after) for frame in range(frames)]
    blending = str(row.get("blending-mode", "Color"))
    opacity = min(1.0, max(0.0, float(row.get("opacity", 255)) / 255))
    hidden = row.get("visible", True) is False
    return SheetLayer(str(row["name"]), pictures, hidden, opacity, "" if blending in ("Color", "") else blending)


def _read_picture(item: Any, folder: Path) -> str | None:
    """Read the picture of an instance; None for an empty one, which OpenToonz calls 0."""
    file = item["file"]
    if not isinstance(file, str):
        raise TypeError("a file is not named by text")
    picture = PurePosixPath(read_name(file, folder))
    ways = split_name(Path(picture.name))
    if not file or (str(item.get("instance-name")) == "0" and ways and ways[0].number == 0):
        return None
    return str(picture)


def _read_repeats(row: Any) -> dict[int, int]:
    """Read the spans that repeat frames. Returns first frame -> number of frames before it that are repeated."""
    return {take_whole(one["index"]): take_whole(one["value"]) for one in row.get("repeat") or ()}


def _fill(begins: dict[int, str | None], repeats: dict[int, int], start: int, end: int) -> list[str | None]:
    """Fill the frames from `start` to `end` with their pictures."""
    span: list[str | None] = []
    shown: str | None = None
    length = 0  # of the frames that are being repeated, 0 if none are
    for frame in range(start, end + 1):
        if frame in begins:
            shown, length = begins[frame], 0
        elif 0 < repeats.get(frame, 0) <= len(span):
            length = repeats[frame]
        span.append(span[-length] if length else shown)
    return span


def _find(span: Sequence[str | None], index: int, behavior: int) -> str | None:
    """Find the picture at an index of a layer's span, which may lie outside of it."""
    last = len(span) - 1
    if last < 0 or 0 <= index <= last:
        return span[index] if last >= 0 else None
    if behavior == _REPEAT:
        return span[index % len(span)]
    if behavior == _TO_AND_FRO:
        at = index % max(1, 2 * last)
        return span[min(at, 2 * last - at)]
    return (span[0] if index < 0 else span[-1]) if behavior == _HOLD else None


def _list_unused(clip: Any, rows: Sequence[Any]) -> Iterator[str]:
    """List phrases about what an export holds besides the drawings and their timing."""
    if isinstance(clip.get("camera"), dict) and clip["camera"].get("points"):
        yield "camera work"
    if any(value for key, value in clip.items() if "sound" in key.lower() or "audio" in key.lower()):
        yield "sound"
    last = take_whole(clip.get("image-count") or 0) - 1
    for key, name, usual in (("markin", "mark in", 0), ("markout", "mark out", last)):
        mark = clip.get(key)
        if isinstance(mark, dict) and mark.get("status") is True and mark.get("value") != usual:
            yield name
    empty = [plain_name(str(row["name"])) for row in rows if not row["link"]]
    if empty:
        yield f"layers without pictures ({', '.join(empty[::-1][:12])})"
