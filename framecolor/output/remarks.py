"""Remarks: what a run finds out about a drawing while it paints it, kept in the entry of its frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from framecolor.core.number_ranges import format_numbers

Remark = Literal["empty", "other paper"]
"""empty: no figure, painted as paper. other paper: not read as the other drawings are, so that it comes out wrong."""


def name_remarks(remarks: Mapping[int, Remark | None]) -> list[str]:
    """Write one line for each kind of remark, which names its frames."""
    empty = sorted(number for number, remark in remarks.items() if remark == "empty")
    lines = [f"painted as paper, as the drawings are empty: {format_numbers(empty)}"] if empty else []
    return lines + name_unlike(number for number, remark in remarks.items() if remark == "other paper")


def name_unlike(numbers: Iterable[int]) -> list[str]:
    """Write one line that names the drawings on other paper than most; [] if there are none."""
    if not (found := sorted(numbers)):
        return []
    which = f"drawing{'s' * (len(found) > 1)} {format_numbers(found)}"
    what = f"{'are' if len(found) > 1 else 'is'} on other paper than most (white, black or toned)"
    return [f"{which} {what}, and will come out wrong; save all drawings of a shot alike"]
