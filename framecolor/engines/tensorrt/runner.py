"""Run engine files on lanes.

All shots use one engine file of the features. For a network that was fitted to a shot it is opened again and refitted
with that network's weights; if the backend cannot refit, that network gets an engine file of its own. The weights that
ship run from an engine file by torch-tensorrt if there is one for this GPU and TensorRT; a shot's weights do not, as it
cannot be refitted. Pictures that are too large, and drawings with too many regions, go to PyTorch on the same GPU.
"""

from __future__ import annotations

import logging
from typing import Any

import torch

from framecolor.config.settings import LaneCount
from framecolor.engines.base import Runner
from framecolor.engines.lanes.autotune import load_on_lanes
from framecolor.engines.lanes.buffers import Shape
from framecolor.engines.lanes.device import Device, list_gpus
from framecolor.engines.lanes.modules import DeviceModules, Module
from framecolor.engines.lanes.torch_modules import feature_shapes, make_torch_modules
from framecolor.engines.tensorrt.backends import Backend, find_usable_backend
from framecolor.engines.tensorrt.build import ensure_engine, name_weights
from framecolor.engines.tensorrt.cache import EngineCache, EngineFile
from framecolor.engines.tensorrt.execution import EngineModule
from framecolor.engines.tensorrt.painter import PARTS, PartName, TensorRtPainter
from framecolor.engines.tensorrt.profiles import Profile, find_profile
from framecolor.engines.tensorrt.runtime import deserialize_engine, refit
from framecolor.engines.torch_painter import TorchPainter
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import Generator
from framecolor.networks.palette_head import PaletteNetwork

_LOG = logging.getLogger("framecolor")


def load_runner(network: PaletteNetwork | None, lanes: LaneCount) -> Runner:
    """Load the networks on all GPUs that PyTorch sees, matcher and painter on the first. See `Engine.load`."""
    cache, backend = EngineCache(), _use_backend()
    devices = [_make_modules(gpu, network, cache) for gpu in list_gpus()]
    for modules in devices:
        modules.get("features")  # fails now if its engine file does not compile or open
    versions = {"torch": str(torch.__version__), backend.name: backend.version}
    painter = _open_painter(devices[0].device, cache)
    return load_on_lanes("tensorrt", network, devices, lanes, versions, cache.folder, painter)


def _use_backend(device: int = 0) -> Backend:
    backend = find_usable_backend(device)
    assert backend is not None, "find_problem comes first"
    return backend


def _make_modules(device: Device, network: PaletteNetwork | None, cache: EngineCache) -> DeviceModules:
    """Make the modules of a GPU: `features`, `color` and, if there is a fitted network, `fitted-features`."""
    generator = load_generator(base_weights_path()) if network is None else network.generator
    opener = _Opener(device, cache)
    plain = make_torch_modules(device, network, torch.float16)
    base: list[Any] = []  # at most one; no lock, as modules are made one at a time

    def open_base() -> Any:
        if not base:
            base.append(opener.open(find_profile("features")))
        return base[0]

    def features(name: str, engines: list[Any]) -> Module:
        def shapes(planes: Shape) -> list[Shape]:
            both = feature_shapes(planes, generator)
            return both * len(engines)

        outputs = (("features", "context"),) * len(engines)
        return EngineModule(opener.backend, engines, ("planes",), outputs, shapes, lambda: plain.get(name))

    def fitted() -> Module:
        assert network is not None, "nothing was fitted"
        return features("fitted-features", [open_base(), opener.open(find_profile("features"), generator)])

    def color() -> Module:
        engine = opener.open(find_profile("color"), None if network is None else generator)
        return EngineModule(
            opener.backend,
            [engine],
            ("planes", "hint"),
            (("color",),),
            lambda planes: [(planes[0], 3, *planes[2:])],
            lambda: plain.get("color"),
        )

    makers = {"features": lambda: features("features", [open_base()]), "fitted-features": fitted, "color": color}
    return DeviceModules(device, makers)


def _open_painter(device: Device, cache: EngineCache) -> TensorRtPainter:
    """Open matcher and painter on a GPU; drawings that the engine files do not take go to PyTorch."""
    opener = _Opener(device, cache)
    engines: dict[PartName, Any] = {name: opener.open(find_profile(name)) for name in PARTS}
    return TensorRtPainter(opener.backend, device, engines, TorchPainter(str(device.place)))


class _Opener:
    """Opens engine files on one GPU."""

    def __init__(self, device: Device, cache: EngineCache) -> None:
        self.backend, self._device, self._cache = _use_backend(device.place.index or 0), device, cache

    def open(self, profile: Profile, generator: Generator | None = None) -> Any:
        """Open an engine for a profile, with a generator's weights or by default those that ship.

        Raises EngineError if it does not compile or open.
        """
        # Building, opening and refitting may wait for the whole device.
        with self._device.uncaptured(), self._device.current():
            # Engine files by torch-tensorrt cannot be refitted.
            stored, data, _ = ensure_engine(
                profile, self.backend, self._cache, adopt=generator is None, progress=_Announcement(profile)
            )
            if generator is None:
                return deserialize_engine(self.backend, data)
            if stored.weights and _is_like_shipped(generator):
                return self._refit(stored, data, generator)
            own = ensure_engine(
                profile, self.backend, self._cache, generator=generator, progress=_Announcement(profile)
            )
            return deserialize_engine(self.backend, own[1])

    def _refit(self, stored: EngineFile, data: bytes, generator: Generator) -> Any:
        engine = deserialize_engine(self.backend, data)
        refit(self.backend, engine, name_weights(stored, generator))
        self._device.settle()  # the streams of lanes do not wait for the refit's stream
        return engine


class _Announcement:
    """Logs the start of a build, which takes a while and happens once; ignores its progress."""

    def __init__(self, profile: Profile) -> None:
        self._profile, self._logged = profile, False

    def __call__(self, phase: str, done: int, total: int) -> None:
        if not self._logged:
            self._logged = True
            _LOG.warning("engine tensorrt: compiling the engine file %s, once for this GPU", self._profile.name)


def _is_like_shipped(generator: Generator) -> bool:
    """Tell whether a generator has the architecture of the one that ships."""
    shipped = load_generator(base_weights_path())
    return (generator.widths, generator.feature_channels) == (shipped.widths, shipped.feature_channels)
