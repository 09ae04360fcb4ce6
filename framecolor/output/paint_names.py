"""The names of a shot's paints and of their parts, for mattes by name and for layers by part."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from framecolor.media import Swatch, find_parts
from framecolor.output.mattes import MatteIds, Rgb, name_paints

LINE = "line"


@dataclass(frozen=True)
class PaintNames:
    """The names of a shot's paints: entry k is that of matte id k. Entry 0 is paper, or a line as drawn.

    Entries of colors that nothing has are "".

    ids     the matte ids
    colors  of paints: the palette's, or the color's code, "#ffe0bd"
    parts   of the parts that the paints belong to: "skin" for "skin" and "skin shadow"; or the code
    lines   of lines in these colors: the palette's, "line #FFE0BD", or "line" for one as drawn

    Names are those of the palette's file and of colors alone, so that they are the same in all cuts of a show.
    """

    ids: MatteIds
    colors: tuple[str, ...]
    parts: tuple[str, ...]
    lines: tuple[str, ...]

    @classmethod
    def make(
        cls,
        ids: MatteIds,
        swatches: Sequence[Swatch],
        lines: Collection[Rgb] = (),
        unpainted: Collection[Rgb] = (),
        sources: Mapping[Rgb, Rgb] = MappingProxyType({}),
    ) -> PaintNames:
        """Name paints by the swatches of a palette.

        lines      the colors that lines have
        unpainted  those of them that no fill has
        sources    shown color -> the color of the keys in whose place it is shown, and whose name it has
        """
        apart = _tell_apart([replace(one, name=_compose(one.name), group=_compose(one.group)) for one in swatches])
        colors = name_paints(apart)
        parts = name_paints([replace(one, name=part) for one, part in zip(apart, find_parts(apart), strict=True)])
        for names in (colors, parts):
            names |= {shown: names[color] for shown, color in sources.items() if color in names and shown not in names}
        codes = [(paint, "#{:02x}{:02x}{:02x}".format(*paint)) for paint in ids.paints]
        return cls(
            ids,
            ("", *("" if paint in unpainted else colors.get(paint, code) for paint, code in codes)),
            ("", *("" if paint in unpainted else parts.get(paint, code) for paint, code in codes)),
            (LINE, *(colors.get(paint, f"{LINE} {code.upper()}") if paint in lines else "" for paint, code in codes)),
        )


def _compose(text: str) -> str:
    """Return a text in one Unicode form: programs write letters with marks in two, whose hashes would differ."""
    return unicodedata.normalize("NFC", text)


def _tell_apart(swatches: Sequence[Swatch]) -> Sequence[Swatch]:
    """Rename swatches of several colors with one name: by their groups, and if that is not enough by their codes."""
    for rename in (
        lambda one: f"{one.group} {one.name}".strip(),
        lambda one: "{} #{:02x}{:02x}{:02x}".format(one.name, *one.color[:3]),
    ):
        colors: dict[str, set[tuple[int, ...]]] = {}
        for one in swatches:
            colors.setdefault(one.name, set()).add(one.color)
        swatches = [
            replace(one, name=rename(one)) if one.name and len(colors[one.name]) > 1 else one for one in swatches
        ]
    return swatches
