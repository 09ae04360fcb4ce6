"""Ranges of drawing numbers as people and farms write them: "1-24x2,30"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from fileseq.frameset import FrameSet

from framecolor.core.drawing_number import LetteredNumber, read_number

# fileseq's own parser needs memory for every number of a range, and fails on very long steps.
_NUMBER = "[0-9]{1,12}[a-zA-Z]?"
_RANGE = re.compile(rf"\s*({_NUMBER})(?:\s*-\s*({_NUMBER})(?:\s*x\s*([0-9]{{1,12}}))?)?\s*")


@dataclass(frozen=True)
class NumberRange:
    """A range of drawings' numbers as written: both ends, rising or falling, and its step.

    first, last  may have a letter; an inbetween such as 2a lies in a range if it lies between its ends
    """

    text: str
    first: int
    last: int
    step: int = 1

    @property
    def ends(self) -> tuple[int, int]:
        """The lower and the higher end."""
        return min(self.first, self.last), max(self.first, self.last)

    def __contains__(self, number: int) -> bool:
        low, high = self.ends
        return low <= number <= high and (int(number) - int(self.first)) % self.step == 0


def format_numbers(numbers: Iterable[int]) -> str:
    """Write numbers as a short range: "1-3,7". Rising ones with letters stay apart: "1-2,2a,3"."""
    parts: list[str] = []
    for has_letter, group in groupby(numbers, lambda number: isinstance(number, LetteredNumber)):
        found = list(group)
        parts += map(str, found) if has_letter else [FrameSet.framesToFrameRange(found)]
    return ",".join(parts)


def format_range(numbers: range) -> str:
    """Write numbers without gaps as a short range, however many: "3", "5-4294967295"."""
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"


def parse_number_ranges(text: str) -> list[NumberRange]:
    """Parse a text such as "1-24x2,30,31a". Raises ValueError if it is not a list of ranges."""
    return [_parse_range(part.strip()) for part in text.split(",")]


def _parse_range(part: str) -> NumberRange:
    match = _RANGE.fullmatch(part)
    if match is None or (step := int(match[3] or 1)) == 0:
        raise ValueError(f"{part!r} is not a range of numbers")
    return NumberRange(part, read_number(match[1]), read_number(match[2] or match[1]), step)
