"""Reading framecolor.json, the record that a painted shot keeps beside its frames."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from framecolor.core.files import read_file
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import InputError, ReadError
from framecolor.shot.corrections import Correction, parse_correction

SIDECAR_NAME = "framecolor.json"
# The record keeps the most important unsure regions of a frame, up to this many.
MOST_UNSURE = 40
_FORMAT = 1
_LARGEST = 2**31
_STATUSES = ("key", "painted", "hold", "failed")
_PAINT_FIRST = "run `framecolor colorize` on the shot first"


@dataclass(frozen=True)
class UnsureRegion:
    """A region that was painted with doubt. Areas and positions in pixels of the frame; colors are palette indices."""

    area: int
    box: tuple[int, int, int, int]
    outline: tuple[tuple[int, int], ...]
    color: int
    second: int | None
    confidence: float

    @property
    def expected_wrong_px(self) -> float:
        """The area that is wrong on average when a region has this confidence."""
        return self.area * (1 - self.confidence)


@dataclass(frozen=True)
class FrameRecord:
    """What happened to one frame. `flicker` is a share of the figure's area; both are None where it failed."""

    number: int
    file: str
    status: str
    hold_of: int | None
    error: str
    regions: int
    confidence: float | None
    flicker: float | None
    unsure: tuple[UnsureRegion, ...]

    @property
    def expected_wrong_px(self) -> float:
        return sum(region.expected_wrong_px for region in self.unsure)

    @property
    def expected_wrong(self) -> float:
        """How many of its unsure regions are wrong on average."""
        return sum(1 - region.confidence for region in self.unsure)


@dataclass(frozen=True)
class ShotRecord:
    """A painted shot: `width` and `height` in pixels, palette as RGBA, frames in order of their numbers.
    `corrections` are those that the run was told."""

    shot: str
    line_dir: str
    width: int
    height: int
    settings: Mapping[str, Any]
    palette: tuple[tuple[int, int, int, int], ...]
    fit: Mapping[str, Any] | None
    frames: tuple[FrameRecord, ...]
    corrections: tuple[Correction, ...] = ()

    def with_status(self, *statuses: str) -> tuple[FrameRecord, ...]:
        return tuple(frame for frame in self.frames if frame.status in statuses)

    @cached_property
    def holds(self) -> dict[int, list[int]]:
        """Numbers of the frames that show the same drawing, by the number of the frame that was painted for them."""
        found: dict[int, list[int]] = {}
        for frame in self.frames:
            if frame.status == "hold" and frame.hold_of is not None:
                found.setdefault(frame.hold_of, []).append(frame.number)
        return found


def read_sidecar(out_dir: Path) -> ShotRecord:
    """Read OUT/framecolor.json.

    Raises InputError when there is none, ReadError when it is not a record of this format.
    """
    path = out_dir / SIDECAR_NAME
    if not path.is_file():
        raise InputError(out_dir, f"holds no {SIDECAR_NAME}", _PAINT_FIRST)
    again = "paint the shot again with `framecolor colorize --overwrite`"
    try:
        record = parse_json(read_file(path))
    except (OSError, ValueError) as error:
        raise ReadError(path, f"cannot be read ({error})", again) from error
    version = record.get("format") if isinstance(record, dict) else None
    if version != _FORMAT:
        raise ReadError(path, f"has format {version}, this version reads {_FORMAT}", again)
    try:
        return _read_shot(record)
    except MISSHAPEN as error:
        raise ReadError(path, f"is not a record of a painted shot ({type(error).__name__}: {error})", again) from error


def _read_shot(record: dict[str, Any]) -> ShotRecord:
    width, height = (_whole(side) for side in record["size"])
    if min(width, height) < 1:
        raise ValueError(f"size {width}x{height}")
    palette = tuple(tuple(min(255, max(0, _whole(channel))) for channel in color) for color in record["palette"])
    if any(len(color) != 4 for color in palette):
        raise ValueError("a palette color needs four channels")
    frames = sorted((_read_frame(frame, len(palette)) for frame in record["frames"]), key=lambda frame: frame.number)
    return ShotRecord(
        shot=str(record["shot"]),
        line_dir=str(record.get("line_dir") or ""),
        width=width,
        height=height,
        settings=dict(record.get("settings") or {}),
        palette=palette,  # pyright: ignore[reportArgumentType]  # lengths were checked above
        fit=record.get("fit") or None,
        frames=tuple(frames),
        corrections=tuple(_read_corrections(record.get("corrections"))),
    )


def _read_corrections(entries: Any) -> Iterator[Correction]:
    """Those that can be used: they only say what was done already."""
    for entry in entries if isinstance(entries, list) else ():
        with suppress(InputError):
            yield parse_correction(entry, SIDECAR_NAME)


def _read_frame(record: dict[str, Any], colors: int) -> FrameRecord:
    if record["status"] not in _STATUSES:
        raise ValueError(f"frame {record['number']} has status {record['status']!r}")
    hold_of, confidence, flicker = record.get("hold_of"), record.get("confidence"), record.get("flicker")
    return FrameRecord(
        number=_whole(record["number"]),
        file=str(record["file"]),
        status=record["status"],
        hold_of=None if hold_of is None else _whole(hold_of),
        error=str(record.get("error") or ""),
        regions=_whole(record.get("regions") or 0),
        confidence=None if confidence is None else _finite(confidence),
        flicker=None if flicker is None else _finite(flicker),
        unsure=tuple(_read_region(region, colors) for region in record.get("unsure") or ()),
    )


def _read_region(record: dict[str, Any], colors: int) -> UnsureRegion:
    left, top, width, height = (_whole(value) for value in record["box"])
    color, second = _whole(record["color"]), record.get("second")
    if not 0 <= color < colors or not (second is None or 0 <= _whole(second) < colors):
        raise ValueError(f"colors {color} and {second} are not both in a palette of {colors}")
    return UnsureRegion(
        area=_whole(record["area"]),
        box=(left, top, width, height),
        outline=tuple((_whole(x), _whole(y)) for x, y in record["outline"]),
        color=color,
        second=None if second is None or _whole(second) == color else _whole(second),
        confidence=min(1.0, max(0.0, _finite(record["confidence"]))),
    )


def _whole(value: Any) -> int:
    number = int(value)
    if not -_LARGEST <= number <= _LARGEST:
        raise ValueError("a number larger than any that a record has")
    return number


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number
