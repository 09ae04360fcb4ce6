"""One run on one shot, up to its first frame: which spans have to be painted, from which keys, and by which engine."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.engines.base import Engine, Runner
from framecolor.engines.registry import choose_engine, load_shipped
from framecolor.errors import FramecolorError
from framecolor.keys.auto_key import Proposal, find_proposal, propose_key
from framecolor.keys.cache import find_keyframes, keep_keyframes
from framecolor.keys.key_checks import find_doubts, leave_out_broken
from framecolor.keys.key_drawing import read_key_drawing, read_key_drawings
from framecolor.keys.keyframes import Keyframes, add_gallery, ask_for_key, read_keyframes
from framecolor.media import read_swatches
from framecolor.output.manifest import CACHE_FOLDER
from framecolor.output.manifest_writer import ManifestWriter
from framecolor.output.mattes import MatteIds, name_paints, write_palette_files
from framecolor.pipeline.events import Listener, Progress, Stopwatch, Warnings
from framecolor.pipeline.head import describe_run, number_paints
from framecolor.pipeline.sources import Sources, forget_stopped_fit
from framecolor.pipeline.stencils import add_painted_keys, check_stencils, list_waiting
from framecolor.pipeline.survey import Found, Survey
from framecolor.shot.shot import Shot
from framecolor.shot.spans import Span


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
    listener: Listener
    warnings: Warnings
    manifest: ManifestWriter
    sources: Sources
    stale: list[Span]
    stenciled: bool
    keys: int
    opened: tuple[Keyframes, Runner] | None = None
    keys_name: str = ""
    ids: MatteIds | None = None
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

    def fail(self, number: int, error: FramecolorError) -> None:
        """Note that a drawing cannot be read, or a frame not be written; in any thread."""
        self.failed[number] = str(error)
        self.untold.append(number)

    def output_name(self, number: int) -> str:
        """File name of a painted frame in the format of this run."""
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
) -> Run:
    """Everything before the first frame. Raises InputError, OutputError and EngineError.

    pool        its threads read and describe the keys
    stenciled   paint the frames that have a stencil, inside of it, and nothing else
    part        note what is done apart from what other tasks do
    everything  prepare all keys also where nothing is stale, as for tasks that paint parts of the shot
    engine      runs the networks; by default the one that the settings name
    Where nothing has to be painted no key is read and no network opened.
    """
    warnings = Warnings(listener)
    warnings.add(shot.warnings)
    warnings.add([] if stenciled else list_waiting(shot.stencils))
    shot = check_stencils(shot, out, settings) if stenciled else shot
    shot = add_painted_keys(shot, out, but=shot.wanted if stenciled else ())
    manifest = ManifestWriter(out, shot.wanted if part else None)
    warnings.add(map(_tell_damaged, manifest.damaged))
    proposal = None if shot.keys else find_proposal(shot, settings, out / CACHE_FOLDER)
    survey = Survey(shot, out, settings, manifest, pool, anew=stenciled or settings.overwrite or everything)
    found = None
    if shot.keys or proposal is not None:
        found = survey.look(shot, proposal)
    if found is not None and not found.stale:
        run = _rest(shot, settings, listener, warnings, manifest, found)
    else:
        run = _open(survey, found, proposal, settings, listener, warnings, stenciled=stenciled, engine=engine)
    files = {number: run.output_name(number) for span in run.sources.spans for number in span.paints}
    if strays := manifest.find_strays(files):
        many = f" and {len(strays) - 1} more" if len(strays) > 1 else ""
        stay = "frames of another format stay as they are, and are no longer looked after"
        warnings.add([f"{stay}: {strays[0]}{many}"])
    if run.ids is not None:
        names = {} if settings.palette is None else name_paints(read_swatches(shot.root / settings.palette))
        write_palette_files(out, run.ids, shot.name, names)
    return run


def _tell_damaged(path: Path) -> str:
    return f"{path} is damaged, or of another version: it is left out, and its frames are painted again"


def _rest(
    shot: Shot, settings: Settings, listener: Listener, warnings: Warnings, manifest: ManifestWriter, found: Found
) -> Run:
    """A run that has nothing to paint: what an earlier one had to say is said again."""
    if found.fit:
        forget_stopped_fit(manifest.out / CACHE_FOLDER, found.fit)
    warnings.add(text for text in manifest.head.get("warnings", ()) if isinstance(text, str))
    ids = MatteIds.read(manifest.head.get("mattes")) if settings.mattes else None
    manifest.begin(manifest.head, shot.numbers)
    return Run(shot, settings, listener, warnings, manifest, found.sources, [], False, len(shot.keys), ids=ids)


@dataclass(frozen=True, eq=False)
class _Keys:
    """What the keys of a shot say; shot: without those that cannot be used; found: what to paint from the others."""

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
    *,
    stenciled: bool,
    engine: Engine | None,
) -> Run:
    """Read the keys and open the networks, beside each other, and fit one of them where that is asked for."""
    out, manifest, pool = survey.out, survey.manifest, survey.pool
    if engine is None:
        runner, name = load_shipped(settings.engine, settings.lanes, settings.precision, settings.count_cores())
    else:
        runner, name = engine.load(), engine.name
    opening = pool.submit(runner.warm_up)
    kept = None
    if found is not None and not settings.fits:
        kept = find_keyframes(out / CACHE_FOLDER, _name_cache(found, name, settings))
    if found is not None and kept is not None:
        keys = _Keys(survey.shot, found, *kept)
    else:
        keys = _read_keys(survey, found, proposal, settings)
    warnings.add(keys.warnings)
    opening.result()
    facts, stale, keyframes = None, keys.found.stale, keys.keyframes
    if stale and keys.found.fit:
        runner, facts = _fit(keys, survey, settings, listener, engine)
    if stale and keyframes.gallery is None:
        numbers = {number for span in stale for number in span.numbers}
        keyframes = add_gallery(keyframes, runner, numbers, pool)
    head = describe_run(keys.shot, out, keyframes, facts, name, settings, keys.warnings)
    ids = number_paints(manifest, head, keyframes, settings)
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
        ids,
    )


def _name_cache(found: Found, engine: str, settings: Settings) -> str:
    return f"{found.keys[:16]}-{engine}-{settings.precision}"


def _read_keys(survey: Survey, found: Found | None, proposal: Proposal | None, settings: Settings) -> _Keys:
    """Read all keys; propose colors if there is none. found: None if it depends on what is proposed."""
    drawings = read_key_drawings(survey.shot, settings, survey.pool)
    shot, warnings = leave_out_broken(survey.shot, drawings)
    is_changed = bool(warnings)
    by_number = dict(drawings.by_number)
    warnings += [text for _, key in sorted(by_number.items()) for text in key.warnings]
    proposed: dict[int, NDArray[np.uint8]] = {}
    if not shot.keys:
        labels = {number: key.labels for number, key in by_number.items() if key.labels is not None}
        proposal = proposal or propose_key(shot, settings, labels, survey.out / CACHE_FOLDER)
        number = proposal.number
        proposed[number] = proposal.color
        if number not in by_number:
            by_number[number] = read_key_drawing(shot, number, shot.read_line(number), settings)
        warnings.append(f"no key: colors are proposed, beginning with drawing {number}; {ask_for_key(shot)}")
    if found is None or is_changed:
        found = survey.look(shot, proposal)
    keyframes = read_keyframes(shot, settings, by_number, proposed)
    warnings += find_doubts(shot, keyframes, settings)
    return _Keys(shot, found, keyframes, tuple(warnings))


def _fit(
    keys: _Keys, survey: Survey, settings: Settings, listener: Listener, engine: Engine | None
) -> tuple[Runner, dict[str, object]]:
    """The networks with one that is fitted to the keys, and how that came about."""
    from framecolor.keys.finetune_cache import fit_shot

    def tell(done: int, total: int) -> None:
        listener(Progress("fit", done, total))

    fitted = fit_shot(keys.shot, keys.keyframes, settings, survey.out, keys.found.fit, survey.device, tell)
    if engine is None:
        engine = choose_engine(settings.engine, settings.lanes, settings.precision, settings.count_cores())
    return engine.load(fitted.network), fitted.facts
