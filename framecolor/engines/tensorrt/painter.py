"""Run matcher and painter from engine files on one GPU, for drawings with any number of regions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from framecolor.engines.base import RegionPainter, Rows
from framecolor.engines.lanes.buffers import Slot
from framecolor.engines.lanes.device import Device, is_out_of_memory
from framecolor.engines.tensorrt.backends import Backend
from framecolor.engines.tensorrt.execution import ExecutionContext, accepts
from framecolor.engines.torch_painter import no_flow, scale_crops
from framecolor.errors import EngineError, FramecolorError
from framecolor.lineart.region_crops import Crops
from framecolor.matching.question import Question
from framecolor.networks.export import FORMS

PartName = Literal["describe", "compare", "decide"]
PARTS: tuple[PartName, ...] = get_args(PartName)

# A workspace is made larger than needed by this factor, as the next drawing has about as many regions.
_SPARE = 1.25


class TensorRtPainter:
    """Matcher and painter from engine files of PARTS. Thread safe.

    engines  one (ICudaEngine) on the device for each of PARTS
    other    the networks for drawings with too many or too few regions for the engines

    Each call borrows a session with a stream, contexts and buffers; there are as many as calls ran at once. Sessions do
    not belong to threads, as these come and go and contexts take memory. Raises EngineError, in one line, if a call
    fails.
    """

    def __init__(self, backend: Backend, device: Device, engines: Mapping[PartName, Any], other: RegionPainter) -> None:
        self._subject = f"painter by {backend.name} {backend.version}"
        self._device, self._other = device, other
        self._describe, self._compare, self._decide = (_Part(backend, name, engines[name]) for name in PARTS)
        self._idle: list[_Session] = []

    def describe(self, features: Rows, shape: Rows, contact: Rows, crops: Crops) -> Rows:
        """See `RegionPainter.describe`."""
        inputs = (features, shape, contact, scale_crops(crops))
        if not self._describe.takes(inputs):
            return self._other.describe(features, shape, contact, crops)
        (tokens,) = self._run(self._describe, inputs)
        return tokens

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
        ahead = no_flow(a, b) if flow_ab is None else flow_ab
        back = no_flow(b, a) if flow_ba is None else flow_ba
        inputs = (a, b, contact_a, contact_b, ahead, back)
        if not self._compare.takes(inputs):
            return self._other.compare(*inputs)
        score_ab, score_ba, unmatched_a, unmatched_b = self._run(self._compare, inputs)
        return score_ab, score_ba, unmatched_a, unmatched_b

    def decide(self, question: Question) -> tuple[Rows, Rows]:
        """See `RegionPainter.decide`."""
        inputs = question.list_values()
        if not self._decide.takes(inputs):
            return self._other.decide(question)
        color, lost = self._run(self._decide, inputs)
        return color, lost

    def release(self) -> None:
        """Free the memory of idle sessions; later calls make new ones."""
        with self._device.current():
            while self._idle:
                with suppress(IndexError):  # another thread took the last one
                    self._idle.pop().close()
            self._device.give_back()

    def _run(self, part: _Part, inputs: Sequence[Rows]) -> list[Rows]:
        """Run a part; if memory is out, free idle sessions and try once more."""
        for last in (False, True):
            try:
                return self._run_in_session(part, inputs)
            except FramecolorError:
                raise
            except Exception as error:
                if last or not is_out_of_memory(error):
                    reason = str(error).split("\n")[0] or type(error).__name__
                    fix = "free GPU memory, ask for fewer lanes or use --engine cuda"
                    raise EngineError(self._subject, f"failed ({reason})", fix) from error
            self.release()
        raise AssertionError("the last try returns or raises")

    def _run_in_session(self, part: _Part, inputs: Sequence[Rows]) -> list[Rows]:
        with self._device.current():
            try:
                session = self._idle.pop()
            except IndexError:
                session = _Session(self._device)
            try:
                results = session.run(part, inputs)
            except BaseException:
                session.close()
                raise
        self._idle.append(session)
        return results


class _Part:
    """One of PARTS: an engine and its name."""

    def __init__(self, backend: Backend, name: PartName, engine: Any) -> None:
        self.name: PartName = name
        self._backend, self._engine = backend, engine

    def takes(self, inputs: Sequence[Rows]) -> bool:
        """Tell whether the engine takes inputs of these shapes."""
        return accepts(self._engine, tuple(FORMS[self.name].inputs), [rows.shape for rows in inputs])

    def open(self) -> ExecutionContext:
        """Make an execution context."""
        form = FORMS[self.name]
        return ExecutionContext(self._backend, self._engine, tuple(form.inputs), tuple(form.outputs))


class _Session:
    """A stream, a context of each part, and buffers that grow with the drawings, for one call at a time."""

    def __init__(self, device: Device) -> None:
        self._device, self._stream, self._slot = device, device.stream(), Slot(device)
        self._contexts: dict[str, ExecutionContext] = {}
        self._workspace = torch.empty(0, dtype=torch.uint8)

    def run(self, part: _Part, inputs: Sequence[Rows]) -> list[Rows]:
        """Run a part and wait for its outputs."""
        if part.name not in self._contexts:
            with self._device.uncaptured():
                self._contexts[part.name] = part.open()
        context, stream = self._contexts[part.name], self._stream
        staged_inputs, staged_outputs = self._slot.inputs, self._slot.results
        shapes = context.set_shapes([rows.shape for rows in inputs])
        begins = staged_inputs.fill([[np.asarray(rows, np.float32)] for rows in inputs])
        outputs = list(zip(staged_outputs.reserve(shapes), shapes, strict=True))
        context.set_buffers(
            [staged_inputs.view(begin, rows.shape) for begin, rows in zip(begins, inputs, strict=True)],
            [staged_outputs.view(begin, shape) for begin, shape in outputs],
            self._lend,
        )
        on_host, on_device = staged_inputs.sides()
        stream.copy(on_device, on_host)
        stream.enqueue(lambda: context.run(stream.handle))
        on_host, on_device = staged_outputs.sides()
        stream.copy(on_host, on_device)
        stream.record().wait()
        return [staged_outputs.read(begin, shape) for begin, shape in outputs]

    def close(self) -> None:
        """Free everything after all work is done. Ignores errors: `run` raised those of the work."""
        with suppress(Exception):
            self._stream.record().wait()
        self._contexts.clear()
        with suppress(Exception):
            self._stream.close()

    def _lend(self, size_bytes: int) -> Tensor:
        """Lend the workspace, which all contexts share, as they never run at once."""
        if len(self._workspace) < size_bytes:
            self._workspace = torch.empty(0, dtype=torch.uint8)  # frees the old one first
            self._workspace = self._device.empty(math.ceil(size_bytes * _SPARE))
        return self._workspace[:size_bytes]
