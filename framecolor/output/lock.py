"""One run at a time in an output folder: two that write the same manifest would each forget what the other painted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from framecolor.core.files import clear_drafts
from framecolor.errors import OutputError
from framecolor.output.manifest import CACHE_FOLDER, KEY_FOLDER, LINE_FOLDER, PARTS_FOLDER
from framecolor.output.mattes import MATTE_FOLDER

# Where runs write below the output folder.
_FOLDERS = (LINE_FOLDER, MATTE_FOLDER, KEY_FOLDER, CACHE_FOLDER, f"{CACHE_FOLDER}/{PARTS_FOLDER}")

_LOCK = "lock"


def refuse_links_out(out: Path) -> None:
    """Raise OutputError where a folder below `out` that runs write to is a link to somewhere else.

    `out` itself may be one: that is where the user said. Frames are renamed into place and never follow a link.
    """
    inside = Path(os.path.realpath(out))
    for name in _FOLDERS:
        place = Path(os.path.realpath(out / name))
        if place != inside / name:
            problem = f"is a link to {place}, outside of where the frames go"
            raise OutputError(out / name, problem, "remove it, or choose another folder with -o")


@contextmanager
def claim_output(out: Path) -> Iterator[None]:
    """Hold an output folder, made when missing, against other runs on this or other machines that see the same disk.

    The system lets go of the lock when the process ends, however it ends. On a disk that knows no locks nothing is
    held. The lock's file stays, but for a run that was refused before it wrote anything: that leaves no folder behind.
    Unfinished files of runs and tasks that were killed are gone afterwards. Raises OutputError where another run holds
    the folder, and as `refuse_links_out`.
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
        fix = "check that the folder may be written to and has room, or choose another one with -o"
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
    """Hold the file that is at `path`, not one that another run removed in the meantime."""
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
