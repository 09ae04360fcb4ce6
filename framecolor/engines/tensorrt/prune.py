"""Remove engine files that are old, too large together, or of no use to this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping

from filelock import FileLock, Timeout

from framecolor.engines.tensorrt.backends import Backend
from framecolor.engines.tensorrt.cache import EngineCache, EngineKey


def prune_engine_files(
    cache: EngineCache,
    older_than_days: float | None = None,
    keep_bytes: int | None = None,
    unfit_for: Mapping[str, Backend] | None = None,
    everything: bool = False,
) -> list[tuple[str, str]]:
    """Remove engine files, and files and records that lack the other; return (file name, reason) of each.

    older_than_days  remove those built longer ago
    keep_bytes       remove the oldest, until the rest has no more than this
    unfit_for        remove those that none of these backends, by name, can use here (`find_unfit`)
    everything       remove all, and the timings of builds
    Does not remove an engine file that is being built.
    """
    gone: list[tuple[str, str]] = []
    whole = [file for file in cache.files() if file.path.is_file()]
    stems = {file.path.stem for file in whole}
    for stem in sorted({p.stem for ending in ("plan", "json") for p in cache.folder.glob(f"*.{ending}")} - stems):
        if _remove(cache, stem):
            gone.append((stem, "is not whole"))
    kept_bytes = 0
    for file in sorted(whole, key=lambda p: -p.built_unix):
        age_days = (time.time() - file.built_unix) / 86400
        reason = "is removed with all others" if everything else ""
        if not reason and older_than_days is not None and age_days > older_than_days:
            reason = f"is {age_days:.0f} days old"
        if not reason and unfit_for is not None:
            reason = find_unfit(file.key, unfit_for)
        if not reason and keep_bytes is not None and kept_bytes + file.size_bytes > keep_bytes:
            reason = "is among the oldest, and the folder is too large"
        if reason and _remove(cache, file.path.stem):
            gone.append((file.path.stem, reason))
        else:
            kept_bytes += file.size_bytes
    if everything:
        for path in cache.folder.glob("timings-*"):
            path.unlink(missing_ok=True)
    return gone


def find_unfit(key: EngineKey, backends: Mapping[str, Backend]) -> str:
    """Find why no backend of this machine can use an engine file of that key; empty if one can."""
    backend = next((b for b in backends.values() if b.opens(key.backend, key.version)), None)
    if backend is None:
        installed = backends.get(key.backend)
        if installed is None:
            return f"{key.backend} is not installed"
        return f"is of {key.backend} {key.version}, this is {installed.version}"
    if key.target not in (backend.target(True), backend.target(False)):
        return f"is for {key.target}"
    return ""


def _remove(cache: EngineCache, stem: str) -> bool:
    """Remove an engine file and its record; False if a task is building it."""
    lock = FileLock(cache.folder / f"{stem}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    try:
        # The record first: an engine file without one is not used.
        for ending in (".json", ".plan"):
            (cache.folder / (stem + ending)).unlink(missing_ok=True)
    finally:
        lock.release()
    # If a task locks it at this moment, another may build the same file: twice the work, but no harm.
    (cache.folder / f"{stem}.lock").unlink(missing_ok=True)
    return True
