"""A runner on lanes, whatever computes there: pictures are padded, seen or cut into tiles, and come back pooled."""

from __future__ import annotations

import logging
import math
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from framecolor.engines.base import Pending, RegionMatcher, Seen
from framecolor.engines.lanes.bodies import Sizes
from framecolor.engines.lanes.dispatch import Lanes
from framecolor.engines.lanes.lane import Rows, Site, Task
from framecolor.engines.lanes.pooling import cut_pieces, pool_pieces
from framecolor.engines.lanes.shortage import is_out_of_memory
from framecolor.engines.lanes.tiles import SIDES_PX, Tile, choose_margin, cut, stitch
from framecolor.engines.torch_matcher import TorchMatcher
from framecolor.errors import EngineError, FramecolorError
from framecolor.lineart.sampling import RegionPoints
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import CONTEXT_STRIDE
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.view import Cells, View, pad_to

Answer = TypeVar("Answer")
Size = tuple[int, int]

_PARTING_SECONDS = 5.0
_LOG = logging.getLogger("framecolor")


class LaneRunner:
    """The generator on lanes, and the matcher beside them.

    network  what was fitted to a shot, if anything was
    sites    the devices with bodies `look`, `color` and, for such a network, `see` (see `bodies`)
    matcher  None: in PyTorch on the first device
    The lanes end with the runner, or by `close`.
    """

    def __init__(
        self,
        engine: str,
        network: PaletteNetwork | None,
        sites: Sequence[Site],
        sizes: Sizes,
        *,
        lanes: int,
        batch: int,
        matcher: RegionMatcher | None = None,
    ) -> None:
        matcher = matcher or TorchMatcher(str(sites[0].device.place))
        self.describe, self.compare = matcher.describe, matcher.compare
        self.engine, self.sizes = engine, sizes
        self._network = network
        self._generator = load_generator(base_weights_path()) if network is None else network.generator
        self._multiple = self._generator.size_multiple
        self._most_px = sys.maxsize
        self._limiting = threading.Lock()
        self.lanes = Lanes(sites, lanes, min(batch, sizes.most_batch))
        # Garbage may be collected anywhere, also where a lock is held that a lane waits for: then not for ever.
        self._end = weakref.finalize(self, self.lanes.close, _PARTING_SECONDS)

    def close(self) -> None:
        """Finish what is begun; whoever waits for something else gets EngineError."""
        self._end.detach()
        self.lanes.close()

    def warm_up(self) -> None:
        """Nothing is left to prepare: the lanes were measured."""

    def see(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        """See `Runner.see`."""
        network = self._network if votes else None
        size = self._aligned(view.planes)
        fine = view.cells(points, size)
        coarse = view.cells(points, (size[0] // CONTEXT_STRIDE, size[1] // CONTEXT_STRIDE), CONTEXT_STRIDE)

        def ask(side: int | None) -> list[Task]:
            if side is None:
                return [self._look(view.planes, size[1], fine, coarse, network is not None)]
            whole, tiles = pad_to(view.planes, size), self._cut(size, side)
            return [
                self._look(
                    tile.crop(whole),
                    tile.columns.end - tile.columns.begin,
                    tile.select(fine, size[1]),
                    tile.select(coarse, size[1] // CONTEXT_STRIDE, CONTEXT_STRIDE),
                    network is not None,
                )
                for tile in tiles
            ]

        def join(side: int | None, sums: list[Rows]) -> Seen:
            total = np.asarray(np.sum(sums, axis=0, dtype=np.float32)) if len(sums) > 1 else sums[0]
            seen = self._generator.feature_channels + self._generator.context_channels
            return Seen(total[:, :seen], None if network is None else network.vote(total[:, seen:]))

        return Asked(self, size, ask, join)

    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Runner.color`."""
        size, (height, width) = self._aligned(planes), planes.shape[1:]

        def ask(side: int | None) -> list[Task]:
            if side is None:
                return [self._paint(planes, hint)]
            whole, colors = pad_to(planes, size), pad_to(hint, size)
            return [self._paint(tile.crop(whole), tile.crop(colors)) for tile in self._cut(size, side)]

        def join(side: int | None, parts: list[Rows]) -> NDArray[np.float32]:
            if side is None:
                return parts[0]
            return stitch(self._cut(size, side), parts, *size)[:, :height, :width].copy()

        return Asked(self, size, ask, join).result()

    def choose_side(self, size: Size) -> int | None:
        """The side of the tiles that a picture is cut into, as things are; None: it goes as it is.

        Raises EngineError when not even the smallest tiles will do.
        """
        if self._takes(size):
            return None
        for side in SIDES_PX:
            tile = min(side, size[0]), min(side, size[1])
            if tile != size and self._takes(tile):
                return side
        problem = f"cannot take a picture of {size[1]} x {size[0]} px, not even in tiles"
        raise EngineError(f"engine {self.engine}", problem, "free memory on the device or use --engine cpu")

    def shrink(self, size: Size, side: int | None) -> int | None:
        """A picture, in tiles of `side` or whole, was too much: what to try next, and all pictures from now on.

        Raises EngineError when nothing is left to try.
        """
        tried = size if side is None else (min(side, size[0]), min(side, size[1]))
        with self._limiting:
            lower = self._takes(tried)  # otherwise another picture was told first
            if lower:
                self._most_px = self._padded_px(tried)
            smaller = self.choose_side(size)
            if lower:
                _LOG.warning("engine %s is out of memory: tiles of %d px from now on", self.engine, smaller)
            return smaller

    def _takes(self, size: Size) -> bool:
        """Whether a picture or tile is within the bodies' sizes, and smaller than all that were too much."""
        return self.sizes.fit(*size) is not None and self._padded_px(size) < self._most_px

    def _padded_px(self, size: Size) -> int:
        return math.prod(self.sizes.fit(*size) or size)

    def _cut(self, size: Size, side: int) -> list[Tile]:
        levels = len(self._generator.widths)
        return cut(*size, side, choose_margin(side, levels, self._multiple), self._multiple)

    def _aligned(self, planes: NDArray[np.float32]) -> Size:
        height, width = (-(-px // self._multiple) * self._multiple for px in planes.shape[1:])
        return height, width

    def _fit(self, planes: NDArray[np.float32]) -> Size:
        size = self.sizes.fit(*planes.shape[1:])
        assert size is not None
        return size

    def _look(self, planes: NDArray[np.float32], columns: int, fine: Cells, coarse: Cells, votes: bool) -> Task:
        """A picture to be seen; reads are those of a map with that many columns."""
        size = self._fit(planes)
        reads = [
            cut_pieces(_widen(cells, columns // stride, size[1] // stride)).arrays()
            for cells, stride in ((fine, 1), (coarse, CONTEXT_STRIDE))
        ]
        generator = self._generator
        channels = generator.feature_channels * (2 if votes else 1) + generator.context_channels
        shape = (len(fine.starts) + 1, channels)
        return Task("see" if votes else "look", (pad_to(planes, size),), (*reads[0], *reads[1]), shape, _pool)

    def _paint(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> Task:
        size, (height, width) = self._fit(planes), planes.shape[1:]

        def take(outputs: Sequence[Tensor], extras: Sequence[Tensor], result: Tensor) -> None:
            result.copy_(outputs[0][:, :height, :width])

        return Task("color", (pad_to(planes, size), pad_to(hint, size)), (), (3, height, width), take)


class Asked(Generic[Answer]):
    """A picture on its way through the lanes, whole or in tiles: `ask` makes the tasks, `join` the answer."""

    def __init__(
        self,
        runner: LaneRunner,
        size: Size,
        ask: Callable[[int | None], list[Task]],
        join: Callable[[int | None, list[Rows]], Answer],
    ) -> None:
        self._runner, self._size, self._ask, self._join = runner, size, ask, join
        self._waiting = threading.Lock()
        self._outcome: Future[Answer] = Future()
        self._submit(runner.choose_side(size))

    def result(self) -> Answer:
        """The answer; EngineError when there is none."""
        with self._waiting:
            if not self._outcome.done():
                try:
                    self._outcome.set_result(self._wait())
                except Exception as error:
                    self._outcome.set_exception(error)
                del self._ask, self._join, self._futures
        return self._outcome.result()

    def _submit(self, side: int | None) -> None:
        self._side = side
        self._futures = [self._runner.lanes.submit(task) for task in self._ask(side)]

    def _wait(self) -> Answer:
        while True:
            try:
                return self._join(self._side, [future.result() for future in self._futures])
            except FramecolorError:
                raise
            except Exception as error:
                if not is_out_of_memory(error):
                    reason = str(error).split("\n")[0] or type(error).__name__
                    fix = "try again, or use --engine cpu"
                    raise EngineError(f"engine {self._runner.engine}", f"failed ({reason})", fix) from error
            for future in self._futures:
                future.cancel()
            self._submit(self._runner.shrink(self._size, self._side))


def _widen(cells: Cells, columns: int, wider: int) -> Cells:
    """Reads of a map with so many columns as reads of a wider one."""
    if columns == wider:
        return cells
    return Cells(cells.index + cells.index // columns * np.int32(wider - columns), cells.weight, cells.starts)


def _pool(outputs: Sequence[Tensor], extras: Sequence[Tensor], result: Tensor) -> None:
    """Features, context and, when there are any, fitted features, pooled side by side into [count + 1, channels]."""
    begin = 0
    for maps, pieces in zip(outputs[:3], (extras[:4], extras[4:], extras[:4]), strict=False):
        end = begin + maps.shape[2]
        pool_pieces(maps, pieces, result[:, begin:end])
        begin = end
