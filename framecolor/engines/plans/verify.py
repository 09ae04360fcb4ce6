"""Whether a plan does what the network does: run beside the float32 network on a GPU, and what can be told elsewhere.

Without a GPU a plan cannot even be opened. What is left: its bytes are those that were written, it is the plan that
this version would compile, and the very graph that went into it, with its rounded weights, agrees with the network when
OpenVINO runs it. How the sums are rounded on a GPU is not seen there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from framecolor.engines.plans.backends import Backend
from framecolor.engines.plans.cache import PlanCache, StoredPlan
from framecolor.engines.plans.order import PlanOrder, make_network, order_plan
from framecolor.engines.plans.profiles import Profile
from framecolor.engines.plans.runtime import open_plan, run_plan
from framecolor.errors import EngineError
from framecolor.networks.export import Precision, export_onnx

# Below this a plan is wrong, not merely rounded: half itself gives 72 dB and more, bytes 50
# (tests/networks/test_export.py).
LEAST_PSNR_DB: dict[Precision, float] = {"half": 60.0, "float32": 90.0}
_LEAST_PSNR_OF_BYTES_DB = 45.0
# The reference runs on the processor: a whole 4K frame in float32 would take gigabytes and minutes.
_MOST_CHECKED_PX = 544 * 960


@dataclass(frozen=True)
class Parity:
    """How near an output is to the float32 network's: PSNR and worst error, over its greatest absolute value."""

    psnr_db: float
    worst: float


@dataclass(frozen=True)
class Verdict:
    """What a check of a plan found.

    checked  what was looked at, in words
    ran      the plan itself ran on a GPU; if not, `parity` is of the graph that it was compiled from
    parity   by output; empty when only the file could be checked
    sizes    that it ran at
    good     nothing was found wrong
    """

    plan: StoredPlan
    checked: tuple[str, ...]
    ran: bool
    parity: Mapping[str, Parity]
    sizes: Mapping[str, int]
    good: bool


def verify_plan(stored: StoredPlan, profile: Profile | None, backend: Backend, cache: PlanCache) -> Verdict:
    """Check a plan as far as this machine can, its file alone without a profile.

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
    order = order_plan(profile, backend, cache)
    if order.key != stored.key:
        checked.append("not the plan that would be compiled now (another version, GPU or a shot's own weights)")
        return Verdict(stored, tuple(checked), False, {}, {}, True)
    checked.append("the plan that would be compiled now")
    problem = backend.find_run_problem()
    if problem is None:
        sizes = profile.at("usual")
        inputs = order.network.example(sizes)
        engine = open_plan(backend, data)
        form = order.network.form
        found = run_plan(backend, engine, dict(zip(form.inputs, inputs, strict=True)), tuple(form.outputs))
        checked.append(f"run on {backend.gpu}")
    else:
        sizes = _small_enough(profile)
        inputs = order.network.example(sizes)
        found = _run_graph(order, profile, sizes, inputs)
        checked.append(f"its graph run by OpenVINO in float32, as {problem[0]}")
    parity = {name: measure_parity(found[name], wanted) for name, wanted in _reference(profile, order, inputs).items()}
    least_db = LEAST_PSNR_DB[profile.precision]
    if "uint8" in (profile.pixels_in, profile.pixels_out):
        least_db = min(least_db, _LEAST_PSNR_OF_BYTES_DB)
    good = all(p.psnr_db >= least_db for p in parity.values())
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


def _reference(profile: Profile, order: PlanOrder, inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """What the float32 network makes of the inputs, on the processor."""
    network = make_network(profile, "float32")
    with torch.inference_mode():
        result = network.module(*inputs)
    return dict(zip(order.network.form.outputs, result if isinstance(result, tuple) else (result,), strict=True))


def _run_graph(
    order: PlanOrder, profile: Profile, sizes: Mapping[str, int], inputs: tuple[Tensor, ...]
) -> dict[str, Tensor]:
    from framecolor.engines.quiet_openvino import open_core

    # A graph of one fixed size differs from the free one in the numbers of its inputs alone.
    model = (
        order.model if isinstance(order.model, bytes) and sizes == profile.at("usual") else export_onnx(order.network)
    )
    core = open_core()
    compiled = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    outputs = compiled([tensor.numpy() for tensor in inputs]).values()
    return {n: torch.from_numpy(v.copy()) for n, v in zip(order.network.form.outputs, outputs, strict=True)}


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


def find_plans(names: tuple[str, ...], cache: PlanCache) -> list[StoredPlan]:
    """Plans of those profiles, or all. EngineError when there is none, also when one profile has none."""
    plans = [plan for plan in cache.plans() if not names or plan.profile in names]
    missing = sorted(set(names) - {plan.profile for plan in plans})
    if missing or not plans:
        what = f"no plan of {', '.join(missing)}" if missing else "no plans"
        raise EngineError(cache.folder, f"holds {what}", "run: framecolor engine build " + " ".join(missing))
    return plans


def backend_of(stored: StoredPlan, backends: tuple[Backend, ...]) -> Backend:
    """The backend that a plan belongs to, of those installed. EngineError when it is not among them."""
    for backend in backends:
        if backend.name == stored.key.backend:
            return backend
    raise EngineError(
        stored.path, f"is a plan of {stored.key.backend}, which is not installed", "framecolor engine prune"
    )
