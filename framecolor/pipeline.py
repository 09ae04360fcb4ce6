"""The whole flow: fit once; then decode, study, link, believe, paint and encode, overlapped and bounded."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from framecolor.allocator import return_freed_memory
from framecolor.beliefs import LONGEST_BLOCK, Believed, Linked, believe, is_empty, is_hold
from framecolor.chains import Chain, plan_chains
from framecolor.digest import digest
from framecolor.drawings import Drawing, read_drawings
from framecolor.engines.base import Runner, choose_engine
from framecolor.errors import OutputError, ReadError
from framecolor.fitting import ShotNetwork, fit_shot
from framecolor.keyframes import Keyframes, add_gallery, read_keyframes
from framecolor.media import encode_image, hash_file
from framecolor.media.sequence import format_numbers
from framecolor.networks.checkpoint import matcher_weights_path
from framecolor.overlap import one_thread_each, overlapped, taken_ahead
from framecolor.paint.painter import find_unsure, paint_frame
from framecolor.preflight import check_output, leave_out_broken_keys, list_unused
from framecolor.record import Record
from framecolor.settings import Settings
from framecolor.shot import Shot
from framecolor.study import Study, link_studies, study_drawing
from framecolor.version import VERSION

Progress = Callable[[str, int, int], None]
"""Hears the stage ("fit" or "paint"), the work done and the work in all."""

# Raised when the same drawings, keys and fit no longer give the same paint.
_RECIPE = "paint 5"
_PAINT_SETTINGS = ("mode", "gap_px", "min_region_px", "line", "background")


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
    sources = {
        n: source
        for chain in chains
        for source in [_hash_chain(chain, shot, hashes, fitted, settings)]
        for n in chain.paints
    }
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
    with one_thread_each(), ThreadPoolExecutor(workers, "framecolor") as pool, ExitStack() as stack:
        drawings = read_drawings(run.shot, run.stale, run.line_hashes, pool, workers)
        studies = stack.enter_context(closing(overlapped(pool, lambda d: _study(run, d), drawings, workers)))
        linked = stack.enter_context(closing(overlapped(pool, lambda p: _link(run, *p), _pair(run, studies), workers)))
        believed = (item for item in believe(linked, run.keyframes) if item.number in wanted)
        # A block of drawings is settled at once: while it is painted, the next ones are looked at.
        ready = stack.enter_context(closing(taken_ahead(believed, LONGEST_BLOCK)))
        frames = stack.enter_context(closing(overlapped(pool, lambda b: _encode(run, b, wanted), ready, workers)))
        for frame in _repeat_holds(frames):
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


@dataclass(frozen=True, eq=False)
class _Finished:
    """One frame ready to be written: its entry in framecolor.json, its file, and its line layer's.

    data is None for a hold whose drawing was painted just before it.
    """

    entry: dict[str, Any]
    data: bytes | None
    layer: bytes | None = None


def _encode(run: _Run, item: Believed, wanted: Collection[int]) -> _Finished:
    entry = _describe(run, item)
    if item.hold_of in wanted:
        return _Finished(entry, None)
    assert run.runner is not None
    entry |= _judge(item)
    color, layer = paint_frame(item.study, item.belief, item.confidence, run.keyframes, run.runner, run.settings)
    return _Finished(entry, encode_image(color.rgba), None if layer is None else encode_image(layer.rgba))


def _repeat_holds(frames: Iterable[_Finished]) -> Iterator[_Finished]:
    """Give each hold what is told of the frame that it repeats, the last one that was painted, and its files."""
    painted: _Finished | None = None
    for frame in frames:
        if frame.data is None:
            assert painted is not None
            yield replace(painted, entry={**painted.entry, **frame.entry})
        else:
            painted = frame
            yield frame


def _describe(run: _Run, item: Believed) -> dict[str, Any]:
    """A frame's entry in framecolor.json, without what is said of its regions."""
    entry = {
        "number": item.number,
        "file": run.shot.output_name(item.number),
        "status": "key" if item.number in run.keyframes.index else "painted" if item.hold_of is None else "hold",
        "source": run.sources[item.number],
        "flicker": round(item.flicker, 5),
    }
    return entry if item.hold_of is None else {**entry, "hold_of": item.hold_of}


def _judge(item: Believed) -> dict[str, Any]:
    """What the entry of a painted frame says of its regions."""
    regions = item.study.regions()
    unsure = find_unsure(regions, item.belief, item.confidence)
    return {
        "regions": regions.count,
        "confidence": round(_mean_confidence(item), 4),
        "unsure": [dict(vars(region)) for region in unsure],
    }


def _write(run: _Run, frame: _Finished) -> None:
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


def _hash_chain(chain: Chain, shot: Shot, hashes: Mapping[int, str], fitted: ShotNetwork, settings: Settings) -> str:
    """Hash of all that decides a chain's frames."""
    parts = [_RECIPE, hash_file(matcher_weights_path()), fitted.hash, str(settings.fit == "off")]
    parts.append(repr([getattr(settings, name) for name in _PAINT_SETTINGS]))
    if settings.palette is not None:  # a kept fit does not know of the palette of today
        parts.append(hash_file(shot.root / settings.palette))
    for number in chain.numbers:
        parts += [str(number), hashes[number]]
        parts.append(shot.key_hash(number) if number in shot.keys else "")
    return digest(*parts)


def _hash_or_error(hash_of: Callable[[int], str], number: int) -> str:
    """An unreadable drawing is as good a state as any: the chain is painted without it, until it changes."""
    try:
        return hash_of(number)
    except ReadError as error:
        return str(error)


def _mean_confidence(item: Believed) -> float:
    """Mean over the figure's regions by area; the background is sure anyway and would hide them."""
    weight = item.study.area * ~item.study.outside
    weight[0] = 0
    total = weight.sum()
    return float((item.confidence * weight).sum() / total) if total else 1.0


def _ignore(stage: str, done: int, total: int) -> None:
    pass
