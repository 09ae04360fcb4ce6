"""Lock an output folder for one run: of two runs with one manifest, each would lose the entries of the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from framecolor.core.files import clear_drafts
from framecolor.errors import OutputError
from framecolor.output.cryptomatte import CRYPTOMATTE_FOLDER
from framecolor.output.manifest import CACHE_FOLDER, KEY_FOLDER, LINE_FOLDER, PARTS_FOLDER
from framecolor.output.mattes import LINE_MATTE_FOLDER, MATTE_FOLDER

# Folders below the output folder that runs write to.
_FOLDERS = (LINE_FOLDER, MATTE_FOLDER, LINE_MATTE_FOLDER, CRYPTOMATTE_FOLDER, KEY_FOLDER, CACHE_FOLDER,
            f"{CACHE_FOLDER}/{PARTS_FOLDER}")  # fmt: skip

_LOCK = "lock"


def refuse_links_out(out: Path) -> None:
    """Raise OutputError if a folder below `out` that runs write to is a link out of it.

    `out` itself may be a link, as the user named it. Frames are renamed into place and never follow a link.
    """
    inside = Path(os.path.realpath(out))
    for name in _FOLDERS:
        place = Path(os.path.realpath(out / name))
        if place != inside / name:
            problem = f"is a link to {place}, outside the output folder"
            raise OutputError(out / name, problem, "remove it, or choose another folder with -o")


@contextmanager
def claim_output(out: Path) -> Iterator[None]:
    """Lock an output folder, created if missing, against runs on all machines that share the disk.

    The system releases the lock when the process ends for any reason. On a disk without locks this does nothing. A run
    that writes nothing leaves no new folder behind; otherwise the lock's file stays. Deletes unfinished files of killed
    runs and tasks. Raises OutputError if another run has the lock, and as `refuse_links_out` does.
    """
    refuse_links_out(out)
    cache = out / CACHE_FOLDER
    parts = cache / PARTS_FOLDER
    made = [] if out.exists() else [out]
    lock = FileLock(cache / _LOCK)
    try:
        _acquire(lock, cache / _LOCK)
    except Timeout:
        fix = "wait for it, or choose another folder with -o"
        raise OutputError(out, "another run is painting into this folder", fix) from None
    except NotImplementedError:
        pass  # a disk without locks
    except OSError as error:
        fix = "check its permissions and free space, or choose another folder with -o"
        raise OutputError(cache, f"cannot be written to ({error.strerror or error})", fix) from error
    try:
        for folder in (out, *(out / name for name in _FOLDERS)):
            clear_drafts(folder)
        yield
    finally:
        if made and not any(path.is_file() for path in out.rglob("*") if path != cache / _LOCK):
            with suppress(OSError):
                (cache / _LOCK).unlink()
        lock.release()
        for folder in (parts, cache, *made):
            with suppress(OSError):  # in use
                folder.rmdir()


def _acquire(lock: FileLock, path: Path) -> None:
    """Lock the file that is at `path` now, not one that another run has just deleted."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch()
        before = path.stat().st_ino
        lock.acquire(timeout=0)
        with suppress(FileNotFoundError):
            if path.stat().st_ino == before:
                return
        lock.release()
