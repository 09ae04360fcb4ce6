"""The entry of one frame in framecolor.json: what it was painted from, its confidence and its unsure regions."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal, get_args

from framecolor.core.drawing_number import number_from_json, number_to_json
from framecolor.core.parsing import is_file_name
from framecolor.output.remarks import Remark

Status = Literal["key", "painted", "hold", "failed"]
MOST_UNSURE = 400
"""Most unsure regions in an entry, so that a drawing full of specks does not fill framecolor.json."""

_LARGEST = 2**31
_OF_FAILED = ("number", "file", "status", "error")


@dataclass(frozen=True)
class UnsureRegion:
    """A region that the painter should check.

    area        in pixels of the frame
    box         left, top, width and height in pixels of the frame
    outline     (x, y) of its corners, in pixels of the frame
    color       index of its color in the palette
    second      index of the second choice, None if there is none
    confidence  probability that the color is right
    unseen      whether no key seems to show such a region: its color cannot be known
    sliver      whether it is too thin to matter alone; the report folds slivers
    paper       whether it may be paper or the figure: the keys or the lines do not tell
    line        whether it is a piece of a line, whose color is in doubt
    region      its index among the drawing's regions, from 1 on, as in `FrameEntry.origins`; None for pieces of lines
    """

    area: int
    box: tuple[int, int, int, int]
    outline: tuple[tuple[int, int], ...]
    color: int
    second: int | None
    confidence: float
    unseen: bool = False
    sliver: bool = False
    paper: bool = False
    line: bool = False
    region: int | None = None

    @property
    def expected_wrong_px(self) -> float:
        """Expected wrong area, in pixels."""
        return self.area * (1 - self.confidence)

    @classmethod
    def parse(cls, table: Mapping[str, Any]) -> UnsureRegion:
        """Parse a region of an entry. Raises one of MISSHAPEN."""
        left, top, width, height = table["box"]
        outline = tuple((x, y) for x, y in table["outline"])
        color, second, region = table["color"], table["second"], table.get("region")
        numbers = (table["area"], left, top, width, height, color, second or 0, 0 if region is None else region)
        _check_whole(*numbers, *chain.from_iterable(outline))
        confidence = min(1.0, max(0.0, _finite(table["confidence"])))
        kinds = {name: table.get(name) is True for name in ("unseen", "sliver", "paper", "line")}
        return cls(
            table["area"], (left, top, width, height), outline, color, second, confidence, **kinds, region=region
        )


@dataclass(frozen=True)
class FrameEntry:
    """The result of one frame.

    file        name of the painted frame's file in the output folder
    source      hash of all inputs of the frame
    error       why it failed, or ""
    flicker     share of the figure's area that changes color from the previous drawing
    regions     number of regions
    confidence  mean confidence of the figure's regions, by area
    unsure      the regions to check, in the order of `pipeline.unsure.find_unsure`
    told        number of regions that strokes and corrections label
    corrected   number of corrected regions
    hold_of     number of the frame that this hold repeats
    before      number of the drawing before it in its span
    origins     region of that drawing that each region, from 1 on, continues; 0 if none
    as_key      of a key: share of the figure's pixels beside the lines that are the key's to the bit
    note        of a key: why they are not all
    remark      what was noted of its drawing
    paint       hash of the written file
    layer       hash of the line layer's file
    matte       hash of the matte's file
    line_matte  hash of the file with the ids of line colors
    cryptomatte  hash of the file of mattes by name

    None if not noted. A failed frame has only number, file, status and error.
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
    before: int | None = None
    origins: tuple[int, ...] | None = None
    as_key: float | None = None
    note: str | None = None
    remark: Remark | None = None
    paint: str | None = None
    layer: str | None = None
    matte: str | None = None
    line_matte: str | None = None
    cryptomatte: str | None = None

    @classmethod
    def parse(cls, table: Mapping[str, Any], colors: int) -> FrameEntry:
        """Parse the entry that `format` writes. Raises one of MISSHAPEN.

        colors  size of the palette; unsure regions with a color beyond it are dropped
        """
        if table["status"] not in get_args(Status):
            raise ValueError(f"frame {table['number']} has the status {table['status']!r}")
        unsure = [UnsureRegion.parse(region) for region in table.get("unsure") or ()]
        palette = {None, *range(colors)}
        noted = {name: value for name, value in table.items() if value is not None}
        more: dict[str, Any] = {name: _whole(noted[name]) for name in ("told", "corrected") if name in noted}
        more |= {name: number_from_json(noted[name]) for name in ("hold_of", "before") if name in noted}
        if origins := noted.get("origins"):
            _check_whole(*origins)
            more["origins"] = tuple(origins)
        more |= {name: _finite(noted[name]) for name in ("flicker", "confidence", "as_key") if name in noted}
        more |= {"remark": noted["remark"]} if noted.get("remark") in get_args(Remark) else {}
        more |= {
            name: str(noted[name])
            for name in ("source", "note", "paint", "layer", "matte", "line_matte", "cryptomatte")
            if name in noted
        }
        return cls(
            number=number_from_json(table["number"]),
            file=str(table["file"]),
            status=table["status"],
            error=str(table.get("error") or ""),
            regions=_whole(table.get("regions") or 0),
            unsure=tuple(r for r in unsure if r.color in palette and r.second in palette),
            **more,
        )

    def format(self) -> str:
        """Format the entry as JSON in one line, in the order of the fields."""
        names = _OF_FAILED if self.status == "failed" else [name for name in vars(self) if name != "error"]
        table = {name: value for name in names if (value := getattr(self, name)) is not None}
        table |= {name: number_to_json(table[name]) for name in ("number", "hold_of", "before") if name in table}
        return json.dumps(table, default=vars)

    @property
    def is_inside(self) -> bool:
        """Whether `file` is inside the output folder; a manifest from elsewhere may hold any path."""
        return is_file_name(self.file)

    @property
    def expected_wrong_px(self) -> float:
        """Expected wrong area of its unsure regions, in pixels."""
        return sum(region.expected_wrong_px for region in self.unsure)

    @property
    def unseen_px(self) -> float:
        """Expected wrong area of the unsure regions that no key shows, in pixels."""
        return sum(region.expected_wrong_px for region in self.unsure if region.unseen)

    @property
    def to_check(self) -> tuple[UnsureRegion, ...]:
        """The unsure regions without slivers: those that a painter looks at one by one."""
        return tuple(region for region in self.unsure if not region.sliver)

    @property
    def expected_wrong(self) -> float:
        """Expected number of wrong regions among those to check."""
        return sum(1 - region.confidence for region in self.to_check)

    def translate(self, rows: Sequence[int | None]) -> FrameEntry:
        """Translate color indices to another palette. Drops unsure regions whose color is not in it.

        rows  new index of each old one, None if the color is gone
        """
        kept = []
        for region in self.unsure:
            if (color := rows[region.color]) is not None:
                kept.append(replace(region, color=color, second=None if region.second is None else rows[region.second]))
        return replace(self, unsure=tuple(kept))


def _whole(value: Any) -> int:
    _check_whole(value)
    return value


def _check_whole(*values: Any) -> None:
    """Raise ValueError unless all are whole numbers within limits; one call per region, as outlines have thousands."""
    if set(map(type, values)) != {int} or max(values) > _LARGEST or min(values) < -_LARGEST:
        raise ValueError(f"{values!r:.40} are not whole numbers within limits")


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r:.20} is not a number")
    return float(value)
