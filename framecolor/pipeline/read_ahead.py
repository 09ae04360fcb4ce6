"""Read the drawings of spans ahead, in painting order, and mark holds, which need no further work.

Animation on twos shows every drawing twice: as copies of one file, or as two files with the same pixels.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from framecolor.core.clock import stage
from framecolor.core.hashing import hash_pixels
from framecolor.core.stages import overlapped
from framecolor.errors import ReadError
from framecolor.media import ImageFile
from framecolor.shot.shot import Shot
from framecolor.shot.spans import Span


@dataclass(frozen=True, eq=False)
class Drawing:
    """One drawing in the stream.

    begins   whether a span begins with it
    repeats  whether it is a hold of the last readable drawing before it
    rgba     its pixels, uint8 HxWx4; None if it repeats or they are known already
    digest   hash of the pixels; "" if they were not decoded
    error    why it cannot be read, None if it can
    """

    number: int
    begins: bool
    repeats: bool = False
    rgba: NDArray[np.uint8] | None = None
    digest: str = ""
    error: ReadError | None = None


@dataclass(frozen=True, eq=False)
class LoadedDrawing:
    """A drawing whose file was read; copied: whether it has the same bytes as the file before it."""

    drawing: Drawing
    file: ImageFile | None
    copied: bool = False


def read_drawings(
    shot: Shot, spans: Sequence[Span], known: Mapping[str, str], pool: ThreadPoolExecutor, ahead: int
) -> Generator[Drawing, None, None]:
    """Read the drawings of the spans in order; a drawing at the end of one span and the start of the next comes once.

    known  hash of a file -> hash of its pixels, for drawings that need no decoding
    ahead  most files that are read, hashed or decoded at once; a movie is decoded in order
    """
    visits = _plan_visits(spans)
    before = ""
    found = _read_movie(shot, visits) if shot.movie else _read_files(shot, visits, known, pool, ahead)
    with closing(found):
        for drawing in found:
            if drawing.repeats or (drawing.digest and drawing.digest == before):
                yield replace(drawing, repeats=True, rgba=None)
            else:
                before = drawing.digest or before
                yield drawing


def _plan_visits(spans: Iterable[Span]) -> list[Drawing]:
    visits: list[Drawing] = []
    for span in spans:
        joined = bool(visits) and visits[-1].number == span.numbers[0]
        visits += [Drawing(number, i == 0) for i, number in enumerate(span.numbers) if i > 0 or not joined]
    return visits


def _read_movie(shot: Shot, visits: Sequence[Drawing]) -> Generator[Drawing, None, None]:
    lines = shot.iter_lines([visit.number for visit in visits])
    for visit in visits:
        with stage("decode", visit.number):
            _, pixels = next(lines)
        if isinstance(pixels, ReadError):
            yield replace(visit, error=pixels)
        else:
            yield replace(visit, rgba=pixels, digest=hash_pixels(pixels))


def _read_files(
    shot: Shot, visits: Sequence[Drawing], known: Mapping[str, str], pool: ThreadPoolExecutor, ahead: int
) -> Generator[Drawing, None, None]:
    with (
        closing(overlapped(pool, lambda visit: load_drawing(shot, visit), visits, ahead)) as loaded,
        closing(
            overlapped(pool, lambda item: (item, decode_drawing(item, known)), _mark_copies(loaded), ahead)
        ) as decoded,
    ):
        broken = False
        for item, drawing in decoded:
            # A copy of a broken file is decoded, too, so that the error names it.
            found = decode_drawing(replace(item, copied=False), known) if broken and item.copied else drawing
            broken = found.error is not None
            yield found


def load_drawing(shot: Shot, visit: Drawing) -> LoadedDrawing:
    """Read and hash a drawing's file."""
    with stage("decode", visit.number):
        try:
            return LoadedDrawing(visit, shot.open_line(visit.number))
        except ReadError as error:
            return LoadedDrawing(replace(visit, error=error), None)


def _mark_copies(loaded: Iterable[LoadedDrawing]) -> Iterator[LoadedDrawing]:
    before = ""
    for item in loaded:
        own = "" if item.file is None else item.file.hash
        yield replace(item, copied=own != "" and own == before)
        before = own


def decode_drawing(item: LoadedDrawing, known: Mapping[str, str]) -> Drawing:
    """Decode a loaded drawing, unless its pixels are known or it is a copy."""
    drawing, file = item.drawing, item.file
    if file is None:
        return drawing
    if item.copied:
        return replace(drawing, repeats=True)
    if file.hash in known:
        return replace(drawing, digest=known[file.hash])
    with stage("decode", drawing.number):
        try:
            pixels = file.decode()
        except ReadError as error:
            return replace(drawing, error=error)
        return replace(drawing, rgba=pixels, digest=hash_pixels(pixels))
