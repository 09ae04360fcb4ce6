"""Choose the number of lanes and the batch size: measured with the network on this machine, and kept for it."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from framecolor.config.settings import LaneCount
from framecolor.core.hashing import digest
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.engines.base import RegionPainter
from framecolor.engines.lanes.dispatch import RING, Lanes
from framecolor.engines.lanes.lane import Rows, Task
from framecolor.engines.lanes.modules import DeviceModules
from framecolor.engines.lanes.runner import LaneRunner
from framecolor.errors import EngineError, FramecolorError, OutputError
from framecolor.media import write_text_atomic
from framecolor.networks.generator import LINE_PLANES
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.view import pad_to

# The values that are tried. More lanes or larger batches were not worth their memory on any GPU so far.
LANES = (1, 2, 4)
BATCHES = (1, 2, 4)
# Height and width of the measured picture, about as many pixels as a drawing at its working size.
PICTURE = (256, 320)
_MEASURED_SECONDS = 0.3
# A rate is measured over at least so many pictures.
_LEAST_PICTURES = 8
# More lanes or larger batches must be faster by this factor, as they take memory and a batch waits until it is full.
_WORTH = 1.03
_FORMAT = "framecolor lanes 1"
_LOG = logging.getLogger("framecolor")


@dataclass(frozen=True)
class Choice:
    """Lanes of each device, and samples in a batch."""

    lanes: int
    batch: int


def load_on_lanes(
    engine: str,
    network: PaletteNetwork | None,
    devices: Sequence[DeviceModules],
    lanes: LaneCount,
    versions: Mapping[str, str],
    folder: Path,
    painter: RegionPainter | None = None,
) -> LaneRunner:
    """Load a runner with `lanes` lanes, or for auto the fastest number, and the fastest batch size for them.

    versions  of the libraries: part of the key of a measurement
    folder    where measurements are kept
    painter   see `LaneRunner`
    Raises EngineError if the measured pictures fail.
    """
    module = "features" if network is None else "fitted-features"
    counts = LANES if lanes == "auto" else (lanes,)
    key = {
        "engine": engine,
        "device": devices[0].device.name,
        "picture": list(PICTURE),
        "lanes": list(counts),
        "batches": list(BATCHES),
        "module": module,
        **versions,
    }

    def measure(choice: Choice) -> float:
        try:
            return measure_rate(devices[0], choice, module=module)
        except FramecolorError:
            raise
        except Exception as error:
            problem = f"failed ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
            raise EngineError(f"engine {engine}", problem, "use --engine auto or cpu") from error

    choice = choose_lanes(counts, BATCHES, measure, key, folder)
    return LaneRunner(engine, network, devices, lanes=choice.lanes, batch=choice.batch, painter=painter)


def choose_lanes(
    counts: Sequence[int],
    batches: Sequence[int],
    measure: Callable[[Choice], float],
    key: Mapping[str, Any],
    folder: Path,
) -> Choice:
    """Choose the combination with the most pictures a second, or the one that was kept in `folder` for the same key."""
    choices = [Choice(lanes, batch) for lanes in counts for batch in batches]
    if len(choices) == 1:
        return choices[0]
    path = folder / "lanes" / f"{digest(json.dumps(key, sort_keys=True))[:32]}.json"
    kept = _read(path, key, choices)
    if kept is not None:
        return kept
    rates = {choice: measure(choice) for choice in choices}
    best = choices[0]
    for choice in choices[1:]:
        if rates[choice] > rates[best] * _WORTH:
            best = choice
    table = ", ".join(f"{c.lanes} x {c.batch}: {rate:.0f}" for c, rate in rates.items())
    _LOG.info(
        "%s on %s: %d lanes, batches of %d (lanes x batch: pictures a second: %s)",
        *(key.get("engine"), key.get("device"), best.lanes, best.batch, table),
    )
    _write(path, key, best, rates)
    return best


def measure_rate(
    modules: DeviceModules, choice: Choice, seconds: float = _MEASURED_SECONDS, module: str = "features"
) -> float:
    """Measure the pictures a second of such lanes on one device; 0 if it has too little memory for them."""
    planes = pad_to(np.zeros((LINE_PLANES, 0, 0), np.float32), PICTURE)
    task = Task(module, (planes,), (), (1, 1), lambda outputs, extras, result: result.copy_(outputs[0][:1, 0, :1]))
    pool = Lanes([modules], choice.lanes, choice.batch)
    try:
        # Warm-up: each lane runs its first batch uncaptured, captures the second and replays the third.
        _drain(deque(pool.submit(task) for _ in range(choice.lanes * choice.batch * 2 * RING)))
        if (pool.lanes, pool.batch) != (choice.lanes, choice.batch):
            return 0.0
        ahead = choice.lanes * choice.batch * RING
        waiting = deque(pool.submit(task) for _ in range(ahead))
        begin, done = time.perf_counter(), 0
        while done < _LEAST_PICTURES or time.perf_counter() - begin < seconds:
            waiting.popleft().result()
            waiting.append(pool.submit(task))
            done += 1
        rate = done / (time.perf_counter() - begin)
        _drain(waiting)
        return rate
    except torch.OutOfMemoryError:
        return 0.0
    finally:
        pool.close()


def _drain(waiting: deque[Future[Rows]]) -> None:
    while waiting:
        waiting.popleft().result()


def _read(path: Path, key: Mapping[str, Any], choices: Sequence[Choice]) -> Choice | None:
    """Read a kept choice; None if the file is missing, damaged or of another key."""
    try:
        table = parse_json(path.read_text("utf-8"))
        choice = Choice(table["lanes"], table["batch"])
        is_valid = table["format"] == _FORMAT and table["key"] == key and choice in choices
    except (OSError, *MISSHAPEN):
        return None
    return choice if is_valid else None


def _write(path: Path, key: Mapping[str, Any], best: Choice, rates: Mapping[Choice, float]) -> None:
    table = {
        "format": _FORMAT,
        "key": dict(key),
        "lanes": best.lanes,
        "batch": best.batch,
        "pictures_per_second": {f"{c.lanes} x {c.batch}": round(rate, 1) for c, rate in rates.items()},
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text_atomic(path, json.dumps(table, indent=1) + "\n")
    except (OSError, OutputError) as error:
        _LOG.info("lanes are measured again next time: %s", error)
