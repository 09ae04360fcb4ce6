"""Styles of OpenToonz: numbered colors, which the pixels of its levels name, and the text of their palettes (.tpl)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from framecolor.media.palettes.base import Rgba, Swatch

SOLID = 3
"""The kind of a style that is one flat color."""

EMPTY: Rgba = (255, 255, 255, 0)
BLACK: Rgba = (0, 0, 0, 255)
MOST_STYLES = 4096
"""A pixel of a level has 12 bits for a style."""

_VERSION = (71, 0)
FIRST_PAGE = "colors"
"""The page of a new palette."""

_BARE = re.compile(r"[A-Za-z0-9_%]+")


@dataclass(frozen=True)
class Style:
    """One style of a palette.

    index     its number, by which pixels of a level name it
    color     straight RGBA; black if it is no solid color and does not begin with one
    kind      SOLID, or OpenToonz's number of another kind, such as a texture
    rest      words after the color of a style that is not solid, as they stand in the file
    flags     1: a trace line that is painted away
    link      id in the studio palette; "" if the style is not linked
    original  name in the studio palette, with "@" in front if the style was edited since
    """

    index: int
    name: str
    color: Rgba
    kind: int = SOLID
    rest: tuple[str, ...] = ()
    flags: int = 0
    link: str = ""
    original: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.index < MOST_STYLES or not 0 <= self.flags <= 9:
            raise ValueError(f"Style needs an index of 0 to {MOST_STYLES - 1} and flags of 0 to 9, got {self}")


@dataclass(frozen=True)
class StylePage:
    """One page of a palette: its name and the indices of its styles, in the order in which it shows them."""

    name: str
    indices: tuple[int, ...]


@dataclass(frozen=True)
class StylePalette:
    """A palette of styles. `styles[k].index` is k; no page has a style that does not exist, or one of another page."""

    styles: tuple[Style, ...]
    pages: tuple[StylePage, ...]
    name: str = ""
    animated: bool = False

    def __post_init__(self) -> None:
        if [style.index for style in self.styles] != list(range(len(self.styles))):
            raise ValueError("StylePalette.styles must be in the order of their indices, without gaps")
        shown = self.shown
        if len(set(shown)) != len(shown) or not set(shown) <= set(range(len(self.styles))):
            raise ValueError("StylePalette.pages must show each style once at most")

    @property
    def shown(self) -> list[int]:
        """The indices of all styles in pages, in their order. Others were deleted."""
        return [index for page in self.pages for index in page.indices]


def make_styles(paints: Mapping[int, Swatch], ink: Swatch | None = None, name: str = "") -> StylePalette:
    """Make a palette with style 0 (empty), 1 (the ink, if given) and `paints` by their index.

    Each lies in the page that its group names, "colors" if it is empty, in the order given. Numbers between them that
    are not used become deleted styles. Raises ValueError if an index is not 1 to 4095, or is 1 beside an ink.
    """
    if ink is not None and 1 in paints:
        raise ValueError("style 1 is the ink")
    given = dict(paints) if ink is None else {1: ink, **paints}
    styles = [Style(0, "color_0", EMPTY)]
    for index in range(1, max(given, default=0) + 1):
        one = given.get(index, Swatch(BLACK, "color"))
        styles.append(Style(index, one.name or f"color_{index}", one.color))
    pages = [(FIRST_PAGE, [0])]
    for index, one in given.items():
        if pages[-1][0] != (one.group or FIRST_PAGE):
            pages.append((one.group or FIRST_PAGE, []))
        pages[-1][1].append(index)
    return StylePalette(tuple(styles), tuple(StylePage(title, tuple(page)) for title, page in pages), name)


def format_styles(palette: StylePalette) -> str:
    """Format the text of a .tpl file as OpenToonz does."""
    lines = [f'<palette name="{_escape(palette.name)}">', "  <version>", "    {} {} ".format(*_VERSION), "  </version>"]
    lines.append("  <styles>")
    for style in palette.styles:
        lines += ["    <style>", f"      {_format_style(style)}", "    </style>"]
    lines += ["    </styles>", "  <stylepages>"]
    for page in palette.pages:
        indices = "".join(f"{index} " for index in page.indices)
        lines += ["    <page>", "      <name>", f"        {_format_word(page.name)}", "      </name>"]
        lines += ["      <indices>", f"        {indices}", "      </indices>", "      </page>"]
    return "\n".join([*lines, "    </stylepages>", "  </palette>", ""])


def _format_style(style: Style) -> str:
    numbered = style.name[:1] in "0123456789_|@" and style.name != ""
    words = [f"_{style.flags} "] if style.flags or (numbered and len(style.name) == 1) else []
    if style.link:
        words.append(_format_word("|" + style.link))
        words += [_format_word("@" + style.original)] if style.original else []
    words += [_format_word("_" * numbered + style.name), f"{style.kind} "]
    numbers = "".join(f"{value} " for value in style.color)
    return "".join(words) + (numbers if style.kind == SOLID else "") + "".join(_format_rest(style))


def _format_rest(style: Style) -> Iterator[str]:
    for word in style.rest:
        yield word if word.startswith('"') else f"{word} "


def _format_word(text: str) -> str:
    return f"{text} " if _BARE.fullmatch(text) else f'"{_escape(text)}"'


def _escape(text: str) -> str:
    return re.sub(r"""(["'\\])""", r"\\\1", text)
