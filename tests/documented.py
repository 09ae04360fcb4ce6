"""The commands that README, guides and help texts show, and a desk with everything on it that they name."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import click
import numpy as np
from cut_folders import make_cut, write_sheet
from drawings import COAT, PALETTE, SCARF, SIZE, SKIN, draw, make_shot
from exports import make_tvpaint_cut
from levels import save_level

from framecolor.cli import framecolor
from framecolor.core.types import Palette
from framecolor.media import read_palette, write_image, write_palette
from framecolor.media.movie_writer import MovieWriter
from framecolor.shot.corrections import Correction, write_corrections

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "engines/README.md", ROOT / "benchmarks/README.md"])

_BLOCK = re.compile(r"^```python\n(?P<python>.*?)^```|^(?P<shell>(?: {4}[^\n]*\n)+)", re.MULTILINE | re.DOTALL)
_COMMANDS = ("framecolor ", "scripts/", "python ")


def examples_in(text: str) -> Iterator[tuple[str, str]]:
    """("shell", a command line) or ("python", a program) of a page, in order; a synopsis such as `list [--json]` is
    none."""
    for block in _BLOCK.finditer(text):
        if block["python"] is not None:
            yield "python", block["python"]
            continue
        for line in block["shell"].splitlines():
            for command in re.split(" && | > ", line.strip()):
                if command.startswith(_COMMANDS) and "[-" not in command:
                    yield "shell", command


def split(line: str) -> list[str]:
    """A command line's words as a shell gives them, file names with * filled in from the working folder."""
    words = shlex.split(line, comments=True)
    return [found for word in words for found in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]


def list_commands(group: click.Group = framecolor, name: str = "framecolor") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its full name."""
    context = click.Context(group, info_name=name)
    for own in group.list_commands(context):
        command = group.get_command(context, own)
        assert command is not None, f"{name} {own}"
        if isinstance(command, click.Group):
            yield from list_commands(command, f"{name} {own}")
        else:
            yield f"{name} {own}", command


def lay_out_desk(folder: Path) -> Path:
    """What the pages name: shots, keys, strokes, masks, palettes, pictures."""
    folder.mkdir()
    _make_shot(folder / "cut_012", "cut_012.{:04d}.png")
    _make_shot(folder / "cut_013", "cut_013.{:04d}.png")
    sequence = make_shot(folder / "sh010", frames=3, keys=(0, 2), name="sh010.{:04d}.png")
    for file in sorted((sequence / "line").iterdir()):
        file.rename(folder / file.name)
    (sequence / "keys").rename(folder / "painted")
    sequence.joinpath("line").rmdir()
    sequence.rmdir()
    write_sheet(make_cut(folder / "Cut-005"))
    make_tvpaint_cut(folder / "Cut-006")
    _make_movie(folder / "layout.mov", folder / "layout_keys")
    copytree(folder / "cut_012/keys", folder / "truth")
    steps = {(number, ""): step for step, number in enumerate((1, 2, 3))}
    for name, painted in (("A", (1,)), ("B", (1, 3)), ("cut_014/line/A", ()), ("cut_014/keys/A", (1, 3))):
        save_level(folder / f"{name}.tlv", steps, painted)
    colors = np.array(sorted(PALETTE), np.uint8)
    write_palette(folder / "show.gpl", Palette(colors))
    _, painting = draw(0)
    write_image(folder / "image.png", painting)
    write_image(folder / "picture.png", painting)
    write_image(folder / "drawing.png", draw(0)[0])
    write_image(folder / "sheets/anna.png", draw(9)[1])
    strokes = np.zeros_like(painting)
    strokes[60:66, 30:40] = COAT
    strokes[24:30, 32:40] = SKIN
    write_image(folder / "strokes.png", strokes)
    write_image(folder / "strokes/0013.png", strokes)
    mask = np.zeros_like(painting)
    mask[..., 3] = 255
    mask[40:52] = 255
    write_image(folder / "masks/0013.png", mask)
    write_corrections(folder / "corrections.json", "cut_012", [Correction(13, 42, 46, SCARF)])
    return folder


def make_night(folder: Path, shot: str) -> None:
    """night.gpl, as a painter would: the colors of a painted shot, darker, in the same order."""
    out = {"cut_012": "cut_012/color", "Cut-005": "Cut-005_Cell/B"}[shot]
    day = read_palette(folder / out / "palette.gpl")
    colors = day.colors.copy()
    colors[:, :3] //= 2
    write_palette(folder / "night.gpl", Palette(colors, day.names))


def _make_shot(folder: Path, name: str) -> None:
    """Drawings 1, 7, 13, 19 and 25, the first and the last of them painted."""
    for step, number in enumerate((1, 7, 13, 19, 25)):
        line, painted = draw(step)
        write_image(folder / "line" / name.format(number), line)
        if number in (1, 25):
            write_image(folder / "keys" / name.format(number), painted)


def _make_movie(path: Path, keys: Path) -> None:
    """A movie of three drawings, the first and the last of them painted."""
    with MovieWriter(path, SIZE) as writer:
        for step in range(3):
            line, painted = draw(step)
            writer.write(line)
            if step != 1:
                write_image(keys / f"{step + 1:04d}.png", painted)
