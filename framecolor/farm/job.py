"""One shot's job for a farm: where its files are and how it is painted, all of it settled when the job is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from framecolor.config.settings import Settings
from framecolor.engines.registry import may_use_gpu
from framecolor.errors import InputError
from framecolor.farm.spans import CHUNK_FRAMES, Chunk, cut_spans
from framecolor.output.checks import check_output, leave_out_broken_keys
from framecolor.pipeline.stencils import add_painted_keys
from framecolor.shot.sequence import is_pattern
from framecolor.shot.shot import Shot

# As long as a parameter of OpenJD may be.
_LONGEST_PATH = 1024


@dataclass(frozen=True)
class FarmJob:
    """One shot's job. All paths are absolute; InputError when one of them cannot be handed to a farm.

    name      of the shot
    shot      its folder or movie, or the folder of the drawings that `pattern` names; of a cel all of its cut
    cel       which cel of the cut that `shot` is; "" where it is none
    pattern   name of a sequence in that folder, such as sh010.####.png; "" where there is none
    is_folder whether `shot` is a folder, not a movie
    out       folder of the frames; of a cel the one that holds a folder for each cel, as -o names it
    places    option -> folder or file that was given, such as "keys"; also palette, reference and model with their path
    settings  how it is painted; files that are named in here are relative to the shot's folder
    frames    what to paint, as it was given; None for all
    no_sheet  whether the exposure sheet in the shot's folder is not to be taken
    chunks    what each task paints
    engine_dir  folder of the engine files that all hosts share; None leaves it to each host

    The settings are part of the job, so that all of its tasks paint alike: a framecolor.toml that is edited while the
    job waits, or that differs between hosts, does not tear a shot apart.
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
    engine_dir: Path | None = None
    cel: str = ""

    def __post_init__(self) -> None:
        files = self.settings.list_files().values()
        for text in map(
            str, [self.shot, self.cel, self.pattern, self.out, self.engine_dir, *self.places.values(), *files]
        ):
            _check_text(text)
        if "," in self.cel or self.cel != self.cel.strip():
            problem = "a cel with a comma in its name, or a space around it, cannot be handed to a farm"
            raise InputError(self.name, problem, "rename its folder")

    @property
    def needs_gpu(self) -> bool:
        """Whether the engine that was asked for runs on a GPU only; `auto` runs anywhere."""
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
    chunk_frames: int = CHUNK_FRAMES,
    engine_dir: Path | None = None,
    cel: str = "",
) -> FarmJob:
    """The job that paints what `framecolor colorize` would.

    path      what the user gave for the shot, which was opened with all the others
    out       folder of its frames, by default its usual one
    places    option -> folder or file: keys, hints, corrections, sheet; of a cel as the command line has them
    no_sheet  whether it was opened with the sheet "none"
    engine_dir  folder for the engine files, which all hosts have to see; the `cpu` engine has none
    cel       which cel of a cut it is, where `path` is the cut; `out` is named as the cel then

    Raises what colorize would raise before its first frame about keys and the output folder. Writes nothing.
    """
    out = (out or shot.out).absolute()
    check_output(shot, out, settings)
    seen, _ = leave_out_broken_keys(add_painted_keys(shot, out))
    given = Path(path)
    pattern = given.name if is_pattern(given) else ""
    # Files below the shot's folder go with it; the others are found by a path of their own.
    own = {name: Path(file) for name, file in settings.list_files().items() if Path(file).is_absolute()}
    return FarmJob(
        name=shot.name,
        shot=given.parent.absolute() if pattern else given.absolute(),
        pattern=pattern,
        is_folder=bool(pattern) or given.is_dir(),
        out=out.parent if cel else out,
        places={name: place.absolute() for name, place in (places or {}).items()} | own,
        settings=replace(settings, **dict.fromkeys(own)),
        frames=frames,
        no_sheet=no_sheet,
        chunks=tuple(cut_spans(seen, chunk_frames)),
        engine_dir=None if engine_dir is None or not may_use_gpu(settings.engine) else engine_dir.absolute(),
        cel=cel,
    )


def write_settings(job: FarmJob) -> str:
    """The job's settings as `framecolor colorize --settings` takes them: TOML, a line each."""
    lines = [f"# How {_comment(job.name)} is painted: the settings at the time when the job was made."]
    for name, value in asdict(job.settings).items():
        if value is not None:
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def _check_text(text: str) -> None:
    """Raise InputError unless a name can be written to a job's files and read from them again."""
    shown = text.encode("unicode_escape").decode()
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise InputError(shown, "a name with a newline or control character cannot be handed to a farm", "rename it")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InputError(shown, "a name that is not UTF-8 cannot be handed to a farm", "rename it")
    if len(text) > _LONGEST_PATH:
        raise InputError(shown, f"a path of more than {_LONGEST_PATH} letters cannot be handed to a farm", "move it")
