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
from painting import paint, read_bytes

from framecolor.bench.drawn_shot import draw
from framecolor.core.types import Regions
from framecolor.engines.base import Runner, Seen
from framecolor.engines.lanes.bodies import FeatureBody, Sizes, torch_site
from framecolor.engines.lanes.host_device import HostDevice
from framecolor.engines.lanes.lane import Site
from framecolor.engines.lanes.runner import LaneRunner
from framecolor.engines.lanes.station import Body
from framecolor.engines.openvino import CpuEngine
from framecolor.engines.registry import load_shipped
from framecolor.engines.torch import TorchRunner
from framecolor.engines.torch_matcher import TorchMatcher
from framecolor.errors import EngineError
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.view import View, look

COLORS = 5
SIZES = [(61, 93), (130, 47), (16, 16), (104, 176)]


pytestmark = pytest.mark.usefixtures("one_torch_thread")


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
def shared_matcher() -> TorchMatcher:
    """The matcher of runners whose pictures are looked at: to trace one for each takes longer than all the rest."""
    return TorchMatcher()


@cache
def wanted_of(reference: Runner, size: tuple[int, int]) -> Seen:
    return reference.see(*drawing_of(size)).result()


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
def on_lanes(
    network: PaletteNetwork, device: HostDevice | None = None, sizes: Sizes | None = None, **given: int
) -> Iterator[LaneRunner]:
    site = torch_site(device or HostDevice(), network, torch.float32)
    settings = {"lanes": 2, "batch": 1, **given}
    runner = LaneRunner("cuda", network, [site], sizes or Sizes(bucket=16), matcher=shared_matcher(), **settings)
    try:
        yield runner
    finally:
        runner.close()


def assert_same(runner: Runner, reference: Runner, size: tuple[int, int], atol: float = 2e-5) -> None:
    got, wanted = runner.see(*drawing_of(size)).result(), wanted_of(reference, size)
    assert got.votes is not None and wanted.votes is not None
    assert (got.look[0] == 0).all()
    for ours, theirs in ((got.look, wanted.look), (got.votes, wanted.votes)):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(ours, theirs, atol=atol * max(1, float(np.abs(theirs).max())))


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_what_is_seen_is_what_pytorch_sees(
    network: PaletteNetwork, reference: Runner, size: tuple[int, int], batch: int
) -> None:
    with on_lanes(network, batch=batch) as runner:
        for _ in range(3):  # as it is, captured, replayed
            assert_same(runner, reference, size)


def test_the_base_weights_look_the_same_with_and_without_votes(network: PaletteNetwork) -> None:
    with on_lanes(network) as runner:
        with_votes, without = (runner.see(*drawing_of((61, 93)), votes=v).result() for v in (True, False))
    assert without.votes is None
    np.testing.assert_array_equal(with_votes.look, without.look)


def test_more_empty_paper_changes_little(network: PaletteNetwork, reference: Runner) -> None:
    """Pictures are padded to multiples of 64, the reference to 16: 1.5 % of what drawn figures look like."""
    frame = read_drawing(1, draw(10, (540, 960))[0])
    regions = find_regions(frame, gap_px=2.0, min_region_px=4)
    drawing = look(frame, regions, 0.6), sample_points(regions)
    with on_lanes(network, sizes=Sizes()) as runner:
        got, wanted = (r.see(*drawing).result() for r in (runner, reference))
    assert 0 < np.abs(got.look - wanted.look).mean() < 0.03 * np.abs(wanted.look[1:]).mean()
    assert got.votes is not None and wanted.votes is not None
    assert (got.votes.argmax(1) == wanted.votes.argmax(1)).mean() > 0.95


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
        alone = [runner.see(*drawing).result() for drawing in drawings]
        with ThreadPoolExecutor(4) as pool:
            together = [pending.result() for pending in pool.map(lambda d: runner.see(*d), drawings)]
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a.look, b.look)
        np.testing.assert_array_equal(a.votes, b.votes)


def test_a_result_can_be_asked_for_by_several(network: PaletteNetwork) -> None:
    with on_lanes(network) as runner, ThreadPoolExecutor(4) as pool:
        pending = runner.see(*drawing_of((61, 93)))
        seen = list(pool.map(lambda _: pending.result(), range(4)))
        assert all(s is seen[0] for s in seen)


@pytest.mark.parametrize("size", [(200, 320), (330, 47)])
def test_pictures_beyond_the_limit_go_in_tiles(
    network: PaletteNetwork, reference: Runner, size: tuple[int, int]
) -> None:
    """Tiles of 256 px with all the margin that counts: nothing but rounding differs."""
    hint = planes_of(size, 4)
    with on_lanes(network, sizes=Sizes(bucket=16, most=(256, 256))) as runner:
        assert_same(runner, reference, size)
        np.testing.assert_allclose(
            runner.color(planes_of(size), hint), reference.color(planes_of(size), hint), atol=2e-3
        )


def test_a_fixed_size_takes_all_that_fit(network: PaletteNetwork, reference: Runner) -> None:
    with on_lanes(network, sizes=Sizes(bucket=16, least=(128, 128), most=(128, 128))) as runner:
        got = runner.see(*drawing_of((112, 112))).result()
        assert got.look.shape == (13, 96)
        assert runner.sizes.fit(112, 112) == (128, 128)
        assert runner.sizes.fit(130, 112) is None


class Hungry:
    """The features' body with a workspace, as compiled plans have one: so many bytes for each pixel of a batch."""

    def __init__(self, inner: Body, bytes_per_px: int) -> None:
        self.inner, self.bytes_per_px = inner, bytes_per_px

    def shapes(self, inputs: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        return self.inner.shapes(inputs)

    def bind(
        self,
        inputs: Sequence[torch.Tensor],
        outputs: Sequence[torch.Tensor],
        scratch: Callable[[int], torch.Tensor],
    ) -> Callable[[int], None]:
        batch, _, height, width = inputs[0].shape
        scratch(self.bytes_per_px * batch * height * width)
        return self.inner.bind(inputs, outputs, scratch)


def hungry_runner(network: PaletteNetwork, device: HostDevice, bytes_per_px: int, **given: int) -> LaneRunner:
    plain = torch_site(device, network, torch.float32)
    bodies = {name: lambda n=name: Hungry(plain.body(n), bytes_per_px) for name in ("look", "see", "color")}
    return LaneRunner("cuda", network, [Site(device, bodies)], Sizes(bucket=16), matcher=shared_matcher(), **given)


def test_the_whole_ladder_of_memory(
    network: PaletteNetwork, reference: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    """Batch, lanes, tiles: each step is said in one line, every picture comes out as it should."""
    device = HostDevice(memory_bytes=90_000_000)
    runner = hungry_runner(network, device, 1500, lanes=2, batch=2)
    size = (144, 560)
    with caplog.at_level(logging.WARNING, "framecolor"), ThreadPoolExecutor(3) as pool:
        looks = [pending.result() for pending in pool.map(lambda _: runner.see(*drawing_of(size)), range(3))]
        wanted = wanted_of(reference, size)
        for seen in looks:
            np.testing.assert_allclose(seen.look, wanted.look, atol=2e-5 * np.abs(wanted.look).max())
        assert_same(runner, reference, (61, 93))
    runner.close()
    assert [record.message for record in caplog.records] == [
        "host is out of memory: batches of 1 from now on",
        "host is out of memory: 1 lanes from now on",
        "engine cuda is out of memory: tiles of 512 px from now on",
        "engine cuda is out of memory: tiles of 384 px from now on",
        "engine cuda is out of memory: tiles of 256 px from now on",
    ]
    assert device.used_bytes == 0


def test_when_not_even_tiles_fit_the_request_is_told(network: PaletteNetwork) -> None:
    """And the next one, which fits, is seen."""
    runner = hungry_runner(network, HostDevice(memory_bytes=12_000_000), 1500, lanes=1, batch=1)
    with pytest.raises(EngineError, match=r"engine cuda: cannot take a picture of 320 x 208 px, not even in tiles"):
        runner.see(*drawing_of((200, 320))).result()
    assert runner.see(*drawing_of((16, 16))).result().look.shape == (13, 96)
    runner.close()


def test_what_goes_wrong_is_one_line(network: PaletteNetwork) -> None:
    device = HostDevice(fault=lambda o, n: RuntimeError("device lost\nand more") if o == "copy" else None)
    with on_lanes(network, device) as runner:
        pending = runner.see(*drawing_of((61, 93)))
        for _ in range(2):
            with pytest.raises(EngineError, match=r"^engine cuda: failed \(device lost\); try again"):
                pending.result()


def test_lanes_end_with_their_runner(network: PaletteNetwork) -> None:
    before = threading.active_count()
    runner = LaneRunner("cuda", network, [torch_site(HostDevice(), network, torch.float32)], Sizes(), lanes=2, batch=1)
    runner.see(*drawing_of((16, 16))).result()
    assert threading.active_count() > before
    del runner
    gc.collect()
    assert threading.active_count() == before


def test_a_closed_runner_says_so(network: PaletteNetwork) -> None:
    with on_lanes(network) as runner:
        pass
    with pytest.raises(EngineError, match="was closed"):
        runner.see(*drawing_of((16, 16)))


@pytest.mark.usefixtures("quick_engine")
def test_a_shot_is_painted_to_the_same_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole pipeline on lanes: every file is the reference's, byte for byte."""
    root = make_shot(tmp_path / "cut", 4, (0, 3))
    paint(root, fit=1)
    runners: list[LaneRunner] = []

    def load(engine: CpuEngine, fitted: PaletteNetwork | None = None) -> Runner:
        device = HostDevice(delay=lambda: 0.0005)
        sites = [torch_site(device, fitted, torch.float32) for _ in range(2)]
        runners.append(LaneRunner("cpu", fitted, sites, Sizes(), lanes=2, batch=2, matcher=shared_matcher()))
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


def test_a_body_is_made_once_for_all_lanes(network: PaletteNetwork) -> None:
    site = torch_site(HostDevice(), network, torch.float32)
    assert site.body("see") is site.body("see")
    assert isinstance(site.body("look"), FeatureBody)
