"""Other colors for painted frames without a new run: mattes tell each pixel's paint, the drawing goes over it again.

With the palette that the shot was painted with, the files come out as they were, to the byte.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import WHITE
from framecolor.core.cpu import count_usable_cores
from framecolor.core.files import read_file
from framecolor.core.run_length import Runs
from framecolor.core.stages import one_thread_each, overlapped
from framecolor.errors import FramecolorError, InputError, OutputError, PaletteError, ReadError
from framecolor.lineart.lines import read_drawing
from framecolor.media import FORMATS, Format, write_bytes_atomic
from framecolor.output.manifest import LINE_FOLDER, MANIFEST_NAME, Manifest
from framecolor.output.mattes import MATTE_FOLDER, PAPER_ID, MatteIds, matte_name, read_matte
from framecolor.pipeline.encode_frame import make_picture
from framecolor.recolor.palette_swap import read_swap
from framecolor.render.frame import lay_lines
from framecolor.report.lines import LineArt, LineDrawing

_AGAIN = "run `framecolor colorize --mattes` on the shot"


@dataclass(frozen=True)
class Repainted:
    """What was recolored: folder, numbers of the frames, and why others could not be."""

    out: Path
    written: tuple[int, ...]
    failed: dict[int, str]
    seconds: float


@dataclass(frozen=True, eq=False)
class _Painting:
    """A painted shot: what its manifest says of all frames, and the colors that they get (uint8 [ids + 1, 4])."""

    out: Path
    size: tuple[int, int]
    line: str
    format: Format
    ids: MatteIds
    colors: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _Job:
    """A drawing to be recolored, and the entries of the frames that show it."""

    entries: tuple[dict[str, Any], ...]
    drawing: LineDrawing


def repaint(out: Path, palette: Path, target: Path | None = None, *, workers: int | None = None) -> Repainted:
    """Recolor the frames in `out`, which were painted with mattes, by the entries of another palette (`read_swap`).

    target   folder for the frames, made when missing; by default beside `out` with the palette's name: color-night.
    workers  frames that are worked on at once; as many as there are cores if not given.

    Raises InputError where there are no mattes or the palette does not fit, OutputError where `target` holds painted
    frames. A frame that cannot be recolored costs itself only.
    """
    begin = time.monotonic()
    manifest = Manifest(out)
    painting = _read_painting(out, manifest, palette)
    place = Path(os.path.abspath(out))  # noqa: PTH100 (a link to a folder counts as the folder that it is called)
    target = target or place.with_name(f"{place.name}-{palette.stem}")
    _check_target(target, out, manifest)
    written, failed = [], {}
    workers = workers or count_usable_cores()
    with one_thread_each(), ThreadPoolExecutor(workers, "framecolor") as pool:
        jobs = _list_jobs(painting, manifest)
        done = overlapped(pool, lambda job: _recolor(painting, job, target), jobs, 2 * workers)
        with closing(done) as results:
            for job, error in results:
                for entry in job.entries:
                    if error:
                        failed[entry["number"]] = error
                    else:
                        written.append(entry["number"])
    return Repainted(target, tuple(sorted(written)), dict(sorted(failed.items())), time.monotonic() - begin)


def check_same_paints(outs: Sequence[Path]) -> None:
    """Raise PaletteError unless one palette can recolor all of these folders: ids have to mean the same paints."""
    paints = [MatteIds.read(Manifest(out).head.get("mattes")).paints for out in outs]
    for out, others in zip(outs[1:], paints[1:], strict=True):
        if others != paints[0]:
            problem = f"was painted in {len(others)} colors of its own, {outs[0].name} in {len(paints[0])}"
            raise PaletteError(out, problem, "give each its own palette, and choose it with --cel")


def _read_painting(out: Path, manifest: Manifest, palette: Path) -> _Painting:
    settings = manifest.head.get("settings")
    if not isinstance(settings, dict):
        raise InputError(out, f"holds no {MANIFEST_NAME}", _AGAIN)
    ids = MatteIds.read(manifest.head.get("mattes"))
    if not settings.get("mattes") or not ids.paints:
        raise InputError(out, "was painted without mattes, which tell what to recolor", f"{_AGAIN} once")
    if settings.get("mode") == "painted":
        problem = "was painted in mode painted: its shading is not in the mattes"
        raise InputError(out, problem, "recolor it in compositing, or paint it with --mode flat")
    try:
        width, height = (int(side) for side in manifest.head["size"])
        image = FORMATS[settings.get("format", "png")]
    except (KeyError, TypeError, ValueError):
        raise ReadError(out / MANIFEST_NAME, "is not a manifest of painted frames", _AGAIN) from None
    colors = read_swap(palette, out, ids)
    if settings.get("background") == "paper":
        colors[colors[:, 3] == 0] = WHITE
    return _Painting(out, (height, width), str(settings.get("line", "over")), image, ids, colors)


def _check_target(target: Path, out: Path, manifest: Manifest) -> None:
    """Raise OutputError where recolored frames would go over files that are not theirs."""
    place = target.resolve()
    drawings = (out / str(manifest.head.get("line_dir", ""))).resolve()
    if (target / MANIFEST_NAME).exists() or place == out.resolve():
        raise OutputError(target, "holds painted frames, which would be written over", "choose another folder with -o")
    given = [drawings, *(drawings.parent / role for role in ("keys", "hints", "stencils"))]
    if place in (*given, out.resolve() / MATTE_FOLDER, out.resolve() / LINE_FOLDER, out.resolve() / "keys"):
        raise OutputError(target, "holds other files of the shot", "choose another folder with -o")


def _list_jobs(painting: _Painting, manifest: Manifest) -> Iterator[_Job]:
    """One for each drawing; holds go with the frame that they repeat."""
    groups: dict[int, list[dict[str, Any]]] = {}
    mattes: dict[int, Any] = {}
    for entry in manifest.entries():
        held, number = entry.get("hold_of"), int(entry["number"])
        if isinstance(held, int) and held in groups and mattes[held] == entry.get("matte"):
            number = held
        mattes.setdefault(number, entry.get("matte"))
        groups.setdefault(number, []).append(entry)
    numbers = sorted(groups)
    drawings = LineArt(painting.out, str(manifest.head.get("line_dir") or "")).visit(numbers)
    if painting.line != "over":
        drawings = (LineDrawing(number) for number in numbers)
    for number, drawing in zip(numbers, drawings, strict=True):
        yield _Job(tuple(groups[number]), drawing)


def _recolor(painting: _Painting, job: _Job, target: Path) -> tuple[_Job, str]:
    """Recolor and write all frames of a drawing; tells what went wrong, or ""."""
    try:
        data = _paint(painting, job)
        for entry in job.entries:
            name = _own_name(painting.out, entry)
            if painting.line == "layer":
                _copy_layer(painting.out / LINE_FOLDER / name, target / LINE_FOLDER / name)
            write_bytes_atomic(target / name, data)
    except FramecolorError as error:
        return job, str(error)
    except (KeyError, TypeError, ValueError) as error:  # of a manifest that was changed by hand
        return job, f"{MANIFEST_NAME} does not say of it what it has to ({type(error).__name__}: {error}); {_AGAIN}"
    return job, ""


def _paint(painting: _Painting, job: _Job) -> bytes:
    """The file of a recolored frame."""
    entry = job.entries[0]
    name = _own_name(painting.out, entry)
    if entry.get("status") == "failed" or "matte" not in entry:
        raise ReadError(painting.out / name, "was not painted, or has no matte", _AGAIN)
    path = painting.out / MATTE_FOLDER / matte_name(name)
    matte = read_matte(path, painting.size)
    table = painting.colors.view(np.uint32)[:, 0]
    if matte.max() >= len(table):
        raise ReadError(path, f"has an id beyond the {len(table) - 1} of the shot", _AGAIN)
    if not entry.get("regions") and not painting.colors[PAPER_ID, 3]:
        table = np.where(np.arange(len(table)) == PAPER_ID, np.uint32(0), table)  # as a drawing that is all ink is
    runs = Runs.pack(matte)
    paint = np.repeat(table[runs.values.astype(np.intp)], runs.lengths).view(np.uint8).reshape(*painting.size, 4)
    if painting.line != "over":
        return painting.format.encode(make_picture(paint, None, None, entry.get("unsure", ())))
    drawing = job.drawing.read()
    if drawing is None or drawing.shape[:2] != painting.size:
        raise ReadError(name, f"its drawing {job.drawing.number} is missing or was changed", "put it back")
    frame = read_drawing(job.drawing.number, drawing)
    below = paint.copy() if painting.format.layered else None
    lay_lines(frame, paint)
    return painting.format.encode(make_picture(paint, below, frame.ink, entry.get("unsure", ())))


def _own_name(out: Path, entry: dict[str, Any]) -> str:
    """The name of a frame's file. The manifest is a file that anyone may have changed: it names no other folder."""
    name = str(entry.get("file", ""))
    if not name or Path(name).name != name:
        raise ReadError(out / MANIFEST_NAME, f"names {name!r}, which is no file in it", _AGAIN)
    return name


def _copy_layer(source: Path, target: Path) -> None:
    try:
        data = read_file(source)
    except OSError as error:
        problem = f"the line layer cannot be read ({error.strerror or error})"
        raise ReadError(source, problem, _AGAIN) from None
    write_bytes_atomic(target, data)
