"""Sheets of other programs for the tests, with their pictures: exports of TVPaint and Krita, SXF, TDTS."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drawings import draw
from timesheets import describe_xdts

from framecolor.media import write_image
from framecolor.shot.sheets.xdts import TDTS_SIGNATURE

Pictures = Sequence[Sequence[str]]


def describe_layer(name: str, position: int, starts: Sequence[int], end: int, **changes: Any) -> dict[str, Any]:
    """A layer of TVPaint's JSON: an instance at each of these frames, named as TVPaint names its pictures."""
    folder = f"[{position:03d}] {name}"
    link = [
        {"instance-index": start, "instance-name": str(count), "images": [start],
         "file": f"{folder}/[{start + 1:04d}] {name}.png"}
        for count, start in enumerate(starts, 1)
    ]  # fmt: skip
    return {
        "name": name, "position": position, "visible": True, "opacity": 255, "start": 0, "end": end,
        "pre-behavior": 0, "post-behavior": 0, "blending-mode": "Color", "link": link, "repeat": [],
    } | changes  # fmt: skip


def describe_tvpaint(frames: int, *layers: dict[str, Any], **clip: Any) -> dict[str, Any]:
    """TVPaint's JSON of a clip; the first layer is the uppermost."""
    about = {"name": "clip", "width": 128, "height": 96, "framerate": 24.0, "image-count": frames}
    camera = {"points": [], "positions": []}
    return {
        "version": {"major": 5, "minor": 1},
        "project": {
            "camera": {"width": 128, "height": 96},
            "clip": about | {"camera": camera, "layers": layers} | clip,
        },
    }


def write_json(path: Path, table: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(table, ensure_ascii=False, indent=1), "utf-8")
    return path


def format_export(
    names: Sequence[str], rows: Sequence[Sequence[str]], first: int = 1, **heads: Sequence[object]
) -> str:
    """TVPaint's CSV; Krita counts its frames from 0."""
    count = f'"clip", 128, 96, {len(rows)}, {len(names)}, 24.000000, 1.000000, Progressive'
    about = "Project Name, Width, Height, Frame Count, Layer Count, Frame Rate, Pixel Aspect Ratio, Field Mode"
    heads = {"Density": [1.0] * len(names), "Blending": ['"Color"'] * len(names), "Visible": [1] * len(names)} | heads
    lines = ['UTF-8, TVPaint, "CSV 1.0"', about, count, ", ".join(["#Layers", *(f'"{name}"' for name in names)])]
    lines += [", ".join([f"#{head}", *map(str, values)]) for head, values in heads.items()]
    lines += [", ".join([f"#{n:05d}", *(f'"{cell}"' for cell in row)]) for n, row in enumerate(rows, first)]
    return "\r\n".join(lines) + "\r\n"


def draw_pictures(root: Path, files: Sequence[str]) -> None:
    """Draw a figure that walks on from each picture to the next."""
    for step, file in enumerate(files):
        write_image(root / file, draw(step)[0])


def paint_key(root: Path, layer: str, file: str, step: int = 0) -> None:
    """Paint the key of a layer's picture, which keeps its name."""
    write_image(root / "keys" / layer / Path(file).name, draw(step)[1])


def make_tvpaint_cut(root: Path) -> Path:
    """A clip of 12 frames: A on fours, B2 on sixes and held to the end, a hidden layer ROUGH; a key of A and of B2."""
    layers = [
        describe_layer("ROUGH", 1, [0], 11, visible=False),
        describe_layer("A", 2, [0, 4, 8], 11),
        describe_layer("B2", 3, [0, 6], 8, opacity=128, **{"post-behavior": 3, "blending-mode": "Multiply"}),
    ]
    for layer in layers:
        draw_pictures(root, [item["file"] for item in layer["link"]])
        if layer["visible"]:
            paint_key(root, layer["name"], layer["link"][0]["file"])
    moves = {"camera": {"points": [{"frame": 1, "x": 0}], "positions": []}}
    write_json(root / "clip.json", describe_tvpaint(12, *layers, **moves))
    return root


def make_tvpaint_csv_cut(root: Path) -> Path:
    """The same clip without ROUGH, as CSV: TVPaint writes rows of changes, and leaves out what shows nothing, as A in
    the last frame."""
    a = [f"[001][{frame:05d}] {name}.png" for frame, name in ((1, "1"), (5, "arisu,2"), (9, "A"))]
    b = [f"[002][{frame:05d}] B2.png" for frame in (1, 7)]
    rows = {1: [a[0], b[0]], 5: [a[1], b[0]], 7: [a[1], b[1]], 9: [a[2], b[1]], 12: [b[1]]}
    draw_pictures(root / "clip.layers/[001] A", a)
    draw_pictures(root / "clip.layers/[002] B2", b)
    paint_key(root, "A", a[0])
    paint_key(root, "B2", b[0])
    folders = [f'"X:\\out\\clip.layers\\{name}"' for name in ("[001] A", "[002] B2")]
    text = format_export(["A", "B2"], list(rows.values()), Folder=folders)
    for number, frame in reversed(list(enumerate(rows, 1))):
        text = text.replace(f"#{number:05d}", f"#{frame:05d}")
    (root / "clip.csv").write_text(text.replace("128, 96, 5, 2", "128, 96, 12, 2"), "utf-8")
    return root


def make_krita_cut(root: Path) -> Path:
    """A document of one layer and 6 frames as Krita writes it: counted from 0, nothing shown in frame 4."""
    files = [f"frame00001-{frame:05d}.png" for frame in (0, 2, 5)]
    shown = (files[0], files[0], files[1], files[1], "", files[2])
    draw_pictures(root / "walk.frames", files)
    paint_key(root, "Layer 1", files[0])
    (root / "walk.csv").write_text(format_export(["Layer 1"], [[file] for file in shown], 0), "utf-8")
    return root


Cell = tuple[int, str]


def format_sxf(
    frames: int, cels: Mapping[str, Sequence[Cell]], keys: Mapping[str, Sequence[Cell]] | None = None, *,
    fps: int = 24, memo: str = "", hidden: Sequence[str] = (), sound: bytes = b"", encoding: str = "utf-8",
) -> bytes:  # fmt: skip
    """SXF: of each column its cells (mark, digits), one for each frame."""
    properties = struct.pack(">HIIHIII", 7, frames, len(cels), fps, 1, 0, 1) + struct.pack(">3I", 0, 0, 1)
    properties += struct.pack(">HHH7H7I", 1, 6, 144, *range(7), *range(7))
    text = memo.encode(encoding)
    blocks = [(1, properties), (2, struct.pack(">H", len(text)) + text + bytes(4))]
    blocks += [(3, _columns(keys or {}, hidden, encoding)), (4, _columns(cels, hidden, encoding))]
    blocks += [(5, struct.pack(">I", 6) + (sound or bytes(6 * frames))), (6, bytes(2)), (7, bytes(8))]
    body = b"".join(struct.pack(">BBI", 0xFF, block, len(data)) + data for block, data in blocks)
    return b"WBSC" + struct.pack(">I", 0x01000007) + body


def _columns(columns: Mapping[str, Sequence[Cell]], hidden: Sequence[str], encoding: str) -> bytes:
    found = b""
    for name, cells in columns.items():
        own = name.encode(encoding)
        data = struct.pack(">H", len(own)) + own + struct.pack(">II", name not in hidden, 10)
        data += b"".join(struct.pack(">H8s", mark, digits.encode()) for mark, digits in cells)
        found += struct.pack(">I", len(data)) + data
    return found


def describe_tdts(duration: int, cels: Mapping[str, Any], keys: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """TDTS of version 11: field 0 holds the key drawings, field 4 all drawings."""
    table = describe_xdts(duration, keys or {})["timeTables"][0]
    other = describe_xdts(duration, cels)["timeTables"][0]
    for part in ("fields", "timeTableHeaders"):
        table[part] += [one | {"fieldId": 4} for one in other[part]]
    return {"timeSheets": [{"header": {"cut": "5", "scene": "1"}, "timeTables": [table]}], "version": 11}


def write_tdts(path: Path, table: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{TDTS_SIGNATURE}\n{json.dumps(table, ensure_ascii=False)}", "utf-8")
    return path
