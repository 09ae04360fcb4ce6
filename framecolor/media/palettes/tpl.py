r"""Read and write palettes of OpenToonz and Tahoma2D (.tpl).

The text looks like XML, but quotes strings as C does and escapes neither < nor &:

    <palette name="hero">
      <version> 71 0 </version>
      <styles>
        <style> color_0 3 255 255 255 0 </style>          style 0 is empty, 1 is ink, 3 is the kind "one solid color"
        <style> "skin shadow"3 200 140 120 255 </style>
      </styles>
      <stylepages>
        <page> <name> colors </name> <indices> 0 1 2 </indices> </page>
      </stylepages>
    </palette>

Pixels of a level (.tlv) name styles by their position. A style in no page was deleted; its number is free.
In front of a name, a style may have "_1" (flags: 1 for a trace line that is painted away), and "|ID" and "@NAME" of the
studio palette that it is linked to. A name that begins with a digit or "_" gets one more "_".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from framecolor.core.files import read_small, write_text_atomic
from framecolor.core.text import quote
from framecolor.errors import PaletteError
from framecolor.media.palettes.base import Rgba, Swatch, SwatchList, clean_name
from framecolor.media.palettes.styles import (
    BLACK,
    FIRST_PAGE,
    MOST_STYLES,
    SOLID,
    Style,
    StylePage,
    StylePalette,
    format_styles,
    make_styles,
)

_FIX = "save the palette again in OpenToonz"
_MAX_BYTES = 8 << 20
# One token: a comment, a tag with its attributes, a string, or a word.
_TOKEN = re.compile(
    r"""\s*(?:(?P<comment><!--.*?-->)|<(?P<end>/?)\s*(?P<tag>[A-Za-z][\w.-]*)(?P<more>(?:[^<>"']|"(?:[^"\\]|\\.)*"|'[^']*')*)>"""
    r"""|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>[^\s<>"]+))\s*""",
    re.DOTALL,
)
_NAME = re.compile(r"""\bname\s*=\s*"((?:[^"\\]|\\.)*)\"""")
_ESCAPE = re.compile(r"""\\(["'\\])""")
_FLAGS = re.compile(r"_[0-9]")


def read_styles(path: str | Path) -> StylePalette:
    """Read all styles of a .tpl file. Raises PaletteError if it is missing or damaged."""
    path = Path(path)
    return parse_styles(read_small(path, _MAX_BYTES, "a palette", "name a .tpl file", PaletteError), path)


def write_styles(path: str | Path, palette: StylePalette) -> None:
    """Write a palette as .tpl, atomically. Raises OutputError."""
    write_text_atomic(path, format_styles(palette))


def decode_tpl(data: bytes, path: Path) -> SwatchList:
    """Read the swatches of the pages, in their order; their ids are the indices of the styles. Style 0 is left out."""
    palette = parse_styles(data, path)
    groups = {index: "" if page.name == FIRST_PAGE else page.name for page in palette.pages for index in page.indices}
    shown = palette.shown if palette.pages else range(len(palette.styles))
    styles = [palette.styles[index] for index in shown if index]
    notes = [
        f'style {one.index} "{one.name}" is no flat color; its main color is taken'
        for one in styles
        if one.kind != SOLID
    ]
    if palette.animated:
        notes.append("styles change their colors over time; the colors of the first frame are taken")
    swatches = (Swatch(one.color, one.name, str(one.index), groups.get(one.index, "")) for one in styles)
    return SwatchList(tuple(swatches), palette.name, tuple(notes))


def encode_tpl(palette: SwatchList) -> bytes:
    """Encode swatches as .tpl: at the indices that are their ids if all have one, else from 1 on in their order."""
    ids = [int(one.id) if one.id.isdecimal() and len(one.id) < 5 else 0 for one in palette.swatches]
    own = len(set(ids)) == len(ids) and all(0 < index < MOST_STYLES for index in ids)
    numbers = ids if own else range(1, len(ids) + 1)
    return format_styles(make_styles(dict(zip(numbers, palette.swatches, strict=True)), name=palette.title)).encode()


def parse_styles(data: bytes, path: Path) -> StylePalette:
    """Parse the bytes of a .tpl file. Raises PaletteError about `path`."""
    if data[:4] in (b"TABc", b"TNZC"):
        raise PaletteError(path, "the palette is compressed", _FIX)
    try:
        return _Reader(_split(data.decode("utf-8-sig", "replace"))).read()
    except (ValueError, IndexError) as error:
        problem = str(error) if isinstance(error, ValueError) else "the file ends in the middle"
        raise PaletteError(path, f"this is no whole palette of OpenToonz: {problem}", _FIX) from None


@dataclass(frozen=True)
class _Token:
    """A tag (`tag`, with `end`), or a string or word (`word`; `raw` as it stands in the file)."""

    tag: str = ""
    end: bool = False
    word: str = ""
    raw: str = ""
    more: str = ""


def _split(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"{quote(text[at : at + 20])} is no tag and no word")
        at = found.end()
        if found["tag"]:
            more = found["more"].rstrip()
            yield _Token(found["tag"], found["end"] == "/", more=more)
            if more.endswith("/") and not found["end"]:
                yield _Token(found["tag"], True)
        elif found["comment"] is None:
            quoted = found["text"]
            word = found["word"] if quoted is None else _ESCAPE.sub(r"\1", quoted)
            yield _Token(word=word, raw=word if quoted is None else f'"{quoted}"')


class _Reader:
    """Reads a palette from its tokens. Raises ValueError with the problem, IndexError if they end too early."""

    def __init__(self, tokens: Iterator[_Token]) -> None:
        self._tokens = tokens

    def read(self) -> StylePalette:
        first = self._next()
        if first.tag not in ("palette", "vectorpalette") or first.end:
            raise ValueError("it has to begin with <palette>")
        name = _NAME.search(first.more)
        styles: list[Style] = []
        pages: list[StylePage] = []
        animated = False
        while (token := self._next()).tag != first.tag or not token.end:
            if token.tag == "styles" and not token.end:
                styles = [self._read_style(k) for k, _ in enumerate(self._children("styles", "style"))]
            elif token.tag == "stylepages" and not token.end:
                pages += [self._read_page() for _ in self._children("stylepages", "page")]
            elif token.tag and not token.end:
                animated |= token.tag == "animation"
                self._skip(token.tag)
            elif token.tag:
                raise ValueError(f"</{token.tag[:40]}> does not belong here")
        if not styles:
            raise ValueError("it has no styles")
        title = clean_name(_ESCAPE.sub(r"\1", name[1])) if name else ""
        return StylePalette(tuple(styles), self._check_pages(pages, len(styles)), title, animated)

    def _children(self, parent: str, child: str) -> Iterator[None]:
        """Step into each child element of a parent; the caller reads it to its end."""
        while (token := self._next()).tag != parent or not token.end:
            if token.tag != child or token.end:
                raise ValueError(f"<{parent}> has {quote(token.tag or token.word)} in place of <{child}>")
            yield

    def _read_style(self, index: int) -> Style:
        if index >= MOST_STYLES:
            raise ValueError(f"it has more than {MOST_STYLES} styles")
        words = self._words("style")
        at = flags = 0
        link = original = ""
        if _FLAGS.fullmatch(words[at].word):
            flags, at = int(words[at].word[1]), at + 1
        if words[at].word.startswith("|"):
            link, at = words[at].word[1:], at + 1
            if words[at].word.startswith("@"):
                original, at = words[at].word[1:], at + 1
        name = words[at].word
        if name[:1].isdecimal():
            name = "color"
        else:
            at, name = at + 1, name.removeprefix("_")
        kind = _whole(words[at].word, f"kind of style {index}")
        values = words[at + 1 :]
        color = _read_color(values)
        if kind == SOLID and (color is None or len(values) != 4):
            raise ValueError(f"style {index} has no color of four numbers from 0 to 255")
        rest = () if kind == SOLID else tuple(word.raw for word in values)
        return Style(index, clean_name(name), color or BLACK, kind, rest, flags, link, original)

    def _read_page(self) -> StylePage:
        name, indices = "", []
        while (token := self._next()).tag != "page" or not token.end:
            if token.tag == "name" and not token.end:
                name = " ".join(word.word for word in self._words("name"))
            elif token.tag == "indices" and not token.end:
                indices = [_whole(word.word, "index in a page") for word in self._words("indices")]
            else:
                raise ValueError(f"a page has {quote(token.tag or token.word)} in place of a name and indices")
        return StylePage(clean_name(name), tuple(indices))

    def _check_pages(self, pages: list[StylePage], count: int) -> tuple[StylePage, ...]:
        """Leave out styles that stand in a second page, as OpenToonz does. Raises ValueError for a missing style."""
        seen: set[int] = set()
        checked = []
        for page in pages:
            if missing := [index for index in page.indices if not 0 <= index < count]:
                raise ValueError(f"page {quote(page.name)} shows style {missing[0]}, but there are {count}")
            kept = [index for index in dict.fromkeys(page.indices) if index not in seen]
            seen.update(kept)
            checked.append(StylePage(page.name, tuple(kept)))
        return tuple(checked)

    def _words(self, tag: str) -> list[_Token]:
        words = []
        while not (token := self._next()).tag:
            words.append(token)
            if len(words) > MOST_STYLES:
                raise ValueError(f"<{tag}> has more than {MOST_STYLES} words")
        if token.tag != tag or not token.end:
            raise ValueError(f"<{tag}> is not closed")
        return words

    def _skip(self, tag: str) -> None:
        depth = 1
        while depth:
            token = self._next()
            if token.tag == tag:
                depth += -1 if token.end else 1

    def _next(self) -> _Token:
        token = next(self._tokens, None)
        if token is None:
            raise IndexError
        return token


def _read_color(words: list[_Token]) -> Rgba | None:
    values = [int(word.raw) for word in words[:4] if re.fullmatch(r"[0-9]{1,3}", word.raw, re.ASCII)]
    return (values[0], values[1], values[2], values[3]) if len(values) == 4 and max(values) <= 255 else None


def _whole(text: str, what: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII):
        raise ValueError(f"the {what} is {quote(text)}, not a whole number")
    return int(text)
