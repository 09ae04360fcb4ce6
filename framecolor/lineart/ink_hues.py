"""Find the pure hues that are ink in a shot: in all-red or all-blue line art they are no trace lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.trace_map import Meaning

InkHues = Literal["dark", "red", "green", "blue", "red-green", "red-blue", "green-blue", "colored"]
"""Pure hues that are ink besides dark and muted lines: none, some, or all of red, green and blue."""

_HUES = ("red", "green", "blue")
_COMBINED: dict[tuple[int, ...], InkHues] = {
    (): "dark",
    (0,): "red",
    (1,): "green",
    (2,): "blue",
    (0, 1): "red-green",
    (0, 2): "red-blue",
    (1, 2): "green-blue",
    (0, 1, 2): "colored",
}
_INDICES = {name: indices for indices, name in _COMBINED.items()}
# A pixel inside a line, not at its antialiased edge, has this alpha.
_CORE_ALPHA = 128
# A stroke is narrower than this share of the shorter side; what is wider is an area of ink.
_STROKE_SHARE = 1 / 60
# A key shows a line where it differs by so many levels from the fills around, looked up at these distances.
_SHOWN_LEVELS, _REACHES_PX = 32, (2, 4, 6, 9)
_MOST_LOOKED_AT = 20_000
# A hue is ink if the keys show this share of its lines, less if most lines are of that hue. Below the last share of all
# lines, it is ignored. Trace lines came to .46 at most, colored ink to .97 at least.
_SHOWN_SHARE, _SHOWN_SHARE_OF_MAIN, _MAIN_SHARE, _LEAST_SHARE = 0.75, 0.6, 0.6, 0.02
# Without keys, nearly all lines have to be of pure hues. Figures with many shadows had 86 % of them.
_ALL_SHARE = 0.95
# A trace line between ink of the same hue is pure: its levels without white, and the most of them among all.
_PURE_FIRST, _PURE_SECOND, _MOST_PURE = 245, 10, 0.4


@dataclass(frozen=True, eq=False)
class HuedLines:
    """The lines of a drawing: pixels of each pure hue and of all others, and how many of the former its key shows.

    pixels  int64 [4]: of red, green, blue and other strokes
    shown   float64 [3]: share of the red, green and blue ones that the key shows as lines; NaN without a key
    """

    pixels: NDArray[np.int64]
    shown: NDArray[np.float64]


def count_hues(
    ink: NDArray[np.uint8], trace: NDArray[np.bool_], painted: NDArray[np.uint8] | None = None, *, margin_px: int = 0
) -> HuedLines:
    """Count the pixels of strokes by hue.

    ink        all lines of a drawing, also trace lines, uint8 HxWx4 straight RGBA
    trace      pixels of pure hue, bool HxW
    painted    its key, uint8 HxWx4; None if it has none
    margin_px  so far beside them the key's lines may show, as those of a scaled key do
    """
    core = ink[..., 3] >= _CORE_ALPHA
    side = max(3, round(_STROKE_SHARE * min(core.shape))) | 1
    thick = cv2.morphologyEx(core.astype(np.uint8), cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    core &= thick == 0
    hue = np.where(trace, ink[..., :3].argmax(axis=2), len(_HUES))
    pixels = np.bincount(hue[core], minlength=len(_HUES) + 1).astype(np.int64)
    shown = np.full(len(_HUES), np.nan)
    if painted is not None and (core & trace).any():
        lines = ((ink[..., 3] > 0) | trace).view(np.uint8)
        lines = cv2.dilate(lines, np.ones((2 * margin_px + 1, 2 * margin_px + 1), np.uint8)) > 0
        for index in np.flatnonzero(pixels[: len(_HUES)]):
            shown[index] = measure_shown(painted, lines, core & (hue == index))
    return HuedLines(pixels, shown)


def find_ink_hues(drawings: Iterable[HuedLines]) -> InkHues:
    """Find the pure hues that are ink by some drawings of a shot: those that its keys show as lines.

    Without keys, they are ink only if there is hardly any other line.
    """
    counted = list(drawings)
    if not counted:
        return "dark"
    pixels = np.array([one.pixels for one in counted], float)
    total = max(1.0, pixels.sum())
    hues = pixels[:, : len(_HUES)]
    shown = np.array([one.shown for one in counted])
    weight = np.where(np.isnan(shown), 0, hues)
    if not weight.any():
        found = np.flatnonzero(hues.sum(axis=0) >= _LEAST_SHARE * total) if hues.sum() >= _ALL_SHARE * total else []
        return _COMBINED[tuple(int(i) for i in found)]
    share = (np.nan_to_num(shown) * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1)
    part = hues.sum(axis=0) / total
    needed = np.where(part >= _MAIN_SHARE, _SHOWN_SHARE_OF_MAIN, _SHOWN_SHARE)
    return _COMBINED[tuple(np.flatnonzero((share >= needed) & (part >= _LEAST_SHARE)).tolist())]


def change_ink(hues: InkHues, meanings: Mapping[str, Meaning]) -> InkHues:
    """Return the pure hues that are ink, given what lines of some hues mean."""
    named = {index: meanings[hue] for index, hue in enumerate(_HUES) if hue in meanings}
    kept = {index for index in _INDICES[hues] if named.get(index, "ink") == "ink"}
    return _COMBINED[tuple(sorted(kept | {index for index, meaning in named.items() if meaning == "ink"}))]


def choose_trace(ink: NDArray[np.uint8], trace: NDArray[np.bool_], hues: InkHues) -> NDArray[np.bool_]:
    """Choose the trace lines among pixels of pure hue, bool HxW, given the hues that are ink.

    Where most lines of a hue are duller, lines of exactly that hue are still trace lines.
    """
    if hues == "dark" or not trace.any():
        return trace
    channel = ink[..., :3].argmax(axis=2)
    chosen = trace.copy()
    for index in _INDICES[hues]:
        own = trace & (channel == index)
        chosen &= ~own | _find_pure(ink, own)
    return chosen


def _find_pure(ink: NDArray[np.uint8], own: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the lines of exactly a hue among those of about that hue, bool HxW; none if most are."""
    ordered = np.sort(ink[own][:, :3], axis=1)
    pure = np.zeros_like(own)
    pure[own] = (ordered[:, 2] >= _PURE_FIRST) & (ordered[:, 1] <= _PURE_SECOND)
    core = own & (ink[..., 3] >= _CORE_ALPHA)
    if np.count_nonzero(pure & core) > _MOST_PURE * np.count_nonzero(core):
        return np.zeros_like(own)
    # The faint edge of a dull line may be pure by rounding: an edge belongs to the line beside it.
    kernel = np.ones((3, 3), np.uint8)
    near_pure = cv2.dilate((pure & core).astype(np.uint8), kernel) > 0
    near_dull = cv2.dilate((core & ~pure).astype(np.uint8), kernel) > 0
    return own & ((pure & core) | (near_pure & ~near_dull))


def measure_shown(painted: NDArray[np.uint8], lines: NDArray[np.bool_], where: NDArray[np.bool_]) -> float:
    """Measure the share of pixels where a key shows a line: it differs from the fills on all sides."""
    color = painted.astype(np.int16)
    color[painted[..., 3] == 0] = (255, 255, 255, 0)
    y, x = np.nonzero(where)
    step = max(1, len(y) // _MOST_LOOKED_AT)
    y, x = y[::step], x[::step]
    height, width = where.shape
    hidden = np.zeros(len(y), bool)
    for reach in _REACHES_PX:
        for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)):
            v, u = np.clip(y + reach * down, 0, height - 1), np.clip(x + reach * right, 0, width - 1)
            near = np.abs(color[v, u] - color[y, x]).max(axis=1) <= _SHOWN_LEVELS
            hidden |= near & ~lines[v, u]
    return 1 - float(hidden.mean())
