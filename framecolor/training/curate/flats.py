"""A painting's flat colors: compression scatter, antialiasing and ink removed, each pixel in one of at most 25 fills.

k-means over the colors as StencilTorch segments its pictures (25 colors, k-means++), but seeded without chance: the
next center is the color with the most weight times distance, so that the same picture gives the same fills.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

MOST_COLORS = 25

# Colors nearer than this in CIELAB are one fill: what an eye tells apart; with scatter, what JPEG at quality 85 makes
# of one color. A picture has no scatter when this share of its inner pixels (not of the commonest color: white paper is
# even after any compression) are the same as their neighbors.
_SAME_CLEAN, _SAME_SCATTERED = 2.3, 4.0
_EVEN_SHARE = 0.6
# A color that fewer pixels than this share have is scatter, or too small to be learned from.
_LEAST_SHARE = 0.0002
# Beyond this distance a color is simply another one: without a limit rare, garish pixels become centers.
_FAR = 40.0
# Where all of 3x3 pixels differ by no more than this, a pixel lies inside of a fill and knows its color.
_CALM = 16
# Ink: darker than this lightness and nowhere wider than this share of the long side, or this much darker than both
# sides of it and at most 4 pixels wide.
_INK_LIGHTNESS = 35.0
_INK_WIDTH = 0.014
_INK_CONTRAST = 25.0
# Times the area of a dot as wide as that.
_KNOT = 1.8
# Areas below this many pixels are given to what surrounds them.
_LEAST_PX = 6

Lab = NDArray[np.float32]
Bool = NDArray[np.bool_]


def clean_flats(
    rgb: NDArray[np.uint8], paper: Bool | None = None, most_colors: int = MOST_COLORS
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The fill of each pixel, uint8 HxW, and the fills' colors, uint8 Kx3, K up to `most_colors`; the largest first.

    rgb    uint8 HxWx3
    paper  bool HxW, pixels that are transparent paper: fill 0, white, of its own and not counted
    Ink goes to the nearest fill; a fill that is black and wide (hair, a night sky) stays. Raises ValueError when
    `most_colors` is beyond 250.
    """
    if not 1 <= most_colors <= 250:
        raise ValueError(f"most_colors must be 1 to 250, got {most_colors}")
    paper = np.zeros(rgb.shape[:2], bool) if paper is None else paper
    calm_rgb = np.asarray(cv2.bilateralFilter(rgb, 5, 24, 3), dtype=np.uint8)
    lab = _to_lab(calm_rgb)
    calm = _is_calm(calm_rgb) & ~paper
    ink = find_ink(lab) & ~paper
    known = calm & ~ink
    if not known.any():
        known = ~paper
    if not known.any():
        return np.zeros(paper.shape, np.uint8), np.full((1, 3), 255, np.uint8)
    same = _SAME_CLEAN if _is_even(rgb, known) else _SAME_SCATTERED
    centers = find_colors(calm_rgb[known], most_colors, same)
    # From here on fill 0 is paper, and those above are the centers; 255 is undecided.
    nearest = (_nearest(lab, centers) + 1).astype(np.uint8)
    nearest[paper] = 0
    index = _fill_edges(nearest, lab, ink, centers)
    _absorb_specks(index)
    return _order(index, rgb, known, centers, bool(paper.any()))


def find_ink(lab: Lab) -> Bool:
    """Pixels of lines, bool HxW: dark and thin, or thin and much darker than both sides; a wide dark area is a fill."""
    lightness = np.ascontiguousarray(lab[..., 0])
    dark = (lightness < _INK_LIGHTNESS).astype(np.uint8)
    reach = max(2, round(_INK_WIDTH * max(dark.shape) / 2))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    wide = cv2.morphologyEx(dark, cv2.MORPH_OPEN, disk)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=4)
    knots = stats[:, cv2.CC_STAT_AREA] < _KNOT * int(disk.sum())  # where lines cross, not a fill
    wide[knots[np.asarray(labels, dtype=np.int32)]] = 0
    wide = cv2.dilate(wide, np.ones((3, 3), np.uint8))
    ridge = cv2.morphologyEx(lightness, cv2.MORPH_BLACKHAT, np.ones((5, 5), np.uint8))
    return ((dark > 0) & (wide == 0)) | (ridge > _INK_CONTRAST)


def find_colors(rgb: NDArray[np.uint8], most_colors: int, same: float = _SAME_SCATTERED) -> Lab:
    """Centers of the colors of uint8 Nx3 pixels, CIELAB float32 Kx3, no two nearer than `same`: weighted k-means, the
    same on every call."""
    bins = (rgb.astype(np.int32) >> 2) @ np.array([4096, 64, 1], np.int32)
    weight = np.bincount(bins, minlength=2**18).astype(np.float64)
    used = np.flatnonzero(weight)
    mean = np.stack([np.bincount(bins, rgb[:, c], 2**18)[used] / weight[used] for c in range(3)], axis=1)
    color, weight = _to_lab((mean[None] / 255).astype(np.float32))[0], weight[used]
    centers = _seed_centers(color, weight, most_colors, same)
    for _ in range(12):
        owner = _nearest(color, centers)
        moved = centers.copy()
        total = np.bincount(owner, weight, len(centers)).astype(np.float64)
        for c in range(3):
            sums = np.bincount(owner, weight * color[:, c], len(centers))
            moved[:, c] = np.where(total > 0, sums / np.maximum(total, 1e-9), centers[:, c])
        moved = _merge(moved, total, same)
        if len(moved) == len(centers) and np.abs(moved - centers).max() < 0.01:
            break
        centers = moved
    return centers


def _seed_centers(color: Lab, weight: NDArray[np.float64], most_colors: int, same: float) -> Lab:
    """k-means++ without chance. Colors with too little weight around them are passed over."""
    least = max(4.0, _LEAST_SHARE * weight.sum())
    far = np.full(len(color), _FAR)
    chosen: list[int] = []
    while len(chosen) < most_colors:
        at = int(np.argmax(weight * far**2))
        if far[at] < same:
            break
        distance = np.linalg.norm(color - color[at], axis=1)
        if not chosen or weight[(distance < same) & (far >= same)].sum() >= least:
            chosen.append(at)
            far = np.minimum(far, distance)
        else:
            far[at] = 0
    return color[chosen]


def _merge(centers: Lab, weight: NDArray[np.float64], same: float) -> Lab:
    """Centers that came within reach of one another become the heavier one of them; empty ones go."""
    kept: list[int] = []
    for i in np.argsort(-weight, kind="stable"):
        if weight[i] > 0 and all(np.linalg.norm(centers[i] - centers[k]) >= same for k in kept):
            kept.append(int(i))
    return centers[kept]


def _fill_edges(nearest: NDArray[np.uint8], lab: Lab, ink: Bool, centers: Lab) -> NDArray[np.uint8]:
    """Only the inside of areas keeps its fill; its rim goes to the likest fill near it, ink to the nearest.

    So mixed colors along a border, which may look like a third fill, belong to one of the two that are mixed.
    """
    square = np.ones((3, 3), np.uint8)
    inside = (cv2.dilate(nearest, square) == cv2.erode(nearest, square)) & ~ink
    inside |= nearest == 0
    if not inside.any():
        inside = ~ink if not ink.all() else np.ones_like(ink)
    index = np.where(inside, nearest, 255).astype(np.uint8)
    y, x = np.nonzero(~inside & ~ink)
    padded = np.pad(index, 2, constant_values=255)
    color = lab[y, x]
    table = np.vstack([[[100.0, 0.0, 0.0]], centers]).astype(np.float32)
    best = np.full(len(y), np.inf, np.float32)
    fill = np.full(len(y), 255, np.uint8)
    for dy, dx in ((dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)):
        there = padded[y + 2 + dy, x + 2 + dx]
        cost = ((color - table[np.where(there == 255, 0, there)]) ** 2).sum(axis=1) + 10 * (dx * dx + dy * dy)
        better = (there != 255) & (cost < best)
        best[better], fill[better] = cost[better], there[better]
    index[y, x] = fill
    return _spread(index, index == 255)


def _spread(index: NDArray[np.uint8], open_px: Bool) -> NDArray[np.uint8]:
    """`index` with the pixels of `open_px` taken from the nearest other pixel."""
    if not open_px.any() or open_px.all():
        return index
    _, owner = cv2.distanceTransformWithLabels(open_px.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    owner = np.asarray(owner, dtype=np.int32)
    table = np.zeros(int(owner.max()) + 1, np.uint8)
    table[owner[~open_px]] = index[~open_px]
    return np.where(open_px, table[owner], index)


def _absorb_specks(index: NDArray[np.uint8]) -> None:
    """Areas of a few pixels go to what is around them, in place."""
    specks = np.zeros(index.shape, bool)
    for fill in np.unique(index):
        _, labels, stats, _ = cv2.connectedComponentsWithStats((index == fill).astype(np.uint8), connectivity=8)
        small = stats[:, cv2.CC_STAT_AREA] < _LEAST_PX
        small[0] = False
        specks |= small[labels]
    index[:] = _spread(index, specks)


def _order(
    index: NDArray[np.uint8], rgb: NDArray[np.uint8], known: Bool, centers: Lab, has_paper: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Fills by area, each with the color that most of its calm pixels have; paper stays fill 0."""
    area = np.bincount(index.ravel(), minlength=len(centers) + 1)
    fills = [0] if has_paper else []
    fills += [int(i) for i in np.argsort(-area, kind="stable") if i > 0 and area[i] > 0]
    palette = np.full((len(fills), 3), 255, np.uint8)
    table = np.zeros(256, np.uint8)
    for place, fill in enumerate(fills):
        table[fill] = place
        if fill > 0:
            own = index == fill
            own = own & known if (own & known).any() else own
            palette[place] = np.median(rgb[own], axis=0).round().astype(np.uint8)
    return table[index], palette


def _is_even(rgb: NDArray[np.uint8], known: Bool) -> bool:
    """Whether fills are of one value, as painted, and not scattered by a compression or a brush."""
    square = np.ones((3, 3), np.uint8)
    code = rgb.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    values, counts = np.unique(code[known], return_counts=True)
    others = known & (code != values[counts.argmax()])
    even = (cv2.dilate(rgb, square) == cv2.erode(rgb, square)).all(axis=2)
    return bool(others.any()) and float(even[others].mean()) >= _EVEN_SHARE


def _is_calm(rgb: NDArray[np.uint8]) -> Bool:
    square = np.ones((3, 3), np.uint8)
    return (cv2.dilate(rgb, square) - cv2.erode(rgb, square)).max(axis=2) <= _CALM


def _to_lab(rgb: NDArray[np.uint8] | NDArray[np.float32]) -> Lab:
    unit = rgb.astype(np.float32) / np.float32(255) if rgb.dtype == np.uint8 else rgb
    return np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2LAB), dtype=np.float32)


def _nearest(color: Lab, centers: Lab) -> NDArray[np.int64]:
    """The center nearest to each color, [...] for [..., 3]."""
    flat = color.reshape(-1, 3)
    distance = (centers**2).sum(axis=1) - 2 * flat @ centers.T
    return distance.argmin(axis=1).reshape(color.shape[:-1])
