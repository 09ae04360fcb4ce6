"""The shot: the settings that apply to it, whether it opens, and what its folder of frames holds."""

from __future__ import annotations

from collections.abc import Iterator

from framecolor.doctor.finding import Finding, Target
from framecolor.levels import read_levels
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

    if target.shot is None:
        return
    if target.shot.is_dir() and not (target.shot / "line").is_dir():
        what = f"{target.shot} holds no line/: it is no shot by itself"
        yield Finding("shot", "note", what, "name a shot to have it looked at: framecolor doctor SHOT")
        return
    shot = Shot.open(target.shot)
    data = {"drawings": len(shot.numbers), "keys": len(shot.keys), "missing": list(shot.missing)}
    if shot.keys:
        yield Finding("shot", "ok", repr(shot), data=data)
    else:
        fix = "paint one into keys/; until then colors are proposed"
        yield Finding("shot", "note", f"{shot}: no key", fix, data)


def check_output_folder(target: Target) -> Iterator[Finding]:
    """What an earlier run left in the folder of frames."""
    record = target.out / RECORD_NAME
    drafts = [path for folder in (target.out, target.out / CACHE_FOLDER) for path in folder.glob(".*.tmp")]
    if drafts:
        what = f"{len(drafts)} drafts of files that were never finished, such as {drafts[0]}"
        yield Finding("output", "note", what, "remove them when no run is painting", {"drafts": len(drafts)})
    if not record.exists():
        return
    try:
        frames = parse_json(record.read_text("utf-8"))["frames"]
        failed = [frame["number"] for frame in frames if frame.get("status") == "failed"]
        gone = [frame["file"] for frame in frames if frame["number"] not in failed and not _holds(target, frame)]
    except (OSError, *MISSHAPEN):
        yield Finding("output", "warn", f"{record} is damaged: the next run paints every frame again", "paint again")
        return
    data = {"frames": len(frames), "failed": failed, "gone": gone}
    if failed or gone:
        what = f"{target.out}: {len(failed)} of {len(frames)} frames failed, {len(gone)} are gone"
        yield Finding("output", "warn", what, "framecolor colorize says why they fail", data)
    else:
        yield Finding("output", "ok", f"{len(frames)} frames in {target.out}", data=data)


def _holds(target: Target, frame: dict[str, str]) -> bool:
    return (target.out / str(frame["file"])).is_file()
