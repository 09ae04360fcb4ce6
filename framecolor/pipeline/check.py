"""Check a shot before it is painted: its keys against their drawings. Needs no network and writes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from framecolor.config.settings import Settings
from framecolor.core.faults import Fault
from framecolor.errors import ReadError
from framecolor.keys.key_checks import find_faults
from framecolor.keys.key_drawing import read_key_drawings
from framecolor.pipeline.stream import count_workers
from framecolor.shot.shot import Shot


def check_shot(shot: Shot, settings: Settings) -> list[Fault]:
    """Find the faults of a shot's keys, by frame: those that a run on it warns of.

    Drawings and keys that cannot be read have no faults here. Raises InputError for a key that does not fit its
    drawing, a hint without transparency or a correction outside of the picture.
    """
    readable = replace(shot, keys={number: shot.keys[number] for number in shot.keys if _is_readable(shot, number)})
    with ThreadPoolExecutor(count_workers(settings.count_cores(), shot.size)) as pool:
        return find_faults(read_key_drawings(readable, settings, pool).by_number)


def keep_gap(settings: Settings, given: Settings) -> Settings:
    """Return settings with the gap that was given, so that leaks are named that a wider one closes."""
    return settings.updated({name: getattr(given, name) for name in ("gap_px", "bridge_px")})


def _is_readable(shot: Shot, number: int) -> bool:
    try:
        shot.read_key(number)
    except ReadError:
        return False
    return True
