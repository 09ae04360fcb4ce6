"""Compute the beliefs of drawings in a bounded stream of stages."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from framecolor.config.settings import Settings
from framecolor.core.clock import stage
from framecolor.core.memory import NO_MEMORY, Memory
from framecolor.core.stages import CallingThread, one_thread_each, overlapped
from framecolor.engines.base import Engine, Runner
from framecolor.engines.registry import choose_engine
from framecolor.errors import ReadError
from framecolor.keys.drawing_style import is_unlike
from framecolor.keys.keyframes import Keyframes
from framecolor.pipeline.read_ahead import Drawing
from framecolor.propagation.features import DescribedFrame, FrameFeatures, describe_frame, link_frames, vote_on
from framecolor.propagation.smoothing import FramePosterior, Linked, believe, is_empty, is_hold

# Most memory of all drawings in work, and the peak of one of them, with those that wait for it
# (`benchmarks/memory.py`).
_WORKERS_BYTES = 4 << 30
_BYTES_PER_PIXEL = 64


def count_workers(cores: int, size: tuple[int, int], spare: int = 1) -> int:
    """Choose how many drawings of size (height, width) to process at once, for busy cores and bounded memory.

    spare  workers beyond the cores, as one may wait for a file
    """
    most = _WORKERS_BYTES // (size[0] * size[1] * _BYTES_PER_PIXEL)
    return min(cores + spare, max(2, most))


@contextmanager
def open_pool(
    settings: Settings, size: tuple[int, int], engine: Engine | None = None, overlap: bool = True, spare: int = 1
) -> Iterator[ThreadPoolExecutor]:
    """Open a pool of single-threaded workers for all cores. Raises EngineError if the engine cannot run.

    size     (height, width) of the drawings, pixels
    engine   runs the networks; by default that of the settings
    overlap  if False, all work is done in the thread that submits it
    spare    workers beyond the cores, as `count_workers` has them
    """
    # First, as with a GPU it imports PyTorch, whose threads are limited below.
    if engine is None:
        choose_engine(settings.engine, settings.lanes, settings.precision)
    workers = count_workers(settings.count_cores(), size, spare)
    pool = ThreadPoolExecutor(workers, "framecolor") if overlap else CallingThread()
    with one_thread_each(), pool:
        yield pool


@dataclass(frozen=True, eq=False)
class Stream:
    """The data that the stages of a stream share.

    ahead  number of items that each stage reads ahead
    fail   is called for each drawing that cannot be read and is left out
    empty  is called for each drawing without a figure
    unlike  is called, in any thread, for each drawing on other paper than the shot's
    memory  keeps described drawings and links for later runs
    """

    keyframes: Keyframes
    runner: Runner
    settings: Settings
    pool: ThreadPoolExecutor
    ahead: int
    fail: Callable[[int, ReadError], None]
    empty: Callable[[int], None]
    unlike: Callable[[int], None]
    memory: Memory = NO_MEMORY

    def run(self, drawings: Iterable[Drawing]) -> Generator[FramePosterior, None, None]:
        """Compute each drawing's features, link it to the one before it, and the beliefs of each span when complete."""
        with (
            closing(overlapped(self.pool, self._look, drawings, self.ahead)) as looked,
            closing(overlapped(self.pool, self._link, self._pair(looked), self.ahead)) as linked,
        ):
            yield from believe(linked, self.keyframes)

    def _look(self, drawing: Drawing) -> tuple[Drawing, FrameFeatures | None]:
        """Compute a drawing's features; None for a hold or an unreadable drawing."""
        if drawing.repeats or drawing.error is not None:
            return drawing, None
        with stage("regions", drawing.number):
            name = name_frame(drawing.digest, self.keyframes)
            described: DescribedFrame | None = self.memory.find(name)
            if described is None:
                described = self._describe(drawing)
                # The links of later runs are known: what only they need is left out.
                self.memory.keep(name, replace(described, points=None, field=None))
            if described.is_unlike:
                self.unlike(drawing.number)
            features = vote_on(drawing.number, described, self.keyframes, self.runner)
        return replace(drawing, rgba=None), features

    def _describe(self, drawing: Drawing) -> DescribedFrame:
        rgba, settings = drawing.rgba, self.settings
        found = describe_frame(drawing.number, rgba, self.keyframes, self.runner, settings, drawing.digest)
        # Paper that the user named is not judged.
        return replace(found, is_unlike=rgba is not None and settings.paper != "white" and is_unlike(rgba, settings))

    def _pair(
        self, looked: Iterable[tuple[Drawing, FrameFeatures | None]]
    ) -> Iterator[tuple[FrameFeatures | None, FrameFeatures]]:
        """Pair each drawing with the one before it in its span, None if there is none.

        Empty drawings, such as a flash, are skipped: the drawings before and after them are neighbors.
        """
        before: FrameFeatures | None = None
        last: FrameFeatures | None = None
        for drawing, features in looked:
            if drawing.begins:
                before = None
            if drawing.error is not None:
                self.fail(drawing.number, drawing.error)
                continue
            if features is None:
                assert last is not None  # a hold repeats a drawing that could be read
                features = replace(last, number=drawing.number)
            last = features
            if is_empty(features):
                self.empty(features.number)
                yield None, features
                # A key ends a span, even if it is empty.
                before = None if features.number in self.keyframes.whole else before
                continue
            yield before, features
            if before is None or not is_hold(features, before, self.keyframes):
                before = features

    def _link(self, pair: tuple[FrameFeatures | None, FrameFeatures]) -> Linked:
        before, features = pair
        if before is None or is_hold(features, before, self.keyframes):
            return Linked(features, None, begins=before is None)
        name = ("link", before.digest, features.digest, self.keyframes.scale)
        with stage("match", features.number):
            return Linked(features, self.memory.recall(name, lambda: link_frames(before, features, self.runner)))


def name_frame(digest: str, keyframes: Keyframes) -> Hashable:
    """Name a described drawing in the memory, by the hash of its pixels."""
    return "frame", digest, keyframes.scale, keyframes.is_settled(digest)
