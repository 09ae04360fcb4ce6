"""Set up the environment of the other scripts: .venv with this checkout and an extra.

It does nothing if pyproject.toml has not changed since the last run. It uses the standard library only, and no syntax
that a Python before 3.11 cannot parse, so that such a Python reaches the error that asks for a newer one.

    python scripts/environment.py [EXTRA]
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
_OLDEST = (3, 11)
_WINDOWS = os.name == "nt"
# Installed first and by its exact version: with a range, pip may take a newer build with gigabytes of CUDA libraries.
_TORCH = "torch==2.13.0"


def prepare_environment(extra: str = "") -> Path:
    """Make .venv if it is missing, install what it lacks, and return its Python. Raises SystemExit on a failure."""
    if sys.version_info < _OLDEST:
        found, oldest = ("{}.{}".format(*version) for version in (sys.version_info, _OLDEST))
        print(f"error: this is Python {found}; install {oldest} or newer and run the script with it", file=sys.stderr)
        raise SystemExit(2)
    folder, described = ROOT / ".venv", ROOT / "pyproject.toml"
    python = folder / ("Scripts/python.exe" if _WINDOWS else "bin/python")
    stamp = folder / f".installed-{extra or 'core'}"
    if stamp.is_file() and filecmp.cmp(stamp, described, shallow=False):
        return python
    if not python.exists():
        call(sys.executable, "-m", "venv", str(folder))
    for wanted in ([_TORCH], ["-e", f".[{extra}]" if extra else "."]):
        call(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted)
    shutil.copyfile(described, stamp)
    return python


def call(*command: str) -> None:
    """Run a program in the checkout. Raises SystemExit with its exit code if it fails; it prints its own errors."""
    try:
        code = subprocess.call(command, cwd=ROOT)
    except KeyboardInterrupt:
        code = 130
    if code != 0:
        raise SystemExit(code)


def become(*command: str) -> NoReturn:
    """Run a program in the checkout, in place of this process."""
    os.chdir(ROOT)
    if not _WINDOWS:
        os.execv(command[0], command)
    # On Windows, exec would return to the shell at once. Ctrl-C reaches both processes; only the child handles it.
    with subprocess.Popen(command) as process:
        while True:
            try:
                sys.exit(process.wait())
            except KeyboardInterrupt:
                continue


if __name__ == "__main__":
    prepare_environment(*sys.argv[1:2])
