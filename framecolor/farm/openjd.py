"""A job in Open Job Description: a template with the commands, and parameters with the files.

Paths are parameters, never parts of a command, so that a farm can map them for its hosts, and so that no name can be
mistaken for an option or expression.
"""

from __future__ import annotations

from typing import Any

from framecolor.engines.tensorrt.cache import FOLDER_VARIABLE
from framecolor.farm.job import FarmJob
from framecolor.media.levels.member import is_level

SETTINGS_NAME = "settings.toml"
"""File with the job's settings, beside the template."""

PREPARE, COLOR, FINISH = "Prepare", "Color", "Finish"
SPAN = "Span"

_LONGEST_NAME = 128
# Time that a cancelled task has to write its manifest.
_NOTICE_SECONDS = 30
_SHOT_PLACES = ("keys", "hints", "corrections", "references", "sheet")
_OBJECT_TYPES = {"keys": "DIRECTORY", "hints": "DIRECTORY", "references": "DIRECTORY"}
_ABOUT = """Paints the line art of one shot from its painted keys.

Prepare makes what all tasks share, Color paints one chunk of spans per task, Finish gathers the results and reports.
A repeated task continues where it stopped, and gives the same frames."""


def build_template(job: FarmJob, program: tuple[str, ...] = ("framecolor",)) -> dict[str, Any]:
    """Build the job's template, as data for JSON.

    program  command that runs framecolor on the farm's hosts, with arguments that come before all others
    """
    prepare = _step(job, PREPARE, program, ["farm", "prepare", *_shot_arguments(job), *_paint_arguments(job)])
    part = ["--frames", f"{{{{Task.Param.{SPAN}}}}}", "--part", "--log", "-"]
    color = _step(job, COLOR, program, ["colorize", *_shot_arguments(job), *_paint_arguments(job), *part], PREPARE)
    spans = [chunk.frames for chunk in job.chunks]
    color["parameterSpace"] = {"taskParameterDefinitions": [{"name": SPAN, "type": "STRING", "range": spans}]}
    wanted = [] if job.frames is None else ["--frames", job.frames]
    finish = _step(job, FINISH, program, ["farm", "finish", *_shot_arguments(job), *wanted], COLOR)
    template = {
        "specificationVersion": "jobtemplate-2023-09",
        "name": _name_job(job.name),
        "description": _ABOUT,
        "parameterDefinitions": _define_parameters(job),
        "steps": [prepare, color, finish],
    }
    if job.engine_dir is not None:  # Prepare builds the engine there, and the other hosts load it
        variables = {FOLDER_VARIABLE: "{{Param.EngineDir}}"}
        template["jobEnvironments"] = [{"name": "Engines", "variables": variables}]
    return template


def build_parameters(job: FarmJob) -> dict[str, str]:
    """Build the value of each parameter of the template except Settings, which has a default."""
    values = {"Shot": str(job.shot), "Out": str(job.out)} | ({"Pattern": job.pattern} if job.pattern else {})
    values |= {"Cel": job.cel} if job.cel else {}
    values |= {"EngineDir": str(job.engine_dir)} if job.engine_dir is not None else {}
    for option, place in job.places.items():
        levels = {_name_level(option): place.name} if is_level(place) else {}
        values |= {_name_parameter(option): str(place.parent if levels else place)} | levels
    return values


def _define_parameters(job: FarmJob) -> list[dict[str, Any]]:
    kind = "DIRECTORY" if job.is_folder else "FILE"
    shot = "The folder of the drawings." if job.pattern else "The shot: a folder or a movie."
    out = "The folder for the painted frames."
    if job.cel:
        shot = "The cut, with its drawings, keys and exposure sheet."
        out = "The folder for the painted frames, with a folder for each cel."
    found = [_path("Shot", kind, "IN", shot), _path("Out", "DIRECTORY", "INOUT", out)]
    if job.cel:
        found.append({"name": "Cel", "type": "STRING", "description": "The cel of the cut to paint."})
    if job.pattern:
        about = "The sequence of the shot in that folder."
        found.append({"name": "Pattern", "type": "STRING", "description": about})
    if job.engine_dir is not None:
        found.append(_path("EngineDir", "DIRECTORY", "INOUT", "The folder of the engine files for all hosts."))
    for option, place in job.places.items():
        about = f"The value of --{option}."
        if is_level(place):
            found.append({"name": _name_level(option), "type": "STRING", "description": about})
            about = "The folder of that level and its palette."
        found.append(_path(_name_parameter(option), _OBJECT_TYPES.get(option, "FILE"), "IN", about))
    settings = _path("Settings", "FILE", "IN", "The settings; no framecolor.toml is read.")
    return [*found, {**settings, "default": SETTINGS_NAME}]


def _path(name: str, kind: str, flow: str, about: str) -> dict[str, Any]:
    return {"name": name, "type": "PATH", "objectType": kind, "dataFlow": flow, "description": about}


def _step(job: FarmJob, name: str, program: tuple[str, ...], arguments: list[str], after: str = "") -> dict[str, Any]:
    """Build a step that runs framecolor `after` another one, with output for OpenJD."""
    action = {
        "command": program[0],
        "args": [*program[1:], *arguments, "--progress", "openjd"],
        "cancelation": {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": _NOTICE_SECONDS},
    }
    step: dict[str, Any] = {"name": name, "script": {"actions": {"onRun": action}}}
    if after:
        step["dependencies"] = [{"dependsOn": after}]
    if job.needs_gpu and name != FINISH:
        step["hostRequirements"] = {"amounts": [{"name": "amount.worker.gpu", "min": 1}]}
    return step


def _shot_arguments(job: FarmJob) -> list[str]:
    """List the arguments for the shot and its output folder."""
    shot = "{{Param.Shot}}" + ("/{{Param.Pattern}}" if job.pattern else "")
    found = [shot, *(["--cel", "{{Param.Cel}}"] if job.cel else []), "--out", "{{Param.Out}}"]
    for option in _SHOT_PLACES:
        found += _place_argument(job, option)
    found += ["--references", "none"] if job.no_references else []
    found += ["--corrections", "none"] if job.no_corrections else []
    return [*found, "--sheet", "none"] if job.no_sheet else found


def _paint_arguments(job: FarmJob) -> list[str]:
    """List the arguments for settings and other files."""
    others = sorted(job.places.keys() - {*_SHOT_PLACES})
    return ["--settings", "{{Param.Settings}}", *(word for option in others for word in _place_argument(job, option))]


def _place_argument(job: FarmJob, option: str) -> list[str]:
    if option not in job.places:
        return []
    value = f"{{{{Param.{_name_parameter(option)}}}}}"
    level = f"/{{{{Param.{_name_level(option)}}}}}" if is_level(job.places[option]) else ""
    return [f"--{option}", value + level]


def _name_parameter(option: str) -> str:
    return option.capitalize()


def _name_level(option: str) -> str:
    return _name_parameter(option) + "Level"


def _name_job(shot: str) -> str:
    """Name a job: without control characters, and without braces, which begin an expression."""
    plain = "".join(letter for letter in shot if letter.isprintable()).replace("{", "(").replace("}", ")")
    return f"framecolor {plain}"[:_LONGEST_NAME]
