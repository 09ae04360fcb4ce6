"""Episodes that imitate the task: a few painted keys and a few drawings of one character, in one hand.

Episode number n of a seed is always the same, whatever was drawn before, so that a resumed training is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from framecolor.lineart.planes import line_planes
from framecolor.training.character import Character, draw_character
from framecolor.training.dataset import Dataset, IdSequence, Split
from framecolor.training.extract_lines import LineStyle, draw_lines, draw_style, find_outside
from framecolor.training.props import Prop, draw_move, draw_props, move_prop
from framecolor.training.simulate_hints import simulate_hint


@dataclass(frozen=True)
class EpisodeSettings:
    """size_px: side of the working planes. keys, plain and hinted images are `images` in all, `hinted` of them with a
    hint, 1 to `most_keys` of them keys. samples: pixels of each image that the losses see."""

    size_px: int = 224
    images: int = 6
    hinted: int = 2
    most_keys: int = 3
    samples: int = 4096


@dataclass(frozen=True, eq=False, repr=False)
class Drawing:
    """One drawing at the working size: planes 7xHxW, class, id and region of each pixel, rgb in [0, 1], line mask."""

    planes: NDArray[np.float32]
    classes: NDArray[np.int64]
    regions: NDArray[np.int32]
    rgb: NDArray[np.float32]
    lines: NDArray[np.bool_]


class Episodes(TorchDataset[dict[str, Tensor]]):
    """Episode n of a data set, as tensors. Images come in the order keys, queries, hinted.

    planes [N, 11, H, W]; pixel [N, P] flat positions of the samples; classes [N, P]; region [N, P] over all images;
    region_class [R]; region_image [R]; rgb [N, H, W, 3] uint8; keys, plain: how many images are keys, and are without
    a hint. `whole` adds class_map [N, H, W] (-1 on lines) and region_map [N, H, W].
    """

    def __init__(
        self, data: Dataset, split: Split, seed: int, settings: EpisodeSettings, *, whole: bool = False
    ) -> None:
        self.data = data
        self.characters = data.characters(split)
        self.seed = seed
        self.settings = settings
        self.whole = whole

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([self.seed, index])
        settings = self.settings
        files = self.characters[int(rng.integers(len(self.characters)))]
        sequences = [self.data.read(file) for file in files]
        character = draw_character(sequences, rng)
        keys = int(rng.integers(1, settings.most_keys + 1))
        frames = choose_frames(sequences, settings.images, keys, rng)
        stage = Stage.draw(settings.size_px, character, rng)
        drawings = [stage.draw_frame(frame, rng) for frame in frames]
        return self._pack(drawings, keys, rng)

    def __len__(self) -> int:
        return 2**31

    def _pack(self, drawings: list[Drawing], keys: int, rng: np.random.Generator) -> dict[str, Tensor]:
        settings = self.settings
        planes, pixels, classes, regions, region_class, region_image = [], [], [], [], [], []
        offset = 0
        for i, drawing in enumerate(drawings):
            hinted = i >= settings.images - settings.hinted
            shape = drawing.planes.shape[1:]
            hint = simulate_hint(drawing.rgb, drawing.regions, rng) if hinted else np.zeros((4, *shape), np.float32)
            planes.append(np.concatenate([drawing.planes, hint]))
            pixel = sample_pixels(drawing.regions, drawing.lines, settings.samples, rng)
            pixels.append(pixel)
            classes.append(drawing.classes.ravel()[pixel])
            regions.append(drawing.regions.ravel()[pixel] + offset)
            count = int(drawing.regions.max()) + 1
            of_region = np.zeros(count, np.int64)
            of_region[drawing.regions] = drawing.classes
            region_class.append(of_region)
            region_image.append(np.full(count, i))
            offset += count
        packed = {
            "planes": np.stack(planes),
            "pixel": np.stack(pixels),
            "classes": np.stack(classes),
            "region": np.stack(regions).astype(np.int64),
            "region_class": np.concatenate(region_class),
            "region_image": np.concatenate(region_image),
            "rgb": np.stack([(d.rgb * 255).round().astype(np.uint8) for d in drawings]),
            "keys": np.array(keys),
            "plain": np.array(settings.images - settings.hinted),
        }
        if self.whole:
            packed["class_map"] = np.stack([np.where(d.lines, -1, d.classes) for d in drawings])
            packed["region_map"] = np.stack([d.regions for d in drawings])
        return {name: torch.from_numpy(array) for name, array in packed.items()}


def choose_frames(
    sequences: list[IdSequence], images: int, keys: int, rng: np.random.Generator
) -> list[NDArray[np.uint16]]:
    """Keys of one action, then the other images: near to the keys, far from them, or of another action."""
    action = sequences[int(rng.integers(len(sequences)))]
    count = len(action.frames)
    at = rng.integers(0, count, keys)
    reach = rng.random()
    frames = [action.frames[i] for i in at]
    for _ in range(images - keys):
        if reach < 0.4:
            i = int(np.clip(rng.choice(at) + rng.choice([-4, -3, -2, -1, 1, 2, 3, 4]), 0, count - 1))
            frames.append(action.frames[i])
        elif reach < 0.75:
            frames.append(action.frames[int(rng.integers(count))])
        else:
            other = sequences[int(rng.integers(len(sequences)))]
            frames.append(other.frames[int(rng.integers(len(other.frames)))])
    return frames


def sample_pixels(
    regions: NDArray[np.int32], lines: NDArray[np.bool_], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """`count` flat positions off the lines, drawn with probability proportional to 1/sqrt(area of the region)."""
    flat = regions.ravel()
    area = np.bincount(flat, weights=~lines.ravel())
    weight = np.where(lines.ravel(), 0, (1 / np.sqrt(np.maximum(area, 1)))[flat])
    if not weight.any():
        weight = np.ones(flat.shape)
    cumulative = np.cumsum(weight)
    return np.searchsorted(cumulative, rng.random(count) * cumulative[-1]).clip(0, flat.size - 1)


@dataclass(frozen=True, eq=False)
class Stage:
    """What all drawings of one episode share: the character, the hand, the framing and the deformation of the body."""

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
        """A random stage whose drawings have `size_px` working pixels a side."""
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

    def draw_frame(self, frame: NDArray[np.uint16], rng: np.random.Generator) -> Drawing:
        """One frame as a drawing, with its own small turn, shift, size and elastic warp."""
        ids = self._place(frame, rng)
        ids = self._add_props(ids, rng)
        table = self.character
        rgb = table.rgb[ids]
        ink, trace = draw_lines(table.fill[ids], table.inked[ids], table.solid[ids], rgb, self.style, rng)
        lines = ink | trace
        outside = find_outside(ids == 0, lines) if self.know_outside else np.zeros_like(lines)
        size = self.size_px
        small = cv2.resize(ids, (size, size), interpolation=cv2.INTER_NEAREST).astype(np.intp)
        covered = cv2.resize(lines.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
        present = np.bincount(table.fill[small].ravel()) > 0
        return Drawing(
            planes=line_planes(ink, trace, outside, size, size),
            classes=table.classes[small],
            regions=(np.cumsum(present) - 1).astype(np.int32)[table.fill[small]],
            rgb=cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255),
            lines=(covered > 0.7) | table.solid[small],
        )

    def _place(self, frame: NDArray[np.uint16], rng: np.random.Generator) -> NDArray[np.uint16]:
        """The frame's id map on the canvas, nearest."""
        canvas = self.canvas_px
        zoom = max(frame.shape) / canvas / (self.scale * float(np.exp(rng.normal(0, 0.1))))
        turn = float(rng.normal(0, 0.2))
        grid = np.arange(canvas, dtype=np.float32)
        center = np.array(self.center) * canvas + rng.normal(0, 0.04, 2) * canvas
        x, y = np.meshgrid(grid - np.float32(center[0]), grid - np.float32(center[1]))
        warp = self._warp(rng)
        x, y = x + warp[..., 0], y + warp[..., 1]
        cos, sin = np.cos(turn) * zoom, np.sin(turn) * zoom
        # The mirror turns whole episodes; one drawing in twenty is mirrored against the others, as a body turns round.
        mirror = self.flip != (rng.random() < 0.05)
        map_x = (x * cos - y * sin) * (-self.aspect if mirror else self.aspect) + frame.shape[1] / 2
        map_y = x * sin + y * cos + frame.shape[0] / 2
        return cv2.remap(
            frame, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_NEAREST, borderValue=0
        ).astype(np.uint16, copy=False)

    def _warp(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Elastic displacement in canvas pixels, float32 HxWx2: the body's own bend plus this drawing's."""
        canvas = self.canvas_px
        coarse = self.bend + rng.normal(0, 0.018, self.bend.shape).astype(np.float32)
        fine = rng.normal(0, 0.008, (9, 9, 2)).astype(np.float32)
        grown = [cv2.resize(g, (canvas, canvas), interpolation=cv2.INTER_CUBIC) for g in (coarse, fine)]
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
