"""Measure shots as painters hand them over: scans, open lines, keys that are moved or not flat, twins.

    python benchmarks/cases.py --cases DIR [--case NAME ...]

Each case is a shot with `truth/` beside `line/` and `keys/`. It is painted with the default settings. Scores are of
the truth's own regions, within 8 levels: of the keys, and of the other frames. What `framecolor check` says of the shot
stands beside them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click
from chained import TOLERANCES
from record import RESULTS, write_results

from framecolor import Settings, Shot, colorize
from framecolor.bench.machine import describe_run
from framecolor.evaluation.metrics import score_sequence
from framecolor.evaluation.metrics.score import list_frames
from framecolor.keys.drawing_style import find_style
from framecolor.media import read_image
from framecolor.pipeline.check import check_shot


@click.command()
@click.option("--cases", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--case", "names", multiple=True, help="Only this case; can be given several times.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "cases.json", show_default=True)
def main(folder: Path, names: tuple[str, ...], output: Path) -> None:
    """Measure the cases in a folder, and write a table of them."""
    cases: dict[str, Any] = {}
    for case in sorted(path for path in folder.iterdir() if (path / "truth").is_dir()):
        if not names or case.name in names:
            with tempfile.TemporaryDirectory() as work:
                cases[case.name] = measure_case(case, Path(work) / "out")
            row = cases[case.name]
            click.echo(f"{case.name}: others {row['others']}, keys {row['keys']}")
            for text in row["said"]:
                click.echo(f"    {text}")
    write_results(output, {"format": 1, **describe_run(), "cases": cases})


def measure_case(case: Path, out: Path) -> dict[str, Any]:
    """Paint one case into the new folder `out` and score it: (acc_thres, pix_f_acc) of keys and of other frames."""
    shot, settings = Shot.open(case), Settings()
    style = find_style(shot, settings)
    said = [*style.texts, *map(str, check_shot(shot, style.settings, settings))]
    outcome = colorize(shot, out, settings)
    others = [number for number in shot.numbers if number not in shot.keys]
    return {
        "failed": len(outcome.failed),
        "others": _score(case, out, shot.keys),
        "keys": _score(case, out, others),
        "said": said,
    }


def _score(case: Path, out: Path, skip: Collection[int]) -> list[float | None]:
    painted, true = list_frames(out), list_frames(case / "truth")
    mean = score_sequence(
        true, lambda n: read_image(painted[n]), lambda n: read_image(true[n]), tolerance=TOLERANCES[0], skip=skip
    ).mean
    return [None if value is None else round(value, 4) for value in (mean.acc_thres, mean.pix_f_acc)]


if __name__ == "__main__":
    main()
