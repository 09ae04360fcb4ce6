"""Read the number of a drawing from the name of its file, wherever people put it.

sh010.1001.png          1001; usually the number ends the name
A0001_color.png         1; a word follows it
A0001_v2.png            1, beside other files of version 2
cut (3).png             3
A0002a.png              2a, between 2 and 3
[0004] A2.png           4; TVPaint writes the number first, in brackets
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from fileseq.constants import DISK_RE

from framecolor.core.drawing_number import make_number
from framecolor.errors import ShotError
from framecolor.media.decode import SIDE_SUFFIXES

_DIGITS = re.compile(r"[0-9]+")
# A letter that belongs to the number: nothing of a word follows.
_LETTER = re.compile(r"[A-Za-z](?![^\W_])")
# The last number of a name that counts versions or copies, not drawings: "_v2", " (1)".
_VERSION = re.compile(r"(?:[._ -](?:v|ver|rev|r|t|take)|[._ ]?\()$", re.IGNORECASE)
# What TVPaint's exports begin with: the layer and the frame, or the frame alone.
_BRACKETS = re.compile(r"((?:\[[0-9]{1,6}\])?\[)([0-9]{1,9})\](?=.)")
_SIGN = re.compile(r"(?:^|[._ ])-$")


@dataclass(frozen=True)
class NumberedFile:
    """A file name split into base + digits + ending, such as "sh010." + "1001" + ".png".

    letter  letter of an inbetween, with which its ending begins; "" for none
    rank    0 if the number ends the name, 1 if a word follows it, 2 more if the format is usually not the drawing's
    follows  number of the drawing whose name it has; None: that of the digits
    """

    path: Path
    base: str
    digits: str
    ending: str
    letter: str = ""
    rank: int = 0
    follows: int | None = None

    @property
    def number(self) -> int:
        return make_number(int(self.digits), self.letter) if self.follows is None else self.follows

    def with_number(self, number: int, rank: int) -> NumberedFile:
        """Return the file as one of the drawing `number`, whose name it has."""
        return replace(self, follows=number, rank=rank)

    @property
    def pattern(self) -> str:
        """The file name with # for each digit."""
        return f"{self.base}{'#' * len(self.digits)}{self.ending[len(self.letter) :]}"

    @property
    def sequence(self) -> tuple[str, str]:
        """What all files of a sequence share: base and ending without the letter, in the same Unicode form and case."""
        return normalize_name(self.base), normalize_name(self.ending[len(self.letter) :]).lower()

    @property
    def is_negative(self) -> bool:
        """Whether a dash before the number may be a sign, as in sh.-0001.png."""
        return _SIGN.search(self.base) is not None


def normalize_name(name: str) -> str:
    """Convert a name to the form in which names are compared: macOS writes accents otherwise than others do."""
    return unicodedata.normalize("NFC", name)


def split_name(path: Path) -> list[NumberedFile]:
    """List the ways to split a file's name at its number, the usual one first; empty without a number."""
    name = path.name
    match = DISK_RE.match(name)
    side = 2 * (path.suffix.lower() in SIDE_SUFFIXES)
    found: list[NumberedFile] = []
    if match is not None and match[3] is not None:
        digits = match[3].removeprefix("-")  # "cut-0001.png": the dash is a separator
        base = match[1] + match[2] + "-" * (len(match[3]) - len(digits))  # [1]: up to a backslash, part of a name here
        found.append(NumberedFile(path, base, digits, match[4], rank=side))
    stem = name.removesuffix(path.suffix)
    for run in reversed(list(_DIGITS.finditer(stem))):
        if found and run.start() >= len(found[0].base):
            continue
        letter = _LETTER.match(stem, run.end())
        ends = run.end() + (letter is not None) == len(stem) or stem[run.end() :] == ")"
        rank = side + (not ends)
        found.append(
            NumberedFile(path, name[: run.start()], run[0], name[run.end() :], letter[0] if letter else "", rank)
        )
    if (first := _BRACKETS.match(stem)) is not None:
        found = [NumberedFile(path, first[1], first[2], name[first.end(2) :], rank=side), *found]
    return found


def number_names(paths: Iterable[Path]) -> list[NumberedFile]:
    """Split the names of a folder's files at the numbers of their drawings; leaves out those without a number.

    The last number of a name counts, unless it is a version that names of the same shape share, as in A0001_v2 and
    A0002_v2. The result is in the order of numbers.
    """
    shapes: defaultdict[str, list[list[NumberedFile]]] = defaultdict(list)
    for path in paths:
        if ways := split_name(path):
            shapes[_DIGITS.sub("#", normalize_name(path.name))].append(ways)
    chosen = [_choose_way(ways, group) for group in shapes.values() for ways in group]
    bases = {file.sequence for file in chosen if not file.letter and not file.rank % 2}
    if bases:  # a letter is one of an inbetween only beside other drawings: not in A_1080p.png
        chosen = [_demote(file) if file.letter and file.sequence not in bases else file for file in chosen]
    return sorted(chosen, key=lambda file: (file.number, file.path.name))


def _choose_way(ways: list[NumberedFile], group: list[list[NumberedFile]]) -> NumberedFile:
    first = ways[0]
    if len(ways) == 1 or len({others[0].number for others in group}) > 1:
        return first
    if first.base.endswith("["):  # the same number in all names, as in "[2026] A0001.png", is none of a drawing
        return ways[1] if len(group) > 1 else first
    return _demote(ways[1]) if _VERSION.search(first.base) else first


def _demote(file: NumberedFile) -> NumberedFile:
    return replace(file, rank=file.rank | 1)


def choose_best(files: list[NumberedFile]) -> list[NumberedFile]:
    """Choose the files of the lowest rank: with A0001.png there, neither A0001_old.png nor A0001.psd counts."""
    best = min((file.rank for file in files), default=0)
    return [file for file in files if file.rank == best]


def number_files(files: Iterable[NumberedFile]) -> dict[int, Path]:
    """Map numbers to files; of one number, the file of the lowest rank counts.

    Raises ShotError, naming both files, if two have the same number and rank, or if a number is negative.
    """
    files = list(files)
    refuse_negative(files)
    numbered: dict[int, NumberedFile] = {}
    for file in files:
        other = numbered.get(file.number)
        if other is not None and other.rank == file.rank:
            problem = f"has the same number as {other.path.name}, {file.number}"
            if normalize_name(other.path.name) == normalize_name(file.path.name):
                problem = (
                    f"has the same name as another file, in another Unicode form, so the same number {file.number}"
                )
            raise ShotError(file.path, problem, "remove one of them")
        if other is None or file.rank < other.rank:
            numbered[file.number] = file
    return {number: file.path for number, file in numbered.items()}


def refuse_negative(files: list[NumberedFile]) -> None:
    """Raise ShotError if a dash before a number is a sign: it follows a dot, or other files lack it."""
    plain = {file.sequence for file in files}
    for file in files:
        without = normalize_name(file.base[:-1]), file.sequence[1]
        if file.is_negative and (file.base.endswith(".-") or file.base == "-" or without in plain):
            problem = f"negative numbers are not read, and this would be -{file.number}"
            raise ShotError(file.path, problem, "renumber the drawings from 0 or 1 on")
