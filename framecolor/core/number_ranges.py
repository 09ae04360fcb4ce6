"""Ranges of drawing numbers as people and farms write them: "1-24x2,30"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fileseq.frameset import FrameSet

# fileseq's own parser needs memory for every number of a range, and fails on very long steps.
_RANGE = re.compile(r"\s*([0-9]{1,12})(?:\s*-\s*([0-9]{1,12})(?:\s*x\s*([0-9]{1,12}))?)?\s*")


def format_numbers(numbers: Iterable[int]) -> str:
    """Write numbers as a short range: "1-3,7"."""
    return FrameSet.framesToFrameRange(list(numbers))


def format_range(numbers: range) -> str:
    """Write numbers without gaps as a short range, however many: "3", "5-4294967295"."""
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"


def parse_ranges(text: str) -> list[tuple[str, range]]:
    """Parse a text such as "1-24x2,30": each of its parts with its numbers, rising or falling.

    Raises ValueError if it is not a list of ranges.
    """
    return [(part.strip(), _parse_range(part)) for part in text.split(",")]


def _parse_range(part: str) -> range:
    match = _RANGE.fullmatch(part)
    if match is None or (step := int(match[3] or 1)) == 0:
        raise ValueError(f"{part!r} is not a range of numbers")
    first, last = int(match[1]), int(match[2] or match[1])
    return range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
