"""The whole flow: fit once; then decode, study, link, believe, paint and encode, overlapped and bounded."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from framecolor.allocator import return_freed_memory
from framecolor.beliefs import LONGEST_BLOCK, Believed, Linked, believe, is_empty, is_hold
from framecolor.chains import Chain, hash_chain, plan_chains
from framecolor.drawings import Drawing, read_drawings
from framecolor.engines.base import Runner, choose_engine
from framecolor.errors import OutputError, ReadError
from framecolor.finish import Finished, finish_frame, finish_hold, repeat_holds
from framecolor.fitting import ShotNetwork, fit_shot
from framecolor.keyframes import Keyframes, add_gallery, read_keyframes
from framecolor.media import hash_file
from framecolor.media.sequence import format_numbers
from framecolor.networks.checkpoint import matcher_weights_path
from framecolor.overlap import one_thread_each, overlapped, taken_ahead
from framecolor.preflight import check_output, leave_out_broken_keys, list_unused
from framecolor.record import Record
from framecolor.settings import Settings
from framecolor.shot import Shot
from framecolor.study import Study, link_studies, study_drawing
from framecolor.version import VERSION

Progress = Callable[[str, int, int], None]
"""Hears the stage ("fit" or "paint"), the work done and the work in all."""


@dataclass(frozen=True)
class Outcome:
    """What a run did; frames go by their numbers.

    out        folder of the painted frames and framecolor.json
    keys       how many painted keys it had
    written    frames whose file was written now
    unchanged  frames that were up to date, or came out as they were
    failed     frames that could not be painted, and why
    warnings   what the user should know
    unsure     regions to check, over all frames
    seconds    of the whole run; fit_seconds: of what came before the first frame was painted
    """

    out: Path
    keys: int
    written: tuple[int, ...]
    unchanged: tuple[int, ...]
    failed: dict[int, str]
    warnings: tuple[str, ...]
    unsure: int
    seconds: float
    fit_seconds: float


def colorize(
    shot: Shot, out: Path | None = None, settings: Settings | None = None, progress: Progress | None = None
) -> Outcome:
    """Paint a shot.

    out       folder for the frames, made when missing; by default `color` in the shot's folder.
    settings  see `Settings`; by default all defaults.
    progress  see `Progress`.

    Each wanted frame becomes one 8-bit RGBA PNG with its drawing's name, number and size; framecolor.json beside them
    tells what was done. Frames that are up to date are left alone. A drawing that cannot be read, or a frame that
    cannot be written, costs its own frame only and is listed in `Outcome.failed`; a drawing without a line is painted
    as paper, with a warning. Raises InputError, OutputError and EngineError before any frame is written.
    KeyboardInterrupt leaves whole files only, and the next run goes on from there.
    """
    begin = time.monotonic()
    run = _prepare(shot, out or shot.root / "color", settings or Settings(), progress or _ignore)
    painting = time.monotonic()
    try:
        if run.stale:
            _paint(run)
    except BaseException:
        with suppress(OutputError):  # what stopped the run matters more
            run.record.save()
        raise
    return _conclude(run, begin, painting)


@dataclass(eq=False)
class _Run:
    """One run on one shot: what the stages share."""

    shot: Shot
    settings: Settings
    progress: Progress
    record: Record
    keyframes: Keyframes
    fitted: ShotNetwork
    runner: Runner | None
    sources: dict[int, str]
    line_hashes: dict[int, str]
    stale: list[Chain]
    written: list[int]
    failed: dict[int, str]
    warnings: list[str]
    empty: list[int] = field(default_factory=list)


def _prepare(shot: Shot, out: Path, settings: Settings, progress: Progress) -> _Run:
    """Everything before the first frame: folder, keys, fit, and which chains have to be painted."""
    engine = choose_engine(settings.engine, settings.lanes)
    check_output(shot, out, settings)
    shot, warnings = leave_out_broken_keys(shot)
    record = Record(out)
    keyframes = read_keyframes(shot, settings)
    fitted = fit_shot(shot, keyframes, settings, out, record.last_fit, progress)
    chains = plan_chains(shot.numbers, shot.keys, shot.wanted)
    hashes = {n: _hash_or_error(shot.line_hash, n) for n in sorted({n for chain in chains for n in chain.numbers})}
    marks = [fitted.hash, hash_file(matcher_weights_path()), *_hash_palette(shot, settings)]
    sources = {n: mark for c in chains for mark in [hash_chain(c, shot, hashes, settings, marks)] for n in c.paints}
    stale = [
        c
        for c in chains
        if settings.overwrite or not all(record.is_current(n, sources[n], shot.output_name(n)) for n in c.paints)
    ]
    runner = None
    if stale:
        runner = engine.load(fitted.network)
        keyframes = add_gallery(shot, keyframes, runner, settings)
    height, width = shot.size
    record.begin(
        {
            "framecolor": VERSION,
            "shot": shot.name,
            "line_dir": os.path.relpath(shot.line_source, out),
            "size": [width, height],
            "engine": engine.name,
            "settings": {k: v for k, v in asdict(settings).items() if k != "overwrite"},
            "palette": keyframes.palette.colors.tolist(),
            "fit": fitted.facts,
        },
        shot.numbers,
    )
    return _Run(
        shot,
        settings,
        progress,
        record,
        keyframes,
        fitted,
        runner,
        sources,
        hashes,
        stale,
        [],
        {},
        list_unused(shot) + warnings,
    )


def _paint(run: _Run) -> None:
    """All stale chains as one stream through the stages; each stage works on several frames at once."""
    wanted = {number for chain in run.stale for number in chain.paints}
    finished: set[int] = set()
    run.progress("paint", 0, len(wanted))
    return_freed_memory()
    workers = (os.cpu_count() or 1) + 1
    ahead = 2 * workers  # on twos every second item is a hold, which keeps no worker busy
    with one_thread_each(), ThreadPoolExecutor(workers, "framecolor") as pool, ExitStack() as stack:
        drawings = read_drawings(run.shot, run.stale, run.line_hashes, pool, workers)
        studies = stack.enter_context(closing(overlapped(pool, lambda d: _study(run, d), drawings, ahead)))
        linked = stack.enter_context(closing(overlapped(pool, lambda p: _link(run, *p), _pair(run, studies), ahead)))
        believed = (item for item in believe(linked, run.keyframes) if item.number in wanted)
        # A block of drawings is settled at once: while it is painted, the next ones are looked at.
        ready = stack.enter_context(closing(taken_ahead(believed, LONGEST_BLOCK)))
        frames = stack.enter_context(closing(overlapped(pool, lambda b: _finish(run, b, wanted), ready, ahead)))
        for frame in repeat_holds(frames):
            _write(run, frame)
            finished.add(frame.entry["number"])
            run.progress("paint", len(finished | wanted.intersection(run.failed)), len(wanted))
    if not finished:
        run.progress("paint", len(wanted), len(wanted))  # all of them failed


def _study(run: _Run, drawing: Drawing) -> tuple[Drawing, Study | None]:
    """A drawing looked at; None for a hold, and where it cannot be read."""
    if drawing.rgba is None:
        return drawing, None
    assert run.runner is not None
    study = study_drawing(drawing.number, drawing.rgba, run.keyframes, run.runner, run.settings, digest=drawing.digest)
    return replace(drawing, rgba=None), study


def _pair(run: _Run, studies: Iterable[tuple[Drawing, Study | None]]) -> Iterator[tuple[Study | None, Study]]:
    """Each drawing with the one before it in its chain; drawings that cannot be read are noted and left out.

    Empty drawings, such as a flash, stand alone: those before and after them are neighbors.
    """
    before: Study | None = None
    last: Study | None = None
    for drawing, found in studies:
        if drawing.begins:
            before = None
        if drawing.error is not None:
            run.failed[drawing.number] = str(drawing.error)
            continue
        if found is None:
            assert last is not None  # a hold repeats a drawing that could be read
            found = replace(last, number=drawing.number)
        study = last = found
        if is_empty(study):
            run.empty.append(study.number)
            yield None, study
            before = None if study.number in run.keyframes.index else before  # a key ends a chain, also an empty one
            continue
        yield before, study
        before = study


def _link(run: _Run, before: Study | None, study: Study) -> Linked:
    assert run.runner is not None
    if before is None or is_hold(study, before, run.keyframes):
        return Linked(study, None, begins=before is None)
    return Linked(study, link_studies(before, study, run.runner))


def _finish(run: _Run, item: Believed, wanted: Collection[int]) -> Finished:
    assert run.runner is not None
    entry = {"file": run.shot.output_name(item.number), "source": run.sources[item.number]}
    if item.hold_of in wanted:
        return finish_hold(item, entry)
    return finish_frame(item, entry, run.keyframes, run.runner, run.settings)


def _write(run: _Run, frame: Finished) -> None:
    number = frame.entry["number"]
    assert frame.data is not None
    try:
        if run.record.write_frame(frame.entry, frame.data, frame.layer, force=run.settings.overwrite):
            run.written.append(number)
    except OutputError as error:
        run.failed[number] = str(error)


def _conclude(run: _Run, begin: float, painting: float) -> Outcome:
    for number, error in run.failed.items():
        run.record.note_failure(number, run.shot.output_name(number), error)
    run.record.save()
    wanted = set(run.shot.wanted)
    if empty := sorted(wanted.intersection(run.empty)):
        run.warnings.append(f"painted as paper, as the drawing shows no figure: {format_numbers(empty)}")
    touched = {*run.written, *run.failed}
    unsure = sum(len(e.get("unsure", ())) for e in run.record.entries() if e["number"] in wanted)
    return Outcome(
        run.record.out,
        len(run.keyframes.index),
        tuple(sorted(run.written)),
        tuple(n for n in run.shot.wanted if n not in touched),
        {n: e for n, e in sorted(run.failed.items()) if n in wanted},
        tuple(run.warnings),
        unsure,
        time.monotonic() - begin,
        painting - begin,
    )


def _hash_palette(shot: Shot, settings: Settings) -> list[str]:
    """Of the palette file, if one is used: a kept fit does not know of the palette of today."""
    return [] if settings.palette is None else [hash_file(shot.root / settings.palette)]


def _hash_or_error(hash_of: Callable[[int], str], number: int) -> str:
    """An unreadable drawing is as good a state as any: the chain is painted without it, until it changes."""
    try:
        return hash_of(number)
    except ReadError as error:
        return str(error)


def _ignore(stage: str, done: int, total: int) -> None:
    pass
