"""A contact sheet of curated art: each picture as in training, to judge by eye."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.histogram import bin_colors, color_histogram
from framecolor.errors import ReadError
from framecolor.training.contact_sheet import write_contact_sheet
from framecolor.training.curate.picture import ArtItem
from framecolor.training.curate.shards import ArtShards
from framecolor.training.simulate_hints import draw_strokes, sample_flats, white_out

_AROUND = 128
# Bins with a smaller share are left out of the strip.
_LEAST_SHARE = 0.004

Picture = NDArray[np.uint8]


def write_art_sheet(data: Path, path: Path, *, source: str | None, rows: int, size_px: int, seed: int) -> None:
    """Write one PNG with a row for each of `rows` pictures, spread over the set.

    A row shows color, flats, the lines of each method, and the hints: whited out and blurred, strokes, dots from the
    flats, the histogram as a strip. Raises ReadError if `data` is not curated art or does not have the source.
    """
    shards = ArtShards(data)
    records = [record for record in shards.records if source in (None, record.source)]
    if not records:
        names = ", ".join(row["name"] for row in shards.table["sources"])
        raise ReadError(data, f"has no source {source}", f"choose one of {names}")
    chosen = np.linspace(0, len(records) - 1, min(rows, len(records))).round().astype(int)
    pictures = [
        draw_row(shards.read(records[place]), size_px, np.random.default_rng([seed, row]))
        for row, place in enumerate(chosen)
    ]
    write_contact_sheet(pictures, path)


def draw_row(item: ArtItem, size_px: int, rng: np.random.Generator) -> list[Picture]:
    """Draw the pictures of one row, uint8, `size_px` a side each."""
    color = item.color.astype(np.float32) / np.float32(255)
    strokes = draw_strokes(*item.size, rng, fewest=15)[..., None]
    dots, marked = sample_flats(item.flat, item.palette, rng)
    row = [item.color, item.palette[item.flat]]
    row += [np.where(line, np.uint8(0), np.uint8(255))[..., None].repeat(3, axis=2) for line in item.lines.values()]
    row += [_to_bytes(white_out(color, rng))]
    row += [_to_bytes(color * strokes + 1 - strokes), _to_bytes(dots + 1 - marked[..., None])]
    return [*(_frame(picture, size_px) for picture in row), draw_strip(color_histogram(item.color), size_px)]


def draw_strip(histogram: NDArray[np.float32], size_px: int) -> Picture:
    """Draw a histogram as bands of its bins' colors, uint8 SxSx3; a band's height is its share."""
    order = np.argsort(-histogram, kind="stable")
    order = order[histogram[order] >= _LEAST_SHARE]
    ends = np.cumsum(histogram[order]) / max(float(histogram[order].sum()), 1e-9)
    place = np.searchsorted(ends, (np.arange(size_px) + 0.5) / size_px).clip(0, max(len(order) - 1, 0))
    colors = bin_colors()[order[place]] if len(order) else np.full((size_px, 3), 255, np.uint8)
    return np.ascontiguousarray(np.broadcast_to(colors[:, None], (size_px, size_px, 3)))


def _to_bytes(picture: NDArray[np.floating]) -> Picture:
    return (picture.clip(0, 1) * 255).round().astype(np.uint8)


def _frame(picture: Picture, size_px: int) -> Picture:
    """Center a picture of any shape in a gray square."""
    height, width = picture.shape[:2]
    scale = size_px / max(height, width)
    height, width = max(1, round(height * scale)), max(1, round(width * scale))
    framed = np.full((size_px, size_px, 3), _AROUND, np.uint8)
    top, left = (size_px - height) // 2, (size_px - width) // 2
    framed[top : top + height, left : left + width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return framed
