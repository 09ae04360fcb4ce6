"""The time strip: confidence and flicker of every frame, with marks for keys and failures, as shapes for an SVG."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import Manifest

WIDTH = 1120
LEFT, RIGHT = 46, 1112
MARK_Y = 14
CONFIDENCE_TOP, CONFIDENCE_BOTTOM = 28, 104
FLICKER_TOP, FLICKER_BOTTOM = 116, 152
LABEL_Y = 168
HEIGHT = 176
# Smallest scale, so that the noise of a flat shot does not fill the lane.
_SMALLEST_FLICKER_SCALE = 0.02


@dataclass(frozen=True)
class Bar:
    """One frame's column; `confidence_y` and `flicker_y` may be None. `mark` is key, failed, next or ""."""

    number: int
    drawing: int
    x: float
    width: float
    confidence_y: float | None
    flicker_y: float | None
    level: str
    held: bool
    mark: str
    title: str

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True)
class Strip:
    """Bars from left to right, labels (x, frame number), and the ends of both scales."""

    bars: tuple[Bar, ...]
    labels: tuple[tuple[float, int], ...]
    lowest_confidence: float
    highest_flicker: float


def confidence_level(confidence: float | None) -> str:
    """Name the level of a confidence, which sets its color on the page: high, middle, low, or none if it is None."""
    if confidence is None:
        return "none"
    return "high" if confidence >= 0.95 else "middle" if confidence >= 0.85 else "low"


def lay_out_strip(manifest: Manifest, suggested: Collection[int]) -> Strip:
    """Lay out one column of equal width per frame, in order."""
    frames = manifest.frames
    known = [frame.confidence for frame in frames if frame.confidence is not None]
    flickers = [frame.flicker for frame in frames if frame.flicker is not None]
    # The scale starts at the tenth below the lowest value, at most at 0.8, so that small doubts look small.
    floor = min(0.8, math.floor(min(known, default=1.0) * 10) / 10)
    ceiling = max(_SMALLEST_FLICKER_SCALE, max(flickers, default=0.0))
    pitch = (RIGHT - LEFT) / max(1, len(frames))
    bars = []
    for place, frame in enumerate(frames):
        low = None if frame.confidence is None else (frame.confidence - floor) / (1 - floor)
        change = None if frame.flicker is None else frame.flicker / ceiling
        bars.append(
            Bar(
                number=frame.number,
                drawing=frame.hold_of if frame.hold_of is not None else frame.number,
                x=LEFT + place * pitch,
                width=pitch * (0.8 if pitch > 4 else 1),
                confidence_y=_scale(low, CONFIDENCE_TOP, CONFIDENCE_BOTTOM),
                flicker_y=_scale(change, FLICKER_TOP, FLICKER_BOTTOM),
                level=confidence_level(frame.confidence),
                held=frame.status == "hold",
                mark=_mark(frame, suggested),
                title=_title(frame),
            )
        )
    return Strip(tuple(bars), _labels(bars), floor, ceiling)


def _scale(share: float | None, top: int, bottom: int) -> float | None:
    return None if share is None else bottom - max(0.0, min(1.0, share)) * (bottom - top)


def _labels(bars: list[Bar]) -> tuple[tuple[float, int], ...]:
    """Choose about a dozen frame numbers, evenly spaced, starting at the first."""
    step = max(1, math.ceil(len(bars) / 14))
    return tuple((bar.middle, bar.number) for bar in bars[::step])


def _mark(frame: FrameEntry, suggested: Collection[int]) -> str:
    if frame.status in ("key", "failed"):
        return frame.status
    return "next" if frame.number in suggested else ""


def _title(frame: FrameEntry) -> str:
    parts = [f"frame {frame.number}"]
    if frame.status == "hold":
        parts.append(f"holds {frame.hold_of}")
    elif frame.status != "painted":
        parts.append(frame.status)
    if frame.confidence is not None:
        parts.append(f"confidence {frame.confidence:.0%}")
    if frame.flicker is not None:
        parts.append(f"flicker {frame.flicker:.1%}")
    if frame.to_check:
        parts.append(f"{len(frame.to_check)} to check")
    return ", ".join(parts)
