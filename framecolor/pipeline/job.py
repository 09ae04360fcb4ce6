"""One run on one shot, up to its first frame: which spans have to be painted, from which keys, and by which engine."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.precision import choose_training_precision
from framecolor.engines.base import Runner
from framecolor.engines.nvidia import find_gpu_problem
from framecolor.engines.registry import choose_engine, load_shipped
from framecolor.errors import InputError
from framecolor.keys.auto_key import Proposal, find_proposal, propose_key
from framecolor.keys.cache import find_keyframes, keep_keyframes
from framecolor.keys.key_drawing import KeyDrawings, read_key_drawing, read_key_drawings
from framecolor.keys.keyframes import Keyframes, add_gallery, ask_for_key, read_keyframes
from framecolor.media import read_swatches
from framecolor.output.manifest import CACHE_FOLDER, Manifest
from framecolor.output.mattes import MatteIds, Rgb, name_paints, write_palette_files
from framecolor.pipeline.events import Listener, Stopwatch
from framecolor.pipeline.sources import Sources, forget_stopped_fit, hash_fit, hash_keys, list_marks
from framecolor.render.stencils import add_painted_keys, check_stencils, list_waiting
from framecolor.shot.annotations import hash_told
from framecolor.shot.corrections import describe_correction
from framecolor.shot.shot import Shot
from framecolor.shot.spans import Span, plan_spans
from framecolor.version import VERSION

Progress = Callable[[str, int, int], None]
"""Hears the stage ("fit" or "paint"), the work done and the work in all."""

# What of the settings never changes a frame is no part of the manifest.
_UNRECORDED = ("overwrite", "threads", "lanes")


@dataclass(eq=False)
class Run:
    """One run on one shot: what the stages share.

    stale   spans that have to be painted
    keys    how many painted keys there are
    opened  what is painted from, and by what; None where nothing is stale
    untold     failed frames that the listener was not called for yet; any thread may append
    keys_name  what the keys are kept as for tasks that paint parts (`keys.cache`)
    """

    shot: Shot
    settings: Settings
    progress: Progress
    manifest: Manifest
    sources: Sources
    stale: list[Span]
    stenciled: bool
    warnings: list[str]
    keys: int
    opened: tuple[Keyframes, Runner] | None = None
    keys_name: str = ""
    ids: MatteIds | None = None
    listener: Listener = field(default=lambda note: None)
    watch: Stopwatch = field(default_factory=Stopwatch)
    written: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    untold: deque[int] = field(default_factory=deque)
    empty: list[int] = field(default_factory=list)

    @property
    def keyframes(self) -> Keyframes:
        """What the keys say; there where something is stale."""
        assert self.opened is not None
        return self.opened[0]

    @property
    def runner(self) -> Runner:
        """What runs the networks; there where something is stale."""
        assert self.opened is not None
        return self.opened[1]

    def keep_keys(self) -> None:
        """Keep what the keys say for tasks that paint parts of the shot; a network that was fitted is kept anyway."""
        if not self.settings.fits:
            warnings = tuple(self.manifest.head.get("warnings", ()))
            keep_keyframes(self.manifest.out / CACHE_FOLDER, self.keys_name, self.keyframes, warnings)

    def output_name(self, number: int) -> str:
        """File name of a painted frame in the format of this run."""
        return self.shot.output_name(number, self.settings.format)


def prepare_run(
    shot: Shot,
    out: Path,
    settings: Settings,
    progress: Progress,
    pool: ThreadPoolExecutor,
    *,
    stenciled: bool = False,
    part: bool = False,
    everything: bool = False,
) -> Run:
    """Everything before the first frame. Raises InputError, OutputError and EngineError.

    pool        its threads read and describe the keys
    stenciled   paint the frames that have a stencil, inside of it, and nothing else
    part        note what is done apart from what other tasks do
    everything  prepare all keys also where nothing is stale, as for tasks that paint parts of the shot
    Where nothing has to be painted no key is read and no network opened.
    """
    waiting = [] if stenciled else list_waiting(shot.stencils)
    shot = check_stencils(shot, out, settings) if stenciled else shot
    shot = add_painted_keys(shot, out, but=shot.wanted if stenciled else ())
    manifest = Manifest(out, shot.wanted if part else None)
    proposal = None if shot.keys else find_proposal(shot, settings, out / CACHE_FOLDER)
    survey = _Survey(shot, out, settings, manifest, pool, anew=stenciled or settings.overwrite or everything)
    found = None
    if shot.keys or proposal is not None:
        found = survey.look(shot, proposal)
    if found is not None and not found.stale:
        run = _rest(shot, settings, progress, manifest, found)
    else:
        run = _open(survey, found, proposal, settings, progress, stenciled=stenciled)
    run.warnings = [*shot.warnings, *waiting, *map(_tell_damaged, manifest.damaged), *run.warnings]
    names = {number: run.output_name(number) for span in run.sources.spans for number in span.paints}
    if strays := manifest.find_strays(names):
        many = f" and {len(strays) - 1} more" if len(strays) > 1 else ""
        stay = "frames of another format stay as they are, and are no longer looked after"
        run.warnings.append(f"{stay}: {strays[0]}{many}")
    if run.ids is not None:
        write_palette_files(out, run.ids, shot.name, _name_paints(shot, settings))
    return run


def _tell_damaged(path: Path) -> str:
    return f"{path} is damaged, or of another version: it is left out, and its frames are painted again"


@dataclass(frozen=True, eq=False)
class _Found:
    """What a look at the files tells.

    keys   `hash_keys`; fit: hash of the fit to paint with, "" where there is none
    """

    keys: str
    fit: str
    sources: Sources
    stale: list[Span]


@dataclass(frozen=True, eq=False)
class _Survey:
    """Looks at the files of a shot to tell what has to be painted. anew: all of it."""

    shot: Shot
    out: Path
    settings: Settings
    manifest: Manifest
    pool: ThreadPoolExecutor
    anew: bool

    @property
    def device(self) -> str:
        """Where a fit is made: on the GPU if the engine may use one."""
        return "cpu" if self.settings.engine == "cpu" or find_gpu_problem() is not None else "cuda"

    def look(self, shot: Shot, proposal: Proposal | None) -> _Found:
        """shot: with the keys that can be used."""
        settings, manifest = self.settings, self.manifest
        keys = hash_keys(shot, settings, proposal)
        fit = self._choose_fit(keys)
        whole = {*shot.keys, *(() if proposal is None else (proposal.number,))}
        spans = plan_spans(shot.numbers, whole, shot.wanted)
        told = {} if proposal is None else {proposal.number: f"proposed {keys}"}
        sources = Sources(shot, settings, spans, list_marks(shot, settings, keys, fit), self._told(shot, told))
        if any(manifest.has(number) for span in spans for number in span.paints):
            sources.hash_files(self.pool)
        return _Found(keys, fit, sources, [span for span in spans if self._is_stale(span, sources)])

    def _told(self, shot: Shot, proposed: Mapping[int, str]) -> dict[int, str]:
        told = hash_told(shot)
        return told | {number: told.get(number, "") + colors for number, colors in proposed.items()}

    def _choose_fit(self, keys: str) -> str:
        settings = self.settings
        if not settings.fits:
            return ""
        if settings.fit == "keep":
            if not self.manifest.head:
                problem = "there is no earlier run whose networks could be kept"
                raise InputError("--fit keep", problem, "run once without it, or with --fit auto")
            return self.manifest.last_fit or ""
        return hash_fit(keys, settings, choose_training_precision(settings.precision, self.device), self.device)

    def _is_stale(self, span: Span, sources: Sources) -> bool:
        if self.anew or not all(self.manifest.has(number) for number in span.paints):
            return True
        names = {number: self.shot.output_name(number, self.settings.format) for number in span.paints}
        return not all(
            self.manifest.is_current(n, sources[n], names[n], matte=self.settings.mattes) for n in span.paints
        )


def _rest(shot: Shot, settings: Settings, progress: Progress, manifest: Manifest, found: _Found) -> Run:
    """A run that has nothing to paint: what an earlier one had to say is said again."""
    if found.fit:
        forget_stopped_fit(manifest.out / CACHE_FOLDER, found.fit)
    warnings = [str(text) for text in manifest.head.get("warnings", ()) if isinstance(text, str)]
    ids = MatteIds.read(manifest.head.get("mattes")) if settings.mattes else None
    manifest.begin(manifest.head, shot.numbers)
    return Run(shot, settings, progress, manifest, found.sources, [], False, warnings, len(shot.keys), ids=ids)


@dataclass(frozen=True, eq=False)
class _Keys:
    """What the keys of a shot say; shot: without those that cannot be used; found: what to paint from the others."""

    shot: Shot
    found: _Found
    keyframes: Keyframes
    warnings: tuple[str, ...]


def _open(
    survey: _Survey,
    found: _Found | None,
    proposal: Proposal | None,
    settings: Settings,
    progress: Progress,
    *,
    stenciled: bool,
) -> Run:
    """Read the keys and open the networks, beside each other, and fit one of them where that is asked for."""
    out, manifest, pool = survey.out, survey.manifest, survey.pool
    runner, engine = load_shipped(settings.engine, settings.lanes, settings.precision, settings.count_cores())
    opening = pool.submit(runner.warm_up)
    kept = None
    if found is not None and not settings.fits:
        kept = find_keyframes(out / CACHE_FOLDER, _name_cache(found, engine, settings))
    if found is not None and kept is not None:
        keys = _Keys(survey.shot, found, *kept)
    else:
        keys = _read_keys(survey, found, proposal, settings)
    opening.result()
    facts, stale, keyframes = None, keys.found.stale, keys.keyframes
    if stale and keys.found.fit:
        runner, facts = _fit(keys, survey, settings, progress)
    if stale and keyframes.gallery is None:
        numbers = {number for span in stale for number in span.numbers}
        keyframes = add_gallery(keyframes, runner, numbers, pool)
    head = _write_head(keys.shot, out, keyframes, facts, engine, settings, keys.warnings)
    ids = _number_paints(manifest, head, keyframes, settings)
    manifest.begin(head, keys.shot.numbers)
    return Run(
        keys.shot,
        settings,
        progress,
        manifest,
        keys.found.sources,
        stale,
        stenciled,
        list(keys.warnings),
        len(keyframes.whole.difference(keyframes.proposed)),
        (keyframes, runner),
        _name_cache(keys.found, engine, settings),
        ids,
    )


def _name_cache(found: _Found, engine: str, settings: Settings) -> str:
    return f"{found.keys[:16]}-{engine}-{settings.precision}"


def _read_keys(survey: _Survey, found: _Found | None, proposal: Proposal | None, settings: Settings) -> _Keys:
    """Read all keys; where there is none, colors are proposed first. found: None where that was not known before."""
    drawings = read_key_drawings(survey.shot, settings, survey.pool)
    shot, warnings = _leave_out_broken(survey.shot, drawings)
    is_changed = bool(warnings)
    by_number = dict(drawings.by_number)
    warnings += [text for _, key in sorted(by_number.items()) for text in key.warnings]
    proposed: dict[int, NDArray[np.uint8]] = {}
    if not shot.keys:
        told = {number: key.told for number, key in by_number.items() if key.told is not None}
        proposal = proposal or propose_key(shot, settings, told, survey.out / CACHE_FOLDER)
        number = proposal.number
        proposed[number] = proposal.color
        if number not in by_number:
            by_number[number] = read_key_drawing(shot, number, shot.read_line(number), settings)
        warnings.append(f"no key: colors are proposed, beginning with drawing {number}; {ask_for_key(shot)}")
    if found is None or is_changed:
        found = survey.look(shot, proposal)
    keyframes = read_keyframes(shot, settings, by_number, proposed)
    warnings += _doubt_keys(shot, keyframes, settings)
    return _Keys(shot, found, keyframes, tuple(warnings))


def _fit(keys: _Keys, survey: _Survey, settings: Settings, progress: Progress) -> tuple[Runner, dict[str, object]]:
    """The networks with one that is fitted to the keys, and how that came about."""
    from framecolor.keys.finetune_cache import fit_shot

    fitted = fit_shot(keys.shot, keys.keyframes, settings, survey.out, keys.found.fit, survey.device, progress)
    engine = choose_engine(settings.engine, settings.lanes, settings.precision, settings.count_cores())
    return engine.load(fitted.network), fitted.facts


def _leave_out_broken(shot: Shot, drawings: KeyDrawings) -> tuple[Shot, list[str]]:
    """The shot without the keys, strokes and corrections of drawings that cannot be read, and a warning for each.

    Such a drawing costs its own frame only; the others are painted from the other keys. Raises ReadError when no key
    would be left.
    """
    broken = drawings.broken
    if not broken:
        return shot, []
    if shot.keys and broken.keys() >= shot.keys.keys():
        raise next(error for number, error in broken.items() if number in shot.keys)
    warnings = [
        f"key {number} is not used: its drawing cannot be read ({error.problem})"
        if number in shot.keys
        else f"what was said of frame {number} is not used: its drawing cannot be read ({error.problem})"
        for number, error in broken.items()
    ]
    keys = {number: path for number, path in shot.keys.items() if number not in broken}
    hints = {number: path for number, path in shot.hints.items() if number not in broken}
    right = tuple(correction for correction in shot.corrections if correction.number not in broken)
    return replace(shot, keys=keys, hints=hints, corrections=right), warnings


def _doubt_keys(shot: Shot, keyframes: Keyframes, settings: Settings) -> list[str]:
    """What of the keys will not come out as the painter may expect."""
    doubts = [
        f"key {number}: more than one color in {count} region{'s' * (count > 1)}, where the one that covers most is "
        "painted; a line between them, also a trace line, parts them"
        for number, count in sorted(keyframes.mixed.items())
    ]
    if shot.cel is not None and settings.background == "keys" and keyframes.palette.colors[:, 3].all():
        doubts.append(
            "its keys are on opaque paper, and so are its frames; --background transparent makes cels of them"
        )
    return doubts


def _number_paints(
    manifest: Manifest, head: dict[str, object], keyframes: Keyframes, settings: Settings
) -> MatteIds | None:
    """The ids of all paints, where mattes are wanted; noted in the new head, also where they are only kept."""
    before = MatteIds.read(manifest.head.get("mattes"))
    ids = before.extend(keyframes.palette) if settings.mattes else before
    if ids.paints:
        head["mattes"] = [list(paint) for paint in ids.paints]
    return ids if settings.mattes else None


def _name_paints(shot: Shot, settings: Settings) -> dict[Rgb, str]:
    return {} if settings.palette is None else name_paints(read_swatches(shot.root / settings.palette))


def _write_head(
    shot: Shot,
    out: Path,
    keyframes: Keyframes,
    fit: dict[str, object] | None,
    engine: str,
    settings: Settings,
    warnings: tuple[str, ...],
) -> dict[str, object]:
    """What framecolor.json says of the whole shot."""
    height, width = shot.size
    head: dict[str, object] = {
        "framecolor": VERSION,
        "shot": shot.name,
        "line_dir": os.path.relpath(shot.line_source, out),
        "size": [width, height],
        "engine": engine,
        "settings": {k: v for k, v in asdict(settings).items() if k not in _UNRECORDED},
        "palette": keyframes.palette.colors.tolist(),
        "fit": fit,
    }
    if keyframes.proposed:
        head["proposed"] = sorted(keyframes.proposed)
    if shot.corrections:
        head["corrections"] = [describe_correction(correction) for correction in shot.corrections]
    if warnings:
        head["warnings"] = list(warnings)
    return head
