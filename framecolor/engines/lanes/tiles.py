"""Pictures too large for a device, cut into tiles that overlap; what is kept of each is its core.

How far a generator sees is finite: 92 px for five levels. Cores that stay so far from the tiles' inner edges come out
as in the whole picture, at the price of computing the margins twice: tiles of 512 px compute up to two and a half times
as much as the picture alone, of 384 px four times. Smaller margins are cheaper and close
(tests/engines/test_tiles.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from framecolor.networks.view import Cells

# Sides of tiles, tried from the largest that is smaller than the picture: multiples of what generators take.
SIDES_PX = (1024, 768, 512, 384, 256, 128)


@dataclass(frozen=True)
class Span:
    """One axis of a tile in pixels: it covers [begin, end), and [keep, until) of that is its core."""

    begin: int
    end: int
    keep: int
    until: int


@dataclass(frozen=True)
class Tile:
    """A rectangle of a picture, and its core. Cores of all tiles are the picture, without overlap."""

    rows: Span
    columns: Span

    def crop(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the tile covers of a picture [C, H, W]."""
        return planes[:, self.rows.begin : self.rows.end, self.columns.begin : self.columns.end]

    def paste(self, picture: NDArray[np.float32], tile: NDArray[np.float32], stride: int = 1) -> None:
        """Write the core of the tile's map [C, h, w] to the picture's; one value for `stride` pixels a side."""
        r, c = self.rows, self.columns
        core = tile[
            :,
            (r.keep - r.begin) // stride : (r.until - r.begin) // stride,
            (c.keep - c.begin) // stride : (c.until - c.begin) // stride,
        ]
        picture[:, r.keep // stride : r.until // stride, c.keep // stride : c.until // stride] = core

    def select(self, cells: Cells, columns: int, stride: int = 1) -> Cells:
        """The reads in the tile's core, as reads of the tile's own map; `columns` are those of the picture's map.

        Sums over all tiles are those over the picture.
        """
        r, c = self.rows, self.columns
        y, x = np.divmod(cells.index, columns)
        inside = (y >= r.keep // stride) & (y < r.until // stride) & (x >= c.keep // stride) & (x < c.until // stride)
        own_columns = (c.end - c.begin) // stride
        index = (y - r.begin // stride) * own_columns + x - c.begin // stride
        before = np.concatenate([[0], np.cumsum(inside)])
        return Cells(index[inside].astype(np.int32), cells.weight[inside], before[cells.starts].astype(np.int32))


def reach_px(levels: int) -> int:
    """How far away a pixel can be and still count for a generator's features: two 3x3 convolutions on each level down
    and up, the pixels of a level being twice as large as those of the one above."""
    return 2 * (2**levels - 1) + 2 * (2 ** (levels - 1) - 1)


def choose_margin(side: int, levels: int, multiple: int) -> int:
    """The margin of tiles: all that counts, or what leaves a core of a quarter of the side where that is less."""
    return min(-(-reach_px(levels) // multiple) * multiple, side * 3 // 8)


def cut(height: int, width: int, side: int, margin: int, multiple: int = 16) -> list[Tile]:
    """Tiles of `side` pixels, less where the picture is smaller; all of one size, row by row.

    margin    how far cores stay from the tiles' inner edges, at least
    multiple  of height, width and side, and so of where tiles begin: pooling then meets the same pixels as in the
              whole picture. Raises ValueError for what is none.
    """
    if height % multiple or width % multiple or side % multiple:
        raise ValueError(f"{height} x {width} in tiles of {side}: not all multiples of {multiple}")
    step = (side - 2 * margin) // multiple * multiple
    if step <= 0:
        raise ValueError(f"tiles of {side} px have no core between margins of {margin} px")
    return [Tile(rows, columns) for rows in _cut_axis(height, side, step) for columns in _cut_axis(width, side, step)]


def stitch(tiles: Sequence[Tile], maps: Sequence[NDArray[np.float32]], height: int, width: int) -> NDArray[np.float32]:
    """The map [C, height, width] of a picture from those of its tiles, [C, h, w] each."""
    picture = np.empty((maps[0].shape[0], height, width), np.float32)
    for tile, values in zip(tiles, maps, strict=True):
        tile.paste(picture, values)
    return picture


def _cut_axis(length: int, side: int, step: int) -> list[Span]:
    side = min(side, length)
    begins = [*range(0, length - side, step), length - side]
    # Between two tiles the cores meet in the middle of what both cover.
    borders = [0, *((a + side + b) // 8 * 4 for a, b in pairwise(begins)), length]
    return [Span(a, a + side, keep, until) for a, keep, until in zip(begins, borders[:-1], borders[1:], strict=True)]
