"""Convert the manifest of a painted shot to the page's content: texts, swatches and positions, without markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from framecolor.core.text import count_of
from framecolor.media.palettes import Rgba
from framecolor.output.frame_entry import FrameEntry, UnsureRegion
from framecolor.output.manifest import Manifest
from framecolor.report.marks import Crop, Tag, crop_to_regions, place_tags
from framecolor.report.strip import confidence_level


@dataclass(frozen=True)
class Swatch:
    """A palette color: `fill` is "" for transparent paper, `code` is its value, `name` the palette's, "" if none."""

    fill: str
    code: str
    name: str = ""


@dataclass(frozen=True)
class RegionView:
    """One unsure region: its number on the frame, colors, confidence in percent, area and outline.

    unseen     whether no key shows it
    paper      whether it may be paper or the figure
    sliver     whether the page folds it
    line       whether it is a piece of a line
    place      its tag; None for slivers
    left, top  center of the tag, in percent of the picture's size
    """

    tag: int
    color: Swatch
    second: Swatch | None
    percent: int
    area: int
    points: str
    unseen: bool
    paper: bool
    sliver: bool
    line: bool
    place: Tag | None
    left: float = 0
    top: float = 0


@dataclass(frozen=True)
class FrameView:
    """One drawing of the contact sheet.

    held       ranges of the frames that repeat it
    note       how a key's frame differs from the key; "" if it does not
    remark     what was noted of its drawing, "" if nothing
    unseen_px  area of the regions that no key shows
    crop       part of the frame in its large picture

    Shares are texts in percent.
    """

    number: int
    file: str
    status: str
    error: str
    held: str
    note: str
    remark: str
    confidence: str
    level: str
    bar: float
    flicker: str
    regions: tuple[RegionView, ...]
    doubtful_px: int
    unseen_px: int
    count: int
    crop: Crop

    @property
    def to_check(self) -> tuple[RegionView, ...]:
        """The unsure regions without slivers."""
        return tuple(region for region in self.regions if not region.sliver)

    @property
    def slivers(self) -> tuple[RegionView, ...]:
        return tuple(region for region in self.regions if region.sliver)


def name_ranges(numbers: Iterable[int]) -> str:
    """Format frame numbers as short ranges: 1, 4-6, 9."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}\u2013{run[-1]}" for run in runs)


def view_swatch(color: Rgba, names: Mapping[str, str]) -> Swatch:
    """View a color of the palette; `names` are those of its colors, by #rrggbb."""
    red, green, blue, alpha = color
    if alpha == 0:
        return Swatch("", "transparent")
    fill = f"#{red:02x}{green:02x}{blue:02x}"
    return Swatch(fill, fill.upper(), names.get(fill, ""))


def view_frame(
    frame: FrameEntry, manifest: Manifest, swatches: Sequence[Swatch], *, cropped: bool = False
) -> FrameView:
    """View a frame; `swatches` are those of the palette. A cropped one shows the unsure regions with a margin."""
    crop = crop_to_regions(frame.to_check or frame.unsure if cropped else (), manifest.width, manifest.height)
    tags: dict[UnsureRegion, Tag] = dict(zip(frame.to_check, place_tags(frame.to_check, crop), strict=True))
    regions = tuple(
        _view_region(index, region, tags.get(region), swatches, crop) for index, region in enumerate(frame.unsure, 1)
    )
    return FrameView(
        number=frame.number,
        file=frame.file,
        status=frame.status,
        error=hide_folders(frame.error, manifest.out),
        held=name_ranges(manifest.holds.get(frame.number, ())),
        note=_name_difference(frame),
        remark=frame.remark or "",
        confidence=_percent(frame.confidence),
        level=confidence_level(frame.confidence),
        bar=round(100 * max(0.0, min(1.0, frame.confidence or 0)), 1),
        flicker=_percent(frame.flicker),
        regions=regions,
        doubtful_px=round(frame.expected_wrong_px),
        unseen_px=sum(region.area for region in frame.unsure if region.unseen),
        count=frame.regions,
        crop=crop,
    )


def _view_region(
    index: int, region: UnsureRegion, tag: Tag | None, swatches: Sequence[Swatch], crop: Crop
) -> RegionView:
    left, top, width, height = region.box
    box = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
    outline = region.outline if len(region.outline) > 2 else box
    return RegionView(
        tag=index,
        color=swatches[region.color],
        second=None if region.second is None else swatches[region.second],
        percent=round(100 * region.confidence),
        area=region.area,
        points=" ".join(f"{x},{y}" for x, y in outline),
        unseen=region.unseen,
        paper=region.paper,
        sliver=region.sliver,
        line=region.line,
        place=tag,
        left=0 if tag is None else round(100 * (tag.x - crop.x) / crop.width, 2),
        top=0 if tag is None else round(100 * (tag.y - crop.y) / crop.height, 2),
    )


def _name_difference(frame: FrameEntry) -> str:
    """Name how the frame of a key differs from the key: '97.1% as its key: its soft edges become hard'."""
    if frame.as_key is None or (frame.as_key >= 1 and not frame.note):
        return ""
    return f"{_percent(min(frame.as_key, 0.999))} as its key" + (f": {frame.note}" if frame.note else "")


def _percent(share: float | None) -> str:
    if share is None:
        return "\u2013"
    # 99.96 % is not certain: never round up to 100.
    return "100%" if share >= 1 else f"{min(99.9, 100 * share):.1f}%"


def hide_folders(text: str, out_dir: Path) -> str:
    """Remove the machine's folders from an error message, as a report is passed on to others."""
    resolved = out_dir.resolve()
    folders = [resolved, resolved.parent]
    with suppress(RuntimeError):  # no home folder
        folders.append(Path.home())
    for folder in folders:
        if folder != folder.parent:
            text = text.replace(f"{folder}/", "").replace(f"{folder}\\", "")
    return re.sub(r"(?<![\w.])(?:[A-Za-z]:)?[\\/](?:[^\s\\/:;,'\"]+[\\/])+(?=[^\s\\/])", "", text)


def sum_up(manifest: Manifest) -> str:
    """Sum up the result in one sentence that counts every frame once."""
    keys, painted, held, failed = (len(manifest.with_status(s)) for s in ("key", "painted", "hold", "failed"))
    origin = "" if keys == 0 else " from it" if keys == 1 else " from them"
    parts = [count_of(keys, "key") if keys else "no key", f"{painted:,} painted{origin}"]
    parts += [f"{number:,} {word}" for number, word in ((held, "held"), (failed, "failed")) if number]
    doubtful = [frame for frame in manifest.with_status("key", "painted") if frame.to_check]
    regions = sum(len(frame.to_check) for frame in doubtful)
    doubt = f"{count_of(regions, 'region')} to check in {count_of(len(doubtful), 'frame')}"
    frames = count_of(len(manifest.frames), "frame")
    unlike = sum(frame.remark == "other paper" for frame in manifest.frames)
    wrong = f"; {count_of(unlike, 'frame')} read wrong" if unlike else ""
    return f"{frames}: {', '.join(parts)}; {doubt if regions else 'no region in doubt'}{wrong}."


def list_facts(manifest: Manifest) -> list[tuple[str, str]]:
    """List the main facts, name and value: frames, keys, size, confidence and fit."""
    numbers = [frame.number for frame in manifest.frames]
    facts = [
        ("Frames", f"{name_ranges(numbers)} ({len(numbers):,})" if len(numbers) > 1 else str(len(numbers))),
        ("Keys", name_ranges(frame.number for frame in manifest.with_status("key")) or "none"),
        ("Size", f"{manifest.width} \u00d7 {manifest.height}"),
    ]
    known = [frame.confidence for frame in manifest.with_status("painted") if frame.confidence is not None]
    if known:
        facts.append(("Mean confidence", _percent(sum(known) / len(known))))
    if manifest.fit:
        steps, accuracy = (manifest.fit.get(name) for name in ("steps", "key_accuracy"))
        parts = [count_of(int(steps), "step")] if isinstance(steps, int | float) else []
        if isinstance(accuracy, int | float):  # of the network alone, without gallery, matching and flow
            parts.append(f"alone it repeats {_percent(float(accuracy))} of the keys")
        facts.append(("Fit", ", ".join(parts) if steps else "off"))
    return facts
