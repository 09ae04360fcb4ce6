"""Prepare a run on one shot up to its first frame: find the stale spans, read the keys and load the engine."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.hashing import digest
from framecolor.core.memory import NO_MEMORY, Memory
from framecolor.engines.base import Engine, Runner
from framecolor.engines.registry import choose_engine, load_shipped
from framecolor.errors import FramecolorError
from framecolor.keys.auto_key import Proposal, find_proposal, propose_key
from framecolor.keys.cache import find_keyframes, keep_keyframes
from framecolor.keys.checks.color_sets import find_color_sets
from framecolor.keys.checks.judge import find_faults, judge_keys, leave_out_broken
from framecolor.keys.key_drawing import add_labels, make_key_drawing, read_key_drawings
from framecolor.keys.key_gallery import add_gallery
from framecolor.keys.keyframes import Keyframes, ask_for_key, read_keyframes
from framecolor.keys.references.choose import choose_references, read_samples
from framecolor.keys.references.drawing import read_references
from framecolor.media import hash_file, read_swatches
from framecolor.networks.shipped import base_weights_path, matcher_weights_path, painter_weights_path
from framecolor.output.manifest import CACHE_FOLDER
from framecolor.output.manifest_writer import ManifestWriter, list_wanted
from framecolor.output.mattes import MatteIds, name_paints, write_palette_files
from framecolor.output.paint_names import PaintNames
from framecolor.pipeline.drawing_style import settle_style
from framecolor.pipeline.events import Listener, Progress, Stopwatch, Warnings
from framecolor.pipeline.head import describe_run, name_lines, name_shown, note_shot, number_paints
from framecolor.pipeline.session import Session
from framecolor.pipeline.sources import Sources, forget_stopped_fit, hash_references
from framecolor.pipeline.stencils import add_painted_keys, check_stencils, list_waiting
from framecolor.pipeline.survey import Found, Survey
from framecolor.shot.shot import Shot
from framecolor.shot.spans import Span


@dataclass(eq=False)
class Run:
    """One run on one shot: the data that its stages share.

    stale       spans to paint
    keys        number of painted keys
    opened      keyframes and networks; None if nothing is stale
    said_unlike  numbers of the drawings on other paper that the user was told of before the first frame
    unreported  failed frames for which the listener was not called yet; any thread may append
    session     what later runs on the shot keep; None: nothing
    keys_name   name of the keys in the cache for tasks that paint parts (`keys.cache`)
    names       names of the paints, for mattes and layers of the frames to paint; None if not wanted
    """

    shot: Shot
    settings: Settings
    listener: Listener
    warnings: Warnings
    manifest: ManifestWriter
    sources: Sources
    stale: list[Span]
    stenciled: bool
    keys: int
    opened: tuple[Keyframes, Runner] | None = None
    keys_name: str = ""
    names: PaintNames | None = None
    watch: Stopwatch = field(default_factory=Stopwatch)
    written: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    unreported: deque[int] = field(default_factory=deque)
    empty: list[int] = field(default_factory=list)
    unlike: list[int] = field(default_factory=list)
    said_unlike: frozenset[int] = frozenset()
    session: Session | None = None

    @property
    def keyframes(self) -> Keyframes:
        """The shot's keyframes, if anything is stale."""
        assert self.opened is not None
        return self.opened[0]

    @property
    def runner(self) -> Runner:
        """The loaded networks, if anything is stale."""
        assert self.opened is not None
        return self.opened[1]

    @cached_property
    def shared(self) -> str:
        """Hash of what the pictures of all frames follow from: keys, palette and settings."""
        shot, paints, settings = self.shot, self.keyframes.shown, self.settings
        keys = [f"{n} {shot.key_hash(n)} {shot.source_hash(n)}" for n in sorted(shot.keys)]
        files = [f"{name} {hash_file(shot.root / path)}" for name, path in settings.list_files().items()]
        others = paints.names, self.keyframes.proposed, self.keyframes.recolors, self.names
        decided = repr(settings.list_deciding()), repr(others)
        return digest(*decided, paints.colors.tobytes(), *keys, *hash_references(shot), *files)

    def keep_keys(self) -> None:
        """Cache the keyframes for tasks that paint parts of the shot.

        After a fit each task computes its own.
        """
        if not self.settings.fits:
            warnings = tuple(self.manifest.head.get("warnings", ()))
            keep_keyframes(self.manifest.out / CACHE_FOLDER, self.keys_name, self.keyframes, warnings)

    def fail(self, number: int, error: FramecolorError) -> None:
        """Note that a drawing cannot be read or a frame cannot be written. Thread-safe."""
        self.failed[number] = str(error)
        self.unreported.append(number)

    def output_name(self, number: int) -> str:
        """Name the file of a painted frame in this run's format."""
        return self.shot.output_name(number, self.settings.format)


def prepare_run(
    shot: Shot,
    out: Path,
    settings: Settings,
    listener: Listener,
    pool: ThreadPoolExecutor,
    *,
    stenciled: bool = False,
    part: bool = False,
    everything: bool = False,
    engine: Engine | None = None,
    session: Session | None = None,
) -> Run:
    """Prepare a run up to its first frame. Raises InputError, OutputError and EngineError.

    pool        its threads read the keys and compute their features
    stenciled   paint only inside the stencils
    part        write a manifest of its own, beside those of other tasks
    everything  prepare all keys even if nothing is stale, for tasks that paint parts of the shot
    engine      runs the networks; by default that of the settings
    session     keeps results for later runs; its first run looks at all drawings, also those that are up to date

    If nothing is stale, no key is read and no network loaded.
    """
    warnings = Warnings(listener)
    warnings.add(shot.warnings)
    warnings.add([] if stenciled else list_waiting(shot.stencils))
    shot = check_stencils(shot, out, settings) if stenciled else shot
    shot = add_painted_keys(shot, out, but=shot.wanted if stenciled else ())
    manifest = ManifestWriter(out, shot.wanted if part else None)
    style = settle_style(shot, settings, manifest.head)
    settings = style.settings
    warnings.add(style.texts)
    warnings.add(map(_describe_damaged, manifest.damaged))
    proposal = None if shot.keys or shot.references else find_proposal(shot, settings, out / CACHE_FOLDER)
    anew = stenciled or settings.overwrite or everything or (session is not None and session.is_new)
    survey = Survey(shot, out, settings, manifest, pool, anew=anew)
    found = None
    if shot.keys or shot.references or proposal is not None:
        found = survey.look(shot, proposal)
    if found is not None and not found.stale:
        run = _rest(shot, settings, listener, warnings, manifest, found)
    else:
        run = _open(
            survey,
            found,
            proposal,
            settings,
            listener,
            warnings,
            style.noted,
            stenciled=stenciled,
            engine=engine,
            session=session,
        )
    run.said_unlike = frozenset(style.unlike)
    files = {number: run.output_name(number) for span in run.sources.spans for number in span.paints}
    if strays := manifest.find_strays(files):
        more = f" and {len(strays) - 1} more" if len(strays) > 1 else ""
        warnings.add([f"frames of another format are kept, but no longer updated: {strays[0]}{more}"])
    if list_wanted(settings):
        names = {} if settings.palette is None else name_paints(read_swatches(shot.root / settings.palette))
        names = {**name_lines(run.manifest.head), **name_shown(run.manifest.head), **names}
        write_palette_files(out, MatteIds.read(run.manifest.head.get("mattes")), shot.name, names)
    return run


def _describe_damaged(path: Path) -> str:
    return f"{path} is damaged, or of another version: it is ignored, and its frames are painted again"


def _rest(
    shot: Shot, settings: Settings, listener: Listener, warnings: Warnings, manifest: ManifestWriter, found: Found
) -> Run:
    """Make a run that has nothing to paint; it repeats the warnings of the run before."""
    if found.fit:
        forget_stopped_fit(manifest.out / CACHE_FOLDER, found.fit)
    warnings.add(text for text in manifest.head.get("warnings", ()) if isinstance(text, str))
    manifest.begin(note_shot(manifest.head, shot), shot.numbers)
    return Run(shot, settings, listener, warnings, manifest, found.sources, [], False, len(shot.keys))


@dataclass(frozen=True, eq=False)
class _Keys:
    """A shot's keys.

    shot   the shot without its broken keys
    found  the stale spans, given the other keys
    """

    shot: Shot
    found: Found
    keyframes: Keyframes
    warnings: tuple[str, ...]


def _open(
    survey: Survey,
    found: Found | None,
    proposal: Proposal | None,
    settings: Settings,
    listener: Listener,
    warnings: Warnings,
    style: dict[str, object],
    *,
    stenciled: bool,
    engine: Engine | None,
    session: Session | None,
) -> Run:
    """Read the keys and load the networks at the same time, and fit a network if the settings want it."""
    out, manifest, pool = survey.out, survey.manifest, survey.pool
    if engine is None:
        runner, name = load_shipped(settings.engine, settings.lanes, settings.precision, settings.count_cores())
    else:
        runner, name = engine.load(), engine.name
    memory = NO_MEMORY if session is None or settings.fits else session.memory
    opening = pool.submit(runner.warm_up)
    kept = None
    if found is not None and not settings.fits:
        kept = find_keyframes(out / CACHE_FOLDER, _name_cache(found, name, settings))
    if found is not None and kept is not None:
        keys = _Keys(survey.shot, found, *kept)
    else:
        keys = _read_keys(survey, found, proposal, settings, runner, memory)
    warnings.add(keys.warnings)
    opening.result()
    facts, stale, keyframes = None, keys.found.stale, keys.keyframes
    if stale and keys.found.fit:
        runner, facts = _fit(keys, survey, settings, listener, engine)
    if stale and keyframes.gallery is None:
        numbers = {number for span in stale for number in span.numbers}
        keyframes = add_gallery(keyframes, runner, numbers, pool, memory)
    # Keys that `prepare` kept have its warnings, these among them.
    sets = tuple(map(str, find_color_sets(keyframes, lambda: runner))) if stale and kept is None else ()
    warnings.add(sets)
    head = describe_run(keys.shot, out, keyframes, facts, name, settings, (*keys.warnings, *sets))
    head["drawings"] = style
    names = number_paints(manifest, head, keyframes, settings, keys.shot.root)
    manifest.begin(head, keys.shot.numbers)
    return Run(
        keys.shot,
        settings,
        listener,
        warnings,
        manifest,
        keys.found.sources,
        stale,
        stenciled,
        len(keyframes.whole.difference(keyframes.proposed)),
        (keyframes, runner),
        _name_cache(keys.found, name, settings),
        names,
        session=session,
    )


def _name_cache(found: Found, engine: str, settings: Settings) -> str:
    """Name keyframes in the cache: their tokens depend on the weights as well."""
    weights = map(hash_file, (base_weights_path(), matcher_weights_path(), painter_weights_path()))
    return f"{digest(found.keys, *weights)[:16]}-{engine}-{settings.precision}"


def _read_keys(
    survey: Survey,
    found: Found | None,
    proposal: Proposal | None,
    settings: Settings,
    runner: Runner,
    memory: Memory,
) -> _Keys:
    """Read all keys and references; propose colors if there are none.

    found  the stale spans; None if they depend on the proposal
    """
    drawings = read_key_drawings(survey.shot, settings, survey.pool, memory)
    shot, warnings = leave_out_broken(survey.shot, drawings)
    is_changed = bool(warnings)
    by_number = dict(drawings.by_number)
    warnings += [text for _, key in sorted(by_number.items()) for text in key.warnings]
    references, unused = read_references(shot, settings, survey.pool)
    warnings += unused
    proposed: dict[int, NDArray[np.uint8]] = {}
    samples = [by_number[number] for number in shot.keys] or (read_samples(shot, settings) if references else [])
    if not shot.keys and not references:
        labels = {number: key.labels for number, key in by_number.items() if key.labels is not None}
        proposal = proposal or propose_key(shot, settings, labels, survey.out / CACHE_FOLDER)
        is_changed = is_changed or bool(shot.references)
        number = proposal.number
        proposed[number] = proposal.color
        if number not in by_number:
            by_number[number] = add_labels(shot, make_key_drawing(number, shot.read_line(number), None, settings))
        guided = bool(labels or settings.palette or settings.reference)
        made = "colors are proposed" if guided else "all colors are invented"
        warnings.append(f"no key: {made}, starting at drawing {number}; {ask_for_key(shot)}")
    if found is None or is_changed:
        found = survey.look(shot, proposal)
    shared = [position for position, one in enumerate(shot.references) if one.scope == "show"]
    chosen = choose_references(references, samples, runner, survey.pool, shared)
    keyframes = read_keyframes(shot, settings, by_number, proposed, chosen, samples)
    marks = [f"{n} {shot.key_hash(n)} {shot.source_hash(n)}" for n in sorted(shot.keys)]
    own = memory.recall(("faults", *marks), lambda: find_faults(keyframes.drawings))
    keyframes, faults = judge_keys(keyframes, settings, shot.root, own, is_cel=shot.cel is not None)
    warnings += map(str, faults)
    return _Keys(shot, found, keyframes, tuple(warnings))


def _fit(
    keys: _Keys, survey: Survey, settings: Settings, listener: Listener, engine: Engine | None
) -> tuple[Runner, dict[str, object]]:
    """Fit a network to the keys. Returns the networks with it, and facts about the fit."""
    from framecolor.keys.finetuning.cache import fit_shot

    def report(done: int, total: int) -> None:
        listener(Progress("fit", done, total))

    fitted = fit_shot(keys.shot, keys.keyframes, settings, survey.out, keys.found.fit, survey.device, report)
    if engine is None:
        engine = choose_engine(settings.engine, settings.lanes, settings.precision, settings.count_cores())
    return engine.load(fitted.network), fitted.facts
