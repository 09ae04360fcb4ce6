"""One character of an episode: recolored, perhaps without its shading, with props beside it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.histogram import mean_by_label
from framecolor.training.dataset import IdSequence

PROPS = 12
# Shapes of parts with this name are the art's own ink: always black lines, never fills.
INK = "line"
# Colors closer than this become one class, as painters use one paint for them.
_COLOR_STEP = 14


@dataclass(frozen=True, eq=False, repr=False)
class Character:
    """Tables over ids 0..M-1 (0 is the background, the last PROPS ids are props).

    fill     int32, the fill of each id: no line between ids with the same fill
    inked    int32, coarser than `fill`: the line between different values is ink, else a trace line
    classes  int64, the palette index; 0 is the background's
    rgb      uint8 Mx3, the painted color
    solid    bool, ids that are black ink themselves
    """

    fill: NDArray[np.int32]
    inked: NDArray[np.int32]
    classes: NDArray[np.int64]
    rgb: NDArray[np.uint8]
    solid: NDArray[np.bool_]

    @property
    def first_prop(self) -> int:
        """Return the id of the first prop."""
        return len(self.fill) - PROPS


def draw_character(sequences: list[IdSequence], rng: np.random.Generator, *, recolored: bool = True) -> Character:
    """Draw a character's tables with random merges and line kinds; `sequences` are all of that character.

    recolored  whether the character gets random colors instead of its own
    """
    count = max(int(max(s.ids.max(), s.base.max())) for s in sequences) + 1
    rgb = np.full((count + PROPS, 3), 255, np.uint8)
    base = np.arange(count + PROPS)
    part = np.zeros(count + PROPS, np.int32)
    names = sorted({p for s in sequences for p in s.parts})
    for s in sequences:
        rgb[s.ids], base[s.ids] = s.rgb, s.base
        part[s.ids] = [names.index(p) + 1 for p in s.parts]
    props = np.arange(count, count + PROPS)
    rgb[props] = rng.integers(0, 256, (PROPS, 3))
    part[props] = len(names) + 1 + rng.integers(0, 3, PROPS)
    ink = part == names.index(INK) + 1 if INK in names else np.zeros(part.shape, bool)
    shaded = rng.random() < 0.3
    merged = np.arange(count + PROPS) if shaded else base
    original = rgb[merged]
    classes = group_colors(original, rng)
    # Ink has no color of its own: it counts as background, and its pixels as lines.
    classes = np.unique(np.where(ink, 0, classes), return_inverse=True)[1].astype(np.int64)
    fill = _draw_fill(merged, base, classes, rng)
    inked = _draw_inked(fill, base, part, classes, rng)
    # A value of its own, so that no trace line is drawn along it.
    inked[ink] = inked.max() + 1
    dark = (original.max(axis=1) < 60) & (merged > 0)
    solid = ink | dark if rng.random() < 0.25 else ink
    colors = recolor(original, classes, rng) if recolored else original.copy()
    colors[ink] = 0
    return Character(fill, inked, classes, colors, solid)


def group_colors(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.int64]:
    """Group ids by color: the palette index of each, int64 [M]. Nearly equal colors are one class.

    At random, two classes are joined. Entry 0 (the background) always has class 0 alone.
    """
    grid = (rgb.astype(np.int64) + rng.integers(0, _COLOR_STEP)) // _COLOR_STEP
    key = grid @ np.array([1, 256, 65536])
    key[0] = -1
    _, classes = np.unique(key, return_inverse=True)
    if rng.random() < 0.2 and classes.max() > 4:
        for _ in range(int(rng.integers(1, 4))):
            a, b = rng.integers(1, classes.max() + 1, 2)
            classes[classes == a] = b
    return np.unique(classes, return_inverse=True)[1].astype(np.int64)


def recolor(rgb: NDArray[np.uint8], classes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one color for each class, uint8 Mx3: the original turned in hue or jittered, or a random one.

    The background is mostly white.
    """
    count = int(classes.max()) + 1
    mean = mean_by_label(rgb, classes, count)
    mode = rng.random()
    if mode < 0.35:
        hsv = cv2.cvtColor(mean[None].astype(np.uint8), cv2.COLOR_RGB2HSV)[0].astype(np.int64)
        hsv[:, 0] = (hsv[:, 0] + rng.integers(0, 180)) % 180
        hsv[:, 1] = np.clip(hsv[:, 1] * rng.uniform(0.5, 1.6), 0, 255)
        mean = cv2.cvtColor(hsv[None].astype(np.uint8), cv2.COLOR_HSV2RGB)[0].astype(float)
    elif mode < 0.55:
        mean = rng.uniform(0, 256, (count, 3))
    mean = mean + rng.normal(0, rng.uniform(0, 25), (count, 3))
    mean[0] = 255 if rng.random() < 0.85 else rng.uniform(0, 256, 3)
    return np.clip(mean, 0, 255).astype(np.uint8)[classes]


def _draw_fill(
    merged: NDArray[np.integer], base: NDArray[np.integer], classes: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int32]:
    """Draw where lines run: around every id, around every color, or around colors and bases."""
    kind = rng.random()
    if kind < 0.3:
        fill = merged
    elif kind < 0.65:
        fill = classes
    else:
        fill = np.unique(np.stack([base, classes]), axis=1, return_inverse=True)[1]
    return np.asarray(fill).astype(np.int32).ravel()


def _draw_inked(
    fill: NDArray[np.int32],
    base: NDArray[np.integer],
    part: NDArray[np.int32],
    classes: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    """Draw which lines are ink: all, the silhouette's, none, those of parts or bases, or a random share."""
    kind = rng.random()
    if kind < 0.55:
        return fill
    if kind < 0.65:
        return (part > 0).astype(np.int32)
    if kind < 0.77:
        return np.zeros_like(fill)
    if kind < 0.82:
        return part
    if kind < 0.92:
        return base.astype(np.int32)
    return rng.integers(0, 4, int(fill.max()) + 1).astype(np.int32)[fill] + 1 - (classes == 0)
