"""Engine files on lanes, through doubles of TensorRT's engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from host_device import HostDevice
from tensorrt_double import BACKEND, TORCH_BACKEND, FakeEngine, fake_tensorrt  # noqa: F401

from framecolor import EngineError
from framecolor.core.types import Regions
from framecolor.engines.lanes.autotune import BATCHES
from framecolor.engines.lanes.lane import Lane, Task
from framecolor.engines.lanes.modules import DeviceModules
from framecolor.engines.lanes.runner import BUCKET_PX, LaneRunner
from framecolor.engines.lanes.torch_modules import feature_shapes, make_torch_modules
from framecolor.engines.tensorrt import build
from framecolor.engines.tensorrt import runner as tensorrt
from framecolor.engines.tensorrt.backends import Backend
from framecolor.engines.tensorrt.cache import EngineCache
from framecolor.engines.tensorrt.engine import TensorRtEngine
from framecolor.engines.tensorrt.execution import EngineModule
from framecolor.engines.tensorrt.profiles import Profile, find_profile
from framecolor.engines.torch import TorchRunner
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.export import FORMS, make_exportable
from framecolor.networks.generator import Generator
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.view import View

LEAST, MOST = {"batch": 1, "height": 64, "width": 64}, {"batch": 4, "height": 128, "width": 192}


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def network() -> PaletteNetwork:
    torch.manual_seed(0)
    network = PaletteNetwork(load_generator(base_weights_path()), 4).eval()
    with torch.no_grad():
        for weights in network.generator.parameters():
            weights.mul_(1 + 0.05 * torch.randn_like(weights))
    return network


def engine_of(generator: Generator, **given: Any) -> FakeEngine:
    return FakeEngine(make_exportable("features", "float32", generator=generator), LEAST, MOST, **given)


def shipped_engine(**given: Any) -> FakeEngine:
    return engine_of(load_generator(base_weights_path()), **given)


def module_of(engines: Sequence[FakeEngine]) -> EngineModule:
    generator = load_generator(base_weights_path())
    outputs = [tuple(FORMS["features"].outputs) for _ in engines]
    plain = make_torch_modules(HostDevice(), None, torch.float32)
    return EngineModule(
        BACKEND,
        engines,
        ("planes",),
        outputs,
        lambda shape: feature_shapes(shape, generator) * len(engines),
        lambda: plain.get("features"),
    )


def on_device(device: HostDevice, modules: Mapping[str, EngineModule]) -> DeviceModules:
    return DeviceModules(device, {name: lambda m=module: m for name, module in modules.items()})


def drawing(size: tuple[int, int] = (128, 192)) -> tuple[View, RegionPoints]:
    """A drawing of two regions; at the default size, lanes and the reference pad it the same."""
    height, width = size
    labels = np.ones((height + 8, width + 8), np.int32)
    labels[50:] = 2
    planes = np.random.default_rng(0).random((7, *size), np.float32)
    return View(planes, (4, 4, width + 4, height + 4)), sample_points(Regions(labels, 2))


@pytest.mark.parametrize("numbered", [False, True], ids=["tensorrt", "torch-tensorrt"])
def test_two_engines_compute_as_the_networks_do(network: PaletteNetwork, numbered: bool) -> None:
    """Base and fitted weights on lanes, with a context each for each lane and size, all in their lane's memory."""
    base, fitted = shipped_engine(numbered=numbered), engine_of(network.generator)
    device = HostDevice(delay=lambda: 0.001)
    modules = on_device(device, {"features": module_of([base]), "fitted-features": module_of([base, fitted])})
    runner = LaneRunner("tensorrt", network, [modules], lanes=2, batch=1)
    view, points = drawing()
    outputs = [pending.result() for pending in [runner.infer(view, points) for _ in range(8)]]
    wanted = TorchRunner(network).infer(view, points).result()
    for output in outputs:
        np.testing.assert_allclose(output.features, wanted.features, atol=5e-4)
        np.testing.assert_allclose(output.votes, wanted.votes, atol=1e-4)
    runner.close()
    assert 1 <= len(base.contexts) == len(fitted.contexts) <= 2
    assert sum(context.runs for context in base.contexts) == 8
    # Lanes bind at the same time: contexts that share a workspace are of one lane.
    ours, theirs = ({c.memory: c for c in engine.contexts} for engine in (base, fitted))
    assert set(ours) == set(theirs) and len(ours) == len(base.contexts)
    for memory, context in ours.items():
        assert context.addresses["planes"] == theirs[memory].addresses["planes"]
        assert context.addresses["output0" if numbered else "features"] != theirs[memory].addresses["features"]


def may_capture(device: HostDevice) -> bool:
    """Whether a stream of the device, used by another thread, could be captured now."""
    lock: Any = device.uncaptured()

    def try_it() -> bool:
        free = lock.acquire(blocking=False)
        if free:
            lock.release()
        return free

    with ThreadPoolExecutor(1) as other:
        return other.submit(try_it).result()


@pytest.mark.parametrize("refittable", [True, False])
def test_a_shot_has_its_own_weights(network: PaletteNetwork, monkeypatch: pytest.MonkeyPatch, refittable: bool) -> None:
    """One engine file opened twice and refitted, or two files; the base weights stay as they are."""
    built: list[object] = []
    device = HostDevice()

    def ensure_engine(profile: Profile, *_: object, **given: Any) -> tuple[SimpleNamespace, bytes, bool]:
        assert not may_capture(device)
        built.append(given.get("generator"))
        assert given.get("adopt", False) is (len(built) == 1), "what torch-tensorrt compiled cannot be refitted"
        data = b"fitted" if given.get("generator") else b"base"
        return SimpleNamespace(weights=("project.weight",) if refittable else ()), data, False

    def deserialize_engine(backend: Backend, data: bytes) -> FakeEngine:
        assert not may_capture(device)
        return engine_of(network.generator) if data == b"fitted" else shipped_engine()

    def refit(backend: Backend, engine: FakeEngine, tensors: Generator) -> None:
        assert not engine.contexts and not may_capture(device)
        engine.network = make_exportable("features", "float32", generator=tensors)

    fakes = {
        "ensure_engine": ensure_engine,
        "deserialize_engine": deserialize_engine,
        "refit": refit,
        "name_weights": lambda stored, generator: generator,
        "find_usable_backend": lambda device=0: BACKEND,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(tensorrt, name, fake)
    modules = tensorrt._make_modules(device, network, EngineCache())
    runner = LaneRunner("tensorrt", network, [modules], lanes=1, batch=1)
    view, points = drawing()
    found, wanted = (r.infer(view, points).result() for r in (runner, TorchRunner(network)))
    runner.close()
    assert may_capture(device)
    np.testing.assert_allclose(found.features, wanted.features, atol=5e-4)
    np.testing.assert_allclose(found.votes, wanted.votes, atol=1e-4)
    assert built == [None, None] if refittable else [None, None, network.generator]


def test_torch_tensorrts_engine_file_runs_the_base_weights_only(
    network: PaletteNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The one that was compiled ahead runs the base; tensorrt compiles another, which can be refitted, for the shot."""
    opened: list[bytes] = []

    def deserialize_engine(backend: Backend, data: bytes) -> FakeEngine:
        assert backend == BACKEND
        opened.append(data)
        return shipped_engine(numbered=data == b"torch-tensorrt")

    def refit(backend: Backend, engine: FakeEngine, tensors: object) -> None:
        engine.network = make_exportable("features", "float32", generator=network.generator)

    monkeypatch.setattr(build, "compile_program", lambda *_: b"torch-tensorrt")
    monkeypatch.setattr(build, "compile_onnx", lambda *_: b"tensorrt")
    monkeypatch.setattr(build, "_find_weights", lambda *_: ("project.weight",))
    monkeypatch.setattr(tensorrt, "deserialize_engine", deserialize_engine)
    monkeypatch.setattr(tensorrt, "refit", refit)
    monkeypatch.setattr(tensorrt, "name_weights", lambda *_: {})
    monkeypatch.setattr(tensorrt, "find_usable_backend", lambda device=0: BACKEND)
    cache = EngineCache(tmp_path)
    ahead, _, _ = build.ensure_engine(find_profile("features"), TORCH_BACKEND, cache)
    view, points = drawing()
    wanted = TorchRunner(network).infer(view, points).result()
    for _ in range(2):  # the second finds both engine files, and takes the same
        with caplog.at_level("INFO", "framecolor"):
            modules = tensorrt._make_modules(HostDevice(), network, cache)
            runner = LaneRunner("tensorrt", network, [modules], lanes=1, batch=1)
            found = runner.infer(view, points).result()
            runner.close()
        np.testing.assert_allclose(found.features, wanted.features, atol=5e-4)
    assert opened == 2 * [b"torch-tensorrt", b"tensorrt"] and len(list(cache.files())) == 2
    assert ahead.path.name in caplog.text


def lane_with(engine: FakeEngine) -> Lane:
    return Lane(on_device(HostDevice(), {"features": module_of([engine])}), ring=1, shapes=4)


def task(size: tuple[int, int] = (64, 80)) -> Task:
    planes = np.zeros((7, *size), np.float32)
    return Task("features", (planes,), (), (1,), lambda outputs, extras, result: result.copy_(outputs[0][0, 0, :1]))


def test_each_size_has_a_context_of_its_own() -> None:
    engine = shipped_engine()
    with closing(lane_with(engine)) as lane:
        for size in ((64, 80), (80, 64), (64, 80), (80, 64), (64, 80)):
            lane.finish(lane.start([task(size)], 1))
    assert [context.runs for context in engine.contexts] == [3, 2]


def test_no_memory_for_a_context_is_an_out_of_memory_error() -> None:
    with closing(lane_with(shipped_engine(contexts=0))) as lane, pytest.raises(torch.OutOfMemoryError):
        lane.start([task()], 1)


def test_an_engine_of_other_types_is_refused() -> None:
    with closing(lane_with(shipped_engine(dtype="half"))) as lane, pytest.raises(EngineError, match="not float32"):
        lane.start([task()], 1)


def test_pictures_beyond_the_engine_file_go_to_pytorch() -> None:
    """A figure may be larger in a frame than in the keys, which decide the scale, or long and thin."""
    engine = shipped_engine()
    runner = LaneRunner(
        "tensorrt", None, [on_device(HostDevice(), {"features": module_of([engine])})], lanes=1, batch=1
    )
    view, points = drawing((128, 256))
    found, wanted = (r.infer(view, points).result() for r in (runner, TorchRunner()))
    runner.close()
    assert engine.contexts == []
    np.testing.assert_allclose(found.features, wanted.features, atol=5e-4)


def test_the_profile_of_the_pipeline_takes_its_pictures() -> None:
    """Working sizes of up to 82,000 px, landscape and portrait, padded as lanes pad them, in the largest batch."""
    profile = find_profile("features")
    least, most = profile.at("least"), profile.at("most")
    assert most["batch"] >= max(BATCHES)
    for height in (32, 90, 286, 640, 900):
        for px in (height, 82_000 // height):
            padded = -(-px // BUCKET_PX) * BUCKET_PX
            assert min(least["height"], least["width"]) <= padded
            assert padded <= min(most["height"], most["width"]) or px > 1024


def test_without_a_gpu_the_engine_has_a_problem() -> None:
    if not torch.cuda.is_available():
        problem = TensorRtEngine().find_problem()
        assert problem is not None and "--engine cpu" in problem[1]
