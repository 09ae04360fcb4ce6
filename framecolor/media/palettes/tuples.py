"""Find the tones of each part in a palette by their names: "skin", "skin shadow", "skin_hl"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from framecolor.media.palettes.base import Swatch

TONES = ("base", "highlight", "shadow", "shadow2")
"""The tones of a part: its color in plain light, one lighter and two darker ones."""

# How names end that say a tone, as color design sheets have them.
_ENDINGS: dict[str, tuple[str, ...]] = {
    "shadow2": (
        *("second shadow", "2nd shadow", "shadow 2", "shadow2", "shade 2", "shade2", "dark 2", "dark2", "sh2", "d2"),
        *("2号影", "影2"),
    ),
    "shadow": (
        *("first shadow", "1st shadow", "shadow 1", "shadow1", "shadow", "shade 1", "shade1", "shade"),
        *("dark 1", "dark1", "dark", "sh1", "sh", "d1", "d", "s", "1号影", "影1", "影"),
    ),
    "highlight": ("highlight", "hilight", "light", "hl", "hi", "h", "ハイライト"),
    "base": ("base", "normal", "plain", "n", "ノーマル"),
}
_SEPARATORS = r"[\s_.:/\-\u3000]+"
_WORDS = {
    tone: re.compile(
        rf"(?P<part>.*\S)(?:{_SEPARATORS}(?:{'|'.join(map(re.escape, words))})"
        rf"|(?:{'|'.join(re.escape(word) for word in words if not word.isascii())}))",
        re.IGNORECASE,
    )
    for tone, words in _ENDINGS.items()
}


@dataclass(frozen=True)
class ColorTuple:
    """The tones of one part.

    part    its name
    places  tone -> position of its color in the palette; always with base, and with one more at least
    """

    part: str
    places: Mapping[str, int]


def name_tone(part: str, tone: str) -> str:
    """Name a tone of a part so that `find_tuples` finds it: "skin", "skin shadow", "skin shadow 2"."""
    return part if tone == "base" else f"{part} {'shadow 2' if tone == 'shadow2' else tone}"


def fold_name(name: str) -> str:
    """Return a name in the form in which names of several files are compared.

    Letter case, separators, the Unicode form and the word for a tone may differ: "Skin_sh" is "skin shadow".
    """
    part, tone = _split(name)
    return _fold(name_tone(part, tone or "base"))


def find_tuples(swatches: Sequence[Swatch]) -> tuple[list[ColorTuple], list[str]]:
    """Find the parts of which a palette names several tones. Returns them, and one line for each name that misleads.

    A name says a tone by how it ends, if the palette has the part's base as well. A shadow that is not darker than its
    base, or a highlight that is not lighter, is no tone of it: that is noted.
    """
    found: dict[int, dict[str, int]] = {}
    notes: list[str] = []
    for place, tone, base in _find_tones(swatches):
        one = swatches[place]
        if tone != "base" and not _is_tone(tone, one, swatches[base]):
            way = "lighter" if tone == "highlight" else "darker"
            notes.append(f'"{one.name}" is not {way} than "{swatches[base].name}": it is not taken for its {tone}')
        elif tone != "base":
            found.setdefault(base, {"base": base}).setdefault(tone, place)
    return [ColorTuple(_name_part(swatches[base].name), places) for base, places in found.items()], notes


def find_parts(swatches: Sequence[Swatch]) -> list[str]:
    """Find the part of each swatch: that of the base of which its name says a tone, else one with its own label.

    Goes by names alone, not by which color is darker: a palette of the same names by night has the same parts.
    """
    parts = [one.label for one in swatches]
    for place, _, base in _find_tones(swatches):
        parts[place] = _name_part(swatches[base].name)
    return parts


def _find_tones(swatches: Sequence[Swatch]) -> Iterator[tuple[int, str, int]]:
    """Find the swatches whose names say a tone of a part with a base: their places, the tones, places of the bases."""
    plain = {_fold(one.name): place for place, one in reversed(list(enumerate(swatches))) if one.name and one.color[3]}
    for place, one in enumerate(swatches):
        part, tone = _split(one.name)
        if tone == "" or not one.color[3]:
            continue
        base = place if tone == "base" and _fold(part) not in plain else plain.get(_fold(part))
        if base is None:
            base = next(
                (plain[key] for key in (_fold(f"{part} {word}") for word in _ENDINGS["base"]) if key in plain), None
            )
        if base is not None and (base != place or tone == "base"):
            yield place, tone, base


def _split(name: str) -> tuple[str, str]:
    """Split a name into part and tone; the tone is "" if the name does not end with one."""
    for tone, words in _WORDS.items():
        if match := words.fullmatch(name):
            return match["part"], tone
    return name, ""


def _name_part(name: str) -> str:
    part, tone = _split(name)
    return part if tone == "base" else name


def _fold(name: str) -> str:
    return re.sub(_SEPARATORS, " ", unicodedata.normalize("NFC", name)).strip().casefold()


def _is_tone(tone: str, one: Swatch, base: Swatch) -> bool:
    more, less = sum(one.color[:3]), sum(base.color[:3])
    return more > less if tone == "highlight" else more < less
