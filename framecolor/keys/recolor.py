"""recolor.toml: other colors for the paints of a shot, without a change of its keys.

    [colors]
    "#ffe0bd" = "#f0d0a0"

The left color is one that frames have without this file, by the keys and the palette; frames show the right one in its
place. Regions are matched and judged by the left colors, so that a change of the file changes no region's paint. No
color changes twice: a right color that also stands on the left is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import NO_FILE, Settings
from framecolor.core.files import read_small
from framecolor.core.parsing import parse_toml
from framecolor.core.text import count_of, quote
from framecolor.errors import InputError
from framecolor.shot.own_files import RECOLOR_NAME, is_there
from framecolor.shot.shot import Shot

Rgba = tuple[int, int, int, int]
Pixels = NDArray[np.uint8]

_MAX_BYTES = 1 << 18
_MOST_COLORS = 1024
_MOST_NAMED = 8
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_FIX = 'write [colors], then lines as "#ffe0bd" = "#f0d0a0"'


@dataclass(frozen=True)
class Recolors:
    """The colors that frames show in place of others.

    colors  opaque color -> the opaque one that is shown for it; no color is shown for itself
    file    name of the file, for messages
    """

    colors: Mapping[Rgba, Rgba] = field(default_factory=dict)
    file: str = ""

    def apply(self, colors: Pixels) -> Pixels:
        """Replace colors, uint8 [..., 4]; transparent ones stay."""
        return _replace(colors, self.colors)

    def restore(self, colors: Pixels, known: Collection[tuple[int, ...]]) -> Pixels:
        """Replace colors that frames show, uint8 [..., 4], by those that are shown as them.

        known  the colors of the keys. A shown color that is one of them, and is not shown as another, stays. If several
               of them are shown as one color, the first in the file stands for it.
        """
        sources: dict[Rgba, Rgba] = {}
        for source, shown in self.colors.items():
            if source in known and (shown not in known or shown in self.colors):
                sources.setdefault(shown, source)
        return _replace(colors, sources)

    def describe_unused(self, known: Collection[tuple[int, ...]]) -> str:
        """Describe in one line the colors of the file that no key shows; "" if there are none."""
        unused = [_format(source) for source in self.colors if source not in known]
        if not unused:
            return ""
        more = f" and {len(unused) - _MOST_NAMED} more" if len(unused) > _MOST_NAMED else ""
        return f"{self.file}: no key shows {', '.join(unused[:_MOST_NAMED])}{more}"


def _replace(colors: Pixels, table: Mapping[Rgba, Rgba]) -> Pixels:
    if not table:
        return colors
    code = np.ascontiguousarray(colors).view(np.uint32)[..., 0]
    out = colors.copy()
    for old, new in table.items():
        out[code == np.array(old, np.uint8).view(np.uint32)[0]] = new
    return out


def find_recolors(shot: Shot, settings: Settings) -> Path | None:
    """Find the file of recolors: that of the settings, else the shot's own one; None if there is none."""
    if settings.recolor == NO_FILE:
        return None
    if settings.recolor is not None:
        return shot.root / settings.recolor
    own = shot.recolor_file
    return own if is_there(own) else None


def load_recolors(path: Path | None) -> Recolors:
    """Load a file of recolors; none if `path` is None. Raises as `read_recolors`."""
    if path is None:
        return Recolors()
    table = {_parse(old): _parse(new) for old, new in read_recolors(path).items()}
    return Recolors({old: new for old, new in table.items() if old != new}, path.name)


def describe_recolors(shot: Shot, settings: Settings) -> list[str]:
    """Describe which recolors a shot is painted with, if they are its own, or why those beside it are not used.

    Raises as `read_recolors`.
    """
    own, used = shot.recolor_file, find_recolors(shot, settings)
    count = len(load_recolors(used).colors)
    if settings.recolor is not None:
        is_other = used is not None and is_there(own) and not (used.exists() and own.samefile(used))
        return [f"{own}: not used, as the setting recolor names {used}"] if is_other else []
    notes = [f"{own.name}: {count_of(count, 'color')}"] if count else []
    beside = shot.root / RECOLOR_NAME
    if beside != own and beside.is_file():
        notes.append(f"{beside}: not used; move it to {own}, or name it with --recolor")
    return notes


def read_recolors(path: str | Path) -> dict[str, str]:
    """Read a file of recolors, in its order: #rrggbb -> the color shown for it, in lower case.

    Raises ReadError if the file is missing or too large, InputError if it is no TOML, or has anything but colors: the
    message names the file and the fix.
    """
    path = Path(path)
    data = read_small(path, _MAX_BYTES, "a file of recolors", _FIX)
    try:
        text = data.decode("utf-8-sig")
    except ValueError as error:
        raise InputError(path, f"is no TOML, or is cut off ({str(error)[:100]})", _FIX) from None
    return parse_recolors(text, path)


def parse_recolors(text: str, path: Path) -> dict[str, str]:
    """Parse the text of a file of recolors, as `read_recolors`. Raises InputError about `path`."""
    try:
        table = parse_toml(text)
    except ValueError as error:
        raise InputError(path, f"is no TOML, or is cut off ({str(error)[:100]})", _FIX) from None
    colors = table.get("colors")
    if not isinstance(colors, dict):
        raise InputError(path, "has no table [colors]", _FIX)
    if others := [name for name in table if name != "colors"]:
        raise InputError(path, f"has {quote(others[0])} beside [colors]", "remove it")
    if len(colors) > _MOST_COLORS:
        raise InputError(path, f"has {len(colors):,} colors", f"keep {_MOST_COLORS:,} at most")
    found: dict[str, str] = {}
    for old, new in colors.items():
        for color in (old, new):
            _check(color, path)
        if old.lower() in found:
            raise InputError(path, f"{quote(old)} stands twice on the left", "remove one of the two lines")
        found[old.lower()] = new.lower()
    return found


def _check(color: Any, path: Path) -> None:
    if not isinstance(color, str) or not _HEX.fullmatch(color):
        hint = ', and "paper" is none here' if color == "paper" else ""
        raise InputError(path, f"{quote(color)} is no color as #rrggbb{hint}", _FIX)


def _parse(color: str) -> Rgba:
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue, 255


def _format(color: Rgba) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color[:3])
