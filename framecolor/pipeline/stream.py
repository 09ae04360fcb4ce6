"""Compute the beliefs of drawings in a bounded stream of stages."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from framecolor.config.settings import Settings
from framecolor.core.clock import stage
from framecolor.core.stages import CallingThread, one_thread_each, overlapped
from framecolor.engines.base import Engine, Runner
from framecolor.engines.registry import choose_engine
from framecolor.errors import ReadError
from framecolor.keys.drawing_style import is_unlike
from framecolor.keys.keyframes import Keyframes
from framecolor.pipeline.read_ahead import Drawing
from framecolor.propagation.features import FrameFeatures, compute_features, link_frames, reuse_features
from framecolor.propagation.smoothing import FramePosterior, Linked, believe, is_empty, is_hold

# Most memory of all drawings in work, and the peak of one of them, with those that wait for it
# (`benchmarks/memory.py`).
_WORKERS_BYTES = 4 << 30
_BYTES_PER_PIXEL = 64


def count_workers(cores: int, size: tuple[int, int]) -> int:
    """Choose how many drawings of size (height, width) to process at once, for busy cores and bounded memory."""
    most = _WORKERS_BYTES // (size[0] * size[1] * _BYTES_PER_PIXEL)
    # One more than cores, as one may wait for a file.
    return min(cores + 1, max(2, most))


@contextmanager
def open_pool(
    settings: Settings, size: tuple[int, int], engine: Engine | None = None, overlap: bool = True
) -> Iterator[ThreadPoolExecutor]:
    """Open a pool of single-threaded workers for all cores. Raises EngineError if the engine cannot run.

    size     (height, width) of the drawings, pixels
    engine   runs the networks; by default that of the settings
    overlap  if False, all work is done in the thread that submits it
    """
    # First, as with a GPU it imports PyTorch, whose threads are limited below.
    if engine is None:
        choose_engine(settings.engine, settings.lanes, settings.precision)
    pool = ThreadPoolExecutor(count_workers(settings.count_cores(), size), "framecolor") if overlap else CallingThread()
    with one_thread_each(), pool:
        yield pool


@dataclass(frozen=True, eq=False)
class Stream:
    """The data that the stages of a stream share.

    ahead  number of items that each stage reads ahead
    fail   is called for each drawing that cannot be read and is left out
    empty  is called for each drawing without a figure
    unlike  is called, in any thread, for each drawing on other paper than the shot's
    """

    keyframes: Keyframes
    runner: Runner
    settings: Settings
    pool: ThreadPoolExecutor
    ahead: int
    fail: Callable[[int, ReadError], None]
    empty: Callable[[int], None]
    unlike: Callable[[int], None]

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
            if drawing.rgba is None:
                known = self.keyframes.find_drawing(drawing.digest)
                assert known is not None
                return drawing, reuse_features(drawing.number, known, self.keyframes, self.runner)
            # Paper that the user named is not judged.
            if self.settings.paper != "white" and is_unlike(drawing.rgba, self.settings):
                self.unlike(drawing.number)
            features = compute_features(
                drawing.number, drawing.rgba, self.keyframes, self.runner, self.settings, digest=drawing.digest
            )
        return replace(drawing, rgba=None), features

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
        with stage("match", features.number):
            return Linked(features, link_frames(before, features, self.runner))
