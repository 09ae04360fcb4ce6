"""Read and write palettes as TOML, one table for each part, with the tones of its paint.

    [skin]
    base = "#ffe0bd"
    shadow = "#c8a07d"

    ["back hair"]
    base = "#3c1e14"
    highlight = "#6e4632"
    shadow = "#28140d"
    shadow2 = "#1a0c08"

The swatches are named "skin", "skin shadow", "back hair", "back hair highlight" and so on.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from framecolor.core.parsing import parse_toml
from framecolor.core.text import quote
from framecolor.errors import PaletteError
from framecolor.media.palettes.base import Rgba, Swatch, SwatchList, clean_name
from framecolor.media.palettes.tuples import TONES, find_tuples, name_tone

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_FIX = 'write [skin], then base = "#ffe0bd" and, if it has them, highlight, shadow and shadow2'


def decode_parts(data: bytes, path: Path) -> SwatchList:
    """Read the tones of all parts in their order; each part is a group. Raises PaletteError about `path`."""
    try:
        table = parse_toml(data.decode("utf-8-sig"))
    except ValueError as error:
        raise PaletteError(path, f"this is no TOML, or it is cut off ({str(error)[:100]})", _FIX) from None
    swatches: list[Swatch] = []
    for part, tones in table.items():
        name = clean_name(part)
        if not isinstance(tones, dict) or "base" not in tones:
            raise PaletteError(path, f"{quote(part)} is no part with a base color", _FIX)
        if unknown := [tone for tone in tones if tone not in TONES]:
            raise PaletteError(path, f"[{name}] has {quote(unknown[0])}, which is no tone", f"use {', '.join(TONES)}")
        for tone, text in tones.items():
            if not isinstance(text, str) or not _HEX.fullmatch(text):
                raise PaletteError(path, f"[{name}] {tone} is {quote(text)}, which is no color", _FIX)
            red, green, blue = bytes.fromhex(text[1:])
            swatches.append(Swatch((red, green, blue, 255), name_tone(name, tone), group=name))
    return SwatchList(tuple(swatches))


def encode_parts(palette: SwatchList) -> bytes:
    """Encode swatches as TOML: the tones of a part in its table, every other color as a part of its own."""
    tuples = find_tuples(palette.swatches)[0]
    tone_of = {place: (one.part, tone) for one in tuples for tone, place in one.places.items()}
    tables: dict[str, dict[str, Rgba]] = {}
    taken: dict[str, int] = {}
    for place, swatch in enumerate(palette.swatches):
        part, tone = tone_of.get(place, (swatch.label, "base"))
        while tone in tables.get(part, {}) or (place not in tone_of and part in tables):
            taken[swatch.label] = taken.get(swatch.label, 1) + 1
            part = f"{swatch.label} {taken[swatch.label]}"
        tables.setdefault(part, {})[tone] = swatch.color
    lines: list[str] = []
    for part, tones in tables.items():
        lines.append(f"[{part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)}]")
        lines += [f'{tone} = "#{red:02x}{green:02x}{blue:02x}"' for tone, (red, green, blue, _) in tones.items()]
        lines.append("")
    return "\n".join(lines).encode()
