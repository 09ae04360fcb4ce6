"""From a shot to the folder of its painted frames, and from a folder of frames to its shot."""

from __future__ import annotations

from pathlib import Path

from framecolor.errors import FramecolorError, InputError, ShotError
from framecolor.output.manifest import MANIFEST_NAME, Manifest
from framecolor.shot.cut import LINE_FOLDER, find_cel, find_folder


def find_output(shot: Path, *, in_cut: bool = False) -> Path:
    """The folder of painted frames that a shot or cel has, or that `shot` is. Raises InputError if there is none.

    in_cut  whether it is one of the cels of a cut that the user named
    """
    if not shot.is_dir():
        raise InputError(shot, "is not a folder", "give a painted shot, or the folder of its painted frames")
    cel = find_cel(shot)
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
    """The shot or cel that the frames in a folder were painted from, as the manifest has it; None if it is gone.

    With a damaged manifest, or none, it is the folder above, if that holds drawings.
    """
    try:
        source = (out / Manifest.read(out).line_dir).resolve()
        shot = source if find_cel(source) is not None else source.parent
    except (OSError, ValueError, FramecolorError):  # a loop of links, a name that is none
        shot = out.absolute().parent
    try:
        return shot if find_cel(shot) is not None or find_folder(shot, LINE_FOLDER).is_dir() else None
    except ShotError:  # two folders whose names differ in letter case only: neither is it
        return None


def find_recolored_shot(folder: Path) -> Path | None:
    """The shot of a folder of frames, also of A-night, which `repaint` makes beside A; None if it cannot be found."""
    name = folder.resolve().name
    dashes = [at for at, letter in enumerate(name) if letter == "-" and at]
    places = [folder, *(folder.resolve().with_name(name[:at]) for at in reversed(dashes))]
    painted = next((place for place in places if (place / MANIFEST_NAME).is_file()), None)
    return None if painted is None else find_painted_shot(painted)
