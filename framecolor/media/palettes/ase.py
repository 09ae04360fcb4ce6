"""Read and write Adobe Swatch Exchange (.ase), which Photoshop, Illustrator and InDesign share.

Big endian: "ASEF", the version 1.0, the number of blocks; then blocks of a kind, a length and a content. A color holds
its name in UTF-16, a model of four letters and its values as floats. Groups enclose their colors by a start and an end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from framecolor.errors import PaletteError
from framecolor.media.palettes.base import Swatch, SwatchList, clean_name
from framecolor.media.palettes.color_models import Conversions, Rgb, from_cmyk, from_gray, from_lab, from_unit

_MAGIC = b"ASEF"
_START, _END, _COLOR = 0xC001, 0xC002, 0x0001
_FIX = "save the swatches again as .ase, in RGB"
_MODELS: dict[bytes, tuple[str, int, Callable[..., Rgb]]] = {
    b"RGB ": ("RGB", 3, lambda *values: from_unit(values)),
    b"CMYK": ("CMYK", 4, from_cmyk),
    b"LAB ": ("Lab", 3, lambda lightness, a, b: from_lab(100 * lightness, a, b)),
    b"Gray": ("gray", 1, from_gray),
}
_NORMAL = 2


def decode_ase(data: bytes, path: Path) -> SwatchList:
    """Read all colors in their order, with their groups; other models than RGB are converted, and that is noted.

    Raises PaletteError about `path`.
    """
    if data[4:6] == b"\xe0\xa5":
        raise PaletteError(path, "this is a sprite of Aseprite, not a palette", "export its palette as .gpl")
    if data[:4] != _MAGIC:
        raise PaletteError(path, "this is not an Adobe Swatch Exchange file: it has to begin with ASEF", _FIX)
    try:
        return _read_blocks(data)
    except struct.error:
        raise PaletteError(path, "the file is cut off", _FIX) from None
    except ValueError as error:
        raise PaletteError(path, f"the file is damaged: {error}", _FIX) from None


def encode_ase(palette: SwatchList) -> bytes:
    """Encode swatches as .ase, with their groups."""
    blocks: list[bytes] = []
    group = ""
    for one in palette.swatches:
        if one.group != group:
            blocks += [_pack(_END, b"")] if group else []
            blocks += [_pack(_START, _pack_name(one.group))] if one.group else []
            group = one.group
        values = struct.pack(">3f", *(value / 255 for value in one.color[:3]))
        blocks.append(_pack(_COLOR, _pack_name(one.label) + b"RGB " + values + struct.pack(">H", _NORMAL)))
    blocks += [_pack(_END, b"")] if group else []
    return _MAGIC + struct.pack(">HHI", 1, 0, len(blocks)) + b"".join(blocks)


def _read_blocks(data: bytes) -> SwatchList:
    _, _, count = struct.unpack_from(">HHI", data, 4)
    at, group, found = 12, "", 0
    swatches: list[Swatch] = []
    converted = Conversions()
    while at < len(data):
        kind, length = struct.unpack_from(">HI", data, at)
        content = data[at + 6 : at + 6 + length]
        if len(content) != length:
            raise struct.error
        at += 6 + length
        found += 1
        if kind == _START:
            group = _read_name(content)[0]
        elif kind == _END:
            group = ""
        elif kind == _COLOR:
            swatches.append(_read_color(content, group, len(swatches) + 1, converted))
        else:
            raise ValueError(f"block {found} is of the unknown kind {kind:#06x}")
    if found != count:
        raise ValueError(f"it says {count:,} blocks, but holds {found:,}")
    return SwatchList(tuple(swatches), "", converted.notes)


def _read_color(content: bytes, group: str, number: int, converted: Conversions) -> Swatch:
    name, at = _read_name(content)
    model = content[at : at + 4]
    if model not in _MODELS:
        raise ValueError(f"color {number} is of the unknown model {model!r}")
    title, count, convert = _MODELS[model]
    values = struct.unpack_from(f">{count}f", content, at + 4)
    try:
        rgb = convert(*values)
    except ValueError as error:
        raise ValueError(f"color {number}, {title}: {error}") from None
    if title != "RGB":
        converted.count(title)
    return Swatch((*rgb, 255), name, group=group)


def _read_name(content: bytes) -> tuple[str, int]:
    """Read a name. Returns it and the place behind it. Raises ValueError if it is no UTF-16 or is cut off."""
    (length,) = struct.unpack_from(">H", content, 0)
    end = 2 + 2 * length
    if end > len(content):
        raise struct.error
    return decode_utf16(content[2:end]), end


def decode_utf16(data: bytes) -> str:
    """Decode a name in UTF-16, big endian, that ends with a zero. Raises ValueError if it is no UTF-16."""
    try:
        return clean_name(data.decode("utf-16-be"))
    except UnicodeDecodeError:
        raise ValueError("a name is no UTF-16") from None


def encode_utf16(name: str) -> bytes:
    """Encode a name in UTF-16, big endian, with the zero at its end."""
    return name.encode("utf-16-be", "replace") + bytes(2)


def _pack_name(name: str) -> bytes:
    data = encode_utf16(name)
    return struct.pack(">H", len(data) // 2) + data


def _pack(kind: int, content: bytes) -> bytes:
    return struct.pack(">HI", kind, len(content)) + content
