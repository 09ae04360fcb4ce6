"""The matcher by plans, through engines that are none: they take the calls of TensorRT, check that nobody else uses a
context or its memory meanwhile, and run the network on the addresses that they are given."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from framecolor.engines import tensorrt
from framecolor.engines.base import Rows
from framecolor.engines.lanes.bodies import Sizes, torch_site
from framecolor.engines.lanes.host_device import HostDevice, Operation
from framecolor.engines.lanes.runner import LaneRunner
from framecolor.engines.plans.backends import Backend
from framecolor.engines.plans.cache import PlanCache
from framecolor.engines.plans.matcher import PlanMatcher
from framecolor.engines.plans.profiles import Profile
from framecolor.engines.torch_matcher import TorchMatcher
from framecolor.errors import EngineError
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.export import FORMS, make_exportable
from framecolor.networks.matcher import SHAPE_TRAITS
from framecolor.networks.palette_head import PaletteNetwork

TRT = SimpleNamespace(
    ExecutionContextAllocationStrategy=SimpleNamespace(USER_MANAGED="user managed"),
    DataType=SimpleNamespace(FLOAT="float"),
    TensorIOMode=SimpleNamespace(INPUT="input", OUTPUT="output"),
)
BACKEND = Backend("tensorrt", "11.0", None)
MOST = 24
Drawing = tuple[Rows, Rows, Rows]


class FakeEngine:
    """An ICudaEngine of a half of the matcher, for 1 to MOST regions."""

    device_memory_size_v2 = 1 << 30

    def __init__(self, half: Literal["describe", "compare"], contexts: int = 99) -> None:
        self.network, self.form = make_exportable(half, "float32"), FORMS[half]
        self.names = [*self.form.inputs, *self.form.outputs]
        self.num_io_tensors, self.left = len(self.names), contexts
        self.meeting = threading.Barrier(1)  # of calls that are to run at the same time
        self.contexts: list[FakeContext] = []
        self.runs = True

    def get_tensor_name(self, index: int) -> str:
        return self.names[index]

    def get_tensor_mode(self, name: str) -> str:
        return "input" if name in self.form.inputs else "output"

    def get_tensor_dtype(self, name: str) -> str:
        return "float"

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        assert profile == 0
        ends = [self.network.shapes(dict.fromkeys(self.form.free_axes, size)) for size in (1, 9, MOST)]
        return [end[name] for end in ends]

    def create_execution_context(self, strategy: str) -> FakeContext | None:
        assert strategy == "user managed"
        self.left -= 1
        if self.left < 0:
            return None
        self.contexts.append(FakeContext(self))
        return self.contexts[-1]


class FakeContext:
    """An IExecutionContext: from its first shape to the end of its run it is one caller's."""

    in_use: set[int] = set()  # noqa: RUF012

    def __init__(self, engine: FakeEngine) -> None:
        self.engine, self.shapes, self.addresses = engine, dict[str, tuple[int, ...]](), dict[str, int]()
        self.memory, self.running, self.runs = (0, 0), False, 0

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        assert not self.running
        lowest, _, highest = self.engine.get_tensor_profile_shape(name, 0)
        self.shapes[name] = tuple(shape)
        return all(a <= n <= b for a, n, b in zip(lowest, shape, highest, strict=True))

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        form, sizes = self.engine.form, dict(self.engine.network.fixed)
        for given, axes in form.inputs.items():
            sizes |= dict(zip(axes, self.shapes[given], strict=True))
        return tuple(sizes[axis] for axis in {**form.inputs, **form.outputs}[name])

    def set_tensor_address(self, name: str, address: int) -> bool:
        assert not self.running
        self.addresses[name] = address
        return address % 16 == 0

    def update_device_memory_size_for_shapes(self) -> int:
        return 512 * max(shape[0] for shape in self.shapes.values())

    def set_device_memory(self, address: int, size: int) -> None:
        assert size >= self.update_device_memory_size_for_shapes()
        self.memory = (address, size)

    def execute_async_v3(self, stream: int) -> bool:
        assert not self.running and self.memory[0] not in self.in_use
        self.running = True
        self.in_use.add(self.memory[0])
        ctypes.memset(self.memory[0], 0, self.memory[1])  # it is really there
        self.engine.meeting.wait(20)
        with torch.inference_mode():
            outputs = self.engine.network.module(*(self._tensor(name) for name in self.engine.form.inputs))
        for name, values in zip(
            self.engine.form.outputs, (outputs,) if isinstance(outputs, Tensor) else outputs, strict=True
        ):
            self._tensor(name).copy_(values)
        self.in_use.discard(self.memory[0])
        self.running, self.runs = False, self.runs + 1
        return self.engine.runs

    def _tensor(self, name: str) -> Tensor:
        shape = self.get_tensor_shape(name)
        memory = (ctypes.c_float * int(np.prod(shape))).from_address(self.addresses[name])
        return torch.from_numpy(np.frombuffer(memory, np.float32).reshape(shape))


class Other:
    """The PyTorch matcher, and what it was asked for."""

    def __init__(self, matcher: TorchMatcher) -> None:
        self._matcher, self.asked = matcher, list[str]()

    def describe(self, *inputs: Any) -> Rows:
        self.asked.append("describe")
        return self._matcher.describe(*inputs)

    def compare(self, *inputs: Any) -> tuple[Rows, Rows, Rows, Rows]:
        self.asked.append("compare")
        return self._matcher.compare(*inputs)


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(autouse=True)
def fake_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecolor.engines.plans.context.import_runtime", lambda name: TRT)
    FakeContext.in_use.clear()


@pytest.fixture(scope="module")
def reference() -> TorchMatcher:
    return TorchMatcher()


@pytest.fixture
def other(reference: TorchMatcher) -> Other:
    return Other(reference)


def drawing(count: int) -> Drawing:
    """Look, shape and contact of some regions."""
    rng = np.random.default_rng(count)
    look = make_exportable("describe", "float32").fixed["look channels"]
    sizes = ((count, look), (count, SHAPE_TRAITS), (count, count))
    return tuple(rng.random(size, np.float32) for size in sizes)  # pyright: ignore[reportReturnType]


def matcher_of(other: Other, device: HostDevice, **given: Any) -> tuple[PlanMatcher, FakeEngine, FakeEngine]:
    describe, compare = FakeEngine("describe", **given), FakeEngine("compare", **given)
    return PlanMatcher(BACKEND, device, describe, compare, other), describe, compare


def assert_same(found: tuple[Rows, ...], wanted: tuple[Rows, ...]) -> None:
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_plans_match_as_pytorch_does(reference: TorchMatcher, other: Other) -> None:
    """Drawings with more and with fewer regions, one after another, on the same contexts and buffers."""
    matcher, describe, compare = matcher_of(other, HostDevice(delay=lambda: 0.001))
    rng = np.random.default_rng(0)
    for counts in ((5, 9), (MOST, 1), (2, 2), (1, MOST)):
        one, two = (drawing(count) for count in counts)
        a, b = (reference.describe(*d) for d in (one, two))
        assert_same((matcher.describe(*one), matcher.describe(*two)), (a, b))
        there, back = rng.random(counts, np.float32), rng.random(counts[::-1], np.float32)
        for flows in ((), (there, back)):
            found, wanted = (m.compare(a, b, one[2], two[2], *flows) for m in (matcher, reference))
            assert_same(found, wanted)
    matcher.release()
    assert other.asked == []
    assert [[c.runs for c in engine.contexts] for engine in (describe, compare)] == [[8], [8]]


def test_results_stay_as_they_are(other: Other) -> None:
    """What a call gave is not the buffer of the next one."""
    matcher, _, _ = matcher_of(other, HostDevice())
    first = matcher.describe(*drawing(6))
    kept = first.copy()
    matcher.describe(*drawing(7))
    matcher.release()
    np.testing.assert_array_equal(first, kept)


def test_threads_do_not_share_contexts(reference: TorchMatcher, other: Other) -> None:
    """As many contexts as calls at a time, also when the threads that call are others."""
    matcher, describe, compare = matcher_of(other, HostDevice(delay=lambda: 0.0005))
    describe.meeting = threading.Barrier(4)
    drawings = [drawing(count) for count in range(1, 13)]
    wanted = [reference.describe(*d) for d in drawings]

    def ask(i: int) -> tuple[Rows, ...]:
        tokens = matcher.describe(*drawings[i])
        return tokens, *matcher.compare(tokens, wanted[3], drawings[i][2], drawings[3][2])

    for _ in range(2):
        with ThreadPoolExecutor(4) as pool:
            for i, found in enumerate(pool.map(ask, range(len(drawings)))):
                pairs = reference.compare(wanted[i], wanted[3], drawings[i][2], drawings[3][2])
                assert_same(found, (wanted[i], *pairs))
    matcher.release()
    assert [context.runs for context in describe.contexts] == [6] * 4
    assert len(compare.contexts) <= 4 and sum(context.runs for context in compare.contexts) == 24


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_counts_that_no_plan_takes_go_to_pytorch(reference: TorchMatcher, other: Other, count: int) -> None:
    matcher, describe, compare = matcher_of(other, HostDevice())
    few, many = drawing(4), drawing(count)
    tokens = [reference.describe(*d) for d in (few, many)]
    assert_same((matcher.describe(*many),), (tokens[1],))
    # PyTorch's own answer, or its own refusal.
    answers = [attempt(lambda m=m: m.compare(*tokens, few[2], many[2])) for m in (matcher, reference)]
    assert (answers[0] is None) == (answers[1] is None)
    if answers[0] is not None and answers[1] is not None:
        assert_same(answers[0], answers[1])
    assert other.asked == ["describe", "compare"]
    assert describe.contexts == compare.contexts == []


def attempt(ask: Callable[[], tuple[Rows, ...]]) -> tuple[Rows, ...] | None:
    try:
        return ask()
    except (RuntimeError, IndexError):
        return None


def test_memory_of_idle_desks_is_lent_again(reference: TorchMatcher, other: Other) -> None:
    """With just the memory that one call needs, desks that nobody uses go."""
    big = drawing(MOST)
    a = reference.describe(*big)
    alone, _, _ = matcher_of(other, device := HostDevice())
    alone.compare(a, a, big[2], big[2])
    needed_bytes = device.used_bytes
    alone.release()
    assert device.used_bytes == 0
    matcher, describe, _ = matcher_of(other, device)
    describe.meeting = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: matcher.describe(*big), range(2)))
    assert len(describe.contexts) == 2
    device.memory_bytes = needed_bytes
    assert_same(matcher.compare(a, a, big[2], big[2]), reference.compare(a, a, big[2], big[2]))
    matcher.release()
    device.memory_bytes = needed_bytes // 2
    with pytest.raises(EngineError, match=r"matcher by tensorrt 11\.0: failed .* free GPU memory"):
        matcher.compare(a, a, big[2], big[2])
    assert device.used_bytes == 0


def test_what_goes_wrong_is_said_once_and_next_calls_go_on(reference: TorchMatcher, other: Other) -> None:
    def fault(operation: Operation, number: int) -> BaseException | None:
        return RuntimeError("an illegal address\nand more") if (operation, number) == ("run", 1) else None

    matcher, describe, _ = matcher_of(other, HostDevice(fault=fault))
    few = drawing(3)
    with pytest.raises(EngineError, match=r"matcher by tensorrt 11.0: failed \(an illegal address\)"):
        matcher.describe(*few)
    assert_same((matcher.describe(*few),), (reference.describe(*few),))
    describe.runs = False
    with pytest.raises(EngineError, match=r"tensorrt 11\.0: the plan does not run"):
        matcher.describe(*few)
    matcher.release()
    assert len(describe.contexts) == 2  # one that failed is not used again


def test_no_room_for_a_context_is_said(other: Other) -> None:
    matcher, _, _ = matcher_of(other, HostDevice(), contexts=0)
    with pytest.raises(EngineError, match="no room for an execution context"):
        matcher.describe(*drawing(3))


def test_the_engine_matches_by_its_plans(
    reference: TorchMatcher, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Profiles describe and compare are opened once, and the runner on lanes matches by them."""
    opened: dict[str, FakeEngine] = {}

    def ensure_plan(profile: Profile, *_: object, **given: Any) -> tuple[SimpleNamespace, bytes, bool]:
        return SimpleNamespace(weights=()), profile.name.encode(), False

    def open_plan(backend: Backend, plan: bytes) -> FakeEngine:
        assert plan in (b"describe", b"compare") and plan.decode() not in opened
        opened[plan.decode()] = FakeEngine("describe" if plan == b"describe" else "compare")
        return opened[plan.decode()]

    fakes = {"ensure_plan": ensure_plan, "open_plan": open_plan, "_choose_backend": lambda device=0: BACKEND}
    for name, fake in fakes.items():
        monkeypatch.setattr(tensorrt, name, fake)
    device, network = HostDevice(), PaletteNetwork(load_generator(base_weights_path()), 4).eval()
    matcher = tensorrt._open_matcher(device, PlanCache())
    site = torch_site(device, network, torch.float32)
    runner = LaneRunner("tensorrt", network, [site], Sizes(), lanes=1, batch=1, matcher=matcher)
    few = drawing(5)
    tokens = runner.describe(*few)
    assert_same((tokens,), (reference.describe(*few),))
    assert_same(runner.compare(tokens, tokens, few[2], few[2]), reference.compare(tokens, tokens, few[2], few[2]))
    runner.close()
    matcher.release()
    assert [opened[half].contexts[0].runs for half in ("describe", "compare")] == [1, 1]
