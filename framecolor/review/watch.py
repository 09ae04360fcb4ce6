"""Notice that the files of a shot change on disk, by polling: network disks send no events."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

Snapshot = Mapping[str, tuple[int, int]]
"""Path -> (time of the last change in nanoseconds, bytes) of each file."""


def take_snapshot(places: Iterable[Path]) -> Snapshot:
    """Take a snapshot of files, and of all files in folders but hidden ones; what is missing is left out."""
    found: dict[str, tuple[int, int]] = {}
    for place in places:
        for path in _list_files(place):
            with suppress(OSError):
                state = Path(path).stat()
                found[path] = state.st_mtime_ns, state.st_size
    return found


def _list_files(place: Path) -> Iterator[str]:
    if not place.is_dir():
        yield str(place)
        return
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_file():
                yield entry.path


class Watch:
    """Tells when files have changed and are quiet: a program that is still writing one is waited for."""

    def __init__(self, seen: Snapshot) -> None:
        self.seen = seen
        self._last = seen

    def has_changed(self, now: Snapshot) -> bool:
        """Tell whether files differ from those of `seen`, and are as in the last call."""
        is_quiet, self._last = now == self._last, now
        return is_quiet and now != self.seen
