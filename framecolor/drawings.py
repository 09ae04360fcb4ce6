"""The drawings of some chains, read ahead in the order in which they are painted; a hold is neither read nor looked at.

Animation on twos shows every drawing twice: often as a copy of one file, or as two files with the same pixels.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from framecolor.chains import Chain
from framecolor.digest import hash_pixels
from framecolor.errors import ReadError
from framecolor.overlap import overlapped
from framecolor.shot import Shot


@dataclass(frozen=True, eq=False)
class Drawing:
    """One drawing on its way.

    begins  whether a chain begins with it
    rgba    its pixels, uint8 HxWx4; None where it shows the same as the last one before it that could be read
    digest  hash of the pixels; "" where they were not read
    error   why it cannot be read, if it cannot
    seconds  that reading its file took
    """

    number: int
    begins: bool
    rgba: NDArray[np.uint8] | None = None
    digest: str = ""
    error: ReadError | None = None
    seconds: float = 0.0


def read_drawings(
    shot: Shot, chains: Sequence[Chain], hashes: Mapping[int, str], pool: ThreadPoolExecutor, ahead: int
) -> Iterator[Drawing]:
    """All drawings of the chains in order, once each, also where one chain begins with the last drawing of another.

    hashes  of the drawings' files, as `Shot.line_hash`: equal ones are read once.
    Files are read several at once, at most `ahead` of them; a movie only decodes in order.
    """
    visits = _plan_visits(chains)
    before = ""
    with closing(_read_movie(shot, visits) if shot.movie else _read_files(shot, visits, hashes, pool, ahead)) as found:
        for drawing in found:
            if drawing.digest and drawing.digest == before:
                yield replace(drawing, rgba=None)
            else:
                before = drawing.digest or before
                yield drawing


def _plan_visits(chains: Iterable[Chain]) -> list[Drawing]:
    visits: list[Drawing] = []
    for chain in chains:
        joined = bool(visits) and visits[-1].number == chain.numbers[0]
        visits += [Drawing(number, i == 0) for i, number in enumerate(chain.numbers) if i > 0 or not joined]
    return visits


def _read_movie(shot: Shot, visits: Sequence[Drawing]) -> Generator[Drawing, None, None]:
    for visit, (_, pixels) in zip(visits, shot.iter_lines([v.number for v in visits]), strict=True):
        yield _take(visit, pixels)


def _read_files(
    shot: Shot, visits: Sequence[Drawing], hashes: Mapping[int, str], pool: ThreadPoolExecutor, ahead: int
) -> Generator[Drawing, None, None]:
    def read(visit: Drawing, copied: bool) -> Drawing:
        return visit if copied else _read(shot, visit)

    copies = [False, *(hashes[a.number] == hashes[b.number] for a, b in pairwise(visits))]
    broken = False
    with closing(overlapped(pool, lambda item: read(*item), zip(visits, copies, strict=True), ahead)) as drawings:
        for drawing, copied in zip(drawings, copies, strict=True):
            # A copy of a broken file is as broken: reading it says so in its own name.
            read_now = _read(shot, drawing) if copied and broken else drawing
            broken = read_now.error is not None
            yield read_now


def _read(shot: Shot, visit: Drawing) -> Drawing:
    begin = time.perf_counter()
    try:
        drawing = _take(visit, shot.read_line(visit.number))
    except ReadError as error:
        return _take(visit, error)
    return replace(drawing, seconds=time.perf_counter() - begin)


def _take(visit: Drawing, pixels: NDArray[np.uint8] | ReadError) -> Drawing:
    if isinstance(pixels, ReadError):
        return replace(visit, error=pixels)
    return replace(visit, rgba=pixels, digest=hash_pixels(pixels))
