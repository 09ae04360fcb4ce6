"""One contract for every engine that this machine has: what each runner gives is what PyTorch in float32 gives."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from framecolor import EngineError
from framecolor.config.settings import ENGINES
from framecolor.core.types import Regions
from framecolor.engines.base import EngineOptions, Runner
from framecolor.engines.lanes.runner import BUCKET_PX, LaneRunner
from framecolor.engines.openvino import CpuEngine
from framecolor.engines.registry import FirstThatRuns, choose_engine, find_engine_class
from framecolor.engines.torch import TorchRunner
from framecolor.lineart.region_crops import CROP_PLANES, CROP_PX, CROP_SCALES
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.matching.question import ABSENT, Question
from framecolor.networks.checkpoint import base_weights_path, load_generator, load_matcher, matcher_weights_path
from framecolor.networks.matcher import SHAPE_TRAITS
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.view import View, pad_to

COLORS = 5
# Odd sizes, portrait and landscape, none a multiple of what the network takes.
SIZES = [(61, 93), (130, 47), (16, 16)]


@pytest.fixture(scope="module")
def network() -> PaletteNetwork:
    torch.manual_seed(0)
    return PaletteNetwork(load_generator(base_weights_path()), COLORS).eval()


@pytest.fixture(scope="module")
def reference(network: PaletteNetwork) -> Runner:
    return TorchRunner(network)


@pytest.fixture(scope="module", params=ENGINES)
def runner(request: pytest.FixtureRequest, network: PaletteNetwork) -> Runner:
    engine = find_engine_class(request.param)(EngineOptions())
    problem = engine.find_problem()
    if problem is not None:
        if engine.name == "cuda" and os.environ.get("FRAMECOLOR_REQUIRE_CUDA") == "1":
            pytest.fail(f"a GPU is required: {problem[0]}")
        pytest.skip(problem[0])
    return engine.load(network)


def planes_of(size: tuple[int, int], channels: int = 7) -> np.ndarray:
    return np.random.default_rng(size[0]).random((channels, *size), np.float32)


def drawing_of(size: tuple[int, int]) -> tuple[View, RegionPoints]:
    """A drawing of three bands, seen at its own size, cut from a picture around it."""
    height, width = size
    labels = np.zeros((height + 8, width + 8), np.int32)
    labels[4:-4, 4:-4] = 1 + np.arange(height)[:, None] * 3 // height
    points = sample_points(Regions(labels, 3))
    return View(planes_of(size), (4, 4, width + 4, height + 4)), points


def padded_like(runner: Runner, view: View) -> View:
    """The view with the empty paper around it that a runner on lanes adds: what it computes with is compared here.

    Changes by the paper itself are tested in tests/engines/test_lane_runner.py.
    """
    if not isinstance(runner, LaneRunner):
        return view
    size = tuple(-(-px // BUCKET_PX) * BUCKET_PX for px in view.planes.shape[1:])
    left, top = view.box[:2]
    return View(pad_to(view.planes, size), (left, top, left + size[1], top + size[0]))


@pytest.mark.parametrize("size", SIZES)
def test_votes_agree_and_are_log_probabilities(runner: Runner, reference: Runner, size: tuple[int, int]) -> None:
    view, points = drawing_of(size)
    votes, wanted = (
        runner.infer(view, points).result().votes,
        reference.infer(padded_like(runner, view), points).result().votes,
    )
    assert votes is not None and wanted is not None
    assert (votes.shape, votes.dtype) == ((4, COLORS), np.float32)
    np.testing.assert_allclose(np.exp(votes).sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(votes, wanted, atol=0.05)


@pytest.mark.parametrize("size", SIZES)
def test_features_agree(runner: Runner, reference: Runner, size: tuple[int, int]) -> None:
    view, points = drawing_of(size)
    found = runner.infer(view, points, votes=False).result().features
    wanted = reference.infer(padded_like(runner, view), points, votes=False).result().features
    features = slice(0, 32)  # the context after them is of any length
    assert found.shape == wanted.shape and (found[0] == 0).all()
    assert np.abs(found[1:, features] - wanted[1:, features]).max() < 0.02
    assert np.abs(found - wanted).mean() < 0.05 * np.abs(wanted[1:]).mean()


def test_votes_are_computed_only_if_requested(runner: Runner) -> None:
    assert runner.infer(*drawing_of((16, 16)), votes=False).result().votes is None


@pytest.mark.parametrize("size", SIZES)
def test_soft_color_agrees(runner: Runner, reference: Runner, size: tuple[int, int]) -> None:
    hint = planes_of(size, 4)
    hint[:3] *= hint[3:]
    color = runner.color(planes_of(size), hint)
    assert color.shape == (3, *size)
    assert color.min() >= 0 and color.max() <= 1
    view = padded_like(runner, View(planes_of(size), (0, 0, size[1], size[0])))
    wanted = reference.color(view.planes, pad_to(hint, view.planes.shape[1:]))[:, : size[0], : size[1]]
    assert np.abs(color - wanted).mean() < 0.02


def regions_of(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Look, shape, contact and crops of some regions, as `Runner.describe` takes them."""
    rng, channels = np.random.default_rng(count), load_matcher(matcher_weights_path())
    sizes = ((count, channels.features + channels.context), (count, SHAPE_TRAITS), (count, count))
    look, shape, contact = (rng.random(size, np.float32) for size in sizes)
    return look, shape, contact, rng.integers(0, 256, (count, CROP_SCALES, CROP_PLANES, CROP_PX, CROP_PX), np.uint8)


def match(runner: Runner, counts: tuple[int, int]) -> list[np.ndarray]:
    """Tokens of two drawings, and their scores without and with flow."""
    one, two = (regions_of(count) for count in counts)
    a, b = runner.describe(*one), runner.describe(*two)
    flow = planes_of(counts, 1)[0]
    plain = runner.compare(a, b, one[2], two[2])
    return [a, b, *plain, *runner.compare(a, b, one[2], two[2], flow, np.ascontiguousarray(flow.T))]


def test_matching_agrees(runner: Runner, reference: Runner) -> None:
    """From several threads at once, with as many regions as they come; half alone costs less than a thousandth."""
    several = [(5, 9), (1, 1), (140, 200), (9, 5), (200, 140)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda counts: match(runner, counts), several))
    for counts, parts in zip(several, found, strict=True):
        for ours, theirs in zip(parts, match(reference, counts), strict=True):
            assert (ours.shape, ours.dtype) == (theirs.shape, np.float32)
            assert np.abs(ours - theirs).max() <= 0.005 * np.abs(theirs).max()


def ask(runner: Runner, counts: tuple[int, int, int, int]) -> Question:
    """Ask for the colors of a drawing's regions from painted ones: (regions, drawings, regions of each, colors).

    The last drawing has one region less, and a color is known of the first region.
    """
    count, keys, painted, colors = counts
    rng = np.random.default_rng(count)
    own, theirs = regions_of(count), [regions_of(painted) for _ in range(keys)]
    tokens, memory = runner.describe(*own), np.stack([runner.describe(*regions) for regions in theirs])
    contacts = np.stack([regions[2] / np.float32(painted) for regions in theirs])
    members = np.eye(colors, dtype=np.float32)[rng.integers(0, colors, (keys, painted))]
    score = rng.normal(0, 6, (count, keys, painted)).astype(np.float32)
    known = np.zeros((count, colors), np.float32)
    known[0, 0] = 1
    members[0, : painted // 2] = 0
    members[-1, -1], contacts[-1, -1], contacts[-1, :, -1], memory[-1, -1], score[:, -1, -1] = 0, 0, 0, 0, ABSENT
    unmatched = rng.normal(size=count).astype(np.float32)
    return Question(tokens, own[2] / np.float32(count), known, memory, contacts, members, score, unmatched)


def test_decisions_agree(runner: Runner, reference: Runner) -> None:
    """From several threads at once, with any numbers of regions, painted drawings and colors."""
    several = [(5, 1, 9, 3), (1, 1, 2, 1), (70, 3, 50, 20), (9, 6, 5, 33), (33, 2, 64, 8)]
    questions = [ask(reference, counts) for counts in several]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(runner.decide, questions))
    for question, parts in zip(questions, found, strict=True):
        wanted = reference.decide(question)
        offered = question.members.any(axis=(0, 1))
        for ours, theirs in zip(parts, wanted, strict=True):
            assert (ours.shape, ours.dtype) == (theirs.shape, np.float32)
        assert (parts[0][:, ~offered] < ABSENT / 2).all()
        pairs = ((parts[0][:, offered], wanted[0][:, offered]), (parts[1], wanted[1]))
        for ours, theirs in pairs:
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.005 * np.abs(theirs).max(initial=1))


def test_threads_do_not_mix(runner: Runner) -> None:
    drawings = [drawing_of(size) for size in SIZES] * 4
    alone = [runner.infer(*drawing).result() for drawing in drawings]
    with ThreadPoolExecutor(4) as pool:
        together = [pending.result() for pending in pool.map(lambda d: runner.infer(*d), drawings)]
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a.features, b.features)
        np.testing.assert_array_equal(a.votes, b.votes)


def test_a_drawing_is_the_same_each_time(runner: Runner) -> None:
    """On a GPU the first is run, the second captured and the third replayed."""
    first, *others = [runner.infer(*drawing_of((61, 93))).result() for _ in range(4)]
    for seen in others:
        np.testing.assert_array_equal(seen.features, first.features)
        np.testing.assert_array_equal(seen.votes, first.votes)


def test_only_auto_falls_back() -> None:
    assert choose_engine("auto").find_problem() is None
    assert choose_engine("cpu").name == "cpu"
    for name in ENGINES:
        if find_engine_class(name)(EngineOptions()).find_problem() is not None:
            with pytest.raises(EngineError, match=rf"engine {name}: .* use --engine"):
                choose_engine(name)


def test_engines_go_by_the_names_of_their_table() -> None:
    assert [find_engine_class(name)(EngineOptions()).name for name in ENGINES] == list(ENGINES)


class Broken(CpuEngine):
    """An engine that runs here, as far as it can tell, and then does not."""

    def __init__(self, name: str, problem: tuple[str, str] | None = None) -> None:
        self.name, self._problem = name, problem

    def find_problem(self) -> tuple[str, str] | None:
        return self._problem

    def load(self, network: PaletteNetwork) -> Runner:
        raise EngineError(self.name, "does not compile", "mend it")


def test_auto_logs_why_engines_were_passed_over(network: PaletteNetwork, caplog: pytest.LogCaptureFixture) -> None:
    """One without what it needs, one that fails when it is loaded, and the one that runs."""
    with caplog.at_level(logging.INFO, "framecolor"):
        engine = FirstThatRuns(
            [Broken("tensorrt", ("is not installed", "pip install it")), Broken("cuda"), CpuEngine()]
        )
        assert (engine.name, engine.find_problem()) == ("cuda", None)
        runner = engine.load(network)
    assert engine.name == "cpu"
    assert runner.infer(*drawing_of((16, 16)), votes=False).result().features.shape[0] == 4
    assert [record.message for record in caplog.records] == [
        "engine auto: cuda, as tensorrt does not run: is not installed; pip install it",
        "engine auto: cpu, as cuda does not load: cuda: does not compile; mend it",
    ]


def test_auto_raises_the_error_of_its_last_engine(network: PaletteNetwork) -> None:
    with pytest.raises(EngineError, match="second: does not compile"):
        FirstThatRuns([Broken("first"), Broken("second")]).load(network)


def test_a_result_can_be_read_again_and_from_another_thread(runner: Runner) -> None:
    """A result can be asked for twice, and from another thread."""
    pending = runner.infer(*drawing_of((61, 93)))
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(pending.result).result() is pending.result()


def test_the_cpu_engine_sends_no_telemetry() -> None:
    """OpenVINO's telemetry would reach for the network, and keep the process waiting for it at exit."""
    code = "import framecolor.engines.quiet_openvino, sys; print(sys.modules['openvino_telemetry'])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "None"


@pytest.mark.skipif(sys.platform != "linux", reason="signals to oneself")
def test_signals_are_handled_after_openvino_has_computed() -> None:
    """OpenVINO's own stack for signals is too small where matrix registers are in use: the process would be gone."""
    program = """
import ctypes, faulthandler, os, signal
import numpy as np
faulthandler.enable()
from framecolor.engines.openvino import Compiled, CpuEngine
from framecolor.engines.graphs import open_graph
from framecolor.lineart.input_planes import LINE_PLANES
see = Compiled(lambda: open_graph("features"), CpuEngine().precisions()[0], 1)
see(np.zeros((1, LINE_PLANES, 64, 64), np.float32))
stack = (ctypes.c_long * 3)()  # its address, flags and size
ctypes.CDLL(None).sigaltstack(None, stack)
assert stack[1] & 2, f"signals come on a stack of {stack[2]} bytes"
try:
    os.kill(os.getpid(), signal.SIGINT)
    signal.pause()
except KeyboardInterrupt:
    print("heard")
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout) == (0, "heard\n"), run.stderr
