"""What the tests of farms share: a shot, one run of it, and processes that find this framecolor on their PATH."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from drawings import make_shot

import framecolor

SPANS = ("1001-1004", "1005-1007")
"""Of the shot that `make_farm_shot` makes."""


def make_farm_shot(root: Path) -> Path:
    """A shot of seven drawings and three keys, with a setting in its framecolor.toml."""
    make_shot(root, 7, (0, 3, 6))
    (root / "framecolor.toml").write_text("min_region_px = 5\n")
    return root


def make_environment(temporary: Path) -> dict[str, str]:
    """For processes: this framecolor and its openjd come first."""
    temporary.mkdir(parents=True, exist_ok=True)
    programs, package = Path(sys.executable).parent, Path(framecolor.__file__).parent.parent
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(programs), os.environ.get("PATH", "")]),
        "PYTHONPATH": str(package),
        "TMPDIR": str(temporary),
    }


def call(environment: dict[str, str], *command: str | Path, cwd: Path | None = None) -> str:
    """Run a command that has to end well; what it prints."""
    words = [str(word) for word in command]
    done = subprocess.run(words, env=environment, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
