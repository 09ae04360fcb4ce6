"""Find the corrections.json that a browser saved, wherever the command runs.

The report page saves it to the browser's folder of downloads, where a second one becomes "corrections (1).json".
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from framecolor.core.files import read_small
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import FramecolorError

_MAX_BYTES = 32 << 20


def locate_corrections(path: Path, root: Path, shot: str, own: Path | None = None) -> tuple[Path, list[str]]:
    """Locate the file of corrections that a name without a folder stands for. Returns it, and warnings.

    path  as it was given: a file that exists, or a path with a folder, is returned as it is
    root  folder of the shot
    shot  name of the shot: files of other shots are left out
    own   the shot's own file (`shot.own_files`), if it is not in `root`

    A name that is no file here stands for the newest file of this shot in the shot's folder, beside it, in the user's
    folder of downloads, or `own`. If there is none, `path` is returned, so that reading it names the problem.
    """
    if path.name != str(path):
        return path, []
    found = sorted(_find_saved(path, root, shot, own), key=lambda file: file.stat().st_mtime_ns)
    newest = found[-1] if found else None
    if newest is None or (path.is_file() and newest.samefile(path)):
        return path, []
    if not path.is_file():
        return newest, [f"{path} is not in this folder: {newest}, the newest of this shot, is used"]
    if newest.stat().st_mtime_ns > path.stat().st_mtime_ns:
        return path, [f"{path} of this folder is used, but {newest} is newer; to use that, give its path"]
    return path, []


def _find_saved(path: Path, root: Path, shot: str, own: Path | None) -> Iterator[Path]:
    """Find the files of a shot's corrections in the folders where a painter saves them."""
    places = [(folder, path.name) for folder in (root, root.resolve().parent)]
    if own is not None and own.name.endswith(path.name):
        places.append((own.parent, glob.escape(own.name)))
    places.append((platformdirs.user_downloads_path(), f"{path.stem}*{path.suffix}"))
    for folder, pattern in places:
        try:
            yield from (file for file in folder.glob(pattern) if file.is_file() and read_shot_name(file) == shot)
        except OSError:  # a folder that may not be listed
            continue


def read_shot_name(file: Path) -> str | None:
    """Read the name of the shot that a file of corrections is for; None if it is none."""
    try:
        table = parse_json(read_small(file, _MAX_BYTES, "a file of corrections", "").decode("utf-8-sig"))
        return str(table["shot"]) if "corrections" in table else None
    except (FramecolorError, *MISSHAPEN):
        return None
