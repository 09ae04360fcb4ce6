"""Where the edits of a shot are kept: its corrections, its recolored colors, and its folders of hints and keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from framecolor.core.parsing import is_file_name
from framecolor.media import IMAGE_SUFFIXES
from framecolor.shot.cut import find_folder
from framecolor.shot.downloads import locate_corrections
from framecolor.shot.shot import Shot

CORRECTIONS, RECOLOR, HINTS, KEYS = "corrections", "recolor", "hints", "keys"


@dataclass(frozen=True)
class Places:
    """The files and folders that edits change.

    Each file has a name that holds no folder of this machine: corrections, recolor, hints/NAME or keys/NAME.
    """

    corrections: Path
    recolor: Path
    hints: Path
    keys: Path

    def locate(self, name: str) -> Path:
        """Return the path of a file by its name. Raises ValueError for any other name."""
        if name in (CORRECTIONS, RECOLOR):
            return self.corrections if name == CORRECTIONS else self.recolor
        folder, _, file = name.partition("/")
        if folder not in (HINTS, KEYS) or not is_file_name(file) or file.startswith("."):
            raise ValueError(f"{name!r:.80} is no file that edits change")
        if Path(file).suffix.lower() not in IMAGE_SUFFIXES:
            raise ValueError(f"{name!r:.80} is no picture")
        return (self.hints if folder == HINTS else self.keys) / file


def find_places(
    shot: Shot,
    corrections: Path | None = None,
    recolor: str | None = None,
    hints: Path | None = None,
    keys: Path | None = None,
) -> Places:
    """Find the places of a shot's edits; `corrections`, `recolor`, `hints` and `keys` are those that options name.

    They are where `colorize` reads them: the shot's own files (`shot.own_files`); of a cel, the folders of its last
    take.
    """
    return Places(
        corrections=shot.corrections_file if corrections is None else _locate(shot, corrections),
        recolor=shot.recolor_file if recolor is None else shot.root / recolor,
        hints=hints or _find_painted(shot, HINTS),
        keys=keys or _find_painted(shot, KEYS),
    )


def _locate(shot: Shot, corrections: Path) -> Path:
    return locate_corrections(corrections, shot.root, shot.name, shot.corrections_file)[0]


def _find_painted(shot: Shot, role: str) -> Path:
    return find_folder(shot.root, role) if shot.cel is None else shot.cel.find_painted(role)[-1]
