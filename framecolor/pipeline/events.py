"""What a run says of each frame while it goes on: what became of it, how sure, and where its time went."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from framecolor.output.frame_entry import Status

STAGES = ("read", "look", "link", "paint", "write")
"""Where a frame's time goes: file or movie to pixels; regions, network and flow; to the drawing before; to an encoded
file; to disk. They overlap with those of other frames, so that their sum is work, not the time between two frames."""


@dataclass(frozen=True)
class FrameNote:
    """One frame that a run is done with.

    status      key, painted, hold or failed
    written     whether its file was written now; False where the same was there already
    confidence  mean probability that a region of the figure is right, by area; None where it failed
    unsure      regions to check; regions: all of them
    seconds     of work, by stage (`STAGES`); a hold shares what was done for the drawing that it repeats
    error       why it failed
    """

    number: int
    status: Status
    written: bool = False
    confidence: float | None = None
    unsure: int = 0
    regions: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


Listener = Callable[[FrameNote], None]


class Stopwatch:
    """Seconds by frame and stage, from several threads; a frame is in one stage at a time."""

    def __init__(self) -> None:
        self._seconds: defaultdict[int, dict[str, float]] = defaultdict(dict)

    @contextmanager
    def timing(self, number: int, stage: str) -> Iterator[None]:
        """Count what is done inside of this to a frame's stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.count(number, stage, time.perf_counter() - begin)

    def count(self, number: int, stage: str, seconds: float) -> None:
        """Add to a frame's stage."""
        spent = self._seconds[number]
        spent[stage] = spent.get(stage, 0.0) + seconds

    def take(self, number: int) -> dict[str, float]:
        """What a frame took so far; it is forgotten, so that a long shot needs no more memory than a short one."""
        return self._seconds.pop(number, {})
