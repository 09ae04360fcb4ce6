"""The compiler, with the real one that needs no GPU: every network, fixed and free sizes, and what fails says why."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache as remember
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from framecolor import EngineError
from framecolor.engines.tensorrt import backends
from framecolor.engines.tensorrt.backends import Backend, Gpu, choose_backend, find_backends, import_backend
from framecolor.engines.tensorrt.build import ensure_engine, name_weights, request_build
from framecolor.engines.tensorrt.cache import EngineCache, EngineFile
from framecolor.engines.tensorrt.compiler import BuildOptions, compile_onnx, find_weights
from framecolor.engines.tensorrt.execution import run_engine
from framecolor.engines.tensorrt.profiles import Profile
from framecolor.engines.tensorrt.runtime import deserialize_engine, refit
from framecolor.engines.tensorrt.timing_cache import read_timing_cache, write_timing_cache
from framecolor.engines.tensorrt.verify import measure_parity, verify_engine
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.export import FORMS, NetworkName, export_onnx, make_exportable, weight_names

SIZES: dict[str, Any] = {
    "batch": (1, 1, 4),
    "height": (64, 256, 512),
    "width": (64, 320, 512),
    "regions": (1, 20, 90),
    "count_a": (1, 20, 90),
    "count_b": (1, 30, 90),
    "keys": (1, 2, 6),
    "colors": (1, 8, 40),
}


@pytest.fixture(scope="module")
def rtx() -> Backend:
    found = {backend.name: backend for backend in find_backends()}
    if "rtx" not in found:
        pytest.skip("TensorRT for RTX is not installed (extra rtx)")
    return found["rtx"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> EngineCache:
    return EngineCache(tmp_path_factory.mktemp("engines"))


@dataclass(frozen=True)
class Compiled:
    """Results of `ensure_engine`, and its calls of `progress`: phase, steps done, steps in all."""

    stored: EngineFile
    data: bytes
    built: bool
    steps: list[tuple[str, int, int]]


Compile = Callable[[NetworkName, bool], Compiled]


@pytest.fixture(scope="module")
def compiled(rtx: Backend, cache: EngineCache) -> Compile:
    """A network in half, of fixed or free sizes: compiled once for all tests that look at its engine file."""

    @remember
    def compile_network(network: NetworkName, fixed: bool) -> Compiled:
        steps: list[tuple[str, int, int]] = []
        made = ensure_engine(profile_of(network, fixed), rtx, cache, progress=lambda *step: steps.append(step))
        return Compiled(*made, steps)

    return compile_network


@remember
def free_model(network: NetworkName) -> bytes:
    """A network's file in half with all its axes free."""
    return export_onnx(make_exportable(network))


def profile_of(network: NetworkName, fixed: bool, **options: Any) -> Profile:
    sizes = {axis: SIZES[axis][1] if fixed else SIZES[axis] for axis in FORMS[network].free_axes}
    return Profile(name=f"{network}-test", network=network, sizes=sizes, **options)


@pytest.mark.parametrize("fixed", [True, False], ids=["fixed", "free"])
@pytest.mark.parametrize("network", FORMS)
def test_every_network_compiles_in_half(compiled: Compile, network: NetworkName, fixed: bool) -> None:
    made = compiled(network, fixed)
    assert made.built and len(made.data) == made.stored.size_bytes > 100_000
    key = made.stored.key
    assert (key.network, key.precision, key.backend) == (network, "half", "rtx")


def test_float32_compiles(rtx: Backend, cache: EngineCache) -> None:
    assert ensure_engine(profile_of("features", True, precision="float32"), rtx, cache)[2]


@pytest.mark.parametrize("network", FORMS)
def test_the_compiler_knows_weights_by_their_parameters_names(rtx: Backend, network: NetworkName) -> None:
    model = free_model(network)
    names = weight_names(model, make_exportable(network).module)
    assert len(names) > 30
    assert find_weights(rtx, model, (*names, "generator.nothing.weight")) == names


def test_other_weights_of_a_network_have_the_same_names_and_sizes(
    rtx: Backend, cache: EngineCache, compiled: Compile
) -> None:
    """What makes one refittable engine file serve every shot: a fitted generator fills the same places."""
    generator = load_generator(base_weights_path())
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(1.5)
    stored, module = compiled("features", True).stored, make_exportable("features").module
    names = weight_names(free_model("features"), module)
    base = dict(module.named_parameters())
    fitted = name_weights(replace(stored, weights=names), generator)
    assert {n: t.shape for n, t in fitted.items()} == {n: base[n].shape for n in names}
    assert not any(torch.equal(fitted[n].half(), base[n]) for n in names if n.endswith("0.0.weight"))
    # Where an engine file cannot be refitted, they are another one.
    assert request_build(profile_of("features", True), rtx, cache, generator).key.graph != stored.key.graph


def test_refit_is_used_if_the_backend_can_do_it(rtx: Backend, cache: EngineCache) -> None:
    gpu = Gpu("NVIDIA RTX", (8, 9), "580.65.06")
    profile = profile_of("describe", True, refit=True)
    for backend, refits in (
        (replace(rtx, gpu=None), False),
        (replace(rtx, gpu=gpu), True),
        (Backend("tensorrt", "11.0.0", gpu), True),
    ):
        request = request_build(profile, backend, cache)
        assert request.options.refittable is refits
        assert f"refit {'on' if refits else 'off'}" in request.key.flags
        assert (str(gpu) in request.key.target) is refits
    assert not request_build(replace(profile, refit=False), replace(rtx, gpu=gpu), cache).options.refittable


def test_refit_without_a_gpu_is_refused(rtx: Backend) -> None:
    with pytest.raises(EngineError, match=r"only beside a GPU.*without refit"):
        compile_onnx(replace(rtx, gpu=None), b"", BuildOptions({}, refittable=True))


def test_progress_is_reported(compiled: Compile) -> None:
    steps = compiled("features", True).steps
    assert steps[0][1] == 0 and steps[-1][1] == steps[-1][2] > 1


def test_a_damaged_onnx_file_is_an_error_of_one_line(rtx: Backend) -> None:
    model = free_model("describe")
    for broken in (b"no onnx at all", model[: len(model) // 2]):
        with pytest.raises(EngineError, match=r"^rtx [\d.]+: cannot read the ONNX file \(.+\); export") as caught:
            compile_onnx(rtx, broken, BuildOptions({}))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("shapes", "problem"),
    [
        ({}, "the network's inputs are planes"),
        ({"planes": ((1, 7, 128, 64), (1, 7, 64, 64), (1, 7, 128, 64))}, "do not fit"),
        ({"planes": ((1, 8, 64, 64),) * 3}, "do not fit"),
        ({"planes": ((1, 7, 64),) * 3}, "do not fit"),
        ({"planes": ((0, 7, 64, 64),) * 3}, "do not fit"),
    ],
)
def test_impossible_shapes_are_an_error_of_one_line(rtx: Backend, shapes: Any, problem: str) -> None:
    with pytest.raises(EngineError, match=problem) as caught:
        compile_onnx(rtx, free_model("features"), BuildOptions(shapes))
    assert "\n" not in str(caught.value)


def test_an_engine_file_allocates_no_memory_while_it_runs(rtx: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it could not be captured as a graph."""
    trt, configs = backends.import_backend("rtx"), list[Any]()

    class Builder(trt.Builder):
        def create_builder_config(self) -> Any:
            configs.append(super().create_builder_config())
            return configs[-1]

    monkeypatch.setattr(trt, "Builder", Builder)
    shapes: Any = {"planes": ((1, 7, 64, 64),) * 3}
    assert compile_onnx(rtx, free_model("features"), BuildOptions(shapes))
    assert configs[0].get_flag(trt.BuilderFlag.REQUIRE_USER_ALLOCATION)


def test_the_error_of_a_failed_build_has_its_shapes(rtx: Backend) -> None:
    """A size that the free network's file allows and the network cannot have: 72 halved four times is no number."""
    shapes: Any = {"planes": ((1, 7, 72, 72),) * 3}
    with pytest.raises(EngineError, match=r"does not compile \(.+; shapes: planes \(1, 7, 72, 72\)") as caught:
        compile_onnx(rtx, free_model("features"), BuildOptions(shapes))
    assert "\n" not in str(caught.value) and "no reason given" not in str(caught.value)


def test_an_engine_file_does_not_open_without_a_gpu(rtx: Backend) -> None:
    with pytest.raises(EngineError, match=r"no NVIDIA GPU.*nvidia-smi"):
        deserialize_engine(replace(rtx, gpu=None), b"")


def test_an_engine_file_runs_and_is_refitted_where_a_gpu_is(rtx: Backend, cache: EngineCache) -> None:
    problem = rtx.find_run_problem()
    if problem is not None:
        if os.environ.get("FRAMECOLOR_REQUIRE_CUDA") == "1":
            pytest.fail(f"a GPU is required: {problem[0]}")
        pytest.skip(problem[0])
    profile = profile_of("features", False, refit=True)
    stored, data, _ = ensure_engine(profile, rtx, cache)
    generator = load_generator(base_weights_path())
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if "down.0.0" in name:
                parameter.mul_(1.5)
    engine = deserialize_engine(rtx, data)
    for weights in (load_generator(base_weights_path()), generator):
        refit(rtx, engine, name_weights(stored, weights))
        reference = make_exportable("features", "float32", generator=weights)
        inputs = reference.example({"batch": 1, "height": 64, "width": 96})
        found = run_engine(rtx, engine, {"planes": inputs[0]}, ("features", "context"))
        wanted: tuple[Tensor, ...] = reference.module(*inputs)
        for one, other in zip(found, wanted, strict=True):
            assert (one - other).abs().max() < 4e-3 * other.abs().max()


def test_parity_is_measured_over_the_range() -> None:
    wanted = torch.tensor([0.0, 50.0, -100.0])
    parity = measure_parity(wanted + torch.tensor([1.0, -1.0, 1.0]), wanted)
    assert (parity.psnr_db, parity.worst) == (pytest.approx(40.0), pytest.approx(0.01))
    assert measure_parity(wanted, wanted).psnr_db == float("inf")
    assert measure_parity(wanted * float("nan"), wanted).psnr_db == float("-inf")
    with pytest.raises(EngineError, match=r"shapes \(2,\) and \(3,\) differ"):
        measure_parity(wanted[:2], wanted)


def test_an_engine_file_of_another_network_fails_verification(
    rtx: Backend, cache: EngineCache, compiled: Compile, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile, stored = profile_of("describe", True), compiled("describe", True).stored
    assert verify_engine(stored, profile, rtx, cache).good
    width = make_exportable("describe").fixed["token channels"]
    monkeypatch.setattr(
        "framecolor.engines.tensorrt.verify._compute_reference", lambda *_: {"tokens": torch.ones(20, width)}
    )
    verdict = verify_engine(stored, profile, rtx, cache)
    assert not verdict.good and verdict.parity["tokens"].psnr_db < 20


def test_a_missing_backend_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "_MODULES", dict.fromkeys(backends.BACKENDS, ()))
    import_backend.cache_clear()
    try:
        with pytest.raises(EngineError, match=r"tensorrt: is not installed; pip install 'framecolor\[tensorrt\]'"):
            choose_backend("tensorrt")
        with pytest.raises(EngineError, match=r"neither TensorRT.*framecolor\[rtx\]"):
            choose_backend("auto")
    finally:
        import_backend.cache_clear()


def test_tensorrt_without_a_gpu_names_the_fix() -> None:
    problem = Backend("tensorrt", "11.0.0", None).find_build_problem()
    assert problem is not None and "--backend rtx" in problem[1]
    assert Backend("rtx", "1.7", None).find_build_problem() is None
    old = Backend("rtx", "1.7", Gpu("NVIDIA GTX 1080", (6, 1), "580.65.06")).find_run_problem()
    assert old is not None and "too old" in old[0]


def test_a_damaged_timing_cache_is_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "timings.cache"
    assert read_timing_cache(path) == b""
    write_timing_cache(path, b"measured")
    assert read_timing_cache(path) == b"measured"
    path.write_bytes(path.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING, "framecolor"):
        assert read_timing_cache(path) == b""
    assert str(path) in caplog.text and not path.exists()
