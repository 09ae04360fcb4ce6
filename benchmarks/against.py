"""Compare this checkout with an earlier one on the same machine: throughput and the time to the first frame.

    git worktree add ../earlier a964fb6
    python benchmarks/against.py ../earlier
    python benchmarks/against.py ../earlier --isa AVX2    # as on a processor without AVX-512 and bf16

The two are measured in turn, without a fit. Each runs by its command line in its own process, as for a user. Only the
frames a second are those of a second run in one process, as for a worker that paints many shots. Shots are drawn in
code at 1920x1080 (`framecolor/bench/drawn_shot.py`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from record import RESULTS, read_results, write_results

from framecolor.bench.drawn_shot import write_shot
from framecolor.bench.machine import describe_run
from framecolor.bench.timing import interleave, summarize

# Paints a shot twice and prints the seconds of the second run.
_PAINT_TWICE = """
import sys
from pathlib import Path
from framecolor import Settings, Shot, colorize
shot = Shot.open(sys.argv[1])
print([colorize(shot, Path(sys.argv[2]), Settings(fit="off", overwrite=True)).seconds for _ in range(2)][1])
"""
_POLL_SECONDS = 0.005
_PATIENCE_SECONDS = 600


@click.command()
@click.argument("earlier", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--isa", help="Limit libraries to these instructions, such as AVX2.")
@click.option("--frames", type=click.IntRange(12), default=120, show_default=True)
@click.option("--shots", type=click.IntRange(2), default=20, show_default=True, help="Shots of the cut, 8 frames each.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "against.json", show_default=True)
def main(earlier: Path, isa: str | None, frames: int, shots: int, repeats: int, output: Path) -> None:
    """Measure both checkouts; results of other instructions in the output file are kept."""
    if isa is not None:  # for both checkouts, and for the description of the machine
        os.environ |= {"ONEDNN_MAX_CPU_ISA": isa.upper(), "ATEN_CPU_CAPABILITY": isa.lower()}
    run = describe_run()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shot = {name: write_shot(work / name, frames, 3, hold=hold) for name, hold in (("moving", 1), ("twos", 2))}
        cut = [write_shot(work / "cut" / f"shot{i:02d}", 8, 2) for i in range(shots)]
        here = Path(__file__).resolve().parents[1]
        sides = {name: Side(path, work / name) for name, path in (("earlier", earlier.resolve()), ("now", here))}
        measures: dict[str, Callable[[Side], float]] = {
            "first_frame_cold_seconds": lambda side: side.time_first_frame(shot["moving"], cold=True),
            "first_frame_seconds": lambda side: side.time_first_frame(shot["moving"]),
            "idle_seconds": lambda side: side.time_idle(cut[0]),
            "cut_seconds": lambda side: side.time_cut(cut),
            "moving_frames_per_second": lambda side: frames / side.time_paint(shot["moving"]),
            "twos_frames_per_second": lambda side: frames / side.time_paint(shot["twos"]),
        }
        rows: dict[str, dict[str, Any]] = {}
        for name, measure in measures.items():
            values = interleave({s: lambda m=measure, s=side: m(s) for s, side in sides.items()}, 0, repeats)
            rows[name] = {side: summarize(found) for side, found in values.items()}
            click.echo(f"{name}: " + ", ".join(f"{side} {row['median']}" for side, row in rows[name].items()))
    results = {
        "format": 1,
        **run,
        "earlier": _name_commit(earlier),
        "isa": isa,
        "frames": frames,
        "shots": shots,
        "measured": rows,
    }
    write_results(output, {**read_results(output), isa or "native": results})


@dataclass(frozen=True)
class Side:
    """One checkout of the project, run by its command line."""

    checkout: Path
    work: Path

    def time_first_frame(self, shot: Path, *, cold: bool = False) -> float:
        """Time from the command to the first painted frame on disk, in seconds; cold: without caches."""
        if cold:
            shutil.rmtree(self.work / "cache", ignore_errors=True)
        out = self._empty("first")
        begin = time.perf_counter()
        with self._start([shot], "-o", str(out)) as process:
            try:
                while not (out.is_dir() and any(out.glob("*.png"))):
                    if process.poll() not in (None, 0) or time.perf_counter() - begin > _PATIENCE_SECONDS:
                        raise click.ClickException(f"{self.checkout} paints no frame")
                    time.sleep(_POLL_SECONDS)
                return time.perf_counter() - begin
            finally:
                process.kill()

    def time_idle(self, shot: Path) -> float:
        """Time a run that has nothing to do, in seconds."""
        out = str(self.work / "idle")
        self._run([shot], "-o", out)
        return self._run([shot], "-o", out)

    def time_cut(self, shots: Sequence[Path]) -> float:
        """Time one command that paints many short shots, in seconds."""
        own = self._empty("cut")
        copies = [shutil.copytree(shot, own / shot.name, copy_function=os.link) for shot in shots]
        return self._run(copies)

    def time_paint(self, shot: Path) -> float:
        """Time the second painting of a shot in one process, in seconds."""
        command = [sys.executable, "-c", _PAINT_TWICE, str(shot), str(self._empty("paint"))]
        with self._open(command, subprocess.PIPE) as process:
            output = process.communicate()[0]
            if process.returncode != 0:
                raise click.ClickException(f"{self.checkout} does not paint: exit code {process.returncode}")
        return float(output)

    def _empty(self, name: str) -> Path:
        shutil.rmtree(self.work / name, ignore_errors=True)
        return self.work / name

    def _run(self, shots: Sequence[Path], *options: str) -> float:
        begin = time.perf_counter()
        with self._start(shots, *options) as process:
            if process.wait() != 0:
                raise click.ClickException(f"{self.checkout} does not paint: exit code {process.returncode}")
        return time.perf_counter() - begin

    def _start(self, shots: Sequence[Path], *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "framecolor", "colorize", *map(str, shots), "--fit", "off", *options]
        return self._open(command, subprocess.DEVNULL)

    def _open(self, command: list[str], stdout: int) -> subprocess.Popen[bytes]:
        """Start a process in the checkout, which imports the checkout's package."""
        cache = str(self.work / "cache")
        own = {"PYTHONPATH": str(self.checkout), "FRAMECOLOR_CACHE_DIR": cache, "XDG_CACHE_HOME": cache}
        environment = {**os.environ, **own}
        return subprocess.Popen(command, env=environment, stdout=stdout, stderr=subprocess.DEVNULL, cwd=self.checkout)


def _name_commit(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, check=False, encoding="utf-8").stdout.strip()


if __name__ == "__main__":
    main()
