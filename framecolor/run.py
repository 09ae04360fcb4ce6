"""One run on one shot, up to its first frame: folder, keys, fit, and which chains have to be painted."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from framecolor.chains import Chain, hash_chain, plan_chains
from framecolor.digest import digest
from framecolor.engines.base import Runner, choose_engine
from framecolor.errors import ReadError
from framecolor.fitting import ShotNetwork, fit_shot
from framecolor.keyframes import Keyframes, add_gallery, ask_for_key, read_keyframes
from framecolor.mattes import MatteIds, Rgb, name_paints, write_palette_files
from framecolor.media import describe_correction, hash_file, read_swatches
from framecolor.networks.checkpoint import matcher_weights_path
from framecolor.notes import Listener, Stopwatch
from framecolor.preflight import leave_out_broken_keys
from framecolor.proposal import propose_key
from framecolor.record import CACHE_FOLDER, Record
from framecolor.settings import Settings
from framecolor.shot import Shot
from framecolor.stencils import add_painted_keys, check_stencils, list_waiting
from framecolor.told import read_told
from framecolor.version import VERSION

Progress = Callable[[str, int, int], None]
"""Hears the stage ("fit" or "paint"), the work done and the work in all."""


@dataclass(eq=False)
class Run:
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
    stenciled: bool
    warnings: list[str]
    ids: MatteIds | None = None
    listener: Listener = field(default=lambda note: None)
    watch: Stopwatch = field(default_factory=Stopwatch)
    written: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    empty: list[int] = field(default_factory=list)

    def output_name(self, number: int) -> str:
        """File name of a painted frame in the format of this run."""
        return self.shot.output_name(number, self.settings.format)


def prepare_run(
    shot: Shot, out: Path, settings: Settings, progress: Progress, *, stenciled: bool = False, part: bool = False
) -> Run:
    """Everything before the first frame. Raises InputError, OutputError and EngineError.

    stenciled  paint the frames that have a stencil, inside of it, and nothing else
    part       note what is done apart from what other tasks do
    """
    engine = choose_engine(settings.engine, settings.lanes)
    waiting = [] if stenciled else list_waiting(shot.stencils)
    shot = check_stencils(shot, out, settings) if stenciled else shot
    shot = add_painted_keys(shot, out, but=shot.wanted if stenciled else ())
    shot, warnings = leave_out_broken_keys(shot)
    # Hashed before they are read: what changes in between is painted again by the next run.
    marks = _hash_files(shot, settings)
    record = Record(out, shot.wanted if part else None)
    sayings = read_told(shot, settings)
    warnings = [*shot.warnings, *waiting, *warnings, *sayings.warnings]
    proposed = {}
    if not shot.keys:
        proposal = propose_key(shot, settings, sayings, out / CACHE_FOLDER)
        proposed[proposal.number] = proposal.color
        warnings.append(f"no key: colors are proposed, beginning with drawing {proposal.number}; {ask_for_key(shot)}")
    keyframes = read_keyframes(shot, settings, sayings, proposed)
    warnings += _doubt_keys(shot, keyframes, settings)
    fitted = fit_shot(shot, keyframes, settings, out, record.last_fit, progress)
    chains = plan_chains(shot.numbers, keyframes.whole, shot.wanted)
    hashes, sources = _hash_sources(shot, chains, keyframes, settings, [fitted.hash, *marks])
    anew = stenciled or settings.overwrite
    names = {number: shot.output_name(number, settings.format) for number in sources}
    stale = [
        c
        for c in chains
        if anew or not all(record.is_current(n, sources[n], names[n], matte=settings.mattes) for n in c.paints)
    ]
    if strays := record.find_strays(names):
        many = f" and {len(strays) - 1} more" if len(strays) > 1 else ""
        warnings.append(f"frames of another format stay as they are, and are no longer looked after: {strays[0]}{many}")
    runner = None
    if stale:
        runner = engine.load(fitted.network)
        keyframes = add_gallery(shot, keyframes, runner, settings)
    head = _write_head(shot, out, keyframes, fitted, engine.name, settings)
    ids = _number_paints(record, head, keyframes, settings)
    record.begin(head, shot.numbers)
    if ids is not None:
        write_palette_files(out, ids, shot.name, _name_paints(shot, settings))
    return Run(
        shot, settings, progress, record, keyframes, fitted, runner, sources, hashes, stale, stenciled, warnings, ids
    )


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
    record: Record, head: dict[str, object], keyframes: Keyframes, settings: Settings
) -> MatteIds | None:
    """The ids of all paints, where mattes are wanted; noted in the new head, also where they are only kept."""
    before = MatteIds.read(record.head.get("mattes"))
    ids = before.extend(keyframes.palette) if settings.mattes else before
    if ids.paints:
        head["mattes"] = [list(paint) for paint in ids.paints]
    return ids if settings.mattes else None


def _name_paints(shot: Shot, settings: Settings) -> dict[Rgb, str]:
    return {} if settings.palette is None else name_paints(read_swatches(shot.root / settings.palette))


def _hash_sources(
    shot: Shot, chains: list[Chain], keyframes: Keyframes, settings: Settings, marks: Sequence[str]
) -> tuple[dict[int, str], dict[int, str]]:
    """By number: the hash of each drawing's file, and of all that decides each frame; `marks` are of what else does."""
    told = {number: told.hash for number, told in keyframes.sayings.by_number.items()}
    told |= {number: digest(told.get(number, ""), colors) for number, colors in keyframes.proposed.items()}
    numbers = sorted({*(n for chain in chains for n in chain.numbers), *told})
    hashes = {n: _hash_or_error(shot.line_hash, n) for n in numbers}
    sources = {
        n: mark for c in chains for mark in [hash_chain(c, shot, hashes, settings, marks, told)] for n in c.paints
    }
    return hashes, sources


def _write_head(
    shot: Shot, out: Path, keyframes: Keyframes, fitted: ShotNetwork, engine: str, settings: Settings
) -> dict[str, object]:
    """What framecolor.json says of the whole shot."""
    height, width = shot.size
    head: dict[str, object] = {
        "framecolor": VERSION,
        "shot": shot.name,
        "line_dir": os.path.relpath(shot.line_source, out),
        "size": [width, height],
        "engine": engine,
        "settings": {k: v for k, v in asdict(settings).items() if k != "overwrite"},
        "palette": keyframes.palette.colors.tolist(),
        "fit": fitted.facts,
    }
    if keyframes.proposed:
        head["proposed"] = sorted(keyframes.proposed)
    if shot.corrections:
        head["corrections"] = [describe_correction(correction) for correction in shot.corrections]
    return head


def _hash_files(shot: Shot, settings: Settings) -> list[str]:
    """Of the matcher, and of palette and reference where they are used: a kept fit does not know of those of today."""
    marks = [hash_file(matcher_weights_path())]
    marks += [] if settings.palette is None else [hash_file(shot.root / settings.palette)]
    return marks if settings.reference is None else [*marks, f"reference {hash_file(shot.root / settings.reference)}"]


def _hash_or_error(hash_of: Callable[[int], str], number: int) -> str:
    """An unreadable drawing is as good a state as any: the chain is painted without it, until it changes."""
    try:
        return hash_of(number)
    except ReadError as error:
        return str(error)
