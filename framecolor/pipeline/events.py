"""Events of a run for its listener: warnings, progress, and finished frames with their times by stage."""

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
    """A warning for the user, sent as soon as it is found, usually before the first frame."""

    text: str


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps of a fit, or frames painted."""

    stage: Literal["fit", "paint"]
    done: int
    total: int


@dataclass(frozen=True)
class FrameDone:
    """A frame is finished.

    status      key, painted, hold or failed
    written     whether its file was written; False if it did not change
    confidence  mean confidence of the figure's regions, by area; None if it failed
    unsure      number of regions to check
    regions     number of all regions
    seconds     work by stage; stages of several frames overlap, so that the sum is not the time between two frames; a
                hold has only its own
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
    """Ignore an event: the default listener."""


class Warnings:
    """The warnings of a run; each is sent to the listener when it is added."""

    def __init__(self, listener: Listener) -> None:
        self.texts: list[str] = []
        self._listener = listener

    def add(self, texts: Iterable[str]) -> None:
        """Add texts, each converted to one line."""
        for text in map(on_one_line, texts):
            self.texts.append(text)
            self._listener(Warned(text))


class Stopwatch:
    """Seconds of each frame and stage, counted from several threads; a frame is in one stage at a time."""

    def __init__(self) -> None:
        self._seconds: defaultdict[int, dict[Stage, float]] = defaultdict(dict)

    def count(self, span: Span) -> None:
        """Add a span's seconds to its frame and stage."""
        if span.frame is not None:
            spent = self._seconds[span.frame]
            spent[span.stage] = spent.get(span.stage, 0.0) + span.seconds

    def take(self, number: int) -> dict[Stage, float]:
        """Remove and return the seconds of a frame, so that memory does not grow with the shot."""
        spent = self._seconds.pop(number, {})
        return {stage: spent[stage] for stage in STAGES if stage in spent}
