"""Colorize shots: prepare once, then read, propagate, paint and write the frames in overlapped, bounded stages."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

from framecolor.config.settings import Settings
from framecolor.core.clock import listen, stage
from framecolor.core.memory import NO_MEMORY
from framecolor.core.stages import CallingThread, overlapped, taken_ahead
from framecolor.engines.base import Engine
from framecolor.errors import OutputError
from framecolor.media import FORMATS, write_bytes_atomic
from framecolor.media.levels.member import find_frame
from framecolor.output.checks import check_output
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.lock import claim_output
from framecolor.output.manifest import KEY_FOLDER
from framecolor.output.manifest_writer import list_wanted
from framecolor.output.remarks import Remark, name_remarks
from framecolor.pipeline.encode_frame import (
    Finished,
    finish_frame,
    finish_hold,
    finish_kept,
    finish_stenciled,
    repeat_holds,
)
from framecolor.pipeline.events import FrameDone, Listener, Progress, ignore
from framecolor.pipeline.job import Run, prepare_run
from framecolor.pipeline.level import put_into_level
from framecolor.pipeline.prepared import forget_prepared, note_prepared
from framecolor.pipeline.read_ahead import read_drawings
from framecolor.pipeline.result import Outcome, sum_up
from framecolor.pipeline.session import Origin, Session
from framecolor.pipeline.stencils import read_painted
from framecolor.pipeline.stream import Stream, count_workers, open_pool
from framecolor.propagation.smoothing import LONGEST_BLOCK, FramePosterior, is_empty
from framecolor.render.stencil import read_mask
from framecolor.shot.shot import Shot


def colorize(
    shot: Shot, out: str | Path | None = None, settings: Settings | None = None, listener: Listener | None = None
) -> Outcome:
    """Paint every wanted frame of a shot that is not up to date.

    out       folder for the frames, created if missing; by default `Shot.out`
    settings  see `Settings`
    listener  is called with each `Event`, in the calling thread

    Each wanted frame becomes one file, by default an 8-bit RGBA PNG, with its drawing's name, number and size;
    framecolor.json in the same folder describes the run. A drawing that cannot be read, or a frame that cannot be
    written, fails alone and is listed in `Outcome.failed`. A drawing without lines is painted as paper, with a warning.

    Raises InputError, OutputError and EngineError before any frame is written, OutputError also if another run is
    painting into the same folder. After KeyboardInterrupt all files are complete, and the next run continues.

    During the run, OpenCV, NumPy and PyTorch use one thread each in the whole process. Afterwards kornia still uses
    one, and the networks stay loaded for the next shot.
    """
    return paint_shot(shot, out, settings, listener)


def colorize_part(
    shot: Shot, out: str | Path | None = None, settings: Settings | None = None, listener: Listener | None = None
) -> Outcome:
    """Paint the wanted frames of a shot, as `colorize` does, while other tasks paint others into the same folder.

    Writes a manifest of its own, which `gather_parts` or the next `colorize` merges into framecolor.json.
    """
    return paint_shot(shot, out, settings, listener, part=True)


def colorize_stencils(
    shot: Shot, out: str | Path | None = None, settings: Settings | None = None, listener: Listener | None = None
) -> Outcome:
    """Repaint frames, as `colorize` does, inside the shot's stencils. No pixel outside of them changes.

    Paints only frames that have a stencil and are painted already. Each becomes a key for later runs, in OUT/keys.
    """
    return paint_shot(shot, out, settings, listener, stenciled=True)


def paint_shot(
    shot: Shot,
    out: str | Path | None,
    settings: Settings | None,
    listener: Listener | None,
    *,
    part: bool = False,
    stenciled: bool = False,
    engine: Engine | None = None,
    overlap: bool = True,
    session: Session | None = None,
) -> Outcome:
    """Paint a shot, as `colorize`, `colorize_part` and `colorize_stencils` do.

    engine   runs the networks; by default that of `Settings.engine`
    overlap  if False, run all stages one after the other in the calling thread, to measure each by itself
    session  keeps results from run to run, so that a small edit paints in about a second; not with stencils
    """
    begin = time.monotonic()
    settings, out = settings or Settings(), shot.out if out is None else Path(out)
    check_output(shot, out, settings)
    # A session leaves the memory of the spare worker to what it keeps.
    spare = 1 if session is None else 0
    with nullcontext() if part else claim_output(out), open_pool(settings, shot.size, engine, overlap, spare) as pool:
        if session is not None:
            session.memory.begin_run()
        how = {"stenciled": stenciled, "part": part}
        run = prepare_run(shot, out, settings, listener or ignore, pool, **how, engine=engine, session=session)
        if not part:
            forget_prepared(out)
        painting = time.monotonic()
        try:
            if run.stale:
                with listen(run.watch.count) if listener else nullcontext():
                    _paint(run, pool)
            if session is not None:
                session.is_new = False
        except BaseException:
            with suppress(OutputError):  # the first error matters more
                run.manifest.save()
            raise
        return _conclude(run, begin, painting, part=part)


def prepare(
    shot: Shot, out: str | Path | None = None, settings: Settings | None = None, listener: Listener | None = None
) -> tuple[str, ...]:
    """Prepare a shot for tasks that each paint a part of it. Returns warnings.

    Compiles the engine files, fits the network, proposes colors if there is no key, and keeps all of it in caches, with
    the source of each frame for `gather_parts`. Arguments and errors are those of `colorize`.
    """
    settings, out = settings or Settings(), shot.out if out is None else Path(out)
    check_output(shot, out, settings)
    with claim_output(out), open_pool(settings, shot.size) as pool:
        run = prepare_run(shot, out, settings, listener or ignore, pool, everything=True)
        run.keep_keys()
        note_prepared(out, dict(run.sources.items()))
        return tuple(run.warnings.texts)


def _paint(run: Run, pool: ThreadPoolExecutor) -> None:
    """Paint all stale spans in one stream of stages, each of which works on several frames at once."""
    wanted = {number for span in run.stale for number in span.paints}
    finished: set[int] = set()
    done = 0
    run.listener(Progress("paint", done, len(wanted)))
    # On twos every second item is a hold, which needs no worker.
    ahead = 2 * count_workers(run.settings.count_cores(), run.shot.size, 1 if run.session is None else 0)
    known = {run.shot.line_hash(n): key.drawing.digest for n, key in run.keyframes.drawings.items()}
    noted = run.empty.append, run.unlike.append
    memory = NO_MEMORY
    if run.session is not None and not run.settings.fits:
        numbers = {number for span in run.stale for number in span.numbers}
        known |= run.session.list_known(run.shot, numbers, run.keyframes)
        memory = run.session.memory
    stream = Stream(run.keyframes, run.runner, run.settings, pool, ahead, run.fail, *noted, memory)
    with ExitStack() as stack:
        drawings = stack.enter_context(closing(read_drawings(run.shot, run.stale, known, pool, ahead)))
        settled = stack.enter_context(closing(stream.run(drawings)))
        posteriors = (item for item in settled if item.number in wanted)
        # The beliefs of a block of drawings are ready at once: while it is painted, the next block is processed.
        alone = isinstance(pool, CallingThread)
        if run.session is not None and not run.session.is_new:
            ready = list(_settle(run, run.session, posteriors, len(wanted)))
        else:
            ready = stack.enter_context(closing(posteriors if alone else taken_ahead(posteriors, LONGEST_BLOCK)))
        frames = stack.enter_context(closing(overlapped(pool, lambda item: _finish(run, item, wanted), ready, ahead)))
        for frame in repeat_holds(frames):
            _report_failed(run)
            _write(run, frame)
            finished.add(frame.entry.number)
            done = len(finished | wanted.intersection(run.failed))
            run.listener(Progress("paint", done, len(wanted)))
    _report_failed(run)
    if done < len(wanted):
        run.listener(Progress("paint", len(wanted), len(wanted)))  # the last of them failed


def _settle(run: Run, session: Session, posteriors: Iterable[FramePosterior], total: int) -> Iterator[FramePosterior]:
    """Tell a session the colors of frames that are not painted yet."""
    for item in posteriors:
        run.listener(Progress("paint", 0, total))  # which may stop the run
        colors = run.keyframes.palette.colors[item.belief.argmax(axis=1)]
        session.settle(item.number, run.keyframes.recolors.apply(colors))
        yield item


def _finish(run: Run, item: FramePosterior, wanted: Collection[int]) -> Finished:
    with stage("paint", item.number):
        return _paint_and_encode(run, item, wanted)


def _paint_and_encode(run: Run, item: FramePosterior, wanted: Collection[int]) -> Finished:
    entry = FrameEntry(item.number, run.output_name(item.number), run.sources[item.number])
    if run.stenciled:
        before = read_painted(find_frame(run.manifest.out, entry.file), run.shot.size, run.settings)
        mask = read_mask(run.shot.read_stencil(item.number))
        return finish_stenciled(item, entry, run.keyframes, run.runner, run.settings, before, mask, run.names)
    if item.hold_of in wanted:
        return finish_hold(item, entry)
    number = run.keyframes.find_shown(item.number, item.features.digest)
    origin = None
    if run.session is not None:
        run.session.keep_pixels(run.shot, item)
        origin = _find_origin(run, item, number)
        if (kept := _keep(run, item, entry, origin)) is not None:
            return replace(kept, origin=origin)
    key = None if number is None else run.shot.read_key(number)
    finished = finish_frame(item, entry, run.keyframes, run.runner, run.settings, run.names, key)
    return replace(finished, origin=origin)


def _find_origin(run: Run, item: FramePosterior, shown: int | None) -> Origin:
    """Find what a frame follows from; shown: number of the key that shows it, None if there is none."""
    own = item.number if item.hold_of is None else item.hold_of
    labels = [run.keyframes.labels.get(number) for number in (shown, own) if number is not None]
    key = "" if shown is None else run.shot.key_hash(shown)
    return Origin.find(item, run.shared, key, ["" if one is None else one.hash for one in labels])


def _keep(run: Run, item: FramePosterior, entry: FrameEntry, origin: Origin) -> Finished | None:
    """Finish a frame whose written picture is right; None if it has to be painted."""
    session, manifest, number = run.session, run.manifest, entry.number
    before, format = manifest.entry(number), FORMATS[run.settings.format]
    if session is None or before is None or format.level or format.layered or run.settings.mode != "flat":
        return None
    assert entry.source is not None
    if manifest.is_current(number, entry.source, entry.file, list_wanted(run.settings)):
        return Finished(before, None, empty=is_empty(item.features), kept=before.file)
    last = session.origins.get(number)
    if last is None or last.picture != origin.picture or before.status == "failed" or not manifest.has_files(before):
        return None
    if last == origin:
        return Finished(replace(before, source=entry.source), None, empty=is_empty(item.features), kept=before.file)
    return finish_kept(item, entry, before, run.keyframes, run.runner, run.settings)


def _write(run: Run, frame: Finished) -> None:
    entry, number = replace(frame.entry, remark=_find_remark(run, frame.entry)), frame.entry.number
    try:
        with stage("encode", number):
            if frame.key is not None:
                write_bytes_atomic(run.manifest.out / KEY_FOLDER / run.shot.output_name(number), frame.key)
            before = None if run.session is None else run.manifest.entry(number)
            if frame.data is None:
                written = run.manifest.keep_frame(entry, frame.kept)
            else:
                written = run.manifest.write_frame(entry, frame.data, frame.beside, force=run.settings.overwrite)
    except OutputError as error:
        run.fail(number, error)
        return
    if written:
        run.written.append(number)
    if run.session is not None:
        if frame.origin is not None:
            run.session.origins[number] = frame.origin
        after = run.manifest.entry(number)
        if after is not None and (before is None or replace(before, source=after.source) != after):
            run.session.note(after)
    sure, doubts, seconds = entry.confidence, len(entry.to_check), run.watch.take(number)
    run.listener(FrameDone(number, entry.status, written, sure, doubts, entry.regions, seconds))


def _find_remark(run: Run, entry: FrameEntry) -> Remark | None:
    """Find what was noted of the drawing of a frame while it was read."""
    shown = {entry.number, entry.hold_of}
    if shown.intersection(run.unlike):
        return "other paper"
    return "empty" if shown.intersection(run.empty) else None


def _report_failed(run: Run) -> None:
    """Call the listener for frames that failed in any thread. Only the writing thread calls this."""
    while run.unreported:
        number = run.unreported.popleft()
        if number in run.shot.wanted:
            run.listener(FrameDone(number, "failed", seconds=run.watch.take(number), error=run.failed[number]))


def _conclude(run: Run, begin: float, painting: float, *, part: bool) -> Outcome:
    for number, error in run.failed.items():
        run.manifest.note_failure(number, run.output_name(number), error)
    run.manifest.save()
    if not part:
        put_into_level(run.shot, run.manifest)
    if old := run.manifest.find_old_mattes(run.shot.wanted):
        more = f" and {len(old) - 1} more" if len(old) > 1 else ""
        run.warnings.add([f"mattes of an earlier run are kept, but are not updated: {old[0]}{more}"])
    run.warnings.add(name_remarks(run.manifest.list_remarks(set(run.shot.wanted) - run.said_unlike)))
    return sum_up(
        run.shot,
        run.manifest,
        run.failed,
        keys=run.keys,
        written=run.written,
        warnings=run.warnings.texts,
        seconds=time.monotonic() - begin,
        fit_seconds=painting - begin,
    )
