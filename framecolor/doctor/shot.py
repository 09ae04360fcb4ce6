"""The shot: the settings that apply to it, whether it opens, and what its folder of frames holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from framecolor.doctor.finding import Finding, Target
from framecolor.levels import read_levels
from framecolor.media.cels import find_cel
from framecolor.record import CACHE_FOLDER, RECORD_NAME
from framecolor.settings import FILES
from framecolor.tables import MISSHAPEN, parse_json


def check_settings(target: Target) -> Iterator[Finding]:
    """The settings files of studio, show and shot, and the files that they name."""
    found = read_levels(target.root, {})
    named = {name: target.root / value for name in FILES if (value := getattr(found.settings, name)) is not None}
    missing = [name for name, path in named.items() if not path.exists()]
    for name in missing:
        what = f"{found.sources[name]} names the {name} {named[name]}, which is not there"
        yield Finding("settings", "fail", what, f"put it there, or change {name} in that file")
    files = [str(place.path) for place in found.places if place.state == "read"]
    given = {name: str(source) for name, source in found.sources.items() if source.level != "default"}
    data = {"files": files, "settings": given}
    if not missing:
        said = f"{len(given)} from {', '.join(files)}" if files else "all are defaults: no settings file applies"
        yield Finding("settings", "ok", said, data=data)


def check_shot(target: Target) -> Iterator[Finding]:
    """Whether the shot that was named can be painted."""
    from framecolor.shot import Shot

    for path in target.shots:
        if path.is_dir() and not (path / "line").is_dir() and find_cel(path) is None:
            what = f"{path} holds no line/: it is no shot by itself"
            yield Finding("shot", "note", what, "name a shot to have it looked at: framecolor doctor SHOT")
            continue
        shot = Shot.open(path)
        data = {"drawings": len(shot.numbers), "keys": len(shot.keys), "missing": list(shot.missing)}
        if shot.keys:
            yield Finding("shot", "ok", repr(shot), data=data)
        else:
            fix = "paint one into keys/; until then colors are proposed"
            yield Finding("shot", "note", f"{shot}: no key", fix, data)


def check_outputs(target: Target) -> Iterator[Finding]:
    """What earlier runs left in the folders of frames."""
    for out in target.outs:
        yield from _check_drafts(out)
        if (out / RECORD_NAME).exists():
            yield _check_record(out)


def _check_drafts(out: Path) -> Iterator[Finding]:
    drafts = [path for folder in (out, out / CACHE_FOLDER) for path in folder.glob(".*.tmp")]
    if drafts:
        what = f"{len(drafts)} unfinished files of killed runs, such as {drafts[0]}"
        yield Finding("output", "note", what, "remove them when no run is painting", {"drafts": len(drafts)})


def _check_record(out: Path) -> Finding:
    try:
        frames = parse_json((out / RECORD_NAME).read_text("utf-8"))["frames"]
        failed = [frame["number"] for frame in frames if frame.get("status") == "failed"]
        painted = [frame for frame in frames if frame.get("status") != "failed"]
        gone = [frame["file"] for frame in painted if not (out / str(frame["file"])).is_file()]
    except (OSError, *MISSHAPEN):
        what = f"{out / RECORD_NAME} is damaged: the next run paints every frame again"
        return Finding("output", "warn", what, "run colorize again")
    data = {"folder": str(out), "frames": len(frames), "failed": failed, "gone": gone}
    if failed or gone:
        what = f"{out}: {len(failed)} of {len(frames)} frames failed, {len(gone)} are gone"
        fix = "run colorize again: it says why they fail, and paints what is gone"
        return Finding("output", "warn", what, fix, data)
    return Finding("output", "ok", f"{len(frames)} frames in {out}", data=data)
