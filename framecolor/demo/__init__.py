"""The demo shot of the package; ATTRIBUTION.md names its origin.

Imports the pipeline and below.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from framecolor.errors import OutputError
from framecolor.media import write_bytes_atomic

_FOLDERS = ("line", "keys")


def copy_shot(folder: Path) -> None:
    """Copy the demo shot's line/ and keys/ to `folder`; equal files are not written again.

    Raises OutputError, and writes nothing, if one of the two folders holds other files.
    """
    with as_file(files(__name__) / "shot") as source:
        names = {role: sorted(path.name for path in (source / role).glob("*.png")) for role in _FOLDERS}
        for role in _FOLDERS:
            foreign = _find_foreign(folder / role, names[role])
            if foreign:
                raise OutputError(foreign, "is not part of the demo shot", "choose another folder with -o")
        for role in _FOLDERS:
            for name in names[role]:
                data = (source / role / name).read_bytes()
                target = folder / role / name
                if not target.is_file() or target.read_bytes() != data:
                    write_bytes_atomic(target, data)


def _find_foreign(folder: Path, names: list[str]) -> Path | None:
    if not folder.exists():
        return None
    if not folder.is_dir():
        return folder
    return next((path for path in sorted(folder.iterdir()) if path.name not in names), None)
