"""The tensorrt engine: compiled plans on lanes.

One plan of the features serves all shots. Where a network was fitted to a shot, the plan is opened once more, refitted
with its weights; where a backend cannot refit, that network gets a plan of its own.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from typing import Any

import torch

from framecolor.config.settings import LaneCount
from framecolor.core.precision import PrecisionChoice
from framecolor.core.text import format_install
from framecolor.engines.base import Runner
from framecolor.engines.cuda import list_gpus
from framecolor.engines.lanes.bodies import Sizes, feature_shapes
from framecolor.engines.lanes.lane import Site
from framecolor.engines.lanes.station import Body
from framecolor.engines.lanes.streams import Device
from framecolor.engines.lanes.tuning import load_on_lanes
from framecolor.engines.nvidia import find_gpu_problem
from framecolor.engines.plans.backends import Backend, find_backends
from framecolor.engines.plans.body import PlanBody
from framecolor.engines.plans.cache import PlanCache, StoredPlan
from framecolor.engines.plans.matcher import PlanMatcher
from framecolor.engines.plans.order import ensure_plan, tensors_of
from framecolor.engines.plans.profiles import Profile, find_profile
from framecolor.engines.plans.runtime import open_plan, refit
from framecolor.engines.torch_matcher import TorchMatcher
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import Generator
from framecolor.networks.palette_head import PaletteNetwork

_LOG = logging.getLogger("framecolor")


class TensorRtEngine:
    """Plans of the profiles `features` and `color`, on all GPUs that PyTorch sees; compiled when they are not there.

    The matcher runs on the first of them, by plans of the profiles `describe` and `compare`.

    lanes  pictures that each GPU works on at once; auto: as many as are best, measured once for each kind of GPU
    """

    name = "tensorrt"

    def __init__(self, lanes: LaneCount = "auto", precision: PrecisionChoice = "auto") -> None:
        self._lanes: LaneCount = lanes
        self._precision: PrecisionChoice = precision

    def find_problem(self) -> tuple[str, str] | None:
        problem = find_gpu_problem()
        if problem is not None:
            return problem
        if self._precision == "f32":
            return "its plans compute in half", "use --engine cuda for float32"
        found = find_backends()
        if not found:
            return "TensorRT is not installed", f"{format_install('framecolor[tensorrt]')} or use --engine cuda"
        if _choose_backend() is None:
            return found[0].find_run_problem() or found[0].find_build_problem()
        if importlib.util.find_spec("onnx") is None and found[0].name != "torch-tensorrt":
            return "the package onnx is not installed", f"{format_install('framecolor[onnx]')} or use --engine cuda"
        return None

    def load(self, network: PaletteNetwork | None = None) -> Runner:
        cache, profile = PlanCache(), find_profile("features")
        backend = _choose_backend()
        assert backend is not None, "find_problem comes first"
        sites = [_make_site(device, network, cache, profile) for device in list_gpus()]
        for site in sites:
            site.body("look")  # a plan that does not compile or open is heard of now
        versions = {"torch": str(torch.__version__), backend.name: backend.version}
        matcher = _open_matcher(sites[0].device, cache)
        return load_on_lanes(self.name, network, sites, sizes_of(profile), self._lanes, versions, cache.folder, matcher)


def sizes_of(profile: Profile) -> Sizes:
    """The pictures that a profile's plan takes."""
    least, most = profile.at("least"), profile.at("most")
    return Sizes(
        least=(least["height"], least["width"]), most=(most["height"], most["width"]), most_batch=profile.batch
    )


def _choose_backend(device: int = 0) -> Backend | None:
    """The first that compiles and runs on that GPU."""
    for backend in find_backends(device):
        if backend.find_run_problem() is None and backend.find_build_problem() is None:
            return backend
    return None


def _make_site(device: Device, network: PaletteNetwork | None, cache: PlanCache, profile: Profile) -> Site:
    """A GPU with the bodies look and color, and see where a network was fitted, each made when it is first asked for.

    What is compiled depends on no shot, nor is anything refitted where nothing was fitted.
    """
    generator = load_generator(base_weights_path()) if network is None else network.generator
    opener = _Opener(device, cache)
    base: list[Any] = []  # filled once: bodies are made one at a time

    def open_base() -> Any:
        if not base:
            base.append(opener.open(profile))
        return base[0]

    def features(engines: list[Any]) -> Body:
        outputs = (("features", "context"), ("features", "context"))[: len(engines)]
        return PlanBody(opener.backend, engines, ("planes",), outputs, _feature_shapes_of(generator, len(engines)))

    def see() -> Body:
        assert network is not None, "nothing was fitted"
        return features([open_base(), opener.open(profile, generator)])

    def color() -> Body:
        engine = opener.open(find_profile("color"), None if network is None else generator)
        return PlanBody(opener.backend, [engine], ("planes", "hint"), (("color",),), lambda n: [(n[0], 3, *n[2:])])

    return Site(
        device,
        {
            "look": lambda: features([open_base()]),
            "see": see,
            "color": color,
        },
    )


def _open_matcher(device: Device, cache: PlanCache) -> PlanMatcher:
    """The matcher on a GPU; drawings that the plans do not take go to PyTorch."""
    opener = _Opener(device, cache)
    describe, compare = (opener.open(find_profile(name)) for name in ("describe", "compare"))
    return PlanMatcher(opener.backend, device, describe, compare, TorchMatcher(str(device.place)))


def _feature_shapes_of(generator: Generator, engines: int) -> Callable[[tuple[int, ...]], list[tuple[int, ...]]]:
    """Outputs of one or two engines for planes: features and context of the base, then of the fitted one."""
    return lambda planes: feature_shapes(planes, generator, fitted=False) * engines


class _Opener:
    """Opens plans on one GPU."""

    def __init__(self, device: Device, cache: PlanCache) -> None:
        backend = _choose_backend(device.place.index or 0)
        assert backend is not None, "find_problem comes first"
        self.backend, self._device, self._cache = backend, device, cache

    def open(self, profile: Profile, generator: Generator | None = None) -> Any:
        """An engine of its own for a profile, with these weights, or those that ship. EngineError when it fails."""
        # Builders, and plans that are opened or refitted, may wait for the whole device.
        with self._device.uncaptured(), self._device.current():
            stored, plan, _ = ensure_plan(profile, self.backend, self._cache, progress=_Announcement(profile))
            if generator is None:
                return open_plan(self.backend, plan)
            if stored.weights and _alike(generator):
                return self._refitted(stored, plan, generator)
            own = ensure_plan(profile, self.backend, self._cache, generator=generator, progress=_Announcement(profile))
            return open_plan(self.backend, own[1])

    def _refitted(self, stored: StoredPlan, plan: bytes, generator: Generator) -> Any:
        engine = open_plan(self.backend, plan)
        refit(self.backend, engine, tensors_of(stored, generator))
        self._device.settle()  # lanes run on streams that do not wait for the refit's
        return engine


class _Announcement:
    """A build's progress of which only the beginning is told: it takes a while, and happens once."""

    def __init__(self, profile: Profile) -> None:
        self._profile, self._told = profile, False

    def __call__(self, phase: str, done: int, total: int) -> None:
        if not self._told:
            self._told = True
            _LOG.warning("engine tensorrt: compiling the plan %s, once for this GPU", self._profile.name)


def _alike(generator: Generator) -> bool:
    """Whether a generator has the architecture of the one that ships."""
    shipped = load_generator(base_weights_path())
    return (generator.widths, generator.feature_channels) == (shipped.widths, shipped.feature_channels)
