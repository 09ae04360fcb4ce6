"""Pictures of the report, small enough for a contact sheet, always with lines: as data URIs, or as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import LINES_OVER
from framecolor.core.compositing import lay_over
from framecolor.media.levels.member import find_frame
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import LINE_FOLDER, Manifest
from framecolor.report.lines import LineDrawing, read_or_none
from framecolor.report.marks import Crop
from framecolor.report.region_map import build_map
from framecolor.report.webp import LARGE_PX, THUMBNAIL_PX, encode_webp, encode_webp_file

# Thumbnails of more drawings than this have half the size, so that a long shot's report opens quickly.
_MANY_DRAWINGS = 240
_QUALITY = {THUMBNAIL_PX: 78, LARGE_PX: 84}


Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Pictures:
    """The pictures of one frame as data URIs, and `map`, its regions as JSON (`region_map`); "" if there is none."""

    thumbnail: str
    large: str
    map: str = ""


class PictureReader:
    """Makes the pictures of a shot's frames. Thread-safe."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._lines_over = manifest.settings.get("line", "over") in LINES_OVER
        self._size = manifest.height, manifest.width
        count = len(manifest.with_status("key", "painted", "failed"))
        self._thumbnail_px = THUMBNAIL_PX if count <= _MANY_DRAWINGS else THUMBNAIL_PX // 2

    def read(self, frame: FrameEntry, drawing: LineDrawing, large: Crop | None, mapped: bool = False) -> Pictures:
        """Make the pictures of a frame: paint with lines, or the bare drawing if the frame failed.

        large   part of the frame for a large picture; None for no large picture
        mapped  whether to make the map

        Missing and broken files give no picture and raise nothing, so that a report of failed frames can be written.
        """
        out, painted = self._manifest.out, self._read_painted(frame)
        lines = drawing.read() if mapped or painted is None or not self._lines_over else None
        rgba = self._compose(painted, lines, out / LINE_FOLDER / Path(frame.file).name)
        if rgba is None:
            return Pictures("", "")
        thumbnail = encode_webp(rgba, self._thumbnail_px, _QUALITY[THUMBNAIL_PX])
        if rgba.shape[:2] != self._size:
            return Pictures(thumbnail, "")
        regions = self._map(frame, drawing, lines, painted) if mapped else ""
        if large is None:
            return Pictures(thumbnail, "", regions)
        return Pictures(thumbnail, encode_webp(large.cut(rgba), LARGE_PX, _QUALITY[LARGE_PX]), regions)

    def read_picture(self, frame: FrameEntry, drawing: LineDrawing, crop: Crop | None) -> bytes | None:
        """Make one picture of a frame, as `read` does: the part `crop`, large, or the thumbnail. Returns a WebP file.

        None if the frame or, for a part, its size is not there any more.
        """
        painted = self._read_painted(frame)
        lines = drawing.read() if painted is None or not self._lines_over else None
        rgba = self._compose(painted, lines, self._manifest.out / LINE_FOLDER / Path(frame.file).name)
        if rgba is None or (crop is not None and rgba.shape[:2] != self._size):
            return None
        if crop is None:
            return encode_webp_file(rgba, self._thumbnail_px, _QUALITY[THUMBNAIL_PX])
        return encode_webp_file(crop.cut(rgba), LARGE_PX, _QUALITY[LARGE_PX])

    def read_map(self, frame: FrameEntry, drawing: LineDrawing, settled: Pixels | None = None) -> str:
        """Make the map of a frame as JSON; "" if the frame or its drawing is missing. settled: as for `build_map`."""
        return self._map(frame, drawing, drawing.read(), self._read_painted(frame), settled)

    def _read_painted(self, frame: FrameEntry) -> Pixels | None:
        if not frame.is_inside or frame.status == "failed":
            return None
        return read_or_none(find_frame(self._manifest.out, frame.file))

    def _map(
        self,
        frame: FrameEntry,
        drawing: LineDrawing,
        lines: Pixels | None,
        painted: Pixels | None,
        settled: Pixels | None = None,
    ) -> str:
        if painted is None or lines is None or lines.shape != painted.shape or painted.shape[:2] != self._size:
            return ""
        return build_map(lines, painted, frame, self._manifest, drawing.hash(), settled)

    def _compose(self, painted: Pixels | None, lines: Pixels | None, layer: Path) -> Pixels | None:
        """Lay the lines over the paint; `layer` is the run's line layer, which may not exist."""
        if painted is not None and self._lines_over:
            return painted
        drawing = read_or_none(layer) if layer.is_file() else lines
        if painted is None or drawing is None or drawing.shape != painted.shape:
            return drawing if painted is None else painted
        return _lay_over(drawing, painted)


def _lay_over(drawing: NDArray[np.uint8], painted: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay a drawing over the paint. An opaque drawing on white is multiplied, so that its white vanishes."""
    if drawing[..., 3].min() < 255:
        return lay_over(drawing, painted)
    under, over = painted.astype(np.float32) / 255, drawing.astype(np.float32) / 255
    ink = 1 - over[..., :3].min(axis=2, keepdims=True)
    rgb, alpha = under[..., :3] * over[..., :3], np.maximum(under[..., 3:], ink)
    return np.rint(np.concatenate([rgb, alpha], axis=2) * 255).astype(np.uint8)
