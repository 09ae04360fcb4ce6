"""Measure where "Hold" of the report page takes a correction: which regions of the drawings beside it get the color.

    python benchmarks/stretches.py --clips DIR [--clip NAME ...] [--keys-every N]

paints each clip, takes every region that is painted wrong, and follows it through the drawings between two keys as the
page does. A followed region is right if the correction's color is its true color.

    wrong     regions that are painted wrong, each corrected once
    followed  regions in other drawings that would be corrected with them
    right     those of them that are right then
    mended    those that were wrong before and are right then
    spoiled   those that were right before and are wrong then
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import click
import numpy as np
from chained import TOLERANCES, Painting, paint_clip
from clips import find_clips
from numpy.typing import NDArray
from record import RESULTS, write_results

from framecolor import Settings
from framecolor.bench.machine import describe_run
from framecolor.evaluation.metrics.regions import Codes, lay_over_color, near, pack_rgb, vote_regions
from framecolor.media import read_image
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import Manifest
from framecolor.report.links import Links


@dataclass(frozen=True)
class Followed:
    """Counts of regions; see the text of this file."""

    wrong: int = 0
    followed: int = 0
    right: int = 0
    mended: int = 0
    spoiled: int = 0

    @classmethod
    def join(cls, parts: Iterable[Followed]) -> Followed:
        """Add up the counts of several regions or clips."""
        several = list(parts)
        return cls(*(sum(getattr(part, field.name) for part in several) for field in fields(cls)))


@dataclass(frozen=True, eq=False)
class _Drawing:
    """The regions of a drawing, from 1 on at index 0: their true and painted colors, and whether they agree."""

    entry: FrameEntry
    true: Codes
    right: NDArray[np.bool_]


def measure_stretches(painting: Painting) -> Followed:
    """Follow each wrong region of a painted clip to the keys on both sides."""
    entries = {entry.number: entry for entry in Manifest.read(painting.out).frames}
    drawings = {number: _compare(painting, entries[number]) for number in painting.posteriors if number in entries}
    links = Links.of(drawing.entry for drawing in drawings.values())
    return Followed.join(
        _follow(number, int(region), drawings, links)
        for number, drawing in drawings.items()
        if drawing.entry.status == "painted"
        for region in 1 + np.flatnonzero(~drawing.right)
    )


def _compare(painting: Painting, entry: FrameEntry) -> _Drawing:
    labels = painting.posteriors[entry.number].features.drawing.regions().labels
    paths = (painting.clip.truth[entry.number], painting.out / entry.file)
    true, ours = (pack_rgb(lay_over_color(read_image(path))) for path in paths)
    votes = vote_regions(labels, true, ours, TOLERANCES[0])
    return _Drawing(entry, votes.true, votes.right)


def _follow(number: int, region: int, drawings: Mapping[int, _Drawing], links: Links) -> Followed:
    """Count where a correction of a region (1..N) goes."""
    color = int(drawings[number].true[region - 1])
    found = list(links.follow(number, region))
    is_right = [bool(near(drawings[there].true, color, TOLERANCES[0])[other - 1]) for there, other in found]
    was_right = [bool(drawings[there].right[other - 1]) for there, other in found]
    pairs = list(zip(is_right, was_right, strict=True))
    return Followed(1, len(found), sum(is_right), pairs.count((True, False)), pairs.count((False, True)))


@click.command()
@click.option("--clips", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--clip", "names", multiple=True, help="Only this clip; can be given several times.")
@click.option("--keys-every", type=click.IntRange(1), default=8, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "stretches.json", show_default=True)
def main(folder: Path, names: tuple[str, ...], keys_every: int, output: Path) -> None:
    """Print where corrections of the clips' wrong regions go, and write it as JSON."""
    run = describe_run()
    rows: dict[str, Followed] = {}
    for clip in find_clips(folder, names):
        with tempfile.TemporaryDirectory() as work:
            root, out = Path(work) / clip.name, Path(work) / "color"
            rows[clip.name] = measure_stretches(paint_clip(clip, root, out, clip.keys(keys_every), Settings(fit="off")))
        click.echo(f"{clip.name:16} {rows[clip.name]}")
    rows["together"] = Followed.join(rows.values())
    click.echo(f"{'together':16} {rows['together']}")
    table = {name: asdict(row) for name, row in rows.items()}
    write_results(output, {"format": 1, **run, "keys_every": keys_every, "clips": table})


if __name__ == "__main__":
    main()
