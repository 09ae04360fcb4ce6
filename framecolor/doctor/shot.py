"""Check the shot: its settings, whether it opens, and its folder of frames."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from framecolor.config.cascade import LayeredSettings, read_levels
from framecolor.core.number_ranges import format_numbers
from framecolor.core.text import count_of
from framecolor.doctor.finding import Finding, Target
from framecolor.errors import EngineError, InputError, PaletteError, SettingsError
from framecolor.output.manifest import CACHE_FOLDER, MANIFEST_NAME, Manifest
from framecolor.shot.cut import find_cel

if TYPE_CHECKING:
    from framecolor.shot.shot import Shot


def check_settings(target: Target) -> Iterator[Finding]:
    """Check the settings files of studio, show and shot, and whether this machine supports their values."""
    found = read_levels(target.root, {})
    problems = list(_find_problems(target, found))
    yield from problems
    files = [str(place.path) for place in found.places if place.state == "read"]
    given = {name: str(source) for name, source in found.sources.items() if source.level != "default"}
    data = {"files": files, "settings": given}
    if not problems:
        what = f"{len(given)} from {', '.join(files)}" if files else "all are defaults: no settings file applies"
        yield Finding("settings", "ok", what, data=data)


def _find_problems(target: Target, found: LayeredSettings) -> Iterator[Finding]:
    from framecolor.engines.registry import choose_engine
    from framecolor.media import FORMATS, read_swatches

    settings, sources = found.settings, found.sources
    for name, file in settings.list_files().items():
        if not (target.root / file).exists():
            what = f"{sources[name]} names the {name} {target.root / file}, which does not exist"
            yield Finding("settings", "fail", what, f"add that file, or change {name} in the settings")
        elif name == "palette":
            try:
                read_swatches(target.root / file)
            except PaletteError as error:
                what = f"{sources[name]} names a palette that cannot be used: {error.subject}: {error.problem}"
                yield Finding("settings", "fail", what, error.fix)
    try:
        FORMATS[settings.format].check(settings.format)
    except SettingsError as error:
        what = f"{sources['format']} asks for frames as {settings.format}: {error.problem}"
        yield Finding("settings", "fail", what, error.fix)
    try:
        if settings.engine != "auto":
            choose_engine(settings.engine)
    except EngineError as error:
        what = f"{sources['engine']} asks for the engine {settings.engine}: {error.problem}"
        yield Finding("settings", "fail", what, error.fix)


def check_shot(target: Target) -> Iterator[Finding]:
    """Check whether the named shots can be painted."""
    from framecolor.media.levels.member import find_containers
    from framecolor.shot.shot import Shot

    for path in target.shots:
        if path.is_dir() and not (path / "line").is_dir() and find_cel(path) is None:
            what = f"{path} has no folder line/: it is not a shot"
            yield Finding("shot", "note", what, "name a shot to check it: framecolor doctor SHOT")
            continue
        shot = Shot.open(path)
        data = {"drawings": len(shot.numbers), "keys": len(shot.keys), "missing": sum(map(len, shot.gaps))}
        files = [file for role in (shot.lines, shot.keys, shot.hints, shot.stencils) for file in role.values()]
        files += [file for one in shot.references for file in (one.painted, one.line) if file is not None]
        files = find_containers(files)
        if closed := [file for file in files if not os.access(file, os.R_OK)]:
            what = f"no permission to read {len(closed)} of {len(files)} drawings and keys, such as {closed[0]}"
            yield Finding("shot", "fail", what, "change their permissions", data)
            continue
        if shot.keys or shot.references:
            yield Finding("shot", "ok", _describe(shot), data=data)
        else:
            fix = "put a painted key into keys/; until then colors are proposed"
            yield Finding("shot", "note", _describe(shot), fix, data)
        for warning in shot.warnings:
            yield Finding("shot", "warn", warning, "correct what it names, or ignore it if it is meant so")
        for note in shot.notes:
            yield Finding("shot", "note", note, "nothing to do: colors do not depend on it")


def _describe(shot: Shot) -> str:
    height, width = shot.size
    drawings = f"drawing{'s' if len(shot.numbers) > 1 else ''} {format_numbers(shot.numbers)}"
    wanted = "" if shot.wanted == shot.numbers else f" ({len(shot.wanted)} of them to paint)"
    keys = f"painted keys {format_numbers(shot.keys)}" if shot.keys else "no painted key"
    references = f", {count_of(len(shot.references), 'reference')}" if shot.references else ""
    return f"{shot.name}: {drawings}{wanted}, {width}x{height}, {keys}{references}"


def check_outputs(target: Target) -> Iterator[Finding]:
    """Check what earlier runs left in the folders of frames."""
    for out in target.outs:
        yield from _check_drafts(out)
        if (out / MANIFEST_NAME).exists():
            yield _check_frames(out)


def _check_drafts(out: Path) -> Iterator[Finding]:
    drafts = [path for folder in (out, out / CACHE_FOLDER) for path in folder.glob(".*.tmp")]
    if drafts:
        what = f"{len(drafts)} unfinished files of killed runs, such as {drafts[0]}"
        yield Finding("output", "note", what, "remove them when no run is painting", {"drafts": len(drafts)})


def _check_frames(out: Path) -> Finding:
    from framecolor.media.levels.member import find_frame, is_there

    try:
        frames = Manifest.read(out).frames
    except InputError:
        what = f"{out / MANIFEST_NAME} is damaged: the next run paints every frame again"
        return Finding("output", "warn", what, "run colorize again")
    failed = [frame.number for frame in frames if frame.status == "failed"]
    gone = [frame.file for frame in frames if frame.status != "failed" and not is_there(find_frame(out, frame.file))]
    data = {"folder": str(out), "frames": len(frames), "failed": failed, "gone": gone}
    if failed or gone:
        what = f"{out}: {len(failed)} of {len(frames)} frames failed, {len(gone)} are gone"
        fix = "run colorize again: it says why they fail, and paints what is gone"
        return Finding("output", "warn", what, fix, data)
    return Finding("output", "ok", f"{len(frames)} frames in {out}", data=data)
