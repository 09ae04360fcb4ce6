"""framecolor farm: paint one shot on many hosts."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.options import (
    FRAMES_FOLDER,
    PATH,
    Command,
    corrections_option,
    gather_settings,
    out_option,
    paint_options,
    shot_options,
)
from framecolor.cli.progress import ProgressPrinter, Style, progress_option
from framecolor.cli.shots import ShotPath, list_shots, open_shot
from framecolor.cli.summary import Row, print_problems, print_summary
from framecolor.config.settings import NO_FILE
from framecolor.core.text import format_command
from framecolor.errors import FramecolorError, ShotError

if TYPE_CHECKING:
    from framecolor.farm import FarmJob
    from framecolor.shot.shot import Shot

_chunk = click.option(
    "--chunk",
    "chunk_frames",
    type=click.IntRange(1),
    default=24,
    show_default=True,
    metavar="N",
    help="Frames of a task, at least; spans between keys are never cut.",
)


def _where_options(command: Command) -> Command:
    """Add the argument and the options that say where a shot is."""
    return click.argument("shot", type=click.Path())(shot_options(corrections_option(command)))


def _how_options(command: Command) -> Command:
    """Add the options that say where a shot is and how it is painted, as those of colorize."""
    return _where_options(paint_options(command))


@click.group()
def farm() -> None:
    """Paint one shot on many hosts, by a job for Open Job Description or Slurm.

    A job prepares (fit, engine), paints chunks of key-to-key spans, and finishes (report). It writes the same bytes as
    `framecolor colorize --report`, with the settings at the time when the job was made.

    \b
    Examples:
      framecolor farm run cut_012
      framecolor farm export cut_012 -o job && openjd run job/template.json -p file://job/parameters.json
      framecolor farm export cut_012 -o job --slurm && job/submit.sh --partition=render
    """


@farm.command()
@_how_options
@click.option("-o", "--job", "folder", type=PATH, required=True, help="Folder for the job.")
@click.option("--out", type=PATH, help=FRAMES_FOLDER)
@_chunk
@click.option("--slurm", is_flag=True, help="Also write submit.sh, which submits the job to Slurm.")
def export(shot: str, folder: Path, out: Path | None, chunk_frames: int, slurm: bool, **given: Any) -> None:
    """Write the job of a SHOT to a folder: template.json, parameters.json, settings.toml.

    All other options are those of colorize. Hosts need `framecolor` on their PATH; for Slurm, `openjd` as well.

    \b
    Examples:
      framecolor farm export cut_012 -o job --engine tensorrt
      framecolor farm export cut_012 -o job --slurm --chunk 48 && job/submit.sh
    """
    from framecolor.core.text import count_of
    from framecolor.farm import PARAMETERS_NAME, SUBMIT_NAME, TEMPLATE_NAME, write_job

    job = _plan(shot, out, chunk_frames, given)
    write_job(job, folder, slurm=slurm)
    frames = sum(chunk.count for chunk in job.chunks)
    tasks = count_of(len(job.chunks), "task")
    click.echo(f"{folder}: {count_of(frames, 'frame')} of {job.name} in {tasks}, engine {job.settings.engine}")
    if job.settings.engine == "auto":
        note = "hosts may choose different engines, whose frames may differ; give --engine to use one on all hosts"
        click.echo(f"note: {note}", err=True)
    place = folder.as_posix()
    words = ["openjd", "run", f"{place}/{TEMPLATE_NAME}", "-p", f"file://{place}/{PARAMETERS_NAME}"]
    # Hosts of Slurm have a POSIX shell, whatever system exports the job.
    command = format_command([f"{place}/{SUBMIT_NAME}"], "posix") if slurm else format_command(words)
    click.echo(f"next: {command}")


@farm.command()
@_how_options
@out_option
@_chunk
@progress_option
def run(shot: str, out: Path | None, chunk_frames: int, progress: Style, **given: Any) -> None:
    """Run the job of a SHOT on this machine with openjd, task after task, as a farm would.

    Options and exit codes are those of colorize.

    \b
    Example:
      framecolor farm run cut_012 --chunk 12
    """
    from framecolor.farm import THIS_PROGRAM, run_job, write_job

    job = _plan(shot, out, chunk_frames, given)
    printer = ProgressPrinter(job.name, progress)
    with tempfile.TemporaryDirectory(prefix="framecolor-") as folder:
        write_job(job, Path(folder), program=THIS_PROGRAM)
        try:
            code = run_job(job, Path(folder), printer, lambda line: click.echo(line, err=True))
        finally:
            printer.close()
    raise click.exceptions.Exit(code)


@farm.command()
@_how_options
@out_option
@progress_option
def prepare(shot: str, out: Path | None, progress: Style, **given: Any) -> None:
    """Prepare a SHOT once for all of its tasks: engine files, keys, fit, proposed colors.

    Tasks read the result from OUT/.framecolor. Options are those of colorize.

    \b
    Example:
      framecolor farm prepare cut_012 && framecolor colorize cut_012 --part --frames 1001-1024
    """
    from framecolor.pipeline.colorize import prepare as prepare_shot

    name = _name(shot, given)
    printer = ProgressPrinter(name, progress)
    try:
        one, opened, _ = _open(shot, given)
        prepare_shot(opened, one.find(out), gather_settings(opened.root, given), printer.listen)
    except FramecolorError as error:
        print_problems([Row(name, error=str(error))], progress)
        raise click.exceptions.Exit(2) from None
    finally:
        printer.close()


@farm.command()
@_where_options
@out_option
@progress_option
def finish(shot: str, out: Path | None, progress: Style, **given: Any) -> None:
    """Gather the results of the tasks of a SHOT, and write the report.

    Names the frames that failed or are missing; the exit code is then 1.

    \b
    Example:
      framecolor farm finish cut_012
    """
    from framecolor.output.lock import claim_output
    from framecolor.pipeline.result import gather_parts
    from framecolor.report import write_report

    name = _name(shot, given)
    try:
        one, opened, _ = _open(shot, given)
        out = one.find(out) or opened.out
        with ProgressPrinter(name, progress, begin="report"), claim_output(out):
            row = Row(name, gather_parts(opened, out), report=write_report(out))
    except FramecolorError as error:
        row = Row(name, error=str(error))
    print_summary([row], progress)
    raise click.exceptions.Exit(row.exit_code)


def _plan(path: str, out: Path | None, chunk_frames: int, given: dict[str, Any]) -> FarmJob:
    """Plan the job that the options describe. Removes from `given` what is not a setting."""
    from framecolor.engines.tensorrt.cache import FOLDER_VARIABLE
    from framecolor.farm import plan_job
    from framecolor.shot.references import NO_REFERENCES

    frames, no_sheet, given_references = given["frames"], str(given["sheet"]) == "none", given["references"]
    own_places = out is not None or given["keys"] is not None or given["hints"] is not None
    one, shot, places = _open(path, given)
    if one.cel is None and not own_places:
        one = _find_in_cut(one)
    if no_sheet:
        places.pop("sheet")
    no_references = str(given_references) == NO_REFERENCES
    if no_references:
        places.pop("references")
    no_corrections = str(places.get("corrections")) == NO_FILE
    if no_corrections:
        places.pop("corrections")
    settings = gather_settings(shot.root, given)
    engines = os.environ.get(FOLDER_VARIABLE)
    return plan_job(
        str(one.path if one.cel is None else one.path.parent.parent),
        shot,
        settings,
        out=one.find(out),
        places=places,
        frames=frames,
        no_sheet=no_sheet,
        no_references=no_references,
        no_corrections=no_corrections,
        chunk_frames=chunk_frames,
        engine_dir=Path(engines) if engines else None,
        cel=one.cel or "",
    )


def _find_in_cut(one: ShotPath) -> ShotPath:
    """Return a cel that is given by its own folder as a cel of its cut, and any other shot unchanged.

    A farm that copies folders or maps paths needs the whole cut, as keys and exposure sheet lie beside Line/.
    """
    from framecolor.shot.cut import find_cel

    cel = find_cel(one.path)
    if cel is not None:
        with suppress(ShotError):  # such as a name with a comma, or a folder whose cut is not valid
            return list_shots([cel.cut], [cel.name])[0]
    return one


def _name(path: str, given: dict[str, Any]) -> str:
    """Name a shot that is not opened yet."""
    return "/".join([Path(path).name, *given["cels"]])


def _open(path: str, given: dict[str, Any]) -> tuple[ShotPath, Shot, dict[str, Path]]:
    """Open the shot of a path: its ShotPath, the shot, and the folders and files that options name for it.

    Removes all of these from `given`. Raises ShotError for a cut of several cels, as each of them is a job.
    """
    if given.pop("stencils") is not None:
        raise click.UsageError("--stencils changes a few painted frames: run `framecolor colorize --stencils` instead")
    chosen = list_shots([path], given.pop("cels"))
    if len(chosen) > 1:
        names = ", ".join(one.cel or one.name for one in chosen)
        raise ShotError(
            path, "is a cut of several cels, and each cel is a job of its own", f"choose one with --cel: {names}"
        )
    places = {name: given.pop(name) for name in ("keys", "hints", "corrections", "references", "sheet")}
    shot = open_shot(chosen[0], frames=given.pop("frames"), **places)
    if str(places["corrections"] or NO_FILE) != NO_FILE:  # the tasks run elsewhere
        from framecolor.shot.downloads import locate_corrections

        own = shot.corrections_file
        places["corrections"] = locate_corrections(places["corrections"], shot.root, shot.name, own)[0]
    return chosen[0], shot, {name: place for name, place in places.items() if place is not None}
