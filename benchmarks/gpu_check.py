"""Choose the engine to prefer on this GPU, `tensorrt` or `cuda`, by their speed and by their frames.

    python benchmarks/gpu_check.py FOLDER

It writes FOLDER/engines.json and prints the preferred engine. Each engine paints the same drawn shot in its own
process, as a compiler, a driver or the time limit can end it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from framecolor import EngineError, FramecolorError, Settings, Shot
from framecolor.bench.drawn_shot import write_shot
from framecolor.bench.machine import describe_run
from framecolor.bench.timing import summarize
from framecolor.bench.workload import Workload, frame_ms
from framecolor.media import read_image

_FRAMES, _SIZE, _REPEATS = 24, (1080, 1920), 3
_LIMIT_SECONDS = 35
# TensorRT needs an installation and minutes of compiling, so it must be faster by more than runs vary.
_WORTH = 1.05
# They round to half precision differently, which can change the color of an unsure region. More differences are a bug.
_LEAST_ALIKE = 0.995


@dataclass(frozen=True)
class Painted:
    """Median speed of an engine on the shot, file to file; or the problem that prevented it."""

    frames_per_second: float = 0.0
    problem: str = ""


def choose_preferred(cuda: Painted, tensorrt: Painted, alike: float | None) -> tuple[str, str]:
    """Choose the preferred engine and the reason. alike: share of the paint on which both agree, None if one failed."""
    if cuda.problem and tensorrt.problem:
        return "cpu", f"neither GPU engine paints here (cuda: {cuda.problem}) (tensorrt: {tensorrt.problem})"
    if tensorrt.problem:
        return "cuda", f"{cuda.frames_per_second:.1f} frames/s; tensorrt does not paint here ({tensorrt.problem})"
    if cuda.problem:
        return "tensorrt", f"{tensorrt.frames_per_second:.1f} frames/s; cuda does not paint here ({cuda.problem})"
    found = (
        f"tensorrt paints {tensorrt.frames_per_second:.1f} frames/s, cuda {cuda.frames_per_second:.1f}, "
        f"{100 * (alike or 0):.2f} % of the paint alike"
    )
    if alike is None or alike < _LEAST_ALIKE:
        return "cuda", f"{found}, too little to trust tensorrt"
    if tensorrt.frames_per_second < _WORTH * cuda.frames_per_second:
        return "cuda", f"{found}; compiling is not worth it"
    return "tensorrt", found


def compare_paint(ours: Path, theirs: Path, names: Sequence[str]) -> float:
    """Compute the share of the painted pixels that are the same in the frames of these names in two folders."""
    same = painted = 0
    for name in names:
        a, b = read_image(ours / name), read_image(theirs / name)
        either = (a[..., 3] > 0) | (b[..., 3] > 0)
        painted += int(either.sum())
        same += int(((a == b).all(axis=2) & either).sum())
    return same / max(1, painted)


def paint_shot(engine: str, shot_folder: Path, out: Path) -> float:
    """Paint a shot into `out` with one engine, and return the frames per second. Raises FramecolorError on failure."""
    workload = Workload(Shot.open(shot_folder), out, Settings(engine=engine))
    taken_ms: list[float] = []
    for _ in range(1 + _REPEATS):  # the first one opens the engine
        outcome = workload.paint()
        if outcome.failed:
            reason = next(iter(outcome.failed.values()))
            raise EngineError(f"engine {engine}", f"{len(outcome.failed)} frames failed ({reason})")
        taken_ms.append(frame_ms(outcome, len(workload.shot.wanted)))
    return 1000 / cast(float, summarize(taken_ms[1:], 6)["median"])


def compare_engines() -> dict[str, Any]:
    """Paint with both engines, and return the content of engines.json."""
    run = describe_run()
    with tempfile.TemporaryDirectory(prefix="framecolor-bench-") as work:
        shot = write_shot(Path(work) / "shot", _FRAMES, size=_SIZE)
        outs = {engine: Path(work) / engine for engine in ("cuda", "tensorrt")}
        painted = {engine: _paint_apart(engine, shot, out) for engine, out in outs.items()}
        keys = {path.name for path in (shot / "keys").iterdir()}
        names = sorted(path.name for path in (shot / "line").iterdir() if path.name not in keys)
        both = not any(result.problem for result in painted.values())
        alike = compare_paint(outs["cuda"], outs["tensorrt"], names) if both else None
    preferred, why = choose_preferred(painted["cuda"], painted["tensorrt"], alike)
    engines = {engine: {k: v for k, v in asdict(result).items() if v} for engine, result in painted.items()}
    return {**run, "prefer": preferred, "why": why, "alike": alike, "engines": engines}


def _paint_apart(engine: str, shot: Path, out: Path) -> Painted:
    command = [sys.executable, __file__, "--paint", engine, str(shot), str(out)]
    try:
        run = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        return Painted(problem=f"not done after {_LIMIT_SECONDS} s")
    if run.returncode:
        lines = run.stderr.strip().splitlines()
        return Painted(problem=lines[-1] if lines else f"ended with exit code {run.returncode}")
    return Painted(frames_per_second=round(float(run.stdout.split()[-1]), 2))


def main(arguments: Sequence[str]) -> int:
    """Run as described in the module's docstring. Exit code 1 if neither engine painted."""
    if arguments[0] == "--paint":
        try:
            print(paint_shot(arguments[1], Path(arguments[2]), Path(arguments[3])))
        except FramecolorError as error:
            print(error, file=sys.stderr)
            return 2
        return 0
    folder = Path(arguments[0])
    found = compare_engines()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "engines.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(f"prefer {found['prefer']}: {found['why']}")
    return int(found["prefer"] == "cpu")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
