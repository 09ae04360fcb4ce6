"""Write the frames of a level of OpenToonz and Tahoma2D: each as a part, of which `output.level` makes the level."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over
from framecolor.core.hashing import digest
from framecolor.core.run_length import Runs
from framecolor.media.levels.drawing import Parts, encode_drawing
from framecolor.media.levels.member import Rgba, pack, unpack
from framecolor.media.writers.base import Picture

MOST_INKS, MOST_PAINTS = 64, 2048
"""Colors of one drawing's lines, and of its paint; rarer ones become the nearest of them."""

_MOST_TRIED = 64
_OPAQUE = 0xFF000000
_NO_DPI = 0.0, 0.0


def encode_part(picture: Picture) -> bytes:
    """Encode a frame as ink, paint and tone, with a table of its own colors.

    The alpha of a line becomes the tone of its color. Where the frame shows something else than its layers, as a key
    does that is repeated to the bit, an opaque line gets the color shown, and below a soft line is the paint with which
    it looks as shown, if there is one. Paint continues below lines.
    """
    rgba = picture.rgba
    paint = rgba if picture.paint is None else picture.paint
    ink = np.zeros_like(rgba) if picture.ink is None or picture.paint is None else picture.ink
    alpha = ink[..., 3]
    inked = alpha > 0
    shown, ink_codes = _code(rgba), _code(ink)[inked] | np.uint32(_OPAQUE)
    opaque = (alpha == 255) & (shown >= _OPAQUE)
    ink_codes[opaque[inked]] = shown[opaque]
    paint_codes = np.where(inked, _code(paint), shown)
    if (differs := inked & ~opaque & (_code(lay_over(ink, paint)) != shown)).any():
        paint_codes[differs] = _find_below(ink[differs], rgba[differs], paint_codes[differs], paint_codes)
    paints, painted = _reduce(paint_codes, MOST_PAINTS)
    inks, lines = _reduce(ink_codes, MOST_INKS)
    styles = np.zeros(rgba.shape[:2], np.uint16)
    styles[inked] = lines + len(paints)
    colors = np.concatenate([paints, inks]).view(np.uint8).reshape(-1, 4)
    codes = Parts(styles, painted.astype(np.uint16), 255 - alpha).join()
    return pack(rgba.shape[:2], colors, encode_drawing(codes, _NO_DPI))


def _find_below(ink: Rgba, shown: Rgba, paint: NDArray[np.uint32], codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Find the paint below soft lines, [N, 4], that looks as shown with them; where there is none, `paint` [N] stays.

    codes  of the whole picture: its most frequent colors are tried
    """
    found = paint.copy()
    colors, _ = _reduce(codes, _MOST_TRIED)
    for color in colors:
        below = np.full(len(ink), color, np.uint32).view(np.uint8).reshape(-1, 1, 4)
        found[(lay_over(ink[:, None], below) == shown[:, None]).all(axis=(1, 2))] = color
    return found


def hash_part(packed: bytes) -> str:
    """Hash what a packed drawing shows, whatever numbers its styles have and however it is compressed.

    Raises BrokenImageError if it is damaged.
    """
    parts, colors = unpack(packed)
    codes = np.where(colors[:, 3] > 0, _code(np.ascontiguousarray(colors)), 0)
    used = np.unique(codes)
    place = np.searchsorted(used, codes)
    seen = np.zeros(len(used), bool)
    ink, paint = place[np.where(parts.tone < 255, parts.ink, parts.paint)], place[parts.paint]
    seen[ink], seen[paint] = True, True
    row = np.cumsum(seen, dtype=np.uint32) - 1
    pictures = (row[ink], row[paint], parts.tone)
    return digest(repr(parts.tone.shape), used[seen].tobytes(), *(picture.tobytes() for picture in pictures))


def count_colors(packed: bytes) -> tuple[dict[int, int], dict[int, int]]:
    """Count the pixels of each color of the lines, and of the paint, as codes of RGBA, without transparent ones."""
    parts, colors = unpack(packed)
    codes = _code(np.ascontiguousarray(colors)).tolist()
    inks = np.bincount(parts.ink[parts.tone < 255], minlength=len(codes)).tolist()
    paints = np.bincount(parts.paint.ravel(), minlength=len(codes)).tolist()
    return _sum_up(codes, inks), _sum_up(codes, paints)


def _sum_up(codes: list[int], counts: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for code, count in zip(codes, counts, strict=False):
        if count and code >= 1 << 24:
            found[code] = found.get(code, 0) + count
    return found


def _code(rgba: Rgba) -> NDArray[np.uint32]:
    """View RGBA as one number a pixel, alpha on top."""
    return np.ascontiguousarray(rgba).view(np.uint32)[..., 0]


def _reduce(codes: NDArray[np.uint32], most: int) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """Find the different codes, sorted, and the row of each pixel's. Of more than `most`, rarer become the nearest."""
    if not codes.size:
        return np.zeros(0, np.uint32), np.zeros(0, np.intp)
    runs = Runs.pack(codes.reshape(len(codes), -1))  # sorting runs is many times as fast as sorting pixels
    values, rows = np.unique(runs.values, return_inverse=True)
    if len(values) > most:
        counts = np.bincount(rows.ravel(), runs.lengths)
        kept = np.sort(np.argsort(-counts, kind="stable")[:most])
        rows, values = find_nearest(values, values[kept])[rows], values[kept]
    return values.astype(np.uint32), np.repeat(rows.ravel(), runs.lengths).reshape(codes.shape)


def find_nearest(codes: NDArray[np.uint32], among: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Find for each color, as a code, the row of the nearest one."""
    one, other = (
        cast(Rgba, np.ascontiguousarray(part)).view(np.uint8).reshape(-1, 4).astype(np.int32) for part in (codes, among)
    )
    return np.array([np.abs(other - color).sum(axis=1).argmin() for color in one], np.intp)
