"""The compiler, with the real one that needs no GPU: every network, fixed and free sizes, and what fails says why."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from framecolor.engines import backends
from framecolor.engines.backends import Backend, Gpu, choose_backend, find_backends, import_backend
from framecolor.engines.compiler import BuildOptions, compile_onnx, find_weights
from framecolor.engines.plan_cache import PlanCache
from framecolor.engines.plan_runtime import open_plan, refit, run_plan
from framecolor.engines.plans import ensure_plan, order_plan, tensors_of
from framecolor.engines.profiles import Profile, find_profile, list_profiles, read_profile
from framecolor.engines.timing_cache import read_timing_cache, write_timing_cache
from framecolor.engines.verify import measure_parity, verify_plan
from framecolor.errors import EngineError, SettingsError
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.export import FORMS, NetworkName, export_onnx, make_exportable, weight_names

SIZES: dict[str, Any] = {
    "batch": (1, 1, 4),
    "height": (64, 256, 512),
    "width": (64, 320, 512),
    "regions": (1, 20, 90),
    "count_a": (1, 20, 90),
    "count_b": (1, 30, 90),
}


@pytest.fixture(scope="module")
def rtx() -> Backend:
    found = {backend.name: backend for backend in find_backends()}
    if "rtx" not in found:
        pytest.skip("TensorRT for RTX is not installed (extra rtx)")
    return found["rtx"]


@pytest.fixture
def cache(tmp_path: Path) -> PlanCache:
    return PlanCache(tmp_path / "plans")


def profile_of(network: NetworkName, fixed: bool, **options: Any) -> Profile:
    sizes = {axis: SIZES[axis][1] if fixed else SIZES[axis] for axis in FORMS[network].free_axes}
    return Profile(name=f"{network}-test", network=network, sizes=sizes, **options)


@pytest.mark.parametrize("fixed", [True, False], ids=["fixed", "free"])
@pytest.mark.parametrize("network", FORMS)
def test_every_network_compiles_in_half(rtx: Backend, cache: PlanCache, network: NetworkName, fixed: bool) -> None:
    stored, plan, built = ensure_plan(profile_of(network, fixed), rtx, cache)
    assert built and len(plan) == stored.size_bytes > 100_000
    assert (stored.key.network, stored.key.precision, stored.key.backend) == (network, "half", "rtx")


def test_float32_and_bytes_compile(rtx: Backend, cache: PlanCache) -> None:
    plans = [
        ensure_plan(profile_of("features", True, precision="float32"), rtx, cache),
        ensure_plan(profile_of("color", True, pixels_in="uint8", pixels_out="uint8"), rtx, cache),
    ]
    assert all(built for _, _, built in plans)
    assert "uint8 in, uint8 out" in plans[1][0].key.shapes


@pytest.mark.parametrize("network", FORMS)
def test_the_compiler_knows_weights_by_their_parameters_names(rtx: Backend, network: NetworkName) -> None:
    exported = make_exportable(network)
    model = export_onnx(exported)
    names = weight_names(model, exported.module)
    assert len(names) > 30
    assert find_weights(rtx, model, (*names, "generator.nothing.weight")) == names


def test_other_weights_of_a_network_have_the_same_names_and_sizes(rtx: Backend, cache: PlanCache) -> None:
    """What makes one refittable plan serve every shot: a fitted generator fills the same places."""
    generator = load_generator(base_weights_path())
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(1.5)
    profile = profile_of("features", True)
    stored, _, _ = ensure_plan(profile, rtx, cache)
    exported = make_exportable("features")
    names = weight_names(export_onnx(exported), exported.module)
    base = dict(exported.module.named_parameters())
    fitted = tensors_of(replace(stored, weights=names), generator)
    assert {n: t.shape for n, t in fitted.items()} == {n: base[n].shape for n in names}
    assert not any(torch.equal(fitted[n].half(), base[n]) for n in names if n.endswith("0.0.weight"))
    # Where a plan cannot be refitted, they are another plan.
    assert ensure_plan(profile, rtx, cache, generator=generator)[0].key.graph != stored.key.graph


def test_refit_is_asked_for_where_it_can_be_had(rtx: Backend, cache: PlanCache) -> None:
    gpu = Gpu("NVIDIA RTX", (8, 9), "580.65.06")
    profile = profile_of("describe", True, refit=True)
    for backend, refits in (
        (replace(rtx, gpu=None), False),
        (replace(rtx, gpu=gpu), True),
        (Backend("tensorrt", "11.0.0", gpu), True),
    ):
        order = order_plan(profile, backend, cache)
        assert order.options.refittable is refits
        assert f"refit {'on' if refits else 'off'}" in order.key.flags
        assert (str(gpu) in order.key.target) is refits
    assert not order_plan(replace(profile, refit=False), replace(rtx, gpu=gpu), cache).options.refittable


def test_refit_without_a_gpu_is_refused(rtx: Backend) -> None:
    with pytest.raises(EngineError, match=r"refittable plans only beside a GPU.*without refit"):
        compile_onnx(replace(rtx, gpu=None), b"", BuildOptions({}, refittable=True))


def test_progress_is_told(rtx: Backend, cache: PlanCache) -> None:
    heard: list[tuple[str, int, int]] = []
    ensure_plan(profile_of("features", True), rtx, cache, progress=lambda *step: heard.append(step))
    assert heard[0][1] == 0 and heard[-1][1] == heard[-1][2] > 1


def test_a_broken_file_is_one_clear_line(rtx: Backend) -> None:
    model = export_onnx(make_exportable("describe"))
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
def test_impossible_shapes_are_one_clear_line(rtx: Backend, shapes: Any, problem: str) -> None:
    with pytest.raises(EngineError, match=problem) as caught:
        compile_onnx(rtx, export_onnx(make_exportable("features")), BuildOptions(shapes))
    assert "\n" not in str(caught.value)


def test_a_failed_build_says_what_it_was_of(rtx: Backend) -> None:
    """A size that the free network's file allows and the network cannot have: 72 halved four times is no number."""
    shapes: Any = {"planes": ((1, 7, 72, 72),) * 3}
    with pytest.raises(EngineError, match=r"does not compile \(.+; shapes: planes \(1, 7, 72, 72\)") as caught:
        compile_onnx(rtx, export_onnx(make_exportable("features")), BuildOptions(shapes))
    assert "\n" not in str(caught.value) and "no reason given" not in str(caught.value)


def test_a_plan_does_not_open_without_a_gpu(rtx: Backend) -> None:
    with pytest.raises(EngineError, match=r"no NVIDIA GPU.*nvidia-smi"):
        open_plan(replace(rtx, gpu=None), b"")


def test_a_plan_runs_and_is_refitted_where_a_gpu_is(rtx: Backend, cache: PlanCache) -> None:
    if rtx.find_run_problem() is not None:
        pytest.skip(rtx.find_run_problem()[0])  # pyright: ignore[reportOptionalSubscript]
    profile = profile_of("features", False, refit=True)
    stored, plan, _ = ensure_plan(profile, rtx, cache)
    generator = load_generator(base_weights_path())
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if "down.0.0" in name:
                parameter.mul_(1.5)
    engine = open_plan(rtx, plan)
    for weights in (load_generator(base_weights_path()), generator):
        refit(rtx, engine, tensors_of(stored, weights))
        reference = make_exportable("features", "float32", generator=weights)
        inputs = reference.example({"batch": 1, "height": 64, "width": 96})
        found = run_plan(rtx, engine, {"planes": inputs[0]}, ("features", "context"))
        wanted: tuple[Tensor, ...] = reference.module(*inputs)
        for one, other in zip(found.values(), wanted, strict=True):
            assert (one - other).abs().max() < 4e-3 * other.abs().max()


class _Prototype:
    size, dtype = 8, "half"


class _Refitter:
    """TensorRT's refitter, as its documentation has it: two weights of eight halves, the second wants the first."""

    def __init__(self, engine: Any, logger: Any) -> None:
        self.engine = engine

    def get_all_weights(self) -> list[str]:
        return ["a.weight", "b.weight"]

    def get_weights_prototype(self, name: str) -> _Prototype:
        return _Prototype()

    def set_named_weights(self, name: str, weights: np.ndarray) -> bool:
        self.engine.given[name] = weights
        return True

    def get_missing_weights(self) -> list[str]:
        return [] if "a.weight" in self.engine.given else ["a.weight"]

    def refit_cuda_engine(self) -> bool:
        self.engine.refitted = True
        return True


class _Engine:
    def __init__(self, refittable: bool = True) -> None:
        self.refittable, self.given, self.refitted = refittable, {}, False


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Backend:
    """A backend whose library is a double; no plan can be opened on this machine."""
    import ctypes

    def read(dtype: str, pointer: int, count: int) -> np.ndarray:
        assert dtype == "half"
        return np.frombuffer(ctypes.string_at(pointer, 2 * count), np.float16)

    class DataType:
        FLOAT, HALF, UINT8, INT32, INT64 = "float", "half", "uint8", "int32", "int64"

    module = type("trt", (), {"Refitter": _Refitter, "Weights": staticmethod(read), "DataType": DataType})
    monkeypatch.setattr("framecolor.engines.plan_runtime.import_runtime", lambda name: module)
    monkeypatch.setattr("framecolor.engines.plan_runtime.logger_of", lambda name: (None, backends.Complaints()))
    return Backend("tensorrt", "11.0", None)


def test_refit_hands_over_all_weights_in_the_plans_type(double: Backend) -> None:
    engine = _Engine()
    tensors = {"a.weight": torch.arange(8.0).view(2, 4).T, "b.weight": torch.ones(8)}
    refit(double, engine, tensors)
    assert engine.refitted
    np.testing.assert_array_equal(engine.given["a.weight"], [0, 4, 1, 5, 2, 6, 3, 7])


@pytest.mark.parametrize(
    ("names", "size", "refittable", "problem"),
    [
        (["a.weight", "c.weight"], 8, True, "the plan has no weights c.weight"),
        (["b.weight"], 8, True, "wants a.weight too"),
        (["a.weight"], 9, True, "does not take a.weight"),
        (["a.weight"], 8, False, "compiled without refit"),
    ],
)
def test_a_refit_that_is_not_whole_is_refused(
    double: Backend, names: list[str], size: int, refittable: bool, problem: str
) -> None:
    engine = _Engine(refittable)
    with pytest.raises(EngineError, match=problem):
        refit(double, engine, {name: torch.ones(size) for name in names})
    assert not engine.refitted


def test_outputs_are_named_as_the_form_names_them(double: Backend) -> None:
    """torch-tensorrt numbers them; TensorRT keeps the names of the ONNX file, in whatever order."""
    from framecolor.engines.plan_runtime import name_outputs

    class Numbered:
        names: tuple[str, ...] = ("planes", "output0", "output1")
        num_io_tensors = 3

        def get_tensor_name(self, i: int) -> str:
            return self.names[i]

        def get_tensor_mode(self, name: str) -> str:
            return "in" if name == "planes" else "out"

    class Named(Numbered):
        names = ("context", "planes", "features")

    trt = type("trt", (), {"TensorIOMode": type("Mode", (), {"OUTPUT": "out"})})
    wanted = ("features", "context")
    assert name_outputs(trt, Numbered(), wanted) == {"features": "output0", "context": "output1"}
    assert name_outputs(trt, Named(), wanted) == {"features": "features", "context": "context"}


class _TorchTensorrt:
    """torch-tensorrt's conversion, as its documentation has it: what it is given comes back as the plan."""

    __version__ = "2.13.0"

    class Input:
        def __init__(self, **facts: Any) -> None:
            self.facts = facts

    class dynamo:  # noqa: N801
        @staticmethod
        def convert_exported_program_to_serialized_trt_engine(
            exported_program: torch.export.ExportedProgram, *, arg_inputs: Any, **settings: Any
        ) -> bytes:
            assert settings.pop("optimization_level") == 3
            Path(settings.pop("timing_cache_path")).write_bytes(b"measured")
            assert settings == {}
            if not arg_inputs[0].facts.get("max_shape", (1,))[-1] <= 512:
                raise RuntimeError("no\nroom")
            return repr([i.facts for i in arg_inputs]).encode()


def test_torch_tensorrt_is_given_the_exported_program(
    double: Backend, cache: PlanCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framecolor.engines.compiler.import_backend", lambda name: _TorchTensorrt)
    monkeypatch.setattr("framecolor.engines.compiler.logger_of", lambda name: (None, backends.Complaints()))
    backend = Backend("torch-tensorrt", "2.13.0", None)
    stored, plan, built = ensure_plan(profile_of("features", False, refit=True), backend, cache)
    assert built and stored.weights == ()
    # A batch that may be 1 is no free axis to torch.export.
    shapes = {"min_shape": (1, 7, 64, 64), "opt_shape": (1, 7, 256, 320), "max_shape": (1, 7, 512, 512)}
    assert plan == repr([{**shapes, "dtype": torch.float32, "name": "planes"}]).encode()
    (timings,) = cache.folder.glob("*.cache")
    assert read_timing_cache(timings) == b"measured"
    _, again, built = ensure_plan(profile_of("features", False, refit=True), backend, cache)
    assert not built and again == plan
    wide = Profile(name="wide", network="features", sizes={"batch": 1, "height": 64, "width": (64, 640, 1024)})
    with pytest.raises(EngineError, match=r"does not compile \(no room; shapes: planes"):
        ensure_plan(wide, backend, cache)


def test_parity_is_measured_over_the_range() -> None:
    wanted = torch.tensor([0.0, 50.0, -100.0])
    parity = measure_parity(wanted + torch.tensor([1.0, -1.0, 1.0]), wanted)
    assert (parity.psnr_db, parity.worst) == (pytest.approx(40.0), pytest.approx(0.01))
    assert measure_parity(wanted, wanted).psnr_db == float("inf")
    assert measure_parity(wanted * float("nan"), wanted).psnr_db == float("-inf")
    with pytest.raises(EngineError, match=r"shapes \(2,\) and \(3,\) differ"):
        measure_parity(wanted[:2], wanted)


def test_a_plan_of_a_network_that_is_another_is_found_wrong(
    rtx: Backend, cache: PlanCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = profile_of("describe", True)
    stored, _, _ = ensure_plan(profile, rtx, cache)
    assert verify_plan(stored, profile, rtx, cache).good
    monkeypatch.setattr("framecolor.engines.verify._reference", lambda *_: {"tokens": torch.ones(20, 128)})
    verdict = verify_plan(stored, profile, rtx, cache)
    assert not verdict.good and verdict.parity["tokens"].psnr_db < 20


def test_a_missing_backend_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "_MODULES", {"tensorrt": (), "torch-tensorrt": (), "rtx": ()})
    import_backend.cache_clear()
    try:
        with pytest.raises(EngineError, match=r"tensorrt: is not installed; pip install 'framecolor\[tensorrt\]'"):
            choose_backend("tensorrt")
        with pytest.raises(EngineError, match=r"neither tensorrt.*framecolor\[rtx\]"):
            choose_backend("auto")
    finally:
        import_backend.cache_clear()


def test_tensorrt_without_a_gpu_names_the_way_out() -> None:
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
    path.write_bytes(b"measures")
    with caplog.at_level(logging.WARNING, "framecolor"):
        assert read_timing_cache(path) == b""
    assert "not as it was written" in caplog.text and not path.exists()


def test_shipped_profiles_are_what_the_pipeline_and_benchmarks_need() -> None:
    shipped = {profile.name: profile for profile in list_profiles()}
    assert {"features", "features-static", "color", "describe", "compare"} <= shipped.keys()
    assert {f"features-{size}" for size in ("540p", "720p", "1080p", "4k")} <= shipped.keys()
    assert shipped["features"].dynamic and not shipped["features-static"].dynamic
    most = shipped["features"].at("most")
    # A view has about 82,000 pixels, landscape or portrait, up to three times as long as it is wide and more.
    assert most["height"] == most["width"] >= 3 * (82_000 / 3) ** 0.5
    assert shipped["features"].batch == 4 and shipped["features-4k"].at("usual")["width"] == 3840


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('network = "features"\nlane = 2', "no key 'lane'; did you mean lanes"),
        ('network = "feature"', "network cannot be 'feature'; give one of features, color"),
        ("lanes = 2", "names no network"),
        ('network = "describe"\nsizes = {regions = [9, 4, 10]}', r"sizes.regions cannot be \(9, 4, 10\)"),
        ('network = "describe"\nsizes = {regions = true}', "sizes.regions cannot be True"),
        ('network = "features"\nsizes = {batch = 1, height = 100, width = 64}', "multiples of 16"),
        ('network = "features"\nsizes = {batch = 1}', "give each of batch, height, width"),
        ('network = "describe"\npixels_in = "uint8"\nsizes = {regions = 4}', "float32 for this network"),
        ("network = ", "not valid TOML"),
    ],
)
def test_a_wrong_profile_says_what_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=problem):
        read_profile(path)


def test_a_profile_is_found_by_name_or_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('network = "describe"\n[sizes]\nregions = [1, 4, 9]\n')
    assert find_profile(str(path)).sizes == {"regions": (1, 4, 9)}
    assert find_profile("color").network == "color"
    with pytest.raises(EngineError, match="did you mean features-1080p"):
        find_profile("features-1080")


def test_profiles_are_part_of_what_is_installed() -> None:
    import tomllib

    root = Path(__file__).parents[1]
    files = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["data-files"]
    found = {path.stem for pattern in files["share/framecolor/engines"] for path in root.glob(pattern)}
    assert found == {profile.name for profile in list_profiles()}
