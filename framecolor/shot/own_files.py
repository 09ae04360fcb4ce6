"""A shot's own corrections.json and recolor.toml, which are used without being named.

cut_012/corrections.json            of the shot in the folder cut_012
Cut-005/Keys/A/corrections.json     of the cel A of a cut, beside its keys; of a retake in Keys/A.R1
sh010.corrections.json              of the sequence sh010.####.png, or the movie or level sh010, beside it
"""

from __future__ import annotations

from pathlib import Path

from framecolor.shot.cut import Cel

RECOLOR_NAME = "recolor.toml"


def locate_own(file: str, name: str, root: Path, source: Path, cel: Cel | None) -> Path:
    """Locate a shot's own file of a name; it may not exist.

    name, root, source, cel  of the shot, as in `ShotPlace`
    """
    if cel is not None:
        return cel.find_painted("keys")[-1] / file
    # Beside a pattern or a movie lie those of other shots.
    is_folder = source.is_dir() or source.parent != root
    return root / (file if is_folder else f"{name}.{file}")


def is_there(path: Path) -> bool:
    """Tell whether a path exists; a link to nothing does, so that reading it names the problem."""
    return path.exists() or path.is_symlink()
