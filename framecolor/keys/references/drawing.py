"""Read references: painted pictures of other cuts or design sheets, each with its lines, regions and their colors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.hashing import hash_pixels
from framecolor.core.types import Box, Frame, Palette, Regions
from framecolor.errors import InputError, ReadError, ShotError
from framecolor.keys.key_drawing import WORKING_AREA_PX, KeyDrawing, map_in_pool
from framecolor.lineart.drawn import read_other_lines, segment
from framecolor.lineart.packed import PackedDrawing
from framecolor.lineart.painted_lines import find_painted_lines
from framecolor.lineart.region_colors import (
    PAPER,
    SCATTER_LEVELS,
    RegionColors,
    add_colors,
    build_palette,
    find_near,
    region_colors,
)
from framecolor.lineart.regions import outside_regions
from framecolor.media import image_size
from framecolor.networks.view import figure_box, working_scale
from framecolor.shot.shot import MAX_DRAWING_PX, Shot

_EXPORT = "save it as a flat painting: PNG, without brush texture or gradients"
# A painting is flat if at least this share of its figure has nearly the color of its region. Its colors are exact if
# nearly all of these pixels have exactly that color, as without lossy compression.
_FLAT_SHARE = 0.6
_EXACT_SHARE = 0.95
# Parts of a picture whose distance is below this share of its shorter side are one figure. A figure has a box of at
# least this share of the largest one: others are notes, color chips or loose details.
_APART_SHARE = 0.015
_LEAST_FIGURE = 0.2
_MARGIN_PX = 8


@dataclass(frozen=True, eq=False)
class ReferenceDrawing:
    """One figure of a reference, read and segmented: all of it, or one figure of several on a design sheet.

    position  in the shot's references
    drawing   its lines and regions
    scale     working pixels per pixel: its figure has the usual size for the networks, whatever its resolution
    colors    of each region; pixels within compression noise of a region's color count as votes for it
    paper     regions that are the paper around the figure, bool [count + 1]
    is_exact  whether its colors are exact, not scattered by compression
    """

    position: int
    drawing: PackedDrawing
    scale: float
    colors: RegionColors
    paper: NDArray[np.bool_]
    is_exact: bool


def read_references(
    shot: Shot, settings: Settings, pool: ThreadPoolExecutor | None = None
) -> tuple[list[ReferenceDrawing], list[str]]:
    """Read the references of a shot, in the pool's threads. Returns the usable ones, and a warning for each other one.

    Copies of the shot's own keys are left out. Raises ShotError if a folder that the user named has no usable one.
    """
    warnings: list[str] = []

    def read(position: int) -> tuple[list[ReferenceDrawing], list[str]]:
        try:
            return ([], []) if shot.is_own_key(shot.references[position]) else _read(shot, position, settings)
        except InputError as error:
            return [], [f"reference is not used: {error}"]

    results = map_in_pool(read, range(len(shot.references)), pool)
    for (folder, scope), group in groupby(
        zip(shot.references, results, strict=True), lambda pair: (pair[0].folder, pair[0].scope)
    ):
        found = [result for _, result in group]
        texts = [text for _, some in found for text in some]
        if scope == "given" and texts and not any(figures for figures, _ in found):
            raise ShotError(folder, f"holds nothing that can be used: {texts[0]}", "check --references")
        warnings += texts
    return [figure for figures, _ in results for figure in figures], warnings


def _read(shot: Shot, position: int, settings: Settings) -> tuple[list[ReferenceDrawing], list[str]]:
    reference, warnings = shot.references[position], list[str]()
    # Before it is decoded: a file of a few bytes can claim gigabytes of pixels.
    height, width = image_size(reference.painted)
    if height * width > MAX_DRAWING_PX:
        raise ReadError(reference.painted, _describe_too_large(height, width), "save it smaller")
    painted = shot.read_reference(reference.painted)
    line = None
    if reference.line is not None:
        try:
            h, w = image_size(reference.line)
            if (h, w) != (height, width):
                problem = f"is {w}x{h}, its painting is {width}x{height}"
                raise ReadError(reference.line, problem, "save both at one size")
            line = shot.read_reference(reference.line)
        except ReadError as error:
            warnings.append(f"line art of a reference is not used, but found in its painting: {error}")
    try:
        return make_references(position, painted, line, settings), warnings
    except ValueError as error:
        raise ReadError(reference.painted, str(error), _EXPORT) from None


def make_references(
    position: int, painted: NDArray[np.uint8], line: NDArray[np.uint8] | None, settings: Settings
) -> list[ReferenceDrawing]:
    """Make a reference of each figure of a painted picture; arguments and errors as for `make_reference`."""
    whole = make_reference(position, painted, line, settings)
    figures: list[ReferenceDrawing] = []
    for box in _find_figures(whole):
        with suppress(ValueError):
            part = None if line is None else np.ascontiguousarray(box.crop(line))
            figures.append(make_reference(position, np.ascontiguousarray(box.crop(painted)), part, settings))
    return figures if len(figures) > 1 else [whole]


def _find_figures(reference: ReferenceDrawing) -> list[Box]:
    """Find the boxes of a picture's large figures, from left to right; figures whose boxes overlap are one."""
    regions = reference.drawing.regions()
    height, width = regions.size
    drawn = (~reference.paper)[regions.labels].astype(np.uint8)
    reach_px = max(1, round(_APART_SHARE * min(height, width)))
    joined = cv2.dilate(drawn, np.ones((reach_px, reach_px), np.uint8))
    boxes = cv2.connectedComponentsWithStats(joined, connectivity=8)[2][1:, :4].tolist()
    found: list[tuple[int, int, int, int]] = []
    for left, top, w, h in boxes:
        one = (left, top, left + w, top + h)
        while touching := [b for b in found if b[0] < one[2] and one[0] < b[2] and b[1] < one[3] and one[1] < b[3]]:
            found = [b for b in found if b not in touching]
            sides = list(zip(one, *touching, strict=True))
            one = (min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3]))
        found.append(one)
    largest = max(((b[2] - b[0]) * (b[3] - b[1]) for b in found), default=0)
    return [
        Box(max(0, t - _MARGIN_PX), min(height, b + _MARGIN_PX), max(0, a - _MARGIN_PX), min(width, c + _MARGIN_PX),
            height, width)
        for a, t, c, b in sorted(found)
        if (c - a) * (b - t) >= _LEAST_FIGURE * largest
    ]  # fmt: skip


def make_reference(
    position: int, painted: NDArray[np.uint8], line: NDArray[np.uint8] | None, settings: Settings
) -> ReferenceDrawing:
    """Make a reference of a painted picture and its line art, both uint8 HxWx4 of one size.

    line  None: lines are found in the painting
    Raises ValueError, which says why the picture cannot be used.
    """
    height, width = painted.shape[:2]
    if height * width > MAX_DRAWING_PX:
        raise ValueError(_describe_too_large(height, width))
    frame = find_painted_lines(position, painted) if line is None else read_other_lines(position, line, painted)
    regions = segment(frame, settings)
    exact = region_colors(painted, frame, regions)
    paper = _find_paper(regions, exact.color)
    colors = _count_near(painted, frame, regions, exact)
    figure = ~paper
    figure[0] = False
    seen, near = colors.seen[figure].sum(), colors.votes[figure].sum()
    if not figure.any() or not seen:
        raise ValueError("shows no painted figure")
    if near < _FLAT_SHARE * seen:
        raise ValueError(f"only {near / seen:.0%} of its areas are in one flat color")
    packed = PackedDrawing.pack(frame, regions, hash_pixels(painted))
    scale = working_scale([figure_box(frame)], WORKING_AREA_PX)
    is_exact = bool(np.minimum(exact.votes, colors.votes)[figure].sum() >= _EXACT_SHARE * near)
    return ReferenceDrawing(position, packed, scale, colors, paper, is_exact)


def _describe_too_large(height: int, width: int) -> str:
    return f"is {width}x{height}, above the limit of {MAX_DRAWING_PX} pixels"


def _find_paper(regions: Regions, color: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find the paper around the figure, bool [count + 1]: outer regions of the color along the picture's border."""
    labels = regions.labels
    edge = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
    outside = outside_regions(regions)
    along = np.bincount(edge, minlength=regions.count + 1) * outside
    return outside & (color == color[along.argmax()]).all(axis=1)


def _count_near(painted: NDArray[np.uint8], frame: Frame, regions: Regions, exact: RegionColors) -> RegionColors:
    """Count for each region the clean pixels within compression noise of its color, and all clean ones."""
    solid = painted[..., 3] >= 128
    apart = cv2.absdiff(painted[..., :3], exact.color[..., :3][regions.labels]).max(axis=2)
    has_paint = exact.color[:, 3] > 0
    near = (solid == has_paint[regions.labels]) & ((apart <= SCATTER_LEVELS) | ~solid)
    clean = frame.ink[..., 3] == 0
    count = regions.count + 1
    seen = np.bincount(regions.labels[clean], minlength=count).astype(np.int64)
    votes = np.bincount(regions.labels[clean & near], minlength=count).astype(np.int64)
    seen[0] = votes[0] = 0
    return RegionColors(exact.color, votes, seen, np.zeros(count, np.int64))


def settle_references(
    references: Sequence[ReferenceDrawing],
    palette: Palette,
    keys: Sequence[KeyDrawing],
    colors: Mapping[int, RegionColors],
) -> tuple[Palette, list[NDArray[np.uint8]]]:
    """Join the colors of references with a palette. Returns it, and the colors of each reference's regions.

    palette  of keys and labels; may be empty
    keys     whole keys, and the colors of each by its number
    Colors are uint8 [count + 1, 4]: those near a color of the palette are replaced by it, others are appended to it,
    the most used first. The paper of references becomes that of the keys.
    """
    if not references:
        return palette, []
    paper = _find_key_paper(keys, colors)
    paper = _choose_paper(references[0]) if paper is None else paper
    settled = [_settle_colors(reference, palette, paper) for reference in references]
    return add_colors(_extend_palette(palette, references), paper[None]), settled


def _find_key_paper(keys: Sequence[KeyDrawing], colors: Mapping[int, RegionColors]) -> NDArray[np.uint8] | None:
    """Find the color of most paper around the figures of keys, uint8 [4]; None if they show no paper."""
    area: dict[tuple[int, ...], int] = {}
    for key in keys:
        outside = outside_regions(key.drawing.regions())
        for color, pixels in zip(colors[key.number].color[outside].tolist(), key.area[outside].tolist(), strict=True):
            area[tuple(color)] = area.get(tuple(color), 0) + pixels
    return np.array(max(area, key=lambda color: area[color]), np.uint8) if area else None


def _choose_paper(reference: ReferenceDrawing) -> NDArray[np.uint8]:
    """Choose the color of the paper of a shot without keys: white if the reference's is, else transparent."""
    color = reference.colors.color[reference.paper]
    is_white = len(color) > 0 and color[0, 3] > 0 and color[0, :3].min() >= 255 - SCATTER_LEVELS
    return np.array((255, 255, 255, 255) if is_white else PAPER, np.uint8)


def _settle_colors(reference: ReferenceDrawing, palette: Palette, paper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    color = reference.colors.color.copy()
    near = find_near(color, palette)
    color[near >= 0] = palette.colors[near[near >= 0]]
    color[reference.paper] = paper
    return color


def _extend_palette(palette: Palette, references: Sequence[ReferenceDrawing]) -> Palette:
    """Append the colors of references, the most used first, except those near a color of the palette.

    Those of a lossy picture are also left out if they are near a color of another reference.
    """
    own = palette
    for is_exact in (True, False):
        colors = [_without_paper(reference) for reference in references if reference.is_exact == is_exact]
        for color in build_palette(colors).colors if colors else ():
            if find_near(color[None], own if is_exact else palette)[0] < 0:
                palette = add_colors(palette, color[None])
    return palette


def _without_paper(reference: ReferenceDrawing) -> RegionColors:
    c, kept = reference.colors, ~reference.paper
    return RegionColors(c.color[kept], c.votes[kept], c.seen[kept], c.rivals[kept])
