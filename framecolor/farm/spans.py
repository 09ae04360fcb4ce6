"""What one task of a farm paints: whole key-to-key spans, since two tasks that share one would both look at all of it.

Chunks decide nothing but who paints what: every frame comes out the same wherever it is cut.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from framecolor.core.number_ranges import format_numbers, format_range
from framecolor.shot.shot import Shot
from framecolor.shot.spans import plan_spans

CHUNK_FRAMES = 24
"""Frames that a task paints at least: starting one takes as long as painting a few."""

# Slurm's arrays have 1000 tasks unless its settings allow more, OpenJD's ranges 1024 of at most 1024 characters.
_MOST_TASKS = 1000
_LONGEST_TEXT = 1024


@dataclass(frozen=True)
class Chunk:
    """What one task paints: its frames as --frames takes them ("1001-1024"), and how many they are."""

    frames: str
    count: int

    def __post_init__(self) -> None:
        if not 0 < len(self.frames) <= _LONGEST_TEXT or self.count < 1:
            raise ValueError(f"no task can be made of {self.count} frames {self.frames[:40]!r}")


def cut_spans(shot: Shot, chunk_frames: int = CHUNK_FRAMES) -> list[Chunk]:
    """The wanted frames of a shot, cut into chunks of neighboring key-to-key spans.

    A chunk holds `chunk_frames` or more, unless the shot has fewer, and more where there would be too many tasks for a
    farm. Every wanted frame is in exactly one chunk, and no other drawing's number. A span is never cut, but where only
    a list of single numbers names its frames and is too long for a task.
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
    return [task for chunk in chunks for task in _spell(chunk, shot.numbers)]


def _spell(frames: Sequence[int], numbers: Sequence[int]) -> list[Chunk]:
    """Rising frames as a task; as several where its text is too long. A range may run over gaps in `numbers`."""
    first, last = frames[0], frames[-1]
    between = numbers[bisect_left(numbers, first) : bisect_right(numbers, last)]
    is_range = len(frames) > 1 and len(frames) == len(between)
    text = format_range(range(first, last + 1)) if is_range else format_numbers(frames)
    if len(text) <= _LONGEST_TEXT:
        return [Chunk(text, len(frames))]
    middle = len(frames) // 2
    return _spell(frames[:middle], numbers) + _spell(frames[middle:], numbers)
