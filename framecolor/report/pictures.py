"""Pictures of the report, as data URIs: small enough for a contact sheet, lines always visible."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import LINE_FOLDER, Manifest
from framecolor.report.lines import LineDrawing, read_or_none
from framecolor.report.marks import Crop
from framecolor.report.region_map import build_map
from framecolor.report.webp import LARGE_PX, THUMBNAIL_PX, encode_webp

# Past this many drawings thumbnails are halved, so that a long shot's report still opens at once.
_MANY_DRAWINGS = 240
_QUALITY = {THUMBNAIL_PX: 78, LARGE_PX: 84}


Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Pictures:
    """Of one frame, as data URIs; `map` is its regions as JSON (`region_map`). Empty where there is nothing to show;
    `large` and `map` are made only where they are asked for."""

    thumbnail: str
    large: str
    map: str = ""


class PictureReader:
    """Makes the pictures of a shot's frames; may be called from several threads at once."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._lines_over = manifest.settings.get("line", "over") == "over"
        self._size = manifest.height, manifest.width
        drawn = len(manifest.with_status("key", "painted", "failed"))
        self._thumbnail_px = THUMBNAIL_PX if drawn <= _MANY_DRAWINGS else THUMBNAIL_PX // 2

    def read(self, frame: FrameEntry, drawing: LineDrawing, large: Crop | None, mapped: bool = False) -> Pictures:
        """Pictures of a frame: painted with its lines, or the bare drawing where it failed; `large` is the part that
        the large one shows. Never raises for a file that is missing or broken: a report must come out when frames did
        not."""
        out = self._manifest.out
        painted = read_or_none(out / frame.file) if frame.is_inside and frame.status != "failed" else None
        lines = drawing.read() if mapped or painted is None or not self._lines_over else None
        rgba = self._compose(painted, lines, out / LINE_FOLDER / Path(frame.file).name)
        if rgba is None:
            return Pictures("", "")
        thumbnail = encode_webp(rgba, self._thumbnail_px, _QUALITY[THUMBNAIL_PX])
        if rgba.shape[:2] != self._size:
            return Pictures(thumbnail, "")
        regions = ""
        if mapped and painted is not None and lines is not None and lines.shape == painted.shape:
            regions = build_map(lines, painted, frame, self._manifest, drawing.hash())
        if large is None:
            return Pictures(thumbnail, "", regions)
        part = rgba[large.y : large.y + large.height, large.x : large.x + large.width]
        return Pictures(thumbnail, encode_webp(part, LARGE_PX, _QUALITY[LARGE_PX]), regions)

    def _compose(self, painted: Pixels | None, lines: Pixels | None, layer: Path) -> Pixels | None:
        """The paint with its lines; `layer` is the file of the lines that the run wrote, if it did."""
        if painted is not None and self._lines_over:
            return painted
        drawing = read_or_none(layer) if layer.is_file() else lines
        if painted is None or drawing is None or drawing.shape != painted.shape:
            return drawing if painted is None else painted
        return _lay_over(drawing, painted)


def _lay_over(drawing: NDArray[np.uint8], painted: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The drawing over the paint. A drawing on opaque white multiplies: its white vanishes."""
    if drawing[..., 3].min() < 255:
        return lay_over(drawing, painted)
    under, over = painted.astype(np.float32) / 255, drawing.astype(np.float32) / 255
    ink = 1 - over[..., :3].min(axis=2, keepdims=True)
    rgb, alpha = under[..., :3] * over[..., :3], np.maximum(under[..., 3:], ink)
    return np.rint(np.concatenate([rgb, alpha], axis=2) * 255).astype(np.uint8)
