"""Write the tables and charts from the result files, so that no number is typed by hand.

    python benchmarks/tables.py            # both READMEs, docs/ and the charts in benchmarks/pictures
    python benchmarks/tables.py --check    # exit code 1 if a table or a chart does not match the results

A table stands between <!-- NAME --> and <!-- /NAME -->. A table without results is left unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from accuracy import HAND_DRAWN
from confidence import FLAGGED_SHARE
from effort_picture import format_effort
from record import RESULTS, read_results
from robustness import format_faults, format_fuzz
from speed import draw_charts, format_against, format_bench_generator, format_bench_stages, format_throughput
from variants import VARIANTS

from framecolor.bench.table import format_markdown, name_machine
from framecolor.media import write_text_atomic
from framecolor.pipeline.unsure import UNSURE_BELOW

_HERE = Path(__file__).resolve().parent
PAGES = (_HERE.parent / "README.md", _HERE / "README.md", *sorted((_HERE.parent / "docs").glob("*.md")))
PICTURES = _HERE / "pictures"
_NAIVE = _HERE / "naive.json"
_PROTOCOLS = ("chained", "teacher_forced")
_PICTURE_METRICS = (("ciede2000", 1), ("ssim", 3), ("frechet", 3))
_GROUPS = (("hand_drawn", "**mean of the hand-drawn**"), ("all", "mean of all"))


def format_accuracy(results: Path) -> str | None:
    """Format the region accuracy of each clip, the hand-drawn ones first, compared with flow alone."""
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
    for group, title in _GROUPS:
        if group in table["mean"]:
            mean = table["mean"][group]
            rows.append((title, "", "", "", *(_pair(mean[p]["tolerance_8"]) for p in _PROTOCOLS), ""))
    machines = {name_machine(clip["machine"]) for clip in table["clips"].values()}
    return f"{format_markdown(heads, rows)}\n\nMeasured on {' and '.join(sorted(machines))}."


def format_exact(results: Path) -> str | None:
    """Format all region metrics of each clip at tolerance 0, chained / teacher-forced."""
    table = read_results(results / "accuracy.json")
    if not table:
        return None
    names = ("acc", "acc_thres", "pix_acc", "pix_f_acc", "pix_b_miou", "flicker")
    rows = []
    for clip, row in _in_order(table["clips"]):
        pairs = ([_share(row[p]["tolerance_0"][name], 3) for p in _PROTOCOLS] for name in names)
        rows.append((clip, *(" / ".join(pair) for pair in pairs), str(row["line_change"]), str(row["off_palette_px"])))
    heads = ("clip", *(f"`{name}`" for name in names), "line change", "pixels off the palette")
    return format_markdown(heads, rows)


def format_ablation(results: Path) -> str | None:
    """Format chained acc_thres with voters disabled, for the clips for which it was measured."""
    clips = read_results(results / "accuracy.json").get("clips", {})
    measured = [(name, clip["ablation"]["variants"]) for name, clip in _in_order(clips) if "ablation" in clip]
    if not measured:
        return None
    rows = [(name, *(_share(scores[v]["acc_thres"], 3) for v in VARIANTS)) for name, scores in measured]
    means = [sum(scores[v]["acc_thres"] for _, scores in measured) / len(measured) for v in VARIANTS]
    return format_markdown(("clip", *VARIANTS), [*rows, ("mean", *(_share(mean, 3) for mean in means))])


def format_protocols(results: Path) -> str | None:
    """Format the chained scores of each clip: as usual, with a key at the first frame only, and with a fit."""
    table = read_results(results / "accuracy.json")
    names = ("chained", "one_key", "fit_auto")
    rows = [(name, *(_pair_of(clip, p) for p in names)) for name, clip in _in_order(table.get("clips", {}))
            if any(p in clip for p in names[1:])]  # fmt: skip
    if not rows:
        return None
    for group, title in _GROUPS:
        mean = table["mean"].get(group, {})
        # A mean over some of the clips cannot be compared with the mean over all of them.
        whole = {p: mean[p] for p in names if p in mean and "clips" not in mean[p]}
        rows.append((title, *(_pair_of(whole, p) for p in names)))
    return format_markdown(
        ("clip", "a key every 8 drawings", "one key, the first drawing", "a key every 8, `--fit auto`"), rows
    )


def format_confidence(results: Path) -> str | None:
    """Format how well confidence finds wrong regions, for each clip and for all clips together."""
    table = read_results(results / "accuracy.json")
    rows = [_row_of_confidence(name, clip["confidence"]) for name, clip in _in_order(table.get("clips", {}))
            if "confidence" in clip]  # fmt: skip
    if not rows:
        return None
    for group, title in (("hand_drawn", "**hand-drawn together**"), ("all", "all together")):
        if together := table["mean"].get(group, {}).get("confidence", {}).get("together"):
            rows.append(_row_of_confidence(title, together))
    heads = ("clip", "regions", "wrong", f"wrong ones among the {FLAGGED_SHARE:.0%} least sure", "AUROC",
             "calibration error", f"below {UNSURE_BELOW}", "wrong ones below it")  # fmt: skip
    return format_markdown(heads, rows)


def format_one_more_key(results: Path) -> str | None:
    """Format what keys added by each way are worth, by fit: means over the clips, and the lead of advice."""
    fits = read_results(results / "one_more_key.json").get("fits", {})
    rows = []
    for fit, table in fits.items():
        mean = table["mean"]
        fits_of = f"{fit} ({len(mean['clips'])} clips)"
        for number, ways in enumerate(mean["rounds"], 1):
            shots = (_share(ways.get(way, {}).get("shot"), 3) for way in ("advice", "random", "widest"))
            leads = (_signed(ways[way]["lead"]) for way in ("random", "widest"))
            rows.append((fits_of, str(number), _share(mean["start"], 3), *shots, *leads))
    heads = ("`--fit`", "keys added", "before", "advice", "random", "widest stretch",
             "advice over random, other drawings", "advice over widest, other drawings")  # fmt: skip
    return format_markdown(heads, rows) if rows else None


def format_recipes(results: Path) -> str | None:
    """Format the scores of every system of the literature on held-out art and on the clips, by condition."""
    table = read_results(results / "recipes.json").get("rows", [])
    rows = []
    for row in table:
        held_out, clips = row.get("held_out"), list(row["clips"].values())
        own = [_number(held_out, "acc", 3), *(_number(held_out, n, d) for n, d in _PICTURE_METRICS)]
        own.append(_number(held_out, "obeys", 2))
        means = [f"{sum(c[n] for c in clips) / len(clips):.{d}f}" for n, d in (("acc", 3), *_PICTURE_METRICS[:2])]
        seconds = sum(c["seconds"] for c in clips) / len(clips)
        rows.append((row["system"], row["told"], str(row.get("steps") or ""), *own, *means, f"{seconds:.2f}"))
    heads = ("system", "given", "steps", "art: regions right", "CIEDE2000", "SSIM", "Frechet", "obeys",
             "clips: regions right", "CIEDE2000", "SSIM", "seconds a frame")  # fmt: skip
    return format_markdown(heads, rows) if rows else None


def format_unpaired(results: Path) -> str | None:
    """Format what CycleGAN and style transfer keep and lose on held-out figures, compared with a key."""
    table = read_results(results / "unpaired.json")
    if not table:
        return None
    columns = (
        ("acc", "regions right", 2), ("ciede2000", "CIEDE2000 to the truth", 1),
        ("off_palette", "off the palette", 1), ("in_region", "within a region", 1),
        ("two_drawings", "between two drawings", 1), ("left_white", "left white", 2),
        ("looks", "colors apart from the folder's", 2),
    )  # fmt: skip
    rows = [(name, *(f"{row[n]:.{d}f}" for n, _, d in columns)) for name, row in table["rows"].items()]
    return format_markdown(("painted by", *(head for _, head, _ in columns)), rows)


def format_rounds(results: Path) -> str | None:
    """Format the share of right regions after each round with mask and strokes, and with the same strokes at once."""
    table = read_results(results / "rounds.json")
    if not table:
        return None
    after = [f"{share:.3f}" for share in table["rounds"]]
    heads = (f"{table['drawings']} drawings, after round", *map(str, range(1, len(after) + 1)), "all strokes at once")
    return format_markdown(heads, [("regions right", *after, f"{table['at_once']:.3f}")])


def format_corrections(results: Path) -> str | None:
    """Format how many corrections bring each clip to the target, and how many regions each of them saves."""
    table = read_results(results / "corrections.json")
    rows = []
    for name, clip in _in_order(table.get("clips", {})):
        end = clip["rounds"][-1]["acc_thres"] if clip["rounds"] else clip["start"]
        reached = f"{end:.3f}" if clip["reached"] else f"{end:.3f} (not reached)"
        counts = (str(clip["wrong"]), str(clip["corrections"]), _share(clip["a_frame"]), _share(clip["saved_each"]))
        rows.append((name, _share(clip["start"], 3), *counts, reached, _share(clip.get("refitted"), 3)))
    heads = ("clip", "`acc_thres` before", "wrong regions", "corrections", "a frame", "others that each one saves",
             "after", "with the fit anew")  # fmt: skip
    return format_markdown(heads, rows) if rows else None


def format_gaps(results: Path) -> str | None:
    """Format what gap closing leaks and splits, by the width of openings and the sizes of ball and bridge."""
    openings = read_results(results / "gaps.json").get("openings", {})
    rows = [
        ("none" if width == "0" else f"{width} px", *(f"{leak:.3f} / {count:.2f}" for leak, count in row.values()))
        for width, row in openings.items()
    ]
    if not rows:
        return None
    ways = [way.split(", ") for way in next(iter(openings.values()))]
    heads = (f"ball {ball}" if bridge == "0" else f"ball {ball}, bridge {bridge}" for ball, bridge in ways)
    return format_markdown(("opening", *heads), rows)


def format_stretches(results: Path) -> str | None:
    """Format where "Hold" takes the corrections of each clip."""
    clips = read_results(results / "stretches.json").get("clips", {})
    names = ("wrong", "followed", "right", "mended", "spoiled")
    rows = [(name, *(str(row[column]) for column in names)) for name, row in clips.items()]
    return format_markdown(("clip", *names), rows) if rows else None


def format_cases(results: Path) -> str | None:
    """Format the scores of shots as painters hand them over, and how many lines were said of each before painting."""
    table = read_results(results / "cases.json")
    rows = [
        (
            f"`{name}`",
            *(" / ".join(_share(score) for score in case[part]) for part in ("others", "keys")),
            str(len(case["said"])),
        )
        for name, case in table.get("cases", {}).items()
    ]
    heads = ("case", "other frames, `acc_thres` / `pix_f`", "key frames", "notes and faults before the run")
    return format_markdown(heads, rows) if rows else None


def format_repaint(results: Path) -> str | None:
    """Format the milliseconds a frame of repaint, with all cores and with one."""
    table = read_results(results / "repaint.json")
    if not table:
        return None
    width, height = table["shot"]["size"]
    rows = [
        (f"{width}x{height}", name.removeprefix("cores_"), f"{ms['median']:.0f}", f"{ms['least']:.0f}-{ms['most']:.0f}")
        for name, ms in table["ms_per_frame"].items()
    ]
    body = format_markdown(("frames", "cores", "ms a frame", "spread"), rows)
    return f"{body}\n\nMeasured on {name_machine(table['machine'])}."


def format_review(results: Path) -> str | None:
    """Format the seconds until a correction shows its effect under review, and the peak memory."""
    table = read_results(results / "review.json")
    if not table:
        return None
    width, height = table["shot"]["size"]
    shot = f"{table['shot']['frames']} drawings of {width}x{height}"
    peaks = table["peak_mib"]
    rows = [
        (shot, name, f"{row['median']:.1f}", f"{row['least']:.1f}-{row['most']:.1f}")
        for name, row in table["seconds"].items()
    ]
    body = format_markdown(("shot", "painted", "s after a correction, median", "spread"), rows)
    memory = f"Peak memory: {peaks['review']:.0f} MiB; `colorize` on the same shot: {peaks['colorize']:.0f} MiB."
    return f"{body}\n\n{memory} Measured on {name_machine(table['machine'])}."


def format_parts(results: Path) -> str | None:
    """Format which parts agree in paintings from nothing, beside simple answers."""
    shares = ("joined", "twins", "apart")
    heads = ("painted from nothing", "adjusted Rand index", "one paint, one color", "twins", "two paints, two colors",
             "skin on skin / elsewhere", "white on white / elsewhere", "spread")  # fmt: skip
    rows = [
        (
            name,
            *(_share(row[key]) for key in ("rand", *shares)),
            *(f"{_share(row[kind])} / {_share(row[f'{kind}_elsewhere'])}" for kind in ("skin", "white")),
            _number(row, "spread", 0),
        )
        for name, row in read_results(results / "parts.json").get("rows", {}).items()
    ]
    return format_markdown(heads, rows) if rows else None


def format_line_colors(results: Path) -> str | None:
    """Format the shares of right pixels of lines and trace lines in a clip whose lines are recolored, by rule."""
    table = read_results(results / "line_colors.json")
    heads = ("lines get a shade of", "lines", "their antialiased pixels", "trace lines")
    names = {
        "priority": "the first fill of the palette beside them",
        "nearest": "the nearest fill",
        "pair": "both fills",
    }
    rows = [
        (names[rule], *(f"{row[name]:.3f}" for name in ("line", "soft_line", "trace")))
        for rule, row in table.get("rules", {}).items()
    ]
    return format_markdown(heads, rows) if rows else None


TABLES: Mapping[str, Callable[[Path], str | None]] = {
    "accuracy": format_accuracy,
    "exact": format_exact,
    "protocols": format_protocols,
    "ablation": format_ablation,
    "confidence": format_confidence,
    "one more key": format_one_more_key,
    "throughput": format_throughput,
    "against": format_against,
    "recipes": format_recipes,
    "rounds": format_rounds,
    "unpaired": format_unpaired,
    "parts": format_parts,
    "corrections": format_corrections,
    "gaps": format_gaps,
    "stretches": format_stretches,
    "effort": format_effort,
    "cases": format_cases,
    "bench stages": format_bench_stages,
    "bench generator": format_bench_generator,
    "faults": format_faults,
    "fuzz sum": format_fuzz,
    "repaint": format_repaint,
    "review": format_review,
    "line_colors": format_line_colors,
}


@click.command()
@click.option("--results", type=click.Path(path_type=Path, file_okay=False), default=RESULTS, show_default=True)
@click.option("--page", "pages", type=click.Path(path_type=Path, exists=True), multiple=True, help="Only this page.")
@click.option("--pictures", type=click.Path(path_type=Path, file_okay=False), default=PICTURES, show_default=True)
@click.option("--check", is_flag=True, help="Write nothing; fail if a table or a chart is out of date.")
def main(results: Path, pages: tuple[Path, ...], pictures: Path, check: bool) -> None:
    """Write the tables of the pages, and the charts, from the result files."""
    files = {page: fill_page(page.read_text("utf-8"), results) for page in pages or PAGES}
    files |= {pictures / name: chart for name, chart in draw_charts(results).items()}
    stale = [file for file, text in files.items() if not file.exists() or file.read_text("utf-8") != text]
    if check and stale:
        names = ", ".join(file.name for file in stale)
        raise SystemExit(f"out of date: {names}; run python benchmarks/tables.py")
    for file in stale:
        write_text_atomic(file, files[file])
    click.echo(f"{len(stale)} of {len(files)} pages and charts changed")


def fill_page(text: str, results: Path) -> str:
    """Fill a page's text with every table that it has markers for and for which there are results."""
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


def _pair_of(row: Mapping[str, Any], protocol: str) -> str:
    return _pair(row[protocol]["tolerance_8"]) if protocol in row else ""


def _row_of_confidence(title: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    counts = (str(found["regions"]), str(found["wrong"]))
    shares = (_share(found[name]) for name in ("captured", "auroc", "calibration_error"))
    return (title, *counts, *shares, str(found["listed"]), str(found["listed_wrong"]))


def _number(scores: Mapping[str, float] | None, name: str, digits: int) -> str:
    return f"{scores[name]:.{digits}f}" if scores and name in scores else ""


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.3f}"


def _share(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    main()
