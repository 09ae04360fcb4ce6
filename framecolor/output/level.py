"""The level (.tlv) that the painted frames of a shot become, with its palette (.tpl).

A level is one file, and frames are painted one by one, also by several tasks at once. So each frame is first written as
a part into OUT/.framecolor/level, and the run, or the last of several tasks, puts all parts into OUT/NAME.tlv. A killed
run leaves its parts to the next one. In framecolor.json a frame has the name of its drawing: NAME.0001.tlv.

The palette has a page of the paints, one of the lines, and one of colors that keys show beside the palette. A style
keeps its number while the shot is painted into the same folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.core.files import read_file, write_bytes_atomic
from framecolor.errors import InputError, OutputError, ReadError
from framecolor.media.broken import BrokenImageError
from framecolor.media.levels.drawing import Codes, Parts
from framecolor.media.levels.member import (
    PALETTE_SUFFIX,
    find_frame,
    is_member,
    list_members,
    open_index,
    read_dpi,
    read_number,
    read_packed,
    unpack,
)
from framecolor.media.levels.writer import write_level
from framecolor.media.palettes import Swatch
from framecolor.media.palettes.styles import MOST_STYLES, StylePalette, make_styles
from framecolor.media.palettes.tpl import read_styles, write_styles
from framecolor.media.writers.tlv import count_colors, find_nearest, hash_part
from framecolor.output.mattes import Rgb

PARTS_FOLDER = "level"
LINES, OTHERS = "lines", "other colors"
"""Pages of the palette, beside that of the paints."""
USUAL_DPI = 120.0, 120.0
"""At which 1920x1080 pixels fill the camera of a new scene of OpenToonz."""

_FIRST_PAINT = 2  # 0 is empty, 1 is the line


def is_part(out: Path, file: str) -> bool:
    """Tell whether a frame's file, by its name, is a drawing of a level."""
    return is_member(find_frame(out, file))


def write_part(cache: Path, file: str, data: bytes) -> None:
    """Write the part of a frame. Raises OutputError."""
    write_bytes_atomic(_name_part(cache, file), data)


def hash_frame(out: Path, cache: Path, file: str) -> str | None:
    """Hash the part of a frame, or its drawing in the level if there is no part; None if both are missing or broken."""
    with suppress(OSError, BrokenImageError):
        return hash_part(read_file(_name_part(cache, file)))
    with suppress(ReadError, BrokenImageError):
        return hash_part(read_packed(find_frame(out, file)))
    return None


def finish_level(
    level: Path,
    cache: Path,
    hashes: Mapping[str, str | None],
    paints: Iterable[Rgb],
    names: Mapping[Rgb, str],
    source: Path | None,
) -> None:
    """Put all parts into the level, and write its palette. Writes nothing if nothing changed.

    hashes  name of each frame -> hash of its part, by the manifest; other parts are of stopped runs, and stay
    paints  of the palette, in the order of their numbers
    names   of colors; others are named by their code, or keep the name that the palette has
    source  a drawing whose dots per inch the level gets; None for the usual ones

    Drawings that only the level has stay in it. Raises OutputError, ReadError if the level cannot be read.
    """
    folder = cache / PARTS_FOLDER
    parts: dict[int, Path] = {}
    for file, digest in hashes.items():
        with suppress(OSError, BrokenImageError):
            part = _name_part(cache, file)
            if digest is not None and hash_part(read_file(part)) == digest:
                parts[read_number(find_frame(level.parent, file))] = part
    old = _list_old(level)
    if not parts and not old:
        return
    size = unpack(read_file(parts[min(parts)]))[0].tone.shape if parts else open_index(level).size
    if old and open_index(level).size != size:
        old = {}  # of drawings of another size, all of which were painted again

    def read(number: int) -> bytes:
        return read_file(parts[number]) if number in parts else read_packed(old[number])

    numbers = sorted({*old, *parts})
    tables = _Tables.start(level, paints)
    if parts:
        tables.count(read(number) for number in numbers)
    palette = tables.name(names, level.stem)
    if not _has_palette(level, palette):
        # The palette comes first: the old level is right with it, as styles keep their numbers.
        write_styles(level.with_suffix(PALETTE_SUFFIX), palette)
    if not parts:
        return
    dpi = USUAL_DPI if source is None else read_dpi(source)
    try:
        write_level(level, (size[0], size[1]), numbers, lambda number: tables.translate(read(number)), dpi)
    except BrokenImageError as error:
        raise OutputError(level, f"its drawings cannot be read again: {error.problem}", "run again") from error
    with suppress(OSError):  # a part that stays is put into the level again, to no effect
        for part in parts.values():
            part.unlink(missing_ok=True)
        folder.rmdir()


@dataclass(eq=False)
class _Tables:
    """The numbers of styles: of the colors of lines and of paint, as codes of RGBA; `names` of an older palette."""

    inks: dict[int, int]
    paints: dict[int, int]
    others: dict[int, int]
    names: dict[int, str]

    @classmethod
    def start(cls, level: Path, paints: Iterable[Rgb]) -> _Tables:
        """Start with the styles of the level's palette, if there is one, and the paints."""
        tables = cls({}, {}, {}, {})
        with suppress(InputError):
            palette = _read_palette(level)
            roles = {LINES: tables.inks, OTHERS: tables.others}
            for page in palette.pages if palette else ():
                for index in page.indices:
                    if index and palette:
                        style = palette.styles[index]
                        roles.get(page.name, tables.paints).setdefault(_code(style.color), index)
                        tables.names[index] = style.name
        for paint in paints:
            tables._add(tables.paints, _code((*paint, 255)))
        return tables

    def count(self, packed: Iterable[bytes]) -> None:
        """Add the colors that drawings have besides: lines first, then paint, the most frequent first."""
        inks: dict[int, int] = {}
        paints: dict[int, int] = {}
        for data in packed:
            for total, found in zip((inks, paints), count_colors(data), strict=True):
                for code, count in found.items():
                    total[code] = total.get(code, 0) + count
        for code in sorted(inks, key=lambda code: (-inks[code], code)):
            self._add(self.inks, code)
        for code in sorted(paints, key=lambda code: (-paints[code], code)):
            if code not in self.paints:
                self._add(self.others, code)

    def _add(self, table: dict[int, int], code: int) -> None:
        taken = {*self.inks.values(), *self.paints.values(), *self.others.values()}
        index = 1 if table is self.inks and 1 not in taken else max(_FIRST_PAINT, 1 + max(taken, default=0))
        if index < MOST_STYLES:  # a further color becomes the nearest one
            table.setdefault(code, index)

    def translate(self, packed: bytes) -> Codes:
        """Give the pixels of a packed drawing the numbers of the level's styles."""
        parts, colors = unpack(packed)
        codes = np.ascontiguousarray(colors).view(np.uint32)[:, 0]
        ink = _find(codes, self.inks or self.others)[parts.ink]
        paint = _find(codes, self.paints | self.others)[parts.paint]
        return Parts(ink, paint, parts.tone).join()

    def name(self, names: Mapping[Rgb, str], title: str) -> StylePalette:
        """Make the palette."""
        swatches: dict[int, Swatch] = {}
        for table, page in ((self.paints, ""), (self.inks, LINES), (self.others, OTHERS)):
            for code, index in table.items():
                red, green, blue, alpha = np.array([code], np.uint32).view(np.uint8).tolist()
                plain = Swatch((red, green, blue, alpha), group=page)
                name = "line" if index == 1 else "" if page == LINES else names.get((red, green, blue), "")
                named = name or self.names.get(index) or plain.label
                swatches[index] = Swatch(plain.color, named, group=page)
        return make_styles(swatches, name=title)


def _find(codes: NDArray[np.uint32], table: Mapping[int, int]) -> NDArray[np.uint16]:
    """Find the style of each color: 0 for a transparent one, the nearest for one without a style."""
    known = np.array([*table], np.uint32)
    found = np.zeros(len(codes), np.uint16)
    for row, code in enumerate(codes.tolist()):
        if code in table:
            found[row] = table[code]
        elif code >= 1 << 24 and len(known):
            found[row] = table[int(known[find_nearest(codes[row : row + 1], known)[0]])]
    return found


def _code(color: Iterable[int]) -> int:
    return int(np.array([*color], np.uint8).view(np.uint32)[0])


def _read_palette(level: Path) -> StylePalette | None:
    path = level.with_suffix(PALETTE_SUFFIX)
    return read_styles(path) if level.is_file() and path.is_file() else None


def _has_palette(level: Path, palette: StylePalette) -> bool:
    with suppress(InputError):
        return _read_palette(level) == palette
    return False


def _list_old(level: Path) -> dict[int, Path]:
    """List the drawings of the level as it is; none if it is missing or damaged, as it is then written anew."""
    with suppress(ReadError):
        return list_members(level) if level.is_file() else {}
    return {}


def _name_part(cache: Path, file: str) -> Path:
    return cache / PARTS_FOLDER / f"{file}.part"
