"""Verify an engine file: on a GPU, compare its outputs with those of the float32 network.

Without a GPU an engine file cannot be opened. Then its bytes are checked, that it is the one which this version would
compile, and that the graph it was compiled from, with its rounded weights, agrees with the network when OpenVINO runs
it. That does not show how a GPU rounds sums.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from framecolor.engines.tensorrt.backends import Backend
from framecolor.engines.tensorrt.build import BuildRequest, make_network, request_build
from framecolor.engines.tensorrt.cache import EngineCache, EngineFile
from framecolor.engines.tensorrt.execution import run_engine
from framecolor.engines.tensorrt.profiles import Profile
from framecolor.engines.tensorrt.runtime import deserialize_engine
from framecolor.errors import EngineError
from framecolor.networks.export import Precision, export_onnx

# Rounding to half gives 72 dB and more (tests/networks/test_export.py); below these limits an engine is wrong.
LEAST_PSNR_DB: dict[Precision, float] = {"half": 60.0, "float32": 90.0}
# A 4K frame of the reference, in float32 on the processor, would take gigabytes and minutes.
_MOST_CHECKED_PX = 544 * 960


@dataclass(frozen=True)
class Parity:
    """Difference of an output from the float32 network's: PSNR and worst error, relative to its greatest magnitude."""

    psnr_db: float
    worst: float


@dataclass(frozen=True)
class Verdict:
    """The result of verifying an engine file.

    checked  what was checked, as text
    ran      the engine file ran on a GPU; if not, `parity` is of the graph that it was compiled from
    parity   of each output; empty if only the file could be checked
    sizes    sizes of the axes in the run
    good     no check failed
    """

    file: EngineFile
    checked: tuple[str, ...]
    ran: bool
    parity: Mapping[str, Parity]
    sizes: Mapping[str, int]
    good: bool


def verify_engine(stored: EngineFile, profile: Profile | None, backend: Backend, cache: EngineCache) -> Verdict:
    """Verify an engine file as far as this machine can; without a profile only its bytes.

    Raises EngineError if it is damaged, or does not open or run.
    """
    data = stored.read()
    checked = [f"{len(data)} bytes as they were written"]
    if not stored.profile:
        return Verdict(stored, (*checked, "no more, as it holds a shot's own weights"), False, {}, {}, True)
    if profile is None:
        return Verdict(
            stored, (*checked, "no more, as its profile is none that ships: name its file"), False, {}, {}, True
        )
    request = request_build(profile, backend, cache)
    if request.key != stored.key:
        checked.append("not the one that would be compiled now (another version, GPU or a shot's own weights)")
        return Verdict(stored, tuple(checked), False, {}, {}, True)
    checked.append("the one that would be compiled now")
    problem = backend.find_run_problem()
    if problem is None:
        sizes = profile.at("usual")
        inputs = request.network.example(sizes)
        engine = deserialize_engine(backend, data)
        form = request.network.form
        results = run_engine(backend, engine, dict(zip(form.inputs, inputs, strict=True)), tuple(form.outputs))
        outputs = dict(zip(form.outputs, results, strict=True))
        checked.append(f"run on {backend.gpu}")
    else:
        sizes = _small_enough(profile)
        inputs = request.network.example(sizes)
        outputs = _run_graph(request, profile, sizes, inputs)
        checked.append(f"its graph run by OpenVINO in float32, as {problem[0]}")
    references = _compute_reference(profile, request, inputs)
    parity = {name: measure_parity(outputs[name], reference) for name, reference in references.items()}
    good = all(p.psnr_db >= LEAST_PSNR_DB[profile.precision] for p in parity.values())
    return Verdict(stored, tuple(checked), problem is None, parity, sizes, good)


def measure_parity(output: Tensor, reference: Tensor) -> Parity:
    """Measure the difference of `output` from `reference`; infinite if a value is not finite.

    Raises EngineError if their shapes differ.
    """
    if output.shape != reference.shape:
        problem = f"shapes {tuple(output.shape)} and {tuple(reference.shape)} differ"
        raise EngineError("parity", problem, "build it again")
    error = (output.double() - reference.double()).abs()
    if not bool(error.isfinite().all()):
        return Parity(-math.inf, math.inf)
    peak = max(reference.abs().max().item(), 1e-12)
    mean_square = error.square().mean().item()
    return Parity(
        20 * math.log10(peak) - 10 * math.log10(mean_square) if mean_square else math.inf, error.max().item() / peak
    )


def _compute_reference(profile: Profile, request: BuildRequest, inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """Compute the outputs of the float32 network on the processor."""
    network = make_network(profile, "float32")
    with torch.inference_mode():
        result = network.module(*inputs)
    return dict(zip(request.network.form.outputs, result if isinstance(result, tuple) else (result,), strict=True))


def _run_graph(
    request: BuildRequest, profile: Profile, sizes: Mapping[str, int], inputs: tuple[Tensor, ...]
) -> dict[str, Tensor]:
    from framecolor.engines.quiet_openvino import open_core

    # Other sizes need a graph with free sizes, which is the same but for the shapes of its inputs.
    model = request.model if sizes == profile.at("usual") else export_onnx(request.network)
    core = open_core()
    compiled = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    outputs = compiled([tensor.numpy() for tensor in inputs]).values()
    return {n: torch.from_numpy(v.copy()) for n, v in zip(request.network.form.outputs, outputs, strict=True)}


def _small_enough(profile: Profile) -> dict[str, int]:
    """Return the profile's usual sizes, scaled down if the processor would take longer than seconds."""
    sizes = profile.at("usual")
    if "height" not in sizes:
        return sizes
    area = sizes["batch"] * sizes["height"] * sizes["width"]
    if area <= _MOST_CHECKED_PX:
        return sizes
    shrink = math.sqrt(_MOST_CHECKED_PX / (sizes["height"] * sizes["width"]))
    small = {axis: max(16, int(sizes[axis] * shrink) // 16 * 16) for axis in ("height", "width")}
    return {**sizes, **small, "batch": 1}


def find_engine_files(names: tuple[str, ...], cache: EngineCache) -> list[EngineFile]:
    """Find the engine files of those profiles, or all. EngineError if there are none, or none of one profile."""
    files = [file for file in cache.files() if not names or file.profile in names]
    missing = sorted(set(names) - {file.profile for file in files})
    if missing or not files:
        what = f"no engine file of {', '.join(missing)}" if missing else "no engine files"
        raise EngineError(cache.folder, f"holds {what}", "run: framecolor engine build " + " ".join(missing))
    return files


def backend_of(stored: EngineFile, backends: tuple[Backend, ...]) -> Backend:
    """Find the installed backend that compiled an engine file. EngineError if it is not installed."""
    for backend in backends:
        if backend.name == stored.key.backend:
            return backend
    raise EngineError(stored.path, f"is of {stored.key.backend}, which is not installed", "framecolor engine prune")
