"""Lanes on a device whose streams are threads: order, rings, graphs, errors, cancelling, memory that runs out."""

from __future__ import annotations

import gc
import logging
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import closing, nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from host_device import HostDevice, Operation
from torch import Tensor, nn

from framecolor import EngineError
from framecolor.engines.lanes.device import CudaDevice, CudaStream, is_out_of_memory
from framecolor.engines.lanes.dispatch import Lanes
from framecolor.engines.lanes.lane import Lane, Task
from framecolor.engines.lanes.modules import DeviceModules

Shape = tuple[int, ...]
PATIENCE_SECONDS = 30


class Doubling:
    """A module that doubles, with `workspace_bytes` of workspace a sample; it fails on samples that begin with 666."""

    def __init__(self, workspace_bytes: int = 0) -> None:
        self.workspace_bytes = workspace_bytes
        self.bound: list[Shape] = []
        self.calls = 0

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        return list(inputs)

    def bind(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], workspace: Callable[[int], Tensor]
    ) -> Callable[[int], None]:
        self.bound.append(tuple(inputs[0].shape))
        workspace(self.workspace_bytes * len(inputs[0]))

        def call(stream: int) -> None:
            self.calls += 1
            if (inputs[0].flatten(1)[:, 0] == 666).any():
                raise ArithmeticError("666 is not to be doubled")
            torch.mul(inputs[0], 2, out=outputs[0])

        return call


class Convolution:
    """A module of a real network."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.network = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.SiLU(), nn.Conv2d(16, 3, 3, padding=1))

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        return list(inputs)

    def bind(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], workspace: Callable[[int], Tensor]
    ) -> Callable[[int], None]:
        return lambda stream: outputs[0].copy_(self.network(inputs[0]))


def picture(value: float, shape: Shape = (1, 4, 6)) -> np.ndarray:
    return np.full(shape, value, np.float32)


def add(outputs: Sequence[Tensor], extras: Sequence[Tensor], result: Tensor) -> None:
    result.copy_(outputs[0] + extras[0])


def task(value: float, shape: Shape = (1, 4, 6), extra: float = 0.0, module: str = "double") -> Task:
    return Task(module, (picture(value, shape),), (np.array([extra], np.float32),), shape, add)


def lanes_on(device: HostDevice, module: object | None = None, **given: int) -> Lanes:
    double = module or Doubling()
    return Lanes([DeviceModules(device, {"double": lambda: double})], **given)  # pyright: ignore[reportArgumentType]


def results(futures: Sequence[Future]) -> list[np.ndarray]:
    return [future.result(PATIENCE_SECONDS) for future in futures]


def fails_at(operation: Operation, n: int, error: BaseException) -> Callable[[Operation, int], BaseException | None]:
    return lambda o, i: error if (o, i) == (operation, n) else None


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert not [thread for thread in threading.enumerate() if thread not in before]


@pytest.mark.parametrize(("lanes", "batch"), [(1, 1), (1, 4), (3, 1), (2, 3)])
def test_every_request_gets_its_own_result_under_random_delays(lanes: int, batch: int) -> None:
    """Eight threads, three shapes; a slot that is written before it was read would mix the values up."""
    dice = random.Random(lanes * 10 + batch)
    device = HostDevice(delay=lambda: dice.random() * 0.002)
    sizes = [(1, 4, 6), (1, 6, 4), (2, 3, 3)]

    def ask(i: int) -> tuple[int, np.ndarray]:
        return i, pool.submit(task(i, sizes[i % 3], i / 1000)).result(PATIENCE_SECONDS)

    with closing(lanes_on(device, lanes=lanes, batch=batch)) as pool, ThreadPoolExecutor(8) as threads:
        for i, rows in threads.map(ask, range(90)):
            np.testing.assert_array_equal(rows, picture(2 * i, sizes[i % 3]) + np.float32(i / 1000))


def test_slots_are_not_overwritten_before_their_results_are_read() -> None:
    """All is submitted before anything is read, with slow copies back: rings turn many times."""
    device = HostDevice(delay=lambda: 0.001)
    with closing(lanes_on(device, lanes=1, batch=1, ring=2)) as pool, ThreadPoolExecutor(1) as threads:
        futures = list(threads.submit(lambda: [pool.submit(task(i)) for i in range(40)]).result(PATIENCE_SECONDS))
        for i, rows in enumerate(results(futures)):
            np.testing.assert_array_equal(rows, picture(2 * i))


def test_results_are_copies() -> None:
    with closing(lanes_on(HostDevice(), ring=1)) as pool:
        first = pool.submit(task(1)).result(PATIENCE_SECONDS)
        results([pool.submit(task(i)) for i in range(2, 9)])
        np.testing.assert_array_equal(first, picture(2))


def test_stages_of_different_batches_overlap() -> None:
    """While one batch waits in the compute stream, the next one is copied in."""
    gate, copied = threading.Event(), threading.Event()
    device = HostDevice()

    def hold(outputs: Sequence[Tensor], extras: Sequence[Tensor], result: Tensor) -> None:
        assert gate.wait(PATIENCE_SECONDS)
        result.copy_(outputs[0])

    class Watching(HostDevice):
        def meet(self, operation: Operation) -> None:
            super().meet(operation)
            if operation == "copy" and self.counts["copy"] == 2:
                copied.set()

    device = Watching()
    slow = Task("double", (picture(1),), (), (1, 4, 6), hold)
    with closing(lanes_on(device, lanes=1, ring=2)) as pool:
        futures = [pool.submit(slow), pool.submit(task(2))]
        assert copied.wait(PATIENCE_SECONDS)
        assert not any(future.done() for future in futures)
        gate.set()
        np.testing.assert_array_equal(results(futures)[1], picture(4))


def test_a_shape_is_run_then_captured_then_replayed() -> None:
    device, module = HostDevice(), Doubling()
    with closing(lanes_on(device, module, lanes=1, batch=1)) as pool:
        for i in range(5):
            for shape in ((1, 4, 6), (1, 6, 4)):
                np.testing.assert_array_equal(pool.submit(task(i, shape)).result(9), picture(2 * i, shape))
    assert device.counts["capture"] == 2
    assert module.bound == [(1, 1, 4, 6), (1, 1, 6, 4)]


def test_the_number_of_bound_shapes_is_limited() -> None:
    device = HostDevice()
    with closing(lanes_on(device, shapes=2)) as pool:
        for width in (3, 4, 5, 3, 4, 5):
            for _ in range(2):
                pool.submit(task(1, (1, 2, width))).result(PATIENCE_SECONDS)
        held = device.used_bytes
        results([pool.submit(task(1, (1, 2, 5))) for _ in range(9)])
        assert device.used_bytes == held
    assert device.counts["capture"] == 6
    assert device.used_bytes == 0


def test_a_module_that_cannot_be_captured_runs_without_a_graph(caplog: pytest.LogCaptureFixture) -> None:
    device = HostDevice(fault=lambda o, n: RuntimeError("no capture") if o == "capture" else None)
    with closing(lanes_on(device)) as pool, caplog.at_level(logging.WARNING, "framecolor"):
        for i in range(4):
            np.testing.assert_array_equal(pool.submit(task(i)).result(PATIENCE_SECONDS), picture(2 * i))
    assert [record.message for record in caplog.records] == [
        "a CUDA graph could not be captured, which is slower: no capture"
    ]


def test_nothing_is_captured_while_another_lane_binds() -> None:
    """Libraries may wait for the whole device where they make things, which breaks captures of all threads."""
    device = HostDevice()

    class Watching(Doubling):
        def bind(
            self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], workspace: Callable[[int], Tensor]
        ) -> Callable[[int], None]:
            capturing.start()
            capturing.join(0.2)
            assert device.counts["capture"] == 0
            return super().bind(inputs, outputs, workspace)

    modules = {"double": Doubling, "watching": Watching}
    first, second = (Lane(DeviceModules(device, modules), ring=1, shapes=1) for _ in range(2))
    capturing = threading.Thread(target=lambda: first.finish(first.start([task(2)], 1)))
    with closing(first), closing(second):
        first.finish(first.start([task(1)], 1))
        second.finish(second.start([task(3, module="watching")], 1))
        capturing.join(PATIENCE_SECONDS)
    assert device.counts["capture"] == 1


class BrokenGraph:
    """A torch.cuda.CUDAGraph as it is left by what goes wrong in a capture."""

    ends = True

    def capture_begin(self, pool: object, capture_error_mode: str) -> None:
        self.ended = False

    def capture_end(self) -> None:
        if not self.ends:
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture")
        self.ended = True

    def pool(self) -> object:
        if not self.ended:
            raise RuntimeError("Called CUDAGraph::pool() without a preceding successful capture.")
        return (0, 1)


@pytest.mark.parametrize("ends", [True, False])
def test_a_graph_whose_capture_did_not_end_is_kept(monkeypatch: pytest.MonkeyPatch, ends: bool) -> None:
    """PyTorch's allocator holds a pointer to it; one whose capture ended holds memory."""
    graphs: list[weakref.ref[BrokenGraph]] = []

    def make() -> BrokenGraph:
        graph = BrokenGraph()
        graphs.append(weakref.ref(graph))
        return graph

    def fail() -> None:
        raise ArithmeticError("in the work")

    monkeypatch.setattr(BrokenGraph, "ends", ends)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", make)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    monkeypatch.setattr(torch.cuda, "Stream", lambda place: SimpleNamespace(synchronize=lambda: None))
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    stream = CudaStream(torch.device("cuda", 0), compute=False)
    with pytest.raises((ArithmeticError, RuntimeError), match="in the work" if ends else "during capture"):
        stream.capture(fail)
    gc.collect()
    assert (graphs[0]() is None) == ends


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("CUDA error: out of memory\nCUDA kernel errors might be", True),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("cuDNN error: CUDNN_STATUS_ALLOC_FAILED", True),
        ("CUDA error: an illegal memory access was encountered", False),
    ],
)
def test_out_of_memory_is_found_in_messages_of_all_libraries(words: str, wanted: bool) -> None:
    assert is_out_of_memory(RuntimeError(words)) == wanted
    further = EngineError("engine", "failed", "mend it")
    further.__cause__ = RuntimeError(words)
    assert is_out_of_memory(further) == wanted


def test_a_batch_does_not_change_its_samples() -> None:
    """The same bits alone, with one other and in a full batch, at each place of it."""
    rng = np.random.default_rng(0)
    planes = [rng.standard_normal((3, 32, 48), np.float32) for _ in range(4)]
    gate = threading.Event()

    def ask(pool: Lanes, i: int) -> Future:
        return pool.submit(Task("double", (planes[i],), (), (3, 32, 48), lambda o, e, r: r.copy_(o[0])))

    def block(outputs: Sequence[Tensor], extras: Sequence[Tensor], result: Tensor) -> None:
        assert gate.wait(PATIENCE_SECONDS)

    def together(pool: Lanes, order: Sequence[int]) -> list[np.ndarray]:
        """Submitted while the only slot is held, so that they are gathered into one batch."""
        gate.clear()
        blocked = pool.submit(Task("double", (picture(0, (3, 8, 8)),), (), (1,), block))
        time.sleep(0.01)
        pool.submit(Task("double", (picture(0, (3, 8, 8)),), (), (1,), block))
        time.sleep(0.01)
        futures = [ask(pool, i) for i in order]
        gate.set()
        blocked.result(PATIENCE_SECONDS)
        return results(futures)

    module = Convolution()
    with closing(lanes_on(HostDevice(), module, lanes=1, batch=4, ring=1)) as pool:
        alone = [ask(pool, i).result(PATIENCE_SECONDS) for i in range(4)]
        before = pool._workers[0].lane.device.counts["run"]
        for order in ((0, 1), (3, 2, 1, 0), (2, 0, 3, 1)):
            for i, rows in zip(order, together(pool, order), strict=True):
                np.testing.assert_array_equal(rows, alone[i])
        assert before > 0
    with torch.inference_mode():
        np.testing.assert_allclose(alone[0], module.network(torch.from_numpy(planes[0])[None])[0].numpy(), atol=1e-6)


@pytest.mark.parametrize("batch", [1, 4])
def test_an_error_reaches_the_request_that_caused_it(batch: int) -> None:
    """In the module, in the reduction, and in making the module; the others go on."""

    def broken(outputs: Sequence[Tensor], extras: Sequence[Tensor], result: Tensor) -> None:
        raise ZeroDivisionError("in the reduction")

    bad = Task("double", (picture(3),), (), (1, 4, 6), broken)
    asked = [task(1), task(666), task(2), bad, task(4), task(5, module="triple"), task(6)]
    with closing(lanes_on(HostDevice(delay=lambda: 0.001), lanes=2, batch=batch)) as pool:
        futures = [pool.submit(t) for t in asked]
        wrong = [type(future.exception(PATIENCE_SECONDS)) for future in futures]
        assert wrong == [type(None), ArithmeticError, type(None), ZeroDivisionError, type(None), KeyError, type(None)]
        np.testing.assert_array_equal(futures[4].result(), picture(8))


@pytest.mark.parametrize("operation", ["enqueue", "run", "copy", "empty"])
@pytest.mark.parametrize("n", range(1, 7))
def test_any_operation_may_fail_once(operation: Operation, n: int) -> None:
    """One request fails, all others have their results, and the lane goes on."""
    device = HostDevice(fault=fails_at(operation, n, OSError(f"{operation} {n}")))
    with closing(lanes_on(device, lanes=1, batch=1)) as pool:
        failures = 0
        for i in range(6):
            future = pool.submit(task(i))
            if future.exception(PATIENCE_SECONDS) is None:
                np.testing.assert_array_equal(future.result(), picture(2 * i))
            else:
                failures += 1
        assert failures <= 1
        assert failures == 1 or device.counts[operation] < n


def test_a_cancelled_request_is_left_out() -> None:
    gate = threading.Event()

    def block(outputs: Sequence[Tensor], extras: Sequence[Tensor], result: Tensor) -> None:
        assert gate.wait(PATIENCE_SECONDS)

    module = Doubling()
    with closing(lanes_on(HostDevice(), module, lanes=1, batch=1, ring=1)) as pool:
        blocked = [pool.submit(Task("double", (picture(1),), (), (1,), block)) for _ in range(2)]
        futures = [pool.submit(task(i)) for i in range(6)]
        assert [future.cancel() for future in futures[1::2]] == [True] * 3
        gate.set()
        wait(blocked, PATIENCE_SECONDS)
        for i in (0, 2, 4):
            np.testing.assert_array_equal(futures[i].result(PATIENCE_SECONDS), picture(2 * i))
        with pytest.raises(CancelledError):
            futures[1].result(PATIENCE_SECONDS)
    assert module.calls == 5


def test_closing_ends_every_wait() -> None:
    """Running tasks are finished; waiting tasks, and calls of `submit` now or later, fail."""
    device = HostDevice(delay=lambda: 0.002)
    pool = lanes_on(device, lanes=2, batch=1)
    outcomes: list[object] = []

    def ask(i: int) -> None:
        try:
            outcomes.append(pool.submit(task(i)).result(PATIENCE_SECONDS)[0, 0, 0] == 2 * i)
        except EngineError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=lambda: [ask(i) for i in range(30)]) for _ in range(30)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    pool.close()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    assert len(outcomes) == 900
    assert outcomes.count(True) > 0
    assert set(outcomes) == {True, "engine: was closed before it was done; load it again"}
    pool.close()
    assert device.used_bytes == 0


def test_a_full_queue_makes_the_next_request_wait() -> None:
    gate = threading.Event()

    def block(outputs: Sequence[Tensor], extras: Sequence[Tensor], result: Tensor) -> None:
        assert gate.wait(PATIENCE_SECONDS)

    with closing(lanes_on(HostDevice(), lanes=1, batch=1, ring=1)) as pool, ThreadPoolExecutor(1) as threads:
        asked: list[Future] = []
        filling = threads.submit(
            lambda: [asked.append(pool.submit(Task("double", (picture(1),), (), (1,), block))) for _ in range(60)]
        )
        time.sleep(0.1)
        assert len(asked) < 20
        gate.set()
        filling.result(PATIENCE_SECONDS)
        results(asked)


def test_batches_then_lanes_shrink_if_memory_is_out(caplog: pytest.LogCaptureFixture) -> None:
    """Batches of four become one, three lanes become one, and every picture comes out."""
    module = Doubling(workspace_bytes=100_000)
    device = HostDevice(memory_bytes=150_000, delay=lambda: 0.0005)
    with closing(lanes_on(device, module, lanes=3, batch=4)) as pool, caplog.at_level(logging.WARNING, "framecolor"):
        for i, rows in enumerate(results([pool.submit(task(i)) for i in range(40)])):
            np.testing.assert_array_equal(rows, picture(2 * i))
        assert (pool.lanes, pool.batch) == (1, 1)
    assert [record.message for record in caplog.records] == [
        "host is out of memory: batches of 2 from now on",
        "host is out of memory: batches of 1 from now on",
        "host is out of memory: 2 lanes from now on",
        "host is out of memory: 1 lanes from now on",
    ]
    assert device.used_bytes == 0


def test_modules_bound_for_other_sizes_are_dropped_first(caplog: pytest.LogCaptureFixture) -> None:
    """Each size fits by itself; lanes and batches stay."""
    device = HostDevice(memory_bytes=400_000)
    with closing(lanes_on(device, lanes=1, batch=2)) as pool, caplog.at_level(logging.WARNING, "framecolor"):
        for width in (51, 52, 53, 54, 55, 56, 51, 52, 53):
            shape = (1, 60, width)
            np.testing.assert_array_equal(pool.submit(task(1, shape)).result(PATIENCE_SECONDS), picture(2, shape))
        assert (pool.lanes, pool.batch) == (1, 2)
    assert [record.message for record in caplog.records] == ["host is out of memory: 2 sizes stay ready from now on"]


def test_a_picture_too_large_for_any_lane_fails_alone() -> None:
    module = Doubling(workspace_bytes=100_000)
    device = HostDevice(memory_bytes=150_000)
    with closing(lanes_on(device, module, lanes=2, batch=2)) as pool:
        huge = pool.submit(task(1, (1, 200, 200)))
        assert isinstance(huge.exception(PATIENCE_SECONDS), torch.OutOfMemoryError)
        np.testing.assert_array_equal(pool.submit(task(2)).result(PATIENCE_SECONDS), picture(4))


@pytest.mark.parametrize("operation", ["enqueue", "run", "copy", "capture", "empty"])
def test_no_picture_fails_if_memory_runs_out_once(operation: Operation) -> None:
    """Wherever it is noticed: by the one who asks, or later in a stream."""
    device = HostDevice(fault=fails_at(operation, 2, torch.OutOfMemoryError("out of memory")))
    with closing(lanes_on(device, lanes=2, batch=4)) as pool:
        for i, rows in enumerate(results([pool.submit(task(i)) for i in range(20)])):
            np.testing.assert_array_equal(rows, picture(2 * i))


def test_devices_share_the_work() -> None:
    devices = [HostDevice(delay=lambda: 0.001, name=name) for name in ("first", "second")]
    modules = [Doubling(), Doubling()]
    devices_with_modules = [
        DeviceModules(device, {"double": lambda b=module: b}) for device, module in zip(devices, modules, strict=True)
    ]
    with closing(Lanes(devices_with_modules, lanes=1, batch=1)) as pool:
        for i, rows in enumerate(results([pool.submit(task(i)) for i in range(40)])):
            np.testing.assert_array_equal(rows, picture(2 * i))
        assert pool.lanes == 2
    assert min(module.calls for module in modules) > 8


@pytest.fixture
def gpu() -> CudaDevice:
    if not torch.cuda.is_available():
        if os.environ.get("FRAMECOLOR_REQUIRE_CUDA") == "1":
            pytest.fail("a GPU is required")
        pytest.skip("there is no GPU")
    return CudaDevice()


class Scaling:
    """A module for a GPU: it can be captured, as it asks for no value. `share`: workspace a sample."""

    def __init__(self, share: float = 0.0) -> None:
        self.share = share

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        return list(inputs)

    def bind(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], workspace: Callable[[int], Tensor]
    ) -> Callable[[int], None]:
        if self.share:
            workspace(int(torch.cuda.get_device_properties(0).total_memory * self.share) * len(inputs[0]))
        return lambda stream: outputs[0].copy_(inputs[0] * 2)


@pytest.mark.parametrize(("lanes", "batch"), [(1, 1), (4, 1), (2, 3)])
def test_a_gpu_keeps_the_order_too(gpu: CudaDevice, lanes: int, batch: int) -> None:
    """Many threads and shapes on real streams, most batches replayed from graphs."""
    sizes = [(1, 400, 600), (1, 600, 400), (2, 300, 300)]

    def ask(i: int) -> tuple[int, np.ndarray]:
        return i, pool.submit(task(i, sizes[i % 3], i / 1000)).result(PATIENCE_SECONDS)

    modules = DeviceModules(gpu, {"double": Scaling})  # pyright: ignore[reportArgumentType]
    with closing(Lanes([modules], lanes, batch)) as pool, ThreadPoolExecutor(8) as threads:
        for i, rows in threads.map(ask, range(300)):
            np.testing.assert_array_equal(rows, picture(2 * i, sizes[i % 3]) + np.float32(i / 1000))


def test_a_gpu_captures_a_shape_on_its_second_batch(gpu: CudaDevice, caplog: pytest.LogCaptureFixture) -> None:
    lane = Lane(DeviceModules(gpu, {"double": Scaling}), ring=2, shapes=2)  # pyright: ignore[reportArgumentType]
    with closing(lane), caplog.at_level(logging.WARNING, "framecolor"):
        for i in range(4):
            rows = lane.finish(lane.start([task(i)], 1))[0]
            np.testing.assert_array_equal(rows, picture(2 * i))
        (station,) = lane._bound.values()
        assert station._graph is not None
    assert not caplog.records


def test_a_gpu_without_memory_computes_smaller_batches(gpu: CudaDevice) -> None:
    module = Scaling(share=0.4)
    with closing(Lanes([DeviceModules(gpu, {"double": lambda: module})], 2, 4)) as pool:  # pyright: ignore[reportArgumentType]
        for i, rows in enumerate(results([pool.submit(task(i)) for i in range(20)])):
            np.testing.assert_array_equal(rows, picture(2 * i))
        assert pool.lanes * pool.batch <= 2


def test_a_slot_is_free_again_after_an_error() -> None:
    lane = Lane(DeviceModules(HostDevice(), {"double": Doubling}), ring=1, shapes=1)
    with closing(lane):
        for _ in range(3):
            with pytest.raises(ArithmeticError):
                lane.finish(lane.start([task(666)], 2))
        rows = lane.finish(lane.start([task(7), task(8)], 2))
        np.testing.assert_array_equal(rows[1], picture(16))
