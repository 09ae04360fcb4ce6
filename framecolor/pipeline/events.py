"""What a run tells its listener: warnings, progress, and each frame that is done, with where its time went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from framecolor.core.clock import STAGES, Span, Stage
from framecolor.errors import on_one_line
from framecolor.output.frame_entry import Status


@dataclass(frozen=True)
class Warned:
    """Something that the user should know; told as soon as it is found, most of it before anything is painted."""

    text: str


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps of a fit, or frames painted."""

    stage: Literal["fit", "paint"]
    done: int
    total: int


@dataclass(frozen=True)
class FrameDone:
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
    status: Status
    written: bool = False
    confidence: float | None = None
    unsure: int = 0
    regions: int = 0
    seconds: Mapping[Stage, float] = field(default_factory=dict)
    error: str = ""


Event = Warned | Progress | FrameDone
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""


class Warnings:
    """What the user should know of a run; each text goes to the listener as soon as it is added."""

    def __init__(self, listener: Listener) -> None:
        self.texts: list[str] = []
        self._listener = listener

    def add(self, texts: Iterable[str]) -> None:
        """Add texts, each of them made into one line."""
        for text in map(on_one_line, texts):
            self.texts.append(text)
            self._listener(Warned(text))


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
