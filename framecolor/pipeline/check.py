"""Check a shot before it is painted: its keys against their drawings and against each other. Writes nothing.

A network is needed only for keys that share hardly a color, to tell whether they show the same.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from framecolor.config.settings import Settings
from framecolor.core.faults import Fault
from framecolor.engines.base import Runner
from framecolor.engines.registry import load_shipped
from framecolor.errors import ReadError
from framecolor.keys.color_set_check import find_color_sets
from framecolor.keys.key_checks import judge_keys
from framecolor.keys.key_drawing import read_key_drawings
from framecolor.keys.keyframes import build_keyframes
from framecolor.pipeline.stream import count_workers
from framecolor.shot.shot import Shot


def check_shot(shot: Shot, settings: Settings, given: Settings | None = None) -> list[Fault]:
    """Find the faults of a shot's keys, by frame: those that a run on it warns of.

    given  the settings before `keys.drawing_style` chose a gap: also name the leaks that this gap closes

    Drawings and keys that cannot be read have no faults here. Raises InputError for a key that does not fit its
    drawing, a hint without transparency or a correction outside of the picture, PaletteError if no key shows a color.
    """
    readable = replace(shot, keys={number: shot.keys[number] for number in shot.keys if _is_readable(shot, number)})
    faults = _find_faults(readable, settings, compare=True)
    if given is None or given.closed_gap_px == settings.closed_gap_px:
        return faults
    open_places = {(fault.frame, *place) for fault in faults if fault.kind == "leak" for place in fault.places}
    before = _find_faults(readable, settings.updated({name: getattr(given, name) for name in ("gap_px", "bridge_px")}))
    leaks = [fault for fault in before if fault.kind == "leak"]
    closed = [leak for leak in leaks if not any((leak.frame, *place) in open_places for place in leak.places)]
    return [*(replace(leak, fix="it is closed in this run") for leak in closed), *faults]


def _find_faults(shot: Shot, settings: Settings, *, compare: bool = False) -> list[Fault]:
    """Find the faults of keys; compare: also with each other, by the networks on the processor if need be."""
    with ThreadPoolExecutor(count_workers(settings.count_cores(), shot.size)) as pool:
        drawings = read_key_drawings(shot, settings, pool).by_number
    if all(key.colors is None for key in drawings.values()):
        return []
    keyframes = build_keyframes(drawings, settings, shot.root)
    keyframes, faults = judge_keys(keyframes, settings, is_cel=shot.cel is not None)
    return [*faults, *find_color_sets(keyframes, lambda: _load(settings))] if compare else faults


def _load(settings: Settings) -> Runner:
    # Two keys are compared in a second; on a GPU, networks may have to be compiled first.
    return load_shipped("cpu", settings.lanes, settings.precision, settings.count_cores())[0]


def _is_readable(shot: Shot, number: int) -> bool:
    try:
        shot.read_key(number)
    except ReadError:
        return False
    return True
