"""Recolor painted frames without a new run: look up each pixel's paint in the matte, and lay the lines over it again.

With the shot's own palette the files are the same, byte for byte.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import LINES_OVER
from framecolor.core.compositing import WHITE
from framecolor.core.cpu import count_usable_cores
from framecolor.core.files import read_file
from framecolor.core.run_length import Runs
from framecolor.core.stages import one_thread_each, overlapped
from framecolor.core.types import Frame
from framecolor.errors import FramecolorError, InputError, OutputError, PaletteError, ReadError
from framecolor.lineart.drawn import find_drawing_settings, read_lines
from framecolor.media import FORMATS, Format, Parts, Picture, write_bytes_atomic
from framecolor.output.cryptomatte import CRYPTOMATTE_FOLDER, cryptomatte_name
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import KEY_FOLDER, LINE_FOLDER, MANIFEST_NAME, Manifest
from framecolor.output.mattes import LINE_MATTE_FOLDER, MATTE_FOLDER, PAPER_ID, matte_name, read_matte
from framecolor.pipeline.encode_frame import make_picture
from framecolor.recolor.palette_swap import read_swap
from framecolor.render.frame import lay_lines
from framecolor.render.line_color import color_ink
from framecolor.report.lines import LineArt, LineDrawing
from framecolor.shot.cut import find_cel

_FOLDERS = (MATTE_FOLDER, LINE_MATTE_FOLDER, CRYPTOMATTE_FOLDER, LINE_FOLDER, KEY_FOLDER)
_AGAIN = "run `framecolor colorize --mattes` on the shot"


@dataclass(frozen=True)
class Recolored:
    """The result of recoloring.

    out      folder of the recolored frames
    written  their numbers
    failed   number -> error of each frame that could not be recolored
    seconds  time of the run
    """

    out: Path
    written: tuple[int, ...]
    failed: dict[int, str]
    seconds: float


@dataclass(frozen=True, eq=False)
class _Painting:
    """A painted shot, with the new color of each matte id, uint8 [ids + 1, 4]."""

    manifest: Manifest
    line: str
    format: Format
    colors: NDArray[np.uint8]

    @property
    def size(self) -> tuple[int, int]:
        return self.manifest.height, self.manifest.width


@dataclass(frozen=True, eq=False)
class _Job:
    """A drawing to recolor, and the entries of the frames that show it."""

    entries: tuple[FrameEntry, ...]
    drawing: LineDrawing


def recolor_frames(
    out: str | Path, palette: str | Path, target: str | Path | None = None, *, workers: int | None = None
) -> Recolored:
    """Recolor painted frames with another palette, in milliseconds each, into a new folder.

    out      folder of the frames, painted with mattes, such as `Outcome.out`
    palette  a palette with the entries of OUT/palette.gpl, or .json with the ids of OUT/palette.json (`read_swap`)
    target   folder for the new frames, created if missing; by default beside `out`, with the palette's name
             (color-night)
    workers  frames recolored at once; by default the number of cores

    Lines, background and format stay the same, and so do mattes by name, as names are of paints. A frame that cannot be
    recolored fails alone, and is listed in `Recolored.failed`. Raises InputError if there are no mattes, PaletteError
    if the palette does not fit, ReadError if framecolor.json is damaged, OutputError if `target` holds other files of
    the shot.
    """
    begin = time.monotonic()
    out, palette = Path(out), Path(palette)
    painting = _open_painting(Manifest.read(out), palette)
    place = Path(os.path.abspath(out))  # noqa: PTH100 (keeps the name of a link to a folder)
    target = place.with_name(f"{place.name}-{palette.stem}") if target is None else Path(target)
    _check_target(target, painting.manifest)
    written, failed = [], {}
    workers = workers or count_usable_cores()
    with one_thread_each(), ThreadPoolExecutor(workers, "framecolor") as pool:
        done = overlapped(pool, lambda job: _recolor(painting, job, target), _list_jobs(painting), 2 * workers)
        with closing(done) as results:
            for job, error in results:
                for entry in job.entries:
                    if error:
                        failed[entry.number] = error
                    else:
                        written.append(entry.number)
    return Recolored(target, tuple(sorted(written)), dict(sorted(failed.items())), time.monotonic() - begin)


def check_same_paints(outs: Sequence[Path]) -> None:
    """Raise PaletteError unless all folders have the same matte ids, so that one palette can recolor them."""
    first, *others = [Manifest.read(out) for out in outs]
    for other in others:
        if other.mattes != first.mattes:
            own, count = len(other.mattes.paints), len(first.mattes.paints)
            problem = f"has {own} paints of its own, {first.out.name} has {count}"
            raise PaletteError(other.out, problem, "recolor each with a palette of its own, chosen with --cel")


def _open_painting(manifest: Manifest, palette: Path) -> _Painting:
    out, settings = manifest.out, manifest.settings
    if not settings.get("mattes") or not manifest.mattes.paints:
        raise InputError(out, "was painted without mattes, which recoloring needs", f"{_AGAIN} once")
    if settings.get("mode") == "painted":
        problem = "was painted in mode painted: its shading is not in the mattes"
        raise InputError(out, problem, "recolor it in compositing, or paint it with --mode flat")
    try:
        image = FORMATS[settings.get("format", "png")]
    except (LookupError, TypeError):
        raise ReadError(out / MANIFEST_NAME, "names an unknown format of frames", _AGAIN) from None
    if image.level:
        raise InputError(out, "holds a level, which is recolored by its palette", "change the colors in its .tpl")
    colors = read_swap(palette, out, manifest.mattes)
    if settings.get("background") == "paper":
        colors[colors[:, 3] == 0] = WHITE
    return _Painting(manifest, str(settings.get("line", "over")), image, colors)


def _check_target(target: Path, manifest: Manifest) -> None:
    """Raise OutputError if recolored frames would overwrite other files."""
    place, out = target.resolve(), manifest.out.resolve()
    drawings = (out / manifest.line_dir).resolve()
    if (target / MANIFEST_NAME).exists() or place == out:
        raise OutputError(target, "holds painted frames, which would be overwritten", "choose another folder with -o")
    shot = [drawings, *(drawings.parent / role for role in ("keys", "hints", "stencils"))]
    if (cel := find_cel(drawings)) is not None and cel.files is not None:
        shot += [path.parent.resolve() for path in cel.files.values()]
    if place in (*shot, *(out / name for name in _FOLDERS)):
        raise OutputError(target, "holds other files of the shot", "choose another folder with -o")


def _list_jobs(painting: _Painting) -> Iterator[_Job]:
    """List one job per drawing, together with its holds."""
    manifest = painting.manifest
    groups: dict[int, list[FrameEntry]] = {}
    for entry in manifest.frames:
        same = [] if entry.hold_of is None else groups.get(entry.hold_of, [])
        if same and same[0].matte == entry.matte:
            same.append(entry)
        else:
            groups[entry.number] = [entry]
    numbers = sorted(groups)
    drawings = LineArt(manifest.out, manifest.line_dir).visit(numbers)
    if painting.line not in LINES_OVER and not any(entry.line_matte for entry in manifest.frames):
        drawings = (LineDrawing(number) for number in numbers)
    for number, drawing in zip(numbers, drawings, strict=True):
        yield _Job(tuple(groups[number]), drawing)


def _recolor(painting: _Painting, job: _Job, target: Path) -> tuple[_Job, str]:
    """Recolor and write all frames of a drawing. Returns the error, or ""."""
    out = painting.manifest.out
    try:
        for entry in job.entries:
            if not entry.is_inside:
                raise ReadError(out / MANIFEST_NAME, f"names {entry.file!r}, which is not a file beside it", _AGAIN)
        data = _paint(painting, job)
        layer = None
        if painting.line == "layer" and job.entries[0].line_matte is not None:
            layer = painting.format.encode(Picture(_read_lines(painting, job).ink))
        for entry in job.entries:
            if entry.cryptomatte is not None:
                name = f"{CRYPTOMATTE_FOLDER}/{cryptomatte_name(entry.file)}"
                _copy(out / name, target / name, "the mattes")
            if painting.line == "layer":
                place = target / LINE_FOLDER / entry.file
                if layer is None:
                    _copy(out / LINE_FOLDER / entry.file, place, "the line layer")
                else:
                    write_bytes_atomic(place, layer)
            write_bytes_atomic(target / entry.file, data)
    except FramecolorError as error:
        return job, str(error)
    return job, ""


def _paint(painting: _Painting, job: _Job) -> bytes:
    """Paint and encode a recolored frame. Returns the bytes of its file."""
    entry, out = job.entries[0], painting.manifest.out
    if entry.status == "failed" or entry.matte is None:
        raise ReadError(out / entry.file, "was not painted, or has no matte", _AGAIN)
    path = out / MATTE_FOLDER / matte_name(entry.file)
    matte = read_matte(path, painting.size)
    table = painting.colors.view(np.uint32)[:, 0]
    if matte.max() >= len(table):
        raise ReadError(path, f"has an id beyond the {len(table) - 1} of the shot", _AGAIN)
    if not entry.regions and not painting.colors[PAPER_ID, 3]:
        # A frame without regions is all ink, and was painted with zeros for paper.
        table = np.where(np.arange(len(table)) == PAPER_ID, np.uint32(0), table)
    runs = Runs.pack(matte)
    paint = np.repeat(table[runs.values.astype(np.intp)], runs.lengths).view(np.uint8).reshape(*painting.size, 4)
    names = painting.manifest.names
    parts = Parts(("", *painting.manifest.parts), matte) if painting.manifest.parts else None
    if painting.line not in LINES_OVER:
        return painting.format.encode(make_picture(paint, None, None, entry.unsure, names, parts))
    frame = _read_lines(painting, job)
    below = paint.copy() if painting.format.layered else None
    lay_lines(frame, paint)
    return painting.format.encode(make_picture(paint, below, frame.ink, entry.unsure, names, parts))


def _read_lines(painting: _Painting, job: _Job) -> Frame:
    """Read a drawing's lines, in the new colors of their ids."""
    entry, out = job.entries[0], painting.manifest.out
    drawing = job.drawing.read()
    if drawing is None or drawing.shape[:2] != painting.size:
        raise ReadError(entry.file, f"its drawing {job.drawing.number} is missing or changed", "restore it")
    frame = read_lines(job.drawing.number, drawing, find_drawing_settings(painting.manifest.settings))
    if entry.line_matte is None:
        return frame
    path = out / LINE_MATTE_FOLDER / matte_name(entry.file)
    ids = read_matte(path, painting.size)
    if ids.max() >= len(painting.colors):
        raise ReadError(path, f"has an id beyond the {len(painting.colors) - 1} of the shot", _AGAIN)
    place = np.flatnonzero(frame.ink[..., 3])
    ink = color_ink(frame.ink, place, ids.reshape(-1)[place].astype(np.intp), painting.colors[1:])
    return replace(frame, ink=ink)


def _copy(source: Path, target: Path, what: str) -> None:
    try:
        data = read_file(source)
    except OSError as error:
        problem = f"{what} cannot be read ({error.strerror or error})"
        raise ReadError(source, problem, _AGAIN) from None
    write_bytes_atomic(target, data)
