"""Read and write palettes with names and ids. A new format needs a module here and a line in `PALETTES`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from framecolor.core.files import read_small, write_bytes_atomic
from framecolor.core.types import Palette
from framecolor.errors import PaletteError
from framecolor.media.palettes.aco import decode_aco, encode_aco
from framecolor.media.palettes.ase import decode_ase, encode_ase
from framecolor.media.palettes.base import PaletteFormat, Rgba, Swatch, SwatchList
from framecolor.media.palettes.gpl import decode_gpl, encode_gpl, format_swatches
from framecolor.media.palettes.kpl import decode_kpl, encode_kpl
from framecolor.media.palettes.pal import decode_pal, encode_pal
from framecolor.media.palettes.parts import decode_parts, encode_parts
from framecolor.media.palettes.plt import decode_plt, encode_plt
from framecolor.media.palettes.tpl import decode_tpl, encode_tpl
from framecolor.media.palettes.tuples import TONES, ColorTuple, find_parts, find_tuples, fold_name

PALETTES: dict[str, PaletteFormat] = {
    one.suffix: one
    for one in (
        PaletteFormat(".gpl", "GIMP", decode_gpl, encode_gpl, b"GIMP Palette", most_bytes=1 << 20),
        PaletteFormat(".plt", "Harmony", decode_plt, encode_plt, b"ToonBoom", ids=True, alpha=True),
        PaletteFormat(
            ".tpl", "OpenToonz", decode_tpl, encode_tpl, b"<palette", ids=True, groups=True, alpha=True, most=4095
        ),
        PaletteFormat(".kpl", "Krita", decode_kpl, encode_kpl, b"PK\3\4", ids=True, groups=True),
        PaletteFormat(".ase", "Adobe Swatch Exchange", decode_ase, encode_ase, b"ASEF", groups=True),
        PaletteFormat(".aco", "Photoshop", decode_aco, encode_aco),
        PaletteFormat(".pal", "JASC", decode_pal, encode_pal, b"JASC-PAL", names=False),
        PaletteFormat(".toml", "parts and their tones", decode_parts, encode_parts, groups=True),
    )
}
"""The formats by the ending of their files."""


_MAX_BYTES = 8 << 20


def find_format(path: Path) -> PaletteFormat:
    """Find the format of a palette by the ending of its file. Raises PaletteError if there is none."""
    found = PALETTES.get(path.suffix.lower())
    if found is None:
        problem = f"{path.suffix or 'a file without an ending'} is no format of palettes"
        raise PaletteError(path, problem, f"use one of {' '.join(PALETTES)}")
    return found


def read_swatch_list(path: str | Path) -> SwatchList:
    """Read all entries of a palette in its order, with title and notes.

    What the file begins with decides the format, else its ending does.
    Raises PaletteError if the file is missing, damaged, of an unknown format or has no colors.
    """
    path = Path(path)
    named = PALETTES.get(path.suffix.lower())
    most_bytes, ending = (_MAX_BYTES, ".gpl") if named is None else (named.most_bytes, named.suffix)
    data = read_small(path, most_bytes, "a palette", f"name a {ending} file", PaletteError)
    start = data.removeprefix(b"\xef\xbb\xbf")
    format = next((one for one in PALETTES.values() if one.magic and start.startswith(one.magic)), None)
    format = format or find_format(path)
    palette = format.decode(data, path)
    if not palette.swatches:
        raise PaletteError(path, "the palette has no colors", "add colors to it in the program that wrote it")
    return palette


def read_swatches(path: str | Path) -> list[Swatch]:
    """Read the entries of a palette to paint with, in its order: opaque paints, and transparent paper.

    Raises as `read_swatch_list`, also for half transparent colors.
    """
    swatches = read_swatch_list(path).swatches
    for number, one in enumerate(swatches, start=1):
        if one.color[3] not in (0, 255):
            problem = f"color {number} ({one.label}) is half transparent (alpha {one.color[3]})"
            raise PaletteError(path, problem, "give paints alpha 255 (0 for paper)")
    return list(swatches)


def read_palette(path: str | Path) -> Palette:
    """Read the colors of a palette, each once, in the order of their first entries. Raises as `read_swatches`."""
    colors: dict[Rgba, str] = {}
    for one in read_swatches(path):
        colors.setdefault(one.color, one.name)
    return Palette(np.array(list(colors), np.uint8), tuple(colors.values()))


def write_swatches(path: str | Path, palette: SwatchList) -> list[str]:
    """Write a palette in the format of the file's ending, atomically. Returns what it cannot keep, one line each.

    Raises PaletteError if the format is unknown or cannot hold the palette, OutputError if the file cannot be written.
    """
    path = Path(path)
    format = find_format(path)
    losses = format.list_losses(palette)
    kept = [one for one in palette.swatches if format.alpha or one.color[3] == 255]
    if not kept:
        raise PaletteError(path, "there is no opaque color to write", f"{format.suffix} has no transparency")
    if len(kept) > format.most:
        problem = f"{len(kept):,} colors are more than the {format.most:,} of {format.suffix}"
        raise PaletteError(path, problem, "write .gpl, or split the palette")
    write_bytes_atomic(path, format.encode(SwatchList(tuple(kept), palette.title)))
    return losses


def write_palette(path: str | Path, palette: Palette, title: str = "") -> None:
    """Write a palette in the format of the file's ending, without transparent entries (paper). Raises as
    `write_swatches`.
    """
    names = palette.names or ("",) * len(palette)
    rows = zip(palette.colors.tolist(), names, strict=True)
    swatches = (Swatch((red, green, blue, alpha), name) for (red, green, blue, alpha), name in rows if alpha)
    write_swatches(path, SwatchList(tuple(swatches), title or Path(path).stem))


__all__ = [
    "PALETTES",
    "TONES",
    "ColorTuple",
    "PaletteFormat",
    "Rgba",
    "Swatch",
    "SwatchList",
    "find_format",
    "find_parts",
    "find_tuples",
    "fold_name",
    "format_swatches",
    "read_palette",
    "read_swatch_list",
    "read_swatches",
    "write_palette",
    "write_swatches",
]
