"""A shot as it lies on disk: its drawings, its painted keys, its numbers and names. Pixels are read when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from framecolor.config.settings import FormatName
from framecolor.core.hashing import digest
from framecolor.core.number_ranges import format_numbers
from framecolor.errors import ReadError, ShotError
from framecolor.media import FORMATS, ImageFile, Movie, hash_file, is_movie, open_image
from framecolor.shot.corrections import Correction, read_corrections
from framecolor.shot.cut import Cel
from framecolor.shot.locate import find_lines, find_painted, locate_shot, measure_lines
from framecolor.shot.sequence import parse_frames
from framecolor.shot.timing import Timing, choose_shown, find_timing

Pixels = NDArray[np.uint8]
"""uint8 HxWx4, straight RGBA."""

MAX_DRAWING_PX = 1 << 26
"""Larger drawings are refused: at 8192x8192 painting takes several gigabytes."""

_MOVIE_PADDING = 4


@dataclass(frozen=True, eq=False, repr=False)
class Shot:
    """One shot. All numbers are those of the line drawings' file names; a movie's frames count from 1.

    name         what to call it: the folder's, pattern's or movie's name; Cut-005/A for a cel of a cut
    root         folder that it belongs to: what is painted goes below it unless told otherwise; of a cel, its cut
    line_source  folder, pattern or movie that the drawings come from
    lines        number -> file of every drawing, by number; empty for a movie
    movie        the drawings, where they are a movie
    numbers      every drawing's number, rising, gaps left out
    wanted       those to paint, rising; a part of `numbers`
    keys         number -> painted key; hints, stencils: the same; all of them may be empty
    size         (height, width) in pixels of the first drawing that can be read, and of all keys
    corrections  regions that a painter set right, by frame
    cel          where it is a cel of a cut, or a retake of one
    timing       when its drawings are shown, where there is an exposure sheet: what it never shows is not wanted
    warnings     what the user should know of it
    """

    name: str
    root: Path
    line_source: Path
    lines: Mapping[int, Path]
    movie: Movie | None
    numbers: tuple[int, ...]
    wanted: tuple[int, ...]
    keys: Mapping[int, Path]
    hints: Mapping[int, Path]
    stencils: Mapping[int, Path]
    size: tuple[int, int]
    corrections: tuple[Correction, ...] = ()
    cel: Cel | None = None
    timing: Timing | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = set(self.numbers)
        if not self.numbers or list(self.numbers) != sorted(known):
            raise ValueError("Shot.numbers must rise and not be empty")
        if not known.issuperset(self.wanted) or list(self.wanted) != sorted(set(self.wanted)):
            raise ValueError("Shot.wanted must rise and be a part of Shot.numbers")
        if (self.movie is None) != (known == set(self.lines)) or (self.movie and len(self.movie) != len(known)):
            raise ValueError("Shot.numbers must be those of Shot.lines or count the frames of Shot.movie")
        told = (self.keys, self.hints, self.stencils, {c.number for c in self.corrections})
        if any(not known.issuperset(numbers) for numbers in told):
            raise ValueError("Shot.keys, hints, stencils and corrections must have numbers of drawings")
        if min(self.size) < 1:
            raise ValueError(f"Shot.size must be positive, got {self.size}")

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        keys: str | Path | None = None,
        hints: str | Path | None = None,
        stencils: str | Path | None = None,
        corrections: str | Path | None = None,
        frames: str | None = None,
        sheet: str | Path | None = None,
    ) -> Shot:
        """Find the drawings and keys of a shot; only headers are read.

        path    a folder with line/ and as a rule keys/ (optional hints/, stencils/); line/ holds one sequence or one
                movie. Or a folder that holds the drawings themselves, which needs `keys` or `hints`, a pattern
                (sh010.####.png, %04d, @@@@), or a movie. Or a cel of a cut, Cut-005/Line/A, with Cut-005/Keys/A; of a
                retake, Cut-005/Line/A.R1, only the drawings that it has itself are to be painted.
        keys, hints, stencils  folders to take instead of the shot's own
        corrections  a file of corrections; none is taken by itself
        frames  numbers of drawings to paint, such as "1001-1024x2"; everything by default
        sheet   an exposure sheet, or "none"; by default the only *.xdts or sheet.csv in the shot's folder or the cut's

        Raises ShotError or ReadError, naming the file and the fix, when there is no line art, the numbering is not
        clear, or a key or correction fits no drawing. Single drawings that are broken do not fail here.
        """
        path = Path(path)
        place = locate_shot(path, has_keys=keys is not None or hints is not None)
        movie = Movie.open(place.source) if is_movie(place.source) else None
        lines, own = ({}, tuple(range(1, len(movie) + 1))) if movie else find_lines(place)
        numbers = own if movie else tuple(lines)
        size = movie.size if movie else measure_lines(place.source, lines)
        if size[0] * size[1] > MAX_DRAWING_PX:
            problem = f"drawings of {size[1]}x{size[0]} pixels are more than the {MAX_DRAWING_PX} that are painted"
            raise ShotError(place.source, problem, "scale them down")
        extras = {
            role: find_painted(role, given, place, lines, numbers, size)
            for role, given in (("keys", keys), ("hints", hints), ("stencils", stencils))
        }
        right = () if corrections is None else _read_corrections(Path(corrections), numbers)
        timing, warnings = find_timing(place, sheet, lines.get(numbers[0]), is_folder=path.is_dir())
        wanted = own if frames is None else parse_frames(frames, own, timing.say_shown(own) if timing else "")
        if timing is not None:
            warnings += timing.list_warnings(wanted, numbers)
            wanted = choose_shown(timing, wanted)
        about = {"cel": place.cel, "timing": timing, "warnings": tuple(warnings), "corrections": right}
        return cls(place.name, place.root, place.source, lines, movie, numbers, wanted, size=size, **extras, **about)

    @property
    def out(self) -> Path:
        """Folder that painted frames go to unless told otherwise: ROOT/color; of a cel, CUT_Cell/A beside the cut."""
        return self.root / "color" if self.cel is None else self.cel.out

    @property
    def exposures(self) -> tuple[int | None, ...] | None:
        """For frame 1, 2, ... the number of the drawing that is shown, or None where none is; None without a sheet."""
        return None if self.timing is None else self.timing.exposures

    @property
    def gaps(self) -> tuple[range, ...]:
        """The numbers between the first and the last drawing that have none, stretch by stretch, however long."""
        return tuple(range(a + 1, b) for a, b in pairwise(self.numbers) if b > a + 1)

    def output_name(self, number: int, format: FormatName = "png") -> str:
        """File name of a painted frame: the drawing's own with the format's ending. KeyError: no such drawing."""
        suffix = FORMATS[format].suffix
        if self.movie is None:
            return self.lines[number].with_suffix(suffix).name
        self._check_number(number)
        padding = max(_MOVIE_PADDING, len(str(len(self.movie))))
        return f"{self.movie.path.stem}.{number:0{padding}d}{suffix}"

    def read_line(self, number: int) -> Pixels:
        """One drawing. Raises ReadError when it is broken or has another size than the shot; KeyError: no such one."""
        if self.movie is not None:
            self._check_number(number)
            return self.movie.read(number - 1)
        return self.open_line(number).decode()

    def open_line(self, number: int) -> ImageFile:
        """The file of one drawing, read but not decoded; there is none of a movie's. Errors as `read_line`."""
        return self._open(self.lines[number], "drawing")

    def iter_lines(self, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Pixels | ReadError]]:
        """Drawings one after the other, all by default; a broken one comes as its ReadError and ends nothing.

        A movie is decoded in one go where the numbers rise.
        """
        asked = list(self.numbers if numbers is None else numbers)
        for number in asked:
            self._check_number(number)
        if self.movie is not None and asked and asked == sorted(asked):
            remaining = set(asked)
            for index, pixels in self.movie.frames(asked[0] - 1):
                if index + 1 in remaining:
                    yield index + 1, pixels
                if index + 1 == asked[-1]:
                    return
            return
        for number in asked:
            try:
                yield number, self.read_line(number)
            except ReadError as error:
                yield number, error

    def read_key(self, number: int) -> Pixels:
        """The painted key of a number, as large as the drawings. Raises ReadError; KeyError when there is none."""
        return self._open(self.keys[number], "key").decode()

    def read_hint(self, number: int) -> Pixels:
        """The hint of a number, as `read_key`."""
        return self._open(self.hints[number], "hint").decode()

    def read_stencil(self, number: int) -> Pixels:
        """The stencil of a number, as `read_key`."""
        return self._open(self.stencils[number], "stencil").decode()

    def line_hash(self, number: int) -> str:
        """XXH3-128 of a drawing's file, in hex; of a movie's frame, of its pixels. Raises ReadError, KeyError.

        It is that of the file as it was first looked at; the file is no longer read once it is another one.
        A movie is decoded once, from end to end, at the first call.
        """
        if self.movie is None:
            return self._hash(self.lines[number])
        self._check_number(number)
        digest = self._movie_hashes[number - 1]
        if isinstance(digest, ReadError):
            raise digest
        return digest

    def source_hash(self, number: int) -> str:
        """What tells a drawing from a changed one, without decoding it: `line_hash`, or that of a whole movie's file
        with the frame's number. Raises ReadError, KeyError."""
        if self.movie is None:
            return self.line_hash(number)
        self._check_number(number)
        return digest(self._hash(self.movie.path), str(number))

    def key_hash(self, number: int) -> str:
        """XXH3-128 of a key's file, in hex. Raises ReadError, KeyError."""
        return self._hash(self.keys[number])

    def __repr__(self) -> str:
        size = f"{self.size[1]}x{self.size[0]}"
        wanted = "" if self.wanted == self.numbers else f", {len(self.wanted)} wanted"
        return f"Shot({self.name}, {format_numbers(self.numbers)}, {size}, keys {format_numbers(self.keys)}{wanted})"

    @cached_property
    def _movie_hashes(self) -> list[str | ReadError]:
        assert self.movie is not None
        return [
            pixels if isinstance(pixels, ReadError) else xxhash.xxh3_128_hexdigest(pixels.tobytes())
            for _, pixels in self.movie.frames()
        ]

    def _check_number(self, number: int) -> None:
        if number not in (self.lines if self.movie is None else range(1, len(self.movie) + 1)):
            raise KeyError(number)

    def _open(self, path: Path, role: str) -> ImageFile:
        file = open_image(path, self.size, role)
        if file.hash != self._known.setdefault(path, file.hash):
            raise ReadError(path, f"the {role} was changed while the shot was being painted", "run again")
        return file

    @cached_property
    def _known(self) -> dict[Path, str]:
        """Hashes of files, as they were first looked at: what is painted from them is noted under these."""
        return {}

    def _hash(self, path: Path) -> str:
        return self._known.get(path) or self._known.setdefault(path, hash_file(path))


def _read_corrections(path: Path, numbers: tuple[int, ...]) -> tuple[Correction, ...]:
    """The corrections of a file, all of them of drawings that the shot has; ShotError names the first that is not."""
    found = tuple(read_corrections(path))
    strange = [c.number for c in found if c.number not in numbers]
    if strange:
        fix = f"the shot has {format_numbers(numbers)}; check that the file is of this shot"
        raise ShotError(path, f"corrects frame {strange[0]}, of which there is no drawing", fix)
    return found
