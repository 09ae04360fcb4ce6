"""A shot on disk: its drawings, painted keys, numbers and names. Pixels are read on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from framecolor.config.settings import NO_FILE, FormatName
from framecolor.core.hashing import digest
from framecolor.core.number_ranges import format_numbers
from framecolor.core.text import count_of
from framecolor.errors import ReadError, ShotError
from framecolor.media import FORMATS, ImageFile, Movie, hash_file, image_size, is_movie, open_image, read_image
from framecolor.media.levels.member import LEVEL_SUFFIX, is_member, name_member
from framecolor.shot.corrections import CORRECTIONS_NAME, Correction, read_corrections
from framecolor.shot.cut import Cel
from framecolor.shot.downloads import locate_corrections, read_shot_name
from framecolor.shot.file_names import split_name
from framecolor.shot.locate import (
    ROLES,
    ShotPlace,
    find_lines,
    find_painted,
    find_stray,
    is_first,
    list_unused_lines,
    locate_shot,
    measure_lines,
)
from framecolor.shot.own_files import RECOLOR_NAME, is_there, locate_own
from framecolor.shot.references import Reference, find_references
from framecolor.shot.sequence import parse_frames
from framecolor.shot.timing import Timing, choose_shown, find_timing

Pixels = NDArray[np.uint8]
"""uint8 HxWx4, straight RGBA."""

MAX_DRAWING_PX = 1 << 26
"""Largest drawing that is painted: 8192x8192 already takes several gigabytes of memory."""

_MOVIE_PADDING = 4


@dataclass(frozen=True, eq=False, repr=False)
class Shot:
    """One shot. Numbers are those in the drawings' file names; a movie's frames count from 1.

    name         name of the folder, pattern or movie; Cut-005/A for a cel of a cut
    root         the shot's folder, or the cut of a cel
    line_source  folder, pattern or movie of the drawings
    lines        number -> file of every drawing, by number; empty for a movie
    movie        the drawings of a movie, None for files
    numbers      every drawing's number, rising
    wanted       the numbers to paint, rising; a subset of `numbers`
    keys         number -> painted key; may be empty, as hints and stencils
    size         (height, width) in pixels of the first drawing that can be read; keys may have another one
    corrections  corrected regions, by frame
    references   painted pictures of other cuts or design sheets
    cel          the cel of a cut, or its retake; None for other shots
    timing       when its drawings are shown; None without an exposure sheet
    warnings     problems to show to the user
    notes        what was handed over and is not used, though nothing is wrong with it, and what is used without being
                 named
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
    references: tuple[Reference, ...] = ()
    cel: Cel | None = None
    timing: Timing | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = set(self.numbers)
        if not self.numbers or list(self.numbers) != sorted(known):
            raise ValueError("Shot.numbers must rise and not be empty")
        if not known.issuperset(self.wanted) or list(self.wanted) != sorted(set(self.wanted)):
            raise ValueError("Shot.wanted must rise and be a part of Shot.numbers")
        if (self.movie is None) != (known == set(self.lines)) or (self.movie and len(self.movie) != len(known)):
            raise ValueError("Shot.numbers must be those of Shot.lines or count the frames of Shot.movie")
        labeled = (self.keys, self.hints, self.stencils, {c.number for c in self.corrections})
        if any(not known.issuperset(numbers) for numbers in labeled):
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
        references: str | Path | None = None,
        frames: str | None = None,
        sheet: str | Path | None = None,
    ) -> Shot:
        """Find the drawings and keys of a shot. Reads only image headers.

        path    one of:
                a folder with line/ (one sequence or one movie) and usually keys/, hints/ or stencils/
                a folder of drawings, a pattern (sh010.####.png, %04d, @@@@) or a movie, with `keys` or `hints`
                a cel of a cut, Cut-005/Line/A, with its keys in Cut-005/Keys/A
                a retake of a cel, Cut-005/Line/A.R1: only its own drawings are painted
                a layer of a cut that TVPaint or Krita exported, Cut-005/line/A, a path that does not exist
        keys, hints, stencils  folders to use instead of the shot's own
        corrections  a file of corrections, or "none"; by default `corrections_file`, if it exists. A name without a
                     folder is looked up by `downloads.locate_corrections`
        references  a folder of references, or "none"; by default `references` in the shot's folder or cut, and above it
        frames  numbers of drawings to paint, such as "1001-1024x2"; all by default
        sheet   an exposure sheet, or "none"; by default that in the shot's folder or cut

        Raises ShotError or ReadError, naming the file and the fix, if there is no line art, the numbering is ambiguous,
        or a key or correction fits no drawing. A broken drawing raises no error here, but when it is read.
        """
        path = Path(path)
        place = locate_shot(path, has_keys=keys is not None or hints is not None)
        movie = Movie.open(place.source) if is_movie(place.source) else None
        lines, own = ({}, tuple(range(1, len(movie) + 1))) if movie else find_lines(place)
        numbers = own if movie else tuple(lines)
        size = movie.size if movie else measure_lines(place.source, lines)
        if size[0] * size[1] > MAX_DRAWING_PX:
            problem = f"drawings of {size[1]}x{size[0]} pixels are above the limit of {MAX_DRAWING_PX} pixels"
            raise ShotError(place.source, problem, "scale them down")
        extras: dict[str, Mapping[int, Path]] = {}
        passed_over = list_unused_lines(place, lines)
        for role, given in zip(ROLES, (keys, hints, stencils), strict=True):
            extras[role], unused = find_painted(role, given, place, lines, numbers, size)
            passed_over += unused
        corrected, saved, noted = _find_corrections(corrections, place, numbers)
        painted, unused = find_references(place.root, references)
        is_folder = path.is_dir() or place.cel is not None
        passed_over += [*unused, *find_stray(place, is_folder=is_folder)]
        timing, warnings = find_timing(place, sheet, lines.get(numbers[0]), is_folder=is_folder)
        warnings += [*passed_over, *saved]
        wanted = own if frames is None else parse_frames(frames, own, timing.format_shown(own) if timing else "")
        if timing is not None:
            warnings += timing.list_warnings(wanted, numbers)
            wanted = choose_shown(timing, wanted)
        about = {"cel": place.cel, "timing": timing, "warnings": tuple(warnings), "corrections": corrected}
        noted += timing.list_notes() if timing and is_first(place) else []
        about |= {"references": painted, "notes": tuple(noted)}
        return cls(place.name, place.root, place.source, lines, movie, numbers, wanted, size=size, **extras, **about)

    @property
    def out(self) -> Path:
        """Default folder of painted frames: ROOT/color, or CUT_Cell/A beside the cut of a cel."""
        return self.root / "color" if self.cel is None else self.cel.out

    @property
    def corrections_file(self) -> Path:
        """The shot's own file of corrections (`shot.own_files`), used without being named; it may not exist."""
        return locate_own(CORRECTIONS_NAME, self.name, self.root, self.line_source, self.cel)

    @property
    def recolor_file(self) -> Path:
        """The shot's own file of recolors, as `corrections_file`."""
        return locate_own(RECOLOR_NAME, self.name, self.root, self.line_source, self.cel)

    @property
    def exposures(self) -> tuple[int | None, ...] | None:
        """For frame 1, 2, ... the number of the drawing that is shown, None if none is; None without a sheet."""
        return None if self.timing is None else self.timing.exposures

    @property
    def gaps(self) -> tuple[range, ...]:
        """Ranges of numbers between the first and the last drawing that have no drawing.

        None in an export, whose drawings may be numbered by the frames in which they appear.
        """
        if self.cel is not None and self.cel.export is not None:
            return ()
        return tuple(range(a + 1, b) for a, b in pairwise(map(int, self.numbers)) if b > a + 1)

    def output_name(self, number: int, format: FormatName = "png") -> str:
        """Name the file of a painted frame: the drawing's name with the format's suffix. Raises KeyError."""
        suffix = FORMATS[format].suffix
        if FORMATS[format].level:
            self._check_number(number)
            return name_member(Path(self.level_name), number).name
        if self.movie is None:
            return self.lines[number].with_suffix(suffix).name
        self._check_number(number)
        padding = max(_MOVIE_PADDING, len(str(len(self.movie))))
        return f"{self.movie.path.stem}.{number:0{padding}d}{suffix}"

    @property
    def level_name(self) -> str:
        """Name of the level that its painted frames become: that of its drawings without number, or of the shot."""
        if self.movie is not None:
            name = self.line_source.stem
        elif is_member(first := self.lines[self.numbers[0]]):
            name = first.parent.stem
        else:
            ways = split_name(first)
            name = ways[0].base.rstrip("._- ") if ways else ""
        return (name or self.name.rpartition("/")[2]) + LEVEL_SUFFIX

    def read_line(self, number: int) -> Pixels:
        """Read a drawing. Raises ReadError if it is broken or has another size than the shot, KeyError if missing."""
        if self.movie is not None:
            self._check_number(number)
            return self.movie.read(number - 1)
        return self.open_line(number).decode()

    def open_line(self, number: int) -> ImageFile:
        """Read the file of a drawing without decoding it; not for movies. Raises as `read_line` does."""
        return self._open(self.lines[number], "drawing")

    def iter_lines(self, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Pixels | ReadError]]:
        """Iterate over drawings, all by default. Yields the ReadError of a broken one in place of its pixels.

        A movie is decoded in one pass if the numbers rise.
        """
        wanted = list(self.numbers if numbers is None else numbers)
        for number in wanted:
            self._check_number(number)
        if self.movie is not None and wanted and wanted == sorted(wanted):
            remaining = set(wanted)
            for index, pixels in self.movie.frames(wanted[0] - 1):
                if index + 1 in remaining:
                    yield index + 1, pixels
                if index + 1 == wanted[-1]:
                    return
            return
        for number in wanted:
            try:
                yield number, self.read_line(number)
            except ReadError as error:
                yield number, error

    def read_key(self, number: int) -> Pixels:
        """Read a painted key, of any size. Raises ReadError, KeyError if missing."""
        path = self.keys[number]
        return self._open(path, "key", image_size(path)).decode()

    def read_hint(self, number: int) -> Pixels:
        """Read a hint, as `read_key` does."""
        return self._open(self.hints[number], "hint").decode()

    def read_stencil(self, number: int) -> Pixels:
        """Read a stencil, as `read_key` does."""
        return self._open(self.stencils[number], "stencil").decode()

    def read_reference(self, path: Path) -> Pixels:
        """Read the painting or the line art of a reference, of any size. Raises ReadError."""
        pixels = read_image(path)
        if hash_file(path) != self._hash(path):
            raise ReadError(path, "the reference changed during the run", "run again")
        return pixels

    def line_hash(self, number: int) -> str:
        """Hash a drawing: XXH3-128, in hex, of its file, or of the pixels of a movie's frame.

        The hash is that of the first read; if the file changes later, reading it raises ReadError. The first call
        decodes a movie completely. Raises ReadError, KeyError.
        """
        if self.movie is None:
            return self._hash(self.lines[number])
        self._check_number(number)
        digest = self._movie_hashes[number - 1]
        if isinstance(digest, ReadError):
            raise digest
        return digest

    def source_hash(self, number: int) -> str:
        """Hash a drawing without decoding it: `line_hash`, or for a movie the hash of its file and the frame's number.

        Raises ReadError, KeyError.
        """
        if self.movie is None:
            return self.line_hash(number)
        self._check_number(number)
        return digest(self._hash(self.movie.path), str(number))

    def key_hash(self, number: int) -> str:
        """Hash a key's file: XXH3-128, in hex. Raises ReadError, KeyError."""
        return self._hash(self.keys[number])

    def reference_hash(self, reference: Reference) -> str:
        """Hash the files of a reference: XXH3-128, in hex. Raises ReadError."""
        return digest(*(self._hash(path) for path in (reference.painted, reference.line) if path is not None))

    def is_own_key(self, reference: Reference) -> bool:
        """Tell whether a reference is a copy of one of the shot's keys, which add nothing. Raises ReadError."""
        return self._hash(reference.painted) in {self.key_hash(number) for number in self.keys}

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

    def _open(self, path: Path, role: str, size: tuple[int, int] | None = None) -> ImageFile:
        file = open_image(path, size or self.size, role)
        if file.hash != self._known.setdefault(path, file.hash):
            raise ReadError(path, f"the {role} changed during the run", "run again")
        return file

    @cached_property
    def _known(self) -> dict[Path, str]:
        """Hashes of the files when first read, under which the manifest notes what is painted from them."""
        return {}

    def _hash(self, path: Path) -> str:
        return self._known.get(path) or self._known.setdefault(path, hash_file(path))


def _find_corrections(
    given: str | Path | None, place: ShotPlace, numbers: tuple[int, ...]
) -> tuple[tuple[Correction, ...], list[str], list[str]]:
    """Find and read a shot's corrections; `given` as for `Shot.open`. Returns them, warnings and notes."""
    own = locate_own(CORRECTIONS_NAME, place.name, place.root, place.source, place.cel)
    if str(given) == NO_FILE:
        return (), [], []
    if given is not None:
        file, warnings = locate_corrections(Path(given), place.root, place.name, own)
        found = _read_corrections(file, numbers)
        others = own.is_file() and not own.samefile(file)
        return found, warnings, [f"{own}: not used, as --corrections names {file}"] if others else []
    found = _read_corrections(own, numbers) if is_there(own) else ()
    notes = [f"{own.name}: {count_of(len(found), 'correction')}"] if found else []
    beside = place.root / CORRECTIONS_NAME
    if beside != own and beside.is_file() and read_shot_name(beside) == place.name:
        notes.append(f"{beside}: not used; move it to {own}, or name it with --corrections")
    return found, [], notes


def _read_corrections(path: Path, numbers: tuple[int, ...]) -> tuple[Correction, ...]:
    """Read a file of corrections. Raises ShotError if one is for a drawing that the shot does not have."""
    corrections = tuple(read_corrections(path))
    strange = [c.number for c in corrections if c.number not in numbers]
    if strange:
        fix = f"the shot has {format_numbers(numbers)}; check that the file belongs to this shot"
        raise ShotError(path, f"corrects frame {strange[0]}, which has no drawing", fix)
    return corrections
