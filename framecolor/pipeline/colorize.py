"""The whole flow: prepare once; then read, look, link, believe, paint and write, overlapped and bounded."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

from framecolor.config.settings import Settings
from framecolor.core.clock import listen, stage
from framecolor.core.stages import CallingThread, one_thread_each, overlapped, taken_ahead
from framecolor.engines.base import Engine
from framecolor.engines.registry import choose_engine
from framecolor.errors import FramecolorError, OutputError
from framecolor.media import write_bytes_atomic
from framecolor.output.checks import check_output
from framecolor.output.lock import claim_output
from framecolor.output.manifest import KEY_FOLDER
from framecolor.pipeline.events import FrameNote, Listener
from framecolor.pipeline.job import Progress, Run, prepare_run
from framecolor.pipeline.prepared import forget_prepared, note_prepared
from framecolor.pipeline.read_ahead import Drawing, read_drawings
from framecolor.pipeline.result import Outcome, sum_up
from framecolor.propagation.features import FrameFeatures, compute_features, link_frames, reuse_features
from framecolor.propagation.smoothing import LONGEST_BLOCK, FramePosterior, Linked, believe, is_empty, is_hold
from framecolor.render.encode_frame import Finished, finish_frame, finish_hold, finish_stenciled, repeat_holds
from framecolor.render.stencils import read_mask, read_painted
from framecolor.shot.sequence import format_numbers
from framecolor.shot.shot import Shot

# What drawings that are worked on hold together at most, and what one of them holds at its peak, with those that wait
# for it (`benchmarks/memory.py`).
_WORKERS_BYTES = 4 << 30
_BYTES_PER_PIXEL = 64


def colorize(
    shot: Shot,
    out: Path | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    *,
    stencils: bool = False,
    part: bool = False,
    listener: Listener | None = None,
    engine: Engine | None = None,
    overlap: bool = True,
) -> Outcome:
    """Paint a shot.

    out       folder for the frames, made when missing; by default `Shot.out`.
    settings  see `Settings`; by default all defaults.
    progress  see `Progress`.
    stencils  change nothing but painted frames that have a stencil, inside of it; each of them becomes a key for later
              runs, in OUT/keys (`framecolor.render.stencils`).
    part      others paint other frames of the shot at the same time: what is done is noted apart, for `gather_parts` or
              the next run that is no part. Without it a second run in the same folder is refused.
    listener  is called for each finished frame; like `progress`, in the thread that called this.
    engine    runs the networks; by default the one that `Settings.engine` names.
    overlap   False: one thing after the other in the thread that called this, as to measure each by itself.

    Each wanted frame becomes one file, by default an 8-bit RGBA PNG, with its drawing's name, number and size;
    framecolor.json beside them tells what was done. Frames that are up to date are left alone. A drawing that cannot
    be read, or a frame that cannot be written, costs its own frame only and is listed in `Outcome.failed`; a drawing
    without a line is painted as paper, with a warning. Raises InputError, OutputError and EngineError before any frame
    is written. KeyboardInterrupt leaves whole files only, and the next run goes on from there.

    While it runs, OpenCV, NumPy and PyTorch compute on one thread each, in the whole process, and as before afterwards.
    From then on kornia labels on one thread, and the networks stay loaded for the next shot.
    """
    begin = time.monotonic()
    settings, out = settings or Settings(), out or shot.out
    check_output(shot, out, settings)
    with nullcontext() if part else claim_output(out), _open_pool(shot, settings, engine, overlap) as pool:
        run = prepare_run(shot, out, settings, progress or _ignore, pool, stenciled=stencils, part=part, engine=engine)
        run.listener = listener or _ignore
        if not part:
            forget_prepared(out)
        painting = time.monotonic()
        try:
            if run.stale:
                with listen(run.watch.count) if listener else nullcontext():
                    _paint(run, pool)
        except BaseException:
            with suppress(OutputError):  # what stopped the run matters more
                run.manifest.save()
            raise
        return _conclude(run, begin, painting)


def prepare(
    shot: Shot, out: Path | None = None, settings: Settings | None = None, progress: Progress | None = None
) -> tuple[str, ...]:
    """Do what comes before the first frame, for tasks that paint parts of a shot to take up; returns warnings.

    The engine's plans are built, the network is fitted, colors are proposed where there is no key: all of it is kept in
    the caches, and also from what each frame is to be painted, for `gather_parts`. Arguments and errors as `colorize`.
    """
    settings, out = settings or Settings(), out or shot.out
    check_output(shot, out, settings)
    with claim_output(out), _open_pool(shot, settings) as pool:
        run = prepare_run(shot, out, settings, progress or _ignore, pool, everything=True)
        run.keep_keys()
        note_prepared(out, dict(run.sources.items()))
        return tuple(run.warnings)


@contextmanager
def _open_pool(
    shot: Shot, settings: Settings, engine: Engine | None = None, overlap: bool = True
) -> Iterator[ThreadPoolExecutor]:
    """Threads that keep all cores busy, each of them computing on one. EngineError where the engine cannot run."""
    # First: where there is a GPU it imports PyTorch, whose threads are then limited, too.
    if engine is None:
        choose_engine(settings.engine, settings.lanes, settings.precision)
    workers = count_workers(settings.count_cores(), shot.size)
    pool = ThreadPoolExecutor(workers, "framecolor") if overlap else CallingThread()
    with one_thread_each(), pool:
        yield pool


def count_workers(cores: int, size: tuple[int, int]) -> int:
    """Drawings of HxW that are worked on at once, so that all cores are busy and memory has a bound on any host."""
    fit = _WORKERS_BYTES // (size[0] * size[1] * _BYTES_PER_PIXEL)
    # One more than cores: one of them waits for a file now and then.
    return min(cores + 1, max(2, fit))


def _paint(run: Run, pool: ThreadPoolExecutor) -> None:
    """All stale spans as one stream through the stages; each stage works on several frames at once."""
    wanted = {number for span in run.stale for number in span.paints}
    finished: set[int] = set()
    done = 0
    run.progress("paint", done, len(wanted))
    # On twos every second item is a hold, which keeps no worker busy.
    ahead = 2 * count_workers(run.settings.count_cores(), run.shot.size)
    known = {run.shot.line_hash(n): key.drawing.digest for n, key in run.keyframes.drawings.items()}
    with ExitStack() as stack:
        drawings = read_drawings(run.shot, run.stale, known, pool, ahead)
        computed = stack.enter_context(closing(overlapped(pool, lambda d: _look(run, d), drawings, ahead)))
        linked = stack.enter_context(closing(overlapped(pool, lambda p: _link(run, *p), _pair(run, computed), ahead)))
        posteriors = (item for item in believe(linked, run.keyframes) if item.number in wanted)
        # A block of drawings is settled at once: while it is painted, the next ones are looked at.
        alone = isinstance(pool, CallingThread)
        ready = stack.enter_context(closing(posteriors if alone else taken_ahead(posteriors, LONGEST_BLOCK)))
        frames = stack.enter_context(closing(overlapped(pool, lambda b: _finish(run, b, wanted), ready, ahead)))
        for frame in repeat_holds(frames):
            _tell_failed(run)
            _write(run, frame)
            finished.add(frame.entry["number"])
            done = len(finished | wanted.intersection(run.failed))
            run.progress("paint", done, len(wanted))
    _tell_failed(run)
    if done < len(wanted):
        run.progress("paint", len(wanted), len(wanted))  # the last of them failed


def _look(run: Run, drawing: Drawing) -> tuple[Drawing, FrameFeatures | None]:
    """A drawing looked at; None for a hold, and where it cannot be read."""
    if drawing.repeats or drawing.error is not None:
        return drawing, None
    with stage("regions", drawing.number):
        if drawing.rgba is None:
            known = run.keyframes.find_drawing(drawing.digest)
            assert known is not None
            return drawing, reuse_features(drawing.number, known, run.keyframes, run.runner)
        features = compute_features(
            drawing.number, drawing.rgba, run.keyframes, run.runner, run.settings, digest=drawing.digest
        )
    return replace(drawing, rgba=None), features


def _pair(
    run: Run, computed: Iterable[tuple[Drawing, FrameFeatures | None]]
) -> Iterator[tuple[FrameFeatures | None, FrameFeatures]]:
    """Each drawing with the one before it in its span; drawings that cannot be read are noted and left out.

    Empty drawings, such as a flash, stand alone: those before and after them are neighbors.
    """
    before: FrameFeatures | None = None
    last: FrameFeatures | None = None
    for drawing, found in computed:
        if drawing.begins:
            before = None
        if drawing.error is not None:
            _fail(run, drawing.number, drawing.error)
            continue
        if found is None:
            assert last is not None  # a hold repeats a drawing that could be read
            found = replace(last, number=drawing.number)
        features = last = found
        if is_empty(features):
            run.empty.append(features.number)
            yield None, features
            before = None if features.number in run.keyframes.whole else before  # a key ends a span, also an empty one
            continue
        yield before, features
        if before is None or not is_hold(features, before, run.keyframes):
            before = features


def _link(run: Run, before: FrameFeatures | None, features: FrameFeatures) -> Linked:
    if before is None or is_hold(features, before, run.keyframes):
        return Linked(features, None, begins=before is None)
    with stage("match", features.number):
        return Linked(features, link_frames(before, features, run.runner))


def _finish(run: Run, item: FramePosterior, wanted: Collection[int]) -> Finished:
    with stage("paint", item.number):
        return _paint_and_encode(run, item, wanted)


def _paint_and_encode(run: Run, item: FramePosterior, wanted: Collection[int]) -> Finished:
    entry = {"file": run.output_name(item.number), "source": run.sources[item.number]}
    if run.stenciled:
        before = read_painted(run.manifest.out / entry["file"], run.shot.size, run.settings)
        mask = read_mask(run.shot.read_stencil(item.number))
        return finish_stenciled(item, entry, run.keyframes, run.runner, run.settings, before, mask, run.ids)
    if item.hold_of in wanted:
        return finish_hold(item, entry)
    return finish_frame(item, entry, run.keyframes, run.runner, run.settings, run.ids)


def _write(run: Run, frame: Finished) -> None:
    entry, number = frame.entry, frame.entry["number"]
    assert frame.data is not None
    try:
        with stage("encode", number):
            if frame.key is not None:
                write_bytes_atomic(run.manifest.out / KEY_FOLDER / run.shot.output_name(number), frame.key)
            force = run.settings.overwrite
            written = run.manifest.write_frame(entry, frame.data, frame.layer, frame.matte, force=force)
    except OutputError as error:
        _fail(run, number, error)
        return
    if written:
        run.written.append(number)
    sure, doubts, count = entry["confidence"], len(entry["unsure"]), entry["regions"]
    run.listener(FrameNote(number, entry["status"], written, sure, doubts, count, run.watch.take(number)))


def _fail(run: Run, number: int, error: FramecolorError) -> None:
    run.failed[number] = str(error)
    run.untold.append(number)


def _tell_failed(run: Run) -> None:
    """Call the listener for frames that failed in any thread; only the writing thread calls this."""
    while run.untold:
        number = run.untold.popleft()
        if number in run.shot.wanted:
            run.listener(FrameNote(number, "failed", seconds=run.watch.take(number), error=run.failed[number]))


def _conclude(run: Run, begin: float, painting: float) -> Outcome:
    for number, error in run.failed.items():
        run.manifest.note_failure(number, run.output_name(number), error)
    run.manifest.save()
    if empty := sorted(set(run.shot.wanted).intersection(run.empty)):
        run.warnings.append(f"painted as paper, as the drawing shows no figure: {format_numbers(empty)}")
    return sum_up(
        run.shot,
        run.manifest,
        run.failed,
        keys=run.keys,
        written=run.written,
        warnings=run.warnings,
        seconds=time.monotonic() - begin,
        fit_seconds=painting - begin,
    )


def _ignore(*_: object) -> None:
    pass
