"""Stencils: a mask says where a painted frame may change; outside of it not one pixel does.

The frame that comes of it is a key: it goes to OUT/keys, from where later runs take it beside the painter's own keys.
It is newer than a key that the painter has of the same number, and wins over it, until it is deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.number_ranges import format_numbers
from framecolor.core.text import format_command
from framecolor.errors import OutputError, ReadError, ShotError
from framecolor.media import FORMATS, read_image
from framecolor.media.writers.psd import read_paint_layer
from framecolor.output.manifest import KEY_FOLDER
from framecolor.output.mattes import MATTE_FOLDER, matte_name, read_matte
from framecolor.render.stencil import read_mask
from framecolor.shot.locate import list_painted
from framecolor.shot.shot import Shot


@dataclass(frozen=True, eq=False)
class Before:
    """A frame as it was painted before: uint8 HxWx4, its layer of paint and its matte (uint16 HxW) where it has any."""

    rgba: NDArray[np.uint8]
    paint: NDArray[np.uint8] | None = None
    matte: NDArray[np.uint16] | None = None


def add_painted_keys(shot: Shot, out: Path, but: Collection[int] = ()) -> Shot:
    """The shot with the keys that stencils left in OUT/keys; those win over the shot's own of the same number.

    but  numbers that go without: a frame that gets a stencil again is painted as if it had had none
    """
    made = list_painted(out / KEY_FOLDER, shot.numbers, shot.size)
    made = {number: path for number, path in made.items() if number not in but}
    return replace(shot, keys=dict(sorted({**shot.keys, **made}.items()))) if made else shot


def check_stencils(shot: Shot, out: Path, settings: Settings) -> Shot:
    """The shot with nothing wanted but the frames that have a stencil.

    Raises ShotError where there is none, or for one whose frame is not painted yet, ReadError where that frame, or a
    matte of it that is wanted, cannot be read, OutputError where the keys that would be written are the painter's own.
    """
    folders = {path.parent.resolve() for path in shot.keys.values()}
    if (out / KEY_FOLDER).resolve() in folders:
        fix = "choose another folder with -o"
        raise OutputError(out / KEY_FOLDER, "holds the shot's own keys, which would be written over", fix)
    wanted = tuple(number for number in shot.wanted if number in shot.stencils)
    if not wanted:
        folder = next(iter(shot.stencils.values())).parent if shot.stencils else "--stencils"
        have = f"it has {format_numbers(shot.stencils)}" if shot.stencils else "it is empty"
        fix = "add NNNN.png, white on black"
        raise ShotError(folder, f"there is no stencil for a frame that is wanted: {have}", fix)
    for number in wanted:
        path = out / shot.output_name(number, settings.format)
        if not path.is_file():
            problem = f"frame {number} is not painted yet, so that nothing of it could be kept"
            command = format_command(("framecolor", "colorize", str(shot.root)))
            raise ShotError(shot.stencils[number], problem, f"run `{command}` first")
        read_painted(path, shot.size, settings)
        if not read_mask(shot.read_stencil(number)).any():
            problem = "nothing is marked in it"
            raise ShotError(shot.stencils[number], problem, "paint white, or any color on transparent, where to change")
    return replace(shot, wanted=wanted)


def read_painted(path: Path, size: tuple[int, int], settings: Settings) -> Before:
    """A frame that was painted before, with what the settings want of it.

    Raises ReadError, also where its size is another one, or its matte is missing.
    """
    painted = read_image(path)
    if painted.shape[:2] != size:
        problem = f"the painted frame is {painted.shape[1]}x{painted.shape[0]}, the shot is {size[1]}x{size[0]}"
        raise ReadError(path, problem, "paint the shot again without --stencils")
    layered = FORMATS[settings.format].layered and settings.line == "over"
    matte = read_matte(path.parent / MATTE_FOLDER / matte_name(path.name), size) if settings.mattes else None
    return Before(painted, read_paint_layer(path) if layered else None, matte)


def list_waiting(stencils: Mapping[int, Path]) -> list[str]:
    """A note on stencils that nobody asked for."""
    if not stencils:
        return []
    folder = next(iter(stencils.values())).parent
    return [f"{len(stencils)} stencils ({format_numbers(stencils)}) wait for --stencils {folder}"]
