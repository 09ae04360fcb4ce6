"""Checks of this machine: what works, what does not, and the fix. Each check of the table can fail by itself.

for finding in examine(find_target("cut_012")):
    print(finding.topic, finding.status, finding.what, finding.fix)

To add a check, write a function with the signature of `Check` in the module of its topic, and add it to the table.

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
from framecolor.output.find import find_painted_shot
from framecolor.output.manifest import CACHE_FOLDER, MANIFEST_NAME
from framecolor.shot.cut import find_cel, find_cut_of, is_cut, list_cels
from framecolor.shot.sequence import is_pattern

# Topic of the finding if the check itself breaks; module and function, imported when they run, as an import can break.
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
    ("weights", "weights:check_weights"),
    ("codecs", "codecs:check_images"),
    ("codecs", "codecs:check_movies"),
    ("disk", "disk:check_folders"),
    ("locks", "disk:check_locks"),
    ("settings", "shot:check_settings"),
    ("shot", "shot:check_shot"),
    ("output", "shot:check_outputs"),
)

__all__ = ["STATUSES", "Check", "Finding", "Status", "Target", "examine", "find_target"]


def find_target(path: str | Path | None = None) -> Target:
    """Find what to check: a shot, a cut, a cel or a folder of painted frames; if None, the working folder.

    Raises ShotError if the path does not exist.
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
    path = find_cut_of(path)
    if path.is_dir() and is_cut(path):
        cels = list_cels(path)
        return Target(path, tuple(cel.out for cel in cels), tuple(cel.takes[-1] for cel in cels))
    root = path if path.is_dir() else path.parent
    if not root.is_dir() or not (path.exists() or is_pattern(path)):
        raise ShotError(path, "there is no such folder, sequence or movie", "check the name")
    return Target(root, (root / "color",), (path,))


def examine(target: Target) -> Iterator[Finding]:
    """Yield the findings of all checks, in the order of the table. Raises nothing.

    A check that raises yields a failed finding with its error, and the next ones run.
    """
    for topic, name in _CHECKS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield from _load(name)(target)
        except FramecolorError as error:
            yield Finding(topic, "fail", f"{error.subject}: {error.problem}", error.fix or _FIX)
        except Exception as error:  # a broken installation can raise anything
            yield Finding(topic, "fail", f"{type(error).__name__}: {one_line(error)}", _FIX)


_FIX = "repair what the error names, or install framecolor again: pip install --force-reinstall framecolor"


def _load(name: str) -> Check:
    module, _, function = name.partition(":")
    return getattr(import_module(f"framecolor.doctor.{module}"), function)
