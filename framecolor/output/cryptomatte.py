"""Mattes by name: for each frame an EXR file by the specification Cryptomatte, which compositing programs read.

OUT/cryptomatte/NAME.exr has two layers of mattes, each with the coverage of every name at each pixel:

    CryptoPalette  names of palette colors, and of lines those of their colors (`PaintNames.colors` and `.lines`)
    CryptoPart     names of parts (`PaintNames.parts`), and "line" for all lines

Where a frame shows its lines, a line covers as much of a pixel as its alpha, and the paint below it the rest. So the
coverages of a pixel sum up to the frame's alpha. Paper has no name, also if `background = "paper"` fills it.

An id is the hash of its name alone, so that it is the same in all frames and cuts. As a frame has at most two names at
a pixel, one set of channels holds all: an id and its coverage, and once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.core.murmur import hash_name
from framecolor.errors import ReadError
from framecolor.media.broken import BrokenImageError
from framecolor.media.openimageio import read_channels
from framecolor.media.writers.exr import encode_exr_layers, list_channels
from framecolor.output.paint_names import LINE, PaintNames

CRYPTOMATTE_FOLDER = "cryptomatte"
LAYERS = ("CryptoPalette", "CryptoPart")

_CHANNELS_OF = tuple(f"{layer}00" for layer in LAYERS)
_LOWEST_EXPONENT_BIT = 1 << 23
_KEY_DIGITS = 7  # of a layer's hash, under which its header stands


def cryptomatte_name(file: str) -> str:
    """Name the mattes of a painted frame's file, in `CRYPTOMATTE_FOLDER`."""
    return Path(file).with_suffix(".exr").name


def draw_layers(
    names: PaintNames, paint: NDArray[np.uint16], line: NDArray[np.uint16] | None, cover: NDArray[np.uint8] | None
) -> NDArray[np.float32]:
    """Draw the ids and coverages of both layers, float32 HxWx8.

    paint  matte id of each pixel's paint, HxW
    line   matte id of the color of each pixel's line, HxW; None: all lines are as drawn
    cover  alpha of the lines, HxW; None if the frame does not show them
    """
    line = np.zeros_like(paint) if line is None else line
    inked = np.nonzero(np.zeros(paint.shape, np.uint8) if cover is None else cover)
    share = np.zeros(0, np.float32) if cover is None else np.divide(cover[inked], 255, dtype=np.float32)
    layers = np.zeros((*paint.shape, 8), np.float32)
    any_line = names.lines[:1] * len(names.lines)
    tables = ((names.colors, names.lines), (names.parts, any_line))
    for ranks, (of_paint, of_line) in zip(np.split(layers, 2, axis=2), tables, strict=True):
        ranks[..., 0], ranks[..., 1] = _find_ids(of_paint)[paint], paint > 0
        ranks[inked] = _rank(_find_ids(of_line)[line[inked]], share, *ranks[inked].T[:2])
    return layers


def encode_layers(names: PaintNames, layers: NDArray[np.float32]) -> bytes:
    """Encode both layers, float32 HxWx8, with all names of the shot in the header. Raises OutputError."""
    attributes: dict[str, str] = {}
    for layer, of_layer in zip(LAYERS, ({*names.colors, *names.lines}, {*names.parts, LINE}), strict=True):
        key = f"cryptomatte/{f'{hash_name(layer):08x}'[:_KEY_DIGITS]}"
        attributes |= {
            f"{key}/name": layer,
            f"{key}/hash": "MurmurHash3_32",
            f"{key}/conversion": "uint32_to_float32",
            f"{key}/manifest": _format_manifest(of_layer),
        }
    return encode_exr_layers(layers, _CHANNELS_OF, attributes)


def read_layers(path: Path, size: tuple[int, int]) -> NDArray[np.float32]:
    """Read both layers of a frame's mattes, float32 HxWx8.

    Raises ReadError, also if their size is not `size`, (height, width).
    """
    fix = "paint the frame again with --cryptomatte"
    if not path.is_file():
        raise ReadError(path, "no such file", fix)
    try:
        return read_channels(path, list_channels(_CHANNELS_OF), size)
    except BrokenImageError as error:
        raise ReadError(path, error.problem, fix) from None


def make_id(name: str) -> int:
    """Make the id of a name: its hash, with one bit changed if it would be no normal number as float32."""
    bits = hash_name(name)
    return bits ^ _LOWEST_EXPONENT_BIT if bits >> 23 & 255 in (0, 255) else bits


def _find_ids(names: Sequence[str]) -> NDArray[np.float32]:
    return np.array([make_id(name) if name else 0 for name in names], np.uint32).view(np.float32)


def _rank(
    line: NDArray[np.float32], share: NDArray[np.float32], paint: NDArray[np.float32], painted: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Rank what covers N pixels with lines: id and coverage of what covers most, then of the other, float32 [N, 4].

    line     id of the line
    share    of the pixel that it covers
    paint    id of the paint below it, 0 for paper
    painted  1 if there is paint, 0 for paper
    """
    ranks = np.stack([line, share, paint, (1 - share) * painted], axis=1)
    same = line == paint
    ranks[same, 1] += ranks[same, 3]
    ranks[same, 3] = 0
    ranks[ranks[:, 3] == 0, 2] = 0
    less = ranks[:, 1] < ranks[:, 3]
    ranks[less] = ranks[less][:, [2, 3, 0, 1]]
    return ranks


def _format_manifest(names: Iterable[str]) -> str:
    """Format names and their ids as JSON, sorted; letters as they are, as some programs read no escapes."""
    table = {name: f"{make_id(name):08x}" for name in sorted(names) if name}
    return json.dumps(table, ensure_ascii=False, separators=(",", ":"))
