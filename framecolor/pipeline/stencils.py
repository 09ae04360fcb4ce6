"""Stencils: masks inside of which painted frames change; no pixel outside does.

The new frame becomes a key in OUT/keys, which later runs use beside the painter's keys. It overrides the painter's key
of the same number until it is deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import LINES_OVER, Settings
from framecolor.core.number_ranges import format_numbers
from framecolor.core.text import count_of, format_command
from framecolor.errors import OutputError, ReadError, ShotError
from framecolor.media import FORMATS, Parts, read_image
from framecolor.media.levels.member import find_container, find_frame, is_member, is_there, read_level_paint
from framecolor.media.writers.psd import read_paint_layer, read_parts
from framecolor.output.cryptomatte import CRYPTOMATTE_FOLDER, cryptomatte_name, read_layers
from framecolor.output.manifest import KEY_FOLDER
from framecolor.output.mattes import LINE_MATTE_FOLDER, MATTE_FOLDER, matte_name, read_matte
from framecolor.render.stencil import read_mask
from framecolor.shot.match_painted import list_painted
from framecolor.shot.shot import Shot


@dataclass(frozen=True, eq=False)
class Before:
    """A painted frame before the change: rgba uint8 HxWx4, and if it has them, its paint layer and mattes.

    matte, line_matte  uint16 HxW
    cryptomatte        float32 HxWx8, as of `output.cryptomatte.read_layers`
    parts              of its paint, if the format has them
    """

    rgba: NDArray[np.uint8]
    paint: NDArray[np.uint8] | None = None
    matte: NDArray[np.uint16] | None = None
    line_matte: NDArray[np.uint16] | None = None
    cryptomatte: NDArray[np.float32] | None = None
    parts: Parts | None = None


def add_painted_keys(shot: Shot, out: Path, but: Collection[int] = ()) -> Shot:
    """Add the keys that stencils made in OUT/keys to a shot; they override its own keys.

    but  numbers to leave out: a frame with a new stencil is painted without its old one
    """
    made = list_painted(out / KEY_FOLDER, shot.numbers, shot.size)
    made = {number: path for number, path in made.items() if number not in but}
    return replace(shot, keys=dict(sorted({**shot.keys, **made}.items()))) if made else shot


def check_stencils(shot: Shot, out: Path, settings: Settings) -> Shot:
    """Restrict a shot to the wanted frames that have a stencil.

    Raises ShotError if there is none or its frame is not painted yet, ReadError if that frame or its matte cannot be
    read, OutputError if OUT/keys holds the painter's own keys.
    """
    folders = {path.parent.resolve() for path in shot.keys.values()}
    if (out / KEY_FOLDER).resolve() in folders:
        fix = "choose another folder with -o"
        raise OutputError(out / KEY_FOLDER, "holds the shot's own keys, which would be overwritten", fix)
    wanted = tuple(number for number in shot.wanted if number in shot.stencils)
    if not wanted:
        folder = next(iter(shot.stencils.values())).parent if shot.stencils else "--stencils"
        have = f"it has {format_numbers(shot.stencils)}" if shot.stencils else "it is empty"
        fix = "add NNNN.png, white on black"
        raise ShotError(folder, f"has no stencil for a wanted frame: {have}", fix)
    for number in wanted:
        path = find_frame(out, shot.output_name(number, settings.format))
        if not is_there(path):
            problem = f"frame {number} is not painted yet"
            command = format_command(("framecolor", "colorize", str(shot.root)))
            raise ShotError(shot.stencils[number], problem, f"run `{command}` first")
        read_painted(path, shot.size, settings)
        if not read_mask(shot.read_stencil(number)).any():
            fix = "paint the area to change white, or any color on transparent"
            raise ShotError(shot.stencils[number], "the stencil is empty", fix)
    return replace(shot, wanted=wanted)


def read_painted(path: Path, size: tuple[int, int], settings: Settings) -> Before:
    """Read a painted frame, with its paint layer and mattes if the settings want them.

    Raises ReadError, also if it has another size or its mattes are missing.
    """
    painted = read_image(path)
    if painted.shape[:2] != size:
        problem = f"the painted frame is {painted.shape[1]}x{painted.shape[0]}, the shot is {size[1]}x{size[0]}"
        raise ReadError(path, problem, "paint the shot again without --stencils")
    image = FORMATS[settings.format]
    layered = image.layered and settings.line in LINES_OVER
    parts = read_parts(path) if image.by_part else None
    read_paint = read_level_paint if is_member(path) else read_paint_layer
    folder, name = find_container(path).parent, matte_name(path.name)
    matte = read_matte(folder / MATTE_FOLDER / name, size) if settings.mattes else None
    lines = folder / LINE_MATTE_FOLDER / name
    line_matte = read_matte(lines, size) if settings.mattes and lines.is_file() else None
    by_name = folder / CRYPTOMATTE_FOLDER / cryptomatte_name(path.name)
    cryptomatte = read_layers(by_name, size) if settings.cryptomatte else None
    return Before(painted, read_paint(path) if layered else None, matte, line_matte, cryptomatte, parts)


def list_waiting(stencils: Mapping[int, Path]) -> list[str]:
    """List a note on stencils that are not used without --stencils; empty if there are none."""
    if not stencils:
        return []
    folder = next(iter(stencils.values())).parent
    count = count_of(len(stencils), "stencil")
    are = "are" if len(stencils) > 1 else "is"
    return [f"{count} ({format_numbers(stencils)}) {are} not used without --stencils {folder}"]
