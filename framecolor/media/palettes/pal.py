"""Read and write palettes of Paint Shop Pro (JASC .pal), which many tools for sprites use: colors without names.

JASC-PAL, 0100, the number of colors, and a line of red, green and blue for each; Aseprite adds alpha.
"""

from __future__ import annotations

import re
from pathlib import Path

from framecolor.core.text import quote
from framecolor.errors import PaletteError
from framecolor.media.palettes.base import Swatch, SwatchList, read_text

_FIX = "export it as JASC .pal, or as .gpl"


def decode_pal(data: bytes, path: Path) -> SwatchList:
    """Read all colors in their order. Raises PaletteError about `path`."""
    if data[:4] == b"RIFF":
        raise PaletteError(path, "this is a RIFF palette of Windows, not a JASC palette", _FIX)
    lines = [line.strip() for line in read_text(data).splitlines()]
    if lines[:1] != ["JASC-PAL"]:
        raise PaletteError(path, 'this is not a JASC palette: line 1 has to be "JASC-PAL"', _FIX)
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) < 3 or not re.fullmatch("[0-9]{1,6}", lines[2], re.ASCII):
        raise PaletteError(path, "line 3 has to be the number of colors", _FIX)
    if (count := int(lines[2])) != len(lines) - 3:
        raise PaletteError(path, f"line 3 says {count:,} colors, but there are {len(lines) - 3:,}", _FIX)
    return SwatchList(tuple(_parse_color(path, number, line) for number, line in enumerate(lines[3:], start=4)))


def encode_pal(palette: SwatchList) -> bytes:
    """Encode the colors of swatches as .pal, with the line ends of Windows."""
    lines = ["JASC-PAL", "0100", str(len(palette.swatches))]
    lines += [" ".join(map(str, one.color[:3])) for one in palette.swatches]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _parse_color(path: Path, number: int, line: str) -> Swatch:
    values = [int(word) for word in line.split() if re.fullmatch("[0-9]{1,3}", word, re.ASCII)]
    if len(values) != len(line.split()) or len(values) not in (3, 4) or max(values) > 255:
        problem = f"line {number} is not a color: {quote(line)}"
        raise PaletteError(path, problem, "write red green blue, 0 to 255")
    red, green, blue, alpha = [*values, 255][:4]
    return Swatch((red, green, blue, alpha))
