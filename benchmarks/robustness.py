"""What fuzzing found: one row for each parser (`scripts/fuzz -o benchmarks/results/fuzz.json`)."""

from __future__ import annotations

from pathlib import Path

from record import read_results

from framecolor.bench.table import format_markdown, name_machine

_HEADS = ("parser", "inputs", "accepted", "branches", "s", "peak MB", "failed")


def format_fuzz(results: Path) -> str | None:
    """The targets of a run of the fuzzer, and all of them together; None where there are no results."""
    table = read_results(results / "fuzz.json")
    if not table:
        return None
    targets = table["targets"]
    rows = [
        (
            f"`{row['parser']}`", f"{row['inputs']:,}", f"{row['accepted']:,}", f"{row['edges']:,}",
            f"{row['seconds']:.0f}", f"{row['peak_mb']:,}", "1" if row["failure"] else "0",
        )
        for row in targets.values()
    ]  # fmt: skip
    tried, accepted, failed = (
        sum(row[name] if name != "failure" else bool(row[name]) for row in targets.values())
        for name in ("inputs", "accepted", "failure")
    )
    rows.append((f"**{len(targets)} parsers**", f"**{tried:,}**", f"{accepted:,}", "", "", "", f"**{failed}**"))
    return f"{format_markdown(_HEADS, rows)}\n\n{name_machine(table['machine'])}."
