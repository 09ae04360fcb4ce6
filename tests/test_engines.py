"""One contract for every engine that this machine has: what each runner gives is what PyTorch in float32 gives."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from framecolor.engines.base import Engine, Runner, choose_engine
from framecolor.engines.cpu import CpuEngine
from framecolor.engines.cuda import CudaEngine
from framecolor.engines.torch_runner import TorchRunner
from framecolor.errors import EngineError
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import CONTEXT_STRIDE
from framecolor.networks.palette import PaletteNetwork

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


@pytest.fixture(scope="module", params=[CpuEngine(), CudaEngine()], ids=lambda engine: engine.name)
def runner(request: pytest.FixtureRequest, network: PaletteNetwork) -> Runner:
    engine: Engine = request.param
    problem = engine.find_problem()
    if problem is not None:
        if engine.name == "cuda" and os.environ.get("FRAMECOLOR_REQUIRE_CUDA") == "1":
            pytest.fail(f"a GPU is required: {problem[0]}")
        pytest.skip(problem[0])
    return engine.load(network)


def planes_of(size: tuple[int, int], channels: int = 7) -> np.ndarray:
    return np.random.default_rng(size[0]).random((channels, *size), np.float32)


@pytest.mark.parametrize("size", SIZES)
def test_palette_votes_agree_and_are_log_probabilities(
    runner: Runner, reference: Runner, size: tuple[int, int]
) -> None:
    votes = runner.log_probabilities(planes_of(size))
    assert votes.shape == (COLORS, *size)
    assert votes.dtype == np.float32
    np.testing.assert_allclose(np.exp(votes).sum(axis=0), 1, atol=0.02)
    wanted = reference.log_probabilities(planes_of(size))
    assert np.abs(votes - wanted).mean() < 0.05
    assert (votes.argmax(axis=0) == wanted.argmax(axis=0)).mean() > 0.95


@pytest.mark.parametrize("size", SIZES)
def test_looks_agree_and_features_have_unit_length(runner: Runner, reference: Runner, size: tuple[int, int]) -> None:
    features, context = runner.look(planes_of(size))
    assert features.shape[1:] == size
    assert all(0 <= CONTEXT_STRIDE * c - s < 32 for c, s in zip(context.shape[1:], size, strict=True))
    np.testing.assert_allclose(np.linalg.norm(features, axis=0), 1, atol=0.02)
    same_features, same_context = reference.look(planes_of(size))
    assert (features * same_features).sum(axis=0).mean() > 0.99
    assert np.abs(context - same_context).mean() < 0.05 * np.abs(same_context).mean()


@pytest.mark.parametrize("size", SIZES)
def test_soft_color_agrees(runner: Runner, reference: Runner, size: tuple[int, int]) -> None:
    hint = planes_of(size, 4)
    hint[:3] *= hint[3:]
    color = runner.color(planes_of(size), hint)
    assert color.shape == (3, *size)
    assert color.min() >= 0 and color.max() <= 1
    assert np.abs(color - reference.color(planes_of(size), hint)).mean() < 0.02


def test_threads_do_not_mix(runner: Runner) -> None:
    drawings = [planes_of(size) for size in SIZES] * 4
    alone = [runner.log_probabilities(d) for d in drawings]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(runner.log_probabilities, drawings))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_only_auto_falls_back() -> None:
    assert choose_engine("auto").find_problem() is None
    assert choose_engine("cpu").name == "cpu"
    with pytest.raises(EngineError, match="use --engine"):
        choose_engine("tensorrt")
    if CudaEngine().find_problem() is not None:
        with pytest.raises(EngineError, match="engine cuda"):
            choose_engine("cuda")


def test_the_cpu_engine_tells_nobody() -> None:
    """OpenVINO's telemetry would reach for the network, and keep the process waiting for it at exit."""
    code = "import framecolor.engines.cpu, sys; print(sys.modules['openvino_telemetry'])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "None"
