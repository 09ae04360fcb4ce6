"""From a profile to a plan: export the network, look into the cache, compile what is missing.

backend, cache = choose_backend(), PlanCache()
stored, plan, _ = ensure_plan(find_profile("features"), backend, cache)
engine = open_plan(backend, plan)
if stored.weights:  # another shot's weights, on an engine of its own
    fitted = open_plan(backend, plan)
    refit(backend, fitted, tensors_of(stored, generator))
else:
    fitted = open_plan(backend, ensure_plan(profile, backend, cache, generator=generator)[1])
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from framecolor.core.hashing import digest
from framecolor.core.text import format_install
from framecolor.engines.plans.backends import Backend
from framecolor.engines.plans.cache import Built, PlanCache, PlanKey, StoredPlan
from framecolor.engines.plans.compiler import (
    BuildOptions,
    Progress,
    Shapes,
    compile_onnx,
    compile_program,
    find_weights,
)
from framecolor.engines.plans.profiles import Profile
from framecolor.errors import EngineError
from framecolor.networks.export import (
    OPSET,
    Exportable,
    Precision,
    export_onnx,
    export_program,
    make_exportable,
    pin_axes,
    weight_names,
)
from framecolor.networks.generator import Generator

_logger = logging.getLogger("framecolor")


@dataclass(frozen=True, eq=False)
class PlanOrder:
    """A plan to be: the exported network, how it is to be compiled, and the key that it will have."""

    network: Exportable
    model: bytes | torch.export.ExportedProgram
    options: BuildOptions
    key: PlanKey


def order_plan(profile: Profile, backend: Backend, cache: PlanCache, generator: Generator | None = None) -> PlanOrder:
    """Export a profile's network, with the weights that ship unless others are given.

    Raises EngineError without the package onnx (torch-tensorrt does without).
    """
    network = make_network(profile, profile.precision, generator)
    if backend.name == "torch-tensorrt":
        sizes = pin_axes(profile.sizes)
        model: bytes | torch.export.ExportedProgram = export_program(network, sizes)
        tensors = [t.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes() for t in model.state_dict.values()]
        graph = digest(model.graph_module.code, str(model.range_constraints), *tensors)
    else:
        sizes = dict(profile.sizes)
        try:
            model = export_onnx(network, sizes)
        except ModuleNotFoundError as error:
            raise EngineError("package onnx", "is not installed", format_install("framecolor[onnx]")) from error
        graph = digest(model)
    ends = [network.shapes({a: e if isinstance(e, int) else e[i] for a, e in sizes.items()}) for i in range(3)]
    shapes: dict[str, Shapes] = {name: (ends[0][name], ends[1][name], ends[2][name]) for name in ends[0]}
    refittable = profile.refit and backend.refits
    target = backend.target(refittable)
    timings = cache.folder / f"timings-{digest(backend.name, backend.version, target)[:16]}.cache"
    options = BuildOptions(shapes, refittable, profile.optimization_level, timings)
    key = PlanKey(
        network=profile.network,
        precision=profile.precision,
        graph=graph,
        shapes="; ".join(f"{name} {least} to {most}, usually {usual}" for name, (least, usual, most) in shapes.items())
        + f"; {profile.pixels_in} in, {profile.pixels_out} out",
        backend=backend.name,
        version=backend.version,
        target=target,
        flags=f"opset {OPSET}, strongly typed, refit {'on' if refittable else 'off'}, tf32 off, memory by the caller, "
        f"optimization level {profile.optimization_level}",
    )
    return PlanOrder(network, model, options, key)


def ensure_plan(
    profile: Profile,
    backend: Backend,
    cache: PlanCache,
    *,
    generator: Generator | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> tuple[StoredPlan, bytes, bool]:
    """The plan of a profile, its bytes, and whether it was compiled now.

    generator  another one than ships, such as a shot's fitted one; for features and color. Where plans can be refitted,
               one plan serves all: see above.
    force      compile even when there is one
    Raises EngineError when it cannot be exported or compiled, OutputError when it cannot be kept.
    """
    order = order_plan(profile, backend, cache, generator)

    def build() -> Built:
        if not isinstance(order.model, bytes):
            return compile_program(backend, order.model, order.options), ()
        plan = compile_onnx(backend, order.model, order.options, progress)
        return plan, _find_weights(backend, order) if order.options.refittable else ()

    return cache.get_or_build(order.key, build, "" if generator else profile.name, force)


def make_network(profile: Profile, precision: Precision, generator: Generator | None = None) -> Exportable:
    """A profile's network in that precision."""
    pictures = profile.network in ("features", "color")
    return make_exportable(
        profile.network,
        precision,
        generator=generator if pictures else None,
        pixels_in=profile.pixels_in,
        pixels_out=profile.pixels_out,
    )


def tensors_of(stored: StoredPlan, generator: Generator) -> dict[str, Tensor]:
    """What `runtime.refit` gives a plan of features or color, so that it computes with this generator."""
    network = make_exportable(_pictures(stored), "float32", generator=generator)
    parameters = dict(network.module.named_parameters())
    # A plan that gives bytes has the pass inside of another module.
    return {name: parameters[name.removeprefix("inner.")].detach() for name in stored.weights}


def _pictures(stored: StoredPlan) -> Literal["features", "color"]:
    if stored.key.network == "features":
        return "features"
    if stored.key.network == "color":
        return "color"
    raise EngineError(stored.path, "is no plan of a generator", "refit plans of features or color")


def _find_weights(backend: Backend, order: PlanOrder) -> tuple[str, ...]:
    """Names of all weights of a refittable plan; none when it would not take all: a part of them is worth nothing."""
    assert isinstance(order.model, bytes)
    names = weight_names(order.model, order.network.module)
    found = find_weights(backend, order.model, names)
    if found != names:
        lost = ", ".join(sorted(set(names) - set(found))[:4])
        _logger.warning("%s %s: the plan cannot be refitted, it has no %s", backend.name, backend.version, lost)
        return ()
    return found
