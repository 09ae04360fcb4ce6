"""Read and write palettes of Krita (.kpl): a zip of colorset.xml and the profiles of its colors.

A color lies in a group, at a row and a column of its grid; that is the order in which Krita shows them. Its values are
a child element that names the model.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from framecolor.core.text import quote
from framecolor.errors import PaletteError
from framecolor.media.palettes.base import Swatch, SwatchList, clean_name
from framecolor.media.palettes.color_models import (
    Conversions,
    Rgb,
    from_cmyk,
    from_gray,
    from_lab,
    from_linear,
    from_unit,
    from_xyz,
)

_FIX = "save the palette again in Krita"
_MAX_XML_BYTES = 8 << 20
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DEEPEST = 16
_MIME = "application/x-krita-palette"
_COLUMNS = 8
_MODELS: dict[str, tuple[str, Callable[..., Rgb]]] = {
    "RGB": ("rgb", lambda *values: from_unit(values)),
    "sRGB": ("rgb", lambda *values: from_unit(values)),
    "Gray": ("g", from_gray),
    "CMYK": ("cmyk", from_cmyk),
    "Lab": ("Lab", from_lab),
    "XYZ": ("xyz", from_xyz),
}
_POSITION, _ENTRY, _GROUP, _ROOTS = "Position", "ColorSetEntry", "Group", ("ColorSet", "Colorset")


def decode_kpl(data: bytes, path: Path) -> SwatchList:
    """Read all colors in the order in which Krita shows them, with ids and groups; other models are converted.

    Raises PaletteError about `path`, also for a zip bomb and for XML with entities.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entry = archive.getinfo("colorset.xml")
            if entry.compress_type not in _PACKINGS:  # of others, zipfile unpacks all at once
                raise zipfile.BadZipFile("it is packed in another way than Krita packs")
            with archive.open(entry) as file:
                xml = file.read(_MAX_XML_BYTES + 1)
    except KeyError:
        raise PaletteError(path, "this is no palette of Krita: it has no colorset.xml", _FIX) from None
    except Exception as error:  # zipfile raises many kinds of errors for a damaged file
        problem = f"this is no whole palette of Krita ({type(error).__name__}: {str(error)[:80]})"
        raise PaletteError(path, problem, _FIX) from None
    if len(xml) > _MAX_XML_BYTES:
        raise PaletteError(path, f"its colorset.xml is larger than {_MAX_XML_BYTES >> 20} MiB", _FIX)
    reader = _Reader()
    try:
        reader.parse(xml)
    except (ValueError, expat.ExpatError) as error:
        raise PaletteError(path, f"its colorset.xml is damaged: {str(error)[:120]}", _FIX) from None
    return reader.finish()


def encode_kpl(palette: SwatchList) -> bytes:
    """Encode swatches as .kpl, with ids and groups. A group whose colors do not follow each other becomes several."""
    from xml.sax.saxutils import quoteattr  # loads the modules of the network

    runs: list[tuple[str, list[Swatch]]] = [("", [])]
    for one in palette.swatches:
        if one.group != runs[-1][0]:
            runs.append((one.group, []))
        runs[-1][1].append(one)
    rows = max(1, -(-len(runs[0][1]) // _COLUMNS))
    lines = [f'<ColorSet version="2.0" name={quoteattr(palette.title)} comment="" columns="{_COLUMNS}" rows="{rows}">']
    lines += _format_entries(runs[0][1], " ")
    for name, swatches in runs[1:]:
        lines.append(f' <Group name={quoteattr(name)} rows="{-(-len(swatches) // _COLUMNS)}">')
        lines += [*_format_entries(swatches, "  "), " </Group>"]
    xml = '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join([*lines, "</ColorSet>", ""])
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("mimetype", _MIME), ("colorset.xml", xml), ("profiles.xml", "<Profiles/>\n")):
            entry = zipfile.ZipInfo(name)  # of 1980, so that the same palette is the same file
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return packed.getvalue()


def _format_entries(swatches: list[Swatch], margin: str) -> list[str]:
    from xml.sax.saxutils import quoteattr

    lines = []
    for place, one in enumerate(swatches):
        red, green, blue = (f"{value / 255:.9f}" for value in one.color[:3])
        name, own = quoteattr(one.label), quoteattr(one.id)
        lines.append(f'{margin}<ColorSetEntry name={name} id={own} bitdepth="U8" spot="false">')
        lines.append(f'{margin} <sRGB r="{red}" g="{green}" b="{blue}"/>')
        lines.append(f'{margin} <Position row="{place // _COLUMNS}" column="{place % _COLUMNS}"/>')
        lines.append(f"{margin}</ColorSetEntry>")
    return lines


class _Reader:
    """Reads colorset.xml by expat. Entities are refused before they can grow."""

    def __init__(self) -> None:
        self._title = ""
        self._group = ""
        self._groups = 0
        self._is_grouped = False
        self._entry: Mapping[str, str] | None = None
        self._rgb: Rgb | None = None
        self._place: tuple[int, int] | None = None
        self._found: list[tuple[tuple[int, int, int, int], Swatch]] = []
        self._converted = Conversions()
        self._depth = 0

    def parse(self, xml: bytes) -> None:
        """Parse a whole file. Raises ValueError and ExpatError."""
        parser = expat.ParserCreate("UTF-8")  # whatever the file says: Krita writes no other
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.Parse(xml, True)

    def finish(self) -> SwatchList:
        """Return the colors, sorted by group and place in the grid; those without a place by their order."""
        swatches = tuple(one for _, one in sorted(self._found, key=lambda found: found[0]))
        return SwatchList(swatches, self._title, self._converted.notes)

    def _start(self, tag: str, values: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        if self._depth == 1:
            if tag not in _ROOTS:
                raise ValueError(f"it begins with <{tag[:40]}> in place of <ColorSet>")
            self._title = clean_name(values.get("name", ""))
        elif tag == _GROUP and self._entry is None:
            self._group, self._is_grouped = clean_name(values.get("name", "")), True
            self._groups += 1
        elif tag == _ENTRY:
            if self._entry is not None:
                raise ValueError("a color lies inside of a color")
            self._entry, self._rgb, self._place = values, None, None
        elif self._entry is not None and tag == _POSITION:
            self._place = _whole(values.get("row", "")), _whole(values.get("column", ""))
        elif self._entry is not None and self._rgb is None:
            self._rgb = self._convert(tag, values)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if tag == _GROUP:
            self._group, self._is_grouped = "", False
        elif tag == _ENTRY and self._entry is not None:
            name = clean_name(self._entry.get("name", ""))
            if self._rgb is None:
                raise ValueError(f"color {quote(name)} has no values")
            swatch = Swatch((*self._rgb, 255), name, clean_name(self._entry.get("id", "")), self._group)
            number = len(self._found)
            row, column = (1 << 30, number) if self._place is None else self._place
            self._found.append(((self._groups if self._is_grouped else 0, row, column, number), swatch))
            self._entry = None

    def _convert(self, tag: str, values: Mapping[str, str]) -> Rgb:
        name = quote(clean_name((self._entry or {}).get("name", "")))
        if tag not in _MODELS:
            raise ValueError(f"color {name} is of the model {tag[:20]}, which cannot be converted")
        letters, convert = _MODELS[tag]
        try:
            numbers = [float(values[letter]) for letter in letters]
        except (KeyError, ValueError):
            raise ValueError(f"color {name} lacks a value of {' '.join(letters)}") from None
        space = values.get("space", "")
        if tag == "RGB" and "g10" in space:  # Krita's linear profiles
            self._converted.count("linear RGB")
            return from_linear(numbers)
        if tag == "RGB" and space and not space.startswith("sRGB"):
            self._converted.count(f"RGB ({space[:40]})")
        elif tag not in ("RGB", "sRGB"):
            self._converted.count("gray" if tag == "Gray" else tag)
        try:
            return convert(*numbers)
        except ValueError as error:
            raise ValueError(f"color {name}: {error}") from None


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 6:
        raise ValueError(f"a position is {quote(text)}, not a whole number")
    return int(text)


def _refuse_doctype(*_: object) -> NoReturn:
    raise ValueError("it declares a document type or entities, which palettes do not have")
