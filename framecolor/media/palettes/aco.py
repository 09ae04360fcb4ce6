"""Read and write Photoshop's color swatches (.aco).

Big endian: version 1 with the number of colors and five words for each, a model and four values; then the same again as
version 2, with names in UTF-16. Photoshop reads a file of version 1 alone, without names, as well.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from framecolor.errors import PaletteError
from framecolor.media.palettes.ase import decode_utf16, encode_utf16
from framecolor.media.palettes.base import Swatch, SwatchList
from framecolor.media.palettes.color_models import Conversions, Rgb, from_cmyk, from_gray, from_hsb, from_lab, from_unit

_FIX = "save the swatches again in Photoshop, in RGB"
_FULL = 65_535
_MODELS: dict[int, tuple[str, Callable[[int, int, int, int], Rgb]]] = {
    0: ("RGB", lambda w, x, y, _: from_unit([value / _FULL for value in (w, x, y)])),
    1: ("HSB", lambda w, x, y, _: from_hsb(w / _FULL, x / _FULL, y / _FULL)),
    2: ("CMYK", lambda *values: from_cmyk(*(1 - value / _FULL for value in values))),
    7: ("Lab", lambda w, x, y, _: from_lab(w / 100, _signed(x) / 100, _signed(y) / 100)),
    8: ("gray", lambda w, *_: from_gray(1 - w / 10_000)),
    9: ("CMYK", lambda *values: from_cmyk(*(1 - value / 10_000 for value in values))),
}
_BOOKS = {3: "Pantone", 4: "Focoltone", 5: "Trumatch", 6: "Toyo", 10: "HKS"}


def decode_aco(data: bytes, path: Path) -> SwatchList:
    """Read all colors in their order; other models than RGB are converted, and that is noted.

    Raises PaletteError about `path`, also for colors of a book of inks.
    """
    try:
        return _read_versions(data)
    except struct.error:
        raise PaletteError(path, "the file is cut off", _FIX) from None
    except ValueError as error:
        raise PaletteError(path, f"these are no swatches of Photoshop: {error}", _FIX) from None


def encode_aco(palette: SwatchList) -> bytes:
    """Encode swatches as .aco of both versions."""
    head = struct.pack(">H", len(palette.swatches))
    rows = [struct.pack(">5H", 0, *(257 * value for value in one.color[:3]), 0) for one in palette.swatches]
    names = [encode_utf16(one.label) for one in palette.swatches]
    named = [row + struct.pack(">I", len(name) // 2) + name for row, name in zip(rows, names, strict=True)]
    return b"".join([b"\0\1", head, *rows, b"\0\2", head, *named])


def _read_versions(data: bytes) -> SwatchList:
    version, count = struct.unpack_from(">HH", data, 0)
    at = 0
    if version == 1:
        at = 4 + 10 * count
        if len(data) < at:
            raise struct.error
        if len(data) == at or data[at : at + 4] == b"8BIM":
            return _read_colors(data, 4, count, named=False)[0]
        version, again = struct.unpack_from(">HH", data, at)
        if version == 2 and again != count:
            raise ValueError(f"version 1 has {count:,} colors, version 2 {again:,}")
    if version != 2:
        raise ValueError(
            f"version {version} is neither 1 nor 2" if at == 0 else f"there is more than the {count:,} colors"
        )
    found, at = _read_colors(data, at + 4, count, named=True)
    if at != len(data) and data[at : at + 4] != b"8BIM":  # Photoshop's newer data about folders
        raise ValueError(f"there is more than the {count:,} colors")
    return found


def _read_colors(data: bytes, at: int, count: int, *, named: bool) -> tuple[SwatchList, int]:
    swatches: list[Swatch] = []
    converted = Conversions()
    for number in range(1, count + 1):
        model, *values = struct.unpack_from(">5H", data, at)
        at += 10
        name = ""
        if named:
            (length,) = struct.unpack_from(">I", data, at)
            at += 4 + 2 * length
            if at > len(data):
                raise struct.error
            name = decode_utf16(data[at - 2 * length : at])
        swatches.append(Swatch((*_convert(model, values, number, name, converted), 255), name))
    return SwatchList(tuple(swatches), "", converted.notes), at


def _convert(model: int, values: list[int], number: int, name: str, converted: Conversions) -> Rgb:
    which = f"color {number} ({name})" if name else f"color {number}"
    if model not in _MODELS:
        raise ValueError(f"{which} is of {_BOOKS.get(model, f'the unknown model {model}')}, not RGB")
    title, convert = _MODELS[model]
    if title != "RGB":
        converted.count(title)
    try:
        return convert(*values)
    except ValueError as error:
        raise ValueError(f"{which}, {title}: {error}") from None


def _signed(value: int) -> int:
    return value - 65_536 if value >= 32_768 else value
