"""Write a job's files to a folder, where they can be inspected, edited and submitted to a farm."""

from __future__ import annotations

import json
from pathlib import Path, PureWindowsPath

from framecolor.core.files import read_file, write_text_atomic
from framecolor.core.hashing import digest
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import InputError, OutputError
from framecolor.farm.job import FarmJob, write_settings
from framecolor.farm.openjd import SETTINGS_NAME, build_parameters, build_template
from framecolor.farm.slurm import STEP_NAME, SUBMIT_NAME, write_step, write_submit

TEMPLATE_NAME = "template.json"
PARAMETERS_NAME = "parameters.json"
# Name -> digest of each written file: a file that does not match was edited and is not overwritten.
_WRITTEN_NAME = ".framecolor.json"


def write_job(job: FarmJob, folder: Path, *, slurm: bool = False, program: tuple[str, ...] = ("framecolor",)) -> None:
    """Write the job's files: template, parameters and settings; with `slurm` also its scripts. Creates the folder.

    Replaces the files of an earlier job, and removes those that this job does not have. Raises OutputError, and writes
    nothing, if a file of another origin, or an edited one, is in the way. Raises InputError for Slurm on Windows: an
    OpenJD farm maps paths, Slurm does not.
    """
    files = {
        TEMPLATE_NAME: json.dumps(build_template(job, program), indent=2) + "\n",
        PARAMETERS_NAME: json.dumps(build_parameters(job), indent=2) + "\n",
        SETTINGS_NAME: write_settings(job),
    }
    scripts = {SUBMIT_NAME: write_submit(job), STEP_NAME: write_step(job)} if slurm else {}
    if slurm and isinstance(job.shot, PureWindowsPath):
        fix = "export it on a machine that sees the shot as they do"
        raise InputError("--slurm", f"Slurm's hosts have no path such as {job.shot}", fix)
    if slurm and "\\" in str(folder.absolute()):
        raise OutputError(folder, "Slurm cannot write logs to a folder with a backslash in its name", "choose another")
    written = _read_written(folder)
    for name in {**files, **scripts}:
        if not _is_free(folder / name, written.get(name)):
            problem = "was not written by `framecolor farm export`, or was changed since, and would be overwritten"
            raise OutputError(folder / name, problem, "move it away, or choose another folder with -o")
    for name, text in {**files, **scripts}.items():
        write_text_atomic(folder / name, text)
    for name in scripts:
        (folder / name).chmod(0o755)
    for name, mark in written.items():
        if name not in files and name not in scripts and _is_free(folder / name, mark):
            (folder / name).unlink(missing_ok=True)
    marks = {name: digest(text) for name, text in {**files, **scripts}.items()}
    write_text_atomic(folder / _WRITTEN_NAME, json.dumps(marks, indent=1) + "\n")


def _is_free(path: Path, mark: str | None) -> bool:
    """Check whether a file may be written: it is missing, or an unchanged one of an earlier export."""
    try:
        return digest(read_file(path)) == mark
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _read_written(folder: Path) -> dict[str, str]:
    """Read the digests of an earlier export; empty if missing or damaged."""
    names = {TEMPLATE_NAME, PARAMETERS_NAME, SETTINGS_NAME, SUBMIT_NAME, STEP_NAME}
    try:
        table = parse_json(read_file(folder / _WRITTEN_NAME))
        return {name: mark for name, mark in table.items() if name in names and isinstance(mark, str)}
    except (OSError, *MISSHAPEN):
        return {}
