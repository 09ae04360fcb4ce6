"""Write the tables of numbers from the result files, so that no number is typed by hand.

    python benchmarks/tables.py            # README.md and benchmarks/README.md
    python benchmarks/tables.py --check    # exit code 1 when a table is not what the results say

A table stands between <!-- NAME --> and <!-- /NAME -->. One whose results are missing is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from accuracy import HAND_DRAWN
from record import RESULTS, read_results
from variants import VARIANTS

from framecolor.media import write_text_atomic

_HERE = Path(__file__).resolve().parent
PAGES = (_HERE.parent / "README.md", _HERE / "README.md")
_NAIVE = _HERE / "naive.json"
_PROTOCOLS = ("chained", "teacher_forced")


def format_accuracy(results: Path) -> str | None:
    """Region accuracy of each clip, the hand-drawn ones first, beside what flow alone reaches."""
    table = read_results(results / "accuracy.json")
    if not table:
        return None
    naive = read_results(_NAIVE)["clips"]
    pair = "`acc_thres` / `pix_f`"
    heads = (
        "clip",
        "frames",
        "keys",
        "colors",
        f"chained {pair}",
        f"teacher-forced {pair}",
        f"naive flow, chained {pair}",
    )
    rows = []
    for name, clip in _in_order(table["clips"]):
        counts = (str(clip["frames"]), str(len(clip["keys"])), str(clip["colors"]))
        start = _pair(naive[name]["chained"]) if name in naive else ""
        rows.append((name, *counts, *(_pair(clip[p]["tolerance_8"]) for p in _PROTOCOLS), start))
    for group, title in (("hand_drawn", "**mean of the hand-drawn**"), ("all", "mean of all")):
        if group in table["mean"]:
            mean = table["mean"][group]
            rows.append((title, "", "", "", *(_pair(mean[p]["tolerance_8"]) for p in _PROTOCOLS), ""))
    machines = {_name_machine(clip["machine"]) for clip in table["clips"].values()}
    return f"{_format_table(heads, rows)}\n\nMeasured on {' and '.join(sorted(machines))}."


def format_exact(results: Path) -> str | None:
    """All region metrics of each clip at tolerance 0, chained | teacher-forced."""
    table = read_results(results / "accuracy.json")
    if not table:
        return None
    names = ("acc", "acc_thres", "pix_acc", "pix_f_acc", "pix_b_miou", "flicker")
    rows = []
    for clip, row in _in_order(table["clips"]):
        pairs = ([_share(row[p]["tolerance_0"][name], 3) for p in _PROTOCOLS] for name in names)
        rows.append((clip, *(" / ".join(pair) for pair in pairs), str(row["line_change"]), str(row["off_palette_px"])))
    heads = ("clip", *(f"`{name}`" for name in names), "line change", "pixels off the palette")
    return _format_table(heads, rows)


def format_ablation(results: Path) -> str | None:
    """Chained acc_thres with voters silenced, for the clips where it was measured."""
    clips = read_results(results / "accuracy.json").get("clips", {})
    measured = [(name, clip["ablation"]) for name, clip in _in_order(clips) if "ablation" in clip]
    if not measured:
        return None
    rows = [(name, *(_share(scores[v]["acc_thres"], 3) for v in VARIANTS)) for name, scores in measured]
    means = [sum(scores[v]["acc_thres"] for _, scores in measured) / len(measured) for v in VARIANTS]
    return _format_table(("clip", *VARIANTS), [*rows, ("mean", *(_share(mean, 3) for mean in means))])


def format_throughput(results: Path) -> str | None:
    """Fit, frames a second, stages and memory at the size that was measured."""
    speed, memory = read_results(results / "throughput.json"), read_results(results / "memory.json")
    if not speed:
        return None
    shot, fit, stages = speed["shot"], speed["fit"], speed["stages_ms"]
    width, height = shot["size"]
    rows = [
        (f"fit to {shot['keys']} keys, nothing cached", f"{fit['seconds']['median']:.0f} s ({fit['steps']} steps)"),
        ("frames a second after the fit", f"{speed['frames_per_second']['median']:.1f} over {shot['frames']} frames, "
         f"{speed['start_seconds']['median']:.1f} s of start included"),
        ("frames a second once it runs", f"{speed['painting_frames_per_second']['median']:.1f}"),
        ("one frame, each stage alone on one core",
         ", ".join(f"{name} {stage['median']:.0f}" for name, stage in stages.items()) + " ms"),
    ]  # fmt: skip
    if memory:
        peaks = [(row["frames"], row["peak_mib"]["median"]) for row in memory["shots"]]
        rows.append(("peak memory of painting", ", ".join(f"{peak:.0f} MiB for {n} frames" for n, peak in peaks)))
    body = _format_table((f"{width}x{height}, about {shot['regions']:.0f} regions", "measured"), rows)
    return f"{body}\n\nMeasured on {_name_machine(speed['machine'])}."


TABLES: Mapping[str, Callable[[Path], str | None]] = {
    "accuracy": format_accuracy,
    "exact": format_exact,
    "ablation": format_ablation,
    "throughput": format_throughput,
}


@click.command()
@click.option("--results", type=click.Path(path_type=Path, file_okay=False), default=RESULTS, show_default=True)
@click.option(
    "--page", "pages", type=click.Path(path_type=Path, exists=True), multiple=True, help="Instead of both READMEs."
)
@click.option("--check", is_flag=True, help="Write nothing; fail when a table is out of date.")
def main(results: Path, pages: tuple[Path, ...], check: bool) -> None:
    """Write the tables of the READMEs from the result files."""
    stale = []
    for page in pages or PAGES:
        before = page.read_text("utf-8")
        after = fill_page(before, results)
        if after != before:
            stale.append(page.name)
            if not check:
                write_text_atomic(page, after)
    if check and stale:
        raise SystemExit(f"out of date: {', '.join(stale)}; run python benchmarks/tables.py")
    click.echo(f"{len(stale)} of {len(pages or PAGES)} pages changed")


def fill_page(text: str, results: Path) -> str:
    """A page with every table that it has markers for and that there are results of."""
    for name, make in TABLES.items():
        table = make(results)
        if table is not None:
            block = f"<!-- {name} -->\n{table}\n<!-- /{name} -->"
            text = re.sub(f"<!-- {name} -->.*?<!-- /{name} -->", lambda _, b=block: b, text, flags=re.DOTALL)
    return text


def _in_order(clips: Mapping[str, Any]) -> list[tuple[str, Any]]:
    names = [name for name in HAND_DRAWN if name in clips]
    return [(name, clips[name]) for name in [*names, *sorted(set(clips) - set(names))]]


def _pair(scores: Mapping[str, Any]) -> str:
    return f"{_share(scores['acc_thres'])} / {_share(scores['pix_f_acc'])}"


def _share(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _name_machine(machine: Mapping[str, Any]) -> str:
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']:.0f} GiB"


def _format_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


if __name__ == "__main__":
    main()
