"""What a run says of each frame while it goes on: what became of it, how sure, and where its time went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from framecolor.core.clock import STAGES, Span, Stage


@dataclass(frozen=True)
class FrameNote:
    """One frame that a run is done with.

    status      key, painted, hold or failed
    written     whether its file was written now; False where the same was there already
    confidence  mean probability that a region of the figure is right, by area; None where it failed
    unsure      regions to check; regions: all of them
    seconds     of work, by stage; stages of several frames overlap, so that their sum is not the time between two
                frames; a hold shares what was done for the drawing that it repeats
    error       why it failed
    """

    number: int
    status: Literal["key", "painted", "hold", "failed"]
    written: bool = False
    confidence: float | None = None
    unsure: int = 0
    regions: int = 0
    seconds: Mapping[Stage, float] = field(default_factory=dict)
    error: str = ""


Listener = Callable[[FrameNote], None]


class Stopwatch:
    """Seconds by frame and stage, from several threads; a frame is in one stage at a time."""

    def __init__(self) -> None:
        self._seconds: defaultdict[int, dict[Stage, float]] = defaultdict(dict)

    def count(self, span: Span) -> None:
        """Add to a frame's stage."""
        if span.frame is not None:
            spent = self._seconds[span.frame]
            spent[span.stage] = spent.get(span.stage, 0.0) + span.seconds

    def take(self, number: int) -> dict[Stage, float]:
        """What a frame took so far; it is forgotten, so that a long shot needs no more memory than a short one."""
        spent = self._seconds.pop(number, {})
        return {stage: spent[stage] for stage in STAGES if stage in spent}
