"""Numbered image sequences: find the drawings of a folder and their order by the numbers in file names."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from framecolor.core.number_ranges import format_numbers, parse_number_ranges
from framecolor.errors import ShotError
from framecolor.media.decode import IMAGE_SUFFIXES, PAINTED_SUFFIXES
from framecolor.media.levels.member import is_level, list_members
from framecolor.media.movies import is_movie
from framecolor.shot.file_names import (
    NumberedFile,
    choose_best,
    normalize_name,
    number_files,
    number_names,
    refuse_negative,
    split_name,
)
from framecolor.shot.unused import list_unused

_PLACEHOLDER = re.compile(r"#+|@+|%[0-9]{0,3}d|\$F[0-9]{0,3}")
_RANGE = re.compile(r"[0-9]+-[0-9]+(x[0-9]+)?$")
_WIDEST = 1_000_000
_HIGHEST = 2**31 - 1


@dataclass(frozen=True)
class Pattern:
    """A sequence as written on a command line: base + placeholder for the number + ending."""

    folder: Path
    base: str
    width: int
    ending: str

    def fits(self, file: NumberedFile) -> bool:
        """Check whether a file matches. A width of 1 (#, @, %d) accepts any padding; wider ones work as in printf."""
        padded = self.width <= 1 or len(file.digits) == self.width
        longer = len(file.digits) > self.width and file.digits[0] != "0"
        same_name = file.sequence == (normalize_name(self.base), normalize_name(self.ending).lower())
        return same_name and (padded or longer)


def is_pattern(path: Path) -> bool:
    """Check whether a path is a sequence pattern (sh010.####.png, sh010.@@@@.png, sh010.%04d.png, sh010.$F4.png)."""
    return _PLACEHOLDER.search(path.name) is not None and not path.exists()


def parse_pattern(path: Path) -> Pattern:
    """Parse a pattern. Raises ShotError if it has a frame range, or not exactly one placeholder."""
    found = list(_PLACEHOLDER.finditer(path.name))
    if len(found) != 1 or _RANGE.search(path.name[: found[0].start()]):
        fix = "write it as name.####.png and choose frames with --frames"
        raise ShotError(path, "the pattern must have exactly one placeholder and no range", fix)
    placeholder = found[0][0]
    width = len(placeholder) if placeholder[0] in "#@" else int("0" + re.sub("[^0-9]", "", placeholder))
    return Pattern(path.parent, path.name[: found[0].start()], max(1, width), path.name[found[0].end() :])


def list_images(folder: Path, suffixes: Collection[str] = IMAGE_SUFFIXES) -> list[NumberedFile]:
    """List the numbered images of a folder by number, without hidden files.

    If the number ends the names of some, only those count, and of several formats those of drawings.
    """
    return choose_best(list_numbered(folder, suffixes))


def list_frames(folder: Path) -> dict[int, Path]:
    """List the painted frames of a folder by number, or the drawings of a level: that one, or the folder's only one.

    Raises ShotError if two files have the same number, ReadError if a level cannot be read.
    """
    if is_level(folder):
        return list_members(folder)
    files = number_files(list_images(folder, PAINTED_SUFFIXES))
    levels = [] if files else list_levels(folder)
    return list_members(levels[0]) if len(levels) == 1 else files


def has_frames(folder: Path) -> bool:
    """Tell whether a folder has numbered pictures, or a level. Raises ShotError if it cannot be read."""
    return bool(list_images(folder, PAINTED_SUFFIXES) or list_levels(folder))


def list_numbered(folder: Path, suffixes: Collection[str] = IMAGE_SUFFIXES) -> list[NumberedFile]:
    """List all images of a folder whose names have a number, by number, without hidden files."""
    return number_names(path for path in list_files(folder) if path.suffix.lower() in suffixes)


def list_movies(folder: Path) -> list[Path]:
    """List the movies of a folder by name, without hidden files."""
    return [path for path in list_files(folder) if is_movie(path)]


def list_levels(folder: Path) -> list[Path]:
    """List the levels of a folder by name, without hidden files."""
    return [path for path in list_files(folder) if is_level(path)]


def list_files(folder: Path) -> list[Path]:
    """List the files of a folder by name, without hidden ones. Raises ShotError if it cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file())
    except OSError as error:
        problem = f"the folder cannot be read ({error.strerror or error})"
        raise ShotError(folder, problem, "check its name and permissions") from error


def find_sequence(folder: Path, pattern: Pattern | None = None) -> dict[int, Path]:
    """Find the only sequence of a folder, or the one that matches a pattern. Returns number -> file, by number.

    In place of a folder stands a level, whose drawings are listed; a folder without numbered images may hold one.

    Raises ShotError if there is none, if there are several and no pattern, if two files have the same number, or if a
    number is so high, or so far from the others, that it must be a mistake; ReadError if a level cannot be read.
    """
    if pattern is None and (level := folder if is_level(folder) else _find_level(folder)) is not None:
        return _check_width(folder, list_members(level))
    return _check_width(folder, _choose_sequence(folder, pattern))


def _find_level(folder: Path) -> Path | None:
    """Find the level of a folder without numbered images; None if there is none. Raises ShotError for several."""
    levels = list_levels(folder)
    if not levels or list_images(folder):
        return None
    if len(levels) > 1:
        names = ", ".join(path.name for path in levels[:6])
        fix = f"keep one, or name one as {levels[0]} with --keys"
        raise ShotError(folder, f"the folder holds {len(levels)} levels: {names}", fix)
    return levels[0]


def _check_width(folder: Path, numbered: dict[int, Path]) -> dict[int, Path]:
    first, last = min(numbered), max(numbered)
    if last > _HIGHEST:
        raise ShotError(numbered[last], f"number {last} is above the limit of {_HIGHEST}", "renumber the drawings")
    if last - first > _WIDEST:
        problem = f"the numbers run from {first} to {last}, more than the {_WIDEST} frames that a shot can have"
        raise ShotError(folder, problem, f"check the name of {numbered[last].name}")
    return numbered


def _choose_sequence(folder: Path, pattern: Pattern | None) -> dict[int, Path]:
    if pattern is not None:
        return number_files(_list_fitting(folder, pattern))
    files = list_images(folder)
    if not files:
        raise _explain_nothing(folder)
    refuse_negative(files)
    sequences: dict[tuple[str, str], list[NumberedFile]] = {}
    for file in files:
        sequences.setdefault(file.sequence, []).append(file)
    if len(sequences) > 1:
        names = ", ".join(f"{group[0].pattern} ({len(group)})" for group in list(sequences.values())[:6])
        fix = f"keep one, or name one as {folder / files[0].pattern} with --keys"
        raise ShotError(folder, f"the folder holds {len(sequences)} sequences: {names}", fix)
    forms = Counter(file.base for file in files)
    if len(forms) > 1 and len({file.number for file in files}) < len(files):
        problem = f"the folder holds {len(forms)} sequences, {files[0].pattern} in {len(forms)} forms of Unicode"
        raise ShotError(folder, problem, "keep one; macOS and other systems write accents and kana in different forms")
    return number_files(files)


def _list_fitting(folder: Path, pattern: Pattern) -> list[NumberedFile]:
    """List the files that match a pattern, by number. Raises ShotError if there are none."""
    paths = [path for path in list_files(folder) if path.suffix.lower() in IMAGE_SUFFIXES]
    fitting = [next(filter(pattern.fits, split_name(path)), None) for path in paths]
    found = sorted((file for file in fitting if file is not None), key=lambda file: file.number)
    if not found:
        files = list_images(folder)
        fix = f"the folder's files match {files[0].pattern}" if files else "check the folder"
        raise ShotError(folder / f"{pattern.base}...{pattern.ending}", "no file matches the pattern", fix)
    return found


def _explain_nothing(folder: Path) -> ShotError:
    """Make the error of a folder without a numbered image that can be read: it says what the folder holds instead."""
    others = "; ".join(one.text for one in list_unused(folder, ()))
    fix = "put numbered drawings there: name.0001.png, name.0002.png"
    return ShotError(folder, "the folder holds no numbered images" + (f", but {others}" if others else ""), fix)


def parse_frames(text: str, numbers: tuple[int, ...], shown: str = "") -> tuple[int, ...]:
    """Parse frame ranges such as "1-24x2,30". Returns the shot's numbers in them, rising.

    shown  clause for errors about the shot's numbers, such as that a sheet shows only some of them

    A range may span gaps in the numbering, but must begin and end inside the shot; a single number must exist. Raises
    ShotError otherwise.
    """
    subject = f"--frames {text}"
    fix = f"the shot has {format_numbers(numbers)}{shown}"
    if ":" in text or "y" in text:
        raise ShotError(subject, "steps with : and y are not supported", "write steps as in 1-24x2")
    try:
        ranges = parse_number_ranges(text)
    except ValueError:
        raise ShotError(subject, "is not a frame range", "write it as 1-24, 1-24x2 or 1,5,9-12") from None
    present = set(numbers)
    wanted: set[int] = set()
    for part in ranges:
        low, high = part.ends
        is_single = "-" not in part.text
        if low < numbers[0] or high > numbers[-1] or (is_single and low not in present):
            raise ShotError(subject, f"{part.text} is not in the shot", fix)
        wanted |= {
            number for number in numbers[bisect_left(numbers, low) : bisect_right(numbers, high)] if number in part
        }
    if not wanted:
        raise ShotError(subject, "no drawing has one of these numbers", fix)
    return tuple(sorted(wanted))
