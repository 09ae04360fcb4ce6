"""Find the folder of a shot's painted frames, and the shot of a folder of frames."""

from __future__ import annotations

from pathlib import Path

from framecolor.errors import FramecolorError, InputError, ShotError
from framecolor.output.manifest import MANIFEST_NAME, Manifest
from framecolor.shot.cut import LINE_FOLDER, find_cel, find_folder


def find_output(shot: Path, *, in_cut: bool = False) -> Path:
    """Find the folder of a shot's or cel's painted frames, or `shot` itself if it is one. Raises InputError if missing.

    in_cut  the user named a cut, and this is one of its cels
    """
    cel = find_cel(shot)
    if cel is None and not shot.is_dir():
        raise InputError(shot, "is not a folder", "give a painted shot, or the folder of its painted frames")
    places = (shot, shot / "color") if cel is None else (cel.out,)
    out = next((folder for folder in places if (folder / MANIFEST_NAME).is_file()), None)
    if out is not None:
        return out
    fix = "run `framecolor colorize` first, or give the folder it wrote to"
    cels = sorted(manifest.parent.name for manifest in shot.glob(f"*/{MANIFEST_NAME}"))
    if cels:
        raise InputError(shot, f"holds folders of painted frames: {', '.join(cels[:8])}", f"give one: {shot / cels[0]}")
    if in_cut:
        fix = "run `framecolor colorize` first, choose painted cels with --cel, or give the folder it wrote to"
    raise InputError(places[0], f"holds no {MANIFEST_NAME}", fix)


def find_painted_shot(out: Path) -> Path | None:
    """Find the shot or cel of the painted frames in a folder, by the manifest; None if missing.

    If the manifest is missing or damaged, it is the parent folder, if that has drawings.
    """
    try:
        source = (out / Manifest.read(out).line_dir).resolve()
        shot = source if find_cel(source) is not None else source.parent
    except (OSError, ValueError, FramecolorError):  # a loop of links, an invalid name
        shot = out.absolute().parent
    try:
        return shot if find_cel(shot) is not None or find_folder(shot, LINE_FOLDER).is_dir() else None
    except ShotError:  # two folders whose names differ only in letter case
        return None


def find_recolored_shot(folder: Path) -> Path | None:
    """Find the shot of a folder of frames, also of A-night, which `repaint` makes beside A; None if missing."""
    name = folder.resolve().name
    dashes = [at for at, letter in enumerate(name) if letter == "-" and at]
    places = [folder, *(folder.resolve().with_name(name[:at]) for at in reversed(dashes))]
    painted = next((place for place in places if (place / MANIFEST_NAME).is_file()), None)
    return None if painted is None else find_painted_shot(painted)
