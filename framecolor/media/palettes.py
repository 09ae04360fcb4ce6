"""Read and write GIMP palettes (.gpl), which Krita, Inkscape and Aseprite use as well."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from framecolor.core.files import read_small, write_text_atomic
from framecolor.core.types import Palette
from framecolor.errors import PaletteError

_FIRST_LINE = "GIMP Palette"
_FIELDS = ("name:", "columns:", "channels:")
_MAX_BYTES = 1 << 20


Rgba = tuple[int, int, int, int]
Swatch = tuple[Rgba, str]
"""One entry of a palette: its color and its name."""


def read_palette(path: str | Path) -> Palette:
    """Read the colors of a .gpl file, each once, in the order of their first entries. Raises as `read_swatches`."""
    colors: dict[Rgba, str] = {}
    for color, name in read_swatches(path):
        colors.setdefault(color, name)
    return Palette(np.array(list(colors), np.uint8), tuple(colors.values()))


def read_swatches(path: str | Path) -> list[Swatch]:
    """Read all entries of a .gpl file in its order, with their names, "" if missing.

    Aseprite's "Channels: RGBA" gives each line an alpha. Raises PaletteError if the file is missing or not a palette.
    """
    path = Path(path)
    lines = _read_text(path).splitlines()
    if not lines or lines[0].strip() != _FIRST_LINE:
        fix = "export the palette as .gpl from GIMP, Krita, Inkscape or Aseprite"
        raise PaletteError(path, f'this is not a palette: line 1 has to be "{_FIRST_LINE}"', fix)
    channels = 4 if any(line.lower().split() == ["channels:", "rgba"] for line in lines[:8]) else 3
    swatches: list[Swatch] = []
    for number, line in enumerate(lines[1:], start=2):
        text = line.strip()
        if not text or text.startswith("#") or text.lower().startswith(_FIELDS):
            continue
        swatches.append(_parse_color(path, number, text, channels))
    if not swatches:
        raise PaletteError(path, "the palette has no colors", "add a line for each: red green blue name")
    return swatches


def write_palette(path: str | Path, palette: Palette, title: str = "") -> None:
    """Write a palette as .gpl, atomically. Leaves out transparent entries (paper), as .gpl has no alpha.

    Raises OutputError if the file cannot be written.
    """
    names = palette.names or ("",) * len(palette)
    colors = ((red, green, blue, alpha) for red, green, blue, alpha in palette.colors.tolist())
    write_text_atomic(path, format_swatches(zip(colors, names, strict=True), title or Path(path).stem))


def format_swatches(swatches: Iterable[Swatch], title: str) -> str:
    """Format the text of a .gpl file. Entries may repeat; transparent ones are left out, as .gpl has no alpha."""
    lines = [_FIRST_LINE, "Name: " + " ".join(title.split()), "Columns: 8", "#"]
    for (red, green, blue, alpha), name in swatches:
        if alpha:
            lines.append(f"{red:3d} {green:3d} {blue:3d}\t{name or f'#{red:02x}{green:02x}{blue:02x}'}")
    return "\n".join(lines) + "\n"


def _read_text(path: Path) -> str:
    data = read_small(path, _MAX_BYTES, "a palette", "name a .gpl file", PaletteError)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _parse_color(path: Path, number: int, text: str, channels: int) -> Swatch:
    words = text.split(None, channels)
    try:
        values = [int(word) for word in words[:channels]]
    except ValueError:
        values = []
    if len(values) < channels or min(values) < 0 or max(values) > 255:
        wanted = "red green blue alpha" if channels == 4 else "red green blue"
        raise PaletteError(
            path, f"line {number} is not a color: {text[:40]!r}", f"write {wanted} (0 to 255) and a name"
        )
    alpha = values[3] if channels == 4 else 255
    if alpha not in (0, 255):
        problem = f"line {number} is half transparent (alpha {alpha})"
        raise PaletteError(path, problem, "give paints alpha 255 (0 for paper)")
    name = words[channels].strip() if len(words) > channels else ""
    return (values[0], values[1], values[2], alpha), name
