"""Build the engine file of a profile: export the network, look it up in the cache, compile it if missing.

backend, cache = choose_backend(), EngineCache()
stored, data, _ = ensure_engine(find_profile("features"), backend, cache)
engine = deserialize_engine(backend, data)
if stored.weights:  # another shot's weights, on an engine of its own
    fitted = deserialize_engine(backend, data)
    refit(backend, fitted, name_weights(stored, generator))
else:
    fitted = deserialize_engine(backend, ensure_engine(profile, backend, cache, generator=generator)[1])
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

from framecolor.core.hashing import digest
from framecolor.core.text import format_install
from framecolor.engines.tensorrt.backends import Backend
from framecolor.engines.tensorrt.cache import Built, EngineCache, EngineFile, EngineKey
from framecolor.engines.tensorrt.compiler import (
    BuildOptions,
    Progress,
    Shapes,
    compile_onnx,
    compile_program,
    find_weights,
)
from framecolor.engines.tensorrt.profiles import Profile
from framecolor.errors import EngineError
from framecolor.networks.export import (
    OPSET,
    Exportable,
    Precision,
    export_onnx,
    export_program,
    make_exportable,
    weight_names,
)
from framecolor.networks.generator import Generator

_logger = logging.getLogger("framecolor")


@dataclass(frozen=True, eq=False)
class BuildRequest:
    """The input of a build: the network, its ONNX file, the options, and the key of the engine file.

    torch-tensorrt exports the network another way; its key has the hash of the ONNX file too, so that the keys of all
    backends show that they are of the same network.
    """

    network: Exportable
    model: bytes
    options: BuildOptions
    key: EngineKey


def request_build(
    profile: Profile, backend: Backend, cache: EngineCache, generator: Generator | None = None
) -> BuildRequest:
    """Export a profile's network, with the weights of `generator` or by default those that ship.

    Raises EngineError if the package onnx is missing.
    """
    network = make_network(profile, profile.precision, generator)
    try:
        model = export_onnx(network, profile.sizes)
    except ModuleNotFoundError as error:
        raise EngineError("package onnx", "is not installed", format_install("framecolor[onnx]")) from error
    ends = [network.shapes(profile.at(which)) for which in ("least", "usual", "most")]
    shapes: dict[str, Shapes] = {name: (ends[0][name], ends[1][name], ends[2][name]) for name in ends[0]}
    refittable = profile.refit and backend.refits
    target = backend.target(refittable)
    timings = cache.folder / f"timings-{digest(backend.name, backend.version, target)[:16]}.cache"
    options = BuildOptions(shapes, refittable, profile.optimization_level, timings)
    key = EngineKey(
        network=profile.network,
        precision=profile.precision,
        graph=digest(model),
        shapes="; ".join(f"{name} {least} to {most}, usually {usual}" for name, (least, usual, most) in shapes.items())
        + "; float32 in, float32 out",
        backend=backend.name,
        version=backend.version,
        target=target,
        flags=f"opset {OPSET}, strongly typed, refit {'on' if refittable else 'off'}, tf32 off, memory by the caller, "
        f"optimization level {profile.optimization_level}",
    )
    return BuildRequest(network, model, options, key)


def ensure_engine(
    profile: Profile,
    backend: Backend,
    cache: EngineCache,
    *,
    generator: Generator | None = None,
    force: bool = False,
    adopt: bool = False,
    progress: Progress | None = None,
) -> tuple[EngineFile, bytes, bool]:
    """Find or compile the engine file of a profile; return it, its bytes, and whether it was compiled now.

    generator  for features and color, another than the one that ships, such as a shot's fitted one. Not needed if the
               engine file can be refitted: see above.
    force      compile even if there is an engine file
    adopt      prefer an equal engine file by torch-tensorrt, which exists only if a user had it compiled
    Raises EngineError if it cannot be exported or compiled, OutputError if it cannot be kept.
    """
    request = request_build(profile, backend, cache, generator)

    adopted = _find_adoptable(request.key, backend, cache) if adopt else None
    if adopted is not None:
        return *adopted, False

    def build() -> Built:
        if backend.name == "torch-tensorrt":
            return compile_program(backend, lambda: export_program(request.network, profile.sizes), request.options), ()
        data = compile_onnx(backend, request.model, request.options, progress)
        return data, _find_weights(backend, request) if request.options.refittable else ()

    return cache.get_or_build(request.key, build, "" if generator else profile.name, force)


def _find_adoptable(key: EngineKey, backend: Backend, cache: EngineCache) -> tuple[EngineFile, bytes] | None:
    """Find the latest equal engine file of another backend that this one can run; return it and its checked bytes."""
    for stored in sorted(cache.files(), key=lambda file: -file.built_unix):
        other = stored.key
        # Flags may differ, as they change neither the result nor the GPU.
        same = replace(other, backend=key.backend, version=key.version, flags=key.flags) == key
        if same and other.backend != backend.name and backend.opens(other.backend, other.version):
            try:
                data = stored.read()
            except EngineError as error:
                _logger.warning("%s: %s; another one is taken", error.subject, error.problem)
                continue
            _logger.info("%s: is run from %s, by %s %s", key.network, stored.path.name, other.backend, other.version)
            return stored, data
    return None


def make_network(profile: Profile, precision: Precision, generator: Generator | None = None) -> Exportable:
    """Make a profile's network in that precision."""
    pictures = profile.network in ("features", "color")
    return make_exportable(profile.network, precision, generator=generator if pictures else None)


def name_weights(stored: EngineFile, generator: Generator) -> dict[str, Tensor]:
    """Name a generator's weights as `runtime.refit` needs them, for an engine of features or color."""
    network = make_exportable(_pictures(stored), "float32", generator=generator)
    parameters = dict(network.module.named_parameters())
    return {name: parameters[name].detach() for name in stored.weights}


def _pictures(stored: EngineFile) -> Literal["features", "color"]:
    if stored.key.network == "features":
        return "features"
    if stored.key.network == "color":
        return "color"
    raise EngineError(stored.path, "is no engine file of a generator", "refit those of features or color")


def _find_weights(backend: Backend, request: BuildRequest) -> tuple[str, ...]:
    """Find the names of all weights of a refittable engine; empty if it does not take all, as it needs them all."""
    names = weight_names(request.model, request.network.module)
    found = find_weights(backend, request.model, names)
    if found != names:
        lost = ", ".join(sorted(set(names) - set(found))[:4])
        _logger.warning("%s %s: the engine file cannot be refitted, it has no %s", backend.name, backend.version, lost)
        return ()
    return found
