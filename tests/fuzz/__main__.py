"""`scripts/fuzz`: a worker for each target, one after the other, and the results as JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import click

from framecolor.bench.machine import describe_machine
from framecolor.media import write_text_atomic
from fuzz.target import Target, find_target, list_targets

_COVERED = re.compile(r"cov: (\d+)")
_FAILURE = re.compile(r"^(?:\w+\.)*FuzzFailure: .*|^==\d+== ?ERROR: .*|^SUMMARY: .*", re.MULTILINE)


@click.command()
@click.argument("names", nargs=-1, metavar="[TARGET]...")
@click.option("--runs", default=100_000, show_default=True, help="Inputs for each target.")
@click.option("--timeout", default=20, show_default=True, help="Seconds after which an input counts as a hang.")
@click.option("--rss", default=3072, show_default=True, help="MB of memory at which a worker is stopped.")
@click.option("--seed", default=1, show_default=True, help="Of all chance.")
@click.option("--corpus", type=click.Path(path_type=Path), help="Folder to keep the corpora in, to go on from.")
@click.option("--findings", type=click.Path(path_type=Path), default=Path("fuzz-findings"), show_default=True,
              help="Folder for inputs that fail.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), help="JSON file of results; other targets in it stay.")
@click.option("--list", "only_list", is_flag=True, help="List the targets.")
def main(
    names: tuple[str, ...], runs: int, timeout: int, rss: int, seed: int, corpus: Path | None, findings: Path,
    out: Path | None, only_list: bool,
) -> None:  # fmt: skip
    """Fuzz each TARGET (GROUP or GROUP.NAME; all by default). Exit code 1 when an input fails."""
    chosen = [n for n in list_targets() if not names or n in names or n.partition(".")[0] in names]
    if only_list or not chosen:
        click.echo("\n".join(list_targets()))
        sys.exit(0 if only_list else 2)
    findings.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in chosen:
        limits = [f"-runs={runs}", f"-timeout={timeout}", f"-rss_limit_mb={rss}", f"-seed={seed}"]
        row = fuzz(name, corpus, findings, limits)
        click.echo(f"{name:24s} {row['inputs']:9,d} inputs {row['seconds']:7.1f} s  {row['failure'] or 'good'}")
        failed = failed or bool(row["failure"])
        if out is not None:
            record(out, name, row)
    sys.exit(failed)


def fuzz(name: str, corpora: Path | None, findings: Path, options: list[str]) -> dict[str, Any]:
    """One worker's run: what it tried, and the first line of what failed; all that it said goes to `findings` then."""
    target = find_target(name)
    memory = Path("/dev/shm")  # where there is such a disk: another would be what is measured
    with tempfile.TemporaryDirectory(prefix="framecolor-fuzz-", dir=memory if memory.is_dir() else None) as own:
        folder = Path(own)
        corpus = (corpora or folder) / name
        corpus.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(target.seeds()):
            (corpus / f"seed-{number}").write_bytes(data)
        options = [*options, f"-max_len={target.most_bytes}", f"-artifact_prefix={findings / name}-"]
        if target.words:
            (folder / "words").write_text(_write_words(target))
            options.append(f"-dict={folder / 'words'}")
        begin = time.monotonic()
        command = [sys.executable, "-m", "fuzz.worker", name, str(folder / "counts"), *options, str(corpus)]
        place = {**os.environ, "TMPDIR": own}
        run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, env=place)
        seconds = time.monotonic() - begin
        told = json.loads((folder / "counts").read_text()) if (folder / "counts").exists() else {}
    covered = _COVERED.findall(run.stderr)
    failure = ""
    if run.returncode:
        (findings / f"{name}.log").write_text(run.stdout + run.stderr)
        lines = _FAILURE.findall(run.stdout + run.stderr) or run.stderr.splitlines()[-1:]
        failure = lines[0][:300] if lines else f"exit code {run.returncode}"
    return {
        "parser": target.parser,
        "inputs": told.get("inputs", 0),
        "accepted": told.get("accepted", 0),
        "seconds": round(seconds, 1),
        "edges": int(covered[-1]) if covered else 0,
        "peak_mb": told.get("peak_mb", 0),
        "failure": failure,
    }


def _write_words(target: Target) -> str:
    """A dictionary as libFuzzer reads it."""
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in target.words)


def record(out: Path, name: str, row: dict[str, Any]) -> None:
    """Add a target's row to the results."""
    table = json.loads(out.read_text("utf-8")) if out.exists() else {"targets": {}}
    table["machine"] = describe_machine()
    table["targets"][name] = {**row, "date": date.today().isoformat()}
    table["targets"] = dict(sorted(table["targets"].items()))
    write_text_atomic(out, json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main(prog_name="scripts/fuzz")
