"""Find and open the shots that the command line names."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framecolor.config.settings import Settings
    from framecolor.shot.shot import Shot


@dataclass(frozen=True)
class ShotPath:
    """One shot that the command line names.

    path  argument of `Shot.open`
    name  its name in tables and messages
    cel   name of its cel if a whole cut was given, else None; the folder of --keys then has a subfolder for each cel
    """

    path: Path
    name: str
    cel: str | None = None

    def find(self, folder: Path | None) -> Path | None:
        """Return this shot's subfolder of a folder that an option names; the folder itself if the shot is no cel."""
        return folder / self.cel if folder is not None and self.cel is not None else folder


def list_shots(paths: Iterable[str | Path], cels: Iterable[str] = ()) -> list[ShotPath]:
    """List the shots of these paths: for a cut folder, one for each of its cels, or for each cel in `cels`.

    The sheet of a cut that TVPaint or Krita exported stands for its folder.

    Raises ShotError if a cut has no such cel, or if cels are chosen from a path that is not a cut.
    """
    from framecolor.errors import ShotError
    from framecolor.shot.cut import find_cut_of, is_cut, list_cels
    from framecolor.shot.file_names import normalize_name

    texts = [normalize_name(text) for text in cels]
    found: list[ShotPath] = []
    for path in (find_cut_of(Path(path)) for path in paths):
        if not (path.is_dir() and is_cut(path)):
            if texts:
                raise ShotError(path, "is not a cut folder, so --cel cannot choose from it", "leave out --cel")
            found.append(ShotPath(path, path.name or path.resolve().name))
            continue
        known = {normalize_name(cel.name): cel for cel in list_cels(path)}
        for name in [name for text in texts for name in _split_cels(text, known)] or known:
            if name not in known:
                raise ShotError(path, f"there is no cel {name}", f"the cut has {', '.join(known)}")
            found.append(ShotPath(known[name].takes[-1], known[name].title, known[name].name))
    return found


def _split_cels(text: str, known: Container[str]) -> list[str]:
    """Split the value of --cel into names; layers of other programs may have a comma in theirs."""
    return [text] if text in known else [name.strip() for name in text.split(",") if name.strip()]


def open_shot(
    one: ShotPath,
    *,
    keys: Path | None = None,
    hints: Path | None = None,
    stencils: Path | None = None,
    frames: str | None = None,
    corrections: Path | None = None,
    sheet: Path | None = None,
    references: Path | None = None,
) -> Shot:
    """Open a shot with the options of `shot_options` and `corrections_option`."""
    from framecolor.shot.shot import Shot

    return Shot.open(
        one.path,
        keys=one.find(keys),
        hints=one.find(hints),
        stencils=one.find(stencils),
        frames=frames,
        corrections=corrections,
        references=references,
        sheet=sheet,
    )


def list_notes(shot: Shot, settings: Settings) -> list[str]:
    """List the notes of a shot, and which recolors of its own are used. Raises InputError for an unusable file."""
    from framecolor.keys.recolor import describe_recolors

    return [*shot.notes, *describe_recolors(shot, settings)]


def list_no_key(shot: Shot, given: Path | None) -> list[str]:
    """List the warning that a shot has nothing to take colors from, with the folder where keys are expected.

    given  the folder of keys that an option names
    """
    from framecolor.shot.cut import find_folder

    if shot.keys or shot.references:
        return []
    folder = given or (find_folder(shot.root, "keys") if shot.cel is None else shot.cel.find_painted("keys")[0])
    absent = "" if folder.is_dir() else ", which does not exist"
    return [f"no key, so colors would be proposed; keys are expected in {folder}{absent}"]
