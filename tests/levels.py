"""Levels of OpenToonz for the tests: of every version, from pixels, by the format's description alone."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from drawings import COAT, PAPER, SCARF, SKIN, draw
from lzallright import LZOCompressor
from numpy.typing import NDArray

from framecolor.media.palettes import Swatch
from framecolor.media.palettes.styles import make_styles
from framecolor.media.palettes.tpl import write_styles

Codes = NDArray[np.uint32]
Number = tuple[int, str]

PAINTS = {2: Swatch(SKIN, "skin"), 3: Swatch(COAT, "coat"), 4: Swatch(SCARF, "scarf")}
INK = Swatch((0, 0, 0, 255), "line")


def pack_level(drawings: Mapping[Number, Codes], version: int = 14, *, dpi: float = 150.0, part: bool = True) -> bytes:
    """A level of drawings, by number and letter; part: only the box of what is drawn is stored."""
    height, width = next(iter(drawings.values())).shape
    begin = 8 + (40 if version >= 14 else 0)
    body, places, icons = b"", {}, {}
    first = begin + 16 + (8 if version > 10 else 0) + 4
    for number, codes in drawings.items():
        rows, columns = np.nonzero((codes & 0xFFFFF) != 0xFF)
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else (0, 0, 0, 0)
        left, top, right, bottom = map(int, box if part else (0, 0, width, height))
        data = pack_raster(codes[top:bottom, left:right])
        places[number] = first + len(body), 36 + len(data)
        size = right - left, bottom - top
        body += struct.pack("<5i2d", left, height - bottom if size[1] else 0, *size, len(data), dpi, dpi) + data
        icons[number] = first + len(body), 12 + len(data)
        if version >= 13:
            body += struct.pack("<3i", 8, 6, len(data)) + data
    table = pack_table(places, version)
    head = struct.pack("<4i", 16, width, height, len(drawings))
    if version > 10:
        at = first + len(body)
        head += struct.pack("<2i", at, at + len(table) if version >= 13 else 0)
    creator = b"test".ljust(40, b"\0") if version >= 14 else b""
    tables = table + (pack_table(icons, version) if version >= 13 else b"")
    return b"TLV%dB1a" % version + creator + head + b"LZO " + body + (tables if version > 10 else b"")


def pack_raster(codes: Codes) -> bytes:
    """The pixels of a box, packed; none become one empty pixel."""
    pixels = codes if codes.size else np.full((1, 1), 0xFF, np.uint32)
    packed = LZOCompressor().compress(np.ascontiguousarray(pixels[::-1], "<u4").tobytes())
    return struct.pack("<3i", pixels.shape[1], pixels.shape[0], 2) + packed


def pack_table(places: Mapping[Number, tuple[int, int]], version: int) -> bytes:
    """A table of places by number and letter."""
    rows = b""
    for (number, letter), (at, length) in places.items():
        text = letter.encode()
        rows += struct.pack("<i", number)
        rows += struct.pack("<i", len(text)) + text if version >= 15 else text.ljust(1, b"\0")
        rows += struct.pack("<2i", at, length) if version >= 12 else struct.pack("<i", at)
    return rows


def draw_codes(step: int, *, painted: bool) -> Codes:
    """The walking figure of `drawings.draw`: ink 1, and the paints of `PAINTS` also below the lines."""
    line, color = draw(step)
    paint = np.zeros(line.shape[:2], np.uint32)
    for index, swatch in PAINTS.items():
        paint[(color == swatch.color).all(axis=-1)] = index
    tone = 255 - line[..., 3].astype(np.uint32)
    return np.where(tone < 255, np.uint32(1 << 20), 0) | (paint << 8 if painted else 0) | tone


def save_level(path: Path, steps: Mapping[Number, int], painted: tuple[int, ...] = (), version: int = 14) -> Path:
    """A level of steps of the figure, by number and letter, with its palette; `painted`: those numbers have paint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawings = {number: draw_codes(step, painted=number[0] in painted) for number, step in steps.items()}
    path.write_bytes(pack_level(drawings, version))
    write_styles(path.with_suffix(".tpl"), make_styles(PAINTS, INK))
    return path


def show(step: int) -> NDArray[np.uint8]:
    """What a painted drawing looks like: lines over paint, without color where nothing is."""
    _, painted = draw(step)
    return np.where((painted == PAPER).all(axis=-1, keepdims=True), np.uint8(0), painted)
