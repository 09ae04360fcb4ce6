"""Find keys that are moved or scaled against their drawing, and align them.

In a key of its drawing, colors change along the drawing's lines and hardly anywhere else. The share of a key's color
borders that lie on lines is above 0.75 in real clips, and at most 0.6 between a key and another drawing of its shot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color, measure_difference
from framecolor.core.types import Frame

Mask = NDArray[np.uint8]
Rgba = NDArray[np.uint8]

# Neighboring pixels that differ by more levels lie on two sides of a border.
_BORDER_LEVELS = 40
_FEWEST_BORDER_PX = 40
# A key with this share of its borders on lines fits as it is.
_FITS = 0.7
# Another place is sure if its share is at least this, and so much above that of the key's own place, and of all others.
_SURE = 0.75
_GAIN = 0.15
# A key does not belong to its drawing if both shares, of its borders and of the drawing's lines, are below this.
_STRANGE = 0.45
# Moves of so many pixels are told apart from none only by the exact edges of lines.
_NUDGE_PX = 3
_NUDGE_GAIN = 0.1
# Width and height of a resized key may be rounded by this share.
_SHAPE_ERROR = 0.01
# The neighborhood of the best move, which is nearly as good.
_PEAK_PX = 6
# All scales are tried on pictures of the first size, those near the best one on larger pictures.
_SIZES_PX = (256, 512)
_LARGEST_PX = 1024
# Pictures that are larger together would take gigabytes of memory: only smaller copies of them are compared.
_MOST_PX = 1 << 26
_SCALES = tuple(round(float(s), 4) for s in np.geomspace(0.4, 2.5, 93))


@dataclass(frozen=True)
class Alignment:
    """Where a key's content lies: a point p of the drawing is at scale * p + (x, y) in the key.

    fit      share of the key's borders on lines after aligning
    before   the same share before
    is_sure  whether a key may be aligned by it without asking
    """

    scale: float
    x: int
    y: int
    fit: float
    before: float
    is_sure: bool

    @property
    def moved(self) -> str:
        """Name the change: 'moved by 14, 9', 'scaled to 98.5 % and moved by 14, 9'."""
        moved = f"moved by {self.x}, {self.y}"
        if self.scale == 1:
            return moved
        scaled = f"scaled to {100 * self.scale:.4g} %"
        return f"{scaled} and {moved}" if self.x or self.y else scaled


def find_alignment(painted: Rgba, frame: Frame) -> Alignment | None:
    """Compare a key, uint8 HxWx4, with its drawing. Returns None if it fits as it is, or shows too little to tell.

    An alignment that is not sure means that the key does not fit its drawing at any place or scale that was tried.
    """
    borders = find_borders(painted)
    if np.count_nonzero(borders) < _FEWEST_BORDER_PX or np.count_nonzero(frame.lines) < _FEWEST_BORDER_PX:
        return None
    lines = _dilate(frame.lines.view(np.uint8))
    same_size = painted.shape[:2] == frame.size
    before = _share(borders, lines) if same_size else 0.0
    if before >= _FITS:
        return _nudge(borders, frame)
    moved = _shift(borders, lines, before)
    found = moved
    if found is None or not found.is_sure:
        found = _resize_to(painted, lines, before)
    if found is None or not found.is_sure:
        found = _find_scale(painted, lines, before)
    if found is not None and found.is_sure:
        return found
    covered = _share(lines, _dilate(borders)) if same_size else 0.0
    if same_size and (before >= _STRANGE or covered >= _STRANGE):
        return None
    best = max((one for one in (moved, found) if one is not None), key=lambda one: one.fit, default=None)
    return best or Alignment(1.0, 0, 0, before, before, is_sure=False)


def align(painted: Rgba, alignment: Alignment, size: tuple[int, int]) -> Rgba:
    """Move a key, uint8 HxWx4, onto its drawing of `size` (height, width); colors stay exact, new border is paper."""
    a = alignment
    matrix = np.array([[a.scale, 0, a.x], [0, a.scale, a.y]], np.float32)
    edge = np.concatenate([painted[0], painted[-1], painted[:, 0], painted[:, -1]])
    colors, counts = np.unique(edge, axis=0, return_counts=True)
    paper = tuple(int(level) for level in colors[counts.argmax()])
    out = cv2.warpAffine(
        painted, matrix, (size[1], size[0]), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT, borderValue=paper,
    )  # fmt: skip
    return np.asarray(out, np.uint8)


def find_borders(painted: Rgba) -> Mask:
    """Find the pixels on both sides of each color border of a key, 0 or 1, uint8 HxW."""
    rgb = lay_over_color(painted)
    borders = np.zeros(rgb.shape[:2], np.uint8)
    if rgb.shape[1] > 1:  # OpenCV returns None for empty pictures
        beside = measure_difference(rgb[:, :-1], rgb[:, 1:]) > _BORDER_LEVELS
        borders[:, 1:] |= beside
        borders[:, :-1] |= beside
    if rgb.shape[0] > 1:
        below = measure_difference(rgb[:-1], rgb[1:]) > _BORDER_LEVELS
        borders[1:] |= below
        borders[:-1] |= below
    return borders


def _dilate(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)), np.uint8)


def _share(borders: Mask, lines: Mask) -> float:
    """Measure the share of border pixels that lie on lines."""
    return np.count_nonzero(borders & lines) / max(1, np.count_nonzero(borders))


def _nudge(borders: Mask, frame: Frame) -> Alignment | None:
    """Find a move of a few pixels, which the margin around the lines hides; None if the key lies best as it is.

    Only a key with the drawing's lines tells: then its borders are those of the lines.
    """
    edges = find_borders(frame.ink)
    reach = range(-_NUDGE_PX, _NUDGE_PX + 1)
    shares = {(x, y): _share(_moved(borders, x, y), edges) for x in reach for y in reach}
    (x, y), best = max(shares.items(), key=lambda item: item[1])
    if best < _SURE or best < shares[0, 0] + _NUDGE_GAIN:
        return None
    return Alignment(1.0, x, y, best, shares[0, 0], is_sure=True)


def _moved(mask: Mask, x: int, y: int) -> Mask:
    """Move a mask back by (x, y), that is, to where it belongs if it was moved by it."""
    height, width = mask.shape
    out = np.zeros_like(mask)
    out[max(0, -y) : height - max(0, y), max(0, -x) : width - max(0, x)] = mask[
        max(0, y) : height + min(0, y), max(0, x) : width + min(0, x)
    ]
    return out


def _shift(borders: Mask, lines: Mask, before: float, scale: float = 1.0) -> Alignment | None:
    """Find the move of the borders against the lines by cross-correlation; None if it is not the only good one."""
    height, width = (a + b for a, b in zip(borders.shape, lines.shape, strict=True))
    if height * width > _MOST_PX:
        return None
    shape = cv2.getOptimalDFTSize(height), cv2.getOptimalDFTSize(width)
    overlap = cv2.mulSpectrums(_transform(borders, shape), _transform(lines, shape), 0, conjB=True)
    overlap = cv2.idft(overlap, flags=cv2.DFT_SCALE)
    y, x = (int(i) for i in np.unravel_index(overlap.argmax(), shape))
    best = float(overlap[y, x])
    near = np.arange(-_PEAK_PX, _PEAK_PX + 1)
    overlap[np.ix_((y + near) % shape[0], (x + near) % shape[1])] = 0
    total = max(1, int(np.count_nonzero(borders)))
    if best - float(overlap.max()) < _GAIN * total:
        return None
    y, x = (v - n if v >= m else v for v, n, m in zip((y, x), shape, borders.shape, strict=True))
    fit = best / total
    return Alignment(scale, x, y, fit, before, fit >= max(_SURE, before + _GAIN))


def _transform(mask: Mask, shape: tuple[int, int]) -> NDArray[np.float32]:
    padded = np.zeros(shape, np.float32)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return np.asarray(cv2.dft(padded), np.float32)


def _resize_to(painted: Rgba, lines: Mask, before: float) -> Alignment | None:
    """Find the move of a key that was saved at another size of the same shape; None if its shape differs."""
    scale = painted.shape[0] / lines.shape[0]
    if scale == 1 or abs(painted.shape[1] / lines.shape[1] / scale - 1) > _SHAPE_ERROR:
        return None
    return _shift(find_borders(_resize(painted, 1 / scale)), lines, before, scale)


def _find_scale(painted: Rgba, lines: Mask, before: float) -> Alignment | None:
    """Find scale and move of a key: by small pictures first, then by larger ones. None if there is no clear one."""
    best: Alignment | None = None
    shrink = 1.0
    longest = max(lines.shape)
    scales, step = _SCALES, _SCALES[1] / _SCALES[0] - 1
    for size in (*(size for size in _SIZES_PX if size < longest), min(longest, _LARGEST_PX)):
        shrink = size / longest
        small = lines if shrink == 1 else _shrink(lines, shrink)
        first = min(1.0, shrink / scales[0])  # the largest that is needed, so that the others are quickly made of it
        larger = _resize(painted, first)
        resized = (find_borders(_resize(larger, shrink / scale / first)) for scale in scales)
        moves = (_shift(one, small, before, scale) for one, scale in zip(resized, scales, strict=True))
        best = max((one for one in moves if one is not None), key=lambda one: one.fit, default=None)
        if best is None:
            return None
        step /= 3
        scales = tuple(best.scale * (1 + step * i) for i in range(-3, 4))
    assert best is not None
    enlarge = best.scale / shrink
    return replace(best, scale=round(best.scale, 4), x=round(best.x * enlarge), y=round(best.y * enlarge))


def _shrink(lines: Mask, factor: float) -> Mask:
    small = cv2.resize(lines * 255, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return _dilate((np.asarray(small, np.uint8) > 60).view(np.uint8))


def _resize(painted: Rgba, factor: float) -> Rgba:
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(painted, None, fx=factor, fy=factor, interpolation=way), np.uint8)
