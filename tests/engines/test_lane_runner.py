"""The runner on lanes, on a device whose streams are threads: it gives what PyTorch gives."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from drawings import make_shot
from host_device import HostDevice
from painting import paint, read_bytes

from framecolor import EngineError
from framecolor.bench.drawn_shot import draw
from framecolor.core.types import Regions
from framecolor.engines.base import NetworkOutput, Runner
from framecolor.engines.lanes.modules import DeviceModules, Module
from framecolor.engines.lanes.runner import LaneRunner
from framecolor.engines.lanes.torch_modules import FeatureModule, make_torch_modules
from framecolor.engines.openvino import CpuEngine
from framecolor.engines.registry import load_shipped
from framecolor.engines.torch import TorchRunner
from framecolor.engines.torch_painter import TorchPainter
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.view import View, look

COLORS = 5
SIZES = [(61, 93), (130, 47), (16, 16), (104, 176)]


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture
def narrow_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are padded as the reference pads them, so that only rounding differs."""
    monkeypatch.setattr("framecolor.engines.lanes.runner.BUCKET_PX", 16)


@pytest.fixture(scope="module")
def network() -> PaletteNetwork:
    """A fitted network: other weights than the base's."""
    torch.manual_seed(0)
    network = PaletteNetwork(load_generator(base_weights_path()), COLORS).eval()
    with torch.no_grad():
        for weights in network.generator.parameters():
            weights.mul_(1 + 0.05 * torch.randn_like(weights))
    return network


@pytest.fixture(scope="module")
def reference(network: PaletteNetwork) -> Runner:
    return TorchRunner(network)


@cache
def shared_painter() -> TorchPainter:
    """Matcher and painter of all runners whose pictures are looked at: to trace them takes longer than all the rest."""
    return TorchPainter()


@cache
def wanted_of(reference: Runner, size: tuple[int, int]) -> NetworkOutput:
    return reference.infer(*drawing_of(size)).result()


def planes_of(size: tuple[int, int], channels: int = 7) -> np.ndarray:
    return np.random.default_rng(size[0]).random((channels, *size), np.float32)


def drawing_of(size: tuple[int, int], seed: int = 0) -> tuple[View, RegionPoints]:
    """A drawing of twelve patches, cut from a picture around it."""
    height, width = size
    labels = np.zeros((height + 8, width + 8), np.int32)
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 3 // width
    labels[4:-4, 4:-4] = 1 + rows[:, None] * 3 + columns
    planes = np.random.default_rng(seed).random((7, height, width), np.float32)
    return View(planes, (4, 4, width + 4, height + 4)), sample_points(Regions(labels, 12))


@contextmanager
def on_lanes(network: PaletteNetwork, device: HostDevice | None = None, **given: int) -> Iterator[LaneRunner]:
    modules = make_torch_modules(device or HostDevice(), network, torch.float32)
    settings = {"lanes": 2, "batch": 1, **given}
    runner = LaneRunner("cuda", network, [modules], painter=shared_painter(), **settings)
    try:
        yield runner
    finally:
        runner.close()


def assert_same(runner: Runner, reference: Runner, size: tuple[int, int], atol: float = 2e-5) -> None:
    got, wanted = runner.infer(*drawing_of(size)).result(), wanted_of(reference, size)
    assert got.votes is not None and wanted.votes is not None
    assert (got.features[0] == 0).all()
    for ours, theirs in ((got.features, wanted.features), (got.votes, wanted.votes)):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(ours, theirs, atol=atol * max(1, float(np.abs(theirs).max())))


@pytest.mark.usefixtures("narrow_buckets")
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_output_is_that_of_pytorch(
    network: PaletteNetwork, reference: Runner, size: tuple[int, int], batch: int
) -> None:
    with on_lanes(network, batch=batch) as runner:
        for _ in range(3):  # as it is, captured, replayed
            assert_same(runner, reference, size)


def test_the_base_weights_look_the_same_with_and_without_votes(network: PaletteNetwork) -> None:
    with on_lanes(network) as runner:
        with_votes, without = (runner.infer(*drawing_of((61, 93)), votes=v).result() for v in (True, False))
    assert without.votes is None
    np.testing.assert_array_equal(with_votes.features, without.features)


def test_more_empty_paper_changes_little(network: PaletteNetwork, reference: Runner) -> None:
    """Pictures are padded to multiples of 64, the reference to 16: 1.5 % of what drawn figures look like."""
    frame = read_drawing(1, draw(10, (540, 960))[0])
    regions = find_regions(frame, gap_px=2.0, min_region_px=4)
    drawing = look(frame, regions, 0.6), sample_points(regions)
    with on_lanes(network) as runner:
        got, wanted = (r.infer(*drawing).result() for r in (runner, reference))
    assert 0 < np.abs(got.features - wanted.features).mean() < 0.03 * np.abs(wanted.features[1:]).mean()
    assert got.votes is not None and wanted.votes is not None
    assert (got.votes.argmax(1) == wanted.votes.argmax(1)).mean() > 0.95


@pytest.mark.usefixtures("narrow_buckets")
@pytest.mark.parametrize("size", SIZES)
def test_color_is_what_pytorch_gives(network: PaletteNetwork, reference: Runner, size: tuple[int, int]) -> None:
    hint = planes_of(size, 4)
    hint[:3] *= hint[3:]
    with on_lanes(network) as runner:
        color = runner.color(planes_of(size), hint)
    assert (color.shape, color.dtype) == ((3, *size), np.float32)
    np.testing.assert_allclose(color, reference.color(planes_of(size), hint), atol=1e-4)


def test_threads_do_not_mix(network: PaletteNetwork) -> None:
    """The same bits alone and from four threads at once, in batches with others."""
    drawings = [drawing_of(SIZES[i % 3], i) for i in range(12)]
    with on_lanes(network, HostDevice(delay=lambda: 0.0005), batch=2) as runner:
        alone = [runner.infer(*drawing).result() for drawing in drawings]
        with ThreadPoolExecutor(4) as pool:
            together = [pending.result() for pending in pool.map(lambda d: runner.infer(*d), drawings)]
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a.features, b.features)
        np.testing.assert_array_equal(a.votes, b.votes)


def test_several_threads_can_read_a_result(network: PaletteNetwork) -> None:
    with on_lanes(network) as runner, ThreadPoolExecutor(4) as pool:
        pending = runner.infer(*drawing_of((61, 93)))
        seen = list(pool.map(lambda _: pending.result(), range(4)))
        assert all(s is seen[0] for s in seen)


class Hungry:
    """A module with a workspace, as those of TensorRT have one: so many bytes for each pixel of a batch."""

    def __init__(self, inner: Module, bytes_per_px: int) -> None:
        self.inner, self.bytes_per_px = inner, bytes_per_px

    def shapes(self, inputs: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        return self.inner.shapes(inputs)

    def bind(
        self,
        inputs: Sequence[torch.Tensor],
        outputs: Sequence[torch.Tensor],
        workspace: Callable[[int], torch.Tensor],
    ) -> Callable[[int], None]:
        batch, _, height, width = inputs[0].shape
        workspace(self.bytes_per_px * batch * height * width)
        return self.inner.bind(inputs, outputs, workspace)


def hungry_runner(network: PaletteNetwork, device: HostDevice, bytes_per_px: int, **given: int) -> LaneRunner:
    plain = make_torch_modules(device, network, torch.float32)
    names = ("features", "fitted-features", "color")
    modules = DeviceModules(device, {name: lambda n=name: Hungry(plain.get(n), bytes_per_px) for name in names})
    return LaneRunner("cuda", network, [modules], painter=shared_painter(), **given)


@pytest.mark.usefixtures("narrow_buckets")
def test_each_step_of_relief_from_lack_of_memory(
    network: PaletteNetwork, reference: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    """Smaller batches, fewer lanes, the processor: each step logs one line, and all pictures are computed."""
    device = HostDevice(memory_bytes=90_000_000)
    runner = hungry_runner(network, device, 1500, lanes=2, batch=2)
    size, hint = (144, 560), planes_of((144, 560), 4)
    with caplog.at_level(logging.WARNING, "framecolor"), ThreadPoolExecutor(3) as pool:
        outputs = [pending.result() for pending in pool.map(lambda _: runner.infer(*drawing_of(size)), range(3))]
        for output in outputs:
            np.testing.assert_array_equal(output.features, wanted_of(reference, size).features)
        np.testing.assert_array_equal(runner.color(planes_of(size), hint), reference.color(planes_of(size), hint))
        assert_same(runner, reference, (61, 93))
    runner.close()
    assert [record.message for record in caplog.records] == [
        "host is out of memory: batches of 1 from now on",
        "host is out of memory: 1 lanes from now on",
        "engine cuda is out of memory: pictures of this size go to the processor",
    ]
    assert device.used_bytes == 0


def test_an_error_is_one_line(network: PaletteNetwork) -> None:
    device = HostDevice(fault=lambda o, n: RuntimeError("device lost\nand more") if o == "copy" else None)
    with on_lanes(network, device) as runner:
        pending = runner.infer(*drawing_of((61, 93)))
        for _ in range(2):
            with pytest.raises(EngineError, match=r"^engine cuda: failed \(device lost\); try again"):
                pending.result()


def test_lanes_end_with_their_runner(network: PaletteNetwork) -> None:
    before = threading.active_count()
    runner = LaneRunner("cuda", network, [make_torch_modules(HostDevice(), network, torch.float32)], lanes=2, batch=1)
    runner.infer(*drawing_of((16, 16))).result()
    assert threading.active_count() > before
    del runner
    gc.collect()
    assert threading.active_count() == before


def test_a_closed_runner_is_an_error(network: PaletteNetwork) -> None:
    with on_lanes(network) as runner:
        pass
    with pytest.raises(EngineError, match="was closed"):
        runner.infer(*drawing_of((16, 16)))


@pytest.mark.usefixtures("quick_engine")
def test_a_shot_is_painted_to_the_same_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole pipeline on lanes: every file is the reference's, byte for byte."""
    root = make_shot(tmp_path / "cut", 4, (0, 3))
    paint(root, fit=1)
    runners: list[LaneRunner] = []

    def load(engine: CpuEngine, fitted: PaletteNetwork | None = None) -> Runner:
        device = HostDevice(delay=lambda: 0.0005)
        devices = [make_torch_modules(device, fitted, torch.float32) for _ in range(2)]
        runners.append(LaneRunner("cpu", fitted, devices, lanes=2, batch=2, painter=shared_painter()))
        return runners[-1]

    monkeypatch.setattr(CpuEngine, "load", load)
    load_shipped.cache_clear()
    for mode in ("flat", "painted"):
        paint(root, tmp_path / mode, fit=1, mode=mode, engine="cpu")
    monkeypatch.undo()
    load_shipped.cache_clear()
    for runner in runners:
        runner.close()
    assert read_bytes(tmp_path / "flat") == read_bytes(root / "color")
    assert len(read_bytes(tmp_path / "painted")) == 4


def test_a_module_is_made_once_for_all_lanes(network: PaletteNetwork) -> None:
    modules = make_torch_modules(HostDevice(), network, torch.float32)
    assert modules.get("fitted-features") is modules.get("fitted-features")
    assert isinstance(modules.get("features"), FeatureModule)
