"""Measure a human in the loop: a painter masks what is wrong and adds strokes, in rounds, against all strokes at once.

    python benchmarks/rounds.py --data DATA [--model stencil] [--rounds 10] [--drawings 24]

In each round the simulated painter looks at the painting so far, puts a stroke of true color into the largest wrong
regions, and masks all wrong ones; the rest stays. The same strokes are then given at once, on a blank sheet.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from record import RESULTS, write_results
from subjects import Subject, read_held_out

from framecolor.bench.machine import describe_run
from framecolor.colorists.base import Colorist, Conditioning, SamplingOptions
from framecolor.colorists.open import open_colorist
from framecolor.core.types import Hint
from framecolor.lineart.regions import fill_lines
from framecolor.networks.shipped import find_model
from framecolor.render.flat import paint_flat

_HELD_OUT_PX = 256
_NEAR_LEVELS = 8


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--model", default="stencil", show_default=True, help="A system that ships, or weights.")
@click.option("--rounds", type=click.IntRange(1), default=10, show_default=True)
@click.option("--strokes", type=click.IntRange(1), default=3, show_default=True, help="Strokes of a round.")
@click.option("--drawings", type=click.IntRange(1), default=24, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "rounds.json", show_default=True)
def main(data: Path, model: str, rounds: int, strokes: int, drawings: int, output: Path) -> None:
    """Write the share of right regions after each round, and with the same strokes at once."""
    colorist = open_colorist(find_model(model, Path()))
    rows = [paint_in_rounds(colorist, s, rounds, strokes) for s in read_held_out(data, drawings, _HELD_OUT_PX)]
    after = np.mean([row for row, _ in rows], axis=0)
    at_once = float(np.mean([whole for _, whole in rows]))
    table = {"drawings": len(rows), "strokes": strokes, "rounds": after.round(4).tolist(), "at_once": round(at_once, 4)}
    write_results(output, {"format": 1, **table, **describe_run()})
    click.echo(f"after each round {table['rounds']}, at once {table['at_once']}")


def paint_in_rounds(colorist: Colorist, subject: Subject, rounds: int, strokes: int) -> tuple[list[float], float]:
    """Paint one drawing in rounds: shares of right regions after each; and with all of their strokes at once."""
    hint, options = Hint(np.zeros_like(subject.truth), np.zeros(subject.regions.size, np.float32)), SamplingOptions()
    colors = np.full((subject.regions.count + 1, 4), 255, np.uint8)
    shares = []
    for _ in range(rounds):
        wrong = find_wrong(subject, colors)
        if wrong.any():
            hint = add_strokes(hint, subject, wrong, strokes)
            image = np.ascontiguousarray(paint_flat(subject.regions, colors)[..., :3])
            mask = wrong[fill_lines(subject.regions.labels)]
            given = Conditioning(hint, image=image, mask=mask)
            own = subject.vote(colorist.paint(subject.frame, subject.regions, given, options), hint)
            colors = np.where(wrong[:, None], own, colors)
        shares.append(share_right(subject, colors))
    whole = colorist.paint(subject.frame, subject.regions, Conditioning(hint), options)
    return shares, share_right(subject, subject.vote(whole, hint))


def find_wrong(subject: Subject, colors: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find the scored regions of a wrong color, bool [count + 1]."""
    apart = np.abs(colors[:, :3].astype(int) - subject.colors).max(axis=1)
    return (apart > _NEAR_LEVELS) & subject.scored


def share_right(subject: Subject, colors: NDArray[np.uint8]) -> float:
    """Compute the share of scored regions that are right."""
    return 1 - float(find_wrong(subject, colors).sum() / max(1, subject.scored.sum()))


def add_strokes(hint: Hint, subject: Subject, wrong: NDArray[np.bool_], count: int) -> Hint:
    """Add dots of true color in the largest wrong regions."""
    regions = np.flatnonzero(wrong)
    added = subject.mark(regions[np.argsort(-subject.regions.area[regions], kind="stable")][:count])
    new = added.confidence > 0
    return Hint(np.where(new[..., None], added.rgb, hint.rgb), np.maximum(hint.confidence, added.confidence))


if __name__ == "__main__":
    main()
