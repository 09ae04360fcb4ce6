"""The matcher as compiled plans: its two halves on one GPU, for drawings with any number of regions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from framecolor.engines.base import RegionMatcher, Rows
from framecolor.engines.lanes.rings import Slot
from framecolor.engines.lanes.shortage import is_out_of_memory
from framecolor.engines.lanes.streams import Device
from framecolor.engines.plans.backends import Backend
from framecolor.engines.plans.context import PlanContext
from framecolor.engines.torch_matcher import no_flow
from framecolor.errors import EngineError, FramecolorError
from framecolor.networks.export import FORMS

_HalfName = Literal["describe", "compare"]

# Working memory is made this much larger than what it is needed for: the next drawing has about as many regions.
_SPARE = 1.25


class PlanMatcher:
    """The matcher by plans of `describe` and `compare`. Thread safe.

    describe, compare  opened plans (ICudaEngine) on the device
    other              what takes drawings whose regions the plans do not: too many, too few or none

    A context serves one thread at a time. It is not tied to that thread, as pools of threads come and go and contexts
    are dear: each call borrows a desk with a stream, contexts and buffers, and there are as many as calls at a time.
    Raises EngineError where it fails, in one line.
    """

    def __init__(self, backend: Backend, device: Device, describe: Any, compare: Any, other: RegionMatcher) -> None:
        self._subject = f"matcher by {backend.name} {backend.version}"
        self._device, self._other = device, other
        self._describe, self._compare = _Half(backend, "describe", describe), _Half(backend, "compare", compare)
        self._idle: list[_Desk] = []

    def describe(self, look: Rows, shape: Rows, contact: Rows) -> Rows:
        """See `Runner.describe`."""
        if not self._describe.takes((look, shape, contact)):
            return self._other.describe(look, shape, contact)
        (tokens,) = self._run(self._describe, (look, shape, contact))
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
        """See `Runner.compare`."""
        there = no_flow(a, b) if flow_ab is None else flow_ab
        back = no_flow(b, a) if flow_ba is None else flow_ba
        inputs = (a, b, contact_a, contact_b, there, back)
        if not self._compare.takes(inputs):
            return self._other.compare(*inputs)
        score_ab, score_ba, nowhere_a, nowhere_b = self._run(self._compare, inputs)
        return score_ab, score_ba, nowhere_a, nowhere_b

    def release(self) -> None:
        """Give back what desks hold that nobody uses now; the next calls make their own."""
        with self._device.current():
            while self._idle:
                with suppress(IndexError):  # another thread took the last one
                    self._idle.pop().close()
            self._device.give_back()

    def _run(self, half: _Half, inputs: Sequence[Rows]) -> list[Rows]:
        """The outputs of a half; where memory is out, once more without what idle desks hold."""
        for last in (False, True):
            try:
                return self._run_at_desk(half, inputs)
            except FramecolorError:
                raise
            except Exception as error:
                if last or not is_out_of_memory(error):
                    reason = str(error).split("\n")[0] or type(error).__name__
                    fix = "free GPU memory, ask for fewer lanes or use --engine cuda"
                    raise EngineError(self._subject, f"failed ({reason})", fix) from error
            self.release()
        raise AssertionError("the last try returns or raises")

    def _run_at_desk(self, half: _Half, inputs: Sequence[Rows]) -> list[Rows]:
        with self._device.current():
            try:
                desk = self._idle.pop()
            except IndexError:
                desk = _Desk(self._device)
            try:
                results = desk.run(half, inputs)
            except BaseException:
                desk.close()
                raise
        self._idle.append(desk)
        return results


class _Half:
    """One half of the matcher: a plan, and the counts of regions that it takes."""

    def __init__(self, backend: Backend, name: _HalfName, engine: Any) -> None:
        self.name: _HalfName = name
        self._backend, self._engine = backend, engine
        self._ranges = [engine.get_tensor_profile_shape(tensor, 0) for tensor in FORMS[name].inputs]

    def takes(self, inputs: Sequence[Rows]) -> bool:
        """Whether the plan takes inputs of these shapes."""
        return all(
            least <= size <= most
            for rows, (lowest, _, highest) in zip(inputs, self._ranges, strict=True)
            for least, size, most in zip(lowest, rows.shape, highest, strict=True)
        )

    def open(self) -> PlanContext:
        """A context of its own."""
        form = FORMS[self.name]
        return PlanContext(self._backend, self._engine, tuple(form.inputs), tuple(form.outputs))


class _Desk:
    """What a call needs: a stream, a context of each half, and buffers that grow with the drawings. One call a time."""

    def __init__(self, device: Device) -> None:
        self._device, self._stream, self._slot = device, device.stream(), Slot(device)
        self._contexts: dict[str, PlanContext] = {}
        self._scratch = torch.empty(0, dtype=torch.uint8)

    def run(self, half: _Half, inputs: Sequence[Rows]) -> list[Rows]:
        """The outputs of a half; returns when they are there."""
        if half.name not in self._contexts:
            with self._device.uncaptured():
                self._contexts[half.name] = half.open()
        context, stream, there, back = self._contexts[half.name], self._stream, self._slot.there, self._slot.back
        shapes = context.set_shapes([rows.shape for rows in inputs])
        begins = there.fill([[np.asarray(rows, np.float32)] for rows in inputs])
        results = list(zip(back.reserve(shapes), shapes, strict=True))
        context.aim(
            [there.view(begin, rows.shape) for begin, rows in zip(begins, inputs, strict=True)],
            [back.view(begin, shape) for begin, shape in results],
            self._lend,
        )
        host, far = there.sides()
        stream.copy(far, host)
        stream.enqueue(lambda: context.run(stream.handle))
        host, far = back.sides()
        stream.copy(host, far)
        stream.record().wait()
        return [back.read(begin, shape) for begin, shape in results]

    def close(self) -> None:
        """Give everything back when what was given is done; what went wrong in it was heard of."""
        with suppress(Exception):
            self._stream.record().wait()
        self._contexts.clear()
        with suppress(Exception):
            self._stream.close()

    def _lend(self, size_bytes: int) -> Tensor:
        """Working memory, which both contexts share: they never run at once."""
        if len(self._scratch) < size_bytes:
            self._scratch = torch.empty(0, dtype=torch.uint8)  # the old one goes first
            self._scratch = self._device.empty(math.ceil(size_bytes * _SPARE))
        return self._scratch[:size_bytes]
