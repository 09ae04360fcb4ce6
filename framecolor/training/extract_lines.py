"""Line art from id maps and from paintings, by several methods and styles, so that networks learn many hands.

From id maps: a `LineStyle` is drawn once per episode, as one artist draws a whole shot; the wobble differs between
drawings. From paintings (`extract_lines`): the methods that systems of the literature were trained with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.training.curate.flats import clean_flats

Bool = NDArray[np.bool_]
Extractor = Literal["edges", "xdog"]
Method = Literal["adaptive", "canny", "xdog", "boundary"]
METHODS: tuple[Method, ...] = get_args(Method)

# Connected ink of fewer pixels than this is a compression artifact, not a line.
_LEAST_LINE_PX = 10
# Blacks are lifted to this gray before xDoG, or its absolute threshold would turn all dark fills to ink.
_XDOG_LIFT = 0.4
# Sigmas from fine to bold lines (PaintsTorch draws from 0.3 to 0.5 at twice the kernel).
_XDOG_SIGMAS_PX = (0.6, 0.8, 1.1, 1.5)


@dataclass(frozen=True)
class LineStyle:
    """A style of lines. Lengths are pixels of the drawing, which is larger than the working size.

    extractor       edges: along the borders of fills; xdog: from the rendered colors, as from a scan
    width_px        mean ink width
    wobble_px       variation of the width along a stroke
    gap_share       share of ink that is missing
    shift_px        distance of ink from the border of the fills
    """

    extractor: Extractor = "edges"
    width_px: float = 2.0
    wobble_px: float = 0.5
    gap_share: float = 0.0
    shift_px: float = 0.0
    sigma_px: float = 1.0


def draw_style(rng: np.random.Generator) -> LineStyle:
    """Draw a random style."""
    return LineStyle(
        extractor="xdog" if rng.random() < 0.07 else "edges",
        width_px=float(np.exp(rng.uniform(np.log(1.0), np.log(5.5)))),
        wobble_px=float(rng.uniform(0, 1.2)),
        gap_share=float(rng.uniform(0, 0.12)) if rng.random() < 0.3 else 0.0,
        shift_px=float(rng.uniform(0, 1.5)) if rng.random() < 0.4 else 0.0,
        sigma_px=float(rng.uniform(0.7, 1.6)),
    )


def find_borders(labels: NDArray[np.integer]) -> Bool:
    """Mark pixels whose right or lower neighbor has another label: one-pixel lines, bool HxW."""
    borders = np.zeros(labels.shape, bool)
    borders[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    borders[:-1] |= labels[:-1] != labels[1:]
    return borders


def draw_lines(
    fills: NDArray[np.integer],
    inked: NDArray[np.integer],
    solid: Bool,
    rgb: NDArray[np.uint8],
    style: LineStyle,
    rng: np.random.Generator,
) -> tuple[Bool, Bool]:
    """Draw the ink and trace masks of one drawing, bool HxW each.

    fills  label of the fill of each pixel: its borders become lines
    inked  a coarser label: its borders become ink, the other borders one-pixel trace lines
    solid  pixels that are ink themselves (blacks), in any style
    rgb    uint8 HxWx3, the rendered drawing; used only by xdog, which draws no trace lines
    """
    if style.extractor == "xdog":
        return draw_xdog(rgb, style.sigma_px, float(rng.uniform(0.96, 0.985))) | solid, np.zeros(solid.shape, bool)
    edges = find_borders(inked)
    ink = thicken(edges, style, rng) | solid
    trace = find_borders(fills) & ~ink
    if trace.any() and edges.any():
        # Next to a thin, displaced or broken stroke, the stroke's own border must not become a trace line.
        trace &= ~cv2.dilate(edges.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return ink, trace


def thicken(edges: Bool, style: LineStyle, rng: np.random.Generator) -> Bool:
    """Draw ink along one-pixel edges with the width, wobble, displacement and gaps of `style`."""
    if not edges.any():
        return edges
    height, width = edges.shape
    if style.shift_px:
        grid = rng.normal(0, style.shift_px, (max(2, height // 40), max(2, width // 40), 2)).astype(np.float32)
        offset = cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR)
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        edges = cv2.remap(edges.astype(np.uint8), x + offset[..., 0], y + offset[..., 1], cv2.INTER_NEAREST) > 0
    distance = cv2.distanceTransform((~edges).astype(np.uint8), cv2.DIST_L2, 3)
    noise = rng.normal(0, 1, (max(2, height // 24), max(2, width // 24), 2)).astype(np.float32)
    noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    ink = distance <= np.maximum((style.width_px - 1) / 2 + style.wobble_px * noise[..., 0], 0)
    if style.gap_share:
        ink &= noise[..., 1] < np.quantile(noise[::4, ::4, 1], 1 - style.gap_share)
    return ink


def draw_xdog(rgb: NDArray[np.uint8], sigma_px: float, tau: float) -> Bool:
    """Draw ink by the thresholded extended difference of Gaussians (Winnemoller 2012): darker than around, bool HxW."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    near = cv2.GaussianBlur(gray, (0, 0), sigma_px)
    far = cv2.GaussianBlur(gray, (0, 0), sigma_px * 1.6)
    return near - tau * far < 0.003


def find_outside(background: Bool, lines: Bool) -> Bool:
    """Find background that is reachable from the drawing's border without crossing a line, bool HxW."""
    open_area = np.pad((background & ~lines).astype(np.uint8), 1, constant_values=1)
    _, labels = cv2.connectedComponents(open_area, connectivity=4)
    return labels[1:-1, 1:-1] == labels[0, 0]


def extract_lines(
    rgb: NDArray[np.uint8],
    method: Method,
    rng: np.random.Generator | None = None,
    flat: NDArray[np.uint8] | None = None,
) -> Bool:
    """Extract the line art of a painting, bool HxW, true on ink.

    adaptive  gray, darker than the mean of the 9x9 pixels around by 2 (deepcolor)
    canny     borders of brightness, one pixel wide (Automatic Colorization for Line Arts)
    xdog      extended difference of Gaussians (PaintsTorch)
    boundary  borders between the flat colors: also without a drawn line; ignores ink inside of a fill

    rng   jitters the methods' parameters; None: the values above
    flat  the painting's flats (`curate.flats.clean_flats`), if already computed; used only by `boundary`
    Raises ValueError for any other method.
    """
    if method == "boundary":
        borders = find_borders(clean_flats(rgb)[0] if flat is None else flat)
        style = LineStyle() if rng is None else _draw_thin_style(rng)
        return thicken(borders, style, rng or np.random.default_rng(0))
    gray = cv2.medianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), 3)
    if method == "adaptive":
        block, offset = (9, 2.0) if rng is None else (int(rng.choice([7, 9, 11, 13])), float(rng.uniform(2, 5)))
        mean = cv2.ADAPTIVE_THRESH_MEAN_C
        ink = cv2.adaptiveThreshold(gray, 255, mean, cv2.THRESH_BINARY_INV, block, offset) > 0
    elif method == "canny":
        low = 50.0 if rng is None else float(rng.uniform(30, 80))
        ink = cv2.Canny(gray, low, 2.5 * low, L2gradient=True) > 0
    elif method == "xdog":
        sigma = 0.8 if rng is None else float(rng.choice(_XDOG_SIGMAS_PX))
        tau = 0.98 if rng is None else float(rng.uniform(0.965, 0.985))
        lifted = np.asarray(cv2.convertScaleAbs(rgb, alpha=1 - _XDOG_LIFT, beta=255 * _XDOG_LIFT), dtype=np.uint8)
        ink = draw_xdog(lifted, sigma, tau)
    else:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    return drop_specks(ink, _LEAST_LINE_PX)


def drop_specks(ink: Bool, least_px: int) -> Bool:
    """Drop pieces of ink of fewer than `least_px` pixels: bool HxW."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= least_px
    kept[0] = False
    return kept[np.asarray(labels, dtype=np.int32)]


def _draw_thin_style(rng: np.random.Generator) -> LineStyle:
    """Draw a random style for pictures of a few hundred pixels, whose lines are thinner than those of a scan."""
    return LineStyle(
        width_px=float(rng.uniform(1, 3)),
        wobble_px=float(rng.uniform(0, 0.6)),
        gap_share=float(rng.uniform(0, 0.06)) if rng.random() < 0.3 else 0.0,
        shift_px=float(rng.uniform(0, 0.8)) if rng.random() < 0.3 else 0.0,
    )
