"""What needs a GPU, through doubles that do as TensorRT's documentation says."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
import torch

from framecolor import EngineError
from framecolor.engines.tensorrt import backends
from framecolor.engines.tensorrt.backends import Backend
from framecolor.engines.tensorrt.runtime import refit


class _Prototype:
    size, dtype = 8, "half"


class _Refitter:
    """TensorRT's refitter, as its documentation has it: two weights of eight halves, the second needs the first."""

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
    """A backend whose library is a double; no engine file can be opened on this machine."""

    def read(dtype: str, pointer: int, count: int) -> np.ndarray:
        assert dtype == "half"
        return np.frombuffer(ctypes.string_at(pointer, 2 * count), np.float16)

    class DataType:
        FLOAT, HALF = "float", "half"

    module = type("trt", (), {"Refitter": _Refitter, "Weights": staticmethod(read), "DataType": DataType})
    monkeypatch.setattr("framecolor.engines.tensorrt.runtime.import_backend", lambda name: module)
    monkeypatch.setattr("framecolor.engines.tensorrt.runtime.get_logger", lambda name: (None, backends.ErrorLog()))
    return Backend("tensorrt", "11.0", None)


def test_refit_hands_over_all_weights_in_the_engines_type(double: Backend) -> None:
    engine = _Engine()
    tensors = {"a.weight": torch.arange(8.0).view(2, 4).T, "b.weight": torch.ones(8)}
    refit(double, engine, tensors)
    assert engine.refitted
    np.testing.assert_array_equal(engine.given["a.weight"], [0, 4, 1, 5, 2, 6, 3, 7])


@pytest.mark.parametrize(
    ("names", "size", "refittable", "problem"),
    [
        (["a.weight", "c.weight"], 8, True, "the engine has no weights c.weight"),
        (["b.weight"], 8, True, "a.weight"),
        (["a.weight"], 9, True, "does not take a.weight"),
        (["a.weight"], 8, False, "compiled without refit"),
    ],
)
def test_an_incomplete_refit_is_an_error(
    double: Backend, names: list[str], size: int, refittable: bool, problem: str
) -> None:
    engine = _Engine(refittable)
    with pytest.raises(EngineError, match=problem):
        refit(double, engine, {name: torch.ones(size) for name in names})
    assert not engine.refitted
