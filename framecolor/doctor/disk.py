"""Check the folders that are written to: space, permissions, atomic writes and locks. Test files are removed."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from framecolor.core.files import write_bytes_atomic
from framecolor.doctor.finding import Finding, Target
from framecolor.engines.tensorrt.cache import EngineCache
from framecolor.errors import OutputError

_LEAST_GIB, _LITTLE_GIB = 0.1, 2.0


def check_folders(target: Target) -> Iterator[Finding]:
    """Check the folders of frames, engine files and temporary files.

    Without a shot, a folder for frames that does not exist yet is reported only if it has a problem.
    """
    folders = {
        "frames": target.outs[0],
        "engine files": EngineCache().folder,
        "temporary files": Path(tempfile.gettempdir()),
    }
    fixes = {
        "frames": "change its permissions, or choose another folder with -o",
        "engine files": "change its permissions, or choose another folder with FRAMECOLOR_ENGINE_DIR",
        "temporary files": "change its permissions, or choose another folder with TMPDIR",
    }
    for role, folder in folders.items():
        finding = _check_folder(role, folder, fixes[role])
        if role != "frames" or finding.status != "ok" or target.shots or folder.exists():
            yield finding


def check_locks(target: Target) -> Iterator[Finding]:
    """Check that two tasks cannot lock the same file in the folder of frames."""
    place = _find_existing(target.outs[0])
    path = place / f".framecolor-doctor-{uuid.uuid4().hex[:12]}.lock"
    fix = "never run two tasks into one folder at once, or paint on a disk that supports locks"
    first, second = FileLock(path), FileLock(path)
    try:
        first.acquire(timeout=5)
        try:
            second.acquire(timeout=0)
        except Timeout:
            yield Finding("locks", "ok", f"work in {place}", data={"folder": str(place)})
        else:
            yield Finding("locks", "warn", f"have no effect in {place}", fix, {"folder": str(place)})
    except (OSError, NotImplementedError) as error:
        yield Finding("locks", "warn", f"do not work in {place} ({error})", fix, {"folder": str(place)})
    finally:
        for lock in (second, first):
            lock.release(force=True)
        path.unlink(missing_ok=True)


def _check_folder(role: str, folder: Path, fix: str) -> Finding:
    """Check a folder, or the nearest existing one above it."""
    place = _find_existing(folder)
    if not place.is_dir():
        return Finding("disk", "fail", f"{role}: {place} is a file, not a folder", "move it", {"role": role})
    shown = str(folder) if place == folder else f"{folder} (does not exist yet)"
    try:
        _try_writing(place)
    except OutputError as error:
        what = f"{role}: {shown}: {error.problem}"
        return Finding("disk", "fail", what, fix, {"role": role, "folder": str(folder)})
    free_gib = shutil.disk_usage(place).free / 2**30
    data = {"role": role, "folder": str(folder), "free_gib": round(free_gib, 1)}
    what = f"{role}: {shown}, {free_gib:.1f} GiB free"
    if free_gib < _LITTLE_GIB:
        status = "fail" if free_gib < _LEAST_GIB else "warn"
        return Finding("disk", status, what, "make room there, or " + fix.split(", or ")[1], data)
    return Finding("disk", "ok", what, data=data)


def _try_writing(folder: Path) -> None:
    """Write, read and remove a file in the way that frames are written. Raises OutputError if that fails."""
    path, content = folder / f".framecolor-doctor-{uuid.uuid4().hex[:12]}.tmp", os.urandom(4096)
    try:
        write_bytes_atomic(path, content)
        if path.read_bytes() != content:
            raise OutputError(path, "reads other bytes than were written")
    finally:
        path.unlink(missing_ok=True)


def _find_existing(folder: Path) -> Path:
    """Return the folder, or the nearest existing one above it."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.exists())
