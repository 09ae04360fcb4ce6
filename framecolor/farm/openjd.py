"""A job as Open Job Description has it: a template, which says what is run, and the parameters that say on which files.

Paths are parameters, never parts of a command, so that a farm whose hosts see them elsewhere can map them, and so that
no name, whatever letters it is made of, is taken for anything but a name.
"""

from __future__ import annotations

from typing import Any

from framecolor.engines.tensorrt.cache import FOLDER_VARIABLE
from framecolor.farm.job import FarmJob

SETTINGS_NAME = "settings.toml"
"""File beside the template that holds the job's settings."""

PREPARE, COLOR, FINISH = "Prepare", "Color", "Finish"
SPAN = "Span"

_LONGEST_NAME = 128
# For a task that is cancelled: so long it may take to note which frames are painted.
_NOTICE_SECONDS = 30
_SHOT_PLACES = ("keys", "hints", "corrections", "sheet")
_OBJECT_TYPES = {"keys": "DIRECTORY", "hints": "DIRECTORY"}
_ABOUT = """Paints the line art of one shot from its painted keys.

Prepare makes what all tasks share, Color paints, a task for each chunk of key-to-key spans, Finish gathers and reports.
A task that is tried again goes on where it stopped, and the frames are the same however often that happens."""


def build_template(job: FarmJob, program: tuple[str, ...] = ("framecolor",)) -> dict[str, Any]:
    """The job's template, to be written as JSON.

    program  what runs framecolor on the farm's hosts: a command, and arguments that come before all others
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
    if job.engine_dir is not None:  # where Prepare builds the engine, the other hosts find it
        variables = {FOLDER_VARIABLE: "{{Param.EngineDir}}"}
        template["jobEnvironments"] = [{"name": "Engines", "variables": variables}]
    return template


def build_parameters(job: FarmJob) -> dict[str, str]:
    """Value of each parameter of the template but Settings, which is found beside the template."""
    values = {"Shot": str(job.shot), "Out": str(job.out)} | ({"Pattern": job.pattern} if job.pattern else {})
    values |= {"Cel": job.cel} if job.cel else {}
    values |= {"EngineDir": str(job.engine_dir)} if job.engine_dir is not None else {}
    return values | {_name_parameter(option): str(place) for option, place in job.places.items()}


def _define_parameters(job: FarmJob) -> list[dict[str, Any]]:
    kind = "DIRECTORY" if job.is_folder else "FILE"
    shot = "The folder of the drawings." if job.pattern else "The shot: a folder or a movie."
    out = "Where the painted frames go."
    if job.cel:
        shot = "The cut, with its drawings, keys and exposure sheet."
        out = "Where the frames go: a folder for each cel."
    found = [_path("Shot", kind, "IN", shot), _path("Out", "DIRECTORY", "INOUT", out)]
    if job.cel:
        found.append({"name": "Cel", "type": "STRING", "description": "Which cel of the cut is painted."})
    if job.pattern:
        about = "Which drawings of that folder are the shot's."
        found.append({"name": "Pattern", "type": "STRING", "description": about})
    if job.engine_dir is not None:
        found.append(_path("EngineDir", "DIRECTORY", "INOUT", "Plans of the engines, for all hosts."))
    for option in job.places:
        about = f"What --{option} names."
        found.append(_path(_name_parameter(option), _OBJECT_TYPES.get(option, "FILE"), "IN", about))
    settings = _path("Settings", "FILE", "IN", "How the shot is painted; no framecolor.toml is looked at.")
    return [*found, {**settings, "default": SETTINGS_NAME}]


def _path(name: str, kind: str, flow: str, about: str) -> dict[str, Any]:
    return {"name": name, "type": "PATH", "objectType": kind, "dataFlow": flow, "description": about}


def _step(job: FarmJob, name: str, program: tuple[str, ...], arguments: list[str], after: str = "") -> dict[str, Any]:
    """One step that runs framecolor, `after` another one; what it prints is for OpenJD to read."""
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
    """Where the shot is and where its frames go."""
    shot = "{{Param.Shot}}" + ("/{{Param.Pattern}}" if job.pattern else "")
    found = [shot, *(["--cel", "{{Param.Cel}}"] if job.cel else []), "--out", "{{Param.Out}}"]
    for option in _SHOT_PLACES:
        found += _place_argument(job, option)
    return [*found, "--sheet", "none"] if job.no_sheet else found


def _paint_arguments(job: FarmJob) -> list[str]:
    """How it is painted."""
    others = sorted(job.places.keys() - {*_SHOT_PLACES})
    return ["--settings", "{{Param.Settings}}", *(word for option in others for word in _place_argument(job, option))]


def _place_argument(job: FarmJob, option: str) -> list[str]:
    return [f"--{option}", f"{{{{Param.{_name_parameter(option)}}}}}"] if option in job.places else []


def _name_parameter(option: str) -> str:
    return option.capitalize()


def _name_job(shot: str) -> str:
    """A name is text in which {{ }} begins an expression, without control characters."""
    plain = "".join(letter for letter in shot if letter.isprintable()).replace("{", "(").replace("}", ")")
    return f"framecolor {plain}"[:_LONGEST_NAME]
