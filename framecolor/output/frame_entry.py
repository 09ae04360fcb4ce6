"""What framecolor.json holds of one frame: from what it was painted, how sure, and which of its regions to check."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal, get_args

from framecolor.core.parsing import is_file_name

Status = Literal["key", "painted", "hold", "failed"]
MOST_UNSURE = 40
"""An entry names the unsure regions that are likely to cost most area, up to this many."""

_LARGEST = 2**31
_OF_FAILED = ("number", "file", "status", "error")


@dataclass(frozen=True)
class UnsureRegion:
    """A region that the painter should look at.

    area        in pixels of the frame
    box         left, top, width and height in pixels of the frame
    outline     x and y of its corners, in pixels of the frame
    color       index of its color in the palette; second: of the second choice, None if there is none
    confidence  probability that the color is right
    """

    area: int
    box: tuple[int, int, int, int]
    outline: tuple[tuple[int, int], ...]
    color: int
    second: int | None
    confidence: float

    @classmethod
    def parse(cls, table: Mapping[str, Any]) -> UnsureRegion:
        """A region of an entry. Raises one of MISSHAPEN."""
        left, top, width, height = table["box"]
        outline = tuple((x, y) for x, y in table["outline"])
        color, second = table["color"], table["second"]
        _check_whole(table["area"], left, top, width, height, color, second or 0, *chain.from_iterable(outline))
        confidence = min(1.0, max(0.0, _finite(table["confidence"])))
        return cls(table["area"], (left, top, width, height), outline, color, second, confidence)


@dataclass(frozen=True)
class FrameEntry:
    """What was done to one frame.

    file        name of the painted frame's file in the output folder
    source      hash of all that decides the frame
    error       why it failed, or ""
    flicker     share of the figure's area that changes color from the drawing before
    regions     how many the drawing has
    confidence  mean probability that a region of the figure is right, by area
    unsure      the regions to check, up to MOST_UNSURE
    told        how many regions strokes and corrections name; corrected: how many of them are corrected
    hold_of     number of the frame whose drawing is shown again
    paint       hash of the written file; layer, matte: of the line layer's and the matte's

    None is what was not noted; a frame that failed has its number, file, status and error only.
    """

    number: int
    file: str
    source: str | None = None
    status: Status = "painted"
    error: str = ""
    flicker: float | None = None
    regions: int = 0
    confidence: float | None = None
    unsure: tuple[UnsureRegion, ...] = ()
    told: int | None = None
    corrected: int | None = None
    hold_of: int | None = None
    paint: str | None = None
    layer: str | None = None
    matte: str | None = None

    @classmethod
    def parse(cls, table: Mapping[str, Any], colors: int) -> FrameEntry:
        """An entry from the table that `format` writes. Raises one of MISSHAPEN.

        colors  how many the palette has; unsure regions that name another one are left out
        """
        if table["status"] not in get_args(Status):
            raise ValueError(f"frame {table['number']} has the status {table['status']!r}")
        unsure = [UnsureRegion.parse(region) for region in table.get("unsure") or ()]
        palette = {None, *range(colors)}
        noted = {name: value for name, value in table.items() if value is not None}
        more: dict[str, Any] = {name: _whole(noted[name]) for name in ("told", "corrected", "hold_of") if name in noted}
        more |= {name: _finite(noted[name]) for name in ("flicker", "confidence") if name in noted}
        more |= {name: str(noted[name]) for name in ("source", "paint", "layer", "matte") if name in noted}
        return cls(
            number=_whole(table["number"]),
            file=str(table["file"]),
            status=table["status"],
            error=str(table.get("error") or ""),
            regions=_whole(table.get("regions") or 0),
            unsure=tuple(r for r in unsure if r.color in palette and r.second in palette),
            **more,
        )

    def format(self) -> str:
        """The entry as JSON in one line, always in the order of the fields."""
        names = _OF_FAILED if self.status == "failed" else [name for name in vars(self) if name != "error"]
        return json.dumps({name: value for name in names if (value := getattr(self, name)) is not None}, default=vars)

    @property
    def is_inside(self) -> bool:
        """Whether `file` is in the output folder, and not elsewhere: anybody may have written the manifest."""
        return is_file_name(self.file)

    @property
    def expected_wrong_px(self) -> float:
        """The area that is wrong on average in its unsure regions."""
        return sum(region.area * (1 - region.confidence) for region in self.unsure)

    @property
    def expected_wrong(self) -> float:
        """How many of its unsure regions are wrong on average."""
        return sum(1 - region.confidence for region in self.unsure)

    def translate(self, rows: Sequence[int | None]) -> FrameEntry:
        """The entry in another palette, by the new index of each old one; regions whose color is gone are left out."""
        kept = []
        for region in self.unsure:
            if (color := rows[region.color]) is not None:
                kept.append(replace(region, color=color, second=None if region.second is None else rows[region.second]))
        return replace(self, unsure=tuple(kept))


def _whole(value: Any) -> int:
    _check_whole(value)
    return value


def _check_whole(*values: Any) -> None:
    """Raise ValueError unless all are whole numbers as an entry has them; at once, as outlines have thousands."""
    if set(map(type, values)) != {int} or max(values) > _LARGEST or min(values) < -_LARGEST:
        raise ValueError(f"{values!r:.40} is not what an entry has")


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r:.20} is no share")
    return float(value)
