"""Run the fault campaign: kills at random moments, every fault test, and a shot too long for a test.

    python benchmarks/faults.py                  # about ten minutes
    python benchmarks/faults.py --kills 1000     # more kills

A case fails if a run leaves a partial file, changes other files, or ends without a right result or a clear error. It
also fails if the next run does not end with the same bytes as an undisturbed one.
"""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
from record import RESULTS, write_results

_TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(_TESTS))

from drawings import make_shot  # noqa: E402  # pyright: ignore[reportMissingImports]
from faulty import kill_at, list_changes, list_torn, read_tree, run, stopped_well  # noqa: E402  # pyright: ignore[reportMissingImports]

from framecolor.bench.machine import describe_run  # noqa: E402
from framecolor.core.cpu import count_usable_cores  # noqa: E402

_OPTIONS = ("--fit", "12", "--report", "--line", "layer", "--mattes")
_MOST_LINKS = 30_000  # to one file; file systems allow some ten thousand
_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


@click.command()
@click.option("--kills", type=click.IntRange(1), default=300, show_default=True, help="Runs to stop.")
@click.option("--frames", type=click.IntRange(2), default=65535, show_default=True, help="Frames of the long shot.")
@click.option("--tests/--no-tests", default=True, show_default=True, help="Also run the fault tests.")
@click.option("--seed", default=6, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "faults.json", show_default=True)
def main(kills: int, frames: int, tests: bool, seed: int, output: Path) -> None:
    """Run all cases and write the counts."""
    about = describe_run()
    with tempfile.TemporaryDirectory() as work:
        groups = [stop_runs(Path(work), kills, seed)]
        groups += [run_tests(path) for path in sorted(_TESTS.glob("test_faults_*.py"))] if tests else []
        long = paint_long(Path(work), frames)
    for group in groups:
        click.echo(f"{group['name']}: {group['cases']} cases, {len(group['failures'])} failed, {group['seconds']} s")
    write_results(
        output,
        {
            "format": 1,
            **about,
            "cases": sum(group["cases"] for group in groups),
            "failures": sum(len(group["failures"]) for group in groups),
            "groups": groups,
            "long_shot": long,
        },
    )


def stop_runs(work: Path, count: int, seed: int) -> dict[str, Any]:
    """Stop runs at random moments, every third of them twice, and complete each by another run."""
    begin = time.monotonic()
    expected, seconds = paint_undisturbed(work / "undisturbed")

    def attempt(i: int) -> str:
        choose = random.Random(seed * 1_000_003 + i)
        folder = work / f"kill{i}"
        root = make_shot(folder / "cut", 5, (0, 4))
        events = []
        for _ in range(2 if i % 3 == 0 else 1):
            number, moment = choose.choice(_SIGNALS), choose.uniform(0, 1.1 * seconds)
            stopped = kill_at(moment, number, "colorize", root, *_OPTIONS, printed=folder / "printed")
            torn = list_torn(read_tree(root / "color"), expected)
            events.append(f"{number.name} after {moment:.3f} s: code {stopped.code}, {torn=}")
            if torn or not stopped_well(stopped, number):
                return "; ".join(events)
        again = run("colorize", root, *_OPTIONS, printed=folder / "printed")
        changed = list_changes(read_tree(root / "color"), expected)
        shutil.rmtree(folder)
        return "; ".join([*events, f"then code {again.code}, {changed=}"]) if again.code or changed else ""

    with ThreadPoolExecutor(count_usable_cores()) as pool:
        failures = [failure for failure in pool.map(attempt, range(count)) if failure]
    taken = round(time.monotonic() - begin, 1)
    return {"name": "stopped at random moments", "cases": count, "failures": failures, "seconds": taken}


def paint_undisturbed(folder: Path) -> tuple[dict[str, object], float]:
    """Run undisturbed: return the output tree and the seconds it takes."""
    root = make_shot(folder / "cut", 5, (0, 4))
    ended = None
    for _ in range(2):  # the first run also starts the server
        shutil.rmtree(root / "color", ignore_errors=True)
        ended = run("colorize", root, *_OPTIONS, printed=folder / "printed")
    assert ended is not None and ended.code == 0, ended
    return read_tree(root / "color"), ended.seconds


def run_tests(path: Path) -> dict[str, Any]:
    """Run the tests of one file, as a group of cases."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    output = subprocess.run(command, capture_output=True, encoding="utf-8", check=False).stdout
    passed = re.search(r"(\d+) passed", output)
    failures = re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    cases = len(failures) + (int(passed[1]) if passed else 0)
    return {"name": path.stem, "cases": cases, "failures": failures, "seconds": round(time.monotonic() - begin, 1)}


def paint_long(work: Path, frames: int) -> dict[str, Any]:
    """Measure plan, colorize and report on a shot that holds one drawing for this many frames."""
    root = make_shot(work / "long", 1, (0,), first=1)
    line = root / "line/cut.0001.png"
    for number in range(2, frames + 1):
        target = line.with_name(f"cut.{number:04d}.png")
        if number % _MOST_LINKS:
            os.link(line, target)
        else:
            line = Path(shutil.copy(line, target))
    return {
        "frames": frames,
        "plan": measure(lambda: run_quietly("plan", root)),
        "colorize": measure(lambda: run_quietly("colorize", root, "--fit", "0")),
        "again": measure(lambda: run_quietly("colorize", root, "--fit", "0")),
        "report": measure(lambda: run_quietly("report", root)),
    }


def run_quietly(*arguments: str | Path) -> None:
    """Run the command line in a process, without its output."""
    words = [sys.executable, "-m", "framecolor", *map(str, arguments)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(act: Callable[[], object]) -> dict[str, float]:
    """Measure the seconds of a call, and the peak memory of any child process so far in MiB."""
    begin = time.monotonic()
    act()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    return {"seconds": round(time.monotonic() - begin, 1), "peak_mib": peak}


if __name__ == "__main__":
    main()
