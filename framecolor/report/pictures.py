"""Pictures of the report, as data URIs: small enough for a contact sheet, lines always visible."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.errors import FramecolorError
from framecolor.media import read_image
from framecolor.media.sequence import find_sequence, is_pattern, parse_pattern
from framecolor.report.marks import Crop
from framecolor.report.sidecar import FrameRecord, ShotRecord

THUMBNAIL_PX = 320
LARGE_PX = 1100
# Past this many drawings thumbnails are halved, so that a long shot's report still opens at once.
_MANY_DRAWINGS = 240
_QUALITY = {THUMBNAIL_PX: 78, LARGE_PX: 84}


@dataclass(frozen=True)
class Pictures:
    """Data URIs of one frame; empty where there is nothing to show. `large` is made only where it is asked for."""

    thumbnail: str
    large: str


class PictureReader:
    """Makes the pictures of a shot's frames; may be called from several threads at once."""

    def __init__(self, out_dir: Path, record: ShotRecord) -> None:
        self._out_dir = out_dir
        self._lines_over = record.settings.get("line", "over") == "over"
        self._drawings = _list_drawings(out_dir, record.line_dir)
        self._size = record.height, record.width
        drawn = len(record.with_status("key", "painted", "failed"))
        self._thumbnail_px = THUMBNAIL_PX if drawn <= _MANY_DRAWINGS else THUMBNAIL_PX // 2

    def read(self, frame: FrameRecord, large: Crop | None) -> Pictures:
        """Pictures of a frame: painted with its lines, or the bare drawing where it failed; `large` is the part that
        the large one shows. Never raises for a file that is missing or broken: a report must come out when frames did
        not."""
        rgba = self._compose(frame)
        if rgba is None:
            return Pictures("", "")
        thumbnail = encode_webp(rgba, self._thumbnail_px, _QUALITY[THUMBNAIL_PX])
        if large is None or rgba.shape[:2] != self._size:
            return Pictures(thumbnail, "")
        part = rgba[large.y : large.y + large.height, large.x : large.x + large.width]
        return Pictures(thumbnail, encode_webp(part, LARGE_PX, _QUALITY[LARGE_PX]))

    def _compose(self, frame: FrameRecord) -> NDArray[np.uint8] | None:
        # The name is data from a file: only the part after the last slash is ever opened.
        name = re.split(r"[\\/]", frame.file)[-1]
        painted = None if frame.status == "failed" else _read(self._out_dir / name)
        if painted is not None and self._lines_over:
            return painted
        layer = self._out_dir / "line" / name
        drawing = _read(layer if layer.is_file() else self._drawings.get(frame.number))
        if painted is None or drawing is None or drawing.shape != painted.shape:
            return drawing if painted is None else painted
        return _lay_over(drawing, painted)


def _read(path: Path | None) -> NDArray[np.uint8] | None:
    if path is None or not path.is_file():
        return None
    try:
        return read_image(path)
    except (FramecolorError, OSError, ValueError):
        return None


def _list_drawings(out_dir: Path, line_dir: str) -> dict[int, Path]:
    """Line drawings by frame number; `line_dir` is a folder or a sequence pattern, relative to the output. None for a
    movie, or where the line art is not at hand any more."""
    place = out_dir / line_dir
    try:
        if line_dir and is_pattern(place):
            return find_sequence(place.parent, parse_pattern(place))
        return find_sequence(place) if line_dir and place.is_dir() else {}
    except FramecolorError:
        return {}


def _lay_over(drawing: NDArray[np.uint8], painted: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The drawing over the paint. A drawing on opaque white multiplies: its white vanishes."""
    under, over = painted.astype(np.float32) / 255, drawing.astype(np.float32) / 255
    if drawing[..., 3].min() == 255:
        ink = 1 - over[..., :3].min(axis=2, keepdims=True)
        rgb, alpha = under[..., :3] * over[..., :3], np.maximum(under[..., 3:], ink)
    else:
        ink, base = over[..., 3:], under[..., 3:] * (1 - over[..., 3:])
        alpha = ink + base
        rgb = (over[..., :3] * ink + under[..., :3] * base) / np.maximum(alpha, 1e-6)
    return np.rint(np.concatenate([rgb, alpha], axis=2) * 255).astype(np.uint8)


def encode_webp(rgba: NDArray[np.uint8], long_side_px: int, quality: int) -> str:
    """Data URI of a picture (HxWx4 straight RGBA), shrunk to a long side of at most `long_side_px`."""
    height, width = rgba.shape[:2]
    scale = min(1.0, long_side_px / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        # Averaging weighted by alpha keeps the color of see-through pixels out of the edges.
        premultiplied = rgba.astype(np.float32)
        premultiplied[..., :3] *= premultiplied[..., 3:] / 255
        small = cv2.resize(premultiplied, size, interpolation=cv2.INTER_AREA)
        small[..., :3] *= 255 / np.maximum(small[..., 3:], 1)
        rgba = np.clip(np.rint(small), 0, 255).astype(np.uint8)
    bgra = cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA) if rgba[..., 3].min() < 255 else rgba[..., 2::-1]
    encoded = cv2.imencode(".webp", np.ascontiguousarray(bgra), [cv2.IMWRITE_WEBP_QUALITY, quality])[1]
    return "data:image/webp;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")
