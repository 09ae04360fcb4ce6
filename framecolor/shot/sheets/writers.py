"""Write exposure sheets: XDTS of version 5, a table of frames, TVPaint's JSON. What is written is read as it was."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from framecolor.shot.sheets.exposure_sheet import USUAL_FPS, Sheet, Track
from framecolor.shot.sheets.xdts import NOTHING, SIGNATURE


def format_xdts(sheet: Sheet, name: str) -> str:
    """Format a sheet as XDTS of version 5; `name` is that of its time table.

    The frames a second are stated as CLIP STUDIO does, unless they are 24: the published format does not have them.
    """
    tracks = [{"trackNo": number, "frames": _list_entries(track)} for number, track in enumerate(sheet.tracks)]
    table: dict[str, Any] = {
        "name": name,
        "duration": sheet.frames,
        "timeTableHeaders": [{"fieldId": 0, "names": list(sheet.names)}],
        "fields": [{"fieldId": 0, "tracks": tracks}],
    }
    if sheet.fps not in (None, USUAL_FPS):
        table["frameRate"] = sheet.fps
    text = json.dumps({"version": 5, "timeTables": [table]}, ensure_ascii=False, indent=1)
    return f"{SIGNATURE}\n{text}\n"


def _list_entries(track: Track) -> list[dict[str, Any]]:
    """List the entries of a track: each change of its drawing, and nothing after its end."""
    changes = [*_list_changes(track), (len(track.exposures), None)]
    if changes[0][0] > 0:
        changes.insert(0, (0, None))
    return [
        {"frame": frame, "data": [{"id": 0, "values": [NOTHING if number is None else str(number)]}]}
        for frame, number in changes
    ]


def _list_changes(track: Track) -> Iterator[tuple[int, int | None]]:
    """List (frame, number) wherever the drawing changes, frames counted from 0; nothing is shown before the first."""
    for frame, (before, number) in enumerate(pairwise((None, *track.exposures))):
        if number != before:
            yield frame, number


def format_csv(sheet: Sheet) -> str:
    """Format a sheet as a table: a row for each frame, a column for each track, x where nothing is shown any more."""
    text = io.StringIO()
    if sheet.fps is not None:
        text.write(f"# fps {f'{sheet.fps:.6f}'.rstrip('0').rstrip('.')}\n")
    writer = csv.writer(text, lineterminator="\n")
    names = [name or f"track {number}" for number, name in enumerate(sheet.names, 1)]
    writer.writerow(["frame", *names])
    columns = [dict(_list_changes(track)) for track in sheet.tracks]
    for frame in range(sheet.frames):
        writer.writerow([str(frame + 1), *(_write_cell(column, frame) for column in columns)])
    return text.getvalue()


def _write_cell(changes: Mapping[int, int | None], frame: int) -> str:
    """Write a cell of a table: the number of a drawing, x for nothing, or "" if it does not change."""
    number = changes.get(frame)
    return "" if frame not in changes else "x" if number is None else str(number)


def format_tvpaint_json(sheet: Sheet, name: str, size: tuple[int, int], pictures: Sequence[Mapping[int, str]]) -> str:
    """Format a sheet as TVPaint's JSON with the pictures of its tracks, as OpenToonz writes it.

    size      (height, width) of the pictures
    pictures  for each track number -> path from the folder of the sheet; a drawing without one repeats the one before
    """
    layers = [
        _describe_layer(track, files, position)
        for position, (track, files) in enumerate(reversed(list(zip(sheet.tracks, pictures, strict=True))), 1)
    ]
    clip = {
        "name": name, "width": size[1], "height": size[0], "framerate": sheet.fps or USUAL_FPS,
        "pixelaspectratio": 1.0, "image-count": sheet.frames, "bg": {"red": 255, "green": 255, "blue": 255},
        "layers": layers,
    }  # fmt: skip
    suffix = next((PurePosixPath(file).suffix for files in pictures for file in files.values()), ".png")
    project = {"format": {"extension": suffix.removeprefix(".")}, "clip": clip}
    document = {"version": {"major": 5, "minor": 1}, "project": project}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _describe_layer(track: Track, files: Mapping[int, str], position: int) -> dict[str, Any]:
    """Describe a layer: one link for each drawing, with all frames at which it begins to be shown."""
    shown: list[int | None] = []
    for number in track.exposures:
        known = number is None or number in files
        shown.append(number if known else shown[-1] if shown else None)
    whole = Track(track.name, tuple(shown))
    seen = [frame for frame, number in enumerate(shown) if number is not None]
    start, end = (seen[0], seen[-1]) if seen else (0, -1)
    begins: dict[int | None, list[int]] = {}
    for frame, number in _list_changes(whole):
        if frame <= end:
            begins.setdefault(number, []).append(frame)
    # What OpenToonz names a frame in which nothing is shown: picture 0, which does not exist.
    nothing = str(PurePosixPath(next(iter(files.values()), "0000.png")).with_name("0000.png"))
    link = [
        {
            "instance-index": frames[0],
            "instance-name": "0" if number is None else str(number) if number else "00",
            "file": nothing if number is None else files[number],
            "images": frames,
        }
        for number, frames in begins.items()
    ]
    return {
        "name": track.name, "position": position, "visible": True, "opacity": 255, "start": start, "end": end,
        "pre-behavior": 0, "post-behavior": 0, "blending-mode": "Color", "link": link, "repeat": [],
    }  # fmt: skip
