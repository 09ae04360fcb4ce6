"""torch-tensorrt as a backend, through a double that does as its documentation says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tensorrt_double import BACKEND, TORCH_BACKEND

from framecolor import EngineError
from framecolor.engines.tensorrt import backends, build, compiler
from framecolor.engines.tensorrt.backends import Backend, Gpu, choose_backend, find_backends, find_usable_backend
from framecolor.engines.tensorrt.build import ensure_engine
from framecolor.engines.tensorrt.cache import EngineCache
from framecolor.engines.tensorrt.profiles import Profile
from framecolor.engines.tensorrt.timing_cache import read_timing_cache
from framecolor.networks.generator import Generator

GPU = Gpu("NVIDIA L4", (8, 9), "580.65.06")
SIZES: dict[str, Any] = {"batch": (1, 1, 4), "height": (64, 256, 512), "width": (64, 320, 512)}
PROFILE = Profile(name="test", network="features", sizes=SIZES, refit=True)


class _TorchTensorrt:
    """Its conversion: what it is given comes back as the engine."""

    __version__ = "2.13.0"

    class Input:
        def __init__(self, **facts: Any) -> None:
            self.facts = facts

    class dynamo:  # noqa: N801
        @staticmethod
        def convert_exported_program_to_serialized_trt_engine(
            exported_program: torch.export.ExportedProgram, *, arg_inputs: Any, **settings: Any
        ) -> bytes:
            assert exported_program.graph_signature.user_inputs == ("planes",)
            assert settings.pop("optimization_level") == 3 and settings.pop("disable_tf32")
            Path(settings.pop("timing_cache_path")).write_bytes(b"measured")
            assert settings == {}
            if arg_inputs[0].facts["max_shape"][-1] > 512:
                raise RuntimeError("no\nroom")
            return repr([i.facts for i in arg_inputs]).encode()


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


@pytest.fixture
def small() -> Generator:
    """To export the one that ships takes longer."""
    return Generator((8, 8, 8), 8).eval()


def test_it_is_given_the_exported_program(
    cache: EngineCache, small: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "import_backend", lambda name: _TorchTensorrt)
    monkeypatch.setattr(compiler, "get_logger", lambda name: (None, backends.ErrorLog()))
    stored, data, built = ensure_engine(PROFILE, TORCH_BACKEND, cache, generator=small)
    assert built and stored.weights == ()
    shapes = {"min_shape": (1, 7, 64, 64), "opt_shape": (1, 7, 256, 320), "max_shape": (4, 7, 512, 512)}
    assert data == repr([{**shapes, "dtype": torch.float32, "name": "planes"}]).encode()
    (timings,) = cache.folder.glob("*.cache")
    assert read_timing_cache(timings) == b"measured"
    _, again, built = ensure_engine(PROFILE, TORCH_BACKEND, cache, generator=small)
    assert not built and again == data
    wide = Profile(name="wide", network="features", sizes={"batch": 1, "height": 64, "width": (64, 640, 1024)})
    with pytest.raises(EngineError, match=r"does not compile \(no room; shapes: planes"):
        ensure_engine(wide, TORCH_BACKEND, cache, generator=small)


@pytest.mark.parametrize(
    ("backend", "profile", "adopted"),
    [
        (BACKEND, PROFILE, True),
        (BACKEND, replace(PROFILE, name="other", refit=False), True),
        (replace(BACKEND, version="11.1"), PROFILE, False),
        (replace(BACKEND, gpu=GPU), PROFILE, False),
        (Backend("rtx", "1.7", None), PROFILE, False),
        (BACKEND, replace(PROFILE, sizes={**SIZES, "batch": 1}), False),
        (BACKEND, replace(PROFILE, precision="float32"), False),
    ],
)
def test_its_engine_file_is_taken_for_the_same_network_shapes_gpu_and_tensorrt(
    cache: EngineCache,
    small: Generator,
    monkeypatch: pytest.MonkeyPatch,
    backend: Backend,
    profile: Profile,
    adopted: bool,
) -> None:
    monkeypatch.setattr(build, "compile_program", lambda *_: b"torch-tensorrt")
    monkeypatch.setattr(build, "compile_onnx", lambda *_: b"own")
    monkeypatch.setattr(build, "_find_weights", lambda *_: ("a.weight",))
    stored, data, _ = ensure_engine(PROFILE, TORCH_BACKEND, cache, generator=small)
    for _ in range(2):  # also once its own is there
        found = ensure_engine(profile, backend, cache, generator=small, adopt=True)
        assert found[1] == (data if adopted else b"own")
        assert ensure_engine(profile, backend, cache, generator=small)[1] == b"own", "others ask for their own"
    stored.path.write_bytes(b"damaged")
    assert ensure_engine(profile, backend, cache, generator=small, adopt=True)[1] == b"own"


def test_tensorrt_is_chosen_first_and_torch_tensorrt_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []

    def import_backend(name: str) -> SimpleNamespace:
        imported.append(name)
        if name == "rtx":
            raise EngineError("backend rtx", "is not installed")
        return SimpleNamespace(__version__={"tensorrt": "11.0", "torch-tensorrt": "2.13.0"}[name])

    monkeypatch.setattr(backends, "import_backend", import_backend)
    monkeypatch.setattr(backends, "find_gpu", lambda device=0: GPU)
    full, on_top = Backend("tensorrt", "11.0", GPU), Backend("torch-tensorrt", "2.13.0 on tensorrt 11.0", GPU)
    assert choose_backend() == find_usable_backend() == full
    assert set(imported) == {"tensorrt"}, "no run waits for torch-tensorrt, which takes seconds to import"
    assert choose_backend("torch-tensorrt") == on_top and not on_top.refits
    assert find_backends() == (full, on_top)
    monkeypatch.setattr(backends, "find_gpu", lambda device=0: None)
    with pytest.raises(EngineError, match=r"tensorrt 11\.0: compiles only beside the GPU"):
        choose_backend()
