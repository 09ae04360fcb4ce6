"""Clean a painting to flat colors: without compression artifacts, antialiasing and ink, in at most 25 fills.

k-means over the colors, as StencilTorch segments its pictures; then ink, antialiasing and specks join the fills.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.training.curate.ink import find_ink
from framecolor.training.curate.kmeans import Lab, find_colors, find_nearest, to_lab

MOST_COLORS = 25

# Colors nearer than this in CIELAB are one fill: the limit of what an eye distinguishes; with scatter, that of a color
# in JPEG at quality 85. A picture has no scatter if this share of its inner pixels equal their neighbors (not counting
# the most frequent color: white paper is even after any compression).
_SAME_CLEAN, _SAME_SCATTERED = 2.3, 4.5
_EVEN_SHARE = 0.6
# A pixel lies inside of a fill if its 3x3 neighborhood differs by no more than this.
_CALM = 16
# Half the width of a color bleed along a border, and how many times farther off its color may be.
_THIN_PX, _BLED = 3.0, 3.0
# Reach of corners and tips beyond the inside of an area.
_TIP_PX = 3
# Areas of fewer pixels than this join their surroundings.
_LEAST_PX = 6

Bool = NDArray[np.bool_]


def clean_flats(
    rgb: NDArray[np.uint8], paper: Bool | None = None, most_colors: int = MOST_COLORS
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Find the fill of each pixel, uint8 HxW, and the fills' colors, uint8 Kx3, by descending area.

    rgb    uint8 HxWx3
    paper  bool HxW, pixels that are transparent paper: fill 0, white, in addition to up to `most_colors` others
    Ink joins the nearest fill; a wide black fill (hair, a night sky) stays. Raises ValueError if `most_colors` is not
    1 to 250.
    """
    if not 1 <= most_colors <= 250:
        raise ValueError(f"most_colors must be 1 to 250, got {most_colors}")
    paper = np.zeros(rgb.shape[:2], bool) if paper is None else paper
    calm_rgb = np.asarray(cv2.bilateralFilter(rgb, 5, 24, 3), dtype=np.uint8)
    lab = to_lab(calm_rgb)
    calm = _is_calm(calm_rgb) & ~paper
    ink = find_ink(lab) & ~paper
    known = calm & ~ink
    if not known.any():
        known = ~paper
    if not known.any():
        return np.zeros(paper.shape, np.uint8), np.full((1, 3), 255, np.uint8)
    same = _SAME_CLEAN if _is_even(rgb, known) else _SAME_SCATTERED
    centers = find_colors(calm_rgb[known], most_colors, same)
    # From here, fill 0 is paper, higher ones are the centers, and 255 is undecided.
    nearest = (find_nearest(lab, centers) + 1).astype(np.uint8)
    nearest[paper] = 0
    index = _fill_edges(nearest, lab, ink, centers, same)
    _absorb_specks(index)
    return _order(index, rgb, known, same, bool(paper.any()))


def _fill_edges(nearest: NDArray[np.uint8], lab: Lab, ink: Bool, centers: Lab, same: float) -> NDArray[np.uint8]:
    """Keep the fill inside of areas only; their rim joins the likeliest fill near it, ink the nearest.

    Mixed colors along a border, which may look like a third fill, thus join one of the two that are mixed.
    """
    square = np.ones((3, 3), np.uint8)
    inside = (cv2.dilate(nearest, square) == cv2.erode(nearest, square)) & ~ink
    inside |= nearest == 0
    if not inside.any():
        inside = ~ink if not ink.all() else np.ones_like(ink)
    table = np.vstack([[[100.0, 0.0, 0.0]], centers]).astype(np.float32)
    pure = ((lab - table[nearest]) ** 2).sum(axis=2) < (same / 2) ** 2
    index = _grow_tips(np.where(inside, nearest, 255).astype(np.uint8), nearest, pure & ~ink)
    y, x = np.nonzero((index == 255) & ~ink)
    padded = np.pad(index, 2, constant_values=255)
    color = lab[y, x]
    best = np.full(len(y), np.inf, np.float32)
    fill = np.full(len(y), 255, np.uint8)
    for dy, dx in ((dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)):
        there = padded[y + 2 + dy, x + 2 + dx]
        cost = ((color - table[np.where(there == 255, 0, there)]) ** 2).sum(axis=1) + 10 * (dx * dx + dy * dy)
        better = (there != 255) & (cost < best)
        best[better], fill[better] = cost[better], there[better]
    index[y, x] = fill
    return _spread(index, index == 255)


def _grow_tips(index: NDArray[np.uint8], nearest: NDArray[np.uint8], pure: Bool) -> NDArray[np.uint8]:
    """Add corners and tips to the inside of areas: adjacent pixels of exactly its color."""
    for _ in range(_TIP_PX):
        padded = np.pad(index, 1, constant_values=255)
        beside = np.zeros(index.shape, bool)
        for dy, dx in ((dy, dx) for dy in range(3) for dx in range(3)):
            beside |= padded[dy : dy + index.shape[0], dx : dx + index.shape[1]] == nearest
        index = np.where((index == 255) & beside & pure, nearest, index)
    return index


def _spread(index: NDArray[np.uint8], open_px: Bool) -> NDArray[np.uint8]:
    """Copy `index` with the pixels of `open_px` taken from the nearest other pixel."""
    if not open_px.any() or open_px.all():
        return index
    _, owner = cv2.distanceTransformWithLabels(open_px.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    owner = np.asarray(owner, dtype=np.int32)
    table = np.zeros(int(owner.max()) + 1, np.uint8)
    table[owner[~open_px]] = index[~open_px]
    return np.where(open_px, table[owner], index)


def _absorb_specks(index: NDArray[np.uint8]) -> None:
    """Join areas of a few pixels with their surroundings, in place."""
    specks = np.zeros(index.shape, bool)
    for fill in np.unique(index):
        _, labels, stats, _ = cv2.connectedComponentsWithStats((index == fill).astype(np.uint8), connectivity=8)
        small = stats[:, cv2.CC_STAT_AREA] < _LEAST_PX
        small[0] = False
        specks |= small[labels]
    index[:] = _spread(index, specks)


def _order(
    index: NDArray[np.uint8], rgb: NDArray[np.uint8], known: Bool, same: float, has_paper: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Order fills by area, each with the median color of its calm pixels; paper stays fill 0.

    Two fills with nearly the same median are joined: only scatter separated their centers. A fill that is thin
    everywhere joins a similar one, whose rim it is: JPEG bleeds color.
    """
    area = np.bincount(index.ravel(), minlength=256)
    palette = [np.full(3, 255, np.uint8)] if has_paper else []
    table = np.zeros(256, np.uint8)
    for fill in np.argsort(-area, kind="stable"):
        if fill == 0 or area[fill] == 0:
            continue
        own = index == fill
        own = own & known if (own & known).any() else own
        color = np.median(rgb[own], axis=0).round().astype(np.uint8)
        others = to_lab(np.array([[color, *palette]], np.uint8))[0]
        near = np.linalg.norm(others[1:] - others[0], axis=1)
        near[: int(has_paper)] = np.inf
        reach = _BLED * same if _is_thin(index == fill) else same
        table[fill] = int(near.argmin()) if near.min(initial=np.inf) < reach else len(palette)
        if table[fill] == len(palette):
            palette.append(color)
    return table[index], np.array(palette, np.uint8)


def _is_thin(area: Bool) -> bool:
    """Return whether an area is nowhere wider than a band along a border."""
    return float(cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, 3).max()) <= _THIN_PX


def _is_even(rgb: NDArray[np.uint8], known: Bool) -> bool:
    """Return whether fills have one value each, as painted, without scatter of a compression or a brush."""
    square = np.ones((3, 3), np.uint8)
    code = rgb.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    values, counts = np.unique(code[known], return_counts=True)
    others = known & (code != values[counts.argmax()])
    even = (cv2.dilate(rgb, square) == cv2.erode(rgb, square)).all(axis=2)
    return bool(others.any()) and float(even[others].mean()) >= _EVEN_SHARE


def _is_calm(rgb: NDArray[np.uint8]) -> Bool:
    square = np.ones((3, 3), np.uint8)
    return (cv2.dilate(rgb, square) - cv2.erode(rgb, square)).max(axis=2) <= _CALM
