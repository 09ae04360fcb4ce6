"""Format the results of the fault campaign (`benchmarks/faults.py`) and of the fuzzer (`scripts/fuzz`)."""

from __future__ import annotations

from pathlib import Path

from record import read_results

from framecolor.bench.table import format_markdown, name_machine

# Group of the fault campaign -> description of its cases.
_CASES = {
    "stopped at random moments": "stopped at random moments by SIGKILL, SIGTERM or SIGINT, and run again",
    "test_faults_kill": "fifty more in one test, and two through a shell",
    "test_faults_leftovers": "what killed runs leave: drafts, stopped fits, locks, parts",
    "test_faults_disk": "full disks; runs at once in one folder, ten parts at once, a run beside parts",
    "test_faults_inputs": "inputs, records, caches, weights: gone, cut, changed or damaged, also in the middle",
    "test_faults_links": "pipes, sockets, devices, loops of links and links that lead outside, in every place",
    "test_faults_names": "hostile names, numbers and sizes; decompression bombs; 1x1 pixels; 3,000 frames",
    "test_faults_shell": "no home, no temporary folder, closed streams, locales, umask, clock, deleted folder",
}


def format_faults(results: Path) -> str | None:
    """Format the groups of cases, their sum, and the long shot; None if there are no results."""
    table = read_results(results / "faults.json")
    if not table:
        return None
    rows = [(_CASES[g["name"]], f"{g['cases']:,}", str(len(g["failures"]))) for g in table["groups"]]
    rows.append(("**all**", f"**{table['cases']:,}**", f"**{table['failures']}**"))
    shot = table["long_shot"]
    seconds = ", ".join(f"{step} {shot[step]['seconds']:.0f} s" for step in ("plan", "colorize", "again", "report"))
    peak = max(shot[step]["peak_mib"] for step in ("plan", "colorize", "again", "report"))
    long = f"A shot of {shot['frames']:,} frames: {seconds}, at most {peak:,} MiB of memory."
    machine = name_machine(table["machine"])
    return f"{format_markdown(('what was done', 'cases', 'failed'), rows)}\n\n{long} {machine}."


def format_fuzz(results: Path) -> str | None:
    """Summarize all targets of the fuzzer in one sentence; None if there are no results."""
    table = read_results(results / "fuzz.json")
    if not table:
        return None
    rows = table["targets"].values()
    tried, least = sum(row["inputs"] for row in rows), min(row["inputs"] for row in rows)
    failed = sum(bool(row["failure"]) for row in rows)
    return (
        f"{len(rows)} parsers, {tried:,} inputs, at least {least:,} for each: {failed} failed. "
        f"{name_machine(table['machine'])}."
    )
