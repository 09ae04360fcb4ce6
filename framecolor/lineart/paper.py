"""Take a drawing off its paper: scans on toned paper, and light lines on black, become dark lines on pure white."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

Paper = Literal["white", "black", "scan", "black-scan"]
Rgb = NDArray[np.uint8]

_OPAQUE = 255
# Black paper: so much of the picture and of its border is dark, and what is light is thin, as strokes are. A stroke is
# narrower than this share of the shorter side.
_DARK_LEVEL, _LIGHT_LEVEL = 96, 128
_DARK_SHARE, _DARK_BORDER = 0.6, 0.8
_STROKE_SHARE, _MOST_THICK = 1 / 40, 0.5
# A scan's paper is light, and most of the picture is near it.
_LEAST_PAPER, _PAPER_LEVELS = 128, 40
_PAPER_SHARE = 0.5
# Paper away from lines is toned if most of its pixels are not white. It is noisy, as in JPEG, if as many as a share of
# the line pixels are a little off white, in many colors; flat marks of a draftsman have few.
_LINE_LEVELS, _AWAY_PX = 56, 4
_TONED_SHARE, _NOISY_SHARE, _NOISY_COLORS = 0.5, 0.05, 12
# A drawing's paper has a tone if it is so many levels off white, or off black, in most pixels.
_TONE_LEVELS = 8

# The paper is measured at this part of the size, as a polynomial of this degree, and corrected within these limits.
_SHRINK, _DEGREE, _ROUNDS = 4, 4, 4
_OUTLIER, _LEAST_OUTLIER, _MOST_FITTED = 2.5, 0.01, 4000
_LOCAL_LIMITS, _LOCAL_SIGMA_PX = (0.88, 1.12), 8
# Darkness (of 255) that is still paper: so many times the noise, within these limits. Full ink is this dark.
_NOISE, _FAINTEST = 3.0, (12.0, 40.0)
_FULL_INK = 208.0
# A mark counts as drawn if it is as dark as a line somewhere, and at least this large.
_DRAWN_DARKNESS, _LEAST_MARK_PX = 56, 3
# The hue of a stroke is that around a pixel; a stroke is grey if its channels differ by no more than this share.
_HUE_WINDOW_PX, _GREY_SHARE = 5, 0.4


def find_paper(drawings: Iterable[NDArray[np.uint8]]) -> Paper:
    """Find what drawings of one shot, each uint8 HxWx4, are drawn on: what most of them are; empty ones do not count.

    white       pure white or transparent, as digital drawings are
    black       light lines on black
    scan        dark lines on paper with a tone, shades or noise
    black-scan  light lines on dark paper with a tone, shades or noise
    """
    votes = Counter(paper for drawing in drawings if (paper := _judge(drawing)) is not None)
    known: tuple[Paper, ...] = get_args(Paper)
    return max(known, key=lambda paper: votes[paper])


def find_other_paper(drawing: NDArray[np.uint8], paper: Paper) -> Paper | None:
    """Find the paper of one drawing, uint8 HxWx4, of a shot that is read as on `paper`; None if that reads it well.

    Noise alone, as of JPEG, does not count: it is found in some drawings of a shot and just not in others.
    """
    own = _judge(drawing)
    if own is None or own.startswith("black") != paper.startswith("black"):
        return own
    is_toned = own.endswith("scan") and not paper.endswith("scan") and _is_toned(drawing, own)
    return own if is_toned else None


def clean_paper(rgb: Rgb, paper: Paper) -> Rgb:
    """Make a drawing, uint8 HxWx3, one of dark lines on pure white; on `white` paper it stays as it is."""
    if paper in ("black", "black-scan"):
        rgb = _invert(rgb)
    return _lift_lines(rgb) if paper in ("scan", "black-scan") else rgb


def _judge(rgba: NDArray[np.uint8]) -> Paper | None:
    """Judge one drawing; None if it is empty."""
    if rgba[..., 3].min() < _OPAQUE:
        return "white" if rgba[..., 3].any() else None
    rgb = np.ascontiguousarray(rgba[..., :3])
    if (rgb == rgb[0, 0]).all():
        return None
    black = _is_black(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8))
    scan = _is_scan(_invert(rgb) if black else rgb)
    return ("black-scan" if scan else "black") if black else "scan" if scan else "white"


def _is_black(gray: NDArray[np.uint8]) -> bool:
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    if (gray <= _DARK_LEVEL).mean() < _DARK_SHARE or (border <= _DARK_LEVEL).mean() < _DARK_BORDER:
        return False
    light = (gray >= _LIGHT_LEVEL).astype(np.uint8)
    side = max(7, round(_STROKE_SHARE * min(gray.shape))) | 1
    thick = cv2.morphologyEx(light, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return bool(light.any() and np.count_nonzero(thick) <= _MOST_THICK * np.count_nonzero(light))


def _is_scan(rgb: Rgb) -> bool:
    toned = np.asarray(cv2.min(cv2.min(*cv2.split(rgb)[:2]), rgb[..., 2]), np.uint8) < 255
    if not toned.any():
        return False
    paper = np.median(rgb[::4, ::4].reshape(-1, 3), axis=0)
    if paper.min() < _LEAST_PAPER:
        return False
    darker = cv2.subtract(np.broadcast_to(paper.astype(np.uint8), rgb.shape), rgb).max(axis=2)
    if np.count_nonzero(darker <= _PAPER_LEVELS) < _PAPER_SHARE * darker.size:
        return False
    kernel = np.ones((2 * _AWAY_PX + 1, 2 * _AWAY_PX + 1), np.uint8)
    away = cv2.dilate((darker > _LINE_LEVELS).astype(np.uint8), kernel) == 0
    found = rgb[away & toned]
    if len(found) > _TONED_SHARE * np.count_nonzero(away):
        return True
    lines = np.count_nonzero(darker > _LINE_LEVELS)
    if len(found) <= _NOISY_SHARE * lines or np.percentile(found.min(axis=1), 2) < 255 - _PAPER_LEVELS:
        return False
    return len(np.unique(found, axis=0)) > _NOISY_COLORS


def _is_toned(rgba: NDArray[np.uint8], paper: Paper) -> bool:
    """Tell whether the paper of most of a drawing, uint8 HxWx4, has a tone."""
    level = np.median(rgba[::4, ::4, :3].reshape(-1, 3), axis=0)
    return bool(level.max() >= _TONE_LEVELS if paper == "black-scan" else level.min() <= 255 - _TONE_LEVELS)


def _invert(rgb: Rgb) -> Rgb:
    """Turn light lines on black into dark lines on white; pure hues, in which trace lines are drawn, are kept.

    A negative of a pure hue has two strong channels, and becomes that hue again.
    """
    low, middle, high = np.moveaxis(np.sort(rgb, axis=2), 2, 0).astype(np.int16)
    kept = (high > 0) & (middle - low <= 0.35 * (high - low)) & (low <= 0.35 * high) & (high - low > 24)
    return np.where(kept[..., None], rgb + (255 - high).astype(np.uint8)[..., None], 255 - rgb)


def _lift_lines(rgb: Rgb) -> Rgb:
    """Lift the lines off light paper: paper becomes 255, grey strokes become grey, colored ones keep their hue."""
    absorbed = np.clip(255 * (1 - rgb / _measure_paper(rgb)), -64, 255).astype(np.float32)
    darkness = absorbed @ np.array([0.299, 0.587, 0.114], np.float32)
    noise = 1.4826 * float(np.median(np.abs(darkness)))
    faintest = float(np.clip(_NOISE * noise, *_FAINTEST))
    around = np.maximum(cv2.blur(absorbed, (_HUE_WINDOW_PX, _HUE_WINDOW_PX)), 0)
    strongest = around.max(axis=2)
    colored = around.max(axis=2) - around.min(axis=2) > np.maximum(_GREY_SHARE * strongest, 0.5 * faintest)
    darkness = np.where(colored, absorbed.max(axis=2), darkness)
    ink = np.clip((darkness - faintest) * (255 / (_FULL_INK - faintest)), 0, 255).astype(np.float32)
    ink[~_find_marks(ink)] = 0
    share = np.where(colored[..., None], around / np.maximum(strongest, 1e-3)[..., None], 1)
    return np.rint(255 - ink[..., None] * share).astype(np.uint8)


def _find_marks(ink: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Find the connected marks that are drawn: neither grain of the paper nor single specks, bool HxW."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((ink > 0).astype(np.uint8), connectivity=8)
    drawn = np.bincount(labels[ink >= _DRAWN_DARKNESS], minlength=count) > 0
    drawn &= stats[:, cv2.CC_STAT_AREA] >= _LEAST_MARK_PX
    drawn[0] = False
    return np.take(drawn, np.asarray(labels, np.int32))


def _measure_paper(rgb: Rgb) -> NDArray[np.float32]:
    """Measure the color of the paper under each pixel, float32 HxWx3: a smooth surface through what is no line."""
    height, width = rgb.shape[:2]
    rows, columns = max(1, height // _SHRINK), max(1, width // _SHRINK)
    small = np.asarray(cv2.resize(rgb, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    small = cv2.medianBlur(small, 5).astype(np.float32)
    surface = _fit_surface(small)
    ratio = np.asarray(small / surface, np.float32)
    low, high = _LOCAL_LIMITS
    plain = ((ratio > low) & (ratio < high)).all(axis=2).astype(np.float32)
    parts = [plain, *(((ratio[..., i] - 1) * plain).astype(np.float32) for i in range(3))]
    weight, *rest = (np.asarray(cv2.GaussianBlur(part, (0, 0), _LOCAL_SIGMA_PX)) for part in parts)
    local = np.stack(rest, axis=2) / np.maximum(weight, 0.05)[..., None]
    paper = np.maximum(surface * (1 + local), 1)
    return np.asarray(cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _fit_surface(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fit a polynomial to the paper, float32 hxwx3; strokes and areas of ink are outliers, which are left out."""
    height, width = small.shape[:2]
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = [x**i * y**j for i in range(_DEGREE + 1) for j in range(_DEGREE + 1 - i)]
    basis = np.stack([term.ravel() for term in terms], axis=1)
    values = small.reshape(-1, 3).astype(np.float64)
    step = max(1, len(values) // _MOST_FITTED)
    some, seen = basis[::step], values[::step]
    gray = seen.mean(axis=1)
    use = gray >= np.median(gray) - _PAPER_LEVELS
    found = np.zeros((len(terms), 3))
    for _ in range(_ROUNDS):
        found = np.linalg.lstsq(some[use], seen[use], rcond=None)[0]
        rest = gray / np.maximum((some @ found).mean(axis=1), 1) - 1
        spread = max(_LEAST_OUTLIER, _OUTLIER * 1.4826 * float(np.median(np.abs(rest[use]))))
        use = np.abs(rest) <= spread
    return np.maximum(basis @ found, 1).reshape(small.shape).astype(np.float32)
