"""Format tables and charts of speed and memory, from throughput.json, memory.json, against.json and bench.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from effort_picture import draw_effort
from record import read_results

from framecolor.bench.charts import draw_bars, draw_timeline
from framecolor.bench.table import (
    CONTEST_HEADS,
    SHOT_HEADS,
    STAGE_HEADS,
    contest_cells,
    format_markdown,
    is_contest,
    name_machine,
    shot_cells,
    stage_cells,
)


def format_throughput(results: Path) -> str | None:
    """Format frames a second, stages, fit and memory at the measured size."""
    speed, memory = read_results(results / "throughput.json"), read_results(results / "memory.json")
    if not speed:
        return None
    shot, fit, stages = speed["shot"], speed["fit"], speed["stages_ms"]
    width, height = shot["size"]
    twos = speed.get("twos")
    rows = [
        ("frames a second", f"{speed['frames_per_second']['median']:.1f} over {shot['frames']} frames, "
         f"{speed['start_seconds']['median']:.1f} s of start included"),
        ("frames a second once it runs", f"{speed['painting_frames_per_second']['median']:.1f}"),
        *([("the same on twos", f"{twos['frames_per_second']['median']:.1f}, "
            f"once it runs {twos['painting_frames_per_second']['median']:.1f}")] if twos else []),
        ("one frame, each stage alone on one core",
         ", ".join(f"{name} {stage['median']:.0f}" for name, stage in stages.items()) + " ms"),
        *_limit_rows(speed["end_to_end"]),
        (f"`--fit auto`: fit to {shot['keys']} keys, nothing cached",
         f"{fit['seconds']['median']:.0f} s ({fit['steps']} steps)"),
    ]  # fmt: skip
    if memory:
        peaks = [(row["frames"], row["peak_mib"]["median"]) for row in memory["shots"]]
        rows.append(("peak memory of painting", ", ".join(f"{peak:.0f} MiB for {n} frames" for n, peak in peaks)))
    body = format_markdown((f"{width}x{height}, about {shot['regions']:.0f} regions", "measured"), rows)
    return f"{body}\n\nMeasured on {name_machine(speed['machine'])}."


_AGAINST = {
    "first_frame_cold_seconds": "first frame on disk after the command, nothing kept, s",
    "first_frame_seconds": "the same with the networks kept, s",
    "idle_seconds": "a run that has nothing to do, s",
    "cut_seconds": "{shots} shots of 8 frames in one call, s",
    "moving_frames_per_second": "frames a second, all of them moving",
    "twos_frames_per_second": "frames a second on twos",
}


def format_against(results: Path) -> str | None:
    """Compare this checkout with an earlier one, for each kind of processor that was measured."""
    kinds = read_results(results / "against.json")
    if not kinds:
        return None
    heads, rows = ["1920x1080"], {name: [] for name in _AGAINST}
    for kind, found in kinds.items():
        heads += [f"{kind}: {found['earlier']}", f"{kind}: now", "times as fast"]
        for name, row in found["measured"].items():
            before, now = row["earlier"]["median"], row["now"]["median"]
            times = before / now if name.endswith("_seconds") else now / before
            rows[name] += [f"{before:.1f}", f"{now:.1f}", f"{times:.1f}"]
    facts = next(iter(kinds.values()))
    table = format_markdown(heads, [(_AGAINST[name].format(**facts), *cells) for name, cells in rows.items()])
    return f"{table}\n\nMeasured on {name_machine(facts['machine'])}."


def _limit_rows(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    if "of_slowest_stage" not in table:
        return []
    slowest = f"the slowest stage alone on one core ({table['slowest_stage']}), as a share of a frame"
    shared = f"all stages shared evenly by {table['cores']} cores, as a share of a frame"
    return [(slowest, f"{table['of_slowest_stage']:.2f}"), (shared, f"{table['of_all_cores']:.2f}")]


def format_bench_stages(results: Path) -> str | None:
    """Format each stage alone on one core with its limit, and whole shots."""
    bench = read_results(results / "bench.json")
    if not bench:
        return None
    stages = [stage_cells(row) for row in bench["rows"] if not is_contest(row)]
    shots = [shot_cells(table) for table in bench["end_to_end"]]
    tables = (format_markdown(STAGE_HEADS, stages), format_markdown(SHOT_HEADS, shots))
    return "\n\n".join([*tables, f"Measured on {name_machine(bench['machine'])}."])


def format_bench_generator(results: Path) -> str | None:
    """Format the generator's pass by this engine and by other runtimes."""
    bench = read_results(results / "bench.json")
    rows = [contest_cells(row) for row in bench.get("rows", ()) if is_contest(row)]
    return format_markdown(CONTEST_HEADS, rows) if rows else None


def draw_charts(results: Path) -> dict[str, str]:
    """Draw the charts for which there are results, by file name."""
    bench = read_results(results / "bench.json")
    charts = {name: draw(bench) for name, draw in CHARTS.items()} if bench else {}
    charts["effort.svg"] = draw_effort(read_results(results / "effort.json"))
    return {name: chart for name, chart in charts.items() if chart is not None}


def _draw_last_timeline(bench: Mapping[str, Any]) -> str | None:
    return draw_timeline(bench["timelines"][-1]) if bench["timelines"] else None


CHARTS: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    "bench.svg": draw_bars,
    "timeline.svg": _draw_last_timeline,
}
