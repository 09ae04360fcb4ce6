"""Format the results of a bench as text for a terminal or a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from framecolor.bench.sizes import name_size

Row = Mapping[str, Any]

STAGE_HEADS = ("stage", "size", "ms", "spread", "limit ms", "of limit", "limit")
CONTEST_HEADS = ("generator by", "size", "precision", "batch", "lanes", "ms", "spread", "of limit", "of engine", "MiB")
SHOT_HEADS = ("clip", "size", "frames/s", "ms a frame", "slowest stage", "of slowest stage", "of all cores", "MiB")


def format_bench(results: Mapping[str, Any]) -> str:
    """Format all tables of a bench, and explain their columns."""
    machine, options = results["machine"], results["options"]
    parts = [f"{name_machine(machine)}; engine {options['engine']} ({options['precision']})"]
    rows = [row for row in results["rows"] if not is_contest(row)]
    if rows:
        parts += [align((STAGE_HEADS, *map(stage_cells, rows))), "Each stage alone on one core, for one drawing."]
    rows = [row for row in results["rows"] if is_contest(row)]
    if rows:
        parts += [align((CONTEST_HEADS, *map(contest_cells, rows))), _explain_contest(rows)]
    if results["end_to_end"]:
        parts.append(align((SHOT_HEADS, *map(shot_cells, results["end_to_end"]))))
        parts.append(
            "of slowest stage: that stage alone on one core / a frame end to end; at 1 and above the pipeline is as\n"
            "fast as that stage. of all cores: all stages, shared evenly by all cores / a frame end to end; at most 1\n"
            "unless a stage leaves the processor to a GPU."
        )
    return "\n\n".join(parts)


def is_contest(row: Row) -> bool:
    """Return whether a row is a way to run the generator rather than a stage of the pipeline."""
    return "of_engine" in row


def stage_cells(row: Row) -> tuple[str, ...]:
    limit = row.get("limit")
    ends = ("", "", "none known") if limit is None else (_ms(limit["ms"]), f"{row['of_limit']:.1%}", limit["of"])
    return row["stage"], _size(row), _ms(row["ms"]["median"]), _spread(row["ms"]), *ends


def contest_cells(row: Row) -> tuple[str, ...]:
    choices = (row["precision"], str(row["batch"]), str(row["lanes"]))
    shares = (f"{row['of_limit']:.1%}", f"{row['of_engine']:.2f}")
    return (row["by"], _size(row), *choices, _ms(row["ms"]["median"]), _spread(row["ms"]), *shares, _peak(row))


def shot_cells(row: Row) -> tuple[str, ...]:
    speed = (f"{row['frames_per_second']:.1f}", _ms(row["frame_ms"]["median"]), row["slowest_stage"])
    return (row["clip"], _size(row), *speed, f"{row['of_slowest_stage']:.2f}", f"{row['of_all_cores']:.2f}", _peak(row))


def name_machine(machine: Row) -> str:
    """Name the machine in a few words; older results lack the processor's precision."""
    precision = f" ({machine['precision']})" if "precision" in machine else ""
    gpu = f", {machine['gpu']}" if "gpu" in machine else ""
    return f"{machine['cpu']}{precision}, {machine['cores']} cores, {machine['memory_gib']:.0f} GiB{gpu}"


def align(rows: Iterable[Sequence[str]]) -> str:
    """Align rows in columns, with a rule below the first row; columns of numbers are right-aligned."""
    head, *body = [list(row) for row in rows]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    right = [all(row[i][:1].isdigit() or not row[i] for row in body) for i in range(len(head))]
    lines = [
        "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in [head, *body]
    ]
    return "\n".join([lines[0], "-" * max(len(line) for line in lines), *lines[1:]])


def format_markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Format a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _explain_contest(rows: Sequence[Row]) -> str:
    """Explain the columns, the limits of the rows, and the engine's overhead over raw OpenVINO."""
    limits = dict.fromkeys(
        f"{_size(row)}: {row['gflop']} GFLOP, {row['mib']} MiB; {_ms(row['limit']['ms'])} ms, {row['limit']['of']}"
        for row in rows
    )
    wrapped = [
        f"{_size(row)}: without regions {row['of_raw']:.2f} of raw OpenVINO's time" for row in rows if "of_raw" in row
    ]
    explained = "One pass over one picture, all lanes busy. of engine: time / framecolor's, in the same rounds."
    return "\n".join([explained, *limits, *wrapped])


def _size(row: Row) -> str:
    return name_size(row["size"][1], row["size"][0])


def _ms(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def _spread(summary: Row) -> str:
    return f"{_ms(summary['least'])}-{_ms(summary['most'])}"


def _peak(row: Row) -> str:
    device = f" + {row['device_peak_mib']:.0f}" if "device_peak_mib" in row else ""
    return f"{row['peak_mib']:.0f}{device}"
