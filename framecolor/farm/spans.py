"""Split a shot into the frames of a farm's tasks: whole spans, since two tasks with one span would both process it.

The split does not change any frame.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from framecolor.core.number_ranges import format_numbers
from framecolor.shot.shot import Shot
from framecolor.shot.spans import plan_spans

CHUNK_FRAMES = 24
"""Least number of frames of a task, as starting one takes as long as painting a few."""

# Slurm's arrays have 1000 tasks unless its settings allow more, OpenJD's ranges 1024 of at most 1024 characters.
_MOST_TASKS = 1000
_LONGEST_TEXT = 1024


@dataclass(frozen=True)
class Chunk:
    """The frames of one task, in the syntax of --frames ("1001-1024"), and their number."""

    frames: str
    count: int

    def __post_init__(self) -> None:
        if not 0 < len(self.frames) <= _LONGEST_TEXT or self.count < 1:
            raise ValueError(f"Chunk needs frames in at most {_LONGEST_TEXT} characters, got {self.frames[:40]!r}")


def cut_spans(shot: Shot, chunk_frames: int = CHUNK_FRAMES) -> list[Chunk]:
    """Split the wanted frames of a shot into chunks of neighboring spans.

    A chunk has at least `chunk_frames` frames, unless the shot has fewer, and more if there would be too many tasks for
    a farm. Every wanted frame is in exactly one chunk, and no other number is in any. A span is split only if the list
    of its numbers is too long for a task.
    """
    if chunk_frames < 1:
        raise ValueError(f"chunk_frames must be 1 or more, got {chunk_frames}")
    least = max(chunk_frames, -(-len(shot.wanted) // _MOST_TASKS))
    chunks: list[list[int]] = []
    for span in plan_spans(shot.numbers, shot.keys, shot.wanted):
        if chunks and len(chunks[-1]) < least:
            chunks[-1] += span.paints
        else:
            chunks.append([*span.paints])
    if len(chunks) > 1 and len(chunks[-1]) < least:
        rest = chunks.pop()
        chunks[-1] += rest
    return [task for chunk in chunks for task in _format_chunks(chunk, shot.numbers)]


def _format_chunks(frames: Sequence[int], numbers: Sequence[int]) -> list[Chunk]:
    """Format rising frames as one chunk, or as several if the text is too long. A range may span gaps in `numbers`."""
    first, last = frames[0], frames[-1]
    between = numbers[bisect_left(numbers, first) : bisect_right(numbers, last)]
    is_range = len(frames) > 1 and len(frames) == len(between)
    text = f"{first}-{last}" if is_range else format_numbers(frames)
    if len(text) <= _LONGEST_TEXT:
        return [Chunk(text, len(frames))]
    middle = len(frames) // 2
    return _format_chunks(frames[:middle], numbers) + _format_chunks(frames[middle:], numbers)
