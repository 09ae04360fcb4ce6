"""One shot's job for a farm: its files and settings, fixed when the job is made."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from framecolor.config.settings import Settings
from framecolor.engines.registry import may_use_gpu
from framecolor.errors import InputError
from framecolor.farm.spans import CHUNK_FRAMES, Chunk, cut_spans
from framecolor.keys.recolor import find_recolors
from framecolor.media.levels.member import is_level
from framecolor.output.checks import check_output, leave_out_broken_keys
from framecolor.pipeline.stencils import add_painted_keys
from framecolor.shot.sequence import is_pattern
from framecolor.shot.shot import Shot

# Longest parameter of OpenJD.
_LONGEST_PATH = 1024


@dataclass(frozen=True)
class FarmJob:
    """One shot's job. All paths are absolute. Raises InputError if one of them cannot be passed to a farm.

    name        name of the shot
    shot        folder or movie of the shot, folder of the drawings of `pattern`, or the whole cut of a cel
    cel         cel of the cut `shot`, "" if it is no cel
    pattern     sequence or level in the folder, such as sh010.####.png or A.tlv; "" if there is none
    is_folder   whether `shot` is a folder, not a movie
    out         folder of the frames; for a cel the folder of all cels, as for -o
    places      option -> folder or file, such as "keys"; also palette, reference and model with absolute paths
    settings    settings; their files are relative to the shot's folder
    frames      frames to paint, as for --frames; None for all
    no_sheet    whether the exposure sheet in the shot's folder is ignored
    no_references  whether folders of references are ignored
    no_corrections  whether the shot's own corrections are ignored
    chunks      frames of each task
    engine_dir  folder of the engine files that all hosts share; None leaves it to each host

    The settings are part of the job, so that all tasks paint with the same ones, even if a framecolor.toml is edited
    while the job waits, or differs between hosts.
    """

    name: str
    shot: Path
    pattern: str
    is_folder: bool
    out: Path
    places: Mapping[str, Path]
    settings: Settings
    frames: str | None
    chunks: tuple[Chunk, ...]
    no_sheet: bool = False
    no_references: bool = False
    no_corrections: bool = False
    engine_dir: Path | None = None
    cel: str = ""

    def __post_init__(self) -> None:
        files = self.settings.list_files().values()
        for text in map(
            str, [self.shot, self.cel, self.pattern, self.out, self.engine_dir, *self.places.values(), *files]
        ):
            _check_text(text)
        if "," in self.cel or self.cel != self.cel.strip():
            problem = "a cel with a comma or outer space in its name cannot be passed to a farm"
            raise InputError(self.name, problem, "rename its folder")

    @property
    def needs_gpu(self) -> bool:
        """Whether the engine of the settings runs only on a GPU; `auto` runs anywhere."""
        return self.settings.engine != "auto" and may_use_gpu(self.settings.engine)


def plan_job(
    path: str,
    shot: Shot,
    settings: Settings,
    *,
    out: Path | None = None,
    places: Mapping[str, Path] | None = None,
    frames: str | None = None,
    no_sheet: bool = False,
    no_references: bool = False,
    no_corrections: bool = False,
    chunk_frames: int = CHUNK_FRAMES,
    engine_dir: Path | None = None,
    cel: str = "",
) -> FarmJob:
    """Plan the job that paints the same frames as `framecolor colorize`. Writes nothing.

    path        the user's path of the shot, from which `shot` was opened
    out         folder of the frames; by default `Shot.out`
    places      option -> folder or file, such as keys or sheet; for a cel those of the command line
    no_sheet, no_references, no_corrections  whether the shot was opened with the sheet, the references, or the
                corrections, "none"
    engine_dir  folder of the engine files, which all hosts must see; not used by the `cpu` engine
    cel         the cel, if `path` is a cut; the last folder of `out` then has its name

    Raises the errors of `colorize` about keys and the output folder.
    """
    out = _write_out(out or shot.out)
    check_output(shot, out, settings)
    seen, _ = leave_out_broken_keys(add_painted_keys(shot, out))
    given = Path(path)
    # A level takes its folder along, in which its palette is.
    pattern = given.name if is_pattern(given) or is_level(given) else ""
    # A host may have only the files that parameters name.
    places = dict(places or {})
    if shot.corrections and not no_corrections:
        places.setdefault("corrections", shot.corrections_file)
    if settings.recolor is None and (recolors := find_recolors(shot, settings)) is not None:
        settings = settings.updated({"recolor": str(recolors.absolute())})
    # Relative files are found from the shot's folder; absolute ones get a parameter of their own.
    own = {name: _write_out(Path(file)) for name, file in settings.list_files().items() if Path(file).is_absolute()}
    return FarmJob(
        name=shot.name,
        shot=_write_out(given.parent if pattern else given),
        pattern=pattern,
        is_folder=bool(pattern) or given.is_dir(),
        out=out.parent if cel else out,
        places={name: _write_out(place) for name, place in places.items()} | own,
        settings=replace(settings, **dict.fromkeys(own)),
        frames=frames,
        no_sheet=no_sheet,
        no_references=no_references,
        no_corrections=no_corrections,
        chunks=tuple(cut_spans(seen, chunk_frames)),
        engine_dir=None if engine_dir is None or not may_use_gpu(settings.engine) else _write_out(engine_dir),
        cel=cel,
    )


def _write_out(path: Path) -> Path:
    """Make a path absolute and without "..", so that a farm's rules for mapping paths apply to it.

    Links are kept, as rules name mount points, unless a ".." follows one: then only the resolved path is the same file.
    """
    plain = Path(os.path.normpath(path.absolute()))
    resolved = path.resolve()
    return plain if ".." not in path.parts or plain.resolve() == resolved else resolved


def write_settings(job: FarmJob) -> str:
    """Format the job's settings as TOML for `framecolor colorize --settings`, one line each."""
    lines = [f"# The settings of {_comment(job.name)} when the job was made."]
    for name, value in asdict(job.settings).items():
        if value is not None:
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def _check_text(text: str) -> None:
    """Raise InputError if a name cannot be written to a job's files and read back."""
    shown = text.encode("unicode_escape").decode()
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise InputError(shown, "a name with a newline or control character cannot be passed to a farm", "rename it")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InputError(shown, "a name that is not UTF-8 cannot be passed to a farm", "rename it")
    if len(text) > _LONGEST_PATH:
        raise InputError(shown, f"a path of more than {_LONGEST_PATH} letters cannot be passed to a farm", "move it")
