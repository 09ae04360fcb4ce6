"""The runner of the GPU engines: pad pictures, run them on lanes, and return pooled features."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from framecolor.engines.base import NetworkOutput, Pending, RegionPainter
from framecolor.engines.lanes.device import is_out_of_memory
from framecolor.engines.lanes.dispatch import Lanes
from framecolor.engines.lanes.lane import Array, Rows, Task
from framecolor.engines.lanes.modules import DeviceModules
from framecolor.engines.lanes.pooling import cut_pieces, pool_pieces
from framecolor.engines.torch import TorchRunner
from framecolor.engines.torch_painter import TorchPainter
from framecolor.errors import EngineError, FramecolorError
from framecolor.lineart.sampling import RegionPoints
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import CONTEXT_STRIDE
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.view import Cells, View, pad_to

Answer = TypeVar("Answer")

# Pictures of a shot differ by a few pixels; padded to multiples of this they share shapes, and so graphs and batches.
BUCKET_PX = 64
_PARTING_SECONDS = 5.0
_LOG = logging.getLogger("framecolor")


class LaneRunner:
    """The generator on lanes, and matcher and painter beside them.

    network  one that was fitted to a shot, or None
    devices  with modules `features`, `color` and, if there is a network, `fitted-features` (see `torch_modules`)
    painter  None: in PyTorch on the first device
    The lanes end with the runner, or with `close`. A picture that is too large for the memory of a single lane is
    computed on the processor.
    """

    def __init__(
        self,
        engine: str,
        network: PaletteNetwork | None,
        devices: Sequence[DeviceModules],
        *,
        lanes: int,
        batch: int,
        painter: RegionPainter | None = None,
    ) -> None:
        painter = painter or TorchPainter(str(devices[0].device.place))
        self.describe, self.compare, self.decide = painter.describe, painter.compare, painter.decide
        self.engine = engine
        self._network = network
        self._generator = load_generator(base_weights_path()) if network is None else network.generator
        self._processor: TorchRunner | None = None
        self._opening = threading.Lock()
        self.lanes = Lanes(devices, lanes, batch)
        # With a limit: garbage may be collected while this thread holds a lock that a lane waits for.
        self._end = weakref.finalize(self, self.lanes.close, _PARTING_SECONDS)

    def close(self) -> None:
        """Finish running pictures; others that wait fail with EngineError."""
        self._end.detach()
        self.lanes.close()

    def warm_up(self) -> None:
        """Do nothing: lanes bind modules on their first pictures."""

    def infer(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        """See `Runner.infer`."""
        network = self._network if votes else None
        size = _round_up(view.planes, BUCKET_PX)
        height, width = _round_up(view.planes, self._generator.size_multiple)
        reads: list[Array] = []
        for stride in (1, CONTEXT_STRIDE):
            cells = view.cells(points, (height // stride, width // stride), stride)
            reads += cut_pieces(_widen(cells, width // stride, size[1] // stride)).arrays()
        base = self._generator.feature_channels + self._generator.context_channels
        channels = base if network is None else base + self._generator.feature_channels
        module = "features" if network is None else "fitted-features"
        task = Task(module, (pad_to(view.planes, size),), tuple(reads), (len(points.starts) + 1, channels), _pool)

        def finish(rows: Rows) -> NetworkOutput:
            return NetworkOutput(rows[:, :base], None if network is None else network.vote(rows[:, base:]))

        return PendingTask(self, task, finish, lambda: self.open_processor().infer(view, points, votes).result())

    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Runner.color`."""
        size, (height, width) = _round_up(planes, BUCKET_PX), planes.shape[1:]

        def crop(outputs: Sequence[Tensor], extras: Sequence[Tensor], result: Tensor) -> None:
            result.copy_(outputs[0][:, :height, :width])

        task = Task("color", (pad_to(planes, size), pad_to(hint, size)), (), (3, height, width), crop)
        return PendingTask(self, task, lambda rows: rows, lambda: self.open_processor().color(planes, hint)).result()

    def open_processor(self) -> TorchRunner:
        """Open PyTorch on the processor, for a picture that no lane has memory for."""
        with self._opening:
            if self._processor is None:
                _LOG.warning("engine %s is out of memory: pictures of this size go to the processor", self.engine)
                self._processor = TorchRunner(self._network)
            return self._processor


class PendingTask(Generic[Answer]):
    """A picture in the lanes. `finish` makes the answer from its rows; `otherwise` does if memory is out."""

    def __init__(
        self, runner: LaneRunner, task: Task, finish: Callable[[Rows], Answer], otherwise: Callable[[], Answer]
    ) -> None:
        self._engine, self._finish, self._otherwise = runner.engine, finish, otherwise
        self._waiting = threading.Lock()
        self._outcome: Future[Answer] = Future()
        self._rows = runner.lanes.submit(task)

    def result(self) -> Answer:
        """Wait for the answer. Raises EngineError if it failed."""
        with self._waiting:
            if not self._outcome.done():
                try:
                    self._outcome.set_result(self._wait())
                except Exception as error:
                    self._outcome.set_exception(error)
                del self._rows, self._finish, self._otherwise
        return self._outcome.result()

    def _wait(self) -> Answer:
        try:
            return self._finish(self._rows.result())
        except FramecolorError:
            raise
        except Exception as error:
            if not is_out_of_memory(error):
                reason = str(error).split("\n")[0] or type(error).__name__
                fix = "try again, or use --engine cpu"
                raise EngineError(f"engine {self._engine}", f"failed ({reason})", fix) from error
        return self._otherwise()


def _round_up(planes: NDArray[np.float32], multiple: int) -> tuple[int, int]:
    """Round the (height, width) of planes up to multiples."""
    height, width = (-(-px // multiple) * multiple for px in planes.shape[1:])
    return height, width


def _widen(cells: Cells, columns: int, wider: int) -> Cells:
    """Convert reads of a map with `columns` columns to reads of one with `wider` columns."""
    if columns == wider:
        return cells
    return Cells(cells.index + cells.index // columns * np.int32(wider - columns), cells.weight, cells.starts)


def _pool(outputs: Sequence[Tensor], extras: Sequence[Tensor], result: Tensor) -> None:
    """Pool features, context and fitted features, if any, side by side into [count + 1, channels]."""
    begin = 0
    for maps, pieces in zip(outputs[:3], (extras[:4], extras[4:], extras[:4]), strict=False):
        end = begin + maps.shape[2]
        pool_pieces(maps, pieces, result[:, begin:end])
        begin = end
