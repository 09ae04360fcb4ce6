"""Drawings of one episode: one character in one line style, each drawing in a pose of its own.

A drawing is prepared as at inference: its lines are drawn, and its regions are found between them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Regions
from framecolor.lineart.input_planes import line_planes
from framecolor.lineart.region_shapes import Shapes, describe_shapes
from framecolor.lineart.regions import label_regions
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.matching.flow import LineField, line_field
from framecolor.training.character import Character
from framecolor.training.dataset import IdSequence
from framecolor.training.extract_lines import LineStyle, draw_lines, draw_style, find_outside
from framecolor.training.props import Prop, draw_move, draw_props, move_prop

_GAP_PX = 2.0
_MIN_REGION_PX = 4
# Flow between drawings of an episode is computed at most at this size, which is fine enough.
_FLOW_LONG_SIDE_PX = 384


@dataclass(frozen=True, eq=False, repr=False)
class Drawing:
    """One drawing at the working size, and its lines and regions at the canvas size.

    ink, trace  bool, at the canvas size
    planes   float32 7xHxW; rgb float32 HxWx3 in [0, 1]; classes int64 HxW
    labels   int32 HxW: the region of each pixel, 0 on lines
    regions  the drawing's regions; region_class int64 [count + 1], the most frequent class of each
    outside  bool [count + 1], true for paper
    """

    ink: NDArray[np.bool_]
    trace: NDArray[np.bool_]
    planes: NDArray[np.float32]
    rgb: NDArray[np.float32]
    classes: NDArray[np.int64]
    labels: NDArray[np.int32]
    regions: Regions
    region_class: NDArray[np.int64]
    outside: NDArray[np.bool_]
    shapes: Shapes
    field: LineField

    def points(self) -> RegionPoints:
        """Sample points of all regions, for flow."""
        return sample_points(self.regions)


@dataclass(frozen=True, eq=False)
class Pose:
    """How one drawing differs from the others of its episode.

    turn in radians, log zoom; shift and warp (coarse, fine) in parts of the canvas; whether it is mirrored.
    """

    turn: float
    zoom: float
    shift: NDArray[np.float64]
    coarse: NDArray[np.float32]
    fine: NDArray[np.float32]
    mirrored: bool

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Pose:
        """Draw a random pose. One drawing in twenty is mirrored, as when a body turns around."""
        return cls(
            float(rng.normal(0, 0.2)),
            float(rng.normal(0, 0.1)),
            rng.normal(0, 0.04, 2),
            rng.normal(0, 0.018, (5, 5, 2)).astype(np.float32),
            rng.normal(0, 0.008, (9, 9, 2)).astype(np.float32),
            bool(rng.random() < 0.05),
        )

    def nudged(self, rng: np.random.Generator) -> Pose:
        """Draw the pose of a neighboring drawing: from nearly the same to quite different."""
        other, share = Pose.draw(rng), float(rng.uniform(0.05, 0.7))
        keep = float(np.sqrt(1 - share**2))
        return replace(
            self,
            turn=keep * self.turn + share * other.turn,
            zoom=keep * self.zoom + share * other.zoom,
            shift=keep * self.shift + share * other.shift,
            coarse=keep * self.coarse + share * other.coarse,
            fine=keep * self.fine + share * other.fine,
        )


@dataclass(frozen=True, eq=False)
class Stage:
    """What all drawings of an episode share: the character, line style, framing and deformation of the body."""

    size_px: int
    canvas_px: int
    character: Character
    style: LineStyle
    scale: float
    aspect: float
    center: tuple[float, float]
    flip: bool
    bend: NDArray[np.float32]
    props: tuple[Prop, ...]
    props_behind: bool
    know_outside: bool

    @classmethod
    def draw(cls, size_px: int, character: Character, rng: np.random.Generator) -> Stage:
        """Draw a random stage whose drawings have `size_px` working pixels a side."""
        canvas = round(size_px * float(rng.choice([1.5, 2.0, 2.5])))
        return cls(
            size_px=size_px,
            canvas_px=canvas,
            character=character,
            style=draw_style(rng),
            scale=float(np.exp(rng.uniform(np.log(0.7), np.log(1.45)))),
            aspect=float(np.exp(rng.normal(0, 0.1))),
            center=(float(rng.normal(0.5, 0.07)), float(rng.normal(0.5, 0.07))),
            flip=bool(rng.random() < 0.5),
            bend=rng.normal(0, 0.035, (5, 5, 2)).astype(np.float32),
            props=draw_props(rng) if rng.random() < 0.5 else (),
            props_behind=bool(rng.random() < 0.5),
            know_outside=bool(rng.random() < 0.92),
        )

    def draw_frame(self, frame: NDArray[np.uint16], pose: Pose, rng: np.random.Generator) -> Drawing:
        """Draw one frame in a pose."""
        ids = self._place(frame, pose)
        ids = self._add_props(ids, rng)
        table = self.character
        rgb = table.rgb[ids]
        ink, trace = draw_lines(table.fill[ids], table.inked[ids], table.solid[ids], rgb, self.style, rng)
        lines = ink | trace
        regions = label_regions(lines, gap_px=_GAP_PX, min_region_px=_MIN_REGION_PX)
        paper = find_outside(ids == 0, lines) if self.know_outside else np.zeros_like(lines)
        size = self.size_px

        def shrink(labels: NDArray[np.generic]) -> NDArray[np.float32]:
            small = cv2.resize(labels.astype(np.float32), (size, size), interpolation=cv2.INTER_NEAREST)
            return np.asarray(small, dtype=np.float32)

        return Drawing(
            ink=ink,
            trace=trace,
            planes=line_planes(ink, trace, paper, size, size),
            rgb=cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255),
            classes=table.classes[shrink(ids).astype(np.intp)],
            labels=shrink(regions.labels).astype(np.int32),
            regions=regions,
            region_class=find_majority(regions, table.classes[ids]),
            outside=find_majority(regions, paper.astype(np.int64)) > 0,
            shapes=describe_shapes(regions),
            field=line_field(lines, _FLOW_LONG_SIDE_PX),
        )

    def _place(self, frame: NDArray[np.uint16], pose: Pose) -> NDArray[np.uint16]:
        """Place the frame's id map on the canvas, nearest pixels."""
        canvas = self.canvas_px
        zoom = max(frame.shape) / canvas / (self.scale * float(np.exp(pose.zoom)))
        grid = np.arange(canvas, dtype=np.float32)
        center = (np.array(self.center) + pose.shift) * canvas
        x, y = np.meshgrid(grid - np.float32(center[0]), grid - np.float32(center[1]))
        warp = self._warp(pose)
        x, y = x + warp[..., 0], y + warp[..., 1]
        cos, sin = np.cos(pose.turn) * zoom, np.sin(pose.turn) * zoom
        mirror = self.flip != pose.mirrored
        map_x = (x * cos - y * sin) * (-self.aspect if mirror else self.aspect) + frame.shape[1] / 2
        map_y = x * sin + y * cos + frame.shape[0] / 2
        return cv2.remap(
            frame, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_NEAREST, borderValue=0
        ).astype(np.uint16, copy=False)

    def _warp(self, pose: Pose) -> NDArray[np.float32]:
        """Compute the elastic displacement in canvas pixels, float32 HxWx2: the body's own bend plus this drawing's."""
        canvas = self.canvas_px
        grown = [
            cv2.resize(grid, (canvas, canvas), interpolation=cv2.INTER_CUBIC)
            for grid in (self.bend + pose.coarse, pose.fine)
        ]
        return (grown[0] + grown[1]).astype(np.float32) * canvas

    def _add_props(self, ids: NDArray[np.uint16], rng: np.random.Generator) -> NDArray[np.uint16]:
        drawn = ids.copy()
        moves = [draw_move(rng) for _ in self.props]
        for i, prop in enumerate(self.props):
            points = (move_prop(prop, moves[prop.group]) * self.canvas_px).round().astype(np.int32)
            cv2.fillPoly(drawn, [points], self.character.first_prop + i)
        if self.props_behind:
            drawn = np.where(ids > 0, ids, drawn)
        return drawn


def draw_frames(
    size_px: int,
    character: Character,
    frames: Sequence[NDArray[np.uint16]],
    neighbors: Collection[int],
    rng: np.random.Generator,
) -> list[Drawing]:
    """Draw frames on one random stage; those at `neighbors` are in nearly the pose of the one before them."""
    while True:
        stage = Stage.draw(size_px, character, rng)
        poses = [Pose.draw(rng) for _ in frames]
        for later in neighbors:
            poses[later] = poses[later - 1].nudged(rng)
        drawings = [stage.draw_frame(frame, pose, rng) for frame, pose in zip(frames, poses, strict=True)]
        if all(drawing.labels.any() for drawing in drawings):  # else a drawing is all ink: draw again
            return drawings


def step_frame(sequence: IdSequence, frame: int, step: int) -> tuple[IdSequence, int]:
    """Step to the frame `step` frames on in a sequence, or to its end: the sequence, and the index of the frame."""
    return sequence, int(np.clip(frame + step, 0, len(sequence.frames) - 1))


def find_majority(regions: Regions, classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the most frequent class (of int64 HxW) in each region, [count + 1]; entry 0 is that of the lines."""
    width = int(classes.max()) + 1
    counts = np.bincount((regions.labels * width + classes).ravel(), minlength=(regions.count + 1) * width)
    return counts.reshape(regions.count + 1, width).argmax(axis=1)
