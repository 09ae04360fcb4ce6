"""Targets: what runs leave for later runs. Plans, graphs, measured lanes, explorations, timings, calibrations."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from random import Random

import numpy as np

from framecolor import EngineError
from framecolor.engines import graphs
from framecolor.engines.lanes import autotune
from framecolor.engines.quiet_openvino import ov
from framecolor.engines.tensorrt.cache import EngineCache, EngineKey
from framecolor.engines.tensorrt.timing_cache import read_timing_cache, write_timing_cache
from framecolor.explore.variations import read_exploration
from framecolor.farm.job_folder import _read_written
from framecolor.output.manifest import CACHE_FOLDER, MANIFEST_NAME, PARTS_FOLDER
from framecolor.output.manifest_writer import ManifestWriter
from framecolor.pipeline.prepared import note_prepared, read_prepared
from framecolor.propagation import confidence
from fuzz.mutate import mutate_bytes, mutate_json
from fuzz.target import Target, place, scratch_folder

_KEY = EngineKey("features", "half", "ab12", "planes 1x11x64x64", "rtx", "1.7", "RTX 4090", "refit")
_LANES = {"gpu": "RTX 4090", "profile": "usual"}


def _feed_engine_file(data: bytes) -> bool:
    cache = EngineCache(scratch_folder())
    place(data, f"{_KEY.name}.json")
    place(b"plan", f"{_KEY.name}.plan")
    listed = [plan.key for plan in cache.files()]
    found = cache.find(_KEY)
    assert listed == ([] if found is None else [_KEY])
    if found is not None:
        assert found.path.parent == scratch_folder() and isinstance(found.profile, str)
        try:
            assert found.read() == b"plan"
        except EngineError:
            assert hashlib.sha256(b"plan").hexdigest() != found.sha256 or found.size_bytes > 4
    return found is not None


def _engine_files() -> Iterator[bytes]:
    stored = EngineCache(scratch_folder() / "made")._write(_KEY, b"plan", ("a", "b"), "usual")
    yield stored.path.with_suffix(".json").read_bytes()


def _feed_lanes(data: bytes) -> bool:
    choices = [autotune.Choice(lanes, batch) for lanes in (1, 2) for batch in (1, 4)]
    choice = autotune._read(place(data, "lanes.json"), _LANES, choices)
    assert choice is None or choice in choices
    return choice is not None


def _lanes() -> Iterator[bytes]:
    path = scratch_folder() / "seed-lanes.json"
    best = autotune.Choice(2, 4)
    autotune._write(path, _LANES, best, {best: 12.5})
    yield path.read_bytes()


def _feed_exploration(data: bytes) -> bool:
    place(data, "explore.json")
    found = read_exploration(scratch_folder(), "ab")
    assert found is None or (len(found.seeds) == len(found.files) and all(Path(n).name == n for n, _ in found.files))
    return found is not None


def _explorations() -> Iterator[bytes]:
    rows = [{"file": "variation-01.png", "hash": "cd", "seed": 3, "palette": ["#010203"]}]
    yield json.dumps({"format": "framecolor explore 1", "settings": "ab", "apart": 0.5, "variations": rows}).encode()


def _feed_calibration(data: bytes) -> None:
    found = confidence.read_calibration.__wrapped__(place(data, "confidence.json"))
    assert all(np.isfinite(values).all() for values in asdict(found).values())


def _calibrations() -> Iterator[bytes]:
    yield json.dumps(confidence.pack_calibration(confidence.read_calibration())).encode()


def _feed_part(data: bytes) -> bool:
    """What a farm's task noted, taken into the manifest of the whole shot."""
    out = scratch_folder() / "out"
    shutil.rmtree(out, ignore_errors=True)
    parts = out / CACHE_FOLDER / PARTS_FOLDER
    parts.mkdir(parents=True)
    (out / MANIFEST_NAME).write_bytes(_WHOLE)
    (parts / "2-3.json").write_bytes(data)
    manifest = ManifestWriter(out)
    numbers = [entry.number for entry in manifest.entries()]
    assert manifest.entry(1) is not None and numbers == sorted(set(numbers))
    manifest.save()
    again = ManifestWriter(out)
    assert list(again.entries()) == list(manifest.entries()) and again.head == manifest.head
    return not any(parts.glob("*.json"))  # the folder goes with its last file


_WHOLE = json.dumps({
    "format": 1, "shot": "cut", "palette": [[1, 2, 3, 255]], "frames": [{"number": 1, "file": "a.png", "status": "key"}]
}).encode()  # fmt: skip


def _parts() -> Iterator[bytes]:
    region = {"area": 9, "box": [1, 1, 3, 3], "outline": [[1, 1]], "color": 0, "second": 1, "confidence": 0.4}
    frames = [
        {"number": 2, "file": "b.png", "status": "painted", "unsure": [region]},
        {"number": 3, "file": "c.png", "status": "key"},
    ]
    yield json.dumps(
        {"format": 1, "shot": "cut", "palette": [[9, 2, 3, 255], [1, 2, 3, 255]], "frames": frames}
    ).encode()


def _feed_prepared(data: bytes) -> bool:
    cache = scratch_folder() / CACHE_FOLDER
    cache.mkdir(exist_ok=True)
    (cache / "prepared.json").write_bytes(data)
    found = read_prepared(scratch_folder())
    note_prepared(scratch_folder(), found)
    assert read_prepared(scratch_folder()) == found
    return bool(found)


def _prepared() -> Iterator[bytes]:
    yield b'{"sources": {"1": "ab12", "1001": "cd34"}}'


def _feed_job(data: bytes) -> bool:
    found = _read_written(place(data, ".framecolor.json").parent)
    assert all(Path(name).name == name and isinstance(mark, str) for name, mark in found.items())
    return bool(found)


def _jobs() -> Iterator[bytes]:
    yield b'{"template.json": "ab12", "parameters.json": "cd34", "settings.toml": "ef56"}'


def _feed_timings(data: bytes) -> bool:
    again = read_timing_cache(place(data, "timings"))
    assert data.endswith(again)
    return bool(again)


def _timings() -> Iterator[bytes]:
    path = scratch_folder() / "seed-timings"
    write_timing_cache(path, b"measured")
    yield path.read_bytes()


def _feed_graph(data: bytes) -> bool:
    found = graphs._read(place(data, "features.graph"))
    if found is None:
        return False
    # What is taken is what was written: OpenVINO never sees a damaged model.
    assert data.partition(b"\n")[2] == next(_graphs()).partition(b"\n")[2]
    assert found.facts == {"multiple": 8}
    return True


@cache
def _graph() -> bytes:
    rows = ov.opset13.parameter(ov.PartialShape([-1, 2]), np.float32, "rows")
    bias = ov.opset13.constant(np.array([[1.5, -2]], np.float32))
    model = ov.Model([ov.opset13.add(rows, bias)], [rows], "graph")  # pyright: ignore[reportGeneralTypeIssues]
    return graphs._pack(graphs.Graph(model, {"multiple": 8}))


def _graphs() -> Iterator[bytes]:
    yield _graph()


def mutate_graph(data: bytes, random: Random) -> bytes:
    """A graph with a changed head, or with changed bytes anywhere."""
    head, _, rest = data.partition(b"\n")
    return mutate_json(head, random) + b"\n" + rest if random.random() < 0.6 else mutate_bytes(data, random)


TARGETS = (
    Target(
        "engine-file",
        "engines.tensorrt.EngineCache",
        _feed_engine_file,
        _engine_files,
        refusals=(EngineError,),
        mutate=mutate_json,
    ),
    Target("graph", "engines.graphs", _feed_graph, _graphs, refusals=(), mutate=mutate_graph),
    Target("lanes", "engines.lanes.autotune", _feed_lanes, _lanes, refusals=(), mutate=mutate_json),
    Target("part", "output.manifest_writer (a task's part)", _feed_part, _parts, refusals=(), mutate=mutate_json),
    Target("prepared", "pipeline.prepared.read_prepared", _feed_prepared, _prepared, refusals=(), mutate=mutate_json),
    Target("job", "farm.job_folder", _feed_job, _jobs, refusals=(), mutate=mutate_json),
    Target("timings", "engines.tensorrt.read_timing_cache", _feed_timings, _timings, refusals=()),
    Target(
        "exploration", "explore.read_exploration", _feed_exploration, _explorations, refusals=(), mutate=mutate_json
    ),
    Target(
        "calibration", "propagation.confidence.read_calibration", _feed_calibration, _calibrations, mutate=mutate_json
    ),
)
