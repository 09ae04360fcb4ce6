"""Whether an engine file does what the network does: run beside the float32 network on a GPU,
and what can be checked elsewhere.

Without a GPU it cannot even be opened. What is left: its bytes are those that were written, it is the one that this
version would compile, and the very graph that went into it, with its rounded weights, agrees with the network when
OpenVINO runs it. How the sums are rounded on a GPU is not seen there.
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

# Below this an engine is wrong, not merely rounded: half itself gives 72 dB and more (tests/networks/test_export.py).
LEAST_PSNR_DB: dict[Precision, float] = {"half": 60.0, "float32": 90.0}
# The reference runs on the processor: a whole 4K frame in float32 would take gigabytes and minutes.
_MOST_CHECKED_PX = 544 * 960


@dataclass(frozen=True)
class Parity:
    """How near an output is to the float32 network's: PSNR and worst error, over its greatest absolute value."""

    psnr_db: float
    worst: float


@dataclass(frozen=True)
class Verdict:
    """What a check of an engine file found.

    checked  what was looked at, in words
    ran      it ran on a GPU itself; if not, `parity` is of the graph that it was compiled from
    parity   by output; empty when only the file could be checked
    sizes    that it ran at
    good     nothing was found wrong
    """

    file: EngineFile
    checked: tuple[str, ...]
    ran: bool
    parity: Mapping[str, Parity]
    sizes: Mapping[str, int]
    good: bool


def verify_engine(stored: EngineFile, profile: Profile | None, backend: Backend, cache: EngineCache) -> Verdict:
    """Check an engine file as far as this machine can, its file alone without a profile.

    Raises EngineError when its file is damaged, or it does not open or run.
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
        outputs = run_engine(backend, engine, dict(zip(form.inputs, inputs, strict=True)), tuple(form.outputs))
        found = dict(zip(form.outputs, outputs, strict=True))
        checked.append(f"run on {backend.gpu}")
    else:
        sizes = _small_enough(profile)
        inputs = request.network.example(sizes)
        found = _run_graph(request, profile, sizes, inputs)
        checked.append(f"its graph run by OpenVINO in float32, as {problem[0]}")
    reference = _reference(profile, request, inputs)
    parity = {name: measure_parity(found[name], wanted) for name, wanted in reference.items()}
    good = all(p.psnr_db >= LEAST_PSNR_DB[profile.precision] for p in parity.values())
    return Verdict(stored, tuple(checked), problem is None, parity, sizes, good)


def measure_parity(found: Tensor, wanted: Tensor) -> Parity:
    """PSNR in dB and worst error, both over the greatest absolute value of `wanted`; not finite values are infinite."""
    if found.shape != wanted.shape:
        raise EngineError("parity", f"shapes {tuple(found.shape)} and {tuple(wanted.shape)} differ", "build it again")
    error = (found.double() - wanted.double()).abs()
    if not bool(error.isfinite().all()):
        return Parity(-math.inf, math.inf)
    peak = max(wanted.abs().max().item(), 1e-12)
    mean_square = error.square().mean().item()
    return Parity(
        20 * math.log10(peak) - 10 * math.log10(mean_square) if mean_square else math.inf, error.max().item() / peak
    )


def _reference(profile: Profile, request: BuildRequest, inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """What the float32 network makes of the inputs, on the processor."""
    network = make_network(profile, "float32")
    with torch.inference_mode():
        result = network.module(*inputs)
    return dict(zip(request.network.form.outputs, result if isinstance(result, tuple) else (result,), strict=True))


def _run_graph(
    request: BuildRequest, profile: Profile, sizes: Mapping[str, int], inputs: tuple[Tensor, ...]
) -> dict[str, Tensor]:
    from framecolor.engines.quiet_openvino import open_core

    # A graph of one fixed size differs from the free one in the numbers of its inputs alone.
    model = request.model if sizes == profile.at("usual") else export_onnx(request.network)
    core = open_core()
    compiled = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    outputs = compiled([tensor.numpy() for tensor in inputs]).values()
    return {n: torch.from_numpy(v.copy()) for n, v in zip(request.network.form.outputs, outputs, strict=True)}


def _small_enough(profile: Profile) -> dict[str, int]:
    """The profile's usual sizes, or a picture of their shape that the processor is done with in seconds."""
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
    """Engine files of those profiles, or all. EngineError when there is none, also when one profile has none."""
    files = [file for file in cache.files() if not names or file.profile in names]
    missing = sorted(set(names) - {file.profile for file in files})
    if missing or not files:
        what = f"no engine file of {', '.join(missing)}" if missing else "no engine files"
        raise EngineError(cache.folder, f"holds {what}", "run: framecolor engine build " + " ".join(missing))
    return files


def backend_of(stored: EngineFile, backends: tuple[Backend, ...]) -> Backend:
    """The backend that an engine file belongs to, of those installed. EngineError when it is not among them."""
    for backend in backends:
        if backend.name == stored.key.backend:
            return backend
    raise EngineError(stored.path, f"is of {stored.key.backend}, which is not installed", "framecolor engine prune")
