"""From what the command line names to shots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framecolor.shot.shot import Shot


@dataclass(frozen=True)
class ShotPath:
    """One shot that the command line names.

    path  for `Shot.open`
    name  what to call it in tables and messages
    cel   its cel, where it is one of a whole cut: what --keys and the like name then has a folder for each
    """

    path: Path
    name: str
    cel: str | None = None

    def find(self, folder: Path | None) -> Path | None:
        """The folder of this shot's own in one that an option names."""
        return folder / self.cel if folder is not None and self.cel is not None else folder


def list_shots(paths: Iterable[str | Path], cels: Iterable[str] = ()) -> list[ShotPath]:
    """The shots that the command line names: a cut folder is as many as it has cels, or as `cels` choose from it.

    Raises ShotError where a cut lacks a cel that is chosen, or one is chosen from what is no cut.
    """
    from framecolor.errors import ShotError
    from framecolor.shot.cut import is_cut, list_cels

    names = [name.strip() for text in cels for name in text.split(",") if name.strip()]
    found: list[ShotPath] = []
    for path in map(Path, paths):
        if not (path.is_dir() and is_cut(path)):
            if names:
                raise ShotError(path, "this is no cut folder with cels to choose from", "leave out --cel")
            found.append(ShotPath(path, path.name or path.resolve().name))
            continue
        known = {cel.name: cel for cel in list_cels(path)}
        for name in names or known:
            if name not in known:
                raise ShotError(path, f"there is no cel {name}", f"the cut has {', '.join(known)}")
            found.append(ShotPath(known[name].takes[-1], known[name].title, name))
    return found


def open_shot(
    one: ShotPath,
    *,
    keys: Path | None = None,
    hints: Path | None = None,
    stencils: Path | None = None,
    frames: str | None = None,
    corrections: Path | None = None,
    sheet: Path | None = None,
) -> Shot:
    """The shot that the options name: they are those of `shot_options` and `corrections_option`."""
    from framecolor.shot.shot import Shot

    return Shot.open(
        one.path,
        keys=one.find(keys),
        hints=one.find(hints),
        stencils=one.find(stencils),
        frames=frames,
        corrections=corrections,
        sheet=sheet,
    )
