"""Matcher and painter by engine files, through doubles of TensorRT's engines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from host_device import HostDevice, Operation
from tensorrt_double import BACKEND, FakeEngine, fake_tensorrt  # noqa: F401

from framecolor import EngineError
from framecolor.engines.base import Rows
from framecolor.engines.lanes.runner import LaneRunner
from framecolor.engines.lanes.torch_modules import make_torch_modules
from framecolor.engines.tensorrt import runner as tensorrt
from framecolor.engines.tensorrt.backends import Backend
from framecolor.engines.tensorrt.cache import EngineCache
from framecolor.engines.tensorrt.painter import PARTS, PartName, TensorRtPainter
from framecolor.engines.tensorrt.profiles import Profile
from framecolor.engines.torch_painter import TorchPainter
from framecolor.lineart.region_crops import CROP_PLANES, CROP_PX, CROP_SCALES, Crops
from framecolor.matching.question import Question
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.export import FORMS, make_exportable
from framecolor.networks.matcher import SHAPE_TRAITS
from framecolor.networks.palette_head import PaletteNetwork

MOST = 24
Drawing = tuple[Rows, Rows, Rows, Crops]


def engine_of(part: PartName, **given: Any) -> FakeEngine:
    """An engine of a part, for 1 to MOST regions."""
    least, most = (dict.fromkeys(FORMS[part].free_axes, size) for size in (1, MOST))
    return FakeEngine(make_exportable(part, "float32"), least, most, **given)


class Other:
    """Matcher and painter in PyTorch, and what they were asked for."""

    def __init__(self, painter: TorchPainter) -> None:
        self._painter, self.asked = painter, list[str]()

    def describe(self, *inputs: Any) -> Rows:
        self.asked.append("describe")
        return self._painter.describe(*inputs)

    def compare(self, *inputs: Any) -> tuple[Rows, Rows, Rows, Rows]:
        self.asked.append("compare")
        return self._painter.compare(*inputs)

    def decide(self, question: Question) -> tuple[Rows, Rows]:
        self.asked.append("decide")
        return self._painter.decide(question)


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def reference() -> TorchPainter:
    return TorchPainter()


@pytest.fixture
def other(reference: TorchPainter) -> Other:
    return Other(reference)


def drawing(count: int) -> Drawing:
    """Features, shape, contact and crops of some regions."""
    rng = np.random.default_rng(count)
    channels = make_exportable("describe", "float32").fixed["region channels"]
    features, shape, contact = (rng.random((count, n), np.float32) for n in (channels, SHAPE_TRAITS, count))
    crops = rng.integers(0, 256, (count, CROP_SCALES, CROP_PLANES, CROP_PX, CROP_PX), np.uint8)
    return features, shape, contact, crops


def question_of(painter: TorchPainter, count: int, painted: int, colors: int = 3) -> Question:
    """Ask for the colors of a drawing from two others with as many regions each."""
    rng = np.random.default_rng(count)
    target, source = drawing(count), drawing(painted)
    tokens, memory = painter.describe(*target), painter.describe(*source)
    members = np.eye(colors, dtype=np.float32)[rng.integers(0, colors, (2, painted))]
    score = rng.normal(0, 5, (count, 2, painted)).astype(np.float32)
    memories, contacts = (np.stack([values] * 2) for values in (memory, source[2] / np.float32(painted)))
    known, unmatched = np.zeros((count, colors), np.float32), np.zeros(count, np.float32)
    contact = target[2] / np.float32(count)
    return Question(tokens, contact, known, memories, contacts, members, score, unmatched)


def painter_of(other: Other, device: HostDevice, **given: Any) -> tuple[TensorRtPainter, dict[PartName, FakeEngine]]:
    engines: dict[PartName, FakeEngine] = {part: engine_of(part, **given) for part in PARTS}
    return TensorRtPainter(BACKEND, device, engines, other), engines


def assert_same(found: tuple[Rows, ...], wanted: tuple[Rows, ...]) -> None:
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_engines_match_and_decide_as_pytorch_does(reference: TorchPainter, other: Other) -> None:
    """Drawings with more and with fewer regions, one after another, on the same contexts and buffers."""
    painter, engines = painter_of(other, HostDevice(delay=lambda: 0.001))
    rng = np.random.default_rng(0)
    for counts in ((5, 9), (MOST, 1), (2, 2), (1, MOST)):
        one, two = (drawing(count) for count in counts)
        a, b = (reference.describe(*d) for d in (one, two))
        assert_same((painter.describe(*one), painter.describe(*two)), (a, b))
        there, back = rng.random(counts, np.float32), rng.random(counts[::-1], np.float32)
        for flows in ((), (there, back)):
            found, wanted = (m.compare(a, b, one[2], two[2], *flows) for m in (painter, reference))
            assert_same(found, wanted)
        question = question_of(reference, *counts)
        assert_same(painter.decide(question), reference.decide(question))
    painter.release()
    assert other.asked == []
    assert [[c.runs for c in engines[part].contexts] for part in PARTS] == [[8], [8], [4]]


def test_results_stay_as_they_are(other: Other) -> None:
    """What a call gave is not the buffer of the next one."""
    painter, _ = painter_of(other, HostDevice())
    first = painter.describe(*drawing(6))
    kept = first.copy()
    painter.describe(*drawing(7))
    painter.release()
    np.testing.assert_array_equal(first, kept)


def test_threads_do_not_share_contexts(reference: TorchPainter, other: Other) -> None:
    """As many contexts as calls at a time, also when the threads that call are others."""
    painter, engines = painter_of(other, HostDevice(delay=lambda: 0.0005))
    engines["describe"].meeting = threading.Barrier(4)
    drawings = [drawing(count) for count in range(1, 13)]
    wanted = [reference.describe(*d) for d in drawings]

    def ask(i: int) -> tuple[Rows, ...]:
        tokens = painter.describe(*drawings[i])
        return tokens, *painter.compare(tokens, wanted[3], drawings[i][2], drawings[3][2])

    for _ in range(2):
        with ThreadPoolExecutor(4) as pool:
            for i, found in enumerate(pool.map(ask, range(len(drawings)))):
                pairs = reference.compare(wanted[i], wanted[3], drawings[i][2], drawings[3][2])
                assert_same(found, (wanted[i], *pairs))
    painter.release()
    assert [context.runs for context in engines["describe"].contexts] == [6] * 4
    assert len(engines["compare"].contexts) <= 4 and sum(context.runs for context in engines["compare"].contexts) == 24


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_counts_that_no_engine_takes_go_to_pytorch(reference: TorchPainter, other: Other, count: int) -> None:
    painter, engines = painter_of(other, HostDevice())
    few, many = drawing(4), drawing(count)
    tokens = [reference.describe(*d) for d in (few, many)]
    assert_same((painter.describe(*many),), (tokens[1],))
    # PyTorch's own answer, or its own refusal.
    answers = [attempt(lambda m=m: m.compare(*tokens, few[2], many[2])) for m in (painter, reference)]
    assert (answers[0] is None) == (answers[1] is None)
    if answers[0] is not None and answers[1] is not None:
        assert_same(answers[0], answers[1])
    assert other.asked == ["describe", "compare"]
    assert all(engine.contexts == [] for engine in engines.values())


def test_a_palette_that_is_too_large_for_the_engine_goes_to_pytorch(reference: TorchPainter, other: Other) -> None:
    painter, engines = painter_of(other, HostDevice())
    question = question_of(reference, 3, 4, MOST + 1)
    assert_same(painter.decide(question), reference.decide(question))
    assert other.asked == ["decide"] and engines["decide"].contexts == []


def attempt(ask: Callable[[], tuple[Rows, ...]]) -> tuple[Rows, ...] | None:
    try:
        return ask()
    except (RuntimeError, IndexError):
        return None


def test_memory_of_idle_sessions_is_freed_if_needed(reference: TorchPainter, other: Other) -> None:
    """With just the memory that one call needs, sessions that nobody uses go."""
    big = drawing(MOST)
    a = reference.describe(*big)
    alone, _ = painter_of(other, device := HostDevice())
    alone.compare(a, a, big[2], big[2])
    needed_bytes = device.used_bytes
    alone.release()
    assert device.used_bytes == 0
    painter, engines = painter_of(other, device)
    engines["describe"].meeting = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: painter.describe(*big), range(2)))
    assert len(engines["describe"].contexts) == 2
    device.memory_bytes = needed_bytes
    assert_same(painter.compare(a, a, big[2], big[2]), reference.compare(a, a, big[2], big[2]))
    painter.release()
    device.memory_bytes = needed_bytes // 2
    with pytest.raises(EngineError, match=r"painter by tensorrt 11\.0: failed .* free GPU memory"):
        painter.compare(a, a, big[2], big[2])
    assert device.used_bytes == 0


def test_an_error_does_not_affect_later_calls(reference: TorchPainter, other: Other) -> None:
    def fault(operation: Operation, number: int) -> BaseException | None:
        return RuntimeError("an illegal address\nand more") if (operation, number) == ("run", 1) else None

    painter, engines = painter_of(other, HostDevice(fault=fault))
    few = drawing(3)
    with pytest.raises(EngineError, match=r"painter by tensorrt 11.0: failed \(an illegal address\)"):
        painter.describe(*few)
    assert_same((painter.describe(*few),), (reference.describe(*few),))
    engines["describe"].runs = False
    with pytest.raises(EngineError, match=r"tensorrt 11\.0: the engine does not run"):
        painter.describe(*few)
    painter.release()
    assert len(engines["describe"].contexts) == 2  # one that failed is not used again


def test_no_memory_for_a_context_is_an_error(other: Other) -> None:
    painter, _ = painter_of(other, HostDevice(), contexts=0)
    with pytest.raises(EngineError, match="no room for an execution context"):
        painter.describe(*drawing(3))


def test_the_engine_matches_by_its_engine_files(
    reference: TorchPainter, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profiles of all parts are opened once, and the runner on lanes paints by them."""
    opened: dict[PartName, FakeEngine] = {}

    def ensure_engine(profile: Profile, *_: object, **given: Any) -> tuple[SimpleNamespace, bytes, bool]:
        return SimpleNamespace(weights=()), profile.name.encode(), False

    def deserialize_engine(backend: Backend, data: bytes) -> FakeEngine:
        part = next(part for part in PARTS if part.encode() == data)
        assert part not in opened
        opened[part] = engine_of(part)
        return opened[part]

    fakes = {
        "ensure_engine": ensure_engine,
        "deserialize_engine": deserialize_engine,
        "find_usable_backend": lambda device=0: BACKEND,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(tensorrt, name, fake)
    device, network = HostDevice(), PaletteNetwork(load_generator(base_weights_path()), 4).eval()
    painter = tensorrt._open_painter(device, EngineCache())
    modules = make_torch_modules(device, network, torch.float32)
    runner = LaneRunner("tensorrt", network, [modules], lanes=1, batch=1, painter=painter)
    few = drawing(5)
    tokens = runner.describe(*few)
    assert_same((tokens,), (reference.describe(*few),))
    assert_same(runner.compare(tokens, tokens, few[2], few[2]), reference.compare(tokens, tokens, few[2], few[2]))
    question = question_of(reference, 5, 4)
    assert_same(runner.decide(question), reference.decide(question))
    runner.close()
    painter.release()
    assert [opened[part].contexts[0].runs for part in PARTS] == [1, 1, 1]
