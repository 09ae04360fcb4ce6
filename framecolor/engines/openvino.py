"""The cpu engine: OpenVINO on the processor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from framecolor.core.precision import Precision, choose_precision, list_precisions
from framecolor.engines.base import (
    DEFAULT_OPTIONS,
    Device,
    Done,
    EngineOptions,
    NetworkOutput,
    Pending,
    Rows,
    Runner,
)
from framecolor.engines.graph import Graph
from framecolor.engines.graphs import open_graph
from framecolor.errors import EngineError
from framecolor.lineart.region_crops import Crops
from framecolor.lineart.sampling import RegionPoints
from framecolor.matching.question import Question
from framecolor.networks.view import CONTEXT_STRIDE, View, pad_to, pool

if TYPE_CHECKING:
    from framecolor.engines.quiet_openvino import ov
    from framecolor.networks.palette_head import PaletteNetwork

# OpenVINO prepares for each new shape. Numbers of regions are padded to multiples of this, so that drawings share them.
_BUCKET_ROWS, _BUCKET_COLORS = 32, 8


class CpuEngine:
    """OpenVINO, in bfloat16 if the processor multiplies it in hardware; runs everywhere.

    Computes as many pictures at once as its options have cores, each on one core.
    """

    name = "cpu"
    device: Device = "cpu"

    def __init__(self, options: EngineOptions = DEFAULT_OPTIONS) -> None:
        self._options = options

    def find_problem(self) -> tuple[str, str] | None:
        return None

    def load(self, network: PaletteNetwork | None = None, precision: str | None = None) -> Runner:
        """See `Engine.load`; precision is one of `precisions`. EngineError for any other."""
        known = self.precisions()
        for chosen in known:
            if chosen == (precision or choose_precision(self._options.precision)):
                return OpenVinoRunner(_open_networks(chosen, self._options.cores), network)
        fix = f"use --precision {' or '.join(known)}"
        raise EngineError("engine cpu", f"this processor does not compute in {precision}", fix)

    def precisions(self) -> tuple[Precision, ...]:
        """List the precisions that this processor computes in, the fastest first."""
        return list_precisions("cpu")


class Networks:
    """The networks that ship, compiled by OpenVINO for one precision and number of cores, each when first needed."""

    def __init__(self, precision: Precision, cores: int) -> None:
        self._precision: Precision = precision
        self._cores = cores

    @cached_property
    def features(self) -> Compiled:
        return self.compile(lambda: open_graph("features"))

    @cached_property
    def color(self) -> Compiled:
        return self.compile(lambda: open_graph("color"))

    @cached_property
    def describe(self) -> Compiled:
        return Compiled(lambda: open_graph("describe"), "f32", self._cores)

    @cached_property
    def compare(self) -> Compiled:
        # Scores are log-sum-exps of logits of up to 32, which are too large for bfloat16's 8 bits.
        return Compiled(lambda: open_graph("compare"), "f32", self._cores)

    @cached_property
    def decide(self) -> Compiled:
        return Compiled(lambda: open_graph("decide"), "f32", self._cores)

    def compile(self, make: Callable[[], Graph]) -> Compiled:
        """Compile another network, such as one that was fitted to a shot."""
        return Compiled(make, self._precision, self._cores)


@lru_cache(maxsize=4)
def _open_networks(precision: Precision, cores: int) -> Networks:
    """Open the networks that ship, one set for all shots of a process."""
    return Networks(precision, cores)


class OpenVinoRunner:
    """The networks that ship and the one that was fitted to a shot, if any. Thread safe."""

    def __init__(self, networks: Networks, network: PaletteNetwork | None = None) -> None:
        self._networks, self._network = networks, network

    def warm_up(self) -> None:
        """See `Runner.warm_up`. `compare` is compiled in the background, as it is needed after the first frame."""
        for network in (self._networks.features, self._networks.describe, self._networks.decide):
            network.open()
        self._networks.compare.open_soon()

    def infer(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        """See `Runner.infer`."""
        base = self._networks.features
        planes = _pad(view.planes, base.facts["multiple"])
        features, context = (maps[0] for maps in base(planes))
        fine = view.cells(points, (features.shape[0], features.shape[1]))
        coarse = view.cells(points, (context.shape[0], context.shape[1]), CONTEXT_STRIDE)
        pooled = np.concatenate([pool(features, fine), pool(context, coarse)], axis=1)
        if not votes or self._network is None:
            return Done(NetworkOutput(pooled, None))
        fitted = pool(self._fitted(planes)[0][0], fine)
        return Done(NetworkOutput(pooled, self._network.vote(fitted)))

    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Runner.color`."""
        color = self._fitted_color if self._network is not None else self._networks.color
        height, width = planes.shape[1:]
        both = (_pad(maps, color.facts["multiple"]) for maps in (planes, hint))
        return color(*both)[0][0, :, :height, :width].copy()

    def describe(self, features: Rows, shape: Rows, contact: Rows, crops: Crops) -> Rows:
        """See `RegionPainter.describe`."""
        describe, count = self._networks.describe, len(features)
        if count == 0:
            return np.zeros((0, describe.facts["width"]), np.float32)
        size = _round_up(count)
        padded = np.zeros((size, *crops.shape[1:]), np.float32)
        np.multiply(crops, np.float32(1 / 255), out=padded[:count])
        rows = (_widen(features, size), _widen(shape, size), _widen(contact, size, size), padded)
        return describe(*rows, _mark_present(count, size))[0][:count].copy()

    def compare(
        self,
        a: Rows,
        b: Rows,
        contact_a: Rows,
        contact_b: Rows,
        flow_ab: Rows | None = None,
        flow_ba: Rows | None = None,
    ) -> tuple[Rows, Rows, Rows, Rows]:
        """See `RegionPainter.compare`."""
        many, few = len(a), len(b)
        size = _round_up(max(many, few))  # one size for both, so that few shapes occur
        pairs = [
            np.zeros((size, size), np.float32) if flow is None else _widen(flow, size, size)
            for flow in (flow_ab, flow_ba)
        ]
        contacts = [_widen(contact, size, size) for contact in (contact_a, contact_b)]
        present = [_mark_present(count, size) for count in (many, few)]
        ahead, back, unmatched_a, unmatched_b = self._networks.compare(
            _widen(a, size), _widen(b, size), *contacts, *pairs, *present
        )
        return (
            ahead[:many, :few].copy(),
            back[:few, :many].copy(),
            unmatched_a[:many].copy(),
            unmatched_b[:few].copy(),
        )

    def decide(self, question: Question) -> tuple[Rows, Rows]:
        """See `RegionPainter.decide`."""
        count, colors = question.known.shape
        painted = question.memory.shape[1]
        padded = question.pad(_round_up(count), _round_up(painted), _round_up(colors, _BUCKET_COLORS))
        color, unmatched = self._networks.decide(*padded.list_values())
        return color[:count, :colors].copy(), unmatched[:count].copy()

    @cached_property
    def _fitted(self) -> Compiled:
        from framecolor.engines.graph_makers import make_features

        assert self._network is not None
        generator = self._network.generator
        return self._networks.compile(lambda: make_features(generator))

    @cached_property
    def _fitted_color(self) -> Compiled:
        from framecolor.engines.graph_makers import make_color

        assert self._network is not None
        generator = self._network.generator
        return self._networks.compile(lambda: make_color(generator))


class Compiled:
    """A graph with free sizes, compiled on its first run; each thread has its own infer request."""

    def __init__(self, make: Callable[[], Graph], precision: Precision, cores: int) -> None:
        self._make, self._cores = make, cores
        self._precision: Precision = precision
        self._model: ov.CompiledModel | None = None
        self._facts: dict[str, int] = {}
        self._compiling = threading.Lock()
        self._threads = threading.local()

    def __call__(self, *inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Compute all outputs, in the graph's order; the thread's next call overwrites them."""
        if not hasattr(self._threads, "request"):
            self._threads.request = self.open().create_infer_request()
        return list(self._threads.request.infer(inputs, share_inputs=True, share_outputs=True).values())

    @property
    def facts(self) -> dict[str, int]:
        """`Graph.facts`."""
        self.open()
        return self._facts

    def open_soon(self) -> None:
        """Begin to compile it in another thread; an error is raised by the first call that needs the result."""
        if self._model is None:
            threading.Thread(target=self._try_open, name="compile").start()

    def _try_open(self) -> None:
        with suppress(Exception):
            self.open()

    def open(self) -> ov.CompiledModel:
        """Compile it, if not done yet."""
        # Imported late: a run with nothing to paint is faster without it.
        from framecolor.engines.quiet_openvino import open_core

        with self._compiling:
            if self._model is None:
                graph = self._make()
                # One thread a stream: with more, the rounding of sums would depend on the number of cores.
                settings = {"NUM_STREAMS": str(self._cores), "INFERENCE_NUM_THREADS": str(self._cores)}
                settings["INFERENCE_PRECISION_HINT"] = self._precision
                # Threads are not pinned: those of two networks, or of two processes, would share the same cores.
                settings["ENABLE_CPU_PINNING"] = "NO"
                self._facts, self._model = graph.facts, open_core().compile_model(graph.model, "CPU", settings)
            return self._model


def _pad(planes: NDArray[np.float32], multiple: int) -> NDArray[np.float32]:
    height, width = (-(-px // multiple) * multiple for px in planes.shape[1:])
    return pad_to(planes, (height, width))[None]


def _round_up(count: int, multiple: int = _BUCKET_ROWS) -> int:
    return max(1, -(-count // multiple)) * multiple


def _widen(rows: Rows, height: int, width: int | None = None) -> Rows:
    """Pad rows [N, M] with zeros at the end to [height, width or M]."""
    wide = np.zeros((height, rows.shape[1] if width is None else width), np.float32)
    wide[: rows.shape[0], : rows.shape[1]] = rows
    return wide


def _mark_present(count: int, size: int) -> Rows:
    """Mark the first `count` of `size` rows with 1, the padding with 0: float32 [size]."""
    present = np.zeros(size, np.float32)
    present[:count] = 1
    return present
