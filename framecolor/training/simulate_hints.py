"""Simulate color hints as they are at inference, from the true colors of a frame: propagated or drawn, with errors.

`simulate_hint` makes the hints of our own generator; `white_out`, `draw_strokes` and `sample_flats` make those of
systems of the literature (the fourth, a color histogram, is in `framecolor.core.histogram`).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.histogram import mean_by_label

Float = NDArray[np.float32]
KINDS = ("propagated", "blocks", "strokes", "exact", "empty")
_SHARES = (0.6, 0.1, 0.1, 0.12, 0.08)


def simulate_hint(rgb: Float, regions: NDArray[np.int32], rng: np.random.Generator, kind: str = "") -> Float:
    """Simulate the hint planes of one frame, float32 4xHxW: RGB times confidence, then confidence, all in [0, 1].

    rgb      float32 HxWx3 in [0, 1], the true colors
    regions  int32 HxW from 0, the region of each pixel
    kind     one of KINDS; if empty, a random one: mostly `propagated`, `empty` for one in twelve
    """
    kind = kind or str(rng.choice(KINDS, p=_SHARES))
    height, width = regions.shape
    if kind == "empty":
        return np.zeros((4, height, width), np.float32)
    if kind == "exact":
        count = int(regions.max()) + 1
        color, confidence = rgb, (rng.beta(3, 1, count) * 0.95 + 0.05).astype(np.float32)[regions]
    elif kind == "propagated":
        color, confidence = _propagate(rgb, regions, rng)
    elif kind == "blocks":
        color, confidence = _white_out(rgb, rng)
    elif kind == "strokes":
        color, confidence = rgb, draw_strokes(height, width, rng)
    else:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    planes = np.concatenate([color * confidence[..., None], confidence[..., None]], axis=2)
    return np.ascontiguousarray(planes.transpose(2, 0, 1), dtype=np.float32)


def _propagate(rgb: Float, regions: NDArray[np.int32], rng: np.random.Generator) -> tuple[Float, Float]:
    """Lose, swap, displace and blur the colors of regions; confidence reflects these errors only in part."""
    height, width = regions.shape
    count = int(regions.max()) + 1
    color = mean_by_label(rgb, regions, count)
    lost = rng.random(count) < rng.uniform(0, 0.4)
    wrong = rng.random(count) < rng.uniform(0, 0.35)
    color[wrong] = color[rng.integers(0, count, int(wrong.sum()))]
    confidence = np.where(wrong, rng.beta(1.5, 2.5, count), rng.beta(4, 1.5, count))
    confidence[lost] = 0
    painted = np.concatenate([color, confidence[:, None]], axis=1).astype(np.float32)[regions]
    grid = rng.normal(0, rng.uniform(0, 0.02) * width, (5, 5, 2)).astype(np.float32)
    offset = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x, y = x + offset[..., 0], y + offset[..., 1]
    painted = cv2.remap(painted, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.5:
        painted = cv2.GaussianBlur(painted, (0, 0), float(rng.uniform(0.5, 4)))
    painted = painted.astype(np.float32, copy=False)
    return painted[..., :3], painted[..., 3]


def _white_out(rgb: Float, rng: np.random.Generator) -> tuple[Float, Float]:
    """Make deepcolor's hint as at inference: pulled to white, with one confidence for the whole picture."""
    color = 0.3 * white_out(rgb, rng) + 0.7
    return color.astype(np.float32), np.full(rgb.shape[:2], float(rng.uniform(0.2, 0.6)), np.float32)


def white_out(rgb: Float, rng: np.random.Generator) -> Float:
    """Make deepcolor's training hint: 30 square blocks turned white, then a large box blur; float32 HxWx3 in [0, 1].

    rgb  float32 HxWx3 in [0, 1], the true colors. Blocks are 10 px (the author's text) or 50 px (his code) of a picture
    256 px wide; the blur is 5 to 40 % of the width (his: 39 %).
    """
    height, width = rgb.shape[:2]
    color = rgb.copy()
    side = max(2, round(width * float(rng.choice([10, 50])) / 256))
    for y, x in zip(rng.integers(0, height, 30), rng.integers(0, width, 30), strict=True):
        color[y : y + side, x : x + side] = 1
    reach = max(3, round(width * float(rng.uniform(0.05, 0.4)))) | 1
    return np.asarray(cv2.blur(color, (reach, reach)), dtype=np.float32)


def draw_strokes(height: int, width: int, rng: np.random.Generator, *, fewest: int = 3, most: int = 60) -> Float:
    """Draw PaintsTorch's strokes: `fewest` to `most` - 1 brush strokes of 1 to 4 px through up to 5 points.

    Returns float32 HxW, 1 inside of a stroke and 0 elsewhere; the hint is the true colors where it is 1.
    """
    mask = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(fewest, most))):
        start = rng.uniform(0, 1, 2) * (width, height)
        steps = rng.normal(0, 0.02 * width, (int(rng.integers(1, 5)), 2)).cumsum(axis=0)
        points = np.vstack([start, start + steps]).round().astype(np.int32)
        cv2.polylines(mask, [points], isClosed=False, color=1, thickness=int(rng.integers(1, 5)))
    return mask.astype(np.float32)


def sample_flats(
    flat: NDArray[np.integer], palette: NDArray[np.uint8], rng: np.random.Generator, *, most: int = 40
) -> tuple[Float, Float]:
    """Draw StencilTorch's hints: dots and strokes in the color of the k-means flat that they lie in.

    flat     HxW, the fill of each pixel (`curate.flats.clean_flats`)
    palette  uint8 Kx3, the fills' colors
    Fills are drawn by the root of their area, so that small ones are included; a mark may cross the fill's border, as
    drawn by hand. Returns color float32 HxWx3 in [0, 1] (0 without a mark) and mask float32 HxW.
    """
    height, width = flat.shape
    counts = np.bincount(flat.ravel(), minlength=len(palette))
    share = np.sqrt(counts) / np.sqrt(counts).sum()
    order = np.argsort(flat.ravel(), kind="stable")
    first = np.cumsum(counts) - counts
    color = np.zeros((height, width, 3), np.float32)
    mask = np.zeros((height, width), np.float32)
    for fill in rng.choice(len(palette), int(rng.integers(1, most + 1)), p=share):
        y, x = divmod(int(order[first[fill] + rng.integers(counts[fill])]), width)
        end = np.array([x, y]) + rng.normal(0, 0.015 * width, 2) * (rng.random() < 0.5)
        thickness = max(1, round(width * float(rng.uniform(0.006, 0.02))))
        tone = tuple(float(c) / 255 for c in palette[fill])
        for plane, value in ((color, tone), (mask, 1.0)):
            cv2.line(plane, (x, y), tuple(int(v) for v in end.round()), value, thickness)
    return color, mask
