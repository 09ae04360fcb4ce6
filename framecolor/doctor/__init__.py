"""What this machine can do, and what keeps it from more: a table of checks, each of which may fail on its own.

for finding in examine(find_target("cut_012")):
    print(finding.topic, finding.status, finding.what, finding.fix)

To add a check, write a function as `Check` in a module of its topic here, and a line into the table.

Imports everything but the command line.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from framecolor.doctor.finding import STATUSES, Check, Finding, Status, Target, one_line
from framecolor.errors import FramecolorError, ShotError
from framecolor.movie.tracks import find_painted_shot
from framecolor.output.manifest import CACHE_FOLDER, MANIFEST_NAME
from framecolor.shot.cut import find_cel, is_cut, list_cels
from framecolor.shot.sequence import is_pattern

# Topic of what a broken check says -> module and function, imported when its turn comes: also an import may break.
_CHECKS = (
    ("python", "packages:check_python"),
    ("packages", "packages:check_packages"),
    ("extras", "packages:check_extras"),
    ("processor", "machine:check_processor"),
    ("memory", "machine:check_memory"),
    ("gpu", "gpu:check_gpu"),
    ("tensorrt", "tensorrt:check_tensorrt"),
    ("engines", "engines:check_choice"),
    ("engines", "engines:check_networks"),
    ("engine files", "caches:check_engine_files"),
    ("graphs", "caches:check_graphs"),
    ("weights", "weights:check_weights"),
    ("codecs", "codecs:check_images"),
    ("codecs", "codecs:check_movies"),
    ("disk", "disk:check_folders"),
    ("locks", "disk:check_locks"),
    ("settings", "shot:check_settings"),
    ("shot", "shot:check_shot"),
    ("output", "shot:check_outputs"),
    ("fits", "caches:check_fits"),
)

__all__ = ["STATUSES", "Check", "Finding", "Status", "Target", "examine", "find_target"]


def find_target(path: str | Path | None = None) -> Target:
    """What is to be looked at: a shot, a cut, a cel, a folder of painted frames, or (None) the folder where one is.

    Raises ShotError where there is nothing of that name.
    """
    if path is None:
        return Target(Path.cwd(), (Path.cwd() / "color",))
    path = Path(path)
    if (path / MANIFEST_NAME).exists() or (path / CACHE_FOLDER).is_dir():
        shot = find_painted_shot(path)
        return Target(path.absolute().parent, (path,)) if shot is None else replace(_open(shot), outs=(path,))
    return _open(path)


def _open(path: Path) -> Target:
    if (cel := find_cel(path)) is not None:
        return Target(cel.cut, (cel.out,), (path,))
    if path.is_dir() and is_cut(path):
        cels = list_cels(path)
        return Target(path, tuple(cel.out for cel in cels), tuple(cel.takes[-1] for cel in cels))
    root = path if path.is_dir() else path.parent
    if not root.is_dir() or not (path.exists() or is_pattern(path)):
        raise ShotError(path, "there is no such folder, sequence or movie", "check the name")
    return Target(root, (root / "color",), (path,))


def examine(target: Target) -> Iterator[Finding]:
    """All findings, in the order of the table, each as soon as it is known. Nothing is raised.

    A check that breaks ends in a failing finding with what it raised; the others go on.
    """
    for topic, name in _CHECKS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield from _load(name)(target)
        except FramecolorError as error:
            yield Finding(topic, "fail", one_line(Exception(f"{error.subject}: {error.problem}")), error.fix or _LOOK)
        except Exception as error:  # what is broken raises what it likes
            yield Finding(topic, "fail", f"{type(error).__name__}: {one_line(error)}", _LOOK)


_LOOK = "mend what the error names, or install framecolor anew: pip install --force-reinstall framecolor"


def _load(name: str) -> Check:
    module, _, function = name.partition(":")
    return getattr(import_module(f"framecolor.doctor.{module}"), function)
