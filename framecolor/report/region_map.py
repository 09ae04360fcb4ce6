"""Encode the regions of a drawing for the page, where they can be clicked and recolored.

A map is one block of bytes, little endian, deflated (zlib) and in base64:

    uint32     width and height of the label picture, width and height of the drawing, number of regions
    uint32     x of the innermost pixel of each region, then y of each region, in pixels of the drawing
    uint8 x 4  painted color of each region, straight RGBA
    uint8      the label picture as runs in reading order: the low, middle and high bytes of all lengths, then the low
               and high bytes of all labels, 1..count in regions and 0 on lines

The lines are a separate picture, which the page lays over the paint: a WebP for colored ink; for black ink its alpha,
uint8, of the label picture's size and deflated (hardly larger than a lossless WebP, in a tenth of the time).
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.drawing_number import number_to_json
from framecolor.core.run_length import Runs
from framecolor.core.types import Frame, Regions, is_colored
from framecolor.lineart.drawn import find_drawing_settings, read_lines, segment
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import Manifest
from framecolor.report.webp import LARGE_PX, encode_webp, shrink

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]

_INK_QUALITY = 80
# Step of alpha, out of 255: finer steps are invisible and take most of the size.
_INK_STEP = 17
# Larger than any depth, so that the color of a region is read under ink only if the region has no other pixel.
_INK_COST = np.float32(1000)
# In larger boxes only every fourth pixel of every fourth row is searched.
_LARGE_BOX_PX = 40_000


def build_map(
    drawing: Pixels,
    painted: Pixels,
    frame: FrameEntry,
    manifest: Manifest,
    digest: str,
    settled: Pixels | None = None,
) -> str:
    """Build a drawing's map as a JSON object.

    drawing, painted  uint8 HxWx4 of one size
    digest            hash of the drawing
    settled           colors of its regions, uint8 [count + 1, 4], that are newer than `painted`; None: those painted

    The object has `regions`, `ink` (a data URI if it is colored), `drawing` (its hash), `unsure`: the index of each
    unsure region of the frame, 0 if it was not found, and `before` and `origins` of the frame's entry.
    """
    settings = find_drawing_settings(manifest.settings)
    lines = read_lines(frame.number, drawing, settings)
    regions = segment(lines, settings)
    places, colors = _look_into(regions, lines, painted, np.array(manifest.palette, np.uint8).reshape(-1, 4))
    if settled is not None and len(settled) == len(colors):
        colors = np.where(settled[:, 3:] > 0, settled, 0).astype(np.uint8)
    return json.dumps(
        {
            "regions": _pack(regions, places, colors),
            "ink": _pack_ink(lines.ink),
            "drawing": digest,
            "unsure": _find_unsure(regions, frame),
            "before": None if frame.before is None else number_to_json(frame.before),
            "origins": frame.origins or (),
        }
    )


def _look_into(regions: Regions, lines: Frame, painted: Pixels, palette: Pixels) -> tuple[NDArray[np.uint32], Pixels]:
    """Find the innermost pixel (x, y) and the color of each region, [count + 1, 2] and [count + 1, 4].

    The color is read as far from lines as possible, in a pixel without ink. If ink covers all of a region, it is the
    nearest color of the palette.
    """
    depth = _measure_depth(regions.labels)
    clear = np.where(lines.ink[..., 3] > 0, depth - _INK_COST, depth)
    places, colors = np.zeros((regions.count + 1, 2), np.uint32), np.zeros((regions.count + 1, 4), np.uint8)
    for region, box in enumerate(regions.boxes.tolist()):
        if region > 0:
            x, y = places[region] = _find_highest(depth, regions.labels, region, box)
            if clear[y, x] < 0:
                x, y = _find_highest(clear, regions.labels, region, box)
            color = painted[y, x]
            if clear[y, x] < 0 and len(palette):
                color = palette[np.abs(palette.astype(int) - color).sum(axis=1).argmin()]
            colors[region] = color
    colors[colors[:, 3] < 128] = 0
    colors[:, 3] = np.where(colors[:, 3] > 0, 255, 0)
    return places, colors


def _find_highest(values: NDArray[np.float32], labels: Labels, region: int, box: Sequence[int]) -> tuple[int, int]:
    """Find the pixel (x, y) of a region with the highest of `values`, all above -2000; approximate in large boxes."""
    left, top, width, height = box
    for step in (4, 1) if width * height > _LARGE_BOX_PX else (1,):
        part = (slice(top, top + height, step), slice(left, left + width, step))
        inside = labels[part] == region
        if inside.any():
            y, x = divmod(int(np.where(inside, values[part], -2 * _INK_COST).argmax()), inside.shape[1])
            return left + step * x, top + step * y
    raise ValueError(f"region {region} is not in its box")


def _measure_depth(labels: Labels) -> NDArray[np.float32]:
    """Measure each pixel's distance to the nearest pixel outside its region, float32 HxW; 0 on lines.

    If regions touch without a line, the two pixels at their border have distance 0.
    """
    inner = (labels > 0).astype(np.uint8)
    across, down = labels[:, 1:] != labels[:, :-1], labels[1:] != labels[:-1]
    for pixels, differ in ((inner[:, 1:], across), (inner[:, :-1], across), (inner[1:], down), (inner[:-1], down)):
        pixels[differ] = 0
    depth = cv2.distanceTransform(inner, cv2.DIST_L2, 3)
    return np.asarray(depth, dtype=np.float32)


def _pack(regions: Regions, places: NDArray[np.uint32], colors: Pixels) -> str:
    height, width = regions.size
    small = shrink_labels(regions.labels, places)
    head = np.array([small.shape[1], small.shape[0], width, height, regions.count], "<u4")
    runs = Runs.pack(small)
    lengths, labels = runs.lengths.astype("<u4").view(np.uint8).reshape(-1, 4), runs.values.astype("<u2").view(np.uint8)
    parts = (head, places[1:].T.astype("<u4"), colors[1:], lengths[:, :3].T, labels.reshape(-1, 2).T)
    data = zlib.compress(b"".join(np.ascontiguousarray(part).tobytes() for part in parts), 9)
    return base64.b64encode(data).decode("ascii")


def _pack_ink(ink: Pixels) -> str:
    small = shrink(ink, LARGE_PX)
    alpha = (small[..., 3].astype(np.uint16) + _INK_STEP // 2) // _INK_STEP * _INK_STEP
    small[..., 3] = alpha
    if is_colored(small):
        return encode_webp(small, LARGE_PX, _INK_QUALITY)
    return base64.b64encode(zlib.compress(small[..., 3].tobytes(), 6)).decode("ascii")


def shrink_labels(labels: Labels, places: NDArray[np.uint32]) -> Labels:
    """Shrink a label picture to a long side of at most `LARGE_PX`, int32.

    places  innermost pixel (x, y) of each region

    Pixel (i, j) of the result is the drawing's pixel ((2 i + 1) W // 2 w, (2 j + 1) H // 2 h). A region without such a
    pixel gets the one that its innermost pixel falls on.
    """
    height, width = labels.shape
    scale = min(1.0, LARGE_PX / max(height, width))
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    rows, columns = (2 * np.arange(h) + 1) * height // (2 * h), (2 * np.arange(w) + 1) * width // (2 * w)
    small = labels[rows[:, None], columns]
    lost = np.flatnonzero(np.bincount(small.ravel(), minlength=len(places))[1:] == 0) + 1
    x, y = places[lost].astype(np.int64).T
    small[y * h // height, x * w // width] = lost
    return small


def _find_unsure(regions: Regions, frame: FrameEntry) -> Sequence[int]:
    shapes = zip(regions.area.tolist(), regions.boxes.tolist(), strict=True)
    known = {(area, *box): region for region, (area, box) in enumerate(shapes)}
    return [known.get((region.area, *region.box), 0) for region in frame.unsure]
