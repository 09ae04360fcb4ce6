"""One run at a time in an output folder: two that write the same record would each forget what the other painted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from framecolor.errors import OutputError
from framecolor.files import clear_drafts
from framecolor.mattes import MATTE_FOLDER
from framecolor.record import CACHE_FOLDER, KEY_FOLDER, LINE_FOLDER, PARTS_FOLDER


@contextmanager
def claim_output(out: Path) -> Iterator[None]:
    """Hold an output folder, made when missing, against other runs on this or other machines that see the same disk.

    The system lets go of the lock when the process ends, however it ends. On a disk that knows no locks nothing is
    held. What was made for the lock alone is gone afterwards, and so are the unfinished files of runs and tasks that
    were killed. Raises OutputError where another run holds the folder.
    """
    cache = out / CACHE_FOLDER
    parts = cache / PARTS_FOLDER
    made = [] if out.exists() else [out]
    lock = FileLock(cache / "lock")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        fix = "wait for it, or choose another folder with -o"
        raise OutputError(out, "another run is painting into this folder", fix) from None
    except NotImplementedError:
        pass  # a disk without locks
    except OSError as error:
        fix = "check that the folder may be written to and has room, or choose another one with -o"
        raise OutputError(cache, f"cannot be written to ({error.strerror or error})", fix) from error
    try:
        for folder in (out, out / LINE_FOLDER, out / MATTE_FOLDER, out / KEY_FOLDER, cache, parts):
            clear_drafts(folder)
        yield
    finally:
        with suppress(OSError):
            # While it is held: afterwards it may be another run's.
            (cache / "lock").unlink(missing_ok=True)
        lock.release()
        for folder in (parts, cache, *made):
            with suppress(OSError):  # in use
                folder.rmdir()
