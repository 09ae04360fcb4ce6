r"""Read and write palettes of Toon Boom Harmony (.plt).

    ToonBoomAnimationInc PaletteFile 2
    Solid    skin                       0x0c52af9d81aa3618 255 224 189 255
    Solid    "skin shadow"              0x0c52af9d81aa3619 200 160 125 255
    Gradient glow                       0x0bbf28a8b310d773 Linear
    {        0.0 216  54 122  73, 100.0 160  13  91 109 }

Drawings name a color by its id, a number of 64 bits, so that an edit of the color repaints the show. Gradients and
textures are no flat colors: they are left out, and that is noted.
"""

from __future__ import annotations

import re
from pathlib import Path

from framecolor.core.hashing import digest
from framecolor.core.text import count_of, quote
from framecolor.errors import PaletteError
from framecolor.media.palettes.base import Swatch, SwatchList, clean_name, read_text

_FIRST_LINE = re.compile(r"ToonBoomAnimationInc PaletteFile [12]")
_NAME = r'(?P<name>"(?:[^"\\]|\\.)*"|[^\s"]\S*)'
_ID = r"(?P<id>0x[0-9a-fA-F]{1,16})"
_SOLID = re.compile(rf"Solid\s+{_NAME}\s+{_ID}\s+([0-9]{{1,3}})\s+([0-9]{{1,3}})\s+([0-9]{{1,3}})\s+([0-9]{{1,3}})")
_OTHER = re.compile(r'(?:Gradient|Texture)\s|"TB_')
_ESCAPES = {"n": " ", "r": " ", "t": " "}
_FIX = "save the palette again in Harmony"


def decode_plt(data: bytes, path: Path) -> SwatchList:
    """Read the solid colors in their order, with their ids. Raises PaletteError about `path`."""
    lines = read_text(data).splitlines()
    if not lines or not _FIRST_LINE.fullmatch(lines[0].strip()):
        problem = 'this is not a palette of Harmony: line 1 has to be "ToonBoomAnimationInc PaletteFile 2"'
        raise PaletteError(path, problem, _FIX)
    swatches: list[Swatch] = []
    others = 0
    is_inside = False
    for number, line in enumerate(lines[1:], start=2):
        text = line.strip()
        if is_inside or text.startswith("{"):  # the stops of a gradient
            is_inside = "}" not in text
        elif found := _SOLID.fullmatch(text):
            swatches.append(_parse_solid(path, number, found))
        elif _OTHER.match(text):
            others += 1
            is_inside = "{" in text and "}" not in text
        elif text:
            problem = f"line {number} is not a color: {quote(text)}"
            raise PaletteError(path, problem, "write Solid, a name, an id such as 0x0a1b, and red green blue alpha")
    if is_inside:
        raise PaletteError(path, "the file ends in the middle of a gradient", _FIX)
    notes = (f"{count_of(others, 'color')} left out: gradients and textures are no flat colors",) if others else ()
    return SwatchList(tuple(swatches), "", notes)


def encode_plt(palette: SwatchList) -> bytes:
    """Encode swatches as .plt. Those without an id of Harmony's, or with one that repeats, get one from their name."""
    taken: set[int] = set()
    lines = ["ToonBoomAnimationInc PaletteFile 2"]
    for place, one in enumerate(palette.swatches):
        own = int(one.id, 16) if re.fullmatch(r"0x[0-9a-fA-F]{1,16}", one.id) else 0
        salt = 0
        while own == 0 or own in taken:
            own = int(digest(f"{palette.title}\n{one.name}\n{place}\n{salt}".encode())[:16], 16) >> 4
            salt += 1
        taken.add(own)
        name = (
            one.label
            if re.fullmatch(r'[^\s"\\{}]+', one.label)
            else '"{}"'.format(re.sub(r'(["\\])', r"\\\1", one.label))
        )
        lines.append(f"Solid    {name:<26} 0x{own:016x} " + " ".join(f"{value:>3}" for value in one.color))
    return ("\n".join(lines) + "\n").encode()


def _parse_solid(path: Path, number: int, found: re.Match[str]) -> Swatch:
    red, green, blue, alpha = (int(value) for value in found.groups()[2:])
    if max(red, green, blue, alpha) > 255:
        raise PaletteError(path, f"line {number} has a value above 255", "write red green blue alpha, 0 to 255")
    name = found["name"]
    if name.startswith('"'):
        name = re.sub(r"\\(.)", lambda one: _ESCAPES.get(one[1], one[1]), name[1:-1])
    return Swatch((red, green, blue, alpha), clean_name(name), f"0x{int(found['id'], 16):016x}")
