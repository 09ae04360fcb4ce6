"""Read a painted shot's line drawings again, from a folder, a sequence pattern or a movie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from framecolor.errors import FramecolorError, ReadError
from framecolor.media import Movie, hash_file, is_movie, read_role
from framecolor.media.levels.member import is_level, is_there
from framecolor.shot.cut import find_cel
from framecolor.shot.sequence import find_sequence, is_pattern, parse_pattern

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class LineDrawing:
    """One drawing: the `pixels` of a movie's frame, or the file at `path`; neither if it is missing."""

    number: int
    path: Path | None = None
    pixels: Pixels | None = None

    def read(self) -> Pixels | None:
        """Read the drawing, uint8 HxWx4; None if it is missing or broken."""
        return self.pixels if self.path is None else read_or_none(self.path, "drawing")

    def hash(self) -> str:
        """Hash the drawing as `Shot.line_hash` does; "" if it is missing or broken."""
        if self.pixels is not None:
            return xxhash.xxh3_128_hexdigest(self.pixels.tobytes())
        try:
            return "" if self.path is None else hash_file(self.path)
        except FramecolorError:
            return ""


class LineArt:
    """The drawings of a painted shot; none, without an error, if they are no longer there."""

    def __init__(self, out_dir: Path, line_dir: str) -> None:
        place = out_dir / line_dir
        self._movie: Movie | None = None
        self._files: dict[int, Path] = {}
        try:
            if not line_dir:
                return
            if (cel := find_cel(place)) is not None and cel.files is not None:
                self._files = dict(cel.files)
            elif is_pattern(place):
                self._files = find_sequence(place.parent, parse_pattern(place))
            elif is_movie(place) and place.is_file():
                self._movie = Movie.open(place)
            elif place.is_dir() or is_level(place):
                self._files = find_sequence(place)
        except (FramecolorError, OSError, ValueError):
            return

    def visit(self, numbers: Iterable[int]) -> Iterator[LineDrawing]:
        """Iterate over the drawings of `numbers`, which rise. Files are read by `LineDrawing.read`."""
        if self._movie is None:
            for number in numbers:
                yield LineDrawing(number, self._files.get(number))
            return
        frames = self._movie.frames()
        at = 0
        pixels: Pixels | ReadError | None = None
        for number in numbers:
            while at < number:
                at, pixels = next(((index + 1, frame) for index, frame in frames), (number, None))
            readable = pixels if at == number and not isinstance(pixels, ReadError) else None
            yield LineDrawing(number, pixels=readable)


def read_or_none(path: Path | None, role: str = "frame") -> Pixels | None:
    """Read a picture; None if it is missing or broken. role: of a "drawing", only its lines."""
    if path is None or not is_there(path):
        return None
    try:
        return read_role(path, role)
    except (FramecolorError, OSError, ValueError):
        return None
