"""A sheet of animation paper: filled and inked layers, back to front, give line art and paint that agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from demo_shot.geometry import Points, Tremor, normals, spline

SCALE = 4  # ink is drawn this many times larger, then area-averaged
_SHIFT = 4  # fractional bits of OpenCV's polygon coordinates
_COVERED = 110  # ink at least this dark separates two fills by itself
_ALPHA_STEP = 5  # ink alpha comes in steps, so that line art fits a 256-color PNG


@dataclass(frozen=True)
class Run:
    """A smooth piece of a layer's outline. `width` 0 leaves it without ink; `ends` are the tapers (1: none)."""

    curve: Points
    width: float = 3.3
    ends: tuple[float, float] = (0.62, 0.62)
    smooth: bool = True


@dataclass(frozen=True)
class Layer:
    """What a drawn layer covers, for fills and strokes that must stay inside.

    box    left, top, right, bottom in pixels; the masks cover only this part of the sheet.
    mask   bool, at 1x. large  uint8 0 or 255, at SCALE.
    """

    box: tuple[int, int, int, int]
    mask: NDArray[np.bool_]
    large: NDArray[np.uint8]

    @property
    def part(self) -> tuple[slice, slice]:
        """The box as an index into arrays at 1x."""
        left, top, right, bottom = self.box
        return slice(top, bottom), slice(left, right)

    @property
    def large_part(self) -> tuple[slice, slice]:
        """The box as an index into arrays at SCALE."""
        left, top, right, bottom = (edge * SCALE for edge in self.box)
        return slice(top, bottom), slice(left, right)

    def within(self, other: Layer) -> Layer:
        """The part of this layer that another one covers too."""
        left, top = max(self.box[0], other.box[0]), max(self.box[1], other.box[1])
        right = max(left, min(self.box[2], other.box[2]))
        bottom = max(top, min(self.box[3], other.box[3]))

        def cut(array: NDArray, owner: Layer, scale: int) -> NDArray:
            x, y = owner.box[:2]
            return array[(top - y) * scale : (bottom - y) * scale, (left - x) * scale : (right - x) * scale]

        mask = cut(self.mask, self, 1) & cut(other.mask, other, 1)
        large = np.minimum(cut(self.large, self, SCALE), cut(other.large, other, SCALE))
        return Layer((left, top, right, bottom), mask, large)


@dataclass(frozen=True)
class Drawing:
    """One finished frame.

    line    uint8 HxWx4: black antialiased ink, pure blue and red trace lines, transparent elsewhere.
    ink     uint8 HxW: the alpha of the ink alone.
    label   uint8 HxW: palette index of every pixel, 0 outside of the figure.
    closed  bool HxW: line pixels as they were before the small gaps were cut.
    """

    line: NDArray[np.uint8]
    ink: NDArray[np.uint8]
    label: NDArray[np.uint8]
    closed: NDArray[np.bool_]


class Canvas:
    """Paints layers over each other in the order of the calls. Coordinates go through `place` to pixels."""

    def __init__(self, size: tuple[int, int], place: Callable[[Points], Points], seed: int) -> None:
        self.size = size
        self._place = place
        self._tremor = Tremor(seed, size)
        self._rng = np.random.default_rng(seed + 77)
        self._label = np.zeros(size, np.uint8)
        self._ink = np.zeros((size[0] * SCALE, size[1] * SCALE), np.uint8)
        self._gaps: list[tuple[Points, Points, float]] = []

    def layer(self, color: int, runs: Sequence[Run], clip: Layer | None = None) -> Layer:
        """Fill the shape that the runs enclose, hide what lies under it, and ink its outline."""
        curves = [self._draft(run.curve, run.smooth) for run in runs]
        shape = self._mask(np.vstack(curves))
        if clip is not None:
            shape = shape.within(clip)
        self._label[shape.part][shape.mask] = color
        self._ink[shape.large_part][shape.large > 0] = 0
        for run, curve in zip(runs, curves, strict=True):
            if run.width:
                self._stroke(curve, run.width, run.ends, clip, 0.9 if run.width > 2 else 0.0)
        return shape

    def shade(self, color: int, curve: Points, inside: Layer, smooth: bool = True, closed: bool = True) -> None:
        """Repaint the part of a layer under the curve; a trace line bounds it. Call before what covers the layer."""
        drafted = self._draft(np.vstack([curve, curve[:1]]) if closed and not smooth else curve, smooth, closed)
        shape = self._mask(drafted).within(inside)
        self._label[shape.part][shape.mask] = color

    def line(
        self, curve: Points, width: float = 2.3, ends: tuple[float, float] = (0.3, 0.15), inside: Layer | None = None
    ) -> None:
        """An open ink stroke."""
        self._stroke(self._draft(curve, True), width, ends, inside, 0.0)

    def blot(self, curve: Points, smooth: bool = True, inside: Layer | None = None) -> None:
        """A shape filled with ink, like a heavy eyelash."""
        shape = self._mask(self._draft(curve, smooth, smooth))
        if inside is not None:
            shape = shape.within(inside)
        self._ink[shape.large_part][shape.large > 0] = 255

    def finish(self, trace: dict[int, tuple[int, int, int]]) -> Drawing:
        """The drawing; `trace` gives, for palette indices that shade another, the color of their trace lines."""
        height, width = self.size
        small = cv2.resize(self._ink, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
        lines, specks = self._trace_lines(small, trace)
        self._ink[np.kron(specks, np.ones((SCALE, SCALE), bool))] = 255
        small[specks] = 255
        closed = (small >= _COVERED) | (lines.max(2) > 0)
        for left, right, thickness in self._gaps:
            cv2.line(self._ink, _fixed(left), _fixed(right), 0, max(1, round(thickness * SCALE)), cv2.LINE_8, _SHIFT)
        ink = cv2.resize(self._ink, (width, height), interpolation=cv2.INTER_AREA)
        ink = (np.round(ink / _ALPHA_STEP) * _ALPHA_STEP).astype(np.uint8)
        traced = lines.max(2) > 0
        ink[traced] = 0
        line = np.dstack([lines, np.where(traced, 255, ink).astype(np.uint8)])
        return Drawing(line, ink, self._label.copy(), closed)

    def _draft(self, curve: Points, smooth: bool, closed: bool = False) -> Points:
        placed = self._place(np.asarray(curve, np.float64))
        dense = spline(placed, closed) if smooth else _dense(placed)
        return self._tremor(dense)

    def _mask(self, curve: Points) -> Layer:
        height, width = self.size
        left, top = np.clip(np.floor(curve.min(0)).astype(int) - 1, 0, (width, height)).tolist()
        right, bottom = np.clip(np.ceil(curve.max(0)).astype(int) + 2, (left, top), (width, height)).tolist()
        mask = np.zeros((bottom - top, right - left), np.uint8)
        large = np.zeros((mask.shape[0] * SCALE, mask.shape[1] * SCALE), np.uint8)
        local = curve - (left, top)
        # Pixel centers lie at +0.5 in drawing coordinates and at integers in OpenCV's.
        cv2.fillPoly(mask, [np.round((local - 0.5) * (1 << _SHIFT)).astype(np.int32)], 1, cv2.LINE_8, _SHIFT)
        cv2.fillPoly(large, [np.round((local * SCALE - 0.5) * (1 << _SHIFT)).astype(np.int32)], 255, cv2.LINE_8, _SHIFT)
        return Layer((left, top, right, bottom), mask > 0, large)

    def _stroke(
        self, curve: Points, width: float, ends: tuple[float, float], inside: Layer | None, gap_rate: float
    ) -> None:
        half = self._half_widths(curve, width, ends)
        target = self._ink if inside is None else np.zeros_like(self._ink)
        across = normals(curve) * half[:, None]
        left = np.round(((curve + across) * SCALE - 0.5) * (1 << _SHIFT)).astype(np.int32)
        right = np.round(((curve - across) * SCALE - 0.5) * (1 << _SHIFT)).astype(np.int32)
        for i in range(len(curve) - 1):
            quad = np.stack([left[i], left[i + 1], right[i + 1], right[i]])
            cv2.fillConvexPoly(target, quad, 255, cv2.LINE_8, _SHIFT)
        for point, radius in zip(curve, half, strict=True):
            cv2.circle(
                target, _fixed(point), max(1, round(radius * SCALE * (1 << _SHIFT))), 255, -1, cv2.LINE_8, _SHIFT
            )
        if inside is not None:
            part = inside.large_part
            self._ink[part] = np.maximum(self._ink[part], target[part] & inside.large)
        if len(curve) > 60 and self._rng.random() < gap_rate * 0.12:
            at = int(len(curve) * self._rng.uniform(0.2, 0.8))
            reach = normals(curve)[at] * (width + 1)
            self._gaps.append((curve[at] - reach, curve[at] + reach, self._rng.uniform(1.0, 1.8)))

    def _half_widths(self, curve: Points, width: float, ends: tuple[float, float]) -> NDArray[np.float64]:
        """Pressure along a stroke: tapered ends, heavier where the line faces down or right, a little uneven."""
        s = np.r_[0, np.cumsum(np.hypot(*np.diff(curve, axis=0).T))]
        length = max(float(s[-1]), 1e-6)
        reach = min(34.0, length * 0.4)
        rise = np.minimum(s / reach, 1) * (2 - np.minimum(s / reach, 1))
        fall = np.minimum((length - s) / reach, 1) * (2 - np.minimum((length - s) / reach, 1))
        taper = (ends[0] + (1 - ends[0]) * rise) * (ends[1] + (1 - ends[1]) * fall)
        knots = self._rng.normal(0, 0.09, max(4, int(length / 30) + 2))
        uneven = 1 + np.interp(s / length, np.linspace(0, 1, len(knots)), knots)
        facing = np.abs(normals(curve) @ np.array([0.25, 0.97]))
        return width / 2 * taper * uneven * (0.88 + 0.24 * facing)

    def _trace_lines(
        self, ink: NDArray[np.uint8], trace: dict[int, tuple[int, int, int]]
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """One-pixel lines (uint8 HxWx3) on the shaded side wherever two fills meet without ink, and specks to ink."""
        label = self._label
        rank = np.zeros(256, np.int32)
        rank[:] = np.arange(256)
        rank[list(trace)] += 1000
        edge = np.zeros(self.size, bool)
        for axis in (0, 1):
            for here, there in ((slice(None, -1), slice(1, None)), (slice(1, None), slice(None, -1))):
                a = (here, slice(None)) if axis == 0 else (slice(None), here)
                b = (there, slice(None)) if axis == 0 else (slice(None), there)
                differ = (label[a] != label[b]) & (rank[label[a]] > rank[label[b]])
                edge[a] |= differ & (ink[a] < _COVERED) & (ink[b] < 2 * _COVERED)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(edge.astype(np.uint8), connectivity=8)
        specks = edge & np.take(stats[:, cv2.CC_STAT_AREA] <= 2, np.asarray(parts, np.intp))
        edge &= ~specks
        colors = np.zeros((256, 3), np.uint8)
        colors[:] = (0, 0, 255)
        for index, color in trace.items():
            colors[index] = color
        return np.where(edge[..., None], colors[label], 0).astype(np.uint8), specks


def _dense(curve: Points) -> Points:
    pieces = [spline(curve[i : i + 2])[:-1] for i in range(len(curve) - 1)]
    return np.vstack([*pieces, curve[-1:]])


def _fixed(point: Points) -> tuple[int, int]:
    x, y = np.round((point * SCALE - 0.5) * (1 << _SHIFT)).astype(int)
    return int(x), int(y)
