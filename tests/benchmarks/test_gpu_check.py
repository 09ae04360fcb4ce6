"""scripts/gpu_check: without a GPU, one clear line and no result; and how it chooses an engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import gpu_check
import numpy as np
import pytest
import torch
from gpu_check import Painted, choose_preferred, compare_paint, main, paint_shot

from framecolor.bench.drawn_shot import write_shot
from framecolor.media import read_image, write_image

SCRIPT = Path(__file__).parents[2] / "scripts/gpu_check"
NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
MISSING = Painted(problem="TensorRT is not installed")


@NO_GPU
@pytest.mark.parametrize("python", [sys.executable, "/no/python/here"])
def test_without_a_gpu_it_says_so_and_measures_nothing(tmp_path: Path, python: str) -> None:
    environment = {**os.environ, "PYTHON": python}
    run = subprocess.run([SCRIPT, tmp_path / "out"], capture_output=True, text=True, env=environment)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: ") and run.stderr.count("\n") == 1
    assert "PYTHON=" in run.stderr
    assert not list((tmp_path / "out").glob("*.json")) and not (tmp_path / "out/summary.txt").exists()


@pytest.mark.parametrize(
    ("cuda", "tensorrt", "alike", "preferred", "why"),
    [
        (Painted(100), Painted(130), 0.9998, "tensorrt", "130.0 frames/s, cuda 100.0, 99.98 %"),
        (Painted(100), Painted(104), 1.0, "cuda", "not worth it"),
        (Painted(100), Painted(60), 1.0, "cuda", "not worth it"),
        (Painted(100), Painted(300), 0.97, "cuda", "97.00 % of the paint alike"),
        (Painted(100), MISSING, None, "cuda", "100.0 frames/s; tensorrt does not paint here (TensorRT is not"),
        (Painted(problem="out of memory"), Painted(130), None, "tensorrt", "cuda does not paint here (out of memory)"),
        (Painted(problem="out of memory"), MISSING, None, "cpu", "neither"),
    ],
)
def test_tensorrt_is_preferred_where_it_is_faster_and_paints_the_same(
    cuda: Painted, tensorrt: Painted, alike: float | None, preferred: str, why: str
) -> None:
    name, reason = choose_preferred(cuda, tensorrt, alike)
    assert name == preferred and why in reason and "\n" not in reason


def test_paint_is_compared_where_one_of_them_painted(tmp_path: Path) -> None:
    ours, theirs = np.zeros((2, 4, 4, 4), np.uint8)
    ours[:2] = theirs[1:3] = (200, 0, 0, 255)
    for name, picture in (("ours", ours), ("theirs", theirs)):
        write_image(tmp_path / name / "1.png", picture)
    assert compare_paint(tmp_path / "ours", tmp_path / "theirs", ["1.png"]) == pytest.approx(4 / 12)
    assert compare_paint(tmp_path / "ours", tmp_path / "ours", ["1.png"]) == 1


@pytest.mark.usefixtures("quick_engine")
def test_the_result_holds_speed_agreement_and_the_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cpu engine paints the shot in place of both; one of them gets one of two frames wrong."""

    def paint_here(engine: str, shot: Path, out: Path) -> Painted:
        assert paint_shot("cpu", shot, out) > 0
        if engine == "tensorrt":
            write_image(out / "walk.0002.png", read_image(out / "walk.0002.png")[..., [2, 0, 1, 3]])
        return Painted(frames_per_second={"cuda": 100.0, "tensorrt": 200.0}[engine])

    monkeypatch.setattr(gpu_check, "_SIZE", (96, 160))
    monkeypatch.setattr(gpu_check, "_FRAMES", 5)
    monkeypatch.setattr(gpu_check, "_paint_apart", paint_here)
    assert main([str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out/engines.json").read_text("utf-8"))
    assert found["engines"] == {"cuda": {"frames_per_second": 100}, "tensorrt": {"frames_per_second": 200}}
    assert found["prefer"] == "cuda" and 0.2 < found["alike"] < 0.8
    assert capsys.readouterr().out == f"prefer cuda: {found['why']}\n"


@NO_GPU
def test_an_engine_that_fails_or_hangs_is_a_problem_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = write_shot(tmp_path / "shot", 3, size=(96, 160))
    problem = gpu_check._paint_apart("tensorrt", shot, tmp_path / "out").problem
    assert problem.startswith("engine tensorrt: ") and "\n" not in problem
    monkeypatch.setattr(gpu_check, "_LIMIT_SECONDS", 0.1)
    assert gpu_check._paint_apart("tensorrt", shot, tmp_path / "out").problem == "not done after 0.1 s"
