"""Measure whether confidence separates right regions from wrong ones, and what the list of doubts leaves out.

    python benchmarks/confidence.py --clips DIR [--cases DIR] [--keys-every N]

paints the clips, and cases (folders CASE/line, CASE/keys and CASE/truth), and prints for each how many pixels are
wrong, and how many of these are in no region of the list. `benchmarks/accuracy.py` notes the same of clips in its
results.

Regions are those of `acc_thres` (more than 10 pixels), in all frames but keys, holds included; right is within 8
levels. Gaps in lines are closed for painting, but not for scoring: the confidence of a scored region is that of the
painted region that overlaps it most.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from chained import TOLERANCES, Painting, compare_regions, paint_clip, paint_shot
from clips import Clip, find_clips
from numpy.typing import NDArray

from framecolor import Settings, Shot
from framecolor.core.types import Regions
from framecolor.evaluation.metrics.calibration import measure_auroc, measure_calibration_error
from framecolor.evaluation.metrics.regions import lay_over_color, vote_regions
from framecolor.evaluation.metrics.score import list_frames
from framecolor.lineart.regions import fill_lines
from framecolor.media import read_image
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import Manifest
from framecolor.pipeline.unsure import UNSURE_BELOW

# Share of the regions, the least sure ones, that a painter looks at.
FLAGGED_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class Judged:
    """Confidence of regions (float64 [N], 0..1), and whether each was painted right (bool [N])."""

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]

    @classmethod
    def join(cls, parts: Iterable[Judged]) -> Judged:
        """Join the regions of several frames or clips."""
        several = list(parts)
        return cls(np.concatenate([p.confidence for p in several]), np.concatenate([p.right for p in several]))

    def pack(self) -> dict[str, str]:
        """Write the sorted confidences of right and of wrong regions as compact text for a result file."""
        groups = {"right": self.right, "wrong": ~self.right}
        return {name: " ".join(f"{c:.4f}" for c in np.sort(self.confidence[of])) for name, of in groups.items()}

    @classmethod
    def unpack(cls, packed: dict[str, str]) -> Judged:
        """Read the text that `pack` wrote; confidence has 4 digits."""
        right, wrong = (np.array(packed[name].split(), np.float64) for name in ("right", "wrong"))
        return cls(np.concatenate([right, wrong]), np.arange(len(right) + len(wrong)) < len(right))


def judge(painting: Painting) -> Judged:
    """Judge all regions of a painted clip, without those of keys."""
    numbers = [number for number in painting.clip.line if number not in painting.keys]
    return Judged.join(_judge_frame(painting, number) for number in numbers)


def _judge_frame(painting: Painting, number: int) -> Judged:
    item = painting.posteriors[number]
    labels, votes, counted = compare_regions(painting.clip, number, painting.out / painting.shot.output_name(number))
    # Lines are painted with the region beside them; pixels on a line therefore count for that region.
    region = fill_lines(item.features.drawing.regions().labels)
    region_of = vote_regions(labels, region, region, 0).true
    return Judged(item.confidence[region_of][counted].astype(np.float64), votes.right[counted])


@dataclass(frozen=True)
class Unlisted:
    """What the lists of doubts of a painting leave out.

    listed, slivers    number of regions on the lists, and of slivers among them
    wrong_px           pixels between the lines that are painted wrong, in all frames but keys
    unlisted_wrong_px  those of them in no listed region
    """

    listed: int
    slivers: int
    wrong_px: int
    unlisted_wrong_px: int

    @classmethod
    def join(cls, parts: Iterable[Unlisted]) -> Unlisted:
        """Add up the counts of several frames or clips."""
        rows = [(p.listed, p.slivers, p.wrong_px, p.unlisted_wrong_px) for p in parts]
        return cls(*(sum(column) for column in zip((0, 0, 0, 0), *rows, strict=True)))


def count_unlisted(painting: Painting) -> Unlisted:
    """Count the wrong pixels of a painting, and those in no region of its lists of doubts."""
    entries = {entry.number: entry for entry in Manifest.read(painting.out).frames}
    numbers = [number for number in painting.posteriors if number not in painting.keys]
    return Unlisted.join(_count_in_frame(painting, entries[number]) for number in numbers if number in entries)


def _count_in_frame(painting: Painting, entry: FrameEntry) -> Unlisted:
    regions = painting.posteriors[entry.number].features.drawing.regions()
    true, ours = (
        lay_over_color(read_image(path))[..., :3].astype(int)
        for path in (painting.clip.truth[entry.number], painting.out / entry.file)
    )
    wrong = (np.abs(true - ours).max(axis=2) > TOLERANCES[0]) & (regions.labels > 0)
    listed = _find_listed(regions, entry)[regions.labels]
    slivers = len(entry.unsure) - len(entry.to_check)
    return Unlisted(len(entry.unsure), slivers, int(wrong.sum()), int((wrong & ~listed).sum()))


def _find_listed(regions: Regions, entry: FrameEntry) -> NDArray[np.bool_]:
    """Find the regions that an entry lists, bool [count + 1], by area and box."""
    listed = {(region.area, *region.box) for region in entry.unsure}
    shapes = zip(regions.area.tolist(), regions.boxes.tolist(), strict=True)
    return np.array([(area, *box) in listed for area, box in shapes], np.bool_)


def summarize_confidence(judged: Judged) -> dict[str, Any]:
    """Summarize the confidence of a set of regions.

    regions, wrong        number of regions, and of wrong ones
    captured              share of the wrong ones that are among the FLAGGED_SHARE least sure; None if none is wrong
    auroc                 probability that a right region is surer than a wrong one; None without both kinds
    calibration_error     expected calibration error over 10 bins of equal width
    listed, listed_wrong  number of regions, and of wrong ones, below the threshold of the report
    """
    confidence, right = judged.confidence, judged.right
    listed = confidence < UNSURE_BELOW
    return {
        "regions": len(right),
        "wrong": int((~right).sum()),
        "captured": _round(_capture(confidence, right)),
        "auroc": _round(measure_auroc(confidence, right)),
        "calibration_error": _round(measure_calibration_error(confidence, right)),
        "listed": int(listed.sum()),
        "listed_wrong": int((listed & ~right).sum()),
    }


def _capture(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float | None:
    """Compute `captured`; of regions that are equally sure, the same share is taken."""
    if right.all():
        return None
    levels, level, sizes = np.unique(confidence, return_inverse=True, return_counts=True)
    wrong = np.bincount(level.ravel(), weights=~right, minlength=len(levels))
    before = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    taken = np.clip((FLAGGED_SHARE * len(right) - before) / sizes, 0, 1)
    return float((wrong * taken).sum() / wrong.sum())


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def paint_all(clips: Path | None, cases: Path | None, keys_every: int) -> Iterator[Painting]:
    """Paint the clips of one folder, with a key every `keys_every` drawings, and the cases of another."""
    settings = Settings(fit="off")
    for clip in find_clips(clips, ()) if clips else ():
        with tempfile.TemporaryDirectory() as work:
            yield paint_clip(clip, Path(work) / clip.name, Path(work) / "color", clip.keys(keys_every), settings)
    for folder in sorted(cases.iterdir()) if cases else ():
        if all((folder / part).is_dir() for part in ("line", "keys", "truth")):
            line, keys, truth = (list_frames(folder / part) for part in ("line", "keys", "truth"))
            with tempfile.TemporaryDirectory() as work:
                clip = Clip(folder.name, line, truth, truth)
                yield paint_shot(clip, Shot.open(folder), Path(work) / "color", list(keys), settings)


@click.command()
@click.option("--clips", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--cases", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--keys-every", type=click.IntRange(1), default=8, show_default=True)
def main(clips: Path | None, cases: Path | None, keys_every: int) -> None:
    """Print the wrong pixels that the lists of doubts leave out."""
    rows: list[Unlisted] = []
    click.echo(f"{'':24}{'listed':>8}{'slivers':>9}{'wrong px':>11}{'unlisted':>11}{'share':>8}")
    for painting in paint_all(clips, cases, keys_every):
        rows.append(count_unlisted(painting))
        _print_row(painting.clip.name, rows[-1])
    _print_row("together", Unlisted.join(rows))


def _print_row(name: str, found: Unlisted) -> None:
    share = found.unlisted_wrong_px / max(1, found.wrong_px)
    counts = f"{found.listed:8}{found.slivers:9}{found.wrong_px:11,}{found.unlisted_wrong_px:11,}"
    click.echo(f"{name:24}{counts}{share:8.1%}")


if __name__ == "__main__":
    main()
