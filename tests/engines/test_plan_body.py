"""Compiled plans on lanes, through engines that are none: they take the calls of TensorRT, check their order, and run
the network on the addresses that they are given."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from framecolor.core.types import Regions
from framecolor.engines import tensorrt
from framecolor.engines.lanes.bodies import Sizes, feature_shapes
from framecolor.engines.lanes.host_device import HostDevice
from framecolor.engines.lanes.lane import Lane, Site, Task
from framecolor.engines.lanes.runner import LaneRunner
from framecolor.engines.plans.backends import Backend
from framecolor.engines.plans.body import PlanBody
from framecolor.engines.plans.cache import PlanCache
from framecolor.engines.plans.profiles import Profile, find_profile
from framecolor.engines.tensorrt import TensorRtEngine, sizes_of
from framecolor.engines.torch import TorchRunner
from framecolor.errors import EngineError
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.export import FORMS
from framecolor.networks.generator import Generator
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.passes import FeaturePass
from framecolor.networks.view import View

TRT = SimpleNamespace(
    ExecutionContextAllocationStrategy=SimpleNamespace(USER_MANAGED="user managed"),
    DataType=SimpleNamespace(FLOAT="float"),
    TensorIOMode=SimpleNamespace(INPUT="input", OUTPUT="output"),
)
BACKEND = Backend("tensorrt", "11.0", None)
MOST = (128, 192)


class FakeEngine:
    """An ICudaEngine of the features, with a range of sizes."""

    device_memory_size_v2 = 1 << 30
    num_io_tensors = 3

    def __init__(self, network: nn.Module, dtype: str = "float", contexts: int = 99) -> None:
        self.network, self.dtype, self.left = network, dtype, contexts
        self.contexts: list[FakeContext] = []

    def get_tensor_name(self, index: int) -> str:
        return ("planes", "features", "context")[index]

    def get_tensor_mode(self, name: str) -> str:
        return "input" if name == "planes" else "output"

    def get_tensor_dtype(self, name: str) -> str:
        return self.dtype

    def create_execution_context(self, strategy: str) -> FakeContext | None:
        assert strategy == "user managed"
        self.left -= 1
        if self.left < 0:
            return None
        self.contexts.append(FakeContext(self))
        return self.contexts[-1]


class FakeContext:
    """An IExecutionContext: shapes first, then addresses and memory, then any number of runs."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine, self.shapes, self.addresses, self.runs = engine, dict[str, tuple[int, ...]](), dict[str, int](), 0
        self.memory = (0, 0)

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        assert name == "planes" and not self.runs
        if not (64 <= shape[2] <= MOST[0] and 64 <= shape[3] <= MOST[1]):
            return False
        generator = load_generator(base_weights_path())
        features, context = feature_shapes(shape, generator, fitted=False)
        self.shapes = {"planes": shape, "features": features, "context": context}
        return True

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self.shapes[name]

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        return address % 16 == 0

    def update_device_memory_size_for_shapes(self) -> int:
        assert self.shapes
        return 4096

    def set_device_memory(self, address: int, size: int) -> None:
        self.memory = (address, size)

    def execute_async_v3(self, stream: int) -> bool:
        assert self.memory[1] == 4096 and self.memory[0]
        self.runs += 1
        with torch.inference_mode():
            outputs = self.engine.network(self._tensor("planes"))
        for name, values in zip(("features", "context"), outputs, strict=True):
            self._tensor(name).copy_(values)
        return True

    def _tensor(self, name: str) -> Tensor:
        shape = self.shapes[name]
        memory = (ctypes.c_float * int(np.prod(shape))).from_address(self.addresses[name])
        return torch.from_numpy(np.frombuffer(memory, np.float32).reshape(shape))


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(autouse=True)
def fake_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecolor.engines.plans.context.import_runtime", lambda name: TRT)


@pytest.fixture(scope="module")
def network() -> PaletteNetwork:
    torch.manual_seed(0)
    network = PaletteNetwork(load_generator(base_weights_path()), 4).eval()
    with torch.no_grad():
        for weights in network.generator.parameters():
            weights.mul_(1 + 0.05 * torch.randn_like(weights))
    return network


def body_of(engines: Sequence[FakeEngine]) -> PlanBody:
    generator = load_generator(base_weights_path())
    names = [tuple(FORMS["features"].outputs) for _ in engines]
    return PlanBody(
        BACKEND,
        engines,
        ("planes",),
        names,
        lambda shape: feature_shapes(shape, generator, fitted=False) * len(engines),
    )


def site_of(device: HostDevice, bodies: Mapping[str, PlanBody]) -> Site:
    return Site(device, {name: lambda b=body: b for name, body in bodies.items()})


def drawing() -> tuple[View, RegionPoints]:
    labels = np.ones((108, 148), np.int32)
    labels[50:] = 2
    return View(np.random.default_rng(0).random((7, 100, 140), np.float32), (4, 4, 144, 104)), sample_points(
        Regions(labels, 2)
    )


def test_two_engines_of_one_plan_see_as_the_networks_do(network: PaletteNetwork) -> None:
    """Base and fitted weights on lanes, with a context each for each lane and size, all in their lane's memory."""
    base, fitted = (FakeEngine(FeaturePass(g)) for g in (load_generator(base_weights_path()), network.generator))
    device = HostDevice(delay=lambda: 0.001)
    site = site_of(device, {"look": body_of([base]), "see": body_of([base, fitted])})
    sizes = Sizes(bucket=16, least=(64, 64), most=MOST)
    runner = LaneRunner("tensorrt", network, [site], sizes, lanes=2, batch=1)
    view, points = drawing()
    looks = [pending.result() for pending in [runner.see(view, points) for _ in range(8)]]
    wanted = TorchRunner(network).see(view, points).result()
    for seen in looks:
        np.testing.assert_allclose(seen.look, wanted.look, atol=1e-4)
        np.testing.assert_allclose(seen.votes, wanted.votes, atol=1e-4)
    runner.close()
    assert 1 <= len(base.contexts) == len(fitted.contexts) <= 2
    assert sum(context.runs for context in base.contexts) == 8
    # Lanes bind at the same time: contexts of one lane are told by what they share.
    ours, theirs = ({c.memory: c for c in engine.contexts} for engine in (base, fitted))
    assert set(ours) == set(theirs) and len(ours) == len(base.contexts)
    for memory, context in ours.items():
        assert context.addresses["planes"] == theirs[memory].addresses["planes"]
        assert context.addresses["features"] != theirs[memory].addresses["features"]


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
def test_a_shot_is_seen_by_its_own_weights(
    network: PaletteNetwork, monkeypatch: pytest.MonkeyPatch, refittable: bool
) -> None:
    """One plan opened twice and refitted, or two plans; the base weights stay as they are."""
    built: list[object] = []
    device = HostDevice()

    def ensure_plan(profile: Profile, *_: object, **given: Any) -> tuple[SimpleNamespace, bytes, bool]:
        assert not may_capture(device)
        built.append(given.get("generator"))
        plan = b"fitted" if given.get("generator") else b"base"
        return SimpleNamespace(weights=("project.weight",) if refittable else ()), plan, False

    def open_plan(backend: Backend, plan: bytes) -> FakeEngine:
        assert not may_capture(device)
        shipped = load_generator(base_weights_path())
        return FakeEngine(FeaturePass(network.generator if plan == b"fitted" else shipped))

    def refit(backend: Backend, engine: FakeEngine, tensors: Generator) -> None:
        assert not engine.contexts and not may_capture(device)
        engine.network = FeaturePass(tensors)

    fakes = {
        "ensure_plan": ensure_plan,
        "open_plan": open_plan,
        "refit": refit,
        "tensors_of": lambda stored, generator: generator,
        "_choose_backend": lambda device=0: BACKEND,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(tensorrt, name, fake)
    site = tensorrt._make_site(device, network, PlanCache(), find_profile("features"))
    runner = LaneRunner("tensorrt", network, [site], Sizes(bucket=16, least=(64, 64), most=MOST), lanes=1, batch=1)
    view, points = drawing()
    seen, wanted = (r.see(view, points).result() for r in (runner, TorchRunner(network)))
    runner.close()
    assert may_capture(device)
    np.testing.assert_allclose(seen.look, wanted.look, atol=1e-4)
    np.testing.assert_allclose(seen.votes, wanted.votes, atol=1e-4)
    assert built == [None, None] if refittable else [None, None, network.generator]


def lane_with(engine: FakeEngine) -> Lane:
    return Lane(site_of(HostDevice(), {"look": body_of([engine])}), ring=1, shapes=4)


def task(size: tuple[int, int] = (64, 80)) -> Task:
    planes = np.zeros((7, *size), np.float32)
    return Task("look", (planes,), (), (1,), lambda outputs, extras, result: result.copy_(outputs[0][0, 0, :1]))


def test_each_size_has_a_context_of_its_own() -> None:
    engine = FakeEngine(FeaturePass(load_generator(base_weights_path())))
    with closing(lane_with(engine)) as lane:
        for size in ((64, 80), (80, 64), (64, 80), (80, 64), (64, 80)):
            lane.finish(lane.start([task(size)], 1))
    assert [context.runs for context in engine.contexts] == [3, 2]


def test_no_room_for_a_context_is_no_memory() -> None:
    with closing(lane_with(FakeEngine(nn.Identity(), contexts=0))) as lane, pytest.raises(torch.OutOfMemoryError):
        lane.start([task()], 1)


@pytest.mark.parametrize(
    ("engine", "size", "words"),
    [
        (FakeEngine(nn.Identity()), (64, 208), r"planes \(1, 7, 64, 208\) is not within the plan's range"),
        (FakeEngine(nn.Identity(), dtype="half"), (64, 80), "planes is not float32"),
    ],
)
def test_what_a_plan_cannot_take_is_said(engine: FakeEngine, size: tuple[int, int], words: str) -> None:
    with closing(lane_with(engine)) as lane, pytest.raises(EngineError, match=f"tensorrt 11.0: {words}"):
        lane.start([task(size)], 1)


def test_the_profile_of_the_pipeline_takes_its_pictures() -> None:
    """Working sizes of up to 82,000 px, landscape and portrait."""
    sizes = sizes_of(find_profile("features"))
    for height in (32, 90, 286, 640, 900):
        width = 82_000 // height
        for size in ((height, width), (width, height)):
            fitted = sizes.fit(*size)
            if max(size) > 1024:
                assert fitted is None
            else:
                assert fitted is not None and all(a >= b and a % 16 == 0 for a, b in zip(fitted, size, strict=True))
    assert sizes.most_batch >= 2


def test_without_a_gpu_the_engine_says_so() -> None:
    if not torch.cuda.is_available():
        problem = TensorRtEngine().find_problem()
        assert problem is not None and "--engine cpu" in problem[1]
