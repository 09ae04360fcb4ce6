"""Find keys that are moved, scaled or turned against their drawing, and align them.

In a key of its drawing, colors change along the drawing's lines and hardly anywhere else. The share of a key's color
borders that lie on lines is above 0.75 in real clips, and at most 0.6 between a key and another drawing of its shot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from framecolor.core.types import Frame
from framecolor.keys.alignment.overlap import (
    GAIN,
    Mask,
    Rgba,
    find_borders,
    find_move,
    measure_share,
    resize,
    shrink_lines,
    widen,
)
from framecolor.keys.alignment.turns import Pose, find_turn, seems_turned

_FEWEST_BORDER_PX = 40
# A key with this share of its borders on lines fits as it is.
_FITS = 0.7
# A moved key is not turned as well if it has this share of its borders on lines.
_FITS_WELL = 0.95
# Another place is sure if its share is at least this, and so much above that of the key's own place, and of all others.
_SURE = 0.75
# A turn of a key that nearly fits is sure if its share is so much above that of the key's own place.
_TURN_GAIN, _LEAST_TURN_DEGREES = 0.04, 0.15
# A key does not belong to its drawing if both shares, of its borders and of the drawing's lines, are below this.
_STRANGE = 0.45
# Moves of so many pixels are told apart from none only by the exact edges of lines.
_NUDGE_PX = 3
_NUDGE_GAIN = 0.1
# Width and height of a resized key may be rounded by this share.
_SHAPE_ERROR = 0.01
# All scales are tried on pictures of the first size, those near the best one on larger pictures.
_SIZES_PX = (256, 512)
_LARGEST_PX = 1024
_SCALES = tuple(round(float(s), 4) for s in np.geomspace(0.4, 2.5, 93))


@dataclass(frozen=True)
class Alignment:
    """Where a key's content lies: a point p of the drawing is at scale * turn(p) + (x, y) in the key.

    fit      share of the key's borders on lines after aligning
    before   the same share before
    is_sure  whether a key may be aligned by it without asking
    angle    of the turn around the picture's middle, in degrees, clockwise
    """

    scale: float
    x: float
    y: float
    fit: float
    before: float
    is_sure: bool
    angle: float = 0.0

    @property
    def is_resampled(self) -> bool:
        """Tell whether the aligned key has no sharp lines any more, as it was scaled or turned."""
        return self.scale != 1 or self.angle != 0

    @property
    def is_in_place(self) -> bool:
        """Tell whether the key's content lies where it should: only the picture has another size."""
        return not (self.is_resampled or self.x or self.y)

    @property
    def moved(self) -> str:
        """Name the change: 'moved by 14, 9', 'turned by 1.2 degrees and moved by 14, 9'."""
        changes = [
            *([f"scaled to {100 * self.scale:.4g} %"] if self.scale != 1 else ()),
            *([f"turned by {self.angle:.2g} degrees"] if self.angle else ()),
        ]
        x, y = round(self.x), round(self.y)
        if x or y or not changes:
            changes.append(f"moved by {x}, {y}")
        return " and ".join([", ".join(changes[:-1]), changes[-1]] if changes[1:] else changes)


def find_alignment(painted: Rgba, frame: Frame) -> Alignment | None:
    """Compare a key, uint8 HxWx4, with its drawing. Returns None if it fits as it is, or shows too little to tell.

    An alignment that is not sure means that the key does not fit its drawing at any place, scale or angle that was
    tried, or fits much better there, but not well.
    """
    borders = find_borders(painted)
    if np.count_nonzero(borders) < _FEWEST_BORDER_PX or np.count_nonzero(frame.lines) < _FEWEST_BORDER_PX:
        return None
    lines = widen(frame.lines.view(np.uint8))
    same_size = painted.shape[:2] == frame.size
    before = measure_share(borders, lines) if same_size else 0.0
    if before >= _FITS:
        turned = _turn_more(painted, lines, before) if seems_turned(borders, lines, before) else None
        return turned or _nudge(borders, frame)
    moved = _shift(borders, lines, before)
    found = moved
    if found is None or not found.is_sure:
        found = _resize_to(painted, lines, before)
    if found is None or not found.is_sure:
        found = _find_scale(painted, lines, before)
    if found is not None and found.is_sure:
        turned = _turn_more(painted, lines, found.fit) if found.fit < _FITS_WELL else None
        return found if turned is None else replace(turned, before=before)
    found = _turn(painted, lines, before) or found
    if found is not None and found.fit >= before + GAIN:
        return found
    covered = measure_share(lines, widen(borders)) if same_size else 0.0
    if same_size and (before >= _STRANGE or covered >= _STRANGE):
        return None
    best = max((one for one in (moved, found) if one is not None), key=lambda one: one.fit, default=None)
    return best or Alignment(1.0, 0, 0, before, before, is_sure=False)


def align(painted: Rgba, alignment: Alignment, size: tuple[int, int]) -> Rgba:
    """Move a key, uint8 HxWx4, onto its drawing of `size` (height, width); colors stay exact, new border is paper."""
    a = alignment
    matrix = Pose(a.scale, a.angle, a.x, a.y).matrix(size)
    edge = np.concatenate([painted[0], painted[-1], painted[:, 0], painted[:, -1]])
    colors, counts = np.unique(edge, axis=0, return_counts=True)
    paper = tuple(int(level) for level in colors[counts.argmax()])
    out = cv2.warpAffine(
        painted, matrix, (size[1], size[0]), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT, borderValue=paper,
    )  # fmt: skip
    return np.asarray(out, np.uint8)


def _nudge(borders: Mask, frame: Frame) -> Alignment | None:
    """Find a move of a few pixels, which the margin around the lines hides; None if the key lies best as it is.

    Only a key with the drawing's lines tells: then its borders are those of the lines.
    """
    edges = find_borders(frame.ink)
    reach = range(-_NUDGE_PX, _NUDGE_PX + 1)
    shares = {(x, y): measure_share(_moved(borders, x, y), edges) for x in reach for y in reach}
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
    """Find the move of the borders against the lines; None if it is not the only good one."""
    move = find_move(borders, lines)
    if move is None:
        return None
    return Alignment(scale, move.x, move.y, move.fit, before, move.fit >= max(_SURE, before + GAIN))


def _turn(painted: Rgba, lines: Mask, before: float, least: float = _SURE, gain: float = GAIN) -> Alignment | None:
    """Find angle, scale and move of a turned key; None if it is not turned.

    It is sure if at least this share of its borders is on lines, and so much more than before.
    """
    pose = find_turn(painted, lines)
    if pose is None or abs(pose.angle) < _LEAST_TURN_DEGREES:
        return None
    scale, angle, x, y = round(pose.scale, 4), round(pose.angle, 2), round(pose.x, 1), round(pose.y, 1)
    found = Alignment(scale, x, y, 0.0, before, is_sure=False, angle=angle)
    fit = measure_share(find_borders(align(painted, found, (lines.shape[0], lines.shape[1]))), lines)
    return replace(found, fit=fit, is_sure=fit >= max(least, before + gain))


def _turn_more(painted: Rgba, lines: Mask, before: float) -> Alignment | None:
    """Find the turn of a key that already has this share of its borders on lines; None if it is not surely better."""
    found = _turn(painted, lines, before, _FITS, _TURN_GAIN)
    return found if found is not None and found.is_sure else None


def _resize_to(painted: Rgba, lines: Mask, before: float) -> Alignment | None:
    """Find the move of a key that was saved at another size of the same shape; None if its shape differs."""
    scale = painted.shape[0] / lines.shape[0]
    if scale == 1 or abs(painted.shape[1] / lines.shape[1] / scale - 1) > _SHAPE_ERROR:
        return None
    return _shift(find_borders(resize(painted, 1 / scale)), lines, before, scale)


def _find_scale(painted: Rgba, lines: Mask, before: float) -> Alignment | None:
    """Find scale and move of a key: by small pictures first, then by larger ones. None if there is no clear one."""
    best: Alignment | None = None
    shrink = 1.0
    longest = max(lines.shape)
    scales, step = _SCALES, _SCALES[1] / _SCALES[0] - 1
    for size in (*(size for size in _SIZES_PX if size < longest), min(longest, _LARGEST_PX)):
        shrink = size / longest
        small = lines if shrink == 1 else shrink_lines(lines, shrink)
        first = min(1.0, shrink / scales[0])  # the largest that is needed, so that the others are quickly made of it
        larger = resize(painted, first)
        resized = (find_borders(resize(larger, shrink / scale / first)) for scale in scales)
        moves = (_shift(one, small, before, scale) for one, scale in zip(resized, scales, strict=True))
        best = max((one for one in moves if one is not None), key=lambda one: one.fit, default=None)
        if best is None:
            return None
        step /= 3
        scales = tuple(best.scale * (1 + step * i) for i in range(-3, 4))
    assert best is not None
    enlarge = best.scale / shrink
    return replace(best, scale=round(best.scale, 4), x=round(best.x * enlarge), y=round(best.y * enlarge))
