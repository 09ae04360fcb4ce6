"""Notice that the files of a shot change on disk, by polling: network disks send no events."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from framecolor.config.settings_file import SETTINGS_FILE
from framecolor.media import IMAGE_SUFFIXES, MOVIE_SUFFIXES
from framecolor.media.levels.member import LEVEL_SUFFIX, PALETTE_SUFFIX, find_container
from framecolor.review.places import Places
from framecolor.shot.cut import find_folder
from framecolor.shot.references import REFERENCE_FOLDER
from framecolor.shot.shot import Shot

State = tuple[int, int, int]
Snapshot = Mapping[str, State]
"""Path -> (time of the last change in nanoseconds, bytes, file number) of each file."""

_TABLES = frozenset({".json", ".toml", ".csv", ".xdts", ".tdts", ".sxf"})
_PICTURES = frozenset({*IMAGE_SUFFIXES, *MOVIE_SUFFIXES, LEVEL_SUFFIX, PALETTE_SUFFIX})


def take_snapshot(shot: Shot, places: Places, files: Iterable[Path]) -> Snapshot:
    """Take a snapshot of the files that a shot is painted from; what is missing is left out.

    files  further ones, such as those that its settings name
    """
    painted = [path for mapping in (shot.lines, shot.keys, shot.hints) for path in mapping.values()]
    painted += [path for one in shot.references for path in (one.painted, one.line) if path is not None]
    folders = {find_container(path).parent for path in painted}
    folders |= {places.keys, places.hints, find_folder(shot.root, REFERENCE_FOLDER)}
    named = {places.corrections, places.recolor, shot.line_source, *files}
    named |= {folder / SETTINGS_FILE for folder in (shot.root.resolve(), *shot.root.resolve().parents)}
    found: dict[str, State] = {}
    for folder in folders:
        found |= _list_states(folder, _PICTURES)
    found |= _list_states(shot.root, _TABLES)
    for path in named:
        if (state := look_at(path)) is not None:
            found[str(path)] = state
    return found


def look_at(path: Path) -> State | None:
    """Return the state of a file; None if it is missing, or is none."""
    with suppress(OSError):
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            return found.st_mtime_ns, found.st_size, found.st_ino
    return None


def _list_states(folder: Path, suffixes: frozenset[str]) -> dict[str, State]:
    return dict(_visit(folder, suffixes))


def _visit(folder: Path, suffixes: frozenset[str]) -> Iterator[tuple[str, State]]:
    with suppress(OSError), os.scandir(folder) as entries:
        for path in map(Path, entries):
            is_seen = path.suffix.lower() in suffixes and not path.name.startswith(".")
            if is_seen and (state := look_at(path)) is not None:
                yield str(path), state


class Watch:
    """Tells which files have changed and are quiet: a program that is still writing one is waited for."""

    def __init__(self) -> None:
        self._seen: dict[str, State] = {}
        self._last: Snapshot = {}

    def reset(self, now: Snapshot) -> None:
        """Take what is there now as seen."""
        self._seen, self._last = dict(now), now

    def note(self, paths: Iterable[Path]) -> None:
        """Take files as seen that an own edit has changed."""
        for path in paths:
            state = look_at(path)
            if state is None:
                self._seen.pop(str(path), None)
            else:
                self._seen[str(path)] = state

    def find_changed(self, now: Snapshot) -> list[str]:
        """List the files that changed since they were seen, and are as in the last call. They are seen then."""
        names = sorted(self._seen.keys() | now.keys())
        changed = [name for name in names if self._seen.get(name) != now.get(name) == self._last.get(name)]
        for name in changed:
            if name in now:
                self._seen[name] = now[name]
            else:
                del self._seen[name]
        self._last = now
        return changed
