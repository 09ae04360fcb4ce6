"""Read and write GIMP palettes (.gpl), which Krita, Inkscape and Aseprite use as well.

Each entry is a line: red, green, blue and a name. Aseprite's "Channels: RGBA" gives each line an alpha, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from framecolor.errors import PaletteError
from framecolor.media.palettes.base import Swatch, SwatchList, clean_name, read_text

_FIRST_LINE = "GIMP Palette"
_FIELDS = ("name:", "columns:", "channels:")


def decode_gpl(data: bytes, path: Path) -> SwatchList:
    """Read all entries in their order; missing names are "". Raises PaletteError about `path`."""
    lines = read_text(data).splitlines()
    if not lines or lines[0].strip() != _FIRST_LINE:
        fix = "export the palette as .gpl from GIMP, Krita, Inkscape or Aseprite"
        raise PaletteError(path, f'this is not a palette: line 1 has to be "{_FIRST_LINE}"', fix)
    channels = 4 if any(line.lower().split() == ["channels:", "rgba"] for line in lines[:8]) else 3
    swatches: list[Swatch] = []
    title = ""
    for number, line in enumerate(lines[1:], start=2):
        text = line.strip()
        if text.lower().startswith(_FIELDS[0]) and not swatches:
            title = clean_name(text[len(_FIELDS[0]) :])
        elif text and not text.startswith("#") and not text.lower().startswith(_FIELDS):
            swatches.append(_parse_color(path, number, text, channels))
    return SwatchList(tuple(swatches), title)


def encode_gpl(palette: SwatchList) -> bytes:
    """Encode swatches as .gpl, without those that are transparent."""
    return format_swatches((one for one in palette.swatches if one.color[3] == 255), palette.title).encode()


def format_swatches(swatches: Iterable[Swatch], title: str) -> str:
    """Format the text of a .gpl file. Entries may repeat; transparent ones are left out, as .gpl has no alpha."""
    lines = [_FIRST_LINE, "Name: " + " ".join(title.split()), "Columns: 8", "#"]
    for one in swatches:
        red, green, blue, alpha = one.color
        if alpha:
            lines.append(f"{red:3d} {green:3d} {blue:3d}\t{one.label}")
    return "\n".join(lines) + "\n"


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
    return Swatch((values[0], values[1], values[2], alpha), clean_name(name))
