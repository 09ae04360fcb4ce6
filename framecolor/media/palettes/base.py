"""The interface of palette formats: named colors, an ending, a reader and a writer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from framecolor.core.text import count_of, replace_controls

Rgba = tuple[int, int, int, int]
"""One color of a palette: straight RGBA, 0 to 255."""

_LONGEST_NAME = 255


@dataclass(frozen=True)
class Swatch:
    """One entry of a palette.

    color  straight RGBA
    name   "" if missing
    id     by which the program of its format knows it, such as Harmony's 0x0a..., OpenToonz's 12; "" if missing
    group  the page or folder in which it lies; "" if there is none
    """

    color: Rgba
    name: str = ""
    id: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        if len(self.color) != 4 or not all(0 <= value <= 255 for value in self.color):
            raise ValueError(f"Swatch.color must be RGBA of 0 to 255, got {self.color}")

    @property
    def label(self) -> str:
        """The name, or the code of the color if it has none."""
        return self.name or "#{:02x}{:02x}{:02x}".format(*self.color)


@dataclass(frozen=True)
class SwatchList:
    """All entries of a palette's file, in its order.

    title  the palette's own name; "" if missing
    notes  what the file holds that is not among the swatches, or was converted: one line each
    """

    swatches: tuple[Swatch, ...]
    title: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PaletteFormat:
    """One format of palettes.

    suffix   ending of its files
    title    program or kind, for people
    decode   reads the bytes of a file; raises PaletteError about the path
    encode   writes the bytes of a file; deterministic
    magic    what its files begin with; empty if that differs
    names, ids, groups, alpha  what it keeps of a swatch
    most, most_bytes  entries that it can hold, and size of the largest file to read
    """

    suffix: str
    title: str
    decode: Callable[[bytes, Path], SwatchList]
    encode: Callable[[SwatchList], bytes]
    magic: bytes = b""
    names: bool = True
    ids: bool = False
    groups: bool = False
    alpha: bool = False
    most: int = 65_535
    most_bytes: int = 8 << 20

    def list_losses(self, palette: SwatchList) -> list[str]:
        """List what `encode` cannot keep of a palette, one line each; empty if it keeps all."""
        clear = [one for one in palette.swatches if one.color[3] < 255]
        losses: list[str] = []
        if clear and not self.alpha:
            losses.append(f"{self.suffix} has no transparency: {count_of(len(clear), 'color')} left out")
        held = {
            "names": not self.names and any(one.name for one in palette.swatches),
            "ids": not self.ids and any(one.id for one in palette.swatches),
            "groups": not self.groups and any(one.group for one in palette.swatches),
        }
        if lost := [what for what, is_lost in held.items() if is_lost]:
            kept = "names and colors are" if self.names else "only the colors are"
            losses.append(f"{self.suffix} has no {' and no '.join(lost)}: {kept} kept, in their order")
        return losses


def read_text(data: bytes) -> str:
    """Decode the text of a palette: UTF-8, or Latin-1 as older programs write it."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def clean_name(text: str) -> str:
    """Return a name on one line: cut to 255 characters, without spaces around it, control characters replaced."""
    return replace_controls(text.rstrip("\0")[:_LONGEST_NAME].strip())
