"""Plan which painted frame is shown when, and encode the movie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import chain, groupby, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over
from framecolor.core.cpu import count_usable_cores
from framecolor.core.stages import one_thread_each, overlapped
from framecolor.errors import InputError, ReadError
from framecolor.media import read_image
from framecolor.media.levels.member import find_frame, is_there
from framecolor.media.movie_writer import MovieCodec, MovieWriter, choose_codec
from framecolor.output.manifest import Manifest
from framecolor.shot.sequence import list_frames
from framecolor.shot.sheets import exposure_sheet

USUAL_FPS = Fraction(exposure_sheet.USUAL_FPS)

Rgba = NDArray[np.uint8]


@dataclass(frozen=True)
class Exposure:
    """One picture of the movie: its files from bottom to top, none for an empty frame, and its number of frames."""

    files: tuple[Path, ...]
    frames: int


def list_painted(out: Path) -> dict[int, Path]:
    """List the painted frames of a folder. Returns number -> file, by number.

    The files are those of framecolor.json or, without one, those with numbers in their names. Raises InputError if
    there are none, ShotError if two files have the same number.
    """
    files: dict[int, Path] = {}
    with suppress(InputError):  # without a manifest, or with a damaged one
        frames = [frame for frame in Manifest.read(out).frames if frame.is_inside]
        found = {frame.number: find_frame(out, frame.file) for frame in frames}
        files = {number: path for number, path in found.items() if is_there(path)}
    files = files or list_frames(out)
    if not files:
        raise InputError(
            out, "holds no painted frames", "run `framecolor colorize` first, or name the folder it wrote to"
        )
    return dict(sorted(files.items()))


def plan_exposures(
    files: Mapping[int, Path], exposures: Sequence[int | None] | None = None, held: int = 1
) -> list[Exposure]:
    """Plan the pictures of a movie and their durations.

    exposures  for each frame the number of the drawing, None for an empty frame, as in an exposure sheet; without them
               every number from the first to the last is shown for `held` frames

    A number without a file repeats the drawing before it, or is empty if there is none.
    """
    if exposures is None:
        numbers = sorted({*range(min(files), max(files) + 1), *files})
        exposures = [number for number in numbers for _ in range(held)]
    shown: list[Path | None] = []
    before: Path | None = None
    for number in exposures:
        before = None if number is None else files.get(number, before)
        shown.append(before)
    return [Exposure((file,) if file else (), len(list(group))) for file, group in groupby(shown)]


def stack_exposures(plans: Sequence[Sequence[Exposure]]) -> list[Exposure]:
    """Stack the plans of several layers, from bottom to top; a shorter one is empty after its end."""
    columns = [[exposure.files for exposure in plan for _ in range(exposure.frames)] for plan in plans]
    shown = (tuple(chain.from_iterable(files)) for files in zip_longest(*columns, fillvalue=()))
    return [Exposure(files, len(list(group))) for files, group in groupby(shown)]


def encode_movie(
    path: Path,
    plan: Sequence[Exposure],
    *,
    codec: MovieCodec | None = None,
    fps: Fraction = USUAL_FPS,
    background: tuple[int, int, int] = (255, 255, 255),
) -> int:
    """Write the movie of a plan. Returns its number of frames; `MovieWriter` describes the codecs.

    A few pictures are read ahead, so that memory does not grow with the movie. Raises InputError if no picture is
    shown, ReadError if one cannot be read or has another size than the first, OutputError if the movie cannot be
    written. A failed movie leaves an old file unchanged.
    """
    codec = choose_codec(path, codec)
    first = next((file for exposure in plan for file in exposure.files), None)
    if first is None:
        raise InputError(path, "would show no frame", "check the exposure sheet's numbers")
    size = read_image(first).shape[:2]
    if path.resolve() in {file.resolve() for exposure in plan for file in exposure.files}:
        raise InputError(path, "is one of the frames", "choose another name with -o")
    frames = 0
    with MovieWriter(path, size, fps, codec, background) as movie, one_thread_each():
        for exposure, rgba in _read_ahead(plan, size):
            movie.write(rgba, exposure.frames)
            frames += exposure.frames
    return frames


def _read_ahead(plan: Sequence[Exposure], size: tuple[int, int]) -> Iterator[tuple[Exposure, Rgba]]:
    workers = count_usable_cores()

    def read(exposure: Exposure) -> tuple[Exposure, Rgba]:
        layers = [_read(file, size) for file in exposure.files]
        return exposure, reduce(_lay_under, layers) if layers else np.full((*size, 4), (255, 255, 255, 0), np.uint8)

    with ThreadPoolExecutor(workers, "framecolor") as pool, closing(overlapped(pool, read, plan, workers + 1)) as found:
        yield from found


def _lay_under(below: Rgba, above: Rgba) -> Rgba:
    return lay_over(above, below)


def _read(file: Path, size: tuple[int, int]) -> Rgba:
    rgba = read_image(file)
    if rgba.shape[:2] != size:
        problem = f"is {rgba.shape[1]}x{rgba.shape[0]}, the first frame is {size[1]}x{size[0]}"
        raise ReadError(file, problem, "paint it again")
    return rgba
