"""scripts/gpu_check on a machine without a GPU: one clear line, and nothing that looks like a result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[1] / "scripts/gpu_check"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("python", [sys.executable, "/no/python/here"])
def test_without_a_gpu_it_says_so_and_measures_nothing(tmp_path: Path, python: str) -> None:
    environment = {**os.environ, "PYTHON": python}
    run = subprocess.run([SCRIPT, tmp_path / "out"], capture_output=True, text=True, env=environment)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: ") and run.stderr.count("\n") == 1
    assert "PYTHON=" in run.stderr
    assert not list((tmp_path / "out").glob("*.json")) and not (tmp_path / "out/summary.txt").exists()
