"""What needs a GPU, through doubles that do as TensorRT's and torch-tensorrt's documentation says."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from framecolor.engines.plans import backends
from framecolor.engines.plans.backends import Backend
from framecolor.engines.plans.cache import PlanCache
from framecolor.engines.plans.order import ensure_plan
from framecolor.engines.plans.profiles import Profile
from framecolor.engines.plans.runtime import name_outputs, refit
from framecolor.engines.plans.timing_cache import read_timing_cache
from framecolor.errors import EngineError
from framecolor.networks.generator import Generator


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

    def read(dtype: str, pointer: int, count: int) -> np.ndarray:
        assert dtype == "half"
        return np.frombuffer(ctypes.string_at(pointer, 2 * count), np.float16)

    class DataType:
        FLOAT, HALF, UINT8, INT32, INT64 = "float", "half", "uint8", "int32", "int64"

    module = type("trt", (), {"Refitter": _Refitter, "Weights": staticmethod(read), "DataType": DataType})
    monkeypatch.setattr("framecolor.engines.plans.runtime.import_runtime", lambda name: module)
    monkeypatch.setattr("framecolor.engines.plans.runtime.logger_of", lambda name: (None, backends.Complaints()))
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
    double: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framecolor.engines.plans.compiler.import_backend", lambda name: _TorchTensorrt)
    monkeypatch.setattr("framecolor.engines.plans.compiler.logger_of", lambda name: (None, backends.Complaints()))
    backend, cache = Backend("torch-tensorrt", "2.13.0", None), PlanCache(tmp_path / "plans")
    sizes = {"batch": (1, 1, 4), "height": (64, 256, 512), "width": (64, 320, 512)}
    profile = Profile(name="test", network="features", sizes=sizes, refit=True)
    generator = Generator((8, 8, 8), 8).eval()  # to export the one that ships takes longer
    stored, plan, built = ensure_plan(profile, backend, cache, generator=generator)
    assert built and stored.weights == ()
    # A batch that may be 1 is no free axis to torch.export.
    shapes = {"min_shape": (1, 7, 64, 64), "opt_shape": (1, 7, 256, 320), "max_shape": (1, 7, 512, 512)}
    assert plan == repr([{**shapes, "dtype": torch.float32, "name": "planes"}]).encode()
    (timings,) = cache.folder.glob("*.cache")
    assert read_timing_cache(timings) == b"measured"
    _, again, built = ensure_plan(profile, backend, cache, generator=generator)
    assert not built and again == plan
    wide = Profile(name="wide", network="features", sizes={"batch": 1, "height": 64, "width": (64, 640, 1024)})
    with pytest.raises(EngineError, match=r"does not compile \(no room; shapes: planes"):
        ensure_plan(wide, backend, cache, generator=generator)
